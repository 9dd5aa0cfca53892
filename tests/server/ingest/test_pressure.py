"""Under load the map waits first, records second and alarms never; a device has its share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from tests.field.walks import walk
from tests.server.detector_words import said
from tests.server.ingest.conftest import INSTRUMENT

from tocsin.field.envelope import fingerprint, open_envelope, seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.server.ingest import door as module
from tocsin.server.ingest import pressure
from tocsin.server.ingest.door import Door, Gatherer
from tocsin.server.ingest.gathering import Brought, Outcome
from tocsin.server.ingest.keys import Keys
from tocsin.server.ingest.models import Device, Shedding
from tocsin.server.ingest.pressure import Pressure, Quotas
from tocsin.server.ingest.receiving import Receipt, Refused

KEY = SigningKey("pack", bytes(range(32)))
OTHER = SigningKey("other", bytes(range(1, 33)))
STRANGER = SigningKey("stranger", bytes(range(2, 34)))
BODY = pack_records(walk(1), INSTRUMENT, "EXERCISE")


def envelope(lane: str = "records", first: int = 0, key: SigningKey = KEY) -> bytes:
    body = BODY if lane == "records" else pack_json(said())
    return seal(
        key, body, boot="a" * 32, lane=lane, first=first, last=first, ends=False,  # type: ignore[arg-type]
        device_time="", monotonic_s=1.0,
    )  # fmt: skip


def known(*keys: SigningKey) -> Keys:
    """Keys of devices that are enrolled, read already."""
    found = Keys(lambda: [(fingerprint(k.verifier), str(k.verifier)) for k in keys])
    found.renew()
    return found


def gathering(write: Callable[[Sequence[bytes]], list[Outcome]], **more: Any) -> Gatherer:
    """A gatherer that knows two devices."""
    return Gatherer(write, **({"keys": known(KEY, OTHER)} | more))


class Slow:
    """Writes nothing; every group waits until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[bytes]] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, brought: Sequence[Brought]) -> list[Outcome]:
        raws = [one.raw for one in brought]
        self.groups.append(raws)
        self.begun.release()
        assert self.go.acquire(timeout=30)
        return [Receipt("", open_envelope(r).header.first) for r in raws]


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The thread of the gatherer has a connection of its own: here it says to a list."""
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(module, "close_old_connections", lambda: None)
    monkeypatch.setattr(module, "say_shed", lambda *given: told.append(given))
    monkeypatch.setattr(module, "say_turned_away", lambda given: told.append((sorted(given),)))
    return told


def test_an_alarm_goes_before_all_records_that_wait() -> None:
    write = Slow()
    gatherer = gathering(write)
    first = gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    rest = [gatherer.submit(envelope(first=k)) for k in range(1, 4)]
    alarm = gatherer.submit(envelope("alarms"))
    for _ in range(3):
        write.go.release()
    for future in (first, alarm, *rest):
        assert isinstance(future.result(30), Receipt)
    lanes = [[open_envelope(r).header.lane for r in group] for group in write.groups]
    assert lanes == [["records"], ["alarms"], ["records"] * 3]


def test_too_many_records_stay_with_their_device_and_alarms_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pressure, "most_waiting", 2)
    write = Slow()
    gatherer = gathering(write)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    taken = [gatherer.submit(envelope(first=k)) for k in range(1, 6)]
    alarms = [gatherer.submit(envelope("alarms", k)) for k in range(5)]
    for _ in range(5):
        write.go.release()
    outcomes = [f.result(30) for f in taken]
    assert [isinstance(o, Receipt) for o in outcomes] == [True, True, False, False, False]
    busy = outcomes[-1]
    assert isinstance(busy, Refused)
    assert (busy.code, busy.status, busy.final) == ("busy", 503, False)
    assert all(isinstance(f.result(30), Receipt) for f in alarms)


def test_whatever_goes_wrong_in_one_turn_the_next_messages_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = threading.Event()

    def fails(_self: Pressure, _at_s: float) -> tuple[str, ...]:
        failed.set()
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(module, "LOOK_S", 0.0)
    monkeypatch.setattr(Pressure, "sheds", fails)
    gatherer = gathering(lambda brought: [Receipt("", 0) for _ in brought])
    gatherer.submit(envelope("alarms"))
    assert failed.wait(30)
    assert isinstance(gatherer.submit(envelope("alarms", 1)).result(10), Receipt)


def test_false_alarms_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 2 * len(envelope("alarms")) + 100)
    write = Slow()
    gatherer = gathering(write)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    waiting = [gatherer.submit(envelope("alarms", k)) for k in range(3)]
    for _ in range(3):
        write.go.release()
    outcomes = [f.result(30) for f in waiting]
    assert [isinstance(o, Receipt) for o in outcomes] == [True, True, False]
    # what was written makes room again
    assert isinstance(gatherer.submit(envelope("alarms", 3)).result(30), Receipt)


def test_a_device_that_floods_the_lane_of_alarms_delays_and_sheds_no_other(
    monkeypatch: pytest.MonkeyPatch, no_database: list[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    flood = [envelope("alarms", k, OTHER) for k in range(300)]
    size = sum(len(raw) for raw in flood[:200])
    monkeypatch.setattr(module, "MOST_ALARMS_OF_ONE_BYTES", size)
    write = Slow()
    gatherer = gathering(write)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    futures = [gatherer.submit(raw) for raw in flood]
    own = [envelope("alarms", k) for k in range(3)]
    ours = [gatherer.submit(raw) for raw in own]
    for _ in range(10):
        write.go.release()
    assert all(isinstance(f.result(30), Receipt) for f in ours)
    assert set(own) <= set(write.groups[1]), "they are in the very next group"
    assert [raw for raw in write.groups[1] if raw in own] == own, "in their order"
    outcomes = [f.result(30) for f in futures]
    taken = [k for k, outcome in enumerate(outcomes) if isinstance(outcome, Receipt)]
    # signatures of some lengths: the share is counted in bytes
    assert taken == list(range(len(taken)))
    assert 195 <= len(taken) <= 205
    refused = outcomes[-1]
    assert isinstance(refused, Refused)
    assert (refused.code, refused.status, refused.final) == ("quota", 429, False)
    for _ in range(100):
        if (("one",), 0) in no_database:
            break
        time.sleep(0.05)
    assert (("one",), 0) in no_database, "it is said"
    assert ([fingerprint(OTHER.verifier)],) in no_database
    assert ([fingerprint(KEY.verifier)],) not in no_database


def test_more_alarms_on_end_than_any_walk_makes_wait_on_their_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ALARM_BURST_BYTES", 1)
    at_s = [0.0]
    gatherer = gathering(lambda brought: [Receipt("", 0) for _ in brought], clock=lambda: at_s[0])
    assert isinstance(gatherer.submit(envelope("alarms")).result(30), Receipt)
    assert isinstance(gatherer.submit(envelope("alarms", 1)).result(30), Refused)
    # neither its records nor what others say, and for no longer than it takes
    assert isinstance(gatherer.submit(envelope()).result(30), Receipt)
    assert isinstance(gatherer.submit(envelope("alarms", key=OTHER)).result(30), Receipt)
    at_s[0] = 1.0
    assert isinstance(gatherer.submit(envelope("alarms", 1)).result(30), Receipt)


def test_alarms_that_are_refused_for_good_use_up_a_share_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ALARM_BURST_BYTES", 1)
    conflict = Refused("conflict", "", status=409, final=True)
    gatherer = gathering(lambda brought: [conflict] * len(brought), clock=lambda: 0.0)
    codes = []
    for k in range(2):
        told = gatherer.submit(envelope("alarms", k)).result(30)
        assert isinstance(told, Refused)
        codes.append(told.code)
    assert codes == ["conflict", "quota"]


def test_an_alarm_that_is_sent_again_by_who_overheard_it_uses_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ALARM_BURST_BYTES", 2 * len(envelope("alarms")))
    seen: set[bytes] = set()

    def write(brought: Sequence[Brought]) -> list[Outcome]:
        before = set(seen)
        seen.update(one.raw for one in brought)
        return [Receipt("", 0, again=one.raw in before) for one in brought]

    gatherer = gathering(write, clock=lambda: 0.0)
    for _ in range(20):
        assert isinstance(gatherer.submit(envelope("alarms")).result(30), Receipt)
    assert isinstance(gatherer.submit(envelope("alarms", 1)).result(30), Receipt)
    assert isinstance(gatherer.submit(envelope("alarms", 2)).result(30), Refused)


def in_the_name_of(key: SigningKey, raw: bytes) -> bytes:
    """An envelope that names another device than the one that signed it."""
    own = fingerprint(key.verifier).encode()
    start = raw.index(b'"device":"') + 10
    return raw[:start] + own + raw[start + len(own) :]


def test_what_only_claims_to_be_an_alarm_delays_no_true_one(
    monkeypatch: pytest.MonkeyPatch, no_database: list[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr(module, "MOST_DOUBTFUL", 30)
    write = Slow()
    gatherer = gathering(write)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    forged = [envelope("alarms", k, STRANGER) for k in range(20)]
    forged += [in_the_name_of(KEY, raw) for raw in forged[:10]]
    # a header that was overheard, with another body
    forged += [envelope("alarms", 50) + b"x"]
    futures = [gatherer.submit(raw) for raw in forged]
    record, alarm = envelope(first=1), envelope("alarms")
    gatherer.submit(record)
    gatherer.submit(alarm)
    for _ in range(3 + len(forged)):
        write.go.release()
    outcomes = [f.result(30) for f in futures]
    assert write.groups[1:3] == [[alarm], [record]]
    assert all(len(group) <= module.DOUBTFUL_GROUP for group in write.groups[3:])
    # more of them than may wait are turned away unread
    busy = outcomes[-1]
    assert isinstance(busy, Refused)
    assert (busy.code, busy.status, busy.final) == ("busy", 503, False)
    assert sum(len(g) for g in write.groups[3:]) == len(forged) - 1


def test_a_forged_name_turns_nobody_away(
    monkeypatch: pytest.MonkeyPatch, no_database: list[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr(Pressure, "most_waiting", 0)
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    monkeypatch.setattr(module, "DOUBT_S", 0.0)
    gatherer = gathering(
        lambda brought: [Refused("signature", "", status=401, final=False)] * len(brought)
    )
    gatherer.submit(in_the_name_of(KEY, envelope(key=STRANGER))).result(30)
    told = gatherer.submit(envelope(key=OTHER)).result(30)
    assert isinstance(told, Refused)
    assert told.code == "busy"
    gatherer.submit(in_the_name_of(KEY, envelope(key=STRANGER, first=1))).result(30)
    with gatherer._come:
        assert gatherer._turned_away <= {fingerprint(OTHER.verifier)}
    said = [fingerprints for (fingerprints, *rest) in no_database if not rest]
    assert [fingerprint(KEY.verifier)] not in said


def test_one_alarm_sent_again_and_again_takes_one_place() -> None:
    write = Slow()
    gatherer = gathering(write)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    again = [gatherer.submit(envelope("alarms")) for _ in range(50)]
    for _ in range(2):
        write.go.release()
    assert {f.result(30) for f in again} == {Receipt("", 0)}
    assert write.groups[1:] == [[envelope("alarms")]]


def test_records_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING_BYTES", 2 * len(envelope()) + 100)
    write = Slow()
    gatherer = gathering(write)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    waiting = [gatherer.submit(envelope(first=k)) for k in range(1, 4)]
    for _ in range(2):
        write.go.release()
    assert [isinstance(f.result(30), Receipt) for f in waiting] == [True, True, False]


def test_who_was_enrolled_just_now_is_let_in_before_the_doubtful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DOUBT_S", 0.0)
    enrolled = [KEY]
    keys = Keys(lambda: [(fingerprint(k.verifier), str(k.verifier)) for k in enrolled])
    keys.renew()
    write = Slow()
    gatherer = gathering(write, keys=keys)
    gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    enrolled.append(OTHER)
    noise = [gatherer.submit(b"noise %d" % k) for k in range(8)]
    alarm = envelope("alarms", key=OTHER)
    future = gatherer.submit(alarm)
    for _ in range(4):
        write.go.release()
    assert isinstance(future.result(30), Receipt)
    assert write.groups[1] == [alarm]
    del noise


def test_a_revoked_device_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DOUBT_S", 0.0)
    enrolled = [KEY]
    keys = Keys(lambda: [(fingerprint(k.verifier), str(k.verifier)) for k in enrolled])
    revoked = Refused("revoked", "", status=403, final=False)
    gatherer = gathering(lambda brought: [revoked] * len(brought), keys=keys)
    gatherer.start()
    assert gatherer.submit(envelope("alarms")).result(30) is revoked
    enrolled.clear()
    assert gatherer.submit(envelope("alarms", 1)).result(30) is revoked
    gatherer.submit(b"noise").result(30)
    assert not keys.signer(open_envelope(envelope("alarms", 2)))


def test_who_hangs_up_stops_nobody_else() -> None:
    write = Slow()
    gatherer = gathering(write)
    gone = gatherer.submit(envelope())
    assert write.begun.acquire(timeout=30)
    gone.cancel()
    for _ in range(2):
        write.go.release()
    assert isinstance(gatherer.submit(envelope(first=1)).result(30), Receipt)


def test_what_cannot_be_written_is_not_acknowledged() -> None:
    def broken(brought: Sequence[Brought]) -> list[Outcome]:
        raise OSError("no disk")

    outcome = gathering(broken).submit(envelope()).result(30)
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.final) == (503, False)


def test_a_device_has_its_share_and_gets_it_back() -> None:
    quotas = Quotas()
    assert quotas.allows("a", 0.0)
    quotas.charge("a", pressure.QUOTA_BURST_BYTES + pressure.QUOTA_BYTES_S, 0.0)
    assert not quotas.allows("a", 0.5)
    assert quotas.allows("b", 0.5)
    assert quotas.allows("a", 1.5)


def test_who_is_beyond_its_share_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "QUOTA_BURST_BYTES", 1)
    gatherer = gathering(lambda brought: [Receipt("", 0) for _ in brought], clock=lambda: 0.0)
    assert isinstance(gatherer.submit(envelope()).result(30), Receipt)
    second = gatherer.submit(envelope(first=1)).result(30)
    assert isinstance(second, Refused)
    assert (second.code, second.status, second.final) == ("quota", 429, False)
    assert isinstance(gatherer.submit(envelope("alarms")).result(30), Receipt)
    assert isinstance(gatherer.submit(envelope(key=OTHER)).result(30), Receipt)


def test_the_order_of_what_is_left_undone() -> None:
    one = Pressure()
    one.wrote(100, 0.5, 0.1, 0.0)
    assert one.sheds(0.0) == ()
    assert one.most_waiting == int(pressure.WAIT_S * 200)
    one.wrote(100, 0.5, 0.5, 1.0)
    assert one.sheds(1.0) == ("map",)
    assert one.takes(one.most_waiting - 1, 2.0)
    assert not one.takes(one.most_waiting, 2.0)
    assert one.sheds(2.0) == ("map", "background")
    assert one.turned_away == 1
    assert one.sheds(2.0 + pressure.CALM_S) == ()
    one.turn_alarm_away(20.0)
    assert one.sheds(21.0) == ("one",)
    assert one.sheds(20.0 + pressure.CALM_S) == ()


@pytest.mark.django_db
def test_the_pages_say_so_of_a_device(
    device: Device, signed_in: Callable[..., Any], person: Callable[..., Any]
) -> None:
    from tocsin.server.ingest.shedding import map_is_shed, say_shed, say_turned_away

    browser = signed_in(person("officer", clearance=2))
    words = b"part of what this device sends waits on it"
    assert words not in browser.get(device.get_absolute_url()).content
    say_turned_away({device.fingerprint})
    assert words in browser.get(device.get_absolute_url()).content
    say_shed(("map",), 0)
    assert map_is_shed()
    say_shed((), 0)
    assert not map_is_shed()
    assert Shedding.objects.get().ended_at is not None


async def asked(body: bytes, *, path: str = module.PATH) -> tuple[int, bytes]:
    answers: list[Mapping[str, Any]] = []
    parts = [body[k : k + (1 << 20)] for k in range(0, len(body), 1 << 20)] or [b""]
    given = iter(
        {"type": "http.request", "body": p, "more_body": k < len(parts) - 1}
        for k, p in enumerate(parts)
    )

    async def receive() -> Mapping[str, Any]:
        return next(given)

    async def send(message: Mapping[str, Any]) -> None:
        answers.append(message)

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"behind"})

    door = Door(behind, gathering(lambda brought: [Receipt("00", 7) for _ in brought]))
    await door({"type": "http", "path": path, "method": "POST"}, receive, send)
    return answers[0]["status"], answers[1]["body"]


def test_the_door_answers_devices_and_lets_all_others_by() -> None:
    assert asyncio.run(asked(envelope())) == (200, b'{"receipt": "00", "through": 7}')
    assert asyncio.run(asked(b"", path="/"))[0] == 299
    assert asyncio.run(asked(bytes(6 << 20)))[0] == 413


def test_the_web_process_looks_from_its_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a killed process left open is closed before any message comes."""
    looked = threading.Event()

    def say(what: Sequence[str], _turned_away: int) -> None:
        if not what:
            looked.set()

    monkeypatch.setattr(module, "say_shed", say)
    given = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
    answers: list[str] = []

    async def receive() -> Mapping[str, Any]:
        return next(given)

    async def send(message: Mapping[str, Any]) -> None:
        answers.append(message["type"])

    async def never(*_given: Any) -> None:
        raise AssertionError("Django has no part in this")

    door = Door(never, gathering(lambda brought: []))
    asyncio.run(door({"type": "lifespan"}, receive, send))
    assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert looked.wait(30)


def test_a_device_that_hangs_up_has_sent_nothing() -> None:
    taken: list[bytes] = []

    def write(brought: Sequence[Brought]) -> list[Outcome]:
        taken.extend(one.raw for one in brought)
        return [Receipt("", 0) for _ in brought]

    async def half() -> None:
        given = iter(
            (
                {"type": "http.request", "body": b"half", "more_body": True},
                {"type": "http.disconnect"},
            )
        )

        async def receive() -> Mapping[str, Any]:
            return next(given)

        async def never(*_given: Any) -> None:
            raise AssertionError("nobody waits for an answer")

        scope = {"type": "http", "path": module.PATH, "method": "POST"}
        await Door(never, gathering(write))(scope, receive, never)

    asyncio.run(half())
    assert taken == []
