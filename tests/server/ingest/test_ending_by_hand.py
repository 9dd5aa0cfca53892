"""A survey whose device will never end it: an officer does, once, with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from tests.field.walks import walk
from tests.server.conftest import SetClock
from tests.server.ingest.conftest import BOOT
from tests.server.ingest.passing import BACKPACK, passing

from tocsin.field.envelope import seal
from tocsin.field.listening import Listener
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.ingest.ending import bring_together, recording_of
from tocsin.server.ingest.ending_by_hand import end_survey
from tocsin.server.ingest.models import Device, DeviceState, EdgeMessage, LiveSurvey
from tocsin.server.ingest.receiving import Refused, receive
from tocsin.server.ingest.tasks import resume_left_behind
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements.models import Encounter
from tocsin.server.measurements.tasks import analyse_upload
from tocsin.spectra import SourceType

WALK = passing(200, 160.0)
Maker = Callable[..., bytes]
SignedIn = Callable[[Person], Client]


@pytest.fixture
def desk(officer: Reader, signed_in: SignedIn) -> Client:
    return signed_in(officer.person)


def words(html: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.decode()))


def test_an_officer_ends_a_silent_survey_and_its_records_become_a_measurement(
    clock: SetClock, desk: Client, device: Device, batch: Maker
) -> None:
    records = walk(30)
    receive(batch(records[:10]))
    receive(batch(records[20:], 20))  # the batch between never came
    survey = LiveSurvey.objects.get()
    address = f"/devices/surveys/{survey.pk}/end/"
    # so long as the device sends it ends its surveys itself
    assert "End the survey" not in words(desk.get(f"/devices/{device.pk}/").content)
    answer = desk.post(address, {"reason": "run over"})
    assert answer.status_code == 400
    assert "still sends" in words(answer.content)
    clock.move(seconds=61)
    assert "End the survey" in words(desk.get(f"/devices/{device.pk}/").content)
    assert "Its 20 records" in words(desk.get(address).content)
    assert desk.post(address, {"reason": "  "}).status_code == 400
    answer = desk.post(address, {"reason": "run over"}, follow=True)
    assert "The survey is ended" in words(answer.content)
    leaf = Leaf.objects.get(action="ingest.end").content
    assert leaf["reason"] == "run over"
    assert leaf["after"]["records"] == 20
    assert leaf["after"]["behind_a_gap"] == [[20, 29]]
    survey.refresh_from_db()
    assert Device.objects.get().state == DeviceState.RESTING
    # what lies behind the gap is measured too
    assert recording_of(survey).records == (*records[:10], *records[20:])
    upload = bring_together(survey) or LiveSurvey.objects.get().upload
    assert upload is not None
    assert desk.post(address, {"reason": "again"}).status_code == 400
    with pytest.raises(Refused, match="measurement was made before") as refused:
        receive(batch(records[10:20], 10, ends=True))
    assert refused.value.final


def test_a_survey_whose_first_records_are_missing_is_resumed_after_a_crash(
    clock: SetClock, desk: Client, device: Device, batch: Maker
) -> None:
    receive(batch(walk(30)[10:], 10))
    survey = LiveSurvey.objects.get()
    clock.move(seconds=61)
    desk.post(f"/devices/surveys/{survey.pk}/end/", {"reason": "run over"})
    page = words(desk.get(f"/devices/{device.pk}/").content)
    assert "being made" in page
    assert "no records" not in page
    clock.move(minutes=11)
    assert resume_left_behind(clock.at) == 1
    assert bring_together(LiveSurvey.objects.get()) is not None


def sent_with_a_gap(key: SigningKey, first: int, missing: tuple[int, int]) -> None:
    """A walk past a source, of which some records never came; the device has told of the source."""
    records = [replace(WALK[0], source_type=SourceType.BACKGROUND)] * first + WALK
    for k in range(0, len(records), 10):
        if missing[0] <= k < missing[1]:
            continue
        part = records[k : k + 10]
        receive(
            seal(
                key, pack_records(part, BACKPACK, "EXERCISE"), boot=BOOT, lane="records",
                first=k, last=k + len(part) - 1, ends=False, device_time="", monotonic_s=1.0,
            )
        )  # fmt: skip
    listener = Listener(BACKPACK)
    heard = [h for r in WALK for h in listener.hear(r)] + listener.end()
    for number, one in enumerate(heard):
        said = {
            "stage": one.stage, "number": one.number, "encounter": one.said,
            "instrument": "Tocsin pack 7", "realm": "EXERCISE", "versions": {},
        }  # fmt: skip
        receive(
            seal(
                key, pack_json(said), boot=BOOT, lane="alarms", first=number, last=number,
                ends=False, device_time="", monotonic_s=1.0,
            )
        )  # fmt: skip


@pytest.mark.parametrize(("first", "missing"), [(0, (60, 100)), (0, (0, 40)), (20, (60, 100))])
def test_what_the_device_told_behind_a_gap_calls_nobody_twice(
    first: int,
    missing: tuple[int, int],
    clock: SetClock,
    officer: Reader,
    device: Device,
    key: SigningKey,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    sent_with_a_gap(key, first, missing)
    live = list(Alarm.objects.all())
    assert len(live) == 1
    survey = LiveSurvey.objects.get()
    clock.move(seconds=61)
    end_survey(officer, survey, reason="run over")
    with django_capture_on_commit_callbacks(execute=True):
        upload = bring_together(LiveSurvey.objects.get())
        assert upload is not None
        analyse_upload.func(str(upload.pk))
    found = Encounter.objects.get()
    told = EdgeMessage.objects.filter(stage="closed").get().said
    assert told["first_record"] > found.last_record  # counted alike they would not meet
    assert list(Alarm.objects.all()) == live


def test_a_survey_without_a_record_ends_without_a_measurement(
    clock: SetClock, desk: Client, device: Device, message: Maker
) -> None:
    from tests.server.detector_words import said

    receive(message(said()))
    survey = LiveSurvey.objects.get()
    clock.move(seconds=61)
    answer = desk.post(f"/devices/surveys/{survey.pk}/end/", {"reason": "lost"})
    assert answer.status_code == 302
    survey.refresh_from_db()
    assert survey.ended
    assert survey.upload is None
    assert Device.objects.get().state == DeviceState.RESTING


def test_strangers_and_readers_end_nothing(
    clock: SetClock,
    device: Device,
    batch: Maker,
    person: Callable[..., Person],
    signed_in: SignedIn,
) -> None:
    receive(batch(walk(10)))
    survey = LiveSurvey.objects.get()
    clock.move(seconds=61)
    address = f"/devices/surveys/{survey.pk}/end/"
    for who in (
        person("officer", "supervisor", of="police", clearance=3),
        person("officer", clearance=1),
    ):
        assert signed_in(who).post(address, {"reason": "x"}).status_code == 404
    assert signed_in(person("analyst", clearance=3)).post(address, {"reason": "x"}).status_code in (
        403,
        404,
    )
    survey.refresh_from_db()
    assert not survey.ended
