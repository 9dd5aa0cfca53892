r"""Uncertainty of results from the uncertainty of inputs: by GUM and by Monte Carlo.

GUM (JCGM 100:2008, eq. 13): with sensitivities :math:`c_i = \partial y / \partial x_i`

.. math:: u^2(y) = \sum_i \sum_j c_i c_j \, u(x_i) \, u(x_j) \, r(x_i, x_j) ,

and for two results of shared inputs the covariance
:math:`u(y, z) = \sum_i \sum_j c_i d_j \, u(x_i) u(x_j) r(x_i, x_j)`.
Monte Carlo (JCGM 101:2008): inputs are drawn together, results are computed from each draw.
Inputs of which value and standard uncertainty are known are normal (JCGM 101, 6.4.7), positive ones
log-normal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.forensics.chronometry_growth import FloatArray

LEAST_SHARE = 1e-6
"""Inputs with a smaller part of the variance are not listed in a budget."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input quantity.

    Attributes
    ----------
    key : str
        Identity: results that use the same key share this input.
    name : str
        What budgets call it.
    value : float
        Best estimate.
    standard_uncertainty : float
        Zero or more, in the unit of the value.
    positive : bool
        The quantity cannot be zero or less: drawn log-normal, with this mean and this standard
        deviation, which for small uncertainties is the normal distribution.
    """

    key: str
    name: str
    value: float
    standard_uncertainty: float
    positive: bool = False

    def drawn(self, standard_normal: FloatArray) -> FloatArray:
        """Samples of the quantity from samples of a standard normal variable."""
        if not self.positive:
            return self.value + self.standard_uncertainty * standard_normal
        width_squared = math.log1p((self.standard_uncertainty / self.value) ** 2)
        exponent = math.sqrt(width_squared) * standard_normal - width_squared / 2.0
        samples: FloatArray = self.value * np.exp(exponent)
        return samples


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """What one input contributes to the uncertainty of one result.

    Attributes
    ----------
    name : str
        Of the input.
    value, standard_uncertainty : float
        Of the input.
    sensitivity : float
        Derivative of the result by the input.
    contribution : float
        Sensitivity times standard uncertainty, in the unit of the result.
    share : float
        Part of the variance of the result, half of every covariance included; all shares of a
        result sum to one, but for those too small to be listed. Negative where a correlation takes
        uncertainty away.
    """

    name: str
    value: float
    standard_uncertainty: float
    sensitivity: float
    contribution: float
    share: float


Correlations = Mapping[tuple[str, str], float]


class InputSet:
    """Inputs of several results, with the correlations between them.

    Parameters
    ----------
    inputs : sequence of Input
        The same key may come several times, as long as it is the same input.
    correlations : mapping of (str, str) to float
        Correlation coefficients by keys, each pair once.
    """

    def __init__(self, inputs: Sequence[Input], correlations: Correlations | None = None) -> None:
        known: dict[str, Input] = {}
        for one in inputs:
            sigma = one.standard_uncertainty
            if not (math.isfinite(one.value) and math.isfinite(sigma) and sigma >= 0.0):
                raise InvalidInput(f"{one.name}: value and uncertainty must be finite numbers")
            if known.setdefault(one.key, one) != one:
                raise InvalidInput(f"{one.name} is given with two different values")
        self.inputs = tuple(known.values())
        self._place = {one.key: i for i, one in enumerate(self.inputs)}
        matrix = np.eye(len(self.inputs))
        for (first, second), r in (correlations or {}).items():
            if not -1.0 <= r <= 1.0:
                raise InvalidInput(f"a correlation must lie between -1 and 1, not {r!r}")
            i, j = self._place[first], self._place[second]
            matrix[i, j] = matrix[j, i] = r
        self._correlation = matrix
        self._sigma = np.array([one.standard_uncertainty for one in self.inputs])

    def __contains__(self, key: str) -> bool:
        return key in self._place

    def _weights(self, sensitivities: Mapping[str, float]) -> FloatArray:
        """Sensitivity times standard uncertainty of every input."""
        weights = np.zeros(len(self.inputs))
        for key, c in sensitivities.items():
            weights[self._place[key]] = c
        scaled: FloatArray = weights * self._sigma
        return scaled

    def covariance(self, sensitivities: Sequence[Mapping[str, float]]) -> FloatArray:
        """Covariance matrix of results.

        Parameters
        ----------
        sensitivities : sequence of mapping of str to float
            Of each result, by key; inputs that are left out do not matter to it.

        Returns
        -------
        array, shape (n, n)
        """
        weights = np.stack([self._weights(s) for s in sensitivities])
        result: FloatArray = weights @ self._correlation @ weights.T
        return result

    def budget(self, sensitivities: Mapping[str, float]) -> tuple[BudgetLine, ...]:
        """Contributions to one result, the largest share first.

        Shares below ``LEAST_SHARE`` are left out; without uncertainty there are none.
        """
        weights = self._weights(sensitivities)
        shares = weights * (self._correlation @ weights)
        total = float(shares.sum())
        if not total > 0.0:
            return ()
        lines = [
            BudgetLine(
                one.name,
                one.value,
                one.standard_uncertainty,
                sensitivities[one.key],
                float(weights[i]),
                float(shares[i]) / total,
            )
            for i, one in enumerate(self.inputs)
            if one.key in sensitivities and abs(shares[i]) >= LEAST_SHARE * total
        ]
        return tuple(sorted(lines, key=lambda line: -abs(line.share)))

    def draw(self, samples: int, generator: np.random.Generator) -> dict[str, FloatArray]:
        """Joint samples of all inputs, by key."""
        standard = generator.standard_normal((len(self.inputs), samples))
        if np.any(self._correlation != np.eye(len(self.inputs))):
            # The symmetric root exists for full correlation too, where Cholesky fails.
            values, vectors = np.linalg.eigh(self._correlation)
            if values.min() < -1e-9:
                raise InvalidInput("the correlations contradict each other")
            root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
            standard = root @ standard
        return {one.key: one.drawn(standard[i]) for i, one in enumerate(self.inputs)}


@dataclass(frozen=True, slots=True)
class Spread:
    """What a Monte-Carlo run says of one result.

    Attributes
    ----------
    samples : int
        Draws.
    mean, standard_deviation : float or None
        None where some draws have no finite result.
    low_95, high_95 : float
        2.5 % and 97.5 % quantiles; ``high_95`` is infinite where too many draws have no end.
    share_without_result : float
        Part of the draws for which the model has no finite result.
    """

    samples: int
    mean: float | None
    standard_deviation: float | None
    low_95: float
    high_95: float
    share_without_result: float


def spread_of(samples: FloatArray) -> Spread:
    """Mean, standard deviation and probabilistically symmetric 95 % interval of samples."""
    finite = np.isfinite(samples)
    whole = bool(finite.all())
    # "nearest" never averages a finite with an infinite sample.
    low, high = np.quantile(samples, [0.025, 0.975], method="nearest")
    return Spread(
        samples=int(samples.size),
        mean=float(samples.mean()) if whole else None,
        standard_deviation=float(samples.std(ddof=1)) if whole else None,
        low_95=float(low),
        high_95=float(high),
        share_without_result=float(1.0 - finite.mean()),
    )
