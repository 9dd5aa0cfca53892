"""The stream of alarms: changes, signs of life, its end with session, person or role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.test import AsyncClient

from tocsin.server.accounts.models import Person
from tocsin.server.accounts.services import disable, end_role
from tocsin.server.alarms.facts import Facts
from tocsin.server.alarms.models import AlarmEvent
from tocsin.server.alarms.services import raise_from_information
from tocsin.server.live import streams
from tocsin.server.live.streams import Listener, _last_step, events
from tocsin.server.marking import listening
from tocsin.server.marking.policy import reader_of


def listener_of(who: Person) -> Listener:
    session = SessionStore()
    session.create()
    return Listener(who.pk, "EXERCISE", session.session_key or "", "en")


async def heard(listener: Listener, between: list[Callable[[], Any]]) -> list[str]:
    """Events, with something done before each further one."""
    out = []
    stream = events(listener, beat_s=0.0)
    for step in between:
        await sync_to_async(step)()
        try:
            out.append(await asyncio.wait_for(anext(stream), 20))
        except StopAsyncIteration:
            out.append("over")
    return out


def run(work: Callable[..., Any], *given: Any) -> Any:
    """Run it with all database work in this thread, so that it sees the test's transaction."""
    return async_to_sync(work)(*given)


def inform(who: Person) -> None:
    raise_from_information(
        reader_of(who), title="Tip <b>", reason="tip", note="told", facts=Facts(neutron=True)
    )


@pytest.mark.django_db
def test_changes_are_told_and_silence_is_a_sign_of_life(person: Callable[..., Person]) -> None:
    who, stranger = person("supervisor"), person("supervisor", of="police")

    def nothing() -> None:
        return

    told = run(heard, listener_of(who), [nothing, nothing, lambda: inform(who), nothing])
    assert "0 open" in told[0]
    assert told[1].startswith("event: alive")
    assert "1 open" in told[2]
    assert "Tip &lt;b&gt;" in told[2]
    assert told[3].startswith("event: alive")
    other = run(heard, listener_of(stranger), [nothing])
    assert "0 open" in other[0]
    assert "Tip" not in other[0]


@pytest.mark.django_db
def test_a_step_that_is_seen_after_a_later_one_is_a_change(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL numbers steps before their transactions end: the lower number may come last."""
    who = person("supervisor")
    inform(who)
    inform(who)
    both = _last_step()
    early = AlarmEvent.objects.order_by("pk")[0]
    before = SimpleNamespace(objects=AlarmEvent.objects.exclude(pk=early.pk))
    monkeypatch.setattr(streams, "AlarmEvent", before)
    assert _last_step() != both


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["session", "person", "role"])
def test_it_ends_at_the_next_beat(person: Callable[..., Person], how: str) -> None:
    who, boss = person("officer"), person("administrator")
    listener = listener_of(who)

    def nothing() -> None:
        return

    def end() -> None:
        if how == "session":
            SessionStore(listener.session).delete()
        elif how == "person":
            disable(who, actor=boss, reason="test")
        else:
            end_role(who.assignments.get(), actor=boss, reason="test")

    told = run(heard, listener, [nothing, end, nothing])
    assert told[1].startswith("event: ended")
    assert told[2] == "over"


@pytest.mark.django_db
def test_the_address_streams_to_who_is_signed_in(person: Callable[..., Person]) -> None:
    who = person("officer")

    async def first() -> tuple[Any, bytes]:
        browser = AsyncClient()
        await browser.aforce_login(
            who, backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        answer = await browser.get("/live/alarms")
        part = await anext(aiter(answer.streaming_content))
        return answer, part

    answer, part = run(first)
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-store"
    assert b"0 open" in part
    stranger = run(AsyncClient().get, "/live/alarms")
    assert stranger.status_code == 302


@pytest.mark.django_db
def test_an_alarm_wakes_the_stream_long_before_its_next_beat(
    person: Callable[..., Person],
) -> None:
    who = person("supervisor")
    listener = listener_of(who)

    async def hear() -> list[str]:
        stream = events(listener, beat_s=3600.0)
        first = await anext(stream)
        await sync_to_async(inform)(who)
        return [first, await asyncio.wait_for(anext(stream), 60)]

    first, second = run(hear)
    assert "Tip" not in first
    assert "Tip &lt;b&gt;" in second


def test_all_who_listen_ask_the_database_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_s, asked = [100.0], []
    clock = SimpleNamespace(monotonic=lambda: at_s[0])
    monkeypatch.setattr(listening, "time", clock)

    def ask() -> int:
        asked.append(at_s[0])
        return len(asked)

    latest = listening.Latest(ask)

    async def many() -> set[object]:
        return set(await asyncio.gather(*(latest.known() for _ in range(200))))

    assert run(many) == {1}
    at_s[0] += listening.LOOK_S
    # what a stream that looks twenty times a second is told is never older than one look
    assert run(many) == {2}
    assert latest() == 2
