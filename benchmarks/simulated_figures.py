"""Two spectra of one source, by another code and by ours: misfit, peaks, Compton continuum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from tocsin.detectors import Resolution
from tocsin.detectors.compton import ELECTRON_MASS_KEV

FloatArray = NDArray[np.float64]

LOW_KEV, HIGH_KEV = 20.0, 2800.0
"""Range that is compared: below, our matrices hold no photons; above, the files end."""
BAND_KEV = 10.0
"""Width of the bins in which a misfit is counted, as on the other validation pages."""
BANDS_KEV = ((20.0, 100.0), (100.0, 300.0), (300.0, 700.0), (700.0, 1500.0), (1500.0, 2800.0))
GROUP_FWHM, REACH_FWHM, SIDE_FWHM = 1.3, 1.25, 1.0
"""Lines closer than the first are one group, compared where it is no wider than a peak; a peak is
summed so far from its lines; beside it so much tells what lies below."""
MOST_GROUPS = 5
LEAST_SIGMA = 20.0
"""A net area of fewer standard deviations is not compared: 5 per cent of noise."""
LEAST_GROUP = 0.02
"""Groups of a smaller share of the strongest are not compared."""
JOINS = 0.004
"""A line of a smaller share of the strongest joins no two groups."""
DISTURBING = 0.1
"""A group beside a peak that has more than this share of it makes its sides untrustworthy."""
CARRIES = 0.4
"""Share of the photon energy that a line must carry for its Compton continuum to be looked at."""
LEAST_EDGE_KEV = 250.0
"""Lines below have their edge among X-rays and what the layers scatter."""
SCATTER_PARTS = (0.0, *(float(x) for x in np.geomspace(0.02, 5.0, 40)))
"""Counts of photons scattered in the surroundings per count of the template that are tried."""


@dataclass(frozen=True)
class Group:
    """Lines that are one peak: net areas of both codes, that of ours on the scale of theirs."""

    low_keV: float
    high_keV: float
    theirs: float
    ours: float

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs


@dataclass(frozen=True)
class Edge:
    """Compton continuum of a line: place of the edge, ours less theirs, and heights.

    Heights are ours over theirs, each per count of its peak: just below the edge, between edge and
    peak, and about the energy of photons that were scattered back.
    """

    line_keV: float
    place_keV: float
    shelf: float
    valley: float | None
    back: float | None


@dataclass(frozen=True)
class Pair:
    """Both spectra of a source on the channels of the file.

    Attributes
    ----------
    theirs, sigma : (n,) float
        The file less its background, and the counting of it.
    ours : (n,) float
        The template with the amplitude at which the sum of the differences is least.
    surroundings : (n,) float
        Shape of photons scattered in the ground and in a body behind the detector.
    rate_per_s : float
        Counts of the file, background included, per second of live time.
    layer : str
        The layer that fitted best.
    members : tuple of (str, float)
        Nuclides of the template and their shares of its counts.
    groups : tuple of Group
        The strongest peaks that stand clear.
    edge : Edge or None
        Where one line carries the continuum.
    """

    source: str
    edges_keV: FloatArray
    theirs: FloatArray
    sigma: FloatArray
    ours: FloatArray
    surroundings: FloatArray
    rate_per_s: float
    layer: str
    members: tuple[tuple[str, float], ...]
    groups: tuple[Group, ...]
    edge: Edge | None

    @cached_property
    def binned(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Edges of bins of 10 keV, theirs, ours, and the counting of theirs."""
        edges = wide_edges(self.edges_keV)
        theirs, ours = (rebinned(x, self.edges_keV, edges) for x in (self.theirs, self.ours))
        return edges, theirs, ours, np.sqrt(rebinned(self.sigma**2, self.edges_keV, edges))

    @property
    def misfit(self) -> float:
        """Sum of the differences over the sum of the counts, in bins of 10 keV."""
        _, theirs, ours, _ = self.binned
        return float(np.abs(ours - theirs).sum() / theirs.sum())

    @property
    def noise(self) -> float:
        """The misfit that counting alone makes in the mean."""
        _, theirs, _, sigma = self.binned
        return float(np.sqrt(2 / np.pi) * sigma.sum() / theirs.sum())

    @property
    def bands(self) -> tuple[float, ...]:
        """Ours less theirs in each of ``BANDS_KEV``, over all counts."""
        edges, theirs, ours, _ = self.binned
        inside = [(edges[:-1] >= low) & (edges[1:] <= high) for low, high in BANDS_KEV]
        return tuple(float((ours - theirs)[here].sum() / theirs.sum()) for here in inside)

    @property
    def peak_to_total(self) -> float | None:
        """Peaks over all counts, ours over theirs; None without a clear peak."""
        if not self.groups:
            return None
        _, theirs, ours, _ = self.binned
        peaks = sum(g.ours for g in self.groups) / sum(g.theirs for g in self.groups)
        return peaks * float(theirs.sum() / ours.sum())

    @cached_property
    def with_surroundings(self) -> tuple[float, float]:
        """Misfit when scatter from surroundings has an amplitude too, and its share of counts."""
        edges, theirs, ours, _ = self.binned
        shape = rebinned(self.surroundings, self.edges_keV, edges)
        return with_scatter(theirs, ours, shape)


