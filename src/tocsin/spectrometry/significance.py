"""How sure it is that counts exceed a background that is itself only estimated."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, ndtri, pdtrc, xlogy

FloatArray = NDArray[np.float64]

_SMALLEST_P = 1e-280
"""Probability below which the incomplete beta function has no digits left."""


def excess_p(gross: ArrayLike, expected: ArrayLike, uncertainty: ArrayLike) -> FloatArray:
    """Chance that the background alone gives at least the observed counts.

    The background ``expected +- uncertainty`` stands for an auxiliary count of
    ``m = (expected / uncertainty)^2`` in ``tau = m / expected`` times the window. Given the sum of
    both, the counts in the window are binomial, whatever the true background: the test is exact for
    Poisson counts, down to none at all.

    Parameters
    ----------
    gross : float, any shape
        Counts observed, >= 0.
    expected, uncertainty : float, same shape
        Background expected in the window and its standard uncertainty.

    Returns
    -------
    float, same shape
        One-sided p-value ``I(1 / (1 + tau); gross, m + 1)``; 1 for no counts at all.

    References
    ----------
    R. D. Cousins, J. T. Linnemann, J. Tucker, Nucl. Instr. Meth. A 595 (2008) 480,
    doi 10.1016/j.nima.2008.07.086 (there called Z_Bi).
    """
    n = np.asarray(gross, dtype=np.float64)
    b = np.maximum(np.asarray(expected, dtype=np.float64), 1e-9)
    u = np.maximum(np.asarray(uncertainty, dtype=np.float64), 0.0)
    known = u <= 1e-4 * np.sqrt(b)
    tau = b / np.where(known, 1.0, u) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(
            known, pdtrc(n - 1.0, b), betainc(np.maximum(n, 1e-9), b * tau + 1.0, 1.0 / (1.0 + tau))
        )
    return np.asarray(np.where(n <= 0, 1.0, np.clip(p, 0.0, 1.0)))


def excess_sigma(gross: ArrayLike, expected: ArrayLike, uncertainty: ArrayLike) -> FloatArray:
    """:func:`excess_p` in standard deviations of a Gaussian.

    Beyond 35 standard deviations, where p is below every floating-point number, the likelihood
    ratio of the same two counts is used; the two agree to 1 per cent there.

    References
    ----------
    T.-P. Li, Y.-Q. Ma, Astrophys. J. 272 (1983) 317, doi 10.1086/161295 (eq. 17).
    """
    n = np.asarray(gross, dtype=np.float64)
    b = np.maximum(np.asarray(expected, dtype=np.float64), 1e-9)
    u = np.maximum(np.asarray(uncertainty, dtype=np.float64), 1e-4 * np.sqrt(b))
    p = excess_p(n, b, uncertainty)
    m, tau = (b / u) ** 2, b / u**2
    both = n + m
    ratio = 2.0 * (xlogy(n, n * (1 + tau) / both) + xlogy(m, m * (1 + tau) / (tau * both)))
    far = np.sign(n - b) * np.sqrt(np.maximum(ratio, 0.0))
    exact = p > _SMALLEST_P
    return np.asarray(np.where(exact, -ndtri(np.where(exact, p, 0.5)), far))
