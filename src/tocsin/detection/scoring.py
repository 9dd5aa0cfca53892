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
    correct_skewness,
    gross_score,
    measure_search,
    neutron_deviate,
)


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
        self.windows = tuple(
            sorted({max(1, round(w / record_s)) for w in settings.window_s if w >= record_s} or {1})
        )
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

    @property
    def spread(self) -> FloatArray:
        """Recent mean square of every score, at least that of pure counting noise."""
        return np.maximum(self.mean_square, 1.0)

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
        rate = s.false_alarm_rate_per_h
        few = SearchSize(_window_tests(self.windows))
        record_s, least = self.record_s, s.smallest_threshold
        self.gross_threshold = max(
            few.threshold(rate_per_h=rate * s.gross_share, record_s=record_s), least
        )
        self.neutron_threshold = max(
            few.threshold(rate_per_h=rate * s.neutron_share, record_s=record_s), least
        )
        self.threshold = self.gross_threshold
        if self.test is not None:
            spectral = self.size.threshold(rate_per_h=rate * s.spectral_share, record_s=record_s)
            self.threshold = max(spectral, least)

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
        n_window = len(self.windows)
        spread = self.spread
        squares = np.full((n_window, spread.shape[1]), np.nan)
        best: tuple[float, int, str, FloatArray | None] = (0.0, 1, "", None)
        gross_best, gross_records, gross_excess = 0.0, 1, (0.0, 0.0)
        neutron_best, neutron_records = 0.0, 1
        if self.test is not None:
            self.test.prepare(
                tracker.rate_cps,
                dispersion=dispersion,
                effective_time_s=tracker.effective_time_s,
            )
        background_cps = tracker.gross_cps
        items = list(recent)[-self.windows[-1] :]
        for w, records in enumerate(self.windows):
            if records > len(items):
                break
            part = items[-records:]
            live = sum(p.live_time_s for p in part)
            gross = sum(p.gross for p in part)
            mean = background_cps * live
            if self.test is not None and self.bank is not None:
                counts = (
                    part[0].coarse if records == 1 else np.sum([p.coarse for p in part], axis=0)
                )
                level = gross / max(mean, 1e-9)
                filters = self.test.filter(live, level=level)
                raw = filters.weights @ (counts - self.test.expected(live))
                score = correct_skewness(raw, filters.skewness, at=self.threshold)
                squares[w] = score**2
                score = score / np.sqrt(spread[w])
                k = int(np.argmax(score))
                if score[k] > best[0]:
                    best = (float(score[k]), records, self.bank.names[k], filters.weights[k])
            noise = dispersion * mean * (1.0 + live / max(tracker.effective_time_s, 1e-9))
            value = gross_score(
                gross,
                mean,
                noise_variance=max(noise, 1.0),
                natural_sigma=math.sqrt(self.gross_variance),
            )
            if self.test is not None and gross < mean * (1.0 + self.settings.norm_minimum_rise):
                value = min(value, 0.7 * self.gross_threshold)
            if value > gross_best:
                gross_best, gross_records = value, records
            if w == 0:
                gross_excess = ((gross - mean) ** 2 - noise, mean**2)
            value = self._neutron(part, tracker)
            if value > neutron_best:
                neutron_best, neutron_records = value, records
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

    def _neutron(self, part: Sequence[Slice], tracker: BackgroundTracker) -> float:
        if tracker.neutron_s <= 0 or any(p.neutrons is None for p in part):
            return 0.0
        return neutron_deviate(
            sum(p.neutrons or 0.0 for p in part),
            sum(p.live_time_s for p in part),
            mean=tracker.neutron_cps,
            memory_s=tracker.neutron_s,
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
        odd = set()
        for item in items:
            level = item.gross / max(tracker.gross_cps * item.live_time_s, 1e-9)
            filters = self.test.filter(item.live_time_s, level=level)
            raw = filters.weights @ (item.coarse - self.test.expected(item.live_time_s))
            score = correct_skewness(raw, filters.skewness, at=limit)
            if float(score.max()) > limit:
                odd.add(item.index)
        return odd

    def learn_spread(self, verdict: Verdict) -> None:
        """Follow the recent spread of every score and of the total rate.

        A square enters cut at nine times the present spread, so that one rise does not count as
        spread.
        """
        keep = 1.0 - 1.0 / self.settings.spread_memory_records
        known = ~np.isnan(verdict.squares)
        value = np.minimum(verdict.squares, 9.0 * self.spread)
        self.mean_square = np.where(
            known, keep * self.mean_square + (1 - keep) * value, self.mean_square
        )
        over, scale = verdict.gross_excess
        if scale > 0:
            floor = self.settings.gross_sigma_floor**2
            seen = min(over / scale, 9.0 * self.gross_variance)
            self.gross_variance = max(keep * self.gross_variance + (1 - keep) * seen, floor)


def _window_tests(windows: tuple[int, ...]) -> float:
    """Effective tests per record of nested sliding sums: the shortest counts fully, longer less.

    A sum over ``m`` records is new only every ``m`` records or so; overlap with the shorter one is
    neglected, which errs to the side of fewer false alarms.
    """
    return float(sum(1.0 / m for m in windows))
