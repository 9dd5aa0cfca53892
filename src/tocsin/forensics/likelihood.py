"""The two-level model: samples scatter about their source, sources about their population.

``likelihood_fit`` fits it. Densities come from ``likelihood_density``: missing parts are
marginalised, non-detects integrated, uncertainties of measurement kept apart from the spread
within a source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.forensics.composition import Table
from tocsin.forensics.likelihood_density import distances, log_density, masked_inverse
from tocsin.forensics.likelihood_sites import Sites, diagonal_matrices

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TwoLevelModel:
    r"""A fitted model.

    For sample j of source k of class t, with random design :math:`z` and fixed design :math:`c`,

    .. math::
        y_{kj} = \sum_a z_{kja} \theta_{ka} + B' c_{kj} + e_{kj} + \varepsilon_{kj}, \quad
        \theta_k \sim N(\mu_t, S_b), \; e_{kj} \sim N(0, S_k), \;
        \varepsilon_{kj} \sim N(0, U_{kj}),

    :math:`U` the known covariance of measurement and :math:`S_k` inverse-Wishart about the pooled
    :math:`S_w`.

    Attributes
    ----------
    names : tuple of str
        The p features.
    sources, groups : tuple of str
        The K sources and T classes.
    group_of_source : int array, shape (K,)
        Class of each source.
    population_mean : array, shape (T, P)
        :math:`\mu_t`, P = p q, all features of the first random covariate first.
    between, within : array, shapes (P, P) and (p, p)
        :math:`S_b` and :math:`S_w`.
    fixed : array, shape (c, p)
        :math:`B`.
    source_mean, source_covariance : array, shapes (K, P) and (K, P, P)
        Posterior of :math:`\theta_k`.
    source_within : array, shape (K, p, p)
        Scale of :math:`S_k` for prediction.
    source_dof : array, shape (K,)
        Degrees of freedom of a prediction for source k: its lots and the pooling.
    pooling : float
        Samples that the pooled :math:`S_w` counts for in :math:`S_k` (empirical Bayes).
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    groups: tuple[str, ...]
    group_of_source: Index
    population_mean: Array
    between: Array
    within: Array
    fixed: Array
    source_mean: Array
    source_covariance: Array
    source_within: Array
    source_dof: Array
    pooling: float

    @property
    def population_dof(self) -> float:
        """Degrees of freedom of the spread between sources: sources less classes, at least 3."""
        return float(max(len(self.sources) - len(self.groups), 3))

    def source_log_density(self, table: Table, source: int) -> Array:
        """Log density of each row under one source of the library, shape (n,)."""
        return self._log_density(
            table,
            self.source_mean[source],
            self.source_covariance[source],
            self.source_within[source],
            float(self.source_dof[source]),
        )

    def group_log_density(self, table: Table, group: int) -> Array:
        """Log density of each row under a new source of one class, shape (n,)."""
        sources = int(np.sum(self.group_of_source == group))
        return self._log_density(
            table,
            self.population_mean[group],
            self.between * (1.0 + 1.0 / sources),
            self.within,
            self.population_dof,
        )

    @property
    def kernel_width(self) -> float:
        r"""Width of the kernel about each source, in units of the spread between sources.

        .. math:: h = \left( \frac{4}{K (2 p + 1)} \right)^{1 / (p + 4)}

        References
        ----------
        C. G. G. Aitken, D. Lucy, Appl. Statist. 53 (2004) 109,
        doi 10.1046/j.0035-9254.2003.05271.x [formula unverified].
        """
        p = len(self.names)
        return float((4.0 / (len(self.sources) * (2 * p + 1))) ** (1.0 / (p + 4)))

    def kernel_log_densities(self, table: Table) -> Array:
        """Log density of each row under a new source like each one of the library, (n, K).

        A library need not be one normal cloud of sources; kernels follow its clusters.
        """
        extra = self.kernel_width**2 * self.between
        return np.column_stack(
            [
                self._log_density(table, mean, covariance + extra, self.within, self.population_dof)
                for mean, covariance in zip(self.source_mean, self.source_covariance, strict=True)
            ]
        )

    def joint_log_densities(self, table: Table) -> tuple[Array, Array, Array]:
        """All rows as samples of ONE source.

        The rows enter in turn, each sharpening what is known of the source.

        Returns
        -------
        sources : array, shape (K,)
            Log density under each source of the library.
        kernels : array, shape (K,)
            Log density under a new source like each one.
        cloud : array, shape ()
            Log density under a new source of the first class.
        """
        k, p = len(self.sources), len(self.names)
        extra = self.kernel_width**2 * self.between
        cloud = self.between * (1.0 + 1.0 / np.sum(self.group_of_source == 0))
        total = self._joint(
            table,
            np.concatenate([self.source_mean, self.source_mean, self.population_mean[:1]]),
            np.concatenate([self.source_covariance, self.source_covariance + extra, cloud[None]]),
            np.concatenate([self.source_within, np.broadcast_to(self.within, (k + 1, p, p))]),
            np.concatenate([self.source_dof, np.full(k + 1, self.population_dof)]),
        )
        return total[:k], total[k : 2 * k], total[2 * k]

    def _joint(
        self, table: Table, mean: Array, covariance: Array, within: Array, dof: Array
    ) -> Array:
        """Joint log density of the rows for each of several starts, shape (S,)."""
        starts = len(mean)
        total: Array = np.zeros(starts)
        for i in range(len(table)):
            row = table.rows(np.full(starts, i, dtype=np.intp))
            residual, upper, scale = self._parts(row, mean, covariance, within)
            total = total + log_density(residual, scale, row.observed, upper, dof)
            if i < len(table) - 1:
                mean, covariance = self._updated(row, mean, covariance, within)
        return total

    def source_distance(self, table: Table, source: int) -> Array:
        """Squared distance of each row from one source over its observed parts, shape (n,)."""
        residual, _, scale = self._parts(
            table,
            self.source_mean[source],
            self.source_covariance[source],
            self.source_within[source],
        )
        return distances(residual, scale, table.observed)

    def standard_residuals(self, table: Table, source: int) -> Array:
        """Each observed part less its expectation, in predicted standard deviations, (n, p).

        For a non-detect that lies below the expectation of the source: the limit in its place,
        negative where the limit is below what the source would show. NaN where nothing is known.
        """
        residual, upper, scale = self._parts(
            table,
            self.source_mean[source],
            self.source_covariance[source],
            self.source_within[source],
        )
        width = np.sqrt(np.einsum("nii->ni", scale))
        z = np.where(table.observed, residual / width, np.nan)
        return np.where(table.censored, np.minimum(upper / width, 0.0), z)

    def _parts(
        self, table: Table, mean: Array, covariance: Array, within: Array
    ) -> tuple[Array, Array, Array]:
        h = design_matrices(table.random_design, len(self.names))
        coefficients = np.broadcast_to(mean, (len(table), h.shape[2]))
        expected = np.einsum("npP,nP->np", h, coefficients) + table.fixed_design @ self.fixed
        scale = within + table.covariance + h @ covariance @ np.swapaxes(h, 1, 2)
        return table.values - expected, table.upper - expected, scale

    def _log_density(
        self, table: Table, mean: Array, covariance: Array, within: Array, dof: float
    ) -> Array:
        if table.names != self.names:
            raise InvalidInput("the samples and the model have different features")
        residual, upper, scale = self._parts(table, mean, covariance, within)
        return log_density(residual, scale, table.observed, upper, dof)

    def _updated(
        self, row: Table, mean: Array, covariance: Array, within: Array
    ) -> tuple[Array, Array]:
        """Posterior of each start's coefficients after one more sample."""
        h = design_matrices(row.random_design, len(self.names))
        noise = within + row.covariance
        residual, upper, scale = self._parts(row, mean, covariance, within)
        values, extra = np.where(row.observed, residual, 0.0), np.zeros_like(residual)
        sites = Sites.none(row)
        for _ in range(8 if row.censored.any() else 0):
            sites = sites.updated(row, values, upper, scale)
            values, extra = sites.pseudo(values)
        seen = row.observed | row.censored
        inverse, _ = masked_inverse(noise + diagonal_matrices(extra), seen)
        weighted = np.swapaxes(h, 1, 2) @ inverse
        posterior: Array = np.asarray(np.linalg.inv(np.linalg.inv(covariance) + weighted @ h))
        pull = np.einsum("sPq,sq->sP", weighted, values)
        sharper: Array = mean + np.einsum("sPQ,sQ->sP", posterior, pull)
        return sharper, posterior.astype(np.float64, copy=False)


def design_matrices(random_design: Array, features: int) -> Array:
    """Matrix that takes a source's coefficients to the expectation of a sample, (n, p, p q)."""
    n, q = random_design.shape
    h = np.zeros((n, features, features * q))
    rows = np.arange(features)
    for a in range(q):
        h[:, rows, a * features + rows] = random_design[:, [a]]
    return h
