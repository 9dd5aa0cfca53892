"""Templates of a scintillator at one energy scale, and the scale that lets them explain most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.deposits import (
    DEPOSIT_CENTRES_KEV,
    DIRECT,
    NATURAL,
    DepositBank,
    spread_matrix,
)
from tocsin.detection.mixture import Fit, Mixture
from tocsin.detection.peaks import FWHM_TO_SIGMA
from tocsin.detection.prepared import Prepared, Whitening
from tocsin.detection.scale_prior import ScalePrior, scale_of, scale_slopes, scale_values
from tocsin.detection.templates import EnergyScale

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_SQRT_2PI = float(np.sqrt(2.0 * np.pi))
_LARGEST_STEP = np.array([0.02, 4.0, 0.2, 4.0, 0.2])
_FREE = frozenset({"natural", "nuisance"})
_ENOUGH = 0.3  # fall of chi-squared below which the scale is settled


@dataclass(frozen=True)
class Drawing:
    """What is drawn: rows of the bank, the whitening, and what the spectrum itself brings.

    Attributes
    ----------
    rows : (k,) int
        Rows of the bank that are drawn.
    own : (b, n) float
        Columns that do not move with the scale: background and pile-up, in counts.
    own_weight, own_value : (b,) float
        Prior of their amounts.
    others : (m,) int
        Rows of the bank's ``others`` that are drawn.
    """

    bank: DepositBank
    prepared: Prepared
    resolution: Resolution
    whitening: Whitening
    rows: IntArray
    others: IntArray
    own: FloatArray
    own_weight: FloatArray
    own_value: FloatArray
    penalty: FloatArray
    company: float

    def with_rows(self, rows: IntArray) -> Drawing:
        """The same of other rows."""
        return replace(self, rows=rows)

    def rows_of(self, candidates: Sequence[int]) -> IntArray:
        """Those of its rows that belong to some candidates."""
        return np.asarray(self.rows[np.isin(self.bank.owner[self.rows], list(candidates))])

    def at(self, scale: EnergyScale) -> Drawn:
        """Draw at a scale."""
        binned = self.prepared.binned
        spread = spread_matrix(scale, self.resolution, binned.edges_keV)
        size = max(float(binned.counts.sum()), 1.0)
        templates, norms = _scaled(self.bank.rows[self.rows] @ spread, size)
        others, other_norms = _scaled(self.bank.others[self.others] @ spread, size)
        base = np.concatenate((self.own, others)).T
        b = base.shape[1] - self.own_weight.size
        mixture = Mixture(
            data=self.whitening(binned.counts),
            base=self.whitening(base),
            base_weight=np.concatenate((self.own_weight, np.zeros(b))),
            base_value=np.concatenate((self.own_value, np.zeros(b))),
            columns=self.whitening(templates.T),
            owner=self.bank.owner[self.rows],
            leads=self.bank.role[self.rows] == DIRECT,
            penalty=self.penalty,
            counted=np.array([c.tier not in _FREE for c in self.bank.candidates]),
            company=self.company,
        )
        return Drawn(self, scale, mixture, templates, base.T, norms, other_norms)


@dataclass(frozen=True)
class Drawn:
    """Templates at one scale; ``norms`` are the factors that made them of counts per decay."""

    drawing: Drawing
    scale: EnergyScale
    mixture: Mixture
    templates: FloatArray
    base: FloatArray
    norms: FloatArray
    other_norms: FloatArray

    def counts(self, fit: Fit) -> FloatArray:
        """Modelled counts per bin."""
        return np.asarray(fit.base @ self.base + fit.amounts @ self.templates[fit.columns])

    def part(self, fit: Fit, candidate: int) -> FloatArray:
        """Modelled counts of one candidate per bin."""
        of = np.flatnonzero(self.mixture.owner[fit.columns] == candidate)
        return np.asarray(fit.amounts[of] @ self.templates[fit.columns[of]])

    def decays(self, fit: Fit, candidate: int) -> tuple[IntArray, FloatArray]:
        """Rows of a candidate in the bank and decays of each."""
        of = self.mixture.owner[fit.columns] == candidate
        at = fit.columns[of]
        return self.drawing.rows[at], fit.amounts[of] * self.norms[at]

    def peak_counts(self, fit: Fit, candidate: int) -> FloatArray:
        """Full-energy counts of every line of a candidate as fitted."""
        rows, decays = self.decays(fit, candidate)
        bank = self.drawing.bank
        first = int(np.flatnonzero(bank.owner == candidate)[0])
        return np.asarray(decays @ bank.lines[candidate].peaks[rows - first])

    def slopes(self, fit: Fit) -> FloatArray:
        """Change of the modelled counts with each parameter of the scale, ``(n, p)``."""
        d = self.drawing
        deposit = (fit.amounts * self.norms[fit.columns]) @ d.bank.rows[d.rows[fit.columns]]
        b = d.own_weight.size
        deposit = deposit + (fit.base[b:] * self.other_norms) @ d.bank.others[d.others]
        edges = d.prepared.binned.edges_keV
        sigma = self.scale.fwhm_keV(DEPOSIT_CENTRES_KEV, d.resolution) * FWHM_TO_SIGMA
        z = (edges[None, :] - self.scale.seen_keV(DEPOSIT_CENTRES_KEV)[:, None]) / sigma[:, None]
        bell = np.exp(-0.5 * z * z) / _SQRT_2PI
        share = (deposit / sigma)[:, None]
        moved = -np.diff(bell, axis=1) * share
        widened = -np.diff(z * bell, axis=1) * share * sigma[:, None]
        place, width = scale_slopes(self.scale, DEPOSIT_CENTRES_KEV)
        return np.asarray((place @ moved + width @ widened).T)


def _scaled(columns: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    """Columns brought to a total of ``size`` and the factors that did it."""
    total = columns.sum(axis=1)
    norms = np.where(total > 1e-12, size / np.maximum(total, 1e-12), 0.0)
    return columns * norms[:, None], np.where(norms > 0, norms, 1.0)


def refined(
    drawing: Drawing,
    scale: EnergyScale,
    candidates: Sequence[int],
    prior: ScalePrior,
    *,
    rounds: int = 5,
) -> tuple[EnergyScale, float]:
    """Scale near ``scale`` at which some candidates explain most, and the score there.

    Gauss-Newton steps over all parameters of the scale at once, amounts fitted away, with the
    prior of the scale; a step is halved until it helps.
    """
    small = drawing.with_rows(drawing.rows_of(candidates))
    drawn = small.at(scale)
    fit = drawn.mixture.fit(candidates)
    now = fit.chi2 + prior.penalty(scale)
    for _ in range(rounds):
        slopes = small.whitening(drawn.slopes(fit))
        q, _ = np.linalg.qr(fit.inside)
        slopes = slopes - q @ (q.T @ slopes)
        values = scale_values(scale)
        weight, mean = prior.weights(scale)
        step = np.linalg.solve(
            slopes.T @ slopes + np.diag(weight),
            slopes.T @ fit.residual + weight * (mean - values),
        )
        step = np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        moved = False
        for part in (1.0, 0.5, 0.25):
            trial = scale_of(prior.bounded(values + part * step), scale)
            there = small.at(trial)
            found = there.mixture.fit(candidates)
            score = found.chi2 + prior.penalty(trial)
            if score < now:
                gained, now = now - score, score
                scale, drawn, fit, moved = trial, there, found, True
                break
        if not moved or gained < _ENOUGH:
            break
    return scale, now


def natural(bank: DepositBank) -> list[int]:
    """Natural candidates of a bank."""
    return [i for i, c in enumerate(bank.candidates) if c.name in NATURAL]
