"""One pulse-height spectrum of one detector, as the instrument wrote it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.spectra.calibration import EnergyCalibration, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Counts per channel of one detector over one time slice.

    Counts stay as the instrument wrote them: integers as ``int64``; fractional or negative values
    (already background-subtracted, scaled, smoothed) as ``float64``, so that ``is_integer`` tells
    whether counting statistics may be claimed at all.

    Parameters
    ----------
    counts : (n_channel,) int or float
        Counts per channel, no dimension. The array is made read-only.
    live_time_s, real_time_s : float, optional
        Live and real (clock) time in seconds; None where the file does not say.
    calibration : EnergyCalibration, optional
        None where the file has none.
    detector : str
        Name of the detector as the file has it; may be empty.

    Raises
    ------
    InvalidInput
        When counts are not one-dimensional and finite, or a time is negative or not finite.
    """

    counts: NDArray[np.int64] | NDArray[np.float64]
    live_time_s: float | None = None
    real_time_s: float | None = None
    calibration: EnergyCalibration | None = None
    detector: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", as_counts(self.counts))
        for name in ("live_time_s", "real_time_s"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise InvalidInput(f"{name} must be a number of seconds >= 0, not {value!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spectrum):
            return NotImplemented
        return (
            self.live_time_s == other.live_time_s
            and self.real_time_s == other.real_time_s
            and self.calibration == other.calibration
            and self.detector == other.detector
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]  # holds an array

    @property
    def n_channel(self) -> int:
        """Number of channels."""
        return int(self.counts.size)

    @property
    def total(self) -> float:
        """Sum of all channels."""
        return float(self.counts.sum())

    @property
    def is_integer(self) -> bool:
        """True when every channel holds a whole, non-negative number."""
        return self.counts.dtype == np.int64 and bool(np.all(self.counts >= 0))

    @property
    def is_calibrated(self) -> bool:
        """True when there is a usable energy calibration that came from the file."""
        return self.calibration is not None and self.calibration.is_usable(self.n_channel)

    @property
    def edges_keV(self) -> FloatArray:
        """Channel edges ``(n_channel + 1,)`` in keV.

        Raises
        ------
        Uncalibrated
            When the calibration is absent, assumed or not rising.
        """
        if self.calibration is None or not self.is_calibrated:
            raise Uncalibrated(
                f"spectrum of detector {self.detector!r} has no usable energy calibration"
            )
        return self.calibration.edges_keV(self.n_channel)

    @property
    def dead_time_fraction(self) -> float | None:
        """``1 - live / real``; None where it is unknown.

        A live time above 0.999 of the real time is taken as "not measured" (many field
        instruments write the clock time into both), not as "no dead time".
        """
        if self.live_time_s is None or not self.real_time_s:
            return None
        ratio = self.live_time_s / self.real_time_s
        return None if ratio > 0.999 else max(0.0, 1.0 - ratio)

    def with_calibration(self, calibration: EnergyCalibration | None) -> Spectrum:
        """The same counts under another calibration."""
        return replace(self, calibration=calibration)


def as_counts(values: ArrayLike) -> NDArray[np.int64] | NDArray[np.float64]:
    """Counts as a read-only array: ``int64`` when every value is whole, else ``float64``."""
    array = np.array(values)
    if array.ndim != 1:
        raise InvalidInput(f"counts must be one-dimensional, not of shape {array.shape}")
    if array.dtype.kind in "iu":
        if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
            raise InvalidInput("counts are larger than a 64-bit integer holds")
        out: NDArray[np.int64] | NDArray[np.float64] = array.astype(np.int64, copy=False)
    elif array.dtype.kind == "f" or array.size == 0:
        real = array.astype(np.float64)
        if not np.all(np.isfinite(real)):
            raise InvalidInput("counts must be finite numbers")
        whole = bool(np.all(real == np.rint(real))) and bool(np.all(np.abs(real) < 2.0**53))
        out = real.astype(np.int64) if whole else real
    else:
        raise InvalidInput(f"counts must be numbers, not {array.dtype}")
    out.flags.writeable = False
    return out


def rebin(counts: ArrayLike, edges_keV: ArrayLike, new_edges_keV: ArrayLike) -> FloatArray:
    """Counts moved to other energy bins, each channel taken as flat inside.

    Parameters
    ----------
    counts : (n,) float
        Counts per channel.
    edges_keV : (n + 1,) float
        Rising channel edges in keV.
    new_edges_keV : (m + 1,) float
        Rising bin edges in keV; what lies outside all channels stays empty.

    Returns
    -------
    (m,) float
        Counts per new bin; their sum is that of the covered part.

    Notes
    -----
    The cumulative sum is interpolated linearly. Fractions of a channel make neighbouring bins
    correlated: no Poisson claim holds for bins narrower than a few channels.
    """
    c = np.asarray(counts, dtype=np.float64)
    cumulative = np.concatenate(([0.0], np.cumsum(c)))
    at = np.interp(
        np.asarray(new_edges_keV, dtype=np.float64),
        np.asarray(edges_keV, dtype=np.float64),
        cumulative,
    )
    return np.diff(at)
