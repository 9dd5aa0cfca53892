"""A spectrum made ready for a fit of everything at once: bins, background, errors of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.linalg import cholesky, solve_triangular

from tocsin.detection.binning import BinnedSpectrum, smooth
from tocsin.spectra import rebin

FloatArray = NDArray[np.float64]

_PILE_BINS = 1024
_PILE_FROM_KEV = 15.0  # below, electronic noise is no photon that could pile up
_DEGREE = 3
_CLIP_FWHM = 1.5  # half of what a peak may be wide to be clipped away


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelErrors:
    """What the modelled response may be wrong by, relative to the counts above background.

    The figures are the residuals of recordings and of another laboratory's simulations of single
    known nuclides when fitted with their own templates (docs/science/identification.md).

    Attributes
    ----------
    bin : float
        Of each bin on its own.
    local, local_spacing : float
        Of stretches as long as ``local_spacing`` peak widths: scattered photons, Compton edges.
    broad, broad_spacing : float
        The same over long stretches: efficiency, unknown surroundings.
    shift, shift_scan : float
        Place of everything, in peak widths: what the energy scale leaves, and what a coarse grid of
        trial scales leaves. Matters on the flanks of peaks.
    low, low_keV : float
        Of each bin and each stretch below ``low_keV``: windows, thresholds, X-rays.
    background : float
        Part of the background that counts like the net counts: its shape changes with place and
        with the shadow of what is measured.
    peak_amount, peak_shift, peak_width : float
        Of the strong peaks of a nuclide that is taken for proved: relative amount, place in peak
        widths, relative width.
    """

    bin: float = 0.03
    local: float = 0.15
    local_spacing: float = 2.0
    broad: float = 0.30
    broad_spacing: float = 8.0
    shift: float = 0.05
    shift_scan: float = 0.15
    low: float = 0.15
    low_keV: float = 45.0
    background: float = 0.2
    peak_amount: float = 0.10
    peak_shift: float = 0.05
    peak_width: float = 0.08


@dataclass(frozen=True)
class Prepared:
    """Counts in bins with what is known beforehand.

    Attributes
    ----------
    binned : BinnedSpectrum
        Counts and background.
    pile_up : (n,) float
        Shape of two photons counted as one: the spectrum folded with itself; sum one, or zero.
    level, baseline : (n,) float
        Counts that errors of single bins are relative to, and those without peaks, which errors of
        longer stretches are relative to: what is smooth can then not stand for a peak.
    slope : (n,) float
        Change of the net counts per bin over one peak width.
    variance : (n,) float
        From counting alone.
    """

    binned: BinnedSpectrum
    pile_up: FloatArray
    level: FloatArray
    baseline: FloatArray
    slope: FloatArray
    variance: FloatArray

    @classmethod
    def of(
        cls, binned: BinnedSpectrum, counts: FloatArray, edges_keV: FloatArray, errors: ModelErrors
    ) -> Prepared:
        """From bins, and the channels they were made of."""
        width = np.diff(binned.edges_keV)

        def level(values: FloatArray, half: int) -> FloatArray:
            return np.asarray(smooth(values, half) / smooth(width, half) * width)

        net = np.maximum(level(binned.counts - binned.background, 2), 0.0)
        variance = np.maximum(level(binned.counts, 1), 1.0) + binned.background_variance
        density = level(binned.counts - binned.background, 1) / width
        own = errors.background * binned.background
        return cls(
            binned,
            _pile_up(counts, edges_keV, binned.edges_keV),
            net + own,
            clipped(net / width, binned.position, reach=_CLIP_FWHM) * width + own,
            np.abs(np.gradient(density, binned.position)) * width,
            variance,
        )

    def whitening(
        self,
        errors: ModelErrors,
        *,
        local: float | None = None,
        shift: float | None = None,
        extra: FloatArray | None = None,
    ) -> Whitening:
        """Covariance of data and model together.

        Parameters
        ----------
        errors : ModelErrors
            Relative errors of the model.
        local, shift : float, optional
            In place of those of ``errors``.
        extra : (n, m) float, optional
            Further independent errors, one standard deviation a column.
        """
        level = self.level
        low = np.where(self.binned.centres_keV < errors.low_keV, errors.low, 0.0)
        moved = (errors.shift if shift is None else shift) * self.slope
        alone = (np.hypot(errors.bin, low) * level) ** 2
        covariance = np.diag(self.variance + alone + moved**2)
        each = np.hypot(errors.local if local is None else local, low)
        for spacing, error in (
            (errors.local_spacing, each),
            (errors.broad_spacing, np.full(level.size, errors.broad)),
        ):
            basis = _splines(self.binned.position, spacing) * (error * self.baseline)[:, None]
            covariance += basis @ basis.T
        if extra is not None:
            covariance += extra @ extra.T
        return Whitening(np.asarray(cholesky(covariance, lower=True, check_finite=False)))


@dataclass(frozen=True)
class Whitening:
    """Makes data of a known covariance independent with unit variance."""

    factor: FloatArray

    def __call__(self, columns: FloatArray) -> FloatArray:
        """Columns ``(n, k)`` or one ``(n,)``, whitened."""
        return np.asarray(solve_triangular(self.factor, columns, lower=True, check_finite=False))


def _splines(position: FloatArray, spacing: float) -> FloatArray:
    """Cubic splines over positions in peak widths, ``(n, m)``; they sum to one everywhere."""
    low, high = float(position[0]), float(position[-1])
    spans = max(2, int(np.ceil((high - low) / spacing)))
    inner = np.linspace(low, high, spans + 1)
    step = inner[1] - inner[0]
    left = inner[0] - step * np.arange(_DEGREE, 0, -1)
    right = inner[-1] + step * np.arange(1, _DEGREE + 1)
    inside = np.clip(position, low, np.nextafter(high, low))
    knots = np.concatenate((left, inner, right))
    return np.asarray(BSpline.design_matrix(inside, knots, _DEGREE).toarray())


def clipped(density: FloatArray, position: FloatArray, *, reach: float) -> FloatArray:
    """A spectrum without its peaks (SNIP: statistics-sensitive non-linear iterative peak clipping).

    Parameters
    ----------
    density : (n,) float
        Counts per energy, not negative.
    position : (n,) float
        Bin centres in peak widths.
    reach : float
        Half of the width that is clipped, in peak widths.

    Returns
    -------
    (n,) float
        At most ``density``.

    References
    ----------
    Ryan et al. (1988), Nucl. Instrum. Methods B 34, 396, doi:10.1016/0168-583X(88)90063-8.
    """
    step = float(np.median(np.diff(position)))
    most = max(1, round(reach / step))
    # as if the spectrum went on below its low end: what only falls from there is no peak
    padded = np.maximum(np.concatenate((np.full(most, density[0]), density)), 0.0)
    values = np.log(np.log(np.sqrt(padded + 1.0) + 1.0) + 1.0)
    for p in range(most, 0, -1):
        mean = 0.5 * (values[: -2 * p] + values[2 * p :])
        values = values.copy()
        values[p:-p] = np.minimum(values[p:-p], mean)
    out = ((np.exp(np.exp(values) - 1.0) - 1.0) ** 2 - 1.0)[most:]
    return np.asarray(np.clip(out, 0.0, np.maximum(density, 0.0)))


def _pile_up(counts: FloatArray, edges_keV: FloatArray, onto_keV: FloatArray) -> FloatArray:
    """Shape of random coincidences: energies of two independent photons of the spectrum add up."""
    high = float(edges_keV[-1])
    even = np.linspace(0.0, high, _PILE_BINS + 1)
    centres = 0.5 * (edges_keV[1:] + edges_keV[:-1])
    single = rebin(np.where(centres > _PILE_FROM_KEV, counts, 0.0), edges_keV, even)
    double = np.convolve(single, single)[:_PILE_BINS]
    # bins i and j make a sum between i + j and i + j + 2 bins
    double = 0.5 * (double + np.concatenate(([0.0], double[:-1])))
    shape = rebin(double, even, onto_keV)
    total = float(shape.sum())
    return shape / total if total > 0 else np.zeros_like(shape)
