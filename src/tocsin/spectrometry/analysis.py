"""All peaks of a spectrum: search, widths from the spectrum itself, fit region by region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from tocsin.detectors import Resolution
from tocsin.errors import InvalidInput
from tocsin.spectra import RecordingWarning
from tocsin.spectrometry.grouping import RegionPlan, plan_regions, without_feet
from tocsin.spectrometry.measured import MeasuredSpectrum
from tocsin.spectrometry.refine import (
    RefineRules,
    local_inflation,
    most_smooth,
    peak_significances,
    refine_region,
)
from tocsin.spectrometry.region import RegionFit, RegionProblem, fit_region, restarted
from tocsin.spectrometry.search import WidthModel, search
from tocsin.spectrometry.shape import (
    FWHM_PER_SIGMA,
    NO_TAIL,
    Tail,
    fwhm_with_tail,
    profiles,
    sigma_of,
    voigt_fwhm_keV,
)
from tocsin.spectrometry.unseen_step import unseen_step
from tocsin.spectrometry.width import WidthFit, fit_widths, weighted_median
from tocsin.spectrometry.xrays import is_broad_xray, with_natural_widths

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], None]

TRIALS_PER_FWHM = 2.4
"""Independent places for a peak within one full width at half maximum, as the rate of false peaks
on smooth Poisson continua shows (docs/science/spectrometry.md)."""
EMPTY_FWHM = 3.0
"""Empty channels used beyond the outermost counts, in peak widths."""
CUT_OFF_COUNTS = 50.0
"""Counts from which a rise at the low end is a cut-off and not chance."""
SHORT_FWHM = 8.0
"""Extent up to which a region counts as short, in peak widths."""
VOTING_REGIONS = 24
"""Regions, the strongest first, whose peaks say how wide peaks are."""
TAIL_GAIN = 25.0
"""Fall of the deviance from which a low-energy tail is believed."""
TAIL_CHI_SQUARED = 4.0
"""Reduced chi-squared up to which a fit with a tail is believed."""
XRAYS_KEV = 120.0
"""Energy above which no K X-ray stands."""
ANNIHILATION_KEV = 510.999
"""Electron mass (CODATA 2018: 510.99895 keV)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakSettings:
    """Choices of the peak analysis: one setting for all detectors.

    Attributes
    ----------
    false_peaks : float
        Peaks expected per spectrum on a smooth continuum without any.
    lowest_keV, highest_keV : float
        Energies used, where the spectrum has them.
    continuum_error : float
        Relative error of a polynomial as continuum under a peak, per relative peak width: a
        continuum bends on the scale of the energy, so that the error grows with the width.
    shape_error : float
        Relative error of the peak shape.
    width_log_sigma, width_log_sigma_unknown : float
        Trust in the instrument's peak width (logarithm), for a known and an assumed instrument.
    tail_counts : float
        Area from which a peak may show a low-energy tail.
    """

    false_peaks: float = 0.1
    lowest_keV: float = 10.0
    highest_keV: float = 12_000.0
    continuum_error: float = 0.1
    shape_error: float = 0.01
    width_log_sigma: float = 0.3
    width_log_sigma_unknown: float = 0.6
    tail_counts: float = 5e3

    def __post_init__(self) -> None:
        if not 1e-6 <= self.false_peaks <= 100.0:
            raise InvalidInput(f"false_peaks must lie in 1e-6 to 100, not {self.false_peaks!r}")
        if not 0.0 <= self.lowest_keV < self.highest_keV:
            raise InvalidInput("lowest_keV must be below highest_keV")


@dataclass(frozen=True, slots=True)
class Peak:
    """One peak; counts are those of the file.

    Attributes
    ----------
    energy_keV, energy_uncertainty_keV : float
        On the file's scale; the uncertainty is that of counting alone.
    fwhm_keV, fwhm_uncertainty_keV : float
        Full width at half maximum, with its tail if it has one.
    area, area_uncertainty : float
        Net counts and their standard uncertainty, correlations with the neighbours included, and
        widened where the fit about the peak is worse than chance allows.
    significance : float
        Counts in the core over everything else expected there, in standard deviations, exact for
        Poisson counts.
    continuum : float
        Expected continuum counts within one full width at half maximum about the centre.
    region : int
        Index into ``PeakAnalysis.regions``.
    number : int
        Index of the peak within its region.
    width_ratio : float
        Width over the width curve of the spectrum.
    """

    energy_keV: float
    energy_uncertainty_keV: float
    fwhm_keV: float
    fwhm_uncertainty_keV: float
    area: float
    area_uncertainty: float
    significance: float
    continuum: float
    region: int
    number: int
    width_ratio: float