def wide_edges(edges_keV: FloatArray) -> FloatArray:
    """Edges of bins of 10 keV in the range that is compared, as far as the file reaches."""
    high = min(HIGH_KEV, BAND_KEV * np.floor(edges_keV[-1] / BAND_KEV))
    return np.arange(LOW_KEV, high + BAND_KEV / 2, BAND_KEV)


def rebinned(counts: FloatArray, edges_keV: FloatArray, new_edges_keV: FloatArray) -> FloatArray:
    """Counts in other bins; the counts of a channel lie evenly in it."""
    below = np.concatenate(([0.0], np.cumsum(counts)))
    return np.diff(np.interp(new_edges_keV, edges_keV, below))


def best_scale(theirs: FloatArray, ours: FloatArray) -> float:
    """Amplitude of ours at which the sum of the absolute differences is least: a median."""
    lit = ours > 0
    if not lit.any():
        return 0.0
    ratio, weight = theirs[lit] / ours[lit], ours[lit]
    order = np.argsort(ratio)
    reached = np.cumsum(weight[order])
    return max(float(ratio[order][np.searchsorted(reached, reached[-1] / 2)]), 0.0)


def with_scatter(theirs: FloatArray, ours: FloatArray, shape: FloatArray) -> tuple[float, float]:
    """Least misfit when a shape may be added to ours, and the share of the counts that it takes."""
    if shape.sum() > 0:
        shape = shape * (ours.sum() / shape.sum())
    found = []
    for part in SCATTER_PARTS:
        both = ours + part * shape
        both = both * best_scale(theirs, both)
        found.append((float(np.abs(both - theirs).sum() / theirs.sum()), part / (1 + part)))
    return min(found)


@dataclass(frozen=True)
class Lines:
    """Lines of a source that reach the detector, and the area of their peaks in the template."""

    energies_keV: FloatArray
    photons: FloatArray
    areas: FloatArray


def clear_groups(
    edges_keV: FloatArray,
    theirs: FloatArray,
    sigma: FloatArray,
    ours: FloatArray,
    lines: Lines,
    resolution: Resolution,
) -> tuple[Group, ...]:
    """Peaks that stand clear and are strong enough in both spectra, the strongest first."""
    lit = lines.areas > JOINS * lines.areas.max(initial=0.0)
    order = np.argsort(lines.energies_keV[lit])
    e, areas = lines.energies_keV[lit][order], lines.areas[lit][order]
    if not e.size:
        return ()
    fwhm = resolution.fwhm_keV(e)
    parts = np.split(np.arange(e.size), np.flatnonzero(np.diff(e) > GROUP_FWHM * fwhm[1:]) + 1)
    whole = [float(areas[p].sum()) for p in parts]
    found = []
    for k, part in enumerate(parts):
        if whole[k] < LEAST_GROUP * max(whole):
            continue
        low, high, width = float(e[part[0]]), float(e[part[-1]]), float(fwhm[part].mean())
        if high - low > width:
            continue
        # where the sides of this peak and half of another one would meet
        reach = (1.5 * REACH_FWHM + SIDE_FWHM) * width
        near = [j for j in range(len(parts)) if j != k and whole[j] > DISTURBING * whole[k]]
        if any(e[parts[j][-1]] > low - reach and e[parts[j][0]] < high + reach for j in near):
            continue
        one = net_area(edges_keV, theirs, sigma, (low, high), width)
        other = net_area(edges_keV, ours, sigma, (low, high), width)
        if one and other and one[0] > LEAST_SIGMA * one[1] and other[0] > 0:
            found.append(Group(low, high, one[0], other[0]))
    return tuple(sorted(found, key=lambda g: -g.theirs))


def net_area(
    edges_keV: FloatArray,
    counts: FloatArray,
    sigma: FloatArray,
    span_keV: tuple[float, float],
    fwhm_keV: float,
) -> tuple[float, float] | None:
    """Sum about some lines less a straight line through both sides, with its counting.

    None where the sides leave the range that is compared.
    """
    centres = (edges_keV[1:] + edges_keV[:-1]) / 2
    inner = (span_keV[0] - REACH_FWHM * fwhm_keV, span_keV[1] + REACH_FWHM * fwhm_keV)
    outer = (inner[0] - SIDE_FWHM * fwhm_keV, inner[1] + SIDE_FWHM * fwhm_keV)
    if outer[0] < LOW_KEV or outer[1] > min(HIGH_KEV, edges_keV[-1]):
        return None
    peak = (centres >= inner[0]) & (centres < inner[1])
    sides = [
        (centres >= outer[0]) & (centres < inner[0]),
        (centres >= inner[1]) & (centres < outer[1]),
    ]
    if not (peak.any() and all(side.any() for side in sides)):
        return None
    means = [float(counts[side].mean()) for side in sides]
    below = np.interp(centres[peak], [float(centres[side].mean()) for side in sides], means)
    noise = sum(float((sigma[side] ** 2).sum()) / side.sum() ** 2 for side in sides)
    variance = float((sigma[peak] ** 2).sum()) + peak.sum() ** 2 * noise / 4
    return float(counts[peak].sum() - below.sum()), float(np.sqrt(variance))


