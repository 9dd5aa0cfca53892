"""Checks before any claim of counting statistics: dispersion, dead time, gaps, clock, places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from tocsin.detection.analysis import FloatArray
from tocsin.detection.encounters import DataGap
from tocsin.detection.slices import Slice
from tocsin.spectra import Record, Recording, RecordingWarning

Placed = TypeVar("Placed", Record, Slice)

# A bin enters the dispersion estimate only with this many counts in two records together: given
# the sum the difference is binomial, so the choice does not bias it.
_DISPERSION_MIN_COUNTS = 4.0
# Fewer bins say nothing once their total is taken as given.
_DISPERSION_MIN_BINS = 8
# A departure from Poisson is believed beyond this many standard deviations of the estimate.
_DISPERSION_SIGMA = 4.0
# Contribution of one bin beyond which it is cut (a source passing, not noise), in units of the
# present estimate.
_DISPERSION_CLIP = 12.0


class DispersionTracker:
    """Variance over mean of the counts, from differences of successive records.

    For two records of totals ``N1, N2`` (``N`` together) with ``n1, n2`` counts in one bin (``s``
    together), ``(n2 N1 - n1 N2)^2 / [N1 N2 s (N - s) / (N - 1)]`` has expectation 1 under Poisson
    (the law is hypergeometric given all totals), whatever the rate and however the rate changes; a
    drift of the composition hardly adds to it. The mean over bins and records estimates the
    dispersion. Totals alone are not used: nature cannot be told from the instrument in them. A
    common divisor of all channels (an instrument that doubles every count) shows as well and is
    found at once.
    """

    def __init__(self) -> None:
        self.sum = 0.0
        self.terms = 0
        self.divisor = 0
        self.channels = 0
        self.previous: FloatArray | None = None

    def update(self, item: Slice) -> None:
        """Take one record of quiet background."""
        counts = item.coarse
        if item.live_time_s <= 0:
            self.previous = None
            return
        whole = item.fine[item.fine > 0]
        if whole.size and bool(np.all(whole == np.rint(whole))):
            self.divisor = math.gcd(self.divisor, int(np.gcd.reduce(whole.astype(np.int64))))
            self.channels += whole.size
        if self.previous is not None and counts.size >= _DISPERSION_MIN_BINS:
            before = self.previous
            pair = counts + before
            first, second = float(before.sum()), float(counts.sum())
            both = first + second
            use = (pair >= _DISPERSION_MIN_COUNTS) & (pair < both)
            if first > 0 and second > 0:
                pair, n2, n1 = pair[use], counts[use], before[use]
                expected = first * second * pair * (both - pair) / (both - 1.0)
                values = (n2 * first - n1 * second) ** 2 / expected
                values = np.minimum(values, _DISPERSION_CLIP * max(self.estimate, 1.0))
                self.sum += float(values.sum())
                self.terms += int(values.size)
        self.previous = counts

    def save(self, values: dict[str, Any], arrays: dict[str, FloatArray]) -> None:
        """Put the state into JSON values and arrays."""
        values["dispersion"] = {
            "sum": self.sum,
            "terms": self.terms,
            "divisor": self.divisor,
            "channels": self.channels,
        }
        if self.previous is not None:
            arrays["dispersion_previous"] = self.previous

    def restore(self, values: dict[str, Any], arrays: dict[str, FloatArray]) -> None:
        """Take the state back."""
        v = values["dispersion"]
        self.sum, self.terms = v["sum"], v["terms"]
        self.divisor, self.channels = v["divisor"], v["channels"]
        self.previous = arrays.get("dispersion_previous")

    def interrupt(self) -> None:
        """Forget the previous record (a gap or an encounter lies between)."""
        self.previous = None

    @property
    def estimate(self) -> float:
        """Mean square difference over its Poisson value; 1 before anything is known."""
        return self.sum / self.terms if self.terms else 1.0

    @property
    def uncertainty(self) -> float:
        """Standard uncertainty of the estimate (successive differences share a record)."""
        return self.estimate * math.sqrt(3.0 / self.terms) if self.terms else math.inf

    @property
    def common_divisor(self) -> int:
        """Number by which every count can be divided; 1 where there is none."""
        return self.divisor if self.channels >= 200 and self.divisor > 1 else 1

    @property
    def dispersion(self) -> float:
        """Factor by which thresholds must allow for more variance than Poisson; at least 1."""
        value = float(self.common_divisor)
        if self.terms and self.estimate - 1.0 > _DISPERSION_SIGMA * math.sqrt(3.0 / self.terms):
            value = max(value, self.estimate)
        return value


# A crystal with so many counts in a usual record does not count zero by chance (exp(-15)).
_CRYSTAL_COUNTS = 15.0
# Faster than any carrier of a search instrument: a jump of the receiver, not a movement.
FASTEST_M_S = 150.0
_SECONDS_PER_DAY = 86_400.0


def usable_positions(items: Sequence[Placed]) -> list[Placed]:
    """Records or slices whose position can be believed, in order.

    Left out are missing fixes, 0 N 0 E (what receivers write without a fix) and fixes that would
    need more than 150 m/s to and from the median of their neighbours.
    """
    placed = [
        i
        for i in items
        if i.position is not None
        and (abs(i.position.latitude_deg) > 1e-6 or abs(i.position.longitude_deg) > 1e-6)
    ]
    if len(placed) < 3:
        return placed
    latitude = np.array([i.position.latitude_deg for i in placed if i.position])
    longitude = np.array([i.position.longitude_deg for i in placed if i.position])
    metres = 111_195.0
    north = latitude * metres
    # about the first fix, so that a track across the antimeridian does not jump
    turn = (longitude - longitude[0] + 180.0) % 360.0 - 180.0
    east = turn * metres * math.cos(math.radians(float(np.median(latitude))))
    kept = []
    for k, item in enumerate(placed):
        near = slice(max(0, k - 3), k + 4)
        off = math.hypot(
            north[k] - float(np.median(north[near])), east[k] - float(np.median(east[near]))
        )
        seconds = 6.0 * max(item.real_time_s or 0.0, 1.0)
        if off <= FASTEST_M_S * seconds:
            kept.append(item)
    return kept


def position_warnings(items: Sequence[Record]) -> list[RecordingWarning]:
    """What is wrong with the track: fixes lost, jumps."""
    placed = [i for i in items if i.position is not None]
    if not placed:
        return []
    warnings = []
    missing = len(items) - len(placed)
    if missing:
        warnings.append(
            RecordingWarning(
                "position-missing", f"{missing} of {len(items)} records have no position"
            )
        )
    bad = len(placed) - len(usable_positions(items))
    if bad:
        warnings.append(
            RecordingWarning(
                "position-not-believed",
                f"{bad} positions are at 0 N 0 E or jump faster than {FASTEST_M_S:g} m/s; "
                "they are not used",
            )
        )
    return warnings


def clock_warnings(items: Sequence[Record]) -> list[RecordingWarning]:
    """What is wrong with the times: backwards, missing, jumps of more than a day."""
    starts = [i.start for i in items]
    known = [s.replace(tzinfo=None) for s in starts if s is not None]
    warnings = []
    if known and len(known) < len(starts):
        warnings.append(
            RecordingWarning(
                "time-missing", f"{len(starts) - len(known)} of {len(starts)} records have no time"
            )
        )
    steps = [(b - a).total_seconds() for a, b in pairwise(known)]
    back = sum(1 for step in steps if step < 0)
    if back:
        warnings.append(
            RecordingWarning("time-backwards", f"the clock runs backwards {back} time(s)")
        )
    far = sum(1 for step in steps if step > _SECONDS_PER_DAY)
    if far:
        warnings.append(
            RecordingWarning("time-jump", f"the clock jumps by more than a day {far} time(s)")
        )
    return warnings


def dead_time_warning(recording: Recording) -> RecordingWarning | None:
    """Warn where live time equals real time whatever the rate: dead time was not measured."""
    spectra = [s for r in recording.measured for s in r.spectra]
    stated = [s for s in spectra if s.live_time_s and s.real_time_s]
    if not stated:
        return (
            RecordingWarning(
                "dead-time-unknown", "the file states no live time: dead time is unknown"
            )
            if spectra
            else None
        )
    unknown = sum(1 for s in stated if s.dead_time_fraction is None)
    if unknown < 0.5 * len(stated):
        return None
    return RecordingWarning(
        "dead-time-unknown",
        "live time equals real time (within 0.1 %) whatever the rate: dead time was not measured "
        "and is unknown, not zero",
    )


def dispersion_warning(tracker: DispersionTracker) -> RecordingWarning | None:
    """Warn where the counts are not Poisson, and say what was done about it."""
    factor = tracker.dispersion
    if factor <= 1.0:
        return None
    why = (
        f"every channel count is a multiple of {tracker.common_divisor}; "
        if tracker.common_divisor > 1
        else ""
    )
    return RecordingWarning(
        "over-dispersed",
        f"counts are not Poisson: {why}variance is {tracker.estimate:.2f} times the mean "
        f"(from differences of successive records); all thresholds allow for a factor {factor:.2f}",
    )


def silent_crystal_warning(recording: Recording) -> RecordingWarning | None:
    """Warn where one of several crystals counts nothing while it usually counts many."""
    counts: dict[str, list[tuple[int, float]]] = {}
    for index, record in enumerate(recording.measured):
        if len(record.spectra) > 1:
            for spectrum in record.spectra:
                counts.setdefault(spectrum.detector, []).append((index, spectrum.total))
    words = []
    for name, values in counts.items():
        silent = [index for index, total in values if total <= 0]
        if silent and float(np.median([t for _, t in values])) >= _CRYSTAL_COUNTS:
            words.append(f"{name or 'one without a name'} in {_ranges(silent)}")
    if not words:
        return None
    return RecordingWarning(
        "crystal-silent",
        f"no counts from {'; '.join(words)}, where it usually counts many: the total rate falls "
        "and rises with it, not with the surroundings",
    )


def gap_warnings(gaps: Sequence[DataGap]) -> list[RecordingWarning]:
    """Warn of records without counts: they are neither quiet nor an encounter."""
    warnings = []
    blind = [g.record for g in gaps if not (g.overload or g.timeless)]
    over = [g.record for g in gaps if g.overload]
    timeless = [g.record for g in gaps if g.timeless]
    if timeless:
        warnings.append(
            RecordingWarning(
                "no-duration",
                f"{_ranges(timeless)}: counts without live time or duration; no rate follows from "
                "them, they are not judged",
            )
        )
    if blind:
        warnings.append(
            RecordingWarning(
                "drop-out",
                f"{_ranges(blind)}: no counts at all where the background predicts many; "
                "the instrument was blind there, nothing can be said of these records",
            )
        )
    if over:
        warnings.append(
            RecordingWarning(
                "overload",
                f"{_ranges(over)}: no counts at all right after a very high rate: overload, "
                "not quiet; the true rate was higher than the instrument can count",
            )
        )
    return warnings


def _ranges(records: Sequence[int]) -> str:
    """Record numbers in words: ``records 3, 7-9``."""
    parts: list[list[int]] = []
    for record in sorted(records):
        if parts and record == parts[-1][1] + 1:
            parts[-1][1] = record
        else:
            parts.append([record, record])
    shown = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in parts[:10])
    more = f" and {len(parts) - 10} more stretches" if len(parts) > 10 else ""
    return f"record{'s' if len(records) > 1 else ''} {shown}{more}"


def not_counts_warning(recording: Recording) -> RecordingWarning | None:
    """Warn where spectra are not whole numbers: no counting statistics can be claimed."""
    bad = sum(1 for r in recording.measured if any(not s.is_integer for s in r.spectra))
    if not bad:
        return None
    return RecordingWarning(
        "not-counts",
        f"{bad} of {len(recording.measured)} records hold fractional or negative values: they are "
        "no counts, false-alarm rates and significances are not to be relied on",
    )
