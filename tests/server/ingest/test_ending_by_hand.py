"""A survey whose device will never end it: an officer does, once, with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from tests.field.walks import walk
from tests.server.conftest import SetClock

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.ingest.ending import bring_together, recording_of
from tocsin.server.ingest.models import Device, DeviceState, LiveSurvey
from tocsin.server.ingest.receiving import Refused, receive
from tocsin.server.marking.policy import Reader

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
    assert "Its 10 records" in words(desk.get(address).content)
    assert desk.post(address, {"reason": "  "}).status_code == 400
    answer = desk.post(address, {"reason": "run over"}, follow=True)
    assert "The survey is ended" in words(answer.content)
    leaf = Leaf.objects.get(action="ingest.end").content
    assert leaf["reason"] == "run over"
    assert leaf["after"]["records"] == 10
    assert leaf["after"]["behind_a_gap"] == [[20, 29]]
    survey.refresh_from_db()
    assert Device.objects.get().state == DeviceState.RESTING
    # what lies behind the gap is measured too
    assert recording_of(survey).records == (*records[:10], *records[20:])
    upload = bring_together(survey) or LiveSurvey.objects.get().upload
    assert upload is not None
    assert desk.post(address, {"reason": "again"}).status_code == 400
    with pytest.raises(Refused, match="ended before") as refused:
        receive(batch(records[10:20], 10, ends=True))
    assert refused.value.final


def test_a_survey_without_a_record_ends_without_a_measurement(
    clock: SetClock, desk: Client, device: Device, message: Maker
) -> None:
    from tests.server.ingest.conftest import said

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
