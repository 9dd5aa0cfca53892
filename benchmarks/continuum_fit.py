"""A measured spectrum and the template of its source: what is fitted, and how far they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from continuum_scale import Scale, read_scale
from continuum_sources import Net
from numpy.typing import NDArray
from score_efficiencies import LEAST_KEV
from simulated_figures import (
    BAND_KEV,
    BANDS_KEV,
    DISTURBING,
    JOINS,
    LEAST_EDGE_KEV,
    LEAST_GROUP,
    REACH_FWHM,
    SIDE_FWHM,
    Lines,
    back_keV,
    edge_place,
    edge_reach_keV,
    net_area,
    rebinned,
)
from simulated_pairs import least_chi_square, lines_that_arrive

from tocsin.detectors import Resolution, scatter_continuum
from tocsin.detectors.construction import Construction
from tocsin.detectors.photon_matrix import PhotonMatrix
from tocsin.detectors.shield_matrix import ShieldMatrix
from tocsin.detectors.simulated_response import SimulatedResponse

FloatArray = NDArray[np.float64]

FROM_KEV = LEAST_KEV
"""Bands below are left out: thresholds, housings and capsules decide there, and none is known."""
BEYOND_FWHM, KEPT_FWHM = 1.5, 3.0
"""So far above its highest line a spectrum is compared, and kept for the side of that peak."""
SHELF, BACK = (0.85, 0.97), (0.92, 1.08)
"""Regions in parts of the Compton edge, and of the energy of photons scattered straight back."""
VALLEY_FWHM = (0.5, 1.6)
"""A valley begins so far above the edge and ends so far below the peak."""
LEAST_CHANNELS = 2
"""A region of fewer channels is not compared."""
LEAST_CLEAR = 5.0
"""Standard deviations of an area from which a peak is compared; its ratio has its own."""


@dataclass(frozen=True)
class Emission:
    """Photons of a source per decay: lines, and what it sends out beside them.

    ``spread`` holds photons in the bins of ``PHOTON_EDGES_KEV``.
    """

    energies_keV: FloatArray
    photons: FloatArray
    spread: FloatArray | None = None


@dataclass(frozen=True)
class Band:
    """A band of about 10 keV, measured and by the model."""

    low_keV: float
    high_keV: float
    ratio: float
    part: float


@dataclass(frozen=True)
class Region:
    """Counts of one part of the continuum per count of the peak, measured over model."""

    alone: float
    scattered: float


@dataclass(frozen=True)
class Model:
    """One model of a recording on its bands: how far it is from what was measured.

    Attributes
    ----------
    edges_keV : (n + 1,) float
        Bands of whole channels, about 10 keV each.
    measured, variance, expected : (n,) float
        Net counts with their counting, and those of the model.
    free : int
        Amplitudes that were fitted.
    """

    edges_keV: FloatArray
    measured: FloatArray
    variance: FloatArray
    expected: FloatArray
    free: int

    @property
    def chi_square(self) -> float:
        """Sum of the squared differences over the variance."""
        return float(np.sum((self.measured - self.expected) ** 2 / self.variance))

    @property
    def reduced(self) -> float:
        """Chi-square per degree of freedom."""
        return self.chi_square / (self.measured.size - self.free)

    @property
    def _weight(self) -> float:
        return float(np.sum(self.expected**2 / self.variance))

    @property
    def rms(self) -> float:
        """Root mean square of the relative difference of a band, less what counting makes of it.

        Bands weigh as well as they are counted: this is the relative difference that, the same in
        all bands, would raise chi-square over the degrees of freedom by as much. Zero where
        chi-square is within them.
        """
        more = self.chi_square - (self.measured.size - self.free)
        return float(np.sqrt(max(more, 0.0) / self._weight))

    @property
    def absolute(self) -> float:
        """Sum of the differences over the sum of the counts, as for simulated spectra."""
        return float(np.abs(self.expected - self.measured).sum() / self.measured.sum())

    @property
    def counting(self) -> float:
        """What counting alone makes of ``absolute`` in the mean."""
        return float(np.sqrt(2 / np.pi) * np.sqrt(self.variance).sum() / self.measured.sum())

    @property
    def worst(self) -> Band:
        """The band that has most of the squared misfit."""
        part = ((self.measured - self.expected) ** 2 - self.variance) / self.variance
        at = int(np.argmax(part))
        return Band(
            float(self.edges_keV[at]),
            float(self.edges_keV[at + 1]),
            float(self.measured[at] / self.expected[at]),
            float(part[at] / max(part[part > 0].sum(), 1e-300)),
        )

    @property
    def wide(self) -> tuple[float | None, ...]:
        """Model less measured in each of ``BANDS_KEV`` over all counts; None beyond the bands."""
        centres = (self.edges_keV[1:] + self.edges_keV[:-1]) / 2
        inside = [(centres >= low) & (centres < high) for low, high in BANDS_KEV]
        less = self.expected - self.measured
        return tuple(
            float(less[here].sum() / self.measured.sum()) if here.any() else None for here in inside
        )


@dataclass(frozen=True)
class Comparison:
    """A recording and its template on the channels of the file.

    Attributes
    ----------
    edges_keV : (n + 1,) float
        Channel edges, the energy scale corrected.
    measured, variance : (n,) float
        Counts less the background.
    alone : (n,) float
        The template with the amplitude of the least chi-square.
    scattered : (n,) float
        The template and photons scattered in the surroundings, both amplitudes free.
    decays : float
        Amplitude of the template in ``scattered``: decays in the live time.
    share : float
        Counts of the surroundings over all counts of ``scattered`` within the bands.
    scale : Scale
        Gain, offset and widths.
    lines : Lines
        Lines that arrive, and the areas of their peaks.
    top_keV : float
        Where the comparison ends.
    """

    edges_keV: FloatArray
    measured: FloatArray
    variance: FloatArray
    alone: FloatArray
    scattered: FloatArray
    decays: float
    share: float
    scale: Scale
    lines: Lines
    top_keV: float

    @cached_property
    def bands(self) -> NDArray[np.int64]:
        """First channels of the bands, and the end of the last."""
        return band_starts(self.edges_keV, FROM_KEV, self.top_keV)

    def _model(self, counts: FloatArray, free: int) -> Model:
        starts = self.bands
        parts = (_banded(x, starts) for x in (self.measured, self.variance, counts))
        measured, variance, expected = parts
        return Model(self.edges_keV[starts], measured, np.maximum(variance, 1.0), expected, free)

    @cached_property
    def template(self) -> Model:
        """The template alone."""
        return self._model(self.alone, 1)

    @cached_property
    def with_scatter(self) -> Model:
        """With photons from the surroundings."""
        return self._model(self.scattered, 2)

    @cached_property
    def spans(self) -> tuple[tuple[float, float, float], ...]:
        """Peaks that are summed: lowest and highest line in keV, and the width of one."""
        return peak_spans(self.lines, self.scale.resolution)

    def _area(self, counts: FloatArray, span: tuple[float, float, float]) -> tuple[float, float]:
        """Counts of a peak and their sigma: net, or gross where several make a wide span.

        A line between the sides of a wide span would run through the Compton edge of one of them.
        """
        low, high, fwhm = span
        if high - low > fwhm:
            window = np.array([low - REACH_FWHM * fwhm, high + REACH_FWHM * fwhm])
            both = (rebinned(x, self.edges_keV, window)[0] for x in (counts, self.variance))
            inside, variance = (float(x) for x in both)
            return inside, float(np.sqrt(max(variance, 1.0)))
        sigma = np.sqrt(np.maximum(self.variance, 1.0))
        found = net_area(self.edges_keV, counts, sigma, (low, high), fwhm)
        return found if found is not None else (0.0, 1.0)

    @cached_property
    def clear(self) -> tuple[tuple[float, float, float], ...]:
        """Those within the bands with an area of five sigma, positive in both models too."""
        kept = []
        for span in self.spans:
            if span[0] - REACH_FWHM * span[2] < FROM_KEV:
                continue
            area, sigma = self._area(self.measured, span)
            models = (self._area(x, span)[0] for x in (self.alone, self.scattered))
            if area > LEAST_CLEAR * sigma and min(models) > 0:
                kept.append(span)
        return tuple(kept)

    @property
    def peak_to_total(self) -> tuple[float, float, float] | None:
        """Clear peaks over all counts: measured over model alone, with scatter, and one sigma."""
        if not self.clear:
            return None
        found = [self._area(self.measured, s) for s in self.clear]
        area = sum(a for a, _ in found)
        sigma = float(np.sqrt(sum(s * s for _, s in found)))
        ratios = []
        for model, counts in ((self.template, self.alone), (self.with_scatter, self.scattered)):
            peaks = sum(self._area(counts, s)[0] for s in self.clear)
            total = float(model.expected.sum() / model.measured.sum())
            ratios.append(area / peaks * total)
        return ratios[0], ratios[1], ratios[0] * sigma / area

    @cached_property
    def line_keV(self) -> float | None:
        """Line whose Compton continuum is looked at: it leaves most energy in its peak."""
        kept = self.lines.energies_keV >= LEAST_EDGE_KEV
        e, areas = self.lines.energies_keV[kept], self.lines.areas[kept]
        if not e.size:
            return None
        line = float(e[np.argmax(e * areas)])
        return line if self._span_of(line) is not None else None

    def _span_of(self, line_keV: float) -> tuple[float, float, float] | None:
        return next((s for s in self.clear if s[0] <= line_keV <= s[1]), None)

    def _free_of_peaks(self, low_keV: float, high_keV: float) -> bool:
        """Whether no summed peak reaches into a part of the spectrum."""
        return low_keV >= FROM_KEV and not any(
            low_keV < high + REACH_FWHM * fwhm and low - REACH_FWHM * fwhm < high_keV
            for low, high, fwhm in self.spans
        )

    @property
    def edge_keV(self) -> float | None:
        """Where the Compton edge falls most steeply, measured less model; None where unclear."""
        line = self.line_keV
        if line is None:
            return None
        fwhm = float(self.scale.resolution.fwhm_keV(line))
        edge, reach = line - back_keV(line), edge_reach_keV(fwhm)
        if not self._free_of_peaks(edge - reach, edge + reach):
            return None
        places = [
            edge_place(self.edges_keV, x, line, fwhm) for x in (self.measured, self.scattered)
        ]
        if places[0] is None or places[1] is None:
            return None
        return places[0] - places[1]

    def region(self, name: str) -> Region | None:
        """``shelf``, ``valley`` or ``back``: counts per count of the peak, measured over model."""
        line = self.line_keV
        span = self._span_of(line) if line is not None else None
        if line is None or span is None:
            return None
        back = back_keV(line)
        edge, fwhm = line - back, float(self.scale.resolution.fwhm_keV(line))
        low, high = {
            "shelf": (SHELF[0] * edge, SHELF[1] * edge),
            "valley": (edge + VALLEY_FWHM[0] * fwhm, span[0] - VALLEY_FWHM[1] * fwhm),
            "back": (BACK[0] * back, BACK[1] * back),
        }[name]
        narrow = LEAST_CHANNELS * float(np.diff(self.edges_keV).max())
        if high - low < narrow or not self._free_of_peaks(low, high):
            return None
        window = np.array([low, high])

        def per_peak(counts: FloatArray) -> float:
            inside = float(rebinned(counts, self.edges_keV, window)[0])
            return inside / self._area(counts, span)[0]

        seen = per_peak(self.measured)
        return Region(seen / per_peak(self.alone), seen / per_peak(self.scattered))


def compared(
    net: Net,
    emission: Emission,
    *,
    detector: Construction,
    matrix: PhotonMatrix,
    shield: ShieldMatrix | None = None,
) -> Comparison:
    """Template of a source beside a recording.

    The energy scale and the widths come from the peaks alone. Then two numbers are fitted to all
    bands by the least chi-square, neither below zero: the amplitude of the template, and that of
    what ground and a body behind the detector scatter.

    Parameters
    ----------
    net : Net
        The recording less its background.
    emission : Emission
        Photons of the source per decay.
    detector : Construction
        Stands for the instrument; its widths give way to those of the recording.
    matrix : PhotonMatrix
        Of this detector and a distance.
    shield : ShieldMatrix, optional
        A layer around the source that is known.

    Raises
    ------
    InvalidInput
        When no peak tells the energy scale.
    """
    e, photons = emission.energies_keV, emission.photons
    direct = photons * shield.leaving(e).passed if shield is not None else photons
    lines = lines_that_arrive(e, direct, matrix)
    highest = float(e[lines.areas > JOINS * lines.areas.max()].max())
    fwhm = float(detector.resolution.fwhm_keV(highest))
    top = highest + BEYOND_FWHM * fwhm
    scale = read_scale(net, lines, detector.resolution)
    net = net.below(scale.gain * (highest + KEPT_FWHM * fwhm + BAND_KEV) + scale.offset_keV)
    edges = scale.true_keV(net.edges_keV)
    detector = replace(detector, resolution=scale.resolution)
    response = SimulatedResponse(detector, matrix, edges)
    found = response.expected(response.lines(e), photons, continuum=emission.spread, shield=shield)
    template = found.counts
    around = scatter_continuum(e, direct, detector.model, edges)
    starts = band_starts(edges, FROM_KEV, top)
    target, variance, one, other = (
        _banded(x, starts) for x in (net.counts, net.variance, template, around)
    )
    sigma = np.sqrt(np.maximum(variance, 1.0))
    amplitude = least_chi_square(target, sigma, [one])
    both = least_chi_square(target, sigma, [one, other])
    whole = both[0] * one.sum() + both[1] * other.sum()
    return Comparison(
        edges_keV=edges,
        measured=net.counts,
        variance=net.variance,
        alone=amplitude[0] * template,
        scattered=both[0] * template + both[1] * around,
        decays=float(both[0]),
        share=float(both[1] * other.sum() / whole),
        scale=scale,
        lines=lines,
        top_keV=top,
    )


def band_starts(edges_keV: FloatArray, low_keV: float, high_keV: float) -> NDArray[np.int64]:
    """Channels at which bands of whole channels begin, about 10 keV each, and the end."""
    last = min(high_keV, float(edges_keV[-1]))
    marks = np.arange(low_keV, last + 1e-6, BAND_KEV)
    near = np.abs(edges_keV[:, None] - marks[None, :]).argmin(axis=0)
    return np.unique(near)


def _banded(counts: FloatArray, starts: NDArray[np.int64]) -> FloatArray:
    return np.asarray(np.add.reduceat(counts[: starts[-1]], starts[:-1]))


def peak_spans(lines: Lines, resolution: Resolution) -> tuple[tuple[float, float, float], ...]:
    """Peaks that can be summed with free sides, as lowest line, highest line and width in keV.

    Peaks that meet, or whose sides would, are taken together; one of less than a tenth of its
    neighbour stays inside or beside it, in both spectra alike. The strongest first.
    """
    order = np.argsort(-lines.areas)
    order = order[lines.areas[order] > LEAST_GROUP * lines.areas.max(initial=0.0)]
    found: list[list[float]] = []  # lowest, highest, area of the strongest, width
    for k in order:
        e, area = float(lines.energies_keV[k]), float(lines.areas[k])
        new = [e, e, area, float(resolution.fwhm_keV(e))]
        touching = [g for g in found if _meet(g, new)]
        if touching and area < DISTURBING * max(g[2] for g in touching):
            continue
        while touching:
            found = [g for g in found if g not in touching]
            every = [*touching, new]
            new = [
                min(g[0] for g in every),
                max(g[1] for g in every),
                max(g[2] for g in every),
                max(every, key=lambda g: g[2])[3],
            ]
            touching = [g for g in found if _meet(g, new)]
        found.append(new)
    return tuple((low, high, fwhm) for low, high, _, fwhm in sorted(found, key=lambda g: -g[2]))


def _meet(one: list[float], other: list[float]) -> bool:
    reach = REACH_FWHM * (one[3] + other[3]) + SIDE_FWHM * max(one[3], other[3])
    return one[0] - reach < other[1] and other[0] - reach < one[1]
