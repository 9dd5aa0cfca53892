"""A new energy scale from lines that must be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.spectra import EnergyCalibration
from tocsin.spectrometry.analysis import Peak, PeakAnalysis

FloatArray = NDArray[np.float64]
Form = Literal["gain", "linear", "quadratic"]

TERMS: dict[Form, int] = {"gain": 1, "linear": 2, "quadratic": 3}
MOST_PEAKS = 40
"""Strongest peaks that are tried as partners."""
PLACE_FWHM = 0.15
"""Scatter of a peak about its line beyond counting, in peak widths: multiplets, scales that are not
quite of the form asked for."""
LEAST_FWHM = 0.01
"""Least uncertainty of a peak's place in peak widths: channels of uneven width, peak shapes."""
MISSED = 0.05
"""Probability that a line which must be there has no peak."""
AMBIGUITY = 100.0
"""How many times more probable the best assignment must be than the next different one."""
POOR_FIT = 1e-4
ZERO_SIGMA_KEV = 20.0
"""Energy at which channel 0 of an uncalibrated spectrum begins, about 0: light yield that is not in
proportion to the energy and zero offsets of the electronics."""
MANY = 200_000
"""Assignments looked at together at most."""


@dataclass(frozen=True, slots=True)
class ScalePrior:
    """What is believed of the scale before: ``E_true = offset + gain x E_file``.

    Attributes
    ----------
    gain_sigma, offset_sigma_keV : float
        Standard deviations about 1 and 0.
    """

    gain_sigma: float = 0.03
    offset_sigma_keV: float = 5.0


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line, the peak taken for it, and what is left between them."""

    line_keV: float
    peak: Peak
    residual_keV: float
    residual_sigma: float


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """A new energy scale.

    Attributes
    ----------
    form : str
        ``gain``, ``linear`` or ``quadratic``.
    coefficients : (p,) float
        Of ``E = sum c_i x^i`` (``E = c x`` for ``gain``), ``x`` on the old scale.
    covariance : (p, p) float
        Of the coefficients, widened by the root of the reduced chi-squared where that exceeds 1.
    matched : tuple of MatchedLine
        Lines with their peaks, in rising order of energy.
    missed_keV : tuple of float
        Lines without a peak.
    chi_squared : float
        Of the fit.
    freedom : int
        Lines less coefficients; 0 means that nothing checks the scale.
    odds : float
        How many times more probable this assignment is than the next different one.
    calibration : EnergyCalibration
        The new scale, for spectra of the same channels.
    """

    form: Form
    coefficients: FloatArray
    covariance: FloatArray
    matched: tuple[MatchedLine, ...]
    missed_keV: tuple[float, ...]
    chi_squared: float
    freedom: int
    odds: float
    calibration: EnergyCalibration

    def energy_keV(self, on_old_scale: float) -> tuple[float, float]:
        """New energy and its standard uncertainty (of the scale alone)."""
        v = _terms(np.array([on_old_scale]), self.form)[0]
        return float(v @ self.coefficients), float(np.sqrt(v @ self.covariance @ v))


def recalibrate(
    analysis: PeakAnalysis,
    lines_keV: Sequence[float],
    *,
    form: Form = "linear",
    line_uncertainty_keV: float = 0.0,
    prior: ScalePrior | None = None,
) -> Recalibration:
    """Energy scale from peaks and the lines that must be among them.

    Every assignment of two lines to two peaks (of one, for ``gain``) proposes a straight scale. Its
    probability counts each line that then has a peak, against the chance that some peak would lie
    there anyway, and the scale's distance from the old one. The best assignment must be far more
    probable than every different one, or nothing is returned.

    Parameters
    ----------
    analysis : PeakAnalysis
        Of the spectrum; in channels where it has no calibration at all.
    lines_keV : sequence of float
        Energies of lines that are in the spectrum, in any order.
    form : {"gain", "linear", "quadratic"}
        Form of the new scale over the old one.
    line_uncertainty_keV : float
        Standard uncertainty of the lines.
    prior : ScalePrior, optional
        Belief about the old scale. Of a spectrum in channels only the zero is believed to be near
        channel 0.

    Raises
    ------
    InvalidInput
        For fewer lines than the form has terms, or lines that are not positive and different.
    Uncalibrated
        When too few lines have peaks, when another assignment is nearly as probable, or when the
        peaks do not lie on a scale of this form.
    """
    lines = np.sort(np.asarray(lines_keV, dtype=np.float64))
    if form not in TERMS:
        raise InvalidInput(f"the form must be one of {', '.join(TERMS)}, not {form!r}")
    if lines.size < TERMS[form]:
        raise InvalidInput(f"a {form} scale needs {TERMS[form]} lines at least")
    if not np.all(np.isfinite(lines)) or lines[0] <= 0 or np.any(np.diff(lines) <= 0):
        raise InvalidInput("lines must be positive, finite and different")
    if len(analysis.peaks) < TERMS[form]:
        raise Uncalibrated(f"the spectrum has {len(analysis.peaks)} peaks: too few for the lines")
    strongest = sorted(analysis.peaks, key=lambda p: -p.significance)[:MOST_PEAKS]
    work = _Matching(tuple(sorted(strongest, key=lambda p: p.energy_keV)), lines, analysis, prior)
    choice, odds = work.best(single=form == "gain")
    matched = np.flatnonzero(choice >= 0)
    if matched.size < TERMS[form]:
        raise Uncalibrated(
            f"only {matched.size} of {lines.size} lines have a peak: too few for a {form} scale"
        )
    if odds < AMBIGUITY:
        raise Uncalibrated(
            "the peaks can be assigned to the lines in more than one way; name more lines, or "
            "lines that stand alone"
        )
    return _fitted(work, choice, odds, form, line_uncertainty_keV, analysis)


class _Matching:
    """Assignments of peaks to lines and their probabilities."""

    def __init__(
        self,
        peaks: tuple[Peak, ...],
        lines: FloatArray,
        analysis: PeakAnalysis,
        prior: ScalePrior | None,
    ) -> None:
        self.peaks, self.lines = peaks, lines
        self.x = np.array([p.energy_keV for p in peaks])
        self.fwhm = np.array([p.fwhm_keV for p in peaks])
        unsure = np.array([p.energy_uncertainty_keV for p in peaks])
        self.spread = np.hypot(unsure, PLACE_FWHM * self.fwhm)
        self.prior = prior or ScalePrior()
        self.offset_sigma_keV = self.prior.offset_sigma_keV
        if analysis.measured.unit != "keV":
            self.offset_sigma_keV = ZERO_SIGMA_KEV
        self.has_scale = analysis.measured.unit == "keV"
        m = analysis.measured
        self.range = (float(m.edges_keV[0]), float(m.edges_keV[-1]))

    def best(self, *, single: bool) -> tuple[NDArray[np.int64], float]:
        """Peak of each line (-1 for none) of the best assignment, and its odds to the next."""
        gains, offsets = self._gains_only() if single else self._pairs()
        if gains.size == 0:
            return np.full(self.lines.size, -1), np.inf
        scores: list[FloatArray] = []
        choices: list[NDArray[np.int64]] = []
        for start in range(0, gains.size, MANY // 8):
            part = slice(start, start + MANY // 8)
            score, choice = self._score(gains[part], offsets[part])
            scores.append(score)
            choices.append(choice)
        score, choice = np.concatenate(scores), np.concatenate(choices)
        first = int(np.argmax(score))
        # Assignments that differ only in which lines are missed lead to the same scale.
        both = (choice >= 0) & (choice[first] >= 0)
        different = np.any(both & (choice != choice[first]), axis=1)
        different |= ~np.any(both & (choice == choice[first]), axis=1)
        if not bool(np.any(different)):
            return choice[first], np.inf
        gap = float(score[first] - score[different].max())
        return choice[first], float(np.exp(min(gap, 700.0)))

    def _gains_only(self) -> tuple[FloatArray, FloatArray]:
        gains = (self.lines[:, None] / np.maximum(self.x[None, :], 1e-9)).ravel()
        return self._allowed(gains, np.zeros_like(gains))

    def _pairs(self) -> tuple[FloatArray, FloatArray]:
        i, j = np.triu_indices(self.lines.size, 1)
        k, m = np.triu_indices(self.x.size, 1)
        rise = (self.lines[j] - self.lines[i])[:, None]
        run = np.maximum(self.x[m] - self.x[k], 1e-9)[None, :]
        gains = rise / run
        offsets = self.lines[i][:, None] - gains * self.x[k][None, :]
        return self._allowed(gains.ravel(), offsets.ravel())

    def _allowed(self, gains: FloatArray, offsets: FloatArray) -> tuple[FloatArray, FloatArray]:
        good = gains > 0
        if self.has_scale:
            good &= np.abs(gains - 1.0) < 4.0 * self.prior.gain_sigma
        good &= np.abs(offsets) < 4.0 * self.offset_sigma_keV
        return gains[good], offsets[good]

    def _score(
        self, gains: FloatArray, offsets: FloatArray
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """Logarithm of the probability and the peak of each line ``(h, lines)``."""
        place = (self.lines[None, :] - offsets[:, None]) / gains[:, None]
        right = np.clip(np.searchsorted(self.x, place), 1, max(self.x.size - 1, 1))
        left = right - 1
        right = np.minimum(right, self.x.size - 1)
        nearer = np.where(
            np.abs(self.x[left] - place) <= np.abs(self.x[right] - place), left, right
        )
        off = (self.x[nearer] - place) / self.spread[nearer]
        inside = (place > self.range[0]) & (place < self.range[1])
        # Chance that one of the peaks lies as near to any place: their density times the reach.
        density = self.x.size / max(self.x[-1] - self.x[0], 1e-9)
        chance = np.minimum(0.9, density * 2.5 * self.spread[nearer])
        reward = np.log1p(-MISSED) - 0.5 * off * off - np.log(chance)
        taken = inside & (reward > np.log(MISSED))
        score = np.where(taken, reward, np.log(MISSED)).sum(axis=1)
        if self.has_scale:
            score -= 0.5 * ((gains - 1.0) / self.prior.gain_sigma) ** 2
        score -= 0.5 * (offsets / self.offset_sigma_keV) ** 2
        choice = np.where(taken, nearer, -1)
        # Two lines cannot have the same peak.
        for a in range(self.lines.size - 1):
            same = (choice[:, a] >= 0) & (choice[:, a] == choice[:, a + 1])
            score = np.where(same, -np.inf, score)
        return score, choice.astype(np.int64)


def _terms(x: FloatArray, form: Form) -> FloatArray:
    """Design matrix ``(n, terms)``."""
    if form == "gain":
        return x[:, None]
    return np.stack([x**i for i in range(TERMS[form])], axis=1)


def _fitted(
    work: _Matching,
    choice: NDArray[np.int64],
    odds: float,
    form: Form,
    line_uncertainty_keV: float,
    analysis: PeakAnalysis,
) -> Recalibration:
    at = np.flatnonzero(choice >= 0)
    lines, index = work.lines[at], choice[at]
    x = work.x[index]
    slope = float(np.polyfit(x, lines, 1)[0]) if x.size > 1 else float(lines[0] / x[0])
    counting = np.array([work.peaks[i].energy_uncertainty_keV for i in index])
    spread = np.hypot(
        slope * np.hypot(counting, LEAST_FWHM * work.fwhm[index]), line_uncertainty_keV
    )
    design = _terms(x, form) / spread[:, None]
    scale = np.sqrt((design**2).sum(axis=0))
    inverse = np.linalg.pinv(design / scale)
    coefficients = (inverse @ (lines / spread)) / scale
    covariance = (inverse @ inverse.T) / np.outer(scale, scale)
    residuals = lines - _terms(x, form) @ coefficients
    chi_squared = float(np.sum((residuals / spread) ** 2))
    freedom = lines.size - TERMS[form]
    allowed = slope * work.fwhm[index] * PLACE_FWHM + 3.0 * spread
    if np.any(np.abs(residuals) > allowed):
        worst = int(np.argmax(np.abs(residuals) / allowed))
        raise Uncalibrated(
            f"the peaks do not lie on a {form} scale: {lines[worst]:.1f} keV is off by "
            f"{residuals[worst]:.2f} keV"
        )
    if freedom > 0 and float(chdtrc(freedom, chi_squared)) < POOR_FIT:
        covariance = covariance * chi_squared / freedom
    edges = analysis.measured.edges_keV
    new = _terms(edges, form) @ coefficients
    if not bool(np.all(np.diff(new) > 0)):
        raise Uncalibrated(f"a {form} scale through these lines does not rise everywhere")
    matched = tuple(
        MatchedLine(float(line), work.peaks[i], float(r), float(r / s))
        for line, i, r, s in zip(lines, index, residuals, spread, strict=True)
    )
    missed = tuple(float(v) for v in work.lines[np.flatnonzero(choice < 0)])
    calibration = EnergyCalibration("lower_channel_edges", tuple(float(v) for v in new))
    return Recalibration(
        form, coefficients, covariance, matched, missed, chi_squared, freedom, odds, calibration
    )
