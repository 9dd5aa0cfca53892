"""Draws from a posterior over a standard normal space, by importance sampling that adapts.

The first round fills the prior evenly; later rounds draw around the points that agree with the
data, and every point is weighted by the mixture of all rounds, so that no round has to be right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

FloatArray = NDArray[np.float64]

FIRST_LOG2 = 13
LATER = 2048
ROUNDS = 16
ENOUGH = 400.0
"""Effective number of points at which no further round is drawn."""
CENTRES = 160
FEW = 80.0
"""Effective number of points that a round is laid around at least: where fewer agree, the
likelihood is flattened (a power below one) until as many do, and the next round comes closer."""
NARROW = 0.45
"""Width of a kernel over the spread of the points that agree."""
FROM_PRIOR = 0.15
"""Part of a later round that still comes from the prior: a weight can grow to no more than its
inverse."""
LEAST_SPREAD = 0.02
"""Variance added in every direction, so that a single point that agrees can still be left."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Weighted points.

    Attributes
    ----------
    at : (n, d) float
        Points of the standard normal space.
    log_weight : (n,) float
        Logarithm of prior over proposal: to be added to the log-likelihood.
    log_likelihood : (n,) float
        As the caller's function gave it.
    effective : float
        Effective number of points.
    """

    at: FloatArray
    log_weight: FloatArray
    log_likelihood: FloatArray
    effective: float


def adapted_points(
    log_likelihood: Callable[[FloatArray], FloatArray], dimensions: int, *, seed: int
) -> Points:
    """Points that agree with a likelihood.

    Parameters
    ----------
    log_likelihood : callable
        Of points ``(n, d)``; gives ``(n,)``.
    dimensions : int
        ``d``.
    seed : int
        Of all draws.

    References
    ----------
    J.-M. Cornuet, J.-M. Marin, A. Mira, C. P. Robert, Adaptive multiple importance sampling,
    Scand. J. Stat. 39 (2012) 798, doi:10.1111/j.1467-9469.2011.00756.x.
    """
    random = np.random.default_rng(seed)
    cube = qmc.Sobol(dimensions, seed=seed).random_base2(FIRST_LOG2)
    at = ndtri(np.clip(cube, 1e-9, 1.0 - 1e-9))
    like = log_likelihood(at)
    mixtures: list[_Kernels] = []
    # The mixture of all rounds over the prior at every point, the first round being the prior.
    over = np.full(len(at), np.log(len(at)))
    log_weight = np.zeros(len(at))
    while len(mixtures) < ROUNDS and (_effective(like + log_weight) < ENOUGH or not mixtures):
        mixtures.append(_Kernels.around(at, _flattened(like, log_weight), random))
        new = mixtures[-1].draw(LATER, random)
        over = np.logaddexp(over, np.log(LATER) + mixtures[-1].log_density_over_prior(at))
        terms = [np.full(LATER, np.log(2**FIRST_LOG2))]
        terms += [np.log(LATER) + m.log_density_over_prior(new) for m in mixtures]
        over = np.concatenate([over, np.logaddexp.reduce(terms)])
        at = np.concatenate([at, new])
        like = np.concatenate([like, log_likelihood(new)])
        log_weight = np.log(len(at)) - over
    return Points(at, log_weight, like, _effective(like + log_weight))


def _effective(log_weight: FloatArray) -> float:
    """Effective number of weighted points."""
    share = np.exp(log_weight - log_weight.max())
    return float(share.sum() ** 2 / (share**2).sum())


def _flattened(like: FloatArray, log_weight: FloatArray) -> FloatArray:
    """Logarithms of weights, the likelihood taken to the largest power that leaves a few points."""
    whole = like + log_weight
    if _effective(whole) >= FEW:
        return whole
    low, high = 0.0, 1.0
    for _ in range(20):
        power = 0.5 * (low + high)
        if _effective(power * like + log_weight) >= FEW:
            low = power
        else:
            high = power
    return np.asarray(low * like + log_weight)


@dataclass(frozen=True, slots=True, eq=False)
class _Kernels:
    """Normal kernels of one covariance, mixed with the prior."""

    centres: FloatArray
    root: FloatArray

    @classmethod
    def around(
        cls, at: FloatArray, log_weight: FloatArray, random: np.random.Generator
    ) -> _Kernels:
        share = np.exp(log_weight - log_weight.max())
        share /= share.sum()
        middle = share @ at
        spread = (at - middle).T @ ((at - middle) * share[:, None])
        spread += LEAST_SPREAD * np.eye(at.shape[1])
        chosen = random.choice(len(at), size=CENTRES, p=share)
        return cls(at[chosen], NARROW * np.linalg.cholesky(spread))

    def draw(self, number: int, random: np.random.Generator) -> FloatArray:
        z = random.standard_normal((number, self.root.shape[0]))
        near = self.centres[random.integers(len(self.centres), size=number)] + z @ self.root.T
        wide = random.random(number) < FROM_PRIOR
        return np.where(wide[:, None], z, near)

    def log_density_over_prior(self, at: FloatArray) -> FloatArray:
        """Logarithm of this proposal over the standard normal prior."""
        inverse = np.linalg.inv(self.root)
        a, b = at @ inverse.T, self.centres @ inverse.T
        square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
        least = square.min(axis=1)
        square -= least[:, None]
        kernel = np.log(np.exp(-0.5 * square).mean(axis=1)) - 0.5 * least
        kernel -= float(np.log(np.abs(np.diagonal(self.root))).sum())
        ratio = kernel + 0.5 * (at**2).sum(axis=1)
        return np.asarray(np.logaddexp(np.log(FROM_PRIOR), np.log1p(-FROM_PRIOR) + ratio))
