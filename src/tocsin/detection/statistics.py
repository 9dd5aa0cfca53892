"""Test statistics of a window of records against the background, and their thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tocsin.detection.analysis import FloatArray
from tocsin.detection.background import NaturalModes
from tocsin.detection.settings import DetectorSettings

IntArray = NDArray[np.int64]


_FIRST_PAIRS = 8  # corrected first; nearly always enough


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Sums of records over several windows, as the test wants them.

    Attributes
    ----------
    counts : (n_window, n_bin) float
        Counts of each window.
    live_time_s : (n_window,) float
        Its live time.
    level : (n_window,) float
        Its total rate over the background's: counting noise grows with what is really there, also
        where it is natural.
    """

    counts: FloatArray
    live_time_s: FloatArray
    level: FloatArray


class SpectralTest:
    """Score of every template against a background that may vary in its natural ways.

    With expectation ``mu = L b`` the counts ``n`` of a window of live time ``L`` have covariance
    ``V = phi (1 + L / L_eff) diag(mu) + L^2 N G N'``: Poisson noise times the measured dispersion
    ``phi``, the noise of the tracked background, and the natural modes ``N`` with prior variances
    ``G``. The score of a template ``s`` is ``z = s' V^-1 (n - mu) / sqrt(s' V^-1 s)``: a matched
    filter to which natural variation is one more kind of noise.

    Notes
    -----
    ``V^-1`` is found by the Woodbury identity in the eigenvectors of the scaled normal matrix of
    the modes, in which every window length is a diagonal: with ``d = phi b``, ``S = s / d``,
    ``M = U' N / d`` (``U`` the eigenvectors, modes scaled by ``sqrt G``) and ``P = S N' U``, the
    filter of one window is ``(f S - h P M) / sqrt(f s'S - h P P')`` with a number ``f`` and a
    diagonal ``h``. The scores of all windows are then products with matrices that are formed once a
    record, and no filter has to be written out for them.

    References
    ----------
    The idea of contrasts that are blind to the local background covariance is that of D. M. Pfund
    et al., IEEE Trans. Nucl. Sci. 57 (2010) 309; the score is the classical generalised
    least-squares one (C. R. Rao, 1948).
    """

    def __init__(
        self,
        shapes: FloatArray,
        series: FloatArray,
        centres_keV: FloatArray,
        settings: DetectorSettings,
    ) -> None:
        self.shapes = shapes
        self.series = series
        self.centres_keV = centres_keV
        self.settings = settings
        self._modes = NaturalModes(centres_keV, series, settings)
        self._squares = shapes * shapes

    def prepare(self, rate_cps: FloatArray, *, dispersion: float, effective_time_s: float) -> None:
        """Take over the present background (once a record, before the windows)."""
        self._rate = rate_cps
        self._dispersion = dispersion
        self._effective_s = max(effective_time_s, 1e-9)
        inverse = 1.0 / (dispersion * rate_cps)
        scaled = self._modes.rates(rate_cps) * self._modes.sigma[:, None]
        weighted = scaled * inverse
        self._eigenvalues, turn = np.linalg.eigh(weighted @ scaled.T)
        self._sw = self.shapes * inverse
        self._ss = self._squares @ inverse
        self._nw = turn.T @ weighted
        self._sn = (self._sw @ scaled.T) @ turn

    def _factors(self, windows: Windows) -> tuple[FloatArray, FloatArray]:
        """The number ``f`` ``(w,)`` and the diagonal ``h`` ``(w, mode)`` of every window."""
        live = windows.live_time_s
        factor = (1.0 + live / self._effective_s) * windows.level
        shrink = 1.0 / (1.0 + (live / factor)[:, None] * self._eigenvalues) / factor[:, None] ** 2
        return 1.0 / (live * factor), shrink

    def scores(self, windows: Windows) -> tuple[FloatArray, FloatArray]:
        """Scores of all templates in all windows, and the part of their variance that is counting.

        Returns
        -------
        scores, counting : (n_window, n_template) float
            ``counting`` is the variance that the scores have where nature holds still; the rest to
            one is what natural variation of the expected size adds.
        """
        flat, shrink = self._factors(windows)
        residual = windows.counts - windows.live_time_s[:, None] * self._rate
        squares = (self._sn * self._sn).T
        whole = flat[:, None] * self._ss
        information = np.maximum(whole - shrink @ squares, 1e-30)
        raw = flat[:, None] * (residual @ self._sw.T)
        raw -= (shrink * (residual @ self._nw.T)) @ self._sn.T
        # with a = (live / factor) * eigenvalue, shrink holds a / (1 + a) and counting needs
        # 1 - 1 / (1 + a)^2 in its place
        factor = 1.0 / (windows.live_time_s * flat)
        a = (windows.live_time_s / factor)[:, None] * self._eigenvalues
        counting = (whole - (shrink * (2.0 + a) / (1.0 + a)) @ squares) / information
        return np.asarray(raw / np.sqrt(information)), np.asarray(counting)

    def filters(self, windows: Windows, window: IntArray, template: IntArray) -> FloatArray:
        """Filters of pairs of a window and a template, ``(n_pair, n_bin)``.

        ``filters @ (counts - mu)`` are the scores: the plain way to them.
        """
        flat, shrink = self._factors(windows)
        part = self._sn[template] * shrink[window]
        flat = flat[window]
        information = self._ss[template] * flat - (part * self._sn[template]).sum(axis=1)
        root = np.sqrt(np.maximum(information, 1e-30))
        return np.asarray((self._sw[template] * flat[:, None] - part @ self._nw) / root[:, None])

    def skewness(self, windows: Windows, window: IntArray, template: IntArray) -> FloatArray:
        """Third cumulants of the scores of pairs of a window and a template, ``(n_pair,)``."""
        filters = self.filters(windows, window, template)
        scale = windows.live_time_s * self._dispersion**2 * windows.level
        return np.asarray((filters * filters * filters) @ self._rate * scale[window])

    def noise_cps(self) -> FloatArray:
        """Variance of the counts of one second of background; ``(n_bin,)``."""
        return self._rate * self._dispersion


