"""What is kept on the device, what goes out first, and what is let go when."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from walks import BEGAN, INSTRUMENT, walk

from tocsin.errors import InvalidInput, ParseError
from tocsin.field import spool as spool_module
from tocsin.field.envelope import open_envelope
from tocsin.field.sending import Https, Reply, Sender, _reply
from tocsin.field.spool import Message, Spool
from tocsin.field.wire import unpack_json, unpack_records
from tocsin.sealing import SigningKey
from tocsin.spectra import Record

KEY = SigningKey("pack-7", bytes(range(32)))


def opened(path: Path) -> Spool:
    return Spool(path, KEY, clock=lambda: BEGAN, monotonic=lambda: 5.0)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    held = opened(tmp_path / "spool.sqlite3")
    yield held
    held.close()


def keep(spool: Spool, boot: str, records: list[Record]) -> None:
    for record in records:
        spool.add(boot, record, INSTRUMENT, "LIVE")


def drained(spool: Spool) -> list[bytes]:
    """All messages in the order of going out."""
    out = []
    while (message := spool.next_message()) is not None:
        out.append(message.envelope)
        spool.received(message)
    return out


def sent_records(envelopes: list[bytes]) -> list[Record]:
    held = [open_envelope(e) for e in envelopes]
    return [r for e in held if e.header.lane == "records" for r in unpack_records(e.body).records]


def test_ten_seconds_are_one_message_and_the_end_takes_the_rest(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(25))
    assert spool.status().records_open == 5
    spool.end(boot)
    out = drained(spool)
    headers = [open_envelope(e).header for e in out]
    assert [(h.first, h.last, h.ends) for h in headers] == [
        (0, 9, False),
        (10, 19, False),
        (20, 24, True),
    ]
    assert sent_records(out) == walk(25)


def test_an_end_on_the_edge_of_a_batch_is_a_message_of_its_own(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(10))
    spool.end(boot)
    last = open_envelope(drained(spool)[-1])
    assert (last.header.first, last.header.last, last.header.ends) == (10, 9, True)
    assert unpack_records(last.body).records == ()


def test_a_run_without_a_record_says_nothing(spool: Spool) -> None:
    spool.end(spool.begin())
    assert drained(spool) == []


def test_faults_go_with_their_record(spool: Spool) -> None:
    boot = spool.begin()
    one, two = walk(2)
    spool.add(boot, one, INSTRUMENT, "LIVE")
    spool.add(boot, two, INSTRUMENT, "LIVE", ("time-jump", "place-zero"))
    spool.end(boot)
    (envelope,) = drained(spool)
    assert open_envelope(envelope).header.faults == ((1, "time-jump"), (1, "place-zero"))


def test_alarms_overtake_the_backlog(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(40))
    spool.alarm(boot, {"stage": "opened"})
    spool.alarm(boot, {"stage": "closed"})
    out = [open_envelope(e) for e in drained(spool)]
    assert [e.header.lane for e in out] == ["alarms"] * 2 + ["records"] * 4
    assert [unpack_json(e.body)["stage"] for e in out[:2]] == ["opened", "closed"]


def test_a_new_run_closes_what_the_last_one_left_open(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite3"
    before = opened(path)
    old = before.begin()
    keep(before, old, walk(13))
    before.close()  # the battery is dead
    after = opened(path)
    new = after.begin()
    assert after.close_earlier(new) == 1
    assert after.close_earlier(new) == 0
    keep(after, new, walk(1, seed=2))
    after.end(new)
    out = [open_envelope(e) for e in drained(after)]
    after.close()
    assert [(e.header.boot, e.header.first, e.header.ends) for e in out] == [
        (old, 0, False),
        (old, 10, True),
        (new, 0, True),
    ]


def test_a_run_that_cannot_be_read_holds_up_no_other(spool: Spool) -> None:
    bad, old, new = spool.begin(), spool.begin(), spool.begin()
    for boot in (bad, old, new):
        keep(spool, boot, walk(3))
    spool._db.execute("UPDATE record SET body = x'00' WHERE boot = ?", (bad,))
    with pytest.raises(ParseError):
        spool.close_open(1.0)
    assert {m.boot for m in messages(spool)} == {old, new}
    keep(spool, old, walk(1))
    with pytest.raises(ParseError):
        spool.close_earlier(new)
    assert {(m.boot, m.last) for m in messages(spool)} == {(old, 2), (new, 2), (old, 3)}


def messages(spool: Spool) -> list[Message]:
    rows = spool._db.execute(
        "SELECT id, boot, lane, first, last, envelope FROM message ORDER BY id"
    )
    return [Message(*row) for row in rows]


def test_one_agent_at_a_time(tmp_path: Path) -> None:
    first, second = opened(tmp_path / "spool.sqlite3"), opened(tmp_path / "spool.sqlite3")
    boot = first.begin()
    with pytest.raises(InvalidInput, match="in use"):
        second.begin()
    with pytest.raises(InvalidInput, match="in use"):
        second.close_earlier("")
    keep(first, boot, walk(12))
    assert second.status().batches == 1  # whoever only sends may look beside it
    first.close()
    assert second.close_earlier("") == 1
    second.close()


def test_the_file_is_synced_with_every_answer(spool: Spool) -> None:
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_batch_is_closed_by_number_and_by_size_too(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BATCH_RECORDS", 3)
    keep(spool, spool.begin(), walk(3))
    assert spool.status().batches == 1
    monkeypatch.setattr(spool_module, "BATCH_RECORDS", 500)
    monkeypatch.setattr(spool_module, "BATCH_BYTES", 10)
    keep(spool, spool.begin(), walk(1))
    assert spool.status().batches == 2


class Server:
    """Takes, or fails as it is told."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answers: list[Reply | OSError] = []

    def __call__(self, envelope: bytes) -> Reply:
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, OSError):
                raise answer
            return answer
        self.taken.append(envelope)
        return Reply(200, sha256(envelope).hexdigest(), open_envelope(envelope).header.last)


