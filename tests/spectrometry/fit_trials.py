"""Trials of fits over counts and widths: peaks whose area and energy are known, drawn many times.

A region is fitted as the analysis fits it: start values off by a fifth of a width and a third of
the area, the width curve off by what it is trusted to, continuum and step chosen by the fit itself,
and the reported numbers taken from the peak list. No peak is dropped for lack of significance: of
peaks near the limit only those that chance made larger would be left, and their mean says nothing
of the fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from analytic_spectra import (
    FWHM,
    TruePeak,
    gaussian_counts,
    linear_continuum,
    region_edges,
    tailed_counts,
)
from scipy import stats

from tocsin.detectors import Resolution
from tocsin.spectrometry.analysis import PeakSettings, fitted_region, peaks_of
from tocsin.spectrometry.refine import RefineRules, refine_region
from tocsin.spectrometry.region import RegionProblem
from tocsin.spectrometry.shape import NO_TAIL, Tail
from tocsin.spectrometry.width import WidthFit

ENERGY_KEV = 661.7
WIDTH_TRUST = 0.02
NONE_DROPPED = -1.0
TAIL = Tail(0.15, 1.5)
GAP_FWHM = 1.2
STEP = 0.01
CHANNELS_PER_FWHM = {0.001: 4.0, 0.003: 5.0, 0.01: 6.0, 0.03: 6.0, 0.07: 8.0, 0.2: 10.0}
SCENES = ("sloped", "buried", "stepped", "tailed", "doublet")


@dataclass(frozen=True)
class Pulls:
    """What the trials of one setting gave, each array over trials and peaks.

    Attributes
    ----------
    ratio : (n,) float
        Area over the true one.
    off : (n,) float
        Energy less the true one, in full widths at half maximum.
    of_area, of_energy : (n,) float
        Deviations in stated standard uncertainties.
    missing : int
        Peaks without an answer within half a width.
    """

    ratio: np.ndarray
    off: np.ndarray
    of_area: np.ndarray
    of_energy: np.ndarray
    missing: int


def scene_of(scene: str, relative_fwhm: float, area: float):
    """Edges, expected counts and peaks.

    ``sloped``: a tenth of the area per width, falling by 0.3 of it per width. ``buried``: so high a
    continuum that the peak is 14 times its root, at most 30 areas per width. ``stepped``: a step of
    1 per cent of the area per width under the peak. ``tailed``: 15 per cent of the counts lose 1.5
    standard deviations on average. ``doublet``: a second peak of half the area 1.2 widths above.
    """
    fwhm = relative_fwhm * ENERGY_KEV
    peak = TruePeak(ENERGY_KEV, area, fwhm)
    peaks = [peak]
    middle = peak
    if scene == "doublet":
        peaks.append(TruePeak(ENERGY_KEV + GAP_FWHM * fwhm, 0.5 * area, fwhm))
        middle = TruePeak(ENERGY_KEV + 0.5 * GAP_FWHM * fwhm, area, fwhm)
    side = {"doublet": 3.0, "tailed": 3.5}.get(scene, 2.5)
    edges = region_edges(middle, channels_per_fwhm=CHANNELS_PER_FWHM[relative_fwhm], side_fwhm=side)
    level = 0.1 * area if scene != "buried" else min((area / 14.0) ** 2, 30.0 * area)
    expected = linear_continuum(edges, per_fwhm=level + 0.5, fwhm_keV=fwhm, slope=-0.1)
    for p in peaks:
        if scene == "tailed":
            expected += tailed_counts(edges, p, fraction=TAIL.fraction, length=TAIL.length)
        else:
            expected += gaussian_counts(edges, p)
    if scene == "stepped":
        # Each channel's part of the step: its width times the Gaussian's share above it, the mean
        # of 20 places in the channel.
        at = edges[:-1, None] + np.diff(edges)[:, None] * (np.arange(20) + 0.5) / 20.0
        above = stats.norm.sf(at, ENERGY_KEV, fwhm / FWHM).mean(axis=1)
        expected += STEP * area / fwhm * np.diff(edges) * above
    return edges, expected, peaks


def trials(scene: str, relative_fwhm: float, area: float, *, n: int, seed: list[int]) -> Pulls:
    """Draw and fit one setting ``n`` times."""
    random = np.random.default_rng(seed)
    edges, expected, peaks = scene_of(scene, relative_fwhm, area)
    fwhm = relative_fwhm * ENERGY_KEV
    curve = Resolution(0.0, fwhm * fwhm / ENERGY_KEV, 0.0)
    settings = PeakSettings()
    k = len(peaks)
    rules = RefineRules(
        curve.fwhm_keV,
        WIDTH_TRUST,
        NONE_DROPPED,
        settings.continuum_error * relative_fwhm,
        settings.shape_error,
        most_peaks=k,
    )
    widths = WidthFit(curve, WIDTH_TRUST, 8)
    ratio, off, of_area, of_energy, missing = [], [], [], [], 0
    for _ in range(n):
        tail, spread = NO_TAIL, None
        if scene == "tailed":
            tail = Tail(TAIL.fraction * random.uniform(0.9, 1.1), TAIL.length)
            if area >= 4.0 * settings.tail_counts:
                by = np.clip(random.standard_normal(2), -2.5, 2.5)
                spread = (0.3 * TAIL.fraction, 0.3)
                tail = Tail(
                    TAIL.fraction * float(1.0 + 0.3 * by[0]),
                    TAIL.length * float(np.exp(0.3 * by[1])),
                )
        problem = RegionProblem(
            counts=random.poisson(expected).astype(float),
            edges_keV=edges,
            centres_keV=np.array([p.energy_keV for p in peaks])
            + 0.2 * fwhm * random.uniform(-1.0, 1.0, k),
            areas=np.array([p.area for p in peaks]) * random.uniform(0.7, 1.3, k),
            sigma_keV=fwhm / FWHM * np.exp(WIDTH_TRUST * random.standard_normal(k)),
            width_sigma=np.full(k, WIDTH_TRUST),
            tail=tail,
            tail_sigma=spread,
        )
        region = fitted_region(0, expected.size, refine_region(problem, rules))
        got = peaks_of(region, 0, widths, rules, 1.0) if region.fit.n_peak else []
        for p in peaks:
            # One without any area has no place either.
            near = [
                q
                for q in got
                if abs(q.energy_keV - p.energy_keV) < 0.5 * fwhm and q.energy_uncertainty_keV > 0.0
            ]
            if not near:
                missing += 1
                continue
            q = min(near, key=lambda q: abs(q.energy_keV - p.energy_keV))
            ratio.append(q.area / p.area)
            off.append((q.energy_keV - p.energy_keV) / fwhm)
            of_area.append((q.area - p.area) / q.area_uncertainty)
            of_energy.append((q.energy_keV - p.energy_keV) / q.energy_uncertainty_keV)
    return Pulls(np.array(ratio), np.array(off), np.array(of_area), np.array(of_energy), missing)