def highest_score(
    test: SpectralTest, windows: Windows, scores: FloatArray, spread: FloatArray, *, at: float
) -> tuple[float, int, int]:
    """The largest score after correction for skewness and spread, with its window and template.

    Parameters
    ----------
    scores, spread : (n_window, n_template) float
        Plain scores, and their recent mean squares.
    at : float
        The threshold, near which the correction is right.

    Notes
    -----
    The correction only ever lowers a score, so the pairs are corrected from the largest plain score
    down until no plain score is left above the best corrected one.
    """
    plain = (scores / np.sqrt(spread)).ravel()
    order = np.argsort(-plain)
    best, at_pair, done, size = -math.inf, 0, 0, _FIRST_PAIRS
    while done < order.size and plain[order[done]] > best:
        pairs = order[done : done + size]
        window, template = np.divmod(pairs, scores.shape[1])
        skewness = test.skewness(windows, window, template)
        values = correct_skewness(plain[pairs], skewness, at=at)
        k = int(np.argmax(values))
        if values[k] > best:
            best, at_pair = float(values[k]), int(pairs[k])
        done += size
        size *= 4
    window_of, template_of = divmod(at_pair, scores.shape[1])
    return best, window_of, template_of


def correct_skewness(score: FloatArray, skewness: FloatArray, *, at: float) -> FloatArray:
    """Score on the scale of a normal deviate near the threshold ``at``.

    The upper quantile of a standardised variable with third cumulant ``k`` is
    ``u + k (u^2 - 1) / 6`` to first order (E. A. Cornish and R. A. Fisher, 1938); the score is
    divided by the ratio of that to ``u``. For a Poisson count this is exact to a fraction of one
    count down to expectations far below one.
    """
    return score / (1.0 + np.maximum(skewness, 0.0) * (at**2 - 1.0) / (6.0 * at))


def normal_deviate(log_probability: float) -> float:
    """Deviate ``u`` with upper tail ``exp(log_probability)``; exact enough far out."""
    if log_probability >= math.log(0.5):
        return 0.0
    return float(-special.ndtri_exp(log_probability))