@dataclass(frozen=True, slots=True, eq=False)
class FittedRegion:
    """A fitted stretch of the spectrum.

    Attributes
    ----------
    first, last : int
        First channel and first channel not used.
    fit : RegionFit
        Estimates, in Poisson counts (divide the file's by ``MeasuredSpectrum.count_scale``).
    reduced_chi_squared : float
        Pearson's over the degrees of freedom.
    p_value : float
        Chance of a chi-squared as large.
    """

    first: int
    last: int
    fit: RegionFit
    reduced_chi_squared: float
    p_value: float

    @property
    def residuals(self) -> FloatArray:
        """Residuals in standard deviations per channel."""
        fit = self.fit
        return np.asarray((fit.problem.counts - fit.expected) / np.sqrt(fit.expected))


@dataclass(frozen=True, slots=True, eq=False)
class PeakAnalysis:
    """Peaks of one spectrum with all that they rest on.

    Attributes
    ----------
    peaks : tuple of Peak
        In rising order of energy.
    regions : tuple of FittedRegion
        In rising order of energy.
    widths : WidthFit
        Width curve.
    tail : Tail
        Tail of the detector's peaks, taken from its strong ones.
    least_sigma : float
        Significance asked of a peak.
    trials : float
        Independent places for a peak.
    measured : MeasuredSpectrum
        What was analysed.
    low, high : int
        First channel used, first not used.
    settings : PeakSettings
        Choices.
    warnings : tuple of RecordingWarning
        Of the counts and of the analysis.
    """

    peaks: tuple[Peak, ...]
    regions: tuple[FittedRegion, ...]
    widths: WidthFit
    tail: Tail
    least_sigma: float
    trials: float
    measured: MeasuredSpectrum
    low: int
    high: int
    settings: PeakSettings
    warnings: tuple[RecordingWarning, ...] = field(default=())

    def fwhm_keV(self, energy_keV: float) -> float:
        """Full width at half maximum at an energy, by the width curve."""
        return float(self.widths.resolution.fwhm_keV(energy_keV))


def analyze_peaks(
    measured: MeasuredSpectrum,
    resolution: Resolution,
    *,
    assumed: bool = False,
    tails: bool = True,
    settings: PeakSettings | None = None,
    progress: Progress | None = None,
) -> PeakAnalysis:
    """All significant peaks of a spectrum.

    Parameters
    ----------
    measured : MeasuredSpectrum
        Counts.
    resolution : Resolution
        Width curve of the instrument, as far as it is known.
    assumed : bool
        Whether that curve is only a guess (the instrument was not recognised).
    tails : bool
        Whether peaks may have low-energy tails: those of semiconductors do (incomplete collection
        of charge), those of scintillators do not.
    settings : PeakSettings, optional
        Choices.
    progress : callable, optional
        Called with regions done and all.
    """
    settings = settings or PeakSettings()
    low, high = usable_channels(measured, settings, resolution.fwhm_keV)
    trust = settings.width_log_sigma_unknown if assumed else settings.width_log_sigma
    if high - low < 8 or float(measured.counts[low:high].sum()) == 0.0:
        return PeakAnalysis(
            (), (), WidthFit(resolution, trust, 0), NO_TAIL, np.inf, 0.0, measured, low, high,
            settings, measured.warnings,
        )  # fmt: skip
    work = _Analysis(measured, settings, low, high)
    widths = work.widths(resolution, trust)
    tail = work.tail(widths) if tails else NO_TAIL
    return work.peaks(widths, tail, progress)


