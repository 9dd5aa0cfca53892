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
from tocsin.field.agent import device_key, open_spool
from tocsin.field.folder import FolderSource
from tocsin.spectra import Instrument, Record, Recording

WALK = walk(60)


def n42(records: list[Record], instrument: Instrument = INSTRUMENT, realm: str = "LIVE") -> bytes:
    remarks = () if realm == "LIVE" else (f"Realm: {realm}",)
    return formats.write_n42(Recording(tuple(records), instrument, remarks=remarks, realm=realm))


def line(k: int) -> str:
    return json.dumps({"counts": [k, 1, 2], "real_time_s": 1.0}) + "\n"


class Hours(threading.Event):
    """Time that passes only where somebody waits for it; step by step something is written."""

    def __init__(self, steps: list[Callable[[], object]]) -> None:
        super().__init__()
        self.at_s = 0.0
        self._steps = steps

    def wait(self, timeout: float | None = None) -> bool:
        self.at_s += timeout or 0.0
        # a second and a half between two steps: what was written has settled
        step, rest = divmod(self.at_s, 2.0)
        if rest == 0.0:
            if step > len(self._steps):
                self.set()
            else:
                self._steps[int(step) - 1]()
        return self.is_set()


def seen(
    folder: Path, *steps: Callable[[], object], everything: bool = False
) -> tuple[list[Record], list[str], Instrument]:
    """What comes of some steps, what was told, and what measures."""
    told: list[str] = []
    time = Hours(list(steps))
    source = FolderSource(
        folder, tell=told.append, stop=time, everything=everything, monotonic=lambda: time.at_s
    )
    feed = source.feed()
    return list(feed.records), told, feed.instrument


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