def gross_scores(
    counts: FloatArray,
    expected: FloatArray,
    *,
    noise_variance: FloatArray,
    natural_sigma: float,
    dispersion: float,
    at: float,
) -> FloatArray:
    """Rise of the total count over natural variation and counting noise, as normal deviates.

    Parameters
    ----------
    counts, expected : (n_window,) float
        Counts of each window, and what the background gives.
    noise_variance : (n_window,) float
        Of counting, that of the background's own measurement included.
    natural_sigma : float
        Natural variation as a part of the expectation.
    dispersion : float
        Variance over mean of the counts.
    at : float
        The threshold, near which the correction for the skewness of few counts is right.
    """
    variance = np.maximum(noise_variance + (natural_sigma * expected) ** 2, 1e-12)
    score = (counts - expected) / np.sqrt(variance)
    return correct_skewness(score, dispersion * noise_variance / variance**1.5, at=at)


def neutron_deviates(
    counts: FloatArray, live_time_s: FloatArray, *, mean: float, memory_s: float
) -> FloatArray:
    """Normal deviates of neutron counts ``(n_window,)`` over their tracked background.

    The rate is known from ``mean * memory_s`` counts only, so the count follows a negative binomial
    law (a Poisson law mixed over the gamma posterior of the rate, Jeffreys prior of half a count).
    """
    if memory_s <= 0:
        return np.zeros(counts.size)
    a = mean * memory_s + 0.5
    p = memory_s / (memory_s + live_time_s)
    tail = special.betainc(np.maximum(counts, 1e-9), a, 1.0 - p)
    # betainc underflows only for counts so large that any threshold is passed
    deviates = -special.ndtri_exp(np.log(np.maximum(tail, 1e-300)))
    return np.asarray(np.where(counts > 0, np.maximum(deviates, 0.0), 0.0))


@dataclass(frozen=True, slots=True)
class SearchSize:
    """How many independent tests one record stands for.

    The rate of events above ``u`` is ``tests * Q(u)`` per record, ``Q`` the normal upper tail:
    templates overlap and windows overlap, so ``tests`` is far below templates times windows.
    """

    tests: float

    def threshold(self, *, rate_per_h: float, record_s: float) -> float:
        """Deviate at which events come ``rate_per_h`` times an hour."""
        probability = rate_per_h * record_s / 3600.0 / self.tests
        return normal_deviate(math.log(min(probability, 0.4)))


SIMULATED_RECORDS = 20_000


@lru_cache(maxsize=2)
def _sums_of_noise(
    seed: int, n_group: int, windows: tuple[int, ...]
) -> tuple[NDArray[np.float32], ...]:
    """Standard normal noise of each group, summed over every window of so many records.

    Every survey of instruments of one kind begins with the same draws; single precision is far
    finer than the number of tests is known.
    """
    drawn = np.random.default_rng(seed).standard_normal((SIMULATED_RECORDS, n_group))
    cumulative = np.vstack([np.zeros((1, n_group)), np.cumsum(drawn, axis=0)])
    return tuple((cumulative[m:] - cumulative[:-m]).astype(np.float32) for m in windows)


def measure_search(
    test: SpectralTest, windows: tuple[int, ...], *, record_s: float, gap_records: int, seed: int
) -> SearchSize:
    """Effective number of tests per record, from a short simulation of pure background.

    Residuals are drawn from a normal law with the covariance of the prepared test (the natural part
    leaves no mark on the scores, so only counting noise is drawn), summed over the windows, scored,
    and runs above a low level are counted as events after merging.
    """
    deviation = np.sqrt(test.noise_cps() * record_s)
    live = np.array(windows, dtype=np.float64) * record_s
    plain = Windows(np.empty((0, 0)), live, np.ones(live.size))
    every = np.arange(len(test.shapes))
    n = SIMULATED_RECORDS
    best = np.full(n, -np.inf)
    sums = _sums_of_noise(seed, deviation.size, windows)
    for w, (m, drawn) in enumerate(zip(windows, sums, strict=True)):
        weights = test.filters(plain, np.full(every.size, w), every) * deviation
        # of unit length: the sum of m draws has the variance m
        weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True) * m)
        z = drawn @ weights.T.astype(np.float32)
        best[m - 1 :] = np.maximum(best[m - 1 :], z.max(axis=1))
    level = float(np.quantile(best, 1.0 - 200.0 / n))
    above = np.flatnonzero(best > level)
    events = 1 + int(np.count_nonzero(np.diff(above) > gap_records))
    return SearchSize(max(events / n / float(special.ndtr(-level)), 1.0))
