"""Test statistics of a window of records against the background, and their thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from tocsin.detection.analysis import FloatArray
from tocsin.detection.background import natural_modes, smooth_modes
from tocsin.detection.settings import DetectorSettings


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Matched filters of one window length.

    Attributes
    ----------
    weights : (n_template, n_bin) float
        ``weights @ residual`` is the estimated number of counts of each template over its standard
        deviation, that is the score ``z``.
    sigma_counts : (n_template,) float
        Standard deviation of that number of counts.
    skewness : (n_template,) float
        Third cumulant of the score under the background.
    """

    weights: FloatArray
    sigma_counts: FloatArray
    skewness: FloatArray


class SpectralTest:
    """Score of every template against a background that may vary in its natural ways.

    With expectation ``mu = L b`` the counts ``n`` of a window of live time ``L`` have covariance
    ``V = phi (1 + L / L_eff) diag(mu) + L^2 N G N'``: Poisson noise times the measured dispersion
    ``phi``, the noise of the tracked background, and the natural modes ``N`` with prior variances
    ``G``. The score of a template ``s`` is ``z = s' V^-1 (n - mu) / sqrt(s' V^-1 s)``: a matched
    filter to which natural variation is one more kind of noise. ``V^-1`` is found by the Woodbury
    identity, so a record costs a few small matrix products.

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
        self._rate = np.empty(0)
        self._smooth = smooth_modes(centres_keV, settings)

    def prepare(self, rate_cps: FloatArray, *, dispersion: float, effective_time_s: float) -> None:
        """Take over the present background (once a record, before the windows)."""
        self._rate = rate_cps
        self._dispersion = dispersion
        self._effective_s = max(effective_time_s, 1e-9)
        modes, sigma = natural_modes(
            rate_cps, self.centres_keV, self.series, self.settings, smooth=self._smooth
        )
        inverse = 1.0 / (dispersion * rate_cps)
        scaled = modes * sigma[:, None]
        weighted = scaled * inverse
        # in the eigenvectors of the scaled normal matrix every window length is a diagonal
        self._eigenvalues, turn = np.linalg.eigh(weighted @ scaled.T)
        self._sw = self.shapes * inverse
        self._ss = np.einsum("kj,kj->k", self._sw, self.shapes)
        self._nw = turn.T @ weighted
        self._sn = (self._sw @ scaled.T) @ turn

    def filter(self, live_time_s: float, *, level: float = 1.0) -> Filter:
        """Filters for windows of one live time.

        ``level`` is the total rate over the background: counting noise grows with what is really
        there, also where it is natural.
        """
        factor = (1.0 + live_time_s / self._effective_s) * max(level, 1.0)
        shrink = 1.0 / (1.0 + (live_time_s / factor) * self._eigenvalues) / factor**2
        flat = 1.0 / (live_time_s * factor)
        part = self._sn * shrink
        raw = self._sw * flat - part @ self._nw
        information = self._ss * flat - np.einsum("km,km->k", part, self._sn)
        root = np.sqrt(np.maximum(information, 1e-30))
        weights = raw / root[:, None]
        cube = (weights * weights * weights) @ self._rate
        skewness = cube * live_time_s * self._dispersion**2 * level
        return Filter(weights, 1.0 / root, skewness)

    def expected(self, live_time_s: float) -> FloatArray:
        """Expected background counts of a window; ``(n_bin,)``."""
        return self._rate * live_time_s


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


def gross_score(
    counts: float, expected: float, *, noise_variance: float, natural_sigma: float
) -> float:
    """Rise of the total count over natural variation and counting noise, in standard deviations."""
    variance = noise_variance + (natural_sigma * expected) ** 2
    return (counts - expected) / math.sqrt(max(variance, 1e-12))


def neutron_deviate(counts: float, live_time_s: float, *, mean: float, memory_s: float) -> float:
    """Normal deviate of a neutron count over its tracked background.

    The rate is known from ``mean * memory_s`` counts only, so the count follows a negative binomial
    law (a Poisson law mixed over the gamma posterior of the rate, Jeffreys prior of half a count).
    """
    if counts <= 0 or memory_s <= 0:
        return 0.0
    a = mean * memory_s + 0.5
    p = memory_s / (memory_s + live_time_s)
    tail = float(special.betainc(counts, a, 1.0 - p))
    # betainc underflows only for counts so large that any threshold is passed
    return normal_deviate(math.log(max(tail, 1e-300)))


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


def measure_search(
    test: SpectralTest, windows: tuple[int, ...], *, record_s: float, gap_records: int, seed: int
) -> SearchSize:
    """Effective number of tests per record, from a short simulation of pure background.

    Residuals are drawn from a normal law with the covariance of the prepared test (the natural part
    leaves no mark on the scores, so only counting noise is drawn), summed over the windows, scored,
    and runs above a low level are counted as events after merging.
    """
    rng = np.random.default_rng(seed)
    n = 20_000
    sigma = np.sqrt(test.expected(record_s) * test._dispersion)
    residual = rng.standard_normal((n, sigma.size)) * sigma
    cumulative = np.vstack([np.zeros((1, sigma.size)), np.cumsum(residual, axis=0)])
    best = np.full(n, -np.inf)
    for m in windows:
        sums = cumulative[m:] - cumulative[:-m]
        weights = test.filter(m * record_s).weights
        z = sums @ weights.T
        scale = np.sqrt((weights**2) @ (sigma**2 * m))
        best[m - 1 :] = np.maximum(best[m - 1 :], (z / scale).max(axis=1))
    level = float(np.quantile(best, 1.0 - 200.0 / n))
    above = np.flatnonzero(best > level)
    events = 1 + int(np.count_nonzero(np.diff(above) > gap_records))
    return SearchSize(max(events / n / float(special.ndtr(-level)), 1.0))
