"""A folder into which a program writes: whole files, half files, the same file, lines."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner
from walks import INSTRUMENT, walk

from tocsin import formats
from tocsin.cli.main import app
from tocsin.errors import InvalidInput
from tocsin.field import folder as folder_module
from tocsin.field.agent import device_key, open_spool
from tocsin.field.folder import AT_ONCE, FolderSource
from tocsin.spectra import Instrument, Record, Recording, SourceType

WALK = walk(60)


def n42(records: list[Record], instrument: Instrument = INSTRUMENT, realm: str = "LIVE") -> bytes:
    remarks = () if realm == "LIVE" else (f"Realm: {realm}",)
    return formats.write_n42(Recording(tuple(records), instrument, remarks=remarks, realm=realm))


def line(k: int) -> str:
    return json.dumps({"counts": [k, 1, 2], "real_time_s": 1.0}) + "\n"


class Hours(threading.Event):
    """Time that passes only where somebody waits for it; step by step something is written."""

    def __init__(self, steps: list[Callable[[], object]], every_s: float) -> None:
        super().__init__()
        self.at_s = 0.0
        self._steps = steps
        self._every_s = every_s

    def wait(self, timeout: float | None = None) -> bool:
        self.at_s += timeout or 0.0
        step, rest = divmod(self.at_s, self._every_s)
        if rest == 0.0:
            if step > len(self._steps):
                self.set()
            else:
                self._steps[int(step) - 1]()
        return self.is_set()


def source_of(
    folder: Path, *steps: Callable[[], object], everything: bool = False, every_s: float = 2.0
) -> tuple[FolderSource, list[str]]:
    """A source while some steps happen, every two seconds: then what was written has settled."""
    told: list[str] = []
    time = Hours(list(steps), every_s)
    source = FolderSource(
        folder, tell=told.append, stop=time, everything=everything, monotonic=lambda: time.at_s
    )
    return source, told


def seen(
    folder: Path, *steps: Callable[[], object], everything: bool = False, every_s: float = 2.0
) -> tuple[list[Record], list[str], Instrument]:
    """What comes of some steps, what was told, and what measures."""
    source, told = source_of(folder, *steps, everything=everything, every_s=every_s)
    feed = source.feed()
    return list(feed.records), told, feed.instrument


class Rewritten:
    """A file that is written anew in place, each time with a later time of change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times = 0

    def __call__(self, records: list[Record]) -> None:
        self.times += 1
        self.path.write_bytes(n42(records))
        os.utime(self.path, ns=(0, self.times * 1_000_000_000))


def starts(records: list[Record]) -> list[int]:
    """Which second of the walk each record is."""
    first = WALK[0].start
    assert first is not None
    return [int((r.start - first).total_seconds()) for r in records if r.start is not None]


def test_files_come_in_the_order_of_their_time_not_of_their_names(tmp_path: Path) -> None:
    def both() -> None:
        (tmp_path / "a.n42").write_bytes(n42(WALK[20:40]))
        (tmp_path / "b.n42").write_bytes(n42(WALK[:20]))

    records, told, instrument = seen(
        tmp_path, both, lambda: (tmp_path / "c.n42").write_bytes(n42(WALK[40:60]))
    )
    assert starts(records) == list(range(60))
    assert told == []
    assert instrument.model == INSTRUMENT.model


