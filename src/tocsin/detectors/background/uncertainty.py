"""Uncertainties of a fitted background: of amounts, of the instrument, of the rate of an origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.background.components import Instrument
from tocsin.detectors.background.likelihood import LEAST_EXPECTED, Likelihood

FloatArray = NDArray[np.float64]

ABSENT_COUNTS = 0.5  # a component of fewer counts is held at zero
LEAST_EIGENVALUE = 1e-12  # of the information matrix with ones on its diagonal
LIMIT = 1.96  # one-sided standard deviations that hold 95 per cent above zero


@dataclass(frozen=True, slots=True)
class OriginRate:
    """Counts per second of one origin within the range of the fit.

    Parameters
    ----------
    counts_per_s : float
        Rate.
    sigma : float
        One standard deviation with everything else free, correlations included; to one side when
        the origin is absent; infinite when the range of the fit holds nothing of it.
    absent : bool
        Whether no component of the origin has half a count.
    """

    counts_per_s: float
    sigma: float
    absent: bool

    @property
    def below_counts_per_s(self) -> float:
        """What the rate of an absent origin stays below with 95 per cent: 1.96 deviations."""
        return LIMIT * self.sigma


@dataclass(frozen=True)
class Uncertainties:
    """Uncertainties at the top of a likelihood.

    Parameters
    ----------
    amount_sigma : (seen,) float
        Of each amount; to one side for an amount at zero.
    instrument_sigma : (7,) float
        Of the numbers of the instrument.
    origins : dict of str to OriginRate
        In the order of the components.
    free : int
        Numbers that were free: components that are there, and the instrument.
    """

    amount_sigma: FloatArray
    instrument_sigma: FloatArray
    origins: dict[str, OriginRate]
    free: int


def uncertainties_of(
    likelihood: Likelihood, amounts: FloatArray, instrument: Instrument
) -> Uncertainties:
    """Uncertainties from the information matrix of components that are there and the instrument.

    The counts of an origin are ``sum_j a_j T_j(instrument)``: their variance is ``g C g`` with the
    derivatives ``g`` by its amounts and, through its templates, by the instrument.

    Parameters
    ----------
    likelihood : Likelihood
        Of the spectrum.
    amounts : (seen,) float
        At the top.
    instrument : Instrument
        At the top.

    Returns
    -------
    Uncertainties
    """
    rows = likelihood.rows(instrument)
    k, totals = amounts.size, rows.sum(axis=1)
    counts = amounts * totals
    # amounts in counts and the instrument in standard deviations of its priors
    scale = np.concatenate((1 / np.maximum(totals, 1e-300), likelihood.prior))
    design = np.concatenate((rows, likelihood.slopes(amounts, instrument))) * scale[:, None]
    information = (design / np.maximum(amounts @ rows, LEAST_EXPECTED)) @ design.T
    information[k:, k:] += np.eye(likelihood.prior.size)
    free = np.concatenate((counts > ABSENT_COUNTS, np.ones(likelihood.prior.size, dtype=bool)))
    covariance = np.zeros_like(information)
    covariance[np.ix_(free, free)] = _inverse(information[np.ix_(free, free)])
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    for j in np.flatnonzero(~free):
        # one more component let in: what it could be by itself
        beside = information[j, free]
        left = information[j, j] - beside @ covariance[np.ix_(free, free)] @ beside
        sigma[j] = 1 / np.sqrt(left) if left > 0 else np.inf
    origins = {}
    listed = likelihood.background.components
    seen_origins = np.array([c.origin for c, s in zip(listed, likelihood.seen, strict=True) if s])
    for origin in dict.fromkeys(c.origin for c in listed):
        at = seen_origins == origin
        rate = float(counts[at].sum()) / likelihood.time
        if np.any(free[:k] & at):
            slope = np.concatenate(
                (at, likelihood.slopes(amounts * at, instrument).sum(axis=1) * likelihood.prior)
            )
            one_sigma = float(np.sqrt(max(float(slope @ covariance @ slope), 0.0)))
            origins[origin] = OriginRate(rate, one_sigma / likelihood.time, absent=False)
        else:
            most = float(sigma[:k][at].max()) if at.any() else np.inf
            origins[origin] = OriginRate(rate, most / likelihood.time, absent=True)
    return Uncertainties(
        amount_sigma=sigma[:k] * scale[:k],
        instrument_sigma=sigma[k:] * likelihood.prior,
        origins=origins,
        free=int(free.sum()),
    )


def _inverse(information: FloatArray) -> FloatArray:
    """Inverse of a matrix whose numbers lie many powers of ten apart.

    Directions that the counts do not tell get a large variance, not none.
    """
    size = np.sqrt(np.diag(information))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    inverse = (vectors / np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    return np.asarray(inverse / np.outer(size, size))
