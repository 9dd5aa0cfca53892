"""Records in the order of time, and the length of slices where only a clock tells it."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Sequence

from tocsin.formats.notes import Notes
from tocsin.spectra import Record


def sorted_by_time(records: Sequence[Record], notes: Notes) -> tuple[Record, ...]:
    """Records with the earliest first; those of one moment stay in file order.

    For formats that store markers in no order. All records must have a start with a zone.
    """
    times = [_moment(r) for r in records]
    back = sum(1 for a, b in itertools.pairwise(times) if b < a)
    if not back:
        return tuple(records)
    notes.add("out_of_order", f"the file is not in the order of time ({back} steps back): sorted")
    return tuple(sorted(records, key=_moment))


def _moment(record: Record) -> dt.datetime:
    return record.start or dt.datetime.min.replace(tzinfo=dt.UTC)


def note_steps_back(records: Sequence[Record], notes: Notes) -> None:
    """Note a clock that runs backwards in a log; the order of a log is the order of its lines."""
    known = [r.start for r in records if r.start is not None]
    for a, b in itertools.pairwise(known):
        if b < a:
            notes.add("time_backwards", "the clock of the instrument runs backwards")


def usual_step_s(starts: Sequence[dt.datetime | None]) -> float | None:
    """Median step of a clock in seconds; None where it does not run."""
    steps = [
        (b - a).total_seconds()
        for a, b in itertools.pairwise(starts)
        if a is not None and b is not None and (a.tzinfo is None) == (b.tzinfo is None)
    ]
    rising = [s for s in steps if s > 0]
    return statistics.median(rising) if rising else None
