"""Counts on an energy axis, ready for peak fitting: spectra added up, their statistics checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.spectra import EnergyCalibration, RecordingWarning, Spectrum

FloatArray = NDArray[np.float64]

THINNING_SEED = 11929
"""Seed of the thinning of spectra with different calibrations; any fixed number will do."""
WHOLE_CHANNELS = 20
"""Filled channels from which a common divisor of all counts is no accident."""
NEARLY_WHOLE = 1e-3
"""Largest departure from whole multiples of the smallest count (files keep some four figures)."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSpectrum:
    """Counts whose statistics are Poisson up to a known factor.

    Attributes
    ----------
    counts : (n,) float
        Counts per channel divided by ``count_scale``: their variance is their mean.
    edges_keV : (n + 1,) float
        Rising channel edges. For an uncalibrated spectrum these are channel numbers and ``unit``
        says so.
    count_scale : float
        Counts of the file per count in ``counts``; 1 for an ordinary file.
    live_time_s : float or None
        Live time of the whole instrument.
    unit : str
        ``"keV"``, or ``"channel"`` for a spectrum without usable calibration.
    warnings : tuple of RecordingWarning
        What a reader of the results should know.
    """

    counts: FloatArray
    edges_keV: FloatArray
    count_scale: float = 1.0
    live_time_s: float | None = None
    unit: str = "keV"
    warnings: tuple[RecordingWarning, ...] = ()

    def __post_init__(self) -> None:
        if self.counts.ndim != 1 or self.edges_keV.shape != (self.counts.size + 1,):
            raise InvalidInput("counts must be (n,) and edges_keV (n + 1,)")
        if self.counts.size < 4 or not np.all(np.diff(self.edges_keV) > 0):
            raise InvalidInput("at least four channels with rising edges are needed")
        if not np.all(np.isfinite(self.counts)) or bool(np.any(self.counts < 0)):
            raise InvalidInput("counts must be finite and not negative")

    @property
    def n_channel(self) -> int:
        """Number of channels."""
        return int(self.counts.size)


def measured_spectrum(
    spectra: Sequence[Spectrum], *, in_channels: bool = False
) -> MeasuredSpectrum:
    """Spectra of one instrument as one spectrum with honest counting statistics.

    Spectra under the same calibration are added channel by channel. Under other calibrations each
    count is put at random (fixed seed) into one of the channels that its own channel overlaps, in
    proportion to the overlap: a thinned Poisson process is a Poisson process, so the sum keeps
    exact statistics, at the price of a peak width grown by one channel in quadrature. Splitting
    counts into fractions would not.

    Counts that are whole multiples of one number (doubled, or scaled by a constant) are divided by
    it. Other fractional counts are divided by their measured dispersion, and a warning says so.

    Parameters
    ----------
    spectra : sequence of Spectrum
        Not empty.
    in_channels : bool
        Take channel numbers for energies: for spectra without a calibration. All must then have the
        same number of channels.

    Raises
    ------
    InvalidInput
        For no spectrum, negative counts (a background was subtracted before), or different numbers
        of channels with ``in_channels``.
    Uncalibrated
        When a spectrum has no usable calibration and ``in_channels`` is False.
    """
    if not spectra:
        raise InvalidInput("there is no spectrum to look for peaks in")
    if any(bool(np.any(s.counts < 0)) for s in spectra):
        raise InvalidInput(
            "the spectrum has negative counts: a background was subtracted before. Peaks need the "
            "counts as measured; give the background as a file of its own"
        )
    if in_channels:
        return _in_channels(spectra)
    reference = max(spectra, key=lambda s: s.total)
    edges = reference.edges_keV
    groups: dict[tuple[EnergyCalibration | None, int], list[Spectrum]] = {}
    for spectrum in spectra:
        groups.setdefault((spectrum.calibration, spectrum.n_channel), []).append(spectrum)
    scale, warnings = _count_scale(spectra)
    total = np.zeros(edges.size - 1)
    random = np.random.default_rng(THINNING_SEED)
    for (calibration, n_channel), members in groups.items():
        added = np.sum([s.counts for s in members], axis=0) / scale
        if calibration == reference.calibration and n_channel == total.size:
            total += added
        else:
            whole = np.rint(added).astype(np.int64)
            total += thinned(whole, members[0].edges_keV, edges, random)
    if len(groups) > 1:
        text = f"{len(groups)} calibrations: counts moved at random within their channels"
        warnings += (RecordingWarning("calibrations_joined", text),)
    return MeasuredSpectrum(total, edges, scale, _live_time_s(spectra), "keV", warnings)