def compton_edge(
    edges_keV: FloatArray,
    theirs: FloatArray,
    ours: FloatArray,
    groups: tuple[Group, ...],
    lines: Lines,
    resolution: Resolution,
) -> Edge | None:
    """Continuum of the line that carries most of the energy, where no other peak disturbs it."""
    carried = lines.energies_keV * lines.photons
    for group in sorted(groups, key=lambda g: -g.theirs * g.high_keV):
        inside = (lines.energies_keV >= group.low_keV) & (lines.energies_keV <= group.high_keV)
        if carried[inside].sum() < CARRIES * carried.sum() or group.low_keV < LEAST_EDGE_KEV:
            continue
        line = float(np.average(lines.energies_keV[inside], weights=lines.photons[inside]))
        fwhm = float(resolution.fwhm_keV(line))
        low = 0.72 * (line - back_keV(line)) - fwhm
        others = (g for g in groups if g is not group and g.theirs > LEAST_GROUP * group.theirs)
        if any(low < g.high_keV and g.low_keV < line for g in others):
            continue
        one, other = (_marks(edges_keV, x, line, fwhm) for x in (theirs, ours))
        if one is None or other is None:
            continue
        shelf, valley, back = (
            (b / group.ours) / (a / group.theirs) if a and b and a > 0 else None
            for a, b in zip(one[1:], other[1:], strict=True)
        )
        if shelf is not None:
            return Edge(line, other[0] - one[0], shelf, valley, back)
    return None


def back_keV(line_keV: float) -> float:
    """Energy of a photon that was scattered straight back."""
    return line_keV / (1 + 2 * line_keV / ELECTRON_MASS_KEV)


def edge_reach_keV(fwhm_keV: float) -> float:
    """How far from its place a Compton edge is looked for, to either side."""
    return max(0.6 * fwhm_keV, 10.0)


def _grid(line_keV: float, fwhm_keV: float) -> FloatArray:
    return np.arange(LOW_KEV, line_keV + 2 * fwhm_keV, 1.0)


def edge_place(
    edges_keV: FloatArray, counts: FloatArray, line_keV: float, fwhm_keV: float
) -> float | None:
    """Where the Compton edge of a line falls most steeply, in keV.

    None where no edge stands within the search.
    """
    edge = line_keV - back_keV(line_keV)
    grid = _grid(line_keV, fwhm_keV)
    x = (grid[1:] + grid[:-1]) / 2
    reach = edge_reach_keV(fwhm_keV)
    slope = gaussian_filter1d(
        rebinned(counts, edges_keV, grid), max(0.2 * fwhm_keV, 3.0), order=1, mode="nearest"
    )
    region = np.flatnonzero((x > edge - reach) & (x < min(edge + reach, line_keV - fwhm_keV)))
    if region.size < 5:
        return None
    steepest = int(np.argmin(slope[region]))
    # at the rim of the search it falls more steeply elsewhere: no edge was found
    if steepest in (0, region.size - 1):
        return None
    return float(x[region[steepest]])


def _marks(
    edges_keV: FloatArray, counts: FloatArray, line_keV: float, fwhm_keV: float
) -> tuple[float, float, float | None, float | None] | None:
    """Where the edge falls most steeply, and counts per keV of shelf, valley and hump.

    None where no edge stands within the search.
    """
    back = back_keV(line_keV)
    edge = line_keV - back
    grid = _grid(line_keV, fwhm_keV)
    x = (grid[1:] + grid[:-1]) / 2
    y = rebinned(counts, edges_keV, grid)
    y = gaussian_filter1d(y, max(0.2 * fwhm_keV, 1.5), mode="nearest")

    def mean(low: float, high: float) -> float | None:
        here = (x >= low) & (x < high)
        return float(y[here].mean()) if here.sum() >= 3 else None

    shelf = mean(0.85 * edge, 0.97 * edge)
    place = edge_place(edges_keV, counts, line_keV, fwhm_keV)
    if shelf is None or place is None:
        return None
    valley = mean(edge + 0.5 * fwhm_keV, line_keV - 1.6 * fwhm_keV)
    hump = mean(0.92 * back, 1.08 * back) if back > 1.5 * LOW_KEV else None
    return place, shelf, valley, hump
