"""Judging one record: all windows, all statistics, one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.detection.analysis import FloatArray
from tocsin.detection.background import BackgroundTracker
from tocsin.detection.bank import ShapeBank
from tocsin.detection.encounters import StatisticName
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Grid, Slice
from tocsin.detection.statistics import (
    SearchSize,
    SpectralTest,
    Windows,
    gross_scores,
    highest_score,
    measure_search,
    neutron_deviates,
)

# Counts of background by which the level of a window is steadied: of few counts it says little.
_LEVEL_COUNTS = 100.0


# Mean of the square of a standard normal number cut at four.
_CUT_AT_FOUR = 0.9205


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """Judgement of one record: the three statistics on one scale, and what stood out.

    All are scaled so that their own thresholds fall on the spectral threshold.
    """

    spectral: float
    gross: float
    neutron: float
    statistic: float
    name: StatisticName
    records: int
    template: str
    weights: FloatArray | None
    squares: FloatArray
    gross_excess: tuple[float, float]


class Scorer:
    """All statistics of a survey with their thresholds and their recent spread.

    Parameters
    ----------
    record_s : float
        Usual length of a record in seconds of live time.
    """

    def __init__(
        self, grid: Grid, bank: ShapeBank | None, settings: DetectorSettings, *, record_s: float
    ) -> None:
        self.settings = settings
        self.bank = bank
        self.record_s = record_s
        self.windows = tuple(sorted({max(1, round(w / record_s)) for w in settings.window_s}))
        self.test: SpectralTest | None = None
        n = 0
        if bank is not None:
            self.test = SpectralTest(bank.shapes, bank.series, grid.centres_keV, settings)
            n = len(bank.names)
        self.mean_square = np.ones((len(self.windows), n))
        self.gross_variance = settings.gross_sigma_floor**2
        self.threshold = 0.0
        self.gross_threshold = 0.0
        self.neutron_threshold = 0.0
        self.size = SearchSize(1.0)

    def measure(self, tracker: BackgroundTracker, dispersion: float) -> None:
        """Set the thresholds from the false-alarm rate, for the background as it is now."""
        s = self.settings
        if self.test is not None:
            self.test.prepare(
                tracker.rate_cps,
                dispersion=dispersion,
                effective_time_s=tracker.effective_time_s,
            )
            self.size = measure_search(
                self.test,
                self.windows,
                record_s=self.record_s,
                gap_records=max(1, round(s.merge_gap_s / self.record_s)),
                seed=s.seed,
            )
        self.set_thresholds()

    def set_thresholds(self) -> None:
        """Thresholds from the number of effective tests (also after loading a state)."""
        s = self.settings
        rate, record_s = s.false_alarm_rate_per_h, self.record_s
        few = SearchSize(_window_tests(self.windows))
        self.neutron_threshold = few.threshold(rate_per_h=rate * s.neutron_share, record_s=record_s)
        if self.test is None:
            gross = few.threshold(
                rate_per_h=rate * (s.spectral_share + s.gross_share), record_s=record_s
            )
            self.threshold = self.gross_threshold = max(gross, s.smallest_threshold)
            return
        gross = few.threshold(rate_per_h=rate * s.gross_share, record_s=record_s)
        self.gross_threshold = max(gross, s.smallest_threshold)
        spectral = self.size.threshold(rate_per_h=rate * s.spectral_share, record_s=record_s)
        self.threshold = max(spectral, s.smallest_threshold)

    def save(self, values: dict[str, Any], arrays: dict[str, FloatArray]) -> None:
        """Put the state into JSON values and arrays."""
        values["scorer"] = {
            "record_s": self.record_s,
            "tests": self.size.tests,
            "gross_variance": self.gross_variance,
        }
        arrays["scorer_mean_square"] = self.mean_square

    def restore(self, values: dict[str, Any], arrays: dict[str, FloatArray]) -> None:
        """Take the state back."""
        self.size = SearchSize(values["scorer"]["tests"])
        self.gross_variance = values["scorer"]["gross_variance"]
        self.mean_square = arrays["scorer_mean_square"]
        self.set_thresholds()

    # ---------------------------------------------------------------- scores
    def judge(
        self, recent: Sequence[Slice], tracker: BackgroundTracker, dispersion: float
    ) -> Verdict:
        """Judge the last record with all windows that end in it."""
        if self.test is not None:
            self.test.prepare(
                tracker.rate_cps,
                dispersion=dispersion,
                effective_time_s=tracker.effective_time_s,
            )
        items = list(recent)[-self.windows[-1] :]
        if len(items) < self.windows[0]:  # short records, and the first window is not full yet
            return _nothing(np.full(self.mean_square.shape, np.nan))
        sums = _Sums.of(items, self.windows)
        mean = tracker.gross_cps * sums.live_time_s
        squares = np.full(self.mean_square.shape, np.nan)
        best: tuple[float, int, str, FloatArray | None] = (0.0, 1, "", None)
        if self.test is not None and self.bank is not None:
            level = (sums.gross + _LEVEL_COUNTS) / (mean + _LEVEL_COUNTS)
            windows = Windows(sums.coarse, sums.live_time_s, level)
            scores, counting = self.test.scores(windows)
            n = len(sums.records)
            np.square(scores, out=squares[:n])
            spread = np.maximum(self.mean_square[:n], counting)
            top, w, k = highest_score(self.test, windows, scores, spread, at=self.threshold)
            if top > 0:
                # an encounter keeps its filter; where none can begin, none is drawn
                pair = np.array([w]), np.array([k])
                near = top >= self.threshold
                weights = self.test.filters(windows, *pair)[0] if near else None
                best = (top, sums.records[w], self.bank.names[k], weights)
        noise = dispersion * mean * (1.0 + sums.live_time_s / max(tracker.effective_time_s, 1e-9))
        rises = gross_scores(
            sums.gross,
            mean,
            noise_variance=np.maximum(noise, 1.0),
            natural_sigma=math.sqrt(self.gross_variance),
            dispersion=dispersion,
            at=self.gross_threshold,
        )
        if self.test is not None:
            small = sums.gross < mean * (1.0 + self.settings.norm_minimum_rise)
            rises = np.where(small, np.minimum(rises, 0.7 * self.gross_threshold), rises)
        gross_best, gross_records = _largest(rises, sums.records)
        gross_excess = (float((sums.gross[0] - mean[0]) ** 2 - noise[0]), float(mean[0] ** 2))
        excess = neutron_deviates(
            sums.neutrons, sums.live_time_s, mean=tracker.neutron_cps, memory_s=tracker.neutron_s
        )
        neutron_best, neutron_records = _largest(excess, sums.records)
        gross_scaled = gross_best * self.threshold / self.gross_threshold
        neutron_scaled = neutron_best * self.threshold / self.neutron_threshold
        options: list[tuple[float, StatisticName, int]] = [
            (best[0], "spectral", best[1]),
            (neutron_scaled, "neutron", neutron_records),
            (gross_scaled, "gross", gross_records),
        ]
        # a spectral crossing says more than a gross one, so it names the encounter when both cross
        crossed = [o for o in options if o[0] >= self.threshold]
        statistic, name, records = crossed[0] if crossed else max(options)
        return Verdict(
            spectral=best[0],
            gross=gross_scaled,
            neutron=neutron_scaled,
            statistic=statistic,
            name=name,
            records=records,
            template=best[2] if name == "spectral" else "",
            weights=best[3] if name == "spectral" else None,
            squares=squares,
            gross_excess=gross_excess,
        )

    def odd_records(
        self,
        items: Sequence[Slice],
        tracker: BackgroundTracker,
        dispersion: float,
        limit: float,
    ) -> set[int]:
        """Numbers of records whose shape alone stands out of the background by ``limit``."""
        if self.test is None:
            return set()
        self.test.prepare(
            tracker.rate_cps, dispersion=dispersion, effective_time_s=tracker.effective_time_s
        )
        live = np.array([i.live_time_s for i in items])
        gross = np.array([i.gross for i in items])
        level = (gross + _LEVEL_COUNTS) / (tracker.gross_cps * live + _LEVEL_COUNTS)
        odd = set()
        for k, item in enumerate(items):
            alone = Windows(item.coarse[None, :], live[k : k + 1], level[k : k + 1])
            scores, _ = self.test.scores(alone)
            top, _, _ = highest_score(self.test, alone, scores, np.ones_like(scores), at=limit)
            if top > limit:
                odd.add(item.index)
        return odd

    def learn_spread(self, verdict: Verdict) -> None:
        """Follow the recent spread of every score and of the total rate.

        A square enters cut at four times the present mean (or one), so that a rise does not count
        as spread; what the cut takes from a normal law is given back.
        """
        keep = 1.0 - 1.0 / self.settings.spread_memory_records
        known = ~np.isnan(verdict.squares)
        value = np.minimum(verdict.squares, 4.0 * np.maximum(self.mean_square, 1.0)) / _CUT_AT_FOUR
        self.mean_square = np.where(
            known, keep * self.mean_square + (1 - keep) * value, self.mean_square
        )
        over, scale = verdict.gross_excess
        if scale > 0:
            floor = self.settings.gross_sigma_floor**2
            seen = min(over / scale, 9.0 * self.gross_variance)
            self.gross_variance = max(keep * self.gross_variance + (1 - keep) * seen, floor)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums over the last records, one row per window that is full.

    ``neutrons`` is zero, which raises nothing, where a record of the window has no neutron count.
    """

    records: tuple[int, ...]
    coarse: FloatArray
    live_time_s: FloatArray
    gross: FloatArray
    neutrons: FloatArray

    @classmethod
    def of(cls, items: Sequence[Slice], windows: tuple[int, ...]) -> _Sums:
        """Sums of the windows that end with the last item."""
        full = tuple(w for w in windows if w <= len(items))
        back = items[::-1]
        at = np.array(full) - 1
        none = math.nan
        rows = [(i.live_time_s, i.gross, none if i.neutrons is None else i.neutrons) for i in back]
        plain = np.array(rows).cumsum(axis=0)[at]
        return cls(
            full,
            np.array([i.coarse for i in back]).cumsum(axis=0)[at],
            plain[:, 0],
            plain[:, 1],
            np.where(np.isnan(plain[:, 2]), 0.0, plain[:, 2]),
        )


def _nothing(squares: FloatArray) -> Verdict:
    """Verdict of a record of which nothing can be said yet."""
    return Verdict(0.0, 0.0, 0.0, 0.0, "spectral", 1, "", None, squares, (0.0, 0.0))


def _largest(values: FloatArray, records: tuple[int, ...]) -> tuple[float, int]:
    """Largest positive value and the window it belongs to."""
    k = int(np.argmax(values))
    return (float(values[k]), records[k]) if values[k] > 0 else (0.0, 1)


def _window_tests(windows: tuple[int, ...]) -> float:
    """Effective tests per record of nested sliding sums: the shortest counts fully, longer less.

    A sum over ``m`` records is new only every ``m`` records or so; overlap with the shorter one is
    neglected, which errs to the side of fewer false alarms.
    """
    return float(sum(1.0 / m for m in windows))
