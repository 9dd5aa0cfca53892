"""A region fitted as far as its counts ask for: continuum, hidden peaks, peaks that are none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from tocsin.spectrometry.region import (
    END_FWHM,
    RegionFit,
    RegionProblem,
    fit_region,
    restarted,
    shortened,
    smooth_basis,
    without_peak,
)
from tocsin.spectrometry.search import CORE_FWHM, WidthModel
from tocsin.spectrometry.shape import FWHM_PER_SIGMA, profiles, sigma_of
from tocsin.spectrometry.significance import excess_sigma

FloatArray = NDArray[np.float64]

NEAREST_FWHM = 0.45
"""Two peaks nearer than this cannot be told from one of another width."""
PEAK_PENALTY = 8.0
"""Gain in chi-squared that a further peak must beat: two for each parameter, and the freedom to
stand anywhere."""
SPLIT_TRUST = 0.15
"""Trust in the width curve (logarithm) up to which a wide peak says that it is two."""
SPLIT_STRAIN = 3.5
"""Excess of a width over the curve, in its standard deviations, from which a peak may be two."""
SMOOTH_PENALTY = 4.0
"""Gain that a more flexible continuum must beat beyond two for each coefficient (AIC)."""
STEP_PENALTY = 9.0
"""Gain that steps must beat (3 standard deviations): their height cannot be negative, so that steps
that nobody needs would pull the peaks aside."""
FWHM_PER_SMOOTH = 4.0
"""Peak widths of the region per coefficient of the continuum: a spline with knots so far apart
cannot imitate a peak."""


FEW_COUNTS = 10.0
"""Continuum counts of a region below which its uncertainty is not that of the fit."""
TRIM_FWHM = 0.4
"""Stretch by which an end of a region is taken back at a time, in peak widths."""
TRIM_SIGMA = 5.0
"""Departure of that stretch from the model, in standard deviations, from which it goes."""
LEAST_SIDE_FWHM = 1.0
"""Side of the outermost peak that is always kept."""
MOST_TRIMS = 4
CHI_SQUARED_MEDIAN = 0.4549
"""Median of chi-squared with one degree of freedom."""
INFLATION_FWHM = 1.5


@dataclass(frozen=True, slots=True)
class RefineRules:
    """When a peak counts as one.

    Attributes
    ----------
    width : callable
        Full width at half maximum in keV at energies in keV, for peaks that are added.
    width_log_sigma : float
        Trust in it (logarithm).
    least_sigma : float
        Significance asked of a peak.
    continuum_error : float
        Relative error of a polynomial as continuum under a peak.
    shape_error : float
        Relative error of the shape of a peak: what is left beside a strong peak within it is no
        peak of its own.
    most_peaks : int
        Peaks in one region at most.
    """

    width: WidthModel
    width_log_sigma: float
    least_sigma: float
    continuum_error: float
    shape_error: float
    most_peaks: int = 16


def refine_region(problem: RegionProblem, rules: RefineRules) -> RegionFit:
    """Fit, bend the continuum or add hidden peaks as the residuals ask, drop what is no peak.

    At each turn score tests say what one more component would gain: a further peak anywhere in the
    region, or a more flexible continuum; the larger gain is taken. Then the ends of the region give
    way where the counts leave the model (a cut-off, the flank of something without a candidate),
    and peaks that are not significant are dropped one by one, each time with a new fit. Where a
    peak was dropped none is proposed again.
    """
    fit = merged(fit_region(problem))
    refused: list[float] = []
    for _ in range(3):
        fit = _grown(fit, rules, refused)
        shorter = _trimmed(fit)
        if shorter is not fit:
            fit = _grown(shorter, rules, refused)
        before = fit
        fit = prune(fit, rules)
        gone = [e for e in before.centres_keV if fit.n_peak == 0 or _off(e, fit) > 0.0]
        if fit.n_peak == 0 or fit.n_peak == before.n_peak:
            break
        refused += [float(e) for e in gone]
    return fit


def _trimmed(fit: RegionFit) -> RegionFit:
    """The fit with less continuum at an end whose channels lie far off the model."""
    for _ in range(2 * MOST_TRIMS):
        p = fit.problem
        if fit.n_peak == 0:
            return fit
        fwhm = FWHM_PER_SIGMA * float(np.mean(p.sigma_keV))
        span = max(1, int(np.sum(p.edges_keV[1:] <= p.edges_keV[0] + TRIM_FWHM * fwhm)))
        room_left = float(fit.centres_keV.min() - p.edges_keV[span])
        room_right = float(p.edges_keV[-1 - span] - fit.centres_keV.max())
        off = p.counts - fit.expected
        scale = TRIM_SIGMA * typical_inflation(fit)
        left = abs(float(off[:span].sum())) / np.sqrt(float(fit.expected[:span].sum()))
        right = abs(float(off[-span:].sum())) / np.sqrt(float(fit.expected[-span:].sum()))
        keep = slice(None)
        if left >= right and left > scale and room_left > LEAST_SIDE_FWHM * fwhm:
            keep = slice(span, None)
        elif right > scale and room_right > LEAST_SIDE_FWHM * fwhm:
            keep = slice(None, -span)
        if keep == slice(None) or p.counts[keep].size < 3 * fit.n_peak + 4:
            return fit
        fit = merged(fit_region(shortened(fit, keep)))
    return fit


def refine_continuum(problem: RegionProblem) -> RegionFit:
    """Fit of given peaks, with a continuum as flexible as the residuals ask for."""
    fit = fit_region(problem)
    for _ in range(3):
        bend, m = _bend_gain(fit)
        if bend <= 0.0:
            break
        fit = fit_region(restarted(fit, n_smooth=m))
    return fit


def _off(energy_keV: float, fit: RegionFit) -> float:
    """Distance of an energy from the nearest peak beyond half a width, in keV."""
    i = int(np.argmin(np.abs(fit.centres_keV - energy_keV)))
    half = 0.5 * FWHM_PER_SIGMA * float(fit.sigma_keV[i])
    return max(0.0, abs(float(fit.centres_keV[i]) - energy_keV) - half)


def _grown(fit: RegionFit, rules: RefineRules, refused: list[float]) -> RegionFit:
    """The fit with all the components that its residuals ask for."""
    for _ in range(rules.most_peaks + 4):
        bend, m = _bend_gain(fit)
        step = _step_gain(fit)
        peak = _hidden_peak(fit, rules, refused) if fit.n_peak < rules.most_peaks else None
        scale = typical_inflation(fit) ** 2
        if peak is not None and peak[0] ** 2 - PEAK_PENALTY * scale > max(bend, step, 0.0):
            before = fit
            fit = merged(fit_region(_with_peak(fit, peak, rules)))
            if fit.n_peak <= before.n_peak:
                refused.append(peak[1])
        elif step > max(bend, 0.0):
            fit = fit_region(restarted(fit, step=True))
        elif bend > 0.0:
            fit = fit_region(restarted(fit, n_smooth=m))
        else:
            parted = _split(fit, rules)
            if parted is fit:
                break
            fit = parted
    return fit


def _split(fit: RegionFit, rules: RefineRules) -> RegionFit:
    """The fit with peaks that are far too wide taken apart, where that describes them better.

    A pair closer than a peak width is one broad peak to a score test: the width, free within its
    prior, hides it. Two equal Gaussians ``d`` apart have the variance of one that is wider by
    ``d^2 / 4``.
    """
    if fit.n_peak == 0 or fit.n_peak >= rules.most_peaks or rules.width_log_sigma > SPLIT_TRUST:
        return fit
    p = fit.problem
    strain = np.log(fit.width_factor) / np.where(p.width_sigma > 0, p.width_sigma, np.inf)
    for i in np.argsort(-strain):
        if strain[i] < SPLIT_STRAIN:
            break
        half = float(p.sigma_keV[i]) * float(np.sqrt(fit.width_factor[i] ** 2 - 1.0))
        centre, area = float(fit.centres_keV[i]), 0.5 * float(fit.areas[i])
        room = END_FWHM * FWHM_PER_SIGMA * float(p.sigma_keV[i])
        if centre - half < p.edges_keV[0] + room or centre + half > p.edges_keV[-1] - room:
            continue
        homes = (p.homes_keV if p.homes_keV is not None else p.centres_keV).copy()
        centres, areas, widths = fit.centres_keV.copy(), fit.areas.copy(), fit.width_factor.copy()
        homes[i] = centres[i] = centre - half
        areas[i], widths[i] = area, 1.0
        one = restarted(
            fit, centres_keV=centres, areas=areas, start_width_factor=widths, homes_keV=homes
        )
        two = fit_region(_added(one, centre + half, area, rules))
        scale = typical_inflation(two) ** 2
        if _too_close(two) is None and fit.objective - two.objective > 2 * PEAK_PENALTY * scale:
            return two
    return fit


def _bend_gain(fit: RegionFit) -> tuple[float, int]:
    """What a more flexible continuum promises beyond its penalty, and its coefficients."""
    p = fit.problem
    most = min(most_smooth(p), p.counts.size // 3)
    best, chosen = 0.0, p.n_smooth
    free = np.flatnonzero(np.diag(fit.covariance) > 0)
    weight = 1.0 / fit.expected
    residual = (p.counts - fit.expected) * weight
    for m in sorted({min(p.n_smooth + 1, most), most}):
        if m <= p.n_smooth:
            continue
        extra = smooth_basis(p.places, m) * np.diff(p.edges_keV)
        cross = (extra * weight) @ fit.jacobian[free].T
        information = (extra * weight) @ extra.T
        information -= cross @ fit.covariance[np.ix_(free, free)] @ cross.T
        scale = np.sqrt(np.maximum(np.diag((extra * weight) @ extra.T), 1e-30))
        inverse = np.linalg.pinv(information / np.outer(scale, scale), rcond=1e-6, hermitian=True)
        score = (extra @ residual) / scale
        gain = float(score @ inverse @ score) - 2.0 * (m - p.n_smooth) - SMOOTH_PENALTY
        if gain > best:
            best, chosen = gain, m
    return best, chosen


def _step_gain(fit: RegionFit) -> float:
    """What steps under the peaks promise beyond their penalty; 0 if they are there or fall."""
    p = fit.problem
    if p.step or fit.n_peak == 0:
        return 0.0
    extra = (fit.areas @ fit.shapes.below)[None, :]
    score = float(_scores(fit, extra, 1.0 / fit.expected)[0])
    return score * score - STEP_PENALTY if score > 0.0 else 0.0


def most_smooth(problem: RegionProblem) -> int:
    """Most coefficients of the continuum, by the extent of the region in peak widths."""
    if problem.sigma_keV.size == 0:
        return problem.n_smooth
    middle = 0.5 * (problem.edges_keV[1:] + problem.edges_keV[:-1])
    order = np.argsort(problem.centres_keV)
    sigma = np.interp(middle, problem.centres_keV[order], problem.sigma_keV[order])
    extent = float(np.sum(np.diff(problem.edges_keV) / (FWHM_PER_SIGMA * sigma)))
    return 2 + int(extent / FWHM_PER_SMOOTH)


def _scores(fit: RegionFit, extra: FloatArray, weight: FloatArray) -> FloatArray:
    """Score statistic of each additional component ``(m, n)``, the fitted ones projected out."""
    free = np.flatnonzero(np.diag(fit.covariance) > 0)
    j = fit.jacobian[free]
    c = fit.covariance[np.ix_(free, free)]
    residual = (fit.problem.counts - fit.expected) * weight
    weighted = extra * weight
    cross = weighted @ j.T
    information = np.einsum("ij,ij->i", weighted, extra)
    information = information - np.einsum("ij,jk,ik->i", cross, c, cross)
    return np.asarray((extra @ residual) / np.sqrt(np.maximum(information, 1e-30)))


def _hidden_peak(
    fit: RegionFit, rules: RefineRules, refused: list[float]
) -> tuple[float, float, float] | None:
    """Score, energy and area where the residuals ask loudest for one more peak; None if nowhere."""
    p = fit.problem
    places = _places(p.edges_keV, rules.width)
    if places.size == 0:
        return None
    prior = sigma_of(rules.width(places), p.tail)
    fwhm = FWHM_PER_SIGMA * prior
    taken = np.append(fit.centres_keV, np.array(refused))
    nearest = np.full(places.size, np.inf)
    if taken.size:
        nearest = np.abs(places[:, None] - taken[None, :]).min(axis=1)
    shape = profiles(p.edges_keV, places, prior, fit.tail).value
    peaks = fit.peak_counts()
    spread = fit.expected + (rules.shape_error**2) * (peaks**2).sum(axis=0)
    spread = spread + (rules.continuum_error * fit.continuum) ** 2
    scores = np.where(nearest < 0.4 * fwhm, 0.0, _scores(fit, shape, 1.0 / spread))
    best = int(np.argmax(scores))
    if scores[best] < rules.least_sigma * typical_inflation(fit):
        return None
    area = float(scores[best] / np.sqrt(np.sum(shape[best] ** 2 / spread)))
    return float(scores[best]), float(places[best]), area


def _with_peak(
    fit: RegionFit, peak: tuple[float, float, float], rules: RefineRules
) -> RegionProblem:
    """Problem of the fit with one more peak."""
    _, energy, area = peak
    return _added(restarted(fit), energy, area, rules)


def _added(p: RegionProblem, energy_keV: float, area: float, rules: RefineRules) -> RegionProblem:
    """The problem with one more peak, the centres in rising order."""
    order = np.argsort(np.append(p.centres_keV, energy_keV), kind="stable")
    sigma = float(sigma_of(rules.width(np.array([max(energy_keV, 1e-3)])), p.tail)[0])
    homes = p.homes_keV if p.homes_keV is not None else p.centres_keV
    factors = p.start_width_factor
    if factors is None:
        factors = np.ones(p.centres_keV.size)
    return replace(
        p,
        homes_keV=np.append(homes, energy_keV)[order],
        centres_keV=np.append(p.centres_keV, energy_keV)[order],
        areas=np.append(p.areas, area)[order],
        sigma_keV=np.append(p.sigma_keV, sigma)[order],
        natural_keV=None if p.natural_keV is None else np.append(p.natural_keV, 0.0)[order],
        width_sigma=np.append(p.width_sigma, rules.width_log_sigma)[order],
        start_width_factor=np.append(factors, 1.0)[order],
    )


def merged(fit: RegionFit) -> RegionFit:
    """The fit with peaks that lie too close for two joined into the stronger of them."""
    while True:
        close = _too_close(fit)
        if close is None:
            return fit
        fit = fit_region(without_peak(fit, close))


def _places(edges_keV: FloatArray, width: WidthModel) -> FloatArray:
    """Energies a quarter of a width apart, away from the ends of the region."""
    low, high = float(edges_keV[0]), float(edges_keV[-1])
    ends = width(np.maximum(np.array([low, high]), 1e-3))
    low, high = low + END_FWHM * float(ends[0]), high - END_FWHM * float(ends[1])
    if high <= low:
        return np.empty(0)
    grid = np.linspace(low, high, 65)
    steps = np.concatenate(([0.0], np.cumsum(np.diff(grid) / width(0.5 * (grid[1:] + grid[:-1])))))
    return np.asarray(np.interp(np.arange(0.0, steps[-1], 0.25), steps, grid))


def prune(fit: RegionFit, rules: RefineRules) -> RegionFit:
    """The fit less the peaks that are not significant."""
    moved: set[float] = set()
    while fit.n_peak:
        sigma = peak_significances(fit, rules)
        away = fit.at_end
        strong = np.flatnonzero(away & (sigma >= rules.least_sigma))
        arrived = _let_arrive(fit, strong, moved)
        if arrived is not fit:
            fit = arrived
            continue
        for i in strong:
            away[i] = not _is_needed(fit, int(i), rules)
        sigma = np.where(away, 0.0, sigma)
        if float(sigma.min()) >= rules.least_sigma:
            return fit
        # Of several that overlap, the one that the fit can best do without goes first.
        spread = np.sqrt(np.maximum(np.diag(fit.area_covariance), 1e-30))
        needed = np.where(away, -1.0, fit.areas / spread)
        worst = int(np.argmin(np.where(sigma < rules.least_sigma, needed, np.inf)))
        fit = merged(fit_region(without_peak(fit, worst)))
    return fit


def _let_arrive(fit: RegionFit, peaks: NDArray[np.intp], moved: set[float]) -> RegionFit:
    """The fit with peaks that stand at their end let go on, each once.

    A strong peak that was proposed too far from where it belongs, as beside another one, comes to
    where it belongs then.
    """
    p = fit.problem
    homes = (p.homes_keV if p.homes_keV is not None else p.centres_keV).copy()
    far = [i for i in peaks if homes[i] not in moved]
    if not far:
        return fit
    homes[far] = fit.centres_keV[far]
    moved.update(float(e) for e in homes[far])
    return merged(fit_region(restarted(fit, homes_keV=homes)))


def _is_needed(fit: RegionFit, peak: int, rules: RefineRules) -> bool:
    """Whether the region cannot be described without a peak that stands at its end.

    Without it the continuum may be as flexible as the extent of the region allows.
    """
    problem = without_peak(fit, peak)
    without = merged(fit_region(problem))
    bent = merged(fit_region(replace(problem, n_smooth=most_smooth(fit.problem))))
    without = min(without, bent, key=lambda one: one.objective)
    least = max(PEAK_PENALTY, rules.least_sigma**2) * (fit.n_peak - without.n_peak)
    return without.objective - fit.objective > least * typical_inflation(fit) ** 2


def _too_close(fit: RegionFit) -> int | None:
    if fit.n_peak < 2:
        return None
    order = np.argsort(fit.centres_keV)
    gap = np.diff(fit.centres_keV[order]) / (FWHM_PER_SIGMA * fit.sigma_keV[order][1:])
    i = int(np.argmin(gap))
    if gap[i] >= NEAREST_FWHM:
        return None
    a, b = int(order[i]), int(order[i + 1])
    return a if fit.areas[a] < fit.areas[b] else b


def peak_significances(fit: RegionFit, rules: RefineRules) -> FloatArray:
    """Significance of each peak: counts in its core against all else that is expected there."""
    peaks = fit.peak_counts()
    out = np.zeros(fit.n_peak)
    covariance, least = fit.covariance, 0.0
    if float(fit.continuum.sum()) < FEW_COUNTS:
        # No counts in the continuum do not prove that there is none: one count, spread over the
        # region, is the least that is known, and sets the weights.
        least = 1.0 / fit.expected.size
        covariance = fit.covariance_at(np.maximum(fit.expected, least))
    for i in range(fit.n_peak):
        first, last = core_window(fit, i)
        gross = float(fit.problem.counts[first:last].sum())
        others = float((fit.expected[first:last] - peaks[i, first:last]).sum())
        others = max(others, least * (last - first))
        unsure = _others_uncertainty(fit, i, (first, last), rules, covariance)
        # An expectation below its uncertainty is no estimate: the uncertainty takes its place.
        out[i] = float(excess_sigma(gross, max(others, unsure), unsure))
    return out


def core_window(fit: RegionFit, peak: int) -> tuple[int, int]:
    """First channel and first channel not used of the core of a peak."""
    reach = CORE_FWHM * FWHM_PER_SIGMA * float(fit.sigma_keV[peak])
    edges = fit.problem.edges_keV
    centre = float(fit.centres_keV[peak])
    first = int(np.clip(np.searchsorted(edges, centre - reach), 0, edges.size - 2))
    last = int(np.clip(np.searchsorted(edges, centre + reach, side="right") - 1, 0, edges.size - 1))
    if last <= first:
        first = int(np.clip(np.searchsorted(edges, centre, side="right") - 1, 0, edges.size - 2))
        last = first + 1
    return first, last


def _others_uncertainty(
    fit: RegionFit,
    peak: int,
    window: tuple[int, int],
    rules: RefineRules,
    covariance: FloatArray,
) -> float:
    """Standard uncertainty of what is expected in the core of a peak without that peak."""
    first, last = window
    k = fit.n_peak
    slope = fit.jacobian[:, first:last].sum(axis=1)
    slope[peak] = slope[k + peak] = 0.0
    slope[2 * k + fit.problem.n_smooth + 1 :] = 0.0
    counting = float(slope @ covariance @ slope)
    others = np.delete(fit.peak_counts()[:, first:last].sum(axis=1), peak)
    shape = rules.shape_error**2 * float(others @ others)
    smooth = rules.continuum_error * float(fit.continuum[first:last].sum())
    return float(np.sqrt(max(counting, 0.0) * local_inflation(fit, peak) ** 2 + shape + smooth**2))


def typical_inflation(fit: RegionFit) -> float:
    """Root of the reduced chi-squared of the better half of the channels, at least 1.

    The median tells a region that is poorly described everywhere (a crystal's structure, channels
    of uneven width) from one in which a peak is missing.
    """
    residual = (fit.problem.counts - fit.expected) ** 2 / fit.expected
    return max(1.0, float(np.sqrt(np.median(residual) / CHI_SQUARED_MEDIAN)))


def local_inflation(fit: RegionFit, peak: int) -> float:
    """Factor on the uncertainties of a peak where the fit is worse than chance allows.

    A chi-squared about the peak beyond one chance in a thousand, with five counts or more expected
    per channel, widens them by the root of its reduced value: the model is then wrong by more than
    counting.
    """
    edges = fit.problem.edges_keV
    reach = INFLATION_FWHM * FWHM_PER_SIGMA * float(fit.sigma_keV[peak])
    centre = float(fit.centres_keV[peak])
    first, last = np.searchsorted(edges, [centre - reach, centre + reach])
    part = slice(max(0, int(first) - 1), int(last))
    expected = fit.expected[part]
    if expected.size < 3 or float(np.mean(expected)) < 5.0:
        return 1.0
    chi_squared = float(np.sum((fit.problem.counts[part] - expected) ** 2 / expected))
    # The region's parameters are shared out among its channels.
    freedom = expected.size * fit.freedom / fit.expected.size
    poor = float(chdtrc(freedom, chi_squared)) < 1e-3
    return float(np.sqrt(chi_squared / freedom)) if poor else 1.0
