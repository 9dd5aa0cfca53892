"""Nothing about a disk stops the hearing; the numbers agree again after a loss."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from test_full_disk import in_small_disk
from walks import INSTRUMENT, walk

from tocsin.errors import InvalidInput
from tocsin.field import keeping as keeping_module
from tocsin.field.agent import Agent
from tocsin.field.envelope import open_envelope
from tocsin.field.keeping import Keeping, TroubleKind
from tocsin.field.records import Feed
from tocsin.field.screen.picture import Seen, picture
from tocsin.field.spool import Spool, SpoolUnavailable
from tocsin.field.watch import Watch
from tocsin.field.wire import unpack_json, unpack_records
from tocsin.sealing import SigningKey

HERE = Path(__file__).parent
KEY = SigningKey("pack-7", bytes(range(32)))


def feed() -> Feed:
    return Feed(INSTRUMENT, iter(()))


def spool_at(path: Path) -> Spool:
    return Spool(path / "spool.sqlite3", KEY, monotonic=lambda: 0.0)


def full(spool: Spool) -> None:
    """The file may not grow any more."""
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count = {pages}")


def roomy(spool: Spool) -> None:
    spool._db.execute("PRAGMA max_page_count = 1000000")


def message(record: int, first: int, last: int) -> dict[str, Any]:
    places = {"first_record": first, "last_record": last, "peak_record": last}
    return {"stage": "closed", "number": 1, "record": record, "encounter": places}


def test_an_agent_that_starts_on_a_full_disk_hears_and_keeps_what_it_can(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or in_small_disk(tmp_path, "true").returncode:
        pytest.skip("no small file system can be mounted here (user namespaces)")
    done = in_small_disk(tmp_path, sys.executable, str(HERE / "full_restart.py"), str(tmp_path))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    # the room that is held back opens the spool, closes what was open, and takes the alarm
    assert said["second"] == [2, ""]
    # without any room all is held in memory, and kept when there is room
    assert said["third"] == [4, 0, 0]
    assert (said["told"], said["batches"], said["open"]) == (2, 2, 0)


def test_a_spool_that_cannot_be_opened_is_told_on_the_screen_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    trouble = ["the spool cannot be opened: disk I/O error"]

    def opened() -> Spool:
        if trouble:
            raise SpoolUnavailable(trouble[0])
        return spool_at(tmp_path)

    watch = Watch(INSTRUMENT)
    agent = Agent(feed(), live=False, spool=None, tell=told.append, watch=watch, opened=opened)
    records = walk(12)
    for record in records[:5]:
        agent.take(record)
    health = picture(watch, Seen())[0]["health"]
    # the screen says it in its own languages: a kind, and the words of the system
    assert health["not_kept_why"] == "closed"
    assert "disk I/O error" in health["not_kept_error"]
    assert (health["in_memory"], health["lost"]) == (5, 0)
    assert watch.records == 5
    trouble.clear()
    agent.take(records[5])  # not before its time
    assert agent.in_memory == 6
    monkeypatch.setattr("tocsin.field.keeping.time.monotonic", lambda: 1e9)
    for record in records[6:]:
        agent.take(record)
    agent.end()
    assert picture(watch, Seen())[0]["health"]["not_kept_why"] == ""
    assert len(told) == 2
    agent.close()
    spool = spool_at(tmp_path)
    assert spool.status().batches == 2
    spool.close()


def test_another_agent_with_the_same_spool_ends_the_second_at_its_start(tmp_path: Path) -> None:
    spool = spool_at(tmp_path)
    spool.begin()
    with pytest.raises(InvalidInput, match="in use"):
        Keeping(feed(), None, print, lambda: spool_at(tmp_path))
    spool.close()


def test_after_a_loss_the_numbers_of_detector_and_server_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = walk(20, channels=4096)
    size = (1 << 10) + records[0].spectra[0].counts.nbytes
    monkeypatch.setattr(keeping_module, "MOST_BYTES_IN_MEMORY", 3 * size)
    spool = spool_at(tmp_path)
    keeping = Keeping(feed(), spool, lambda _line: None)
    for record in records[:4]:
        keeping.add(record, ())
    full(spool)
    for record in records[4:]:
        keeping.add(record, ())
    kept = 20 - keeping.not_kept - keeping.waiting
    assert keeping.not_kept > 5
    roomy(spool)
    last = walk(1, channels=16)[0]
    keeping.add(last, ())
    begins_at = 20 - 3
    keeping.say(message(20, 18, 20))
    keeping.say(message(20, 2, 20))
    keeping.end()
    runs: dict[str, list[int]] = {}
    said = []
    while (held := spool.next_message()) is not None:
        envelope = open_envelope(held.envelope)
        header = envelope.header
        if header.lane == "records":
            for record in unpack_records(envelope.body).records:
                number = len(runs.setdefault(header.boot, []))
                runs[header.boot].append([*records, last].index(record))
                assert header.first <= number <= header.last
        else:
            said.append((header.boot, unpack_json(envelope.body)))
        spool.received(held)
    spool.close()
    first, second = runs.values()
    assert first == list(range(kept))
    assert second == list(range(begins_at, 21))
    new = list(runs)[1]
    # what the detector says names the records of the run it goes with
    assert [(boot, m["record"], m["encounter"]["first_record"]) for boot, m in said] == [
        (new, 20 - begins_at, 18 - begins_at),
        (new, 20 - begins_at, 0),
    ]


def test_memory_is_counted_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping_module, "MOST_BYTES_IN_MEMORY", 1 << 20)

    def never() -> Spool:
        raise SpoolUnavailable("no disk")

    for channels, most in ((16, 300), (65536, 2)):
        keeping = Keeping(feed(), None, lambda _line: None, never)
        for record in walk(300, channels=channels):
            keeping.add(record, ())
        assert keeping.waiting <= most
        assert keeping.waiting + keeping.not_kept == 300
    assert keeping.not_kept > 200


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (sqlite3.SQLITE_FULL, "full", "make room on the disk"),
        (sqlite3.SQLITE_BUSY, "busy", "another program holds the spool"),
        (sqlite3.SQLITE_READONLY, "disk", "cannot be written"),
        (sqlite3.SQLITE_CORRUPT, "disk", "cannot be written"),
    ],
)
def test_trouble_is_told_as_what_it_is_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: str, word: str
) -> None:
    spool = spool_at(tmp_path)
    told: list[str] = []
    keeping = Keeping(feed(), spool, told.append)

    def fails(*_given: object) -> int:
        # an error that is no OperationalError as well: a damaged file is none
        error = sqlite3.DatabaseError("as SQLite says it")
        error.sqlite_errorcode = code
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(spool, "add", fails)
        for record in walk(3):
            keeping.add(record, ())
        assert word in keeping.trouble
        assert (keeping.trouble_kind, keeping.trouble_error) == (kind, "as SQLite says it")
    assert len(told) == 1
    assert word in told[0]
    keeping.add(walk(1)[0], ())
    assert (keeping.waiting, keeping.trouble, keeping.not_kept) == (0, "", 0)
    assert (keeping.trouble_kind, keeping.trouble_error) == ("", "")
    keeping.close()


def test_a_record_that_the_spool_never_takes_is_set_aside_and_holds_up_no_other(
    tmp_path: Path,
) -> None:
    records = walk(12)
    # SQLite keeps no NaN, and what is larger than a message may be is never sent
    nan = replace(records[4], real_time_s=float("nan"))
    counts = np.random.default_rng(7).integers(0, 1 << 43, 1_000_000)
    wide = replace(records[8].spectra[0], counts=counts, calibration=None)
    huge = replace(records[8], spectra=(wide,))
    spool = spool_at(tmp_path)
    told: list[str] = []
    keeping = Keeping(feed(), spool, told.append)
    for record in (*records[:4], nan, *records[5:8], huge, *records[9:]):
        keeping.add(record, ("time-jump",))
    unsayable = message(9, 9, 10) | {"statistic": float("nan")}
    keeping.say(unsayable)
    keeping.say(message(11, 10, 11))
    assert (keeping.waiting, keeping.not_kept, keeping.trouble) == (0, 0, "")
    keeping.end()
    files = list((tmp_path / "spool.aside").glob("*"))
    assert spool.aside() == keeping.aside == len(files) == 3
    # in the order in which they were told of
    files.sort(key=lambda p: next(k for k, line in enumerate(told) if p.name in line))
    first, second, third = (json.loads(path.read_text()) for path in files)
    assert first["record"]["spectra"][0]["counts"] == records[4].spectra[0].counts.tolist()
    assert (first["number"], first["faults"], first["realm"]) == (4, ["time-jump"], feed().realm)
    assert second["record"]["spectra"][0]["counts"] == counts.tolist()
    assert "at most" in second["why"]
    assert third["message"]["encounter"] == unsayable["encounter"]
    assert [line.count("the others go on") for line in told] == [1, 1, 1, 0]
    assert str(files[0]) in told[0]
    assert told[-1] == "set aside beside the spool and not sent: 3"
    # the others are there, in runs whose numbers are those of the detector
    kept = []
    said = []
    while (held := spool.next_message()) is not None:
        body = open_envelope(held.envelope).body
        if held.lane == "records":
            kept.append(list(unpack_records(body).records))
        else:
            said.append(unpack_json(body))
        spool.received(held)
    assert [r for run in kept for r in run] == [*records[:4], *records[5:8], *records[9:]]
    assert [len(run) for run in kept] == [4, 3, 3]
    assert [m["record"] for m in said] == [11 - 9]
    spool.close()


def test_every_kind_of_trouble_has_its_words_in_both_languages_of_the_screen() -> None:
    """The screen is told a kind: one that it has no words for would be shown as nothing."""
    texts = (HERE.parents[1] / "web" / "src" / "field" / "texts.ts").read_text("utf-8")
    blocks = re.findall(r"notKeptWhy: \{(.*?)\n  \}", texts, re.DOTALL)
    found = [re.findall(r"^    (\w+): ", block, re.MULTILINE) for block in blocks]
    assert found == [list(get_args(TroubleKind))] * 2
