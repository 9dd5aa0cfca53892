"""Templates of a scintillator at one energy scale, and the scale that lets them explain most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.deposits import DepositBank, spread_matrix
from tocsin.detection.mixture import Fit, Mixture
from tocsin.detection.prepared import Prepared, Whitening
from tocsin.detection.scale_prior import ScalePrior, scale_of, scale_slopes, scale_values
from tocsin.detection.source_lines import NATURAL
from tocsin.detection.templates import FWHM_TO_SIGMA, EnergyScale

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SQRT_2PI = float(np.sqrt(2.0 * np.pi))
_LARGEST_STEP = np.array([0.02, 4.0, 0.2, 4.0, 0.2])
_FREE = frozenset({"natural", "nuisance"})
_ENOUGH = 0.3  # fall of chi-squared below which the scale is settled
# Of natural candidates, which are always in, only some rows are used: bare, behind water, iron and
# lead and (last) from matter that holds them; and of what comes beside: by way of the ground,
# partly absorbed, scattered back.
_NATURAL_ROWS = (0, 2, 4, 7, 9, -1)
_NATURAL_MORE = 3


@dataclass(frozen=True)
class Drawing:
    """What is drawn: the bank, the whitening, and what the spectrum itself brings.

    Attributes
    ----------
    rows : (k,) int
        Direct rows of the bank by which candidates are chosen.
    own : (b, n) float
        Columns that do not move with the scale: background and pile-up, in counts.
    own_weight, own_value : (b,) float
        Prior of their amounts.
    others : (m,) int
        Rows of the bank's ``others`` that are drawn.
    penalty, company
        Costs of candidates, and of each beside the first.
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

    def at(self, scale: EnergyScale) -> Drawn:
        """Draw at a scale."""
        binned = self.prepared.binned
        spread = spread_matrix(self.bank.centres_keV, scale, self.resolution, binned.edges_keV)
        size = max(float(binned.counts.sum()), 1.0)
        templates, _ = _scaled(self.bank.direct[self.rows] @ spread, size)
        others, other_norms = _scaled(self.bank.others[self.others] @ spread, size)
        base = np.concatenate((self.own, others))
        free = base.shape[0] - self.own_weight.size
        drawn = Drawn(self, scale, spread, size, base, other_norms)
        drawn.mixture = Mixture(
            data=self.whitening(binned.counts),
            base=self.whitening(base.T),
            base_weight=np.concatenate((self.own_weight, np.zeros(free))),
            base_value=np.concatenate((self.own_value, np.zeros(free))),
            columns=self.whitening(templates.T),
            owner=self.bank.owner[self.rows],
            templates=drawn.whitened,
            penalty=self.penalty,
            counted=np.array([c.tier not in _FREE for c in self.bank.candidates]),
            company=self.company,
        )
        return drawn