def usable_channels(
    measured: MeasuredSpectrum, settings: PeakSettings, width: WidthModel
) -> tuple[int, int]:
    """First channel and first channel not used.

    The last channel holds all overflow and is left out, as is the rise of an electronic cut-off at
    the low end: from the first filled channel on, up to two peak widths, as long as the counts
    more than double within one width.
    """
    counts, edges = measured.counts, measured.edges_keV
    in_keV = measured.unit == "keV"
    low = int(np.searchsorted(edges, settings.lowest_keV)) if in_keV else 1
    high = int(np.searchsorted(edges, settings.highest_keV)) - 1 if in_keV else edges.size - 1
    high = min(high, counts.size - 1)
    filled = np.flatnonzero(counts[low:high])
    if filled.size == 0:
        return low, high
    floor, ceiling = low, high
    low, high = floor + int(filled[0]), floor + int(filled[-1]) + 1
    near = width(np.maximum(edges[[low, high - 1]], 1.0)) / np.diff(edges)[[low, high - 1]]
    fwhm = float(near[0])
    span = max(1, round(fwhm / 3.0))
    ahead = np.concatenate(([0.0], np.cumsum(counts[low : low + int(4 * fwhm) + 4 * span + 8])))
    parts = ahead[span:] - ahead[:-span]  # counts in a third of a peak width from each channel on
    reach = round(fwhm) + 1
    at = 0
    while at < 2.0 * fwhm and at + reach < parts.size:
        most = float(parts[at : at + reach].max())
        if most < CUT_OFF_COUNTS or parts[at] >= 0.5 * most:
            break
        at += 1
    # Empty channels beside the last counts are continuum too; below a cut-off they are not.
    sparse = at == 0 and float(parts[:reach].max(initial=0.0)) < CUT_OFF_COUNTS
    high = min(ceiling, high + round(EMPTY_FWHM * float(near[1])))
    if sparse:
        return max(floor, low - round(EMPTY_FWHM * fwhm)), high
    return min(low + at + (round(0.3 * fwhm) if at else 0), high), high


