"""Two spectra side by side: do they differ, by how much, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.ndimage import gaussian_filter1d

from tocsin.errors import InvalidInput
from tocsin.spectra import RecordingWarning, rebin
from tocsin.spectrometry.measured import MeasuredSpectrum, thinned

FloatArray = NDArray[np.float64]
Compared = Literal["rate", "shape"]

LEAST_EXPECTED = 10.0
"""Counts that each of the two must expect in a bin: from here chi-squared holds (Cochran 1954
asks for 5 in most cells; twice that keeps the tail probabilities right as well)."""
FALSE_REGIONS = 0.01
"""Probability that two equal spectra show any region at all (Bonferroni over all windows)."""
GAIN_REACH = 0.05
GAIN_STEP = 0.0005
SMOOTHING_CHANNELS = 2.0
THINNING_SEED = 4281954
MAX_REGIONS = 40


@dataclass(frozen=True, slots=True)
class DifferingRegion:
    """A stretch of energy in which one spectrum has more than the other.

    ``excess`` is the counts of the first minus those expected from the second, ``uncertainty`` its
    standard uncertainty if the two were equal, ``ratio`` the rate of the first over the second
    there (after scaling; infinite where the second has none).
    """

    low_keV: float
    high_keV: float
    excess: float
    uncertainty: float
    ratio: float

    @property
    def significance(self) -> float:
        """Excess over its uncertainty: positive where the first has more."""
        return self.excess / self.uncertainty if self.uncertainty > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """How two spectra compare.

    Attributes
    ----------
    compared : str
        ``rate``: counts per live time; ``shape``: the second scaled to the counts of the first.
    edges_keV : (m + 1,) float
        Bins, wide enough for both.
    first_counts, second_counts : (m,) float
        Counts of each in these bins.
    scale : float
        Factor of the second: live times or total counts, first over second.
    scale_uncertainty : float
        Standard uncertainty of a fitted scale; 0 where it comes from live times.
    residuals : (m,) float
        First minus scaled second over the standard deviation that it has if they are equal.
    chi_squared : float
        Sum of the squares of the residuals.
    degrees_of_freedom : int
        Of ``chi_squared``.
    p_value : float
        Probability of as large a chi-squared if the two are equal.
    gain : float
        Factor applied to the energies of the second before comparing; 1 where none was asked for.
    regions : tuple of DifferingRegion
        In order of energy.
    warnings : tuple of RecordingWarning
        What the reader must know.
    """

    compared: Compared
    edges_keV: FloatArray
    first_counts: FloatArray
    second_counts: FloatArray
    scale: float
    scale_uncertainty: float
    residuals: FloatArray
    chi_squared: float
    degrees_of_freedom: int
    p_value: float
    gain: float
    regions: tuple[DifferingRegion, ...]
    warnings: tuple[RecordingWarning, ...] = ()


def compare_spectra(
    first: MeasuredSpectrum,
    second: MeasuredSpectrum,
    *,
    compared: Compared = "rate",
    align: bool = False,
    low_keV: float = 30.0,
    high_keV: float = 3000.0,
) -> Difference:
    """Test whether two spectra are equal, and find where they are not.

    Given the sum of both in a bin, the counts of the first are binomial with the share that live
    times (``rate``) or totals (``shape``) give it; no background model and no smoothing comes in.

    Parameters
    ----------
    first, second : MeasuredSpectrum
        Both calibrated.
    compared : {"rate", "shape"}
        What is held equal under the hypothesis. ``rate`` needs live times.
    align : bool
        First move the energies of the second by the one gain, within 5 per cent, at which the
        shapes agree best. Costs one degree of freedom.
    low_keV, high_keV : float
        Range compared, cut to what both cover.

    Raises
    ------
    InvalidInput
        When they share no range, when too few counts are in it, or when ``rate`` is asked for
        without live times.
    """
    for spectrum in (first, second):
        if spectrum.unit != "keV":
            raise InvalidInput("spectra can be compared by energy only: one has no calibration")
    if compared == "rate" and not (first.live_time_s and second.live_time_s):
        raise InvalidInput("rates need the live times of both spectra: compare the shape instead")
    low = max(low_keV, float(first.edges_keV[0]), float(second.edges_keV[0]))
    high = min(high_keV, float(first.edges_keV[-1]), float(second.edges_keV[-1]))
    inside = first.edges_keV[(first.edges_keV >= low) & (first.edges_keV <= high)]
    if inside.size < 5:
        raise InvalidInput(f"the spectra share no range of energies ({low:.0f} to {high:.0f} keV)")
    gain = _best_gain(first, second, inside) if align else 1.0
    seen_second = thinned(
        np.rint(second.counts).astype(np.int64),
        second.edges_keV * gain,
        inside,
        np.random.default_rng(THINNING_SEED),
    )
    # Counts before the first edge fall outside; what the first has there is left out as well.
    begin = int(np.searchsorted(first.edges_keV, inside[0]))
    seen_first = np.asarray(first.counts[begin : begin + inside.size - 1], dtype=np.float64)
    share = _share(first, second, seen_first, seen_second, compared)
    bins = _joined(seen_first, seen_second, share)
    if bins.size < 4:
        raise InvalidInput("too few counts in the shared range to compare the spectra")
    edges = inside[bins]
    a, b = _summed(seen_first, bins), _summed(seen_second, bins)
    if compared == "shape":
        share = float(a.sum() / (a.sum() + b.sum()))
    n = a + b
    residuals = (a - n * share) / np.sqrt(n * share * (1.0 - share))
    degrees = a.size - (1 if compared == "shape" else 0) - (1 if align else 0)
    chi_squared = float(np.sum(residuals**2))
    scale = share / (1.0 - share)
    fitted = scale * float(np.sqrt(1.0 / a.sum() + 1.0 / b.sum())) if compared == "shape" else 0.0
    warnings = first.warnings + second.warnings
    return Difference(
        compared,
        edges,
        a,
        b,
        scale,
        fitted,
        residuals,
        chi_squared,
        degrees,
        float(stats.chi2.sf(chi_squared, degrees)),
        gain,
        _regions(edges, a, b, share),
        warnings,
    )


def _share(
    first: MeasuredSpectrum,
    second: MeasuredSpectrum,
    a: FloatArray,
    b: FloatArray,
    compared: Compared,
) -> float:
    """Share of the first in the sum of both if they are equal."""
    if compared == "shape":
        total = float(a.sum() + b.sum())
        if a.sum() <= 0 or b.sum() <= 0:
            raise InvalidInput("one of the spectra is empty in the shared range")
        return float(a.sum()) / total
    # Counts are per one quantum of their file; equal rates are those of the counts in the file.
    one = (first.live_time_s or 0.0) / first.count_scale
    other = (second.live_time_s or 0.0) / second.count_scale
    return one / (one + other)


def _joined(a: FloatArray, b: FloatArray, share: float) -> NDArray[np.int64]:
    """Indices of edges of bins in which both expect enough counts; the rest joins the last."""
    need = LEAST_EXPECTED / min(share, 1.0 - share)
    edges, held = [0], 0.0
    for i, n in enumerate((a + b).tolist(), start=1):
        held += n
        if held >= need:
            edges.append(i)
            held = 0.0
    if len(edges) > 1:
        edges[-1] = a.size
    return np.asarray(edges, dtype=np.int64)


def _summed(values: FloatArray, bins: NDArray[np.int64]) -> FloatArray:
    cumulative = np.concatenate(([0.0], np.cumsum(values)))
    return np.diff(cumulative[bins])


def _best_gain(first: MeasuredSpectrum, second: MeasuredSpectrum, edges: FloatArray) -> float:
    """Gain of the second at which the shapes agree best, by a grid and a parabola through it."""
    # Both are smoothed alike first. Moving raw counts by fractions of a channel would smooth one of
    # them more at some gains than at others, and the merit would follow that and not the shapes.
    one = gaussian_filter1d(first.counts, SMOOTHING_CHANNELS, mode="constant")
    other = gaussian_filter1d(second.counts, SMOOTHING_CHANNELS, mode="constant")
    a = rebin(one, first.edges_keV, edges)
    gains = 1.0 + np.arange(-GAIN_REACH, GAIN_REACH + GAIN_STEP / 2, GAIN_STEP)
    merit = np.empty(gains.size)
    for i, gain in enumerate(gains):
        b = rebin(other, second.edges_keV * gain, edges)
        if a.sum() <= 0 or b.sum() <= 0:
            raise InvalidInput("one of the spectra is empty in the shared range")
        scale = float(a.sum() / b.sum())
        merit[i] = float(np.sum((a - scale * b) ** 2 / np.maximum(a + scale * b, 1.0)))
    best = int(np.argmin(merit))
    if best in (0, gains.size - 1):
        return float(gains[best])
    before, at, after = merit[best - 1 : best + 2]
    bend = before - 2.0 * at + after
    shift = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return float(gains[best] + shift * GAIN_STEP)


def _regions(
    edges: FloatArray, a: FloatArray, b: FloatArray, share: float
) -> tuple[DifferingRegion, ...]:
    """Windows of 1, 2, 4, ... bins that differ more than chance, the surest first, none twice."""
    widths = [w for w in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if w <= a.size]
    total_a = np.concatenate(([0.0], np.cumsum(a)))
    total_n = np.concatenate(([0.0], np.cumsum(a + b)))
    windows = sum(a.size - w + 1 for w in widths)
    limit = float(stats.norm.isf(FALSE_REGIONS / 2.0 / windows))
    found: list[tuple[float, int, int]] = []
    for width in widths:
        n = total_n[width:] - total_n[:-width]
        excess = total_a[width:] - total_a[:-width] - n * share
        z = excess / np.sqrt(np.maximum(n * share * (1.0 - share), 1e-12))
        found += [
            (abs(float(z[i])), int(i), int(i) + width) for i in np.flatnonzero(abs(z) > limit)
        ]
    taken = np.zeros(a.size, dtype=bool)
    regions: list[DifferingRegion] = []
    for _, start, stop in sorted(found, reverse=True):
        if taken[start:stop].any() or len(regions) >= MAX_REGIONS:
            continue
        taken[start:stop] = True
        first, second = float(a[start:stop].sum()), float(b[start:stop].sum())
        both = first + second
        # On the scale of the first: its counts less the scaled counts of the second.
        scale = share / (1.0 - share)
        regions.append(
            DifferingRegion(
                float(edges[start]),
                float(edges[stop]),
                first - scale * second,
                float(np.sqrt(both * share * (1.0 - share))) / (1.0 - share),
                first / (scale * second) if second > 0 else float("inf"),
            )
        )
    return tuple(sorted(regions, key=lambda r: r.low_keV))