@dataclass
class Drawn:
    """Templates at one scale.

    Attributes
    ----------
    drawing, scale
        What was drawn and where.
    spread : (n_deposit, n_bin) float
        From deposits to bins.
    size : float
        Total to which templates are scaled.
    base : (b, n) float
        Columns that are always offered.
    other_norms : (m,) float
        Factors that made the last of them of the bank's ``others``.
    """

    drawing: Drawing
    scale: EnergyScale
    spread: FloatArray
    size: float
    base: FloatArray
    other_norms: FloatArray
    mixture: Mixture = field(init=False)
    _templates: dict[int, tuple[FloatArray, FloatArray]] = field(default_factory=dict)
    _whitened: dict[int, FloatArray] = field(default_factory=dict)

    def deposits(self, candidate: int) -> tuple[FloatArray, IntArray]:
        """Rows of deposits per decay that are used of a candidate, and the direct row in each."""
        bank = self.drawing.bank
        direct = bank.direct[bank.rows_of(candidate)]
        more, within = bank.more(candidate)
        use = np.arange(direct.shape[0])
        if bank.candidates[candidate].name in NATURAL:
            use = use[list(_NATURAL_ROWS)]
            more, within = more[:_NATURAL_MORE], within[:_NATURAL_MORE]
        return np.concatenate((direct[use], more)), np.concatenate((use, within))

    def templates(self, candidate: int) -> tuple[FloatArray, FloatArray]:
        """Templates ``(m, n)`` of a candidate, and the factors on counts per decay."""
        if candidate not in self._templates:
            rows, _ = self.deposits(candidate)
            self._templates[candidate] = _scaled(rows @ self.spread, self.size)
        return self._templates[candidate]

    def whitened(self, candidate: int) -> FloatArray:
        """Whitened templates ``(n, m)`` of a candidate."""
        if candidate not in self._whitened:
            self._whitened[candidate] = self.drawing.whitening(self.templates(candidate)[0].T)
        return self._whitened[candidate]

    def counts(self, fit: Fit) -> FloatArray:
        """Modelled counts per bin."""
        total = fit.base @ self.base
        for candidate in fit.amounts:
            total = total + self.part(fit, candidate)
        return np.asarray(total)

    def part(self, fit: Fit, candidate: int) -> FloatArray:
        """Modelled counts of one candidate per bin."""
        return np.asarray(fit.amounts[candidate] @ self.templates(candidate)[0])

    def decays(self, fit: Fit, candidate: int) -> FloatArray:
        """Decays behind each template, if every photon met the crystal."""
        return np.asarray(fit.amounts[candidate] * self.templates(candidate)[1])

    def peak_counts(self, fit: Fit, candidate: int) -> FloatArray:
        """Full-energy counts of every line of a candidate as fitted."""
        _, within = self.deposits(candidate)
        peaks = self.drawing.bank.lines[candidate].peaks
        return np.asarray(self.decays(fit, candidate) @ peaks[within])

    def slopes(self, fit: Fit) -> FloatArray:
        """Change of the modelled counts with each parameter of the scale, ``(n, p)``."""
        d = self.drawing
        b = d.own_weight.size
        deposit = (fit.base[b:] * self.other_norms) @ d.bank.others[d.others]
        for candidate in fit.amounts:
            deposit = deposit + self.decays(fit, candidate) @ self.deposits(candidate)[0]
        edges, centres = d.prepared.binned.edges_keV, d.bank.centres_keV
        sigma = self.scale.fwhm_keV(centres, d.resolution) * FWHM_TO_SIGMA
        z = (edges[None, :] - self.scale.seen_keV(centres)[:, None]) / sigma[:, None]
        bell = np.exp(-0.5 * z * z) / _SQRT_2PI
        share = (deposit / sigma)[:, None]
        moved = -np.diff(bell, axis=1) * share
        widened = -np.diff(z * bell, axis=1) * share * sigma[:, None]
        place, width = scale_slopes(self.scale, centres)
        return np.asarray((place @ moved + width @ widened).T)


@dataclass(frozen=True)
class Refined:
    """A refined scale, its score and the standard deviations of its parameters."""

    scale: EnergyScale
    score: float
    sigma: FloatArray


def _scaled(rows: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    """Rows brought to a total of ``size`` and the factors that did it."""
    total = rows.sum(axis=1)
    norms = np.where(total > 1e-15, size / np.maximum(total, 1e-15), 0.0)
    return rows * norms[:, None], norms


def refined(
    drawing: Drawing,
    scale: EnergyScale,
    candidates: Sequence[int],
    prior: ScalePrior,
    *,
    rounds: int = 5,
) -> Refined:
    """Scale near ``scale`` at which some candidates explain most.

    Gauss-Newton steps over all parameters of the scale at once, amounts fitted away, with the
    prior of the scale; a step is halved until it helps.
    """
    small = replace(drawing, rows=drawing.rows[:0])
    drawn = small.at(scale)
    fit = drawn.mixture.fit(candidates)
    now = fit.chi2 + prior.penalty(scale)
    normal = np.diag(prior.weights(scale)[0])
    for _ in range(rounds):
        slopes = small.whitening(drawn.slopes(fit))
        q, _ = np.linalg.qr(fit.inside)
        slopes = slopes - q @ (q.T @ slopes)
        values = scale_values(scale)
        weight, mean = prior.weights(scale)
        normal = slopes.T @ slopes + np.diag(weight)
        step = np.linalg.solve(normal, slopes.T @ fit.residual + weight * (mean - values))
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
    return Refined(scale, now, np.sqrt(np.diag(np.linalg.inv(normal))))


def natural(bank: DepositBank) -> list[int]:
    """Natural candidates of a bank."""
    return [i for i, c in enumerate(bank.candidates) if c.name in NATURAL]
