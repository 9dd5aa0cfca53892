"""How much there is at given energies, whether or not a peak was found there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.spectrometry.analysis import PeakAnalysis
from tocsin.spectrometry.grouping import plan_regions
from tocsin.spectrometry.limits import CharacteristicLimits, characteristic_limits
from tocsin.spectrometry.refine import local_inflation, refine_continuum
from tocsin.spectrometry.region import RegionFit, RegionProblem
from tocsin.spectrometry.shape import sigma_of

FloatArray = NDArray[np.float64]

SAME_FWHM = 0.5
"""Distance from a found peak, in peak widths, within which the energy asked for means that peak."""


@dataclass(frozen=True, slots=True, eq=False)
class AreaAt:
    """Net area at an energy; counts are those of the file.

    Attributes
    ----------
    energy_keV : float
        Where.
    area, area_uncertainty : float
        Net counts, possibly negative, and their standard uncertainty.
    fit : RegionFit
        The region, in Poisson counts.
    number : int
        Index of the peak in ``fit``.
    count_scale : float
        Counts of the file per Poisson count.
    """

    energy_keV: float
    area: float
    area_uncertainty: float
    fit: RegionFit
    number: int
    count_scale: float

    def uncertainty_if(self, true_area: float) -> float:
        """Standard uncertainty of the area if its true value were this, in counts of the file.

        The expected counts of the region are those of the fit with this area in place of the
        fitted one.
        """
        i, scale = self.number, self.count_scale
        shape = self.fit.shapes
        step = self.fit.step * shape.below[i]
        unit = shape.value[i] + step
        expected = self.fit.expected + (true_area / scale - self.fit.areas[i]) * unit
        # Where nothing is expected one count in the region is the least that is known.
        expected = np.maximum(expected, 1.0 / expected.size)
        variance = float(self.fit.covariance_at(expected)[i, i])
        return scale * local_inflation(self.fit, i) * float(np.sqrt(variance))


def areas_at(analysis: PeakAnalysis, energies_keV: Sequence[float]) -> tuple[AreaAt, ...]:
    """Net areas at given energies, by a fit with fixed places.

    Around each energy the continuum, the peak asked for (of either sign) and the neighbours that
    the analysis found are fitted together, with the width curve and tail of the analysis.

    Parameters
    ----------
    analysis : PeakAnalysis
        Analysis of the same spectrum.
    energies_keV : sequence of float
        On the spectrum's scale, within the channels used.

    Returns
    -------
    tuple of AreaAt
        In the order of ``energies_keV``.

    Raises
    ------
    InvalidInput
        For an energy outside of the channels used.
    """
    m = analysis.measured
    low, high = float(m.edges_keV[analysis.low]), float(m.edges_keV[analysis.high])
    asked = np.asarray(energies_keV, dtype=np.float64)
    if asked.size == 0:
        return ()
    outside = asked[(asked <= low) | (asked >= high) | ~np.isfinite(asked)]
    if outside.size:
        raise InvalidInput(
            f"{outside[0]:g} {m.unit} lies outside of the channels used, "
            f"{low:.1f} to {high:.1f} {m.unit}"
        )
    width = analysis.widths.resolution.fwhm_keV
    found = np.array([p.energy_keV for p in analysis.peaks], dtype=np.float64)
    areas = np.array([p.area / m.count_scale for p in analysis.peaks], dtype=np.float64)
    if found.size:
        fwhm = width(np.maximum(found, 1e-3))
        apart = np.abs(found[:, None] - asked[None, :]).min(axis=1) > SAME_FWHM * fwhm
        found, areas = found[apart], areas[apart]
    places = np.unique(np.concatenate([asked, found]))
    start = np.zeros(places.size)
    start[np.searchsorted(places, found)] = areas
    plans = plan_regions(places, start, m.edges_keV, width, low=analysis.low, high=analysis.high)
    out: dict[float, AreaAt] = {}
    for plan in plans:
        if not bool(np.any(np.isin(plan.energies_keV, asked))):
            continue
        problem = RegionProblem(
            counts=m.counts[plan.first : plan.last],
            edges_keV=m.edges_keV[plan.first : plan.last + 1],
            centres_keV=plan.energies_keV,
            areas=plan.areas,
            sigma_keV=sigma_of(width(np.maximum(plan.energies_keV, 1e-3)), analysis.tail),
            width_sigma=np.full(plan.energies_keV.size, analysis.widths.log_sigma),
            tail=analysis.tail,
            fixed_centres=True,
            signed_areas=True,
        )
        fit = refine_continuum(problem)
        for i in np.flatnonzero(np.isin(plan.energies_keV, asked)):
            sigma = local_inflation(fit, int(i)) * float(np.sqrt(fit.area_covariance[i, i]))
            out[float(plan.energies_keV[i])] = AreaAt(
                energy_keV=float(plan.energies_keV[i]),
                area=m.count_scale * float(fit.areas[i]),
                area_uncertainty=m.count_scale * sigma,
                fit=fit,
                number=int(i),
                count_scale=m.count_scale,
            )
    missing = [e for e in asked.tolist() if e not in out]
    if missing:
        raise InvalidInput(f"no channels to fit at {missing[0]:g} {m.unit}")
    return tuple(out[e] for e in asked.tolist())


@dataclass(frozen=True, slots=True)
class Subtracted:
    """A background peak to be taken off, in counts of the foreground's measuring time.

    Attributes
    ----------
    counts, uncertainty : float
        Scaled net area of the background at the same energy and its standard uncertainty.
    """

    counts: float = 0.0
    uncertainty: float = 0.0


NOTHING = Subtracted()


def limits_at(
    area: AreaAt,
    *,
    background: Subtracted = NOTHING,
    per_count: float = 1.0,
    factor_relative_uncertainty: float = 0.0,
    alpha: float = 0.05,
    beta: float = 0.05,
    gamma: float = 0.05,
) -> CharacteristicLimits:
    """Characteristic limits of a peak area over its continuum and a background peak.

    The measurand is ``w (A - B)``: net area of the foreground less the scaled one of the
    background, times a calibration factor. ``u^2(t) = w^2 (u_A^2(t / w + B) + u_B^2)
    + t^2 u_rel^2(w)``, where ``u_A(a)`` is the uncertainty that the fit of the region would have if
    the true area were ``a``.

    Parameters
    ----------
    area : AreaAt
        Of the foreground.
    background : Subtracted
        Background peak.
    per_count, factor_relative_uncertainty : float
        Calibration factor ``w`` and its relative standard uncertainty.
    alpha, beta, gamma : float
        As in :func:`characteristic_limits`.
    """
    if not per_count > 0.0:
        raise InvalidInput(f"the calibration factor must be positive, not {per_count!r}")

    def at(true: float) -> float:
        counts = area.uncertainty_if(true / per_count + max(background.counts, 0.0))
        spread = per_count * float(np.hypot(counts, background.uncertainty))
        return float(np.hypot(spread, true * factor_relative_uncertainty))

    value = per_count * (area.area - background.counts)
    own = per_count * float(np.hypot(area.area_uncertainty, background.uncertainty))
    own = float(np.hypot(own, value * factor_relative_uncertainty))
    return characteristic_limits(value, at, uncertainty=own, alpha=alpha, beta=beta, gamma=gamma)