def _in_channels(spectra: Sequence[Spectrum]) -> MeasuredSpectrum:
    n = spectra[0].n_channel
    if any(s.n_channel != n for s in spectra):
        raise InvalidInput("uncalibrated spectra of different numbers of channels cannot be added")
    scale, warnings = _count_scale(spectra)
    total = np.sum([np.asarray(s.counts, dtype=np.float64) for s in spectra], axis=0) / scale
    edges = np.arange(n + 1, dtype=np.float64)
    return MeasuredSpectrum(total, edges, scale, _live_time_s(spectra), "channel", warnings)


def _live_time_s(spectra: Sequence[Spectrum]) -> float | None:
    """Mean over detectors of their summed live times, so that a rate is the whole instrument's."""
    times: dict[str, float] = {}
    for s in spectra:
        measured_s = s.live_time_s or s.real_time_s
        if measured_s:
            times[s.detector] = times.get(s.detector, 0.0) + measured_s
    return float(np.mean(list(times.values()))) if times else None


def thinned(
    counts: NDArray[np.int64],
    edges_keV: FloatArray,
    new_edges_keV: FloatArray,
    random: np.random.Generator,
) -> FloatArray:
    """Counts moved to other channels, each whole, by random choice within its own channel.

    Returns
    -------
    (m,) float
        Whole counts per new channel; what lies outside of all new channels is dropped.
    """
    out = np.zeros(new_edges_keV.size - 1)
    low, high = edges_keV[:-1], edges_keV[1:]
    target = np.searchsorted(new_edges_keV, low, side="right") - 1
    left = counts.copy()
    start = low.copy()
    while bool(np.any(left > 0)):
        inside = target < out.size
        stop = np.where(
            inside, np.minimum(high, new_edges_keV[np.minimum(target + 1, out.size)]), high
        )
        share = np.clip((stop - start) / np.maximum(high - start, 1e-300), 0.0, 1.0)
        share = np.where(stop >= high, 1.0, share)
        moved = random.binomial(left, share)
        good = inside & (target >= 0)
        np.add.at(out, target[good], moved[good])
        left = left - moved
        start = stop
        target = target + 1
    return out


def _count_scale(spectra: Sequence[Spectrum]) -> tuple[float, tuple[RecordingWarning, ...]]:
    """Number that the counts must be divided by to be Poisson, and what to say about it."""
    filled = np.concatenate([s.counts[s.counts != 0] for s in spectra])
    if filled.size < WHOLE_CHANNELS:
        return 1.0, ()
    if all(s.is_integer for s in spectra):
        common = float(np.gcd.reduce(filled.astype(np.int64)))
        if common == 1.0:
            return 1.0, ()
        text = f"every channel holds a multiple of {common:g}: taken as {common:g} per count"
        return common, (RecordingWarning("counts_multiplied", text),)
    least = float(filled.min())
    multiples = filled / least
    if bool(
        np.all(np.abs(multiples - np.rint(multiples)) < NEARLY_WHOLE * np.maximum(multiples, 1))
    ):
        text = f"counts are multiples of {least:.6g}: taken as {least:.6g} per count"
        return least, (RecordingWarning("counts_scaled", text),)
    scale = float(np.median([_dispersion(np.asarray(s.counts, float)) for s in spectra]))
    text = (
        f"counts are fractions: uncertainties from their measured scatter (variance {scale:.3g} "
        "times the mean), not from counting statistics"
    )
    return scale, (RecordingWarning("counts_not_whole", text),)


def _dispersion(counts: FloatArray) -> float:
    """Variance over mean from second differences, which a smooth continuum does not enter."""
    second = counts[:-2] - 2 * counts[1:-1] + counts[2:]
    mean = (counts[:-2] + 4 * counts[1:-1] + counts[2:]) / 6.0
    use = mean > 0
    if not bool(np.any(use)):
        return 1.0
    # The median of chi-squared with one degree of freedom is 0.4549 of its mean.
    ratio = float(np.median(second[use] ** 2 / (6.0 * mean[use]))) / 0.4549
    return max(ratio, 1e-12)
