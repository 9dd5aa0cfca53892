"""What one damaged file did: read, refused, contained - or lost something in silence."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass

from tocsin.errors import ParseError
from tocsin.formats import Reader
from tocsin.spectra import Record, Recording

from . import oracle
from .field_oracle import OF_MARKERS
from .mutate import Mutant

# Codes of workers that died or were ended; the file is refused all the same.
CONTAINED = frozenset({"crashed", "timeout", "memory"})

# Lists without a stated length: a cut between two lines leaves a shorter file that is whole.
OPEN_ENDED = frozenset({".tka", ".lis", ".txt", ".csv", ".rctrk", ".ndjson", ".log", ".ers"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one damaged file; ``silent`` says what was lost without a word (empty: nothing)."""

    verdict: str
    took_s: float
    silent: str = ""
    checked: bool = False


def attempt(
    reader: Reader, data: bytes, file_name: str
) -> tuple[Recording | None, ParseError | None, float]:
    """Read bytes; every other exception than ``ParseError`` is a crash of the caller."""
    begin = time.monotonic()
    try:
        return reader.read_bytes(data, file_name=file_name), None, time.monotonic() - begin
    except ParseError as error:
        return None, error, time.monotonic() - begin


def judge(reader: Reader, mutant: Mutant, whole: Recording | None) -> Outcome:
    """Read a mutant and compare with a second opinion and with the undamaged recording."""
    recording, error, took_s = attempt(reader, mutant.data, mutant.seed.name)
    if recording is None:
        return Outcome(error.code if error else "", took_s)
    silent, checked = "", False
    known = {w.code for w in whole.warnings} if whole is not None else set()
    if not {w.code for w in recording.warnings} - known:
        silent, checked = compare(mutant, recording, whole)
        cut = mutant.done == ("cut_tail",) and mutant.seed.kind not in OPEN_ENDED
        if not silent and whole is not None and cut:
            silent, checked = cut_in_silence(whole, recording), True
    return Outcome("read", took_s, silent, checked)


def compare(mutant: Mutant, recording: Recording, whole: Recording | None) -> tuple[str, bool]:
    """What the bytes hold by the second opinion and the recording does not; and if it was asked.

    The second opinion counts what it sees (neutron counts written as a spectrum of one channel,
    for example); what it sees too much of in the undamaged file it may see in the damaged one.
    """
    answer = oracle.content(mutant.seed.kind, mutant.data)
    if answer is None:
        return "", False
    if answer == oracle.DAMAGED:
        return "a damaged file is read without a word", True
    kind = mutant.seed.kind
    spectra, total = size(recording, kind)
    undamaged = oracle.content(mutant.seed.kind, mutant.seed.data)
    if whole is not None and isinstance(undamaged, oracle.Content):
        spectra += undamaged.spectra - size(whole, kind)[0]
        total += undamaged.total - size(whole, kind)[1]
    if spectra < answer.spectra:
        return f"{spectra} of {answer.spectra} spectra are read", True
    # Counts go through 32-bit floats in some readers.
    if not math.isclose(total, answer.total, rel_tol=1e-5, abs_tol=1e-5):
        return f"{total:g} of {answer.total:g} counts are read", True
    return "", True


def size(recording: Recording, kind: str) -> tuple[int, float]:
    """Spectra with channels, and the sum of all counts, derived records included.

    For tracks: markers, and the sum of their rates or counts.
    """
    if kind in OF_MARKERS:
        rates = [c.count_rate_cps for r in recording.records for c in r.count_rates]
        counts = [g.counts or 0.0 for r in recording.records for g in r.gross_counts]
        return len(recording.records), math.fsum(rates + counts)
    spectra = [s for r in recording.records + recording.derived for s in r.spectra if s.n_channel]
    if kind == ".lis":  # slices, as many as the clock says
        return 0, math.fsum(s.total for s in spectra)
    return len(spectra), math.fsum(s.total for s in spectra)


def cut_in_silence(whole: Recording, part: Recording) -> str:
    """What a cut at the tail took away although the reading carries no further warning.

    A cut may take trailing blanks or padding. It may not take a record, a count, a time, a
    calibration or a place: then the file must be refused, or a warning must say so.
    """
    if len(part.records) != len(whole.records):
        return f"{len(part.records)} of {len(whole.records)} records"
    for name in ("records", "derived", "instrument", "results", "remarks"):
        if getattr(part, name) != getattr(whole, name):
            return f"{name} differ{_where(part, whole)}"
    return ""


def _where(part: Recording, whole: Recording) -> str:
    for i, (a, b) in enumerate(zip(part.records, whole.records, strict=True)):
        for field in dataclasses.fields(Record):
            if getattr(a, field.name) != getattr(b, field.name):
                return f" (record {i}, {field.name})"
    return ""