def test_nothing_is_let_go_without_a_receipt(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(10))
    server = Server()
    server.answers = [
        OSError("no network"),
        Reply(200),  # the page of a hotel's network
        Reply(200, "0" * 64, 10**6),
        Reply(503, detail="busy"),
        Reply(401, detail="unknown device"),
    ]
    sender = Sender(spool, server, chance=random.Random(1))  # noqa: S311 - a seed for tests
    waits = []
    for _ in range(5):
        assert sender.step() == "waiting"
        waits.append(sender.wait_s)
        assert spool.status().batches == 1
    assert "unknown device" in sender.trouble
    assert all(0.5 * 2**k <= wait <= 2**k for k, wait in enumerate(waits))
    assert sender.step() == "sent"
    assert (sender.wait_s, sender.trouble) == (0.0, "")
    assert sender.step() == "idle"
    assert sent_records(server.taken) == walk(10)


def test_waiting_has_an_end() -> None:
    class Nothing:
        def next_message(self) -> None:
            return None

    sender = Sender(Nothing(), Server())  # type: ignore[arg-type]
    sender._failures = 60
    assert 150.0 <= sender.wait_s <= 300.0


def test_a_busy_server_is_asked_again_soon(spool: Spool) -> None:
    keep(spool, spool.begin(), walk(10))
    server = Server()
    server.answers = [*(Reply(503, detail="busy") for _ in range(12)), OSError("no network")]
    sender = Sender(spool, server)
    for _ in range(12):
        assert sender.step() == "waiting"
    assert 4.0 <= sender.wait_s <= 8.0
    assert sender.step() == "waiting"
    assert sender.wait_s >= 150.0


def test_a_refused_message_stays_and_lets_the_others_pass(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(20))
    server = Server()
    server.answers = [Reply(409, refused="conflict", detail="other content")]
    sender = Sender(spool, server)
    assert sender.step() == "refused"
    assert sender.step() == "sent"
    assert sender.step() == "idle"
    status = spool.status()
    assert (status.batches, status.refused) == (0, 1)


def test_an_acknowledgement_lets_everything_before_it_go(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(30))
    assert spool.acknowledge(boot, "records", 15) == 1
    assert spool.acknowledge(boot, "records", 29) == 2
    keep(spool, boot, walk(1))
    spool.end(boot)
    out = drained(spool)
    assert open_envelope(out[0]).header.first == 30


def test_an_end_without_records_is_not_let_go_by_what_was_before_it(spool: Spool) -> None:
    boot = spool.begin()
    keep(spool, boot, walk(10))
    spool.end(boot)
    spool.acknowledge(boot, "records", 9)
    assert [open_envelope(e).header.ends for e in drained(spool)] == [True]


def test_plain_http_and_odd_fingerprints_are_refused() -> None:
    with pytest.raises(InvalidInput, match="loopback"):
        Https("http://server.example:8443")
    with pytest.raises(InvalidInput, match="https"):
        Https("server.example")
    with pytest.raises(InvalidInput, match="64"):
        Https("https://server.example", "abc")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"receipt": 5, "through": "x"}'])
def test_an_answer_that_is_none_is_no_receipt(body: bytes) -> None:
    reply = _reply(200, body)
    assert (len(reply.receipt) < 64, reply.through) == (True, -1)


def test_the_oldest_and_the_last_acknowledgement_are_told(spool: Spool) -> None:
    assert (spool.status().oldest, spool.status().last_acknowledged) == ("", "")
    keep(spool, spool.begin(), walk(10))
    assert spool.status().oldest == BEGAN.isoformat()
    drained(spool)
    assert spool.status().last_acknowledged == BEGAN.isoformat()
    assert spool.status().oldest == ""


def test_a_failed_commit_leaves_no_open_transaction(spool: Spool) -> None:
    boot = spool.begin()
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    full = walk(1, channels=8192)[0]
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            spool.add(boot, full, INSTRUMENT, "LIVE")
        assert not spool._db.in_transaction
    spool._db.execute("PRAGMA max_page_count = 100000")
    assert spool.add(boot, full, INSTRUMENT, "LIVE") == 0


def test_what_is_no_spool_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(InvalidInput, match="cannot be opened"):
        opened(path)


def test_a_stranger_s_endless_page_is_no_answer_and_stops_nothing() -> None:
    assert _reply(200, b"[" * 60_000) == Reply(200)
