"""What was measured, added up: foreground and the background expected beside it, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import (
    BinnedSpectrum,
    Resolution,
    first_useful_keV,
    group_channels,
    peak_coordinate,
    sum_spectra,
)
from tocsin.spectra import RecordingWarning, Spectrum, rebin

FloatArray = NDArray[np.float64]

# Channels with fewer counts say little of how they came about; so do shorter stretches.
_REWRITTEN_FROM = 100.0
_REWRITTEN_BLOCK = 100


Background = Sequence[Spectrum] | None


@dataclass(frozen=True)
class Measured:
    """Foreground and background on the channels of the foreground.

    Attributes
    ----------
    edges_keV : (n + 1,) float
        Channel edges on the file's own scale.
    counts, background, background_variance : (n,) float
        Foreground; background expected in the same time, and its variance from counting.
    has_background : bool
        False where ``background`` is only a placeholder.
    background_error : float
        Relative uncertainty of the scale of the background.
    live_time_s : float or None
        Of the foreground.
    background_scale : float
        Factor that made ``background`` of ``own_background``.
    own_background : Measured or None
        The background as it was measured, unscaled, where it is given as spectra.
    """

    edges_keV: FloatArray
    counts: FloatArray
    background: FloatArray
    background_variance: FloatArray
    has_background: bool
    background_error: float
    live_time_s: float | None
    background_scale: float = 1.0
    own_background: Measured | None = None

    def binned(
        self,
        resolution: Resolution,
        *,
        lowest_keV: float,
        highest_keV: float,
        bins_per_fwhm: float,
    ) -> BinnedSpectrum | None:
        """Channels joined to bins; None where too little of the axis is useful."""
        low = first_useful_keV(self.counts, self.edges_keV, lowest_keV=lowest_keV)
        index = group_channels(
            self.edges_keV,
            resolution,
            low_keV=low,
            high_keV=highest_keV,
            bins_per_fwhm=bins_per_fwhm,
        )
        if index.size < 12:
            return None

        def total(values: FloatArray) -> FloatArray:
            cumulative = np.concatenate(([0.0], np.cumsum(values)))
            return np.diff(cumulative[index])

        edges = self.edges_keV[index]
        return BinnedSpectrum(
            edges,
            total(self.counts),
            total(self.background),
            total(self.background_variance),
            self.has_background,
            peak_coordinate(edges, resolution),
        )


def measure(
    foreground: Sequence[Spectrum],
    background: Background,
    *,
    background_error: float,
) -> Measured:
    """Add up the spectra of foreground and background.

    Parameters
    ----------
    foreground : sequence of Spectrum
        Calibrated; not empty.
    background : sequence of Spectrum or None
        Spectra are scaled by live time; those without a calibration are not used.
    background_error : float
        Relative uncertainty of that scale (live times, another place, own shadow).
    """
    summed = sum_spectra(foreground)
    none = np.zeros_like(summed.counts)
    plain = Measured(
        summed.edges_keV, summed.counts, none, none, False, background_error, summed.live_time_s
    )
    if background is None:
        return plain
    usable = [s for s in background if s.is_calibrated]
    if not usable:
        return plain
    other = sum_spectra(usable)
    if not summed.live_time_s or not other.live_time_s:
        return plain
    scale = summed.live_time_s / other.live_time_s
    counts = rebin(other.counts, other.edges_keV, summed.edges_keV)
    nothing = np.zeros_like(other.counts)
    return replace(
        plain,
        background=scale * counts,
        background_variance=scale**2 * np.maximum(counts, 0.0),
        has_background=True,
        background_scale=scale,
        own_background=Measured(
            other.edges_keV,
            other.counts,
            nothing,
            nothing,
            False,
            background_error,
            other.live_time_s,
        ),
    )


def refuse(spectra: Sequence[Spectrum]) -> RecordingWarning | None:
    """Why no nuclide may be named from these spectra; None where they can be used.

    A calibration is refused when the file has none, when it does not rise, and when it is the
    identity (channel number taken for keV), which is what programs write where nobody calibrated.
    Counts are refused when a program rewrote part of them.
    """
    for spectrum in spectra:
        if not spectrum.is_calibrated:
            return RecordingWarning(
                "uncalibrated",
                f"detector {spectrum.detector or '(unnamed)'} has no usable energy calibration: "
                "no nuclide is named",
            )
        edges = spectrum.edges_keV
        if np.allclose(np.diff(edges), 1.0, atol=1e-6) and abs(float(edges[0])) < 0.51:
            return RecordingWarning(
                "uncalibrated",
                "the energy calibration is the channel number itself (1 keV per channel from 0), "
                "which stands for none: no nuclide is named",
            )
        if np.any(np.asarray(spectrum.counts) < 0):
            return RecordingWarning(
                "subtracted",
                "channels hold less than nothing: something was subtracted before, so that the "
                "counts say nothing of chance; no nuclide is named (give the original spectrum)",
            )
        factor = rewritten_by(np.asarray(spectrum.counts, dtype=np.float64))
        if factor > 1:
            return RecordingWarning(
                "rewritten",
                f"long stretches of channels hold only multiples of {factor}, others as high do "
                "not: a program put these numbers together, no counter did; no nuclide is named",
            )
    return None


def rewritten_by(counts: FloatArray) -> int:
    """Number by which a long stretch of a spectrum was multiplied while the rest was not; or 1.

    By chance a block of 100 filled channels has a common divisor with a probability below
    2**-100. An instrument that multiplies every count, and a format that keeps so many digits, do
    the same with all counts of that size; only then is nothing wrong with the spectrum.
    """
    filled = counts[counts >= _REWRITTEN_FROM]
    n_block = filled.size // _REWRITTEN_BLOCK
    if n_block < 2 or not np.array_equal(filled, np.rint(filled)):
        return 1
    values = filled[: n_block * _REWRITTEN_BLOCK].astype(np.int64)
    for block in values.reshape(n_block, _REWRITTEN_BLOCK):
        divisor = int(np.gcd.reduce(block))
        as_high = filled[filled >= np.median(block)].astype(np.int64)
        if divisor > 1 and np.count_nonzero(as_high % divisor) >= _REWRITTEN_BLOCK:
            return divisor
    return 1
