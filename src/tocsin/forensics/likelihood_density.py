"""Log densities of partly measured vectors: missing parts marginalised, non-detects integrated.

A vector has three kinds of parts. *Observed* ones enter the density. *Missing* ones are left out
by taking the sub-vector and the sub-matrix, which is the exact marginal. *Censored* ones, known
only to lie below a limit, contribute the probability of the orthant below the limits given the
observed parts. Nothing is ever put in their place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaln, log_ndtr, ndtr, ndtri

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
LATTICE_POINTS = 256
_SMALLEST = 1e-300


def log_density(
    residual: Array,
    scale: Array,
    observed: Mask,
    upper: Array,
    degrees_of_freedom: Array | float | None = None,
) -> Array:
    r"""Log density of observed parts times the probability of the censored ones.

    .. math:: \ln p = \ln t_\nu(r_o; S_{oo}) + \ln P(r_c < b \mid r_o)

    with the multivariate normal in place of Student's :math:`t_\nu` where no degrees of freedom
    are given. Conditional on :math:`r_o`, :math:`r_c` is :math:`t_{\nu + |o|}` with the scale
    :math:`(\nu + r_o' S_{oo}^{-1} r_o) / (\nu + |o|) \, (S_{cc} - S_{co} S_{oo}^{-1} S_{oc})`.

    Parameters
    ----------
    residual : array, shape (n, p)
        Value less expectation; used where ``observed``.
    scale : array, shape (n, p, p)
        Covariance (normal) or scale matrix (t).
    observed : bool array, shape (n, p)
        Which parts were measured.
    upper : array, shape (n, p)
        Limit less expectation for a censored part, infinite elsewhere.
    degrees_of_freedom : float or array of shape (n,), optional
        Of Student's t.

    Returns
    -------
    array, shape (n,)

    Notes
    -----
    The orthant probability is exact for one censored part and a lattice rule (Genz 1992, separation
    of variables) with ``LATTICE_POINTS`` points for more; the lattice is fixed, so the same input
    gives the same output.

    References
    ----------
    A. Genz, J. Comput. Graph. Stat. 1 (1992) 141, doi 10.1080/10618600.1992.10477010.
    """
    count = observed.sum(axis=1)
    inverse, log_determinant = masked_inverse(scale, observed)
    r = np.where(observed, residual, 0.0)
    solved = np.einsum("nij,nj->ni", inverse, r)
    distance = np.einsum("ni,ni->n", r, solved)
    given = degrees_of_freedom
    nu = None if given is None else np.broadcast_to(np.asarray(given, np.float64), count.shape)
    answer: Array
    if nu is None:
        answer = -0.5 * (distance + log_determinant + count * np.log(2 * np.pi))
    else:
        answer = np.asarray(
            gammaln((nu + count) / 2)
            - gammaln(nu / 2)
            - 0.5 * (count * np.log(nu * np.pi) + log_determinant)
            - 0.5 * (nu + count) * np.log1p(distance / nu)
        )
    censored = np.isfinite(upper) & ~observed
    rows = np.flatnonzero(censored.any(axis=1))
    if rows.size:
        s, i = scale[rows], inverse[rows]
        bound = upper[rows] - np.einsum("nij,nj->ni", s, solved[rows])
        conditional = s - s @ i @ s
        if nu is not None:
            factor = (nu[rows] + distance[rows]) / (nu[rows] + count[rows])
            conditional = conditional * factor[:, None, None]
        dof = None if nu is None else nu[rows] + count[rows]
        answer[rows] += _log_orthants(bound, conditional, censored[rows], dof)
    return answer


def distances(residual: Array, scale: Array, observed: Mask) -> Array:
    """Squared Mahalanobis distance over the observed parts, shape (n,)."""
    inverse, _ = masked_inverse(scale, observed)
    r = np.where(observed, residual, 0.0)
    found: Array = np.einsum("ni,nij,nj->n", r, inverse, r)
    return found


def masked_inverse(scale: Array, observed: Mask) -> tuple[Array, Array]:
    """Inverse of the observed sub-matrix, zero elsewhere, and the log of its determinant."""
    both = observed[:, :, None] & observed[:, None, :]
    filled = np.where(both, scale, 0.0)
    diagonal = np.arange(scale.shape[-1])
    filled[:, diagonal, diagonal] += ~observed
    _, log_determinant = np.linalg.slogdet(filled)
    return np.where(both, np.linalg.inv(filled), 0.0), log_determinant


def _log_orthants(bound: Array, scale: Array, censored: Mask, dof: Array | None) -> Array:
    """Log probability that each row's censored parts lie below their bounds."""
    answer = np.empty(len(bound))
    counts = censored.sum(axis=1)
    for d in np.unique(counts):
        rows = np.flatnonzero(counts == d)
        parts = np.argsort(~censored[rows], axis=1, kind="stable")[:, :d]
        b = np.take_along_axis(bound[rows], parts, axis=1)
        s = scale[rows[:, None, None], parts[:, :, None], parts[:, None, :]]
        nu = None if dof is None else dof[rows]
        if d == 1 and nu is None:
            answer[rows] = log_ndtr(b[:, 0] / np.sqrt(s[:, 0, 0]))
        else:
            answer[rows] = _genz(b, s, nu)
    return answer


def _genz(bound: Array, scale: Array, dof: Array | None) -> Array:
    """Separation of variables over a fixed lattice; shapes (n, d), (n, d, d), (n,) or None."""
    n, d = bound.shape
    # The hardest bound first makes the integrand flat.
    order = np.argsort(bound / np.sqrt(np.einsum("nii->ni", scale)), axis=1)
    b = np.take_along_axis(bound, order, axis=1)
    s = scale[np.arange(n)[:, None, None], order[:, :, None], order[:, None, :]]
    lower = np.linalg.cholesky(s)
    points = _lattice(d)
    if dof is None:
        widths = np.ones((n, points.shape[1]))
    else:
        # A t vector is a normal one divided by sqrt(chi2 / nu); chdtri takes the upper tail.
        # Few degrees of freedom differ, and the inverse of chi2 is slow.
        each, inverse = np.unique(dof, return_inverse=True)
        nu = each[:, None]
        widths = np.sqrt(chdtri(nu, 1.0 - points[d - 1]) / nu)[inverse]
    z = np.empty((d, n, points.shape[1]))
    log_probability = np.zeros((n, points.shape[1]))
    for k in range(d):
        shift = np.einsum("nj,jnm->nm", lower[:, k, :k], z[:k])
        edge = (b[:, k, None] * widths - shift) / lower[:, k, k, None]
        log_probability += log_ndtr(edge)
        if k < d - 1:
            z[k] = ndtri(np.maximum(points[k] * ndtr(edge), _SMALLEST))
    top = log_probability.max(axis=1)
    mean = np.exp(log_probability - top[:, None]).mean(axis=1)
    found: Array = top + np.log(mean)
    return found


def _lattice(d: int) -> Array:
    """Richtmyer lattice (square roots of primes), folded; the last row serves the t's width."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < d:
        if all(candidate % q for q in primes):
            primes.append(candidate)
        candidate += 1
    steps = np.sqrt(np.array(primes, dtype=np.float64))
    k = np.arange(1, LATTICE_POINTS + 1)
    folded: Any = np.abs(2.0 * np.mod(steps[:, None] * k, 1.0) - 1.0)
    clipped: Array = np.clip(folded, 1e-9, 1.0 - 1e-9)
    return clipped
