"""Amounts of several nuclides from areas that are sums of their lines, under many curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Weighted least squares, one solution per curve.

    Attributes
    ----------
    best : (n, p) float
        Amounts.
    covariance : (n, p, p) float
        Of the amounts.
    chi_squared : (n,) float
        What is left.
    log_likelihood : (n,) float
        Of the curve, the amounts integrated out with a flat prior.
    """

    best: FloatArray
    covariance: FloatArray
    chi_squared: FloatArray
    log_likelihood: FloatArray


def amounts_under(unit: FloatArray, areas: FloatArray, weight: FloatArray) -> Amounts:
    """Amounts under each curve.

    Parameters
    ----------
    unit : (n, f, p) float
        Area of each feature per amount, for every curve.
    areas, weight : (f,) float
        Measured areas and their reciprocal variances.
    """
    information = np.einsum("nfi,f,nfj->nij", unit, weight, unit)
    covariance = np.linalg.inv(information)
    best = np.einsum("nij,nfj,f->ni", covariance, unit, weight * areas)
    rest = areas - np.einsum("nfi,ni->nf", unit, best)
    chi = np.asarray((rest**2 * weight).sum(axis=1))
    log_likelihood = -0.5 * chi - 0.5 * np.linalg.slogdet(information)[1]
    return Amounts(best, covariance, chi, log_likelihood)
