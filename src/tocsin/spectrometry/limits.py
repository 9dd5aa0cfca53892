"""Characteristic limits after ISO 11929: decision threshold, detection limit, coverage interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, isfinite, pi, sqrt

from scipy.special import ndtr, ndtri

from tocsin.errors import InvalidInput

MOST_ROUNDS = 200
CONVERGED = 1e-10


@dataclass(frozen=True, slots=True)
class CharacteristicLimits:
    """Limits of one measurand, all in its unit.

    Attributes
    ----------
    value, uncertainty : float
        Primary result and its standard uncertainty.
    decision_threshold : float
        A result above it is recognised as an effect, with probability ``alpha`` wrongly.
    detection_limit : float or None
        Smallest true value that is recognised with probability ``1 - beta``; None where the
        relative uncertainty of the calibration is so large that there is none.
    lower, upper : float
        Probabilistically symmetric coverage interval of probability ``1 - gamma``, of a quantity
        that is not negative.
    best_estimate, best_uncertainty : float
        Expectation and standard deviation of that quantity.
    recognised : bool
        Whether the result exceeds the decision threshold.
    alpha, beta, gamma : float
        Probabilities.
    """

    value: float
    uncertainty: float
    decision_threshold: float
    detection_limit: float | None
    lower: float
    upper: float
    best_estimate: float
    best_uncertainty: float
    recognised: bool
    alpha: float
    beta: float
    gamma: float


def characteristic_limits(
    value: float,
    uncertainty_at: Callable[[float], float],
    *,
    uncertainty: float | None = None,
    alpha: float = 0.05,
    beta: float = 0.05,
    gamma: float = 0.05,
) -> CharacteristicLimits:
    """Limits from the uncertainty as a function of the true value.

    With ``k_p`` the quantile of the standard normal distribution and ``u(t)`` the standard
    uncertainty of a result if the true value is ``t``: decision threshold
    ``y* = k_(1-alpha) u(0)``; detection limit ``y# = y* + k_(1-beta) u(y#)``, by iteration;
    with ``omega = Phi(y / u)``, limits ``y - k_p u`` (``p = omega (1 - gamma / 2)``) and
    ``y + k_q u`` (``q = 1 - omega gamma / 2``), best estimate
    ``y + u exp(-y^2 / (2 u^2)) / (omega sqrt(2 pi))``.

    Parameters
    ----------
    value : float
        Primary result ``y``; may be negative.
    uncertainty_at : callable
        ``u(t)`` for ``t >= 0``, positive.
    uncertainty : float, optional
        Standard uncertainty of ``value``; ``u(max(value, 0))`` if not given.
    alpha, beta, gamma : float
        Probabilities of a wrong decision for, of a wrong decision against, and outside of the
        interval; each between 0 and 0.5.

    Raises
    ------
    InvalidInput
        For probabilities or uncertainties out of range.

    References
    ----------
    ISO 11929-1:2019 (and ISO 11929:2010): formulas of clauses 8 to 11. K. Weise, W. Woeger,
    Meas. Sci. Technol. 4 (1993) 1, doi 10.1088/0957-0233/4/1/001, for their Bayesian ground.
    """
    if not all(0.0 < p < 0.5 for p in (alpha, beta, gamma)):
        raise InvalidInput("alpha, beta and gamma must lie between 0 and 0.5")
    u = uncertainty_at(max(value, 0.0)) if uncertainty is None else uncertainty
    u_zero = uncertainty_at(0.0)
    if not (isfinite(value) and isfinite(u) and isfinite(u_zero) and u > 0.0 and u_zero > 0.0):
        raise InvalidInput("value and uncertainties must be finite, uncertainties positive")
    threshold = float(ndtri(1.0 - alpha)) * u_zero
    omega = float(ndtr(value / u))
    lower = value - float(ndtri(omega * (1.0 - 0.5 * gamma))) * u
    upper = value + float(ndtri(1.0 - 0.5 * omega * gamma)) * u
    best = value + u * exp(-0.5 * (value / u) ** 2) / (omega * sqrt(2.0 * pi))
    best_u = sqrt(max(u * u - (best - value) * best, 0.0))
    return CharacteristicLimits(
        value=value,
        uncertainty=u,
        decision_threshold=threshold,
        detection_limit=_detection_limit(threshold, float(ndtri(1.0 - beta)), uncertainty_at),
        lower=max(lower, 0.0),
        upper=upper,
        best_estimate=best,
        best_uncertainty=best_u,
        recognised=value > threshold,
        alpha=alpha,
        beta=beta,
        gamma=gamma,
    )


def _detection_limit(
    threshold: float, k_beta: float, uncertainty_at: Callable[[float], float]
) -> float | None:
    """Fixed point of ``y# = y* + k u(y#)`` from below; None where it runs away."""
    limit = 2.0 * threshold
    for _ in range(MOST_ROUNDS):
        following = threshold + k_beta * uncertainty_at(limit)
        if not isfinite(following) or following > 1e6 * threshold:
            return None
        if abs(following - limit) <= CONVERGED * following:
            return following
        limit = following
    # The iteration converges linearly with ratio k u_rel; this slowly it has no useful limit.
    return None


def counting_uncertainty(
    *,
    per_count: float,
    background_counts: float,
    background_variance: float,
    factor_relative_uncertainty: float = 0.0,
) -> Callable[[float], float]:
    """``u(t)`` of a net number of counts times a calibration factor.

    The measurand is ``t = w (n - b)`` with gross counts ``n``, which follow Poisson's law, and an
    expected background ``b``: ``u^2(t) = w^2 (t / w + b + u^2(b)) + t^2 u_rel^2(w)``.

    Parameters
    ----------
    per_count : float
        Calibration factor ``w``, unit of the measurand per net count; positive.
    background_counts : float
        ``b``: everything expected in the window without the effect.
    background_variance : float
        ``u^2(b)``.
    factor_relative_uncertainty : float
        Relative standard uncertainty of ``w`` (efficiency, emission probability, mass).
    """
    if not per_count > 0.0:
        raise InvalidInput(f"the calibration factor must be positive, not {per_count!r}")
    if min(background_counts, background_variance, factor_relative_uncertainty) < 0.0:
        raise InvalidInput("background, its variance and uncertainties must not be negative")

    def at(true: float) -> float:
        counts = true / per_count + background_counts + background_variance
        return sqrt(per_count**2 * counts + (true * factor_relative_uncertainty) ** 2)

    return at
