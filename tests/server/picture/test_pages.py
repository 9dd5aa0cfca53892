"""Pages, the stream and the interface of the live picture."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.test import AsyncClient, Client

from tocsin.server.accounts.models import Person
from tocsin.server.accounts.services import end_role
from tocsin.server.clock import now
from tocsin.server.ingest.models import LiveSurvey, Shed
from tocsin.server.ingest.shedding import say_shed
from tocsin.server.marking.listening import Listener
from tocsin.server.marking.policy import Reader
from tocsin.server.picture.streams import events

pytestmark = pytest.mark.django_db


def listener_of(who: Person) -> Listener:
    session = SessionStore()
    session.create()
    return Listener(who.pk, "EXERCISE", session.session_key or "", "en")


async def heard(listener: Listener, steps: list[Callable[[], Any]]) -> list[str]:
    """Messages, with something done before each further one."""
    out = []
    stream = events(listener, beat_s=0.0)
    for step in steps:
        await sync_to_async(step)()
        try:
            out.append(await asyncio.wait_for(anext(stream), 60))
        except StopAsyncIteration:
            out.append("over")
    return out


def told(message: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.removeprefix("data: ").strip())
    return found


def nothing() -> None:
    """Let a beat pass."""


def test_the_stream_tells_what_is_new_and_ends_with_the_role(
    officer: Reader, walker: Callable[..., Any], person: Callable[..., Person], clock: Any
) -> None:
    pack, boss = walker(), person("administrator")
    pack.sends([300.0] * 3)

    def more() -> None:
        clock.move(seconds=1)
        pack.sends([300.0])

    def end() -> None:
        end_role(officer.person.assignments.get(), actor=boss, reason="test")

    steps = [nothing, more, end, nothing]
    first, second, third, last = async_to_sync(heard)(listener_of(officer.person), steps)
    assert [len(t["points"]) for t in told(first)["tracks"]] == [3]
    assert [(t["first"], len(t["points"])) for t in told(second)["tracks"]] == [(2, 2)]
    assert told(second)["at"] > told(first)["at"]
    assert third.startswith("event: ended")
    assert last == "over"


def test_under_load_it_is_drawn_less_often_and_still_ends_at_once(
    officer: Reader, walker: Callable[..., Any], person: Callable[..., Person], clock: Any
) -> None:
    pack, boss = walker(), person("administrator")
    pack.sends([300.0] * 3)
    say_shed({Shed.MAP}, 0)

    def more() -> None:
        clock.move(seconds=1)
        pack.sends([300.0])

    def end() -> None:
        end_role(officer.person.assignments.get(), actor=boss, reason="test")

    steps = [nothing, more, more, more, more, end]
    first, *quiet, fifth, last = async_to_sync(heard)(listener_of(officer.person), steps)
    assert told(first)["shed"]
    assert all(message.startswith("event: alive") for message in quiet)
    assert [len(t["points"]) for t in told(fifth)["tracks"]] == [5]
    assert last.startswith("event: ended")


def test_the_address_streams_to_who_may_read(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    walker().sends([300.0])

    async def first() -> tuple[Any, bytes]:
        browser = AsyncClient()
        await browser.aforce_login(
            officer.person, backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        answer = await browser.get("/picture/stream")
        return answer, await anext(aiter(answer.streaming_content))

    answer, part = async_to_sync(first)()
    assert answer["Content-Type"] == "text/event-stream"
    assert [d["name"] for d in told(part.decode())["devices"]] == ["Pack 1"]
    assert async_to_sync(AsyncClient().get)("/picture/stream").status_code == 302


def test_pages_and_interface_of_an_officer(
    officer: Reader,
    walker: Callable[..., Any],
    signed_in: Callable[[Person], Client],
    clock: Any,
) -> None:
    browser = signed_in(officer.person)
    assert b"data-alarms" in browser.get("/picture/").content
    assert b"No survey that you may see" in browser.get("/picture/replay/").content
    walker().sends([300.0] * 3)
    answer = browser.get("/api/1/picture").json()
    assert answer["schema"] == "tocsin.picture/1"
    assert [d["state"] for d in answer["devices"]] == ["live"]
    assert len(answer["tracks"][0]["points"]) == 3
    survey = LiveSurvey.objects.get()
    rows = browser.get(f"/api/1/picture/surveys/{survey.pk}/recent?after=1").json()["rows"]
    assert [r["n"] for r in rows] == [2]


def test_a_stranger_gets_the_same_as_for_what_is_absent(
    officer: Reader,
    walker: Callable[..., Any],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    clock: Any,
) -> None:
    walker().sends([300.0])
    survey = LiveSurvey.objects.get()
    browser = signed_in(person("officer", of="police", clearance=3))
    hidden = browser.get(f"/api/1/picture/surveys/{survey.pk}/recent")
    absent = browser.get(f"/api/1/picture/surveys/{survey.device_id}/recent")
    assert (hidden.status_code, hidden.content) == (404, absent.content)
    assert browser.get("/api/1/picture").json()["devices"] == []


@pytest.mark.parametrize("query", ["", "?after=-2", "?after=x", "?after=99999999999"])
def test_what_is_not_asked_well_is_refused(
    query: str,
    officer: Reader,
    walker: Callable[..., Any],
    signed_in: Callable[[Person], Client],
    clock: Any,
) -> None:
    walker().sends([300.0])
    address = f"/api/1/picture/surveys/{LiveSurvey.objects.get().pk}/recent{query}"
    assert signed_in(officer.person).get(address).status_code == (422 if query else 200)


@pytest.mark.recordings
def test_several_past_surveys_are_played_together(
    officer: Reader,
    recordings: Path,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    from tocsin.server.measurements import services, tasks
    from tocsin.server.measurements.models import Measurement

    content = (recordings / "mobile_nsdd" / "Q67_Mobile.N42").read_bytes()
    upload, _fresh = services.upload(officer, content, name="walk.n42", title="Harbour walk")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.analyse_upload.func(str(upload.pk))
    walk = Measurement.objects.get()
    browser = signed_in(officer.person)
    page = browser.get("/picture/replay/").content.decode()
    assert "Harbour walk" in page
    chosen = browser.get(f"/picture/replay/?measurement={walk.pk}&measurement={upload.pk}")
    assert chosen["Location"] == f"/picture/replay/{walk.pk}/?with={upload.pk}"
    played = browser.get(chosen["Location"])
    assert played.content.decode().count("data-measurement=") == 1
    assert browser.get("/picture/replay/?measurement=nonsense").status_code == 200
    stranger = signed_in(person("officer", of="police", clearance=3))
    assert stranger.get(f"/picture/replay/{walk.pk}/").status_code == 404


@pytest.mark.recordings
def test_a_replay_has_what_is_missing_beside_its_alarm(
    officer: Reader,
    recordings: Path,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    from tocsin.server.alarms.models import Alarm
    from tocsin.server.measurements import services, tasks
    from tocsin.server.measurements.models import Measurement
    from tocsin.server.tracing.models import Candidate

    content = (recordings / "mobile_nsdd" / "Q67_Mobile.N42").read_bytes()
    upload, _fresh = services.upload(officer, content, name="walk.n42", title="Harbour walk")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.analyse_upload.func(str(upload.pk))
    walk, alarm = Measurement.objects.get(), Alarm.objects.first()
    assert alarm is not None

    def propose(title: str, probability: float, state: str = "open", level: int = 1) -> Candidate:
        return Candidate.objects.create(
            realm=alarm.realm,
            level=level,
            originator=officer.person.organisation,
            created_at=now(),
            relation="found_lost",
            found_kind="alarms.alarm",
            found_id=alarm.pk,
            lost_kind="register.source",
            lost_id=uuid.uuid4(),
            state=state,
            zone="review",
            probability=probability,
            found_title="found",
            lost_title=title,
            compared_at=now(),
        )

    likely = propose("gauge of the works", 0.612)
    propose("less likely", 0.2, level=2)
    propose("refused before", 0.5, "refused")
    browser = signed_in(person("expert", clearance=2))
    page = browser.get(f"/picture/replay/{walk.pk}/").content.decode()
    survey = browser.get(f"/api/1/measurements/{walk.pk}/survey").json()
    addresses = {each["alarm"] for each in survey["encounters"]} - {None}
    # the script puts them beside the encounter of the same address
    assert f'data-alarm="{alarm.get_absolute_url()}"' in page
    assert alarm.get_absolute_url() in addresses
    assert f'data-name="{likely.name}"' in page
    assert 'data-probability="0.612"' in page
    assert page.index("gauge of the works") < page.index("less likely")
    assert "refused before" not in page
    assert "Confidential · TLP:" in page  # as what stands beside the alarm is marked
    # an officer may play the survey and does not read what is missing
    other = signed_in(officer.person).get(f"/picture/replay/{walk.pk}/").content.decode()
    assert "gauge of the works" not in other
    assert "Confidential · TLP:" not in other


def test_the_street_plan_is_the_operators_or_none(
    officer: Reader, signed_in: Callable[[Person], Client], settings: Any, tmp_path: Path
) -> None:
    browser = signed_in(officer.person)
    plan = tmp_path / "plan.json"
    settings.TOCSIN = replace(settings.TOCSIN, map_plan=plan)
    assert browser.get("/map/plan.json").status_code == 404
    plan.write_text('{"type": "FeatureCollection", "features": []}')
    answer = browser.get("/map/plan.json")
    assert answer["Content-Type"] == "application/geo+json"
    assert answer.json()["features"] == []
    assert b'data-plan="/map/plan.json"' in browser.get("/picture/").content
    settings.TOCSIN = replace(settings.TOCSIN, map_plan=None)
    assert browser.get("/map/plan.json").status_code == 404
    assert b'data-plan=""' in browser.get("/picture/").content