def test_a_half_file_waits_for_its_other_half(tmp_path: Path) -> None:
    whole, path = n42(WALK[:20]), tmp_path / "walk.n42"
    records, told, _ = seen(
        tmp_path,
        lambda: path.write_bytes(whole[: len(whole) // 2]),
        lambda: None,
        lambda: path.write_bytes(whole),
    )
    assert starts(records) == list(range(20))
    assert len(told) == 1
    assert told[0].startswith("walk.n42 cannot be read yet: ")


def test_a_file_that_is_written_anew_gives_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "walk.n42"
    records, told, _ = seen(
        tmp_path,
        *(lambda n=n: path.write_bytes(n42(WALK[:n])) for n in (10, 15, 15, 60)),
        # a copy of the same records under another name is no second measurement
        lambda: (tmp_path / "copy.n42").write_bytes(n42(WALK[30:50])),
    )
    assert starts(records) == list(range(60))
    assert told == []


def test_a_file_that_is_written_anew_every_second_is_read_all_the_same(tmp_path: Path) -> None:
    now = Rewritten(tmp_path / "now.n42")
    records, told, _ = seen(tmp_path, *(lambda k=k: now([WALK[k]]) for k in range(9)), every_s=1.0)
    # three seconds pass until it is known that it never rests
    assert starts(records) == list(range(3, 9))
    assert told == []


def test_a_file_that_is_written_into_while_it_is_read_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Rewritten(tmp_path / "walk.n42")
    real, reads = formats.read, []

    def read(path: Path) -> Recording:
        reads.append(path.name)
        found = real(path)
        if len(reads) == 1:
            file(WALK[:12])
        return found

    monkeypatch.setattr(formats, "read", read)
    records, told, _ = seen(tmp_path, lambda: file(WALK[:10]), lambda: None)
    assert len(reads) == 2
    assert starts(records) == list(range(12))
    assert told == ["walk.n42 changes while it is read: tried again"]


def test_a_background_that_comes_first_is_no_walk(tmp_path: Path) -> None:
    long = [replace(r, source_type=SourceType.BACKGROUND) for r in WALK[:5]]
    source, told = source_of(
        tmp_path,
        lambda: (tmp_path / "background.n42").write_bytes(n42(long)),
        lambda: (tmp_path / "walk.n42").write_bytes(n42(WALK[20:40])),
        lambda: (tmp_path / "later.n42").write_bytes(
            n42([replace(r, source_type=SourceType.BACKGROUND) for r in WALK[5:8]])
        ),
    )
    feed = source.feed()
    assert starts(list(feed.records)) == list(range(20, 40))
    assert starts(list(feed.background)) == starts(list(feed.others)) == list(range(5))
    assert told == [
        "background.n42: no walk: kept as background until one comes",
        "later.n42: 3 records beside the walk are not taken",
    ]


def test_the_first_record_does_not_wait_for_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(AT_ONCE + 6):
        Rewritten(tmp_path / f"{k:02}.n42")([WALK[k]])
        os.utime(tmp_path / f"{k:02}.n42", ns=(0, k + 1))
    reads: list[str] = []
    real = formats.read

    def read(path: Path) -> Recording:
        reads.append(path.name)
        return real(path)

    monkeypatch.setattr(formats, "read", read)
    source, _told = source_of(tmp_path, lambda: None, everything=True)
    records = source.feed().records
    assert len(reads) == AT_ONCE + 1
    assert starts(list(records)) == list(range(AT_ONCE + 6))


def test_what_is_known_of_files_that_are_gone_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "MOST_GONE", 4)
    now, copy = Rewritten(tmp_path / "now.n42"), tmp_path / "copy.n42"
    source, _told = source_of(
        tmp_path,
        *(lambda k=k: now(WALK[k : k + 3]) for k in range(0, 12, 3)),
        lambda: copy.write_bytes(n42(WALK[8:12])),  # three that are held, one that is just gone
    )
    assert starts(list(source.feed().records)) == list(range(12))
    assert len(source._known) == 4 + 3


def test_a_file_that_is_still_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "walk.n42"

    def write() -> None:
        for name in (".walk.n42", "walk.n42.tmp", "walk.n42.part", "walk.n42~"):
            (tmp_path / name).write_bytes(n42(WALK[:10]))
        (tmp_path / "link.n42").symlink_to(tmp_path / "walk.n42.tmp")
        (tmp_path / "folder.n42").mkdir()

    records, told, _ = seen(
        tmp_path, write, lambda: (tmp_path / "walk.n42.tmp").rename(path), lambda: None
    )
    assert starts(records) == list(range(10))
    assert told == []


def test_lines_are_taken_as_they_grow(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    said = json.dumps({"instrument": {"manufacturer": "Maker", "model": "Pack 2"}}) + "\n"

    def add(text: str) -> None:
        with path.open("a") as stream:
            stream.write(text)

    records, told, instrument = seen(
        tmp_path,
        lambda: add(said),
        lambda: add(line(0) + line(1)[:5]),
        lambda: add(line(1)[5:] + "nonsense\n" + line(2)),
        lambda: path.write_text(line(3)),  # begun anew
    )
    assert [int(r.spectra[0].counts[0]) for r in records] == [0, 1, 2, 3]
    assert instrument.model == "Pack 2"
    assert len(told) == 1
    assert "a line cannot be read" in told[0]


def test_what_lies_there_already_is_passed_over_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "old.n42").write_bytes(n42(WALK[:20]))
    (tmp_path / "live.jsonl").write_text(line(7))
    grown = lambda: (tmp_path / "old.n42").write_bytes(n42(WALK[:25]))  # noqa: E731
    records, told, _ = seen(tmp_path, grown)
    assert starts(records) == list(range(20, 25))
    assert told == ["2 files lie there already: only what is added is taken"]
    (tmp_path / "live.jsonl").unlink()
    records, told, _ = seen(tmp_path, lambda: None, everything=True)
    assert (starts(records), told) == (list(range(25)), [])


def test_one_run_is_of_one_instrument_and_one_realm(tmp_path: Path) -> None:
    other = Instrument("Maker", "Pack", "8", "Backpack")
    records, told, _ = seen(
        tmp_path,
        lambda: (tmp_path / "a.n42").write_bytes(n42(WALK[:10])),
        lambda: (tmp_path / "b.n42").write_bytes(n42(WALK[10:20], other)),
        lambda: (tmp_path / "c.n42").write_bytes(n42(WALK[20:30], realm="SYNTHETIC")),
    )
    assert starts(records) == list(range(10))
    assert len(told) == 2
    assert "measured by Maker Pack 8" in told[0]
    assert "of the realm SYNTHETIC" in told[1]


def test_a_name_that_is_no_text_stops_nothing(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"a\xff.n42")
    untimed = [replace(r, start=None) for r in WALK[:2]]
    records, _told, _instrument = seen(tmp_path, lambda: odd.write_bytes(n42(untimed)))
    assert len(records) == 2


def test_a_line_ends_with_a_line_feed_alone(tmp_path: Path) -> None:
    text = line(1).replace('"real_time_s"', '"remarks": ["a\u2028b"], "real_time_s"')
    lines = tmp_path / "b.jsonl"
    records, told, _instrument = seen(tmp_path, lambda: lines.write_text(text, encoding="utf-8"))
    assert (len(records), told) == (1, [])


def test_a_folder_that_goes_away_is_told_once_and_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()

    def back() -> None:
        folder.mkdir()
        (folder / "a.n42").write_bytes(n42(WALK[:10]))

    records, told, _ = seen(folder, folder.rmdir, lambda: None, back, lambda: None)
    assert starts(records) == list(range(10))
    assert len(told) == 1
    assert "cannot be read" in told[0]
    with pytest.raises(InvalidInput, match="is no folder"):
        FolderSource(tmp_path / "none", tell=print, stop=threading.Event())


def test_records_without_a_time_are_told_apart_by_their_place(tmp_path: Path) -> None:
    timeless = [replace(r, start=None) for r in [WALK[0]] * 6]
    path = tmp_path / "walk.n42"
    records, _told, _ = seen(
        tmp_path,
        lambda: path.write_bytes(n42(timeless[:5])),
        lambda: path.write_bytes(n42(timeless)),
    )
    assert len(records) == 6


def test_the_command_keeps_what_comes_and_ends_in_good_order(tmp_path: Path) -> None:
    folder, device = tmp_path / "in", tmp_path / "device"
    folder.mkdir()
    (folder / "walk.jsonl").write_text("".join(line(k) for k in range(25)))
    runner = CliRunner()
    runner.invoke(app, ["field", "enroll", "pack-7", "--device", str(device)])
    # Ctrl-C comes when all lines are in the spool: the agent tells nothing of a quiet walk
    ended = threading.Event()

    def press() -> None:
        while not ended.wait(0.2):
            spool = open_spool(device, device_key(device))
            held = spool.status()
            spool.close()
            if (held.batches, held.records_open) == (2, 5):
                os.kill(os.getpid(), signal.SIGINT)
                return

    presser = threading.Thread(target=press)
    presser.start()
    done = CliRunner().invoke(
        app, ["field", "folder", str(folder), "--all", "--device", str(device)]
    )
    ended.set()
    presser.join()
    assert done.exit_code == 0, done.output
    status = runner.invoke(app, ["field", "status", "--device", str(device)]).output
    assert "3 batches of records" in status
    assert "0 records not yet in a batch" in status