class _Analysis:
    """The steps, on one spectrum."""

    def __init__(
        self, measured: MeasuredSpectrum, settings: PeakSettings, low: int, high: int
    ) -> None:
        self.m, self.s, self.low, self.high = measured, settings, low, high
        self.range_keV = (float(measured.edges_keV[low]), float(measured.edges_keV[high]))

    def continuum_error(self, width: WidthModel) -> float:
        """Relative error of a polynomial as continuum, at the middle of the range."""
        middle = np.array([0.5 * sum(self.range_keV)])
        return self.s.continuum_error * float(width(middle)[0] / middle[0])

    def widths(self, start: Resolution, trust: float) -> WidthFit:
        """Width curve from the strong peaks: a coarse factor first, then their fitted widths."""
        factor = self._coarse_factor(start, trust)
        f2 = factor * factor
        curve = Resolution(start.a_keV2 * f2, start.b_keV * f2, start.c * f2)
        best = WidthFit(start, trust, 0)
        for turn in range(2):
            votes = self._votes(curve, free=0.5 if turn == 0 else 0.3)
            if votes.shape[0] == 0:
                break
            best = fit_widths(
                votes[:, 0], votes[:, 1], votes[:, 2], start,
                prior_log_sigma=trust, range_keV=self.range_keV,
            )  # fmt: skip
            curve = best.resolution
        return best

    def _coarse_factor(self, start: Resolution, trust: float) -> float:
        """Factor on the start widths at which most of the peaks stand out best.

        The spectrum is filtered with several widths; each place votes for the width that makes it
        most significant, and the width with most votes wins. The continuum's own structures are
        few and vote for large widths.
        """
        logs = np.arange(-6, 7) * 0.3
        logs = logs[np.abs(logs) <= 2.5 * trust]
        seen: list[tuple[float, float, int]] = []
        for i, log in enumerate(logs):

            def width(e: FloatArray, f: float = float(np.exp(log))) -> FloatArray:
                return f * start.fwhm_keV(e)

            found = without_feet(
                search(
                    self.m, width, least_sigma=6.0, low=self.low, high=self.high,
                    continuum_error=self.continuum_error(width),
                ),
                width, least_sigma=6.0,
            )  # fmt: skip
            seen += [
                (float(z), float(e), i)
                for e, z in zip(found.energies_keV, found.significances, strict=True)
            ]
        votes = np.zeros(logs.size)
        taken: list[tuple[float, float]] = []
        for z, e, i in sorted(seen, reverse=True):
            reach = 0.7 * float(np.exp(logs[i]) * start.fwhm_keV(e))
            if any(abs(e - at) < max(reach, other) for at, other in taken):
                continue
            taken.append((e, reach))
            votes[i] += np.log(z / 5.0)
        near = np.convolve(votes, [0.5, 1.0, 0.5], mode="same")
        return float(np.exp(logs[int(np.argmax(near * np.exp(-0.5 * (logs / trust) ** 2)))]))

    def _votes(self, curve: Resolution, *, free: float) -> FloatArray:
        """Energy, width and log uncertainty of strong single peaks ``(k, 3)``."""
        width = curve.fwhm_keV
        found = search(
            self.m, width, least_sigma=8.0, low=self.low, high=self.high,
            continuum_error=self.continuum_error(width),
        )  # fmt: skip
        found = without_feet(found, width, least_sigma=8.0)
        plans = plan_regions(
            found.energies_keV, found.areas, self.m.edges_keV, width,
            low=self.low, high=self.high, significances=found.significances,
        )  # fmt: skip
        plans.sort(key=lambda p: -float(p.areas.max()))
        votes = []
        for plan in plans[:VOTING_REGIONS]:
            problem = self.problem(plan, WidthFit(curve, free, 0), NO_TAIL)
            k = plan.energies_keV.size
            fit = fit_region(
                replace(
                    problem, width_sigma=np.full(k, free), n_smooth=most_smooth(problem)
                )
            )  # fmt: skip
            unsure = fit.log_width_uncertainty * max(1.0, np.sqrt(fit.chi_squared / fit.freedom))
            for i in np.flatnonzero((unsure < 0.15) & (fit.areas > 0)):
                energy = float(fit.centres_keV[i])
                width_keV = FWHM_PER_SIGMA * float(fit.sigma_keV[i])
                # Both are wider than the detector's gammas.
                if abs(energy - ANNIHILATION_KEV) > 2.0 and not is_broad_xray(energy, width_keV):
                    votes.append((energy, width_keV, float(unsure[i])))
        return np.array(votes, dtype=np.float64).reshape(-1, 3)

    def tail(self, widths: WidthFit) -> Tail:
        """Low-energy tail that the strong peaks share; none where they show none."""
        width = widths.resolution.fwhm_keV
        found = search(
            self.m, width, least_sigma=8.0, low=self.low, high=self.high,
            continuum_error=self.continuum_error(width),
        )  # fmt: skip
        found = without_feet(found, width, least_sigma=8.0)
        plans = plan_regions(
            found.energies_keV, found.areas, self.m.edges_keV, width,
            low=self.low, high=self.high, significances=found.significances,
        )  # fmt: skip
        plans = [p for p in plans if float(p.areas.max()) >= self.s.tail_counts]
        plans.sort(key=lambda p: -float(p.areas.max()))
        rules = RefineRules(
            width, widths.log_sigma, 6.0, self.continuum_error(width), self.s.shape_error
        )
        fits, seen = [], []
        for plan in plans[:8]:
            fit = refine_region(self.problem(plan, widths, NO_TAIL), rules)
            near = np.abs(fit.centres_keV - ANNIHILATION_KEV) < 2.0
            # X-rays have Lorentzian feet, annihilation is Doppler-broadened: no tails to learn.
            if fit.n_peak == 0 or fit.centres_keV.min() < XRAYS_KEV or bool(np.any(near)):
                continue
            free = fit_region(
                restarted(fit, step=True, tail=Tail(0.03, 1.5), tail_sigma=(0.3, 0.7))
            )
            # Where even a free tail leaves a poor fit something else is wrong.
            if free.chi_squared > TAIL_CHI_SQUARED * free.freedom:
                continue
            fits.append(fit)
            if fit.objective - free.objective > TAIL_GAIN:
                seen.append((fit.objective - free.objective, free.tail.fraction, free.tail.length))
        if not seen:
            return NO_TAIL
        table = np.array(seen)
        middle = weighted_median(table[:, 1], table[:, 0])
        tail = Tail(middle, weighted_median(table[:, 2], table[:, 0]))
        gain = sum(
            f.objective - fit_region(restarted(f, step=True, tail=tail)).objective for f in fits
        )
        return tail if gain > TAIL_GAIN else NO_TAIL

    def problem(self, plan: RegionPlan, widths: WidthFit, tail: Tail) -> RegionProblem:
        """What is fitted in a region: annihilation may be wider than the detector's lines."""
        fwhm = widths.resolution.fwhm_keV(np.maximum(plan.energies_keV, 1e-3))
        wide = np.abs(plan.energies_keV - ANNIHILATION_KEV) < np.maximum(1.5, 0.5 * fwhm)
        wide &= fwhm < 10.0
        counts = self.m.counts[plan.first : plan.last]
        edges = self.m.edges_keV[plan.first : plan.last + 1]
        return RegionProblem(
            counts=counts,
            edges_keV=edges,
            coordinate=_coordinate(edges, widths.resolution.fwhm_keV),
            centres_keV=plan.energies_keV,
            areas=plan.areas,
            sigma_keV=sigma_of(fwhm, tail),
            width_sigma=np.where(wide, max(0.5, widths.log_sigma), widths.log_sigma),
            tail=tail,
        )

    def peaks(self, widths: WidthFit, tail: Tail, progress: Progress | None) -> PeakAnalysis:
        """Search and fit with the final width curve."""
        width = widths.resolution.fwhm_keV
        m = self.m
        middles = 0.5 * (m.edges_keV[1:] + m.edges_keV[:-1])[self.low : self.high]
        steps = np.diff(m.edges_keV)[self.low : self.high]
        trials = TRIALS_PER_FWHM * float(np.sum(steps / np.maximum(width(middles), steps)))
        least = float(-ndtri(min(0.1, self.s.false_peaks / max(trials, 1.0))))
        error = self.continuum_error(width)
        found = search(
            m, width, least_sigma=least - 0.7, low=self.low, high=self.high, continuum_error=error
        )
        found = without_feet(found, width, least_sigma=least - 0.7)
        plans = plan_regions(
            found.energies_keV, found.areas, m.edges_keV, width,
            low=self.low, high=self.high, significances=found.significances,
        )  # fmt: skip
        rules = RefineRules(width, widths.log_sigma, least, error, self.s.shape_error)
        fits: list[tuple[RegionPlan, RegionFit]] = []
        for i, plan in enumerate(plans):
            problem = self.problem(plan, widths, tail)
            if plan.cut:
                beside = [
                    self._peaks_in(plan, q.energies_keV, q.areas, width)
                    for q in plans
                    if q.cut and q is not plan
                ]
                problem = replace(problem, fixed=np.sum(beside, axis=0))
            fit = with_natural_widths(refine_region(problem, rules))
            fit = self._with_own_tail(fit)
            fits.append((plan, fit))
            if progress is not None:
                progress(i + 1, len(plans))
        fits = self._neighbours(fits, rules)
        return self._result(fits, widths, tail, least, trials, rules)

    def _with_own_tail(self, fit: RegionFit) -> RegionFit:
        """The fit with the tail free, where a peak is strong enough to show its own.

        Only when all peaks are in place: before, a free tail would swallow a weak neighbour.
        """
        tail = fit.tail
        if tail.fraction <= 0.0 or fit.n_peak == 0:
            return fit
        if float(fit.areas.max()) < 4.0 * self.s.tail_counts:
            return fit
        spread = (max(0.3 * tail.fraction, 0.01), 0.3)
        freed = fit_region(restarted(fit, tail_sigma=spread))
        return freed if freed.objective < fit.objective - 4.0 else fit

    def _peaks_in(
        self, plan: RegionPlan, energies_keV: FloatArray, areas: FloatArray, width: WidthModel
    ) -> FloatArray:
        """Counts of peaks in the channels of a region."""
        edges = self.m.edges_keV[plan.first : plan.last + 1]
        sigma = sigma_of(width(np.maximum(energies_keV, 1e-3)))
        return np.asarray(areas @ profiles(edges, energies_keV, sigma).value)

    def _neighbours(
        self, fits: list[tuple[RegionPlan, RegionFit]], rules: RefineRules
    ) -> list[tuple[RegionPlan, RegionFit]]:
        """Regions cut out of a chain, fitted again with their neighbours' fitted peaks in place."""
        out = list(fits)
        for i, (plan, fit) in enumerate(fits):
            if not plan.cut or fit.n_peak == 0:
                continue
            edges = fit.problem.edges_keV
            fixed = np.zeros(edges.size - 1)
            for j in (i - 1, i + 1):
                if 0 <= j < len(fits) and out[j][0].cut and out[j][1].n_peak:
                    other = out[j][1]
                    shape = profiles(edges, other.centres_keV, other.sigma_keV, other.tail)
                    fixed += other.areas @ shape.value
            out[i] = (plan, refine_region(restarted(fit, fixed=fixed), rules))
        return out

    def _result(
        self,
        fits: list[tuple[RegionPlan, RegionFit]],
        widths: WidthFit,
        tail: Tail,
        least: float,
        trials: float,
        rules: RefineRules,
    ) -> PeakAnalysis:
        peaks: list[Peak] = []
        regions: list[FittedRegion] = []
        for _plan, fit in fits:
            if fit.n_peak == 0:
                continue
            first = int(np.searchsorted(self.m.edges_keV, fit.problem.edges_keV[0]))
            region = fitted_region(first, first + fit.expected.size, fit)
            peaks += peaks_of(region, len(regions), widths, rules, self.m.count_scale)
            regions.append(region)
        peaks.sort(key=lambda p: p.energy_keV)
        return PeakAnalysis(
            tuple(peaks), tuple(regions), widths, tail, least, trials, self.m, self.low, self.high,
            self.s, self.m.warnings,
        )  # fmt: skip


