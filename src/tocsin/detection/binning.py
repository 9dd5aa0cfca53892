"""Channels grouped to the detector's resolution; counts of several crystals on one axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.spectra import Spectrum, rebin

FloatArray = NDArray[np.float64]
Resolution = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class BinnedSpectrum:
    """Counts in bins made of whole channels, beside the background expected in them.

    Attributes
    ----------
    edges_keV : (n + 1,) float
        Bin edges on the file's own energy scale.
    counts : (n,) float
        Measured counts; sums of whole channels, so that counting statistics still hold.
    background : (n,) float
        Expected background counts in the same live time; zero where there is none.
    background_variance : (n,) float
        Variance of ``background`` from its own counting statistics.
    has_background : bool
        False where ``background`` is only a placeholder.
    position : (n,) float
        Bin centres measured in full widths at half maximum from the first bin: the coordinate in
        which every peak is one unit wide.
    """

    edges_keV: FloatArray
    counts: FloatArray
    background: FloatArray
    background_variance: FloatArray
    has_background: bool
    position: FloatArray

    @property
    def centres_keV(self) -> FloatArray:
        """Bin centres in keV."""
        return 0.5 * (self.edges_keV[1:] + self.edges_keV[:-1])

    @property
    def n_bin(self) -> int:
        """Number of bins."""
        return int(self.counts.size)


@dataclass(frozen=True, slots=True)
class SummedSpectrum:
    """Crystals of one instrument added up on one axis."""

    edges_keV: FloatArray
    counts: FloatArray
    live_time_s: float | None


def sum_spectra(spectra: Sequence[Spectrum]) -> SummedSpectrum:
    """Counts of several crystals or records on the energy axis of the one with most counts.

    Parameters
    ----------
    spectra : sequence of Spectrum
        All calibrated; not empty.

    Returns
    -------
    SummedSpectrum
        Live time is the mean over crystals of the summed live times (clock times where a file
        states no live time), so that counts per live time stay the rate of the whole instrument.

    Raises
    ------
    Uncalibrated
        When a spectrum has no usable calibration.
    """
    reference = max(spectra, key=lambda s: s.total)
    edges = reference.edges_keV
    counts = np.zeros(edges.size - 1)
    times: dict[str, float] = {}
    for spectrum in spectra:
        if spectrum.calibration == reference.calibration and spectrum.n_channel == counts.size:
            counts += spectrum.counts
        else:
            counts += rebin(spectrum.counts, spectrum.edges_keV, edges)
        measured_s = spectrum.live_time_s or spectrum.real_time_s
        if measured_s:
            times[spectrum.detector] = times.get(spectrum.detector, 0.0) + measured_s
    live = float(np.mean(list(times.values()))) if times else None
    return SummedSpectrum(edges, counts, live)


def first_useful_keV(counts: FloatArray, edges_keV: FloatArray, *, lowest_keV: float) -> float:
    """Energy above the discriminator: where the counts have risen out of the electronic cut-off.

    The cut-off is taken as the last channel below 100 keV that, with everything below it, holds
    less than a fifth of the mean of the six channels above it.
    """
    centres = 0.5 * (edges_keV[1:] + edges_keV[:-1])
    start = int(np.searchsorted(centres, lowest_keV))
    stop = int(np.searchsorted(centres, 100.0))
    found = start
    for i in range(start, min(stop, counts.size - 7)):
        above = float(counts[i + 1 : i + 7].mean())
        if above > 0 and float(counts[max(0, i - 1) : i + 1].mean()) < 0.2 * above:
            found = i + 1
    return float(edges_keV[found])


def group_channels(
    edges_keV: FloatArray,
    resolution: Resolution,
    *,
    low_keV: float,
    high_keV: float,
    bins_per_fwhm: float,
) -> NDArray[np.int64]:
    """Indices of the channel edges that bound the bins.

    Neighbouring channels are joined while the bin stays narrower than ``1 / bins_per_fwhm`` of the
    full width at half maximum; a channel is never divided.

    Returns
    -------
    (n + 1,) int
        Rising indices into ``edges_keV``.
    """
    first = int(np.searchsorted(edges_keV, max(low_keV, 1.0), side="left"))
    last = int(np.searchsorted(edges_keV, high_keV, side="right")) - 1
    last = min(last, edges_keV.size - 2)  # the last channel holds all overflow
    if last - first < 2:
        return np.empty(0, dtype=np.int64)
    limits = resolution(np.maximum(edges_keV, 1.0)) / bins_per_fwhm
    chosen = [first]
    for i in range(first + 1, last + 1):
        if i == last or edges_keV[i + 1] - edges_keV[chosen[-1]] > limits[chosen[-1]]:
            chosen.append(i)
    return np.asarray(chosen, dtype=np.int64)


def peak_coordinate(edges_keV: FloatArray, resolution: Resolution) -> FloatArray:
    """Bin centres in units of the local full width at half maximum, ``u = integral dE / FWHM``."""
    centres = 0.5 * (edges_keV[1:] + edges_keV[:-1])
    steps = np.diff(edges_keV) / resolution(np.maximum(centres, 1.0))
    return np.cumsum(steps) - 0.5 * steps


def smooth(values: FloatArray, half_width: int = 2) -> FloatArray:
    """Moving mean over ``2 * half_width + 1`` bins, shortened at the ends."""
    kernel = np.ones(2 * half_width + 1)
    total = np.convolve(values, kernel, mode="same")
    return total / np.convolve(np.ones_like(values), kernel, mode="same")
