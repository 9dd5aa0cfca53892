"""Peak width of a spectrum, from the peaks that are in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from tocsin.detection.binning import BinnedSpectrum, FloatArray, Resolution, peak_coordinate
from tocsin.detection.peaks import FWHM_TO_SIGMA, find_peaks, net_and_variance
from tocsin.detection.solve import JointFit
from tocsin.detection.templates import EnergyScale, line_profiles


@dataclass(frozen=True, slots=True)
class WidthSettings:
    """How the peak width is taken from the strongest peaks.

    Attributes
    ----------
    strong : float
        Significance from which a peak may vote.
    most : int
        Peaks asked at most.
    window_fwhm : float
        Half width of the stretch that is fitted, in peak widths of the model.
    model_error : float
        Relative error of the fitted counts: continua are not exact parabolas.
    quantile : float
        Part of the votes below the width taken: multiplets and back-scatter are too wide, nothing
        but noise is too narrow.
    line_gain : float
        Fall of chi-squared from which a line is taken up.
    background_error : float
        Relative uncertainty of the scale of a background.
    """

    strong: float = 12.0
    most: int = 8
    window_fwhm: float = 1.7
    model_error: float = 0.01
    quantile: float = 0.35
    line_gain: float = 25.0
    background_error: float = 0.05


def widened(resolution: Resolution, factor: float) -> Resolution:
    """The model's peak width times a factor."""
    return lambda energy_keV: factor * resolution(energy_keV)


def width_by_votes(
    binned: BinnedSpectrum,
    resolution: Resolution,
    *,
    widths: FloatArray,
    settings: WidthSettings | None = None,
) -> tuple[float, int]:
    """Factor on the model's peak width from single peaks: for detectors that resolve their lines.

    Around each strong peak a Gaussian of free place and width is fitted over a parabola; the votes
    are weighted by the significance of their peaks.

    Returns
    -------
    factor : float
        1 where no peak is strong enough.
    votes : int
        Number of peaks that it was taken from.
    """
    settings = settings or WidthSettings()
    places: list[float] = []
    for width in np.sort(widths)[:: max(1, widths.size // 4)]:
        found = find_peaks(binned, widened(resolution, float(width)), threshold=settings.strong)
        places.extend(p.energy_keV for p in found[: settings.most])
    net, variance = net_and_variance(binned)
    variance = variance + (settings.model_error * binned.counts) ** 2
    votes: dict[float, float] = {}
    for energy in places:
        vote = _width_at(energy, binned.edges_keV, net, variance, resolution, widths, settings)
        if vote is not None:
            width, centre, significance = vote
            if significance >= settings.strong:
                votes[round(centre, 1)] = width
    if not votes:
        return 1.0, 0
    return float(np.quantile(list(votes.values()), settings.quantile)), len(votes)


def width_by_pursuit(
    binned: BinnedSpectrum,
    resolution: Resolution,
    *,
    widths: FloatArray,
    spacing_fwhm: float,
    prior_log_sigma: float,
    settings: WidthSettings | None = None,
) -> float:
    """Factor on the model's peak width that lets a few separate lines explain most.

    For every trial width the spectrum is built up from single lines, the strongest first, at least
    two widths apart so that no broad peak can be made of narrow ones. The width with the smallest
    chi-squared wins, the freedom used counted against it (four per parameter), and a departure from
    the model's width by its ``prior_log_sigma``.

    Returns
    -------
    float
        One of ``widths``; 1 where no line is found at all.
    """
    settings = settings or WidthSettings()
    best, chosen, any_line = np.inf, 1.0, False
    centres = binned.centres_keV
    for width in widths:
        scale = EnergyScale(width=float(width))
        at_width = replace(
            binned,
            position=peak_coordinate(binned.edges_keV, widened(resolution, float(width))),
        )
        fit = JointFit(
            at_width,
            line_profiles(centres, binned.edges_keV, resolution, scale),
            spacing_fwhm=spacing_fwhm,
            model_error=settings.model_error,
            background_error=settings.background_error,
        )
        solution = fit.solve()
        blocked = np.zeros(centres.size, dtype=bool)
        n_line = 0
        for _ in range(settings.most):
            gains = np.where(blocked, 0.0, fit.gains(solution))
            i = int(np.argmax(gains))
            if gains[i] < settings.line_gain:
                break
            blocked |= np.abs(at_width.position - at_width.position[i]) < 2.0
            fit.add(fit.templates[[i]].toarray().T)
            solution = fit.solve()
            n_line += 1
        any_line |= n_line > 0
        freedom = fit.continuum.basis.shape[1] + 2 * n_line
        criterion = float(fit.data @ fit.reduced_data) - solution.gain + 4.0 * freedom
        criterion += (np.log(width) / prior_log_sigma) ** 2
        if criterion < best:
            best, chosen = criterion, float(width)
    return chosen if any_line else 1.0


def _width_at(
    energy_keV: float,
    edges_keV: FloatArray,
    net: FloatArray,
    variance: FloatArray,
    resolution: Resolution,
    widths: FloatArray,
    settings: WidthSettings,
) -> tuple[float, float, float] | None:
    """Width factor, place and significance of the best Gaussian near an energy; None at a limit."""
    fwhm = float(resolution(np.array([energy_keV]))[0])
    best: tuple[float, float, float, float] | None = None
    for width in widths:
        reach = settings.window_fwhm * fwhm * max(float(width), 0.4)
        first, last = np.searchsorted(edges_keV, [energy_keV - reach, energy_keV + reach])
        last = min(int(last), net.size)
        if last - first < 7:
            continue
        edges = edges_keV[first : last + 1]
        x = (0.5 * (edges[1:] + edges[:-1]) - energy_keV) / reach
        root = 1.0 / np.sqrt(variance[first:last])
        for shift in np.linspace(-0.4, 0.4, 9):
            centre = energy_keV + shift * fwhm * width
            gauss = np.diff(ndtr((edges - centre) / (width * fwhm * FWHM_TO_SIGMA)))
            scale = np.diff(edges) / reach
            design = np.stack([gauss, scale, scale * x, scale * x * x], axis=1) * root[:, None]
            inverse = np.linalg.pinv(design)
            fitted = inverse @ (net[first:last] * root)
            sigma = float(np.sqrt(np.sum(inverse[0] ** 2)))
            residual = net[first:last] * root - design @ fitted
            quality = float(residual @ residual) / (last - first - 4)
            if fitted[0] > 0 and (best is None or quality < best[0]):
                best = (quality, float(width), centre, float(fitted[0]) / sigma)
    if best is None or best[1] in (float(widths[0]), float(widths[-1])):
        return None
    return best[1], best[2], best[3]