def _coordinate(edges_keV: FloatArray, width: WidthModel) -> FloatArray | None:
    """Axis of the continuum: energy in a short region, peak widths from its left end in a long one.

    So a short region can have a straight line, and the knots of a long one lie as far apart in peak
    widths at its left end as at its right.
    """
    middle = 0.5 * (edges_keV[1:] + edges_keV[:-1])
    steps = np.diff(edges_keV) / width(np.maximum(middle, 1e-3))
    if float(steps.sum()) <= SHORT_FWHM:
        return None
    return np.asarray((np.cumsum(steps) - 0.5 * steps) / float(steps.sum()))


def fitted_region(first: int, last: int, fit: RegionFit) -> FittedRegion:
    """Region with the quality of its fit."""
    p_value = float(chdtrc(fit.freedom, fit.chi_squared))
    return FittedRegion(first, last, fit, fit.chi_squared / fit.freedom, p_value)


def peaks_of(
    region: FittedRegion, index: int, widths: WidthFit, rules: RefineRules, count_scale: float
) -> list[Peak]:
    """Peaks of a fitted region in the counts of the file."""
    fit = region.fit
    areas = fit.unbiased_areas
    spread = np.sqrt(np.maximum(np.diag(fit.area_covariance), 0.0))
    significance = peak_significances(fit, rules)
    log_width = fit.log_width_uncertainty
    shift, beyond = unseen_step(fit)
    energy_spread = np.sqrt(fit.centre_uncertainty_keV**2 + beyond)
    out = []
    middle = 0.5 * (fit.problem.edges_keV[1:] + fit.problem.edges_keV[:-1])
    for i in range(fit.n_peak):
        centre, sigma = float(fit.centres_keV[i]), float(fit.sigma_keV[i])
        k = local_inflation(fit, i)
        natural = 0.0 if fit.problem.natural_keV is None else float(fit.problem.natural_keV[i])
        fwhm = voigt_fwhm_keV(sigma, natural) if natural > 0.0 else fwhm_with_tail(sigma, fit.tail)
        at = float(np.interp(centre, middle, fit.continuum / np.diff(fit.problem.edges_keV)))
        out.append(
            Peak(
                energy_keV=centre + float(shift[i]),
                energy_uncertainty_keV=k * float(energy_spread[i]),
                fwhm_keV=fwhm,
                fwhm_uncertainty_keV=k * fwhm * float(log_width[i]),
                area=count_scale * float(areas[i]),
                area_uncertainty=count_scale * k * float(spread[i]),
                significance=float(significance[i]),
                continuum=count_scale * at * fwhm,
                region=index,
                number=i,
                width_ratio=fwhm / float(widths.resolution.fwhm_keV(max(centre, 1e-3))),
            )
        )
    return out
