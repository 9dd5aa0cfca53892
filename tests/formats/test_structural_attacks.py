"""Hand-made attacks: the caller survives, nothing is read in part, the sandbox recovers."""

from __future__ import annotations

import contextlib
import math
import os
import re
import resource
import signal
import stat
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from attacks import ATTACKS, NASTY_NAMES, Attack, base
from attacks.values import UNUSABLE

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import Reader
from tocsin.spectra import Recording

# One file may take this long at most: the sandbox ends a worker after 15 s of clock.
SECONDS = 16.0
# How much the caller itself may grow while it hands one file over and takes an answer back.
GROWTH_KB = 400_000

CODES = frozenset(
    "empty too_large unreadable refused truncated memory timeout crashed unsupported".split()
)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(workers=1) as reader:
        yield reader


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """A hang of this process fails its test instead of stopping all others."""

    def ring(_signal: int, _frame: object) -> None:
        raise AssertionError(f"the caller hangs for {SECONDS + 10} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS + 10)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def memory_kB(field: str) -> int:
    return int(Path("/proc/self/status").read_text().split(f"{field}:")[1].split()[0])


def read_within_bounds(
    reader: Reader, data: bytes, file_name: str
) -> tuple[Recording | None, ParseError | None]:
    """Reading, or the error of it, after checking time and memory of this process."""
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    before = memory_kB("VmRSS")
    begin = time.monotonic()
    recording, error = None, None
    try:
        recording = reader.read_bytes(data, file_name=file_name)
    except ParseError as caught:
        error = caught
    took_s = time.monotonic() - begin
    assert took_s < SECONDS, f"took {took_s:.1f} s"
    growth = memory_kB("VmHWM") - before
    assert growth < GROWTH_KB, f"the caller grew by {growth} kB"
    return recording, error


def assert_benign_file_reads(reader: Reader) -> None:
    recording = reader.read_bytes(base.n42().encode(), file_name="benign.n42")
    assert len(recording.records) == base.RECORDS
    assert sum(r.total_counts for r in recording.records) == base.TOTAL


def assert_honest(case: Attack, recording: Recording) -> None:
    assert case.records is not None, (
        f"read {len(recording.records)} records out of what must be refused"
    )
    assert len(recording.records) == case.records
    if case.total is not None:
        total = sum(r.total_counts for r in recording.records)
        assert math.isclose(total, case.total, rel_tol=1e-6), (total, case.total)
    if case.flagged:
        assert recording.warnings, "nothing is said of what is missing or contradictory"


def assert_sound(recording: Recording) -> None:
    """What no recording may hold, however it was made."""
    for record in recording.records + recording.derived:
        for spectrum in record.spectra:
            assert np.all(np.isfinite(spectrum.counts))
            for seconds in (spectrum.live_time_s, spectrum.real_time_s):
                assert seconds is None or 0.0 <= seconds < 1e12
            if spectrum.is_calibrated:
                assert np.all(np.diff(spectrum.edges_keV) > 0)
        assert record.real_time_s is None or 0.0 <= record.real_time_s < 1e12
        assert record.position is None or abs(record.position.latitude_deg) <= 90
        for gross in record.gross_counts:
            assert gross.counts is None or math.isfinite(gross.counts)


@pytest.mark.parametrize("case", ATTACKS, ids=lambda c: c.name.replace(" ", "-"))
def test_attack_is_read_whole_or_refused(case: Attack, reader: Reader) -> None:
    data = case.build()
    recording, error = read_within_bounds(reader, data, case.file_name)
    if recording is None:
        assert error is not None
        assert case.refused, f"a valid file is refused: {error}"
        assert error.code in CODES, error.code
        assert error.reason
        assert error.reason.isprintable()
        assert len(error.reason) < 1_000
    else:
        assert_honest(case, recording)
        assert_sound(recording)
        if case.family == "places":
            assert all(r.position is None for r in recording.records)
        if case.name in UNUSABLE:
            assert not any(s.is_calibrated for r in recording.records for s in r.spectra)
    assert_benign_file_reads(reader)


def test_corpus_is_as_large_as_promised() -> None:
    assert len(ATTACKS) >= 200
    assert len({a.family for a in ATTACKS}) >= 12
    assert sum(not a.refused for a in ATTACKS) >= 15  # a reader that refuses all must fail


def test_note_states_what_the_corpus_holds() -> None:
    note = Path(__file__).parents[2] / "docs" / "science" / "parser-attacks.md"
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| \d+ \|", note.read_text("utf-8"), re.MULTILINE)
    assert {family: int(n) for family, n in rows} == Counter(a.family for a in ATTACKS)
    text = " ".join(note.read_text("utf-8").split())
    assert f"{len(ATTACKS)} hand-made files in {len(rows)} families" in text
    assert f"{len(NASTY_NAMES)} hostile file names" in text
    assert f"{sum(not a.refused for a in ATTACKS)} of the files are valid" in text


def test_attacks_are_the_same_on_every_run() -> None:
    for case in ATTACKS[::17]:
        assert case.build() == case.build()


@pytest.mark.parametrize("name", NASTY_NAMES, ids=lambda n: ascii(n[:24]))
def test_file_name_is_only_a_hint(name: str, reader: Reader) -> None:
    recording, error = read_within_bounds(reader, base.n42().encode(), name)
    assert recording is not None, error
    assert len(recording.records) == base.RECORDS
    assert "/" not in recording.file_name


@pytest.mark.parametrize("name", NASTY_NAMES, ids=lambda n: ascii(n[:24]))
def test_error_about_a_nasty_name_is_one_printable_line(name: str, reader: Reader) -> None:
    with pytest.raises(ParseError) as caught:
        reader.read_bytes(b"\xff\x00 no spectrum", file_name=name)
    assert str(caught.value).isprintable()
    str(caught.value).encode("utf-8")
    assert len(str(caught.value)) < 5_000


def test_quarantine_survives_nasty_names(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with Reader(workers=1, quarantine=folder) as reader:
        for i, name in enumerate(NASTY_NAMES):
            with pytest.raises(ParseError):
                reader.read_bytes(b"\xff\x00 no spectrum" + bytes([i]), file_name=name)
    kept = sorted(p.name for p in folder.iterdir())
    assert len(kept) == 2 * len(NASTY_NAMES)
    assert all(p.split(".")[0].isalnum() for p in kept)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept"]


def test_reading_a_fifo_does_not_wait(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "pipe.n42"
    os.mkfifo(path)
    begin = time.monotonic()
    with pytest.raises(ParseError):
        reader.read(path)
    assert time.monotonic() - begin < 5.0


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full", "/proc/self/mem", "/", "/dev/tty"])
def test_device_or_folder_is_refused(path: str, reader: Reader) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.monotonic()
    with pytest.raises(ParseError):
        reader.read(path)
    assert time.monotonic() - begin < 5.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("path", ["a\0b.n42", "\ud800.n42", "x" * 5_000, "", "no/such/file.n42"])
def test_impossible_path_is_an_error_of_the_file(path: str, reader: Reader) -> None:
    with pytest.raises((ParseError, InvalidInput)):
        reader.read(path)


def test_sparse_file_of_one_terabyte_is_not_read(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "sparse.n42"
    with path.open("wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError:
            pytest.skip("this file system has no sparse files of 1 TB")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ParseError) as caught:
        reader.read(path)
    assert caught.value.code == "too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_reading_leaves_nothing_behind(reader: Reader, tmp_path: Path) -> None:
    # Archives with names such as ../../x and attacks on every format, read from a bare folder.
    folder = tmp_path / "in"
    folder.mkdir()
    before = set(os.listdir("/tmp")) | set(os.listdir("/etc"))  # noqa: S108 - the places that the slips aim at
    for case in ATTACKS:
        if case.family in ("compression", "entities") and case.name.count("bomb") == 0:
            path = folder / case.file_name
            path.write_bytes(case.build())
            with contextlib.suppress(ParseError):
                reader.read(path)
            path.unlink()
    after = set(os.listdir("/tmp")) | set(os.listdir("/etc"))  # noqa: S108 - as above
    assert "tocsin-slipped" not in after - before
    assert list(folder.iterdir()) == []


def test_symbolic_link_is_followed_to_a_plain_file_only(reader: Reader, tmp_path: Path) -> None:
    target = tmp_path / "target.n42"
    target.write_bytes(base.n42().encode())
    link = tmp_path / "link.n42"
    link.symlink_to(target)
    assert stat.S_ISREG(link.stat().st_mode)
    assert len(reader.read(link).records) == base.RECORDS
    loop = tmp_path / "loop.n42"
    loop.symlink_to(loop)
    with pytest.raises(ParseError):
        reader.read(loop)


def test_no_worker_is_left_running(reader: Reader) -> None:
    assert_benign_file_reads(reader)
    for name in ("depth/tags_1m", "counted zeroes/pairs_380_fold", "plain/zeros_1_MB_n42"):
        case = next(a for a in ATTACKS if a.name == name)
        with contextlib.suppress(ParseError):  # to read the first whole is right as well
            reader.read_bytes(case.build(), file_name=case.file_name)
    assert_benign_file_reads(reader)
    # Other children are none of the reader's: the driver of a browser keeps children of its own.
    zygotes = [pid for pid in children_of(os.getpid()) if b"tocsin.formats.zygote" in command(pid)]
    assert zygotes
    deadline = time.monotonic() + 5.0
    while any(children_of(pid) for pid in zygotes) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(children_of(pid) for pid in zygotes)


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def children_of(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
