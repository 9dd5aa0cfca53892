"""How good likelihood ratios are, and how to make them mean what they say.

All logarithms of ratios are natural here; reports turn them into log10. Weights let every source
count the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from tocsin.errors import InvalidInput

Array = NDArray[np.float64]
# Weak normal prior about "the raw ratio is right" (slope 1, offset 0), standard deviations. It
# decides only where the trials do not: when the two kinds are apart completely.
_PRIOR_MEAN = np.array([1.0, 0.0])
_PRIOR_PRECISION = np.diag([1.0 / 0.5**2, 1.0 / 2.0**2])


@dataclass(frozen=True, slots=True)
class Trials:
    """Log likelihood ratios of comparisons whose truth is known.

    Attributes
    ----------
    same, different : array
        Log ratios of same-source and different-source comparisons.
    same_weight, different_weight : array
        Weight of each, summing to 1.
    """

    same: Array
    different: Array
    same_weight: Array
    different_weight: Array

    @classmethod
    def of(
        cls,
        same: Array,
        different: Array,
        same_weight: Array | None = None,
        different_weight: Array | None = None,
    ) -> Trials:
        """Trials with weights brought to sum 1 (equal where not given)."""
        if not len(same) or not len(different):
            raise InvalidInput("comparisons of both kinds are needed")

        def unit(weight: Array | None, n: int) -> Array:
            w = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
            scaled: Array = w / w.sum()
            return scaled

        return cls(
            np.asarray(same, dtype=np.float64),
            np.asarray(different, dtype=np.float64),
            unit(same_weight, len(same)),
            unit(different_weight, len(different)),
        )


def cllr(trials: Trials) -> float:
    r"""Log-likelihood-ratio cost in bits: 0 perfect, 1 no better than always saying 1.

    .. math::
        C_{llr} = \tfrac12 \left[ \overline{\log_2(1 + 1/LR)}_{same}
                  + \overline{\log_2(1 + LR)}_{different} \right]

    References
    ----------
    N. Brümmer, J. du Preez, Comput. Speech Lang. 20 (2006) 230, doi 10.1016/j.csl.2005.08.001.
    """
    same = -np.sum(trials.same_weight * log_expit(trials.same))
    different = -np.sum(trials.different_weight * log_expit(-trials.different))
    return float(0.5 * (same + different) / np.log(2.0))


def cllr_min(trials: Trials) -> float:
    """Cllr after the best monotone recalibration: the part that discrimination alone costs.

    Pool-adjacent-violators on the pooled trials, each kind with total weight one half.
    """
    score = np.r_[trials.same, trials.different]
    truth = np.r_[np.ones(len(trials.same)), np.zeros(len(trials.different))]
    weight = 0.5 * np.r_[trials.same_weight, trials.different_weight]
    # Equal scores form one block from the start.
    _, block = np.unique(score, return_inverse=True)
    total = np.bincount(block, weight)
    hits = np.bincount(block, weight * truth)
    stack: list[tuple[float, float]] = []
    for t, h in zip(total.tolist(), hits.tolist(), strict=True):
        while stack and stack[-1][1] * t >= h * stack[-1][0]:
            before = stack.pop()
            t, h = t + before[0], h + before[1]
        stack.append((t, h))
    cost = 0.0
    for t, h in stack:
        for part in (h, t - h):
            if part > 0:
                cost -= part * np.log2(part / t)
    return float(cost)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Straight line from raw to calibrated log ratio, with the bounds that the trials support.

    Attributes
    ----------
    slope, offset : float
        Calibrated = slope x raw + offset (natural logarithms).
    lowest, highest : float
        Calibrated log ratios are kept between these. N trials of a kind cannot support a rate of
        misleading evidence below about 1/N, so ratios beyond N are extrapolation.
    """

    slope: float
    offset: float
    lowest: float
    highest: float

    def apply(self, raw: Array) -> Array:
        """Calibrated log ratios, within the supported bounds."""
        line = self.slope * np.asarray(raw, dtype=np.float64) + self.offset
        clipped: Array = np.clip(line, self.lowest, self.highest)
        return clipped


def calibrate(trials: Trials, *, same_units: int, different_units: int) -> Calibration:
    """Weighted logistic regression of the truth on the raw log ratio (Newton's method).

    Parameters
    ----------
    trials : Trials
        Comparisons with known truth.
    same_units, different_units : int
        Independent units behind them (lots and pairs of sources, not samples): they set the
        bounds of what may be claimed.

    References
    ----------
    N. Brümmer, J. du Preez 2006 (see ``cllr``); bounds in the spirit of P. Vergeer et al., Sci.
    Justice 56 (2016) 482, simplified.
    """
    # Half of all weight on each kind: prior odds of 1, so the fitted log odds are log ratios. Far
    # ratios are clipped for the fit only: they would otherwise overflow, not inform.
    raw = np.clip(np.r_[trials.same, trials.different], -50.0, 50.0)
    truth = np.r_[np.ones(len(trials.same)), np.zeros(len(trials.different))]
    weight = np.r_[trials.same_weight * same_units, trials.different_weight * same_units]
    design = np.column_stack([raw, np.ones_like(raw)])
    beta = np.array([0.5, 0.0])
    for _ in range(100):
        p = expit(design @ beta)
        gradient = design.T @ (weight * (truth - p)) - _PRIOR_PRECISION @ (beta - _PRIOR_MEAN)
        hessian = design.T @ ((weight * p * (1.0 - p))[:, None] * design) + _PRIOR_PRECISION
        step = np.linalg.solve(hessian, gradient)
        # A long step of a nearly separable fit is shortened; the optimum stays the same.
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    return Calibration(
        max(float(beta[0]), 0.0),
        float(beta[1]),
        -float(np.log(same_units + 1.0)),
        float(np.log(different_units + 1.0)),
    )


def misleading_rates(trials: Trials) -> tuple[float, float]:
    """Share of same-source ratios below 1 and of different-source ratios above 1."""
    return (
        float(np.sum(trials.same_weight[trials.same < 0])),
        float(np.sum(trials.different_weight[trials.different > 0])),
    )


def tippett(trials: Trials, log_ratios: Array) -> tuple[Array, Array]:
    """Tippett curves: share of same- and of different-source ratios above each given value."""
    x = np.asarray(log_ratios, dtype=np.float64)[:, None]
    same = (trials.same_weight * (trials.same[None] > x)).sum(axis=1)
    different = (trials.different_weight * (trials.different[None] > x)).sum(axis=1)
    return same, different
