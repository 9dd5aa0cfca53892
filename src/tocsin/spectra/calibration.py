"""Energy calibration: from channel to energy, in the forms that instruments write."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from tocsin.errors import InvalidInput

CalibrationKind = Literal["polynomial", "full_range_fraction", "lower_channel_edges"]
CalibrationOrigin = Literal["file", "assumed"]

FloatArray = NDArray[np.float64]

_LEAST_STEP_KEV = 1e-6


@dataclass(frozen=True, slots=True)
class EnergyCalibration:
    """Relation between channel and energy of one spectrum.

    ``polynomial``
        ``E(c) = sum_i a_i c^i`` in keV, ``c`` the channel coordinate (channel 0 begins at 0).
    ``full_range_fraction``
        with ``x = c / n``: ``E = a_0 + a_1 x + a_2 x^2 + a_3 x^3 + a_4 / (1 + 60 x)``.
    ``lower_channel_edges``
        the lower edge of every channel in keV; one more value closes the last channel, and where a
        file gives only ``n`` values the last channel is as wide as the one before it.

    Deviation pairs ``(energy_keV, offset_keV)`` are added as a natural cubic spline through the
    offsets, held constant outside the first and last pair.

    Parameters
    ----------
    kind : {"polynomial", "full_range_fraction", "lower_channel_edges"}
        Form of the relation.
    coefficients : tuple of float
        Coefficients, or edges, in keV (per channel to the power i).
    deviation_pairs : tuple of (float, float)
        Energy and offset, both in keV, in rising order of energy.
    origin : {"file", "assumed"}
        ``assumed`` when the file holds no usable calibration and a reader filled in a default: the
        energies are then invented and no nuclide may be named from them.

    Raises
    ------
    InvalidInput
        When a coefficient is not finite or too few are given, or deviation pairs all but share
        one energy.

    References
    ----------
    The functional forms are those of ANSI N42.42-2012 (``EnergyCalibration``) and of the
    full-range-fraction convention that spectrum libraries share.
    """

    kind: CalibrationKind
    coefficients: tuple[float, ...]
    deviation_pairs: tuple[tuple[float, float], ...] = ()
    origin: CalibrationOrigin = "file"

    def __post_init__(self) -> None:
        if not all(math.isfinite(c) for c in self.coefficients):
            raise InvalidInput("energy calibration: every coefficient must be a finite number")
        if len(self.coefficients) < 2:
            raise InvalidInput(
                f"energy calibration: {len(self.coefficients)} coefficient(s), at least 2 needed"
            )
        if not all(math.isfinite(v) for pair in self.deviation_pairs for v in pair):
            raise InvalidInput("energy calibration: deviation pairs must be finite numbers")
        # A spline through pairs that all but share one energy has no finite slope.
        at = sorted({pair[0] for pair in self.deviation_pairs})
        if any(b - a < _LEAST_STEP_KEV for a, b in itertools.pairwise(at)):
            raise InvalidInput(
                f"energy calibration: deviation pairs lie closer than {_LEAST_STEP_KEV} keV"
            )

    @classmethod
    def polynomial(
        cls,
        coefficients: Sequence[float],
        *,
        deviation_pairs: Sequence[tuple[float, float]] = (),
        origin: CalibrationOrigin = "file",
    ) -> EnergyCalibration:
        """Polynomial calibration from its coefficients in keV per channel to the power i."""
        return cls(
            "polynomial",
            tuple(float(c) for c in coefficients),
            tuple((float(e), float(o)) for e, o in deviation_pairs),
            origin,
        )

    def energies_keV(self, channels: FloatArray, *, n_channel: int) -> FloatArray:
        """Energies at channel coordinates.

        Parameters
        ----------
        channels : (k,) float
            Channel coordinates; ``c`` is the lower edge of channel ``c``, ``c + 0.5`` its centre.
        n_channel : int
            Number of channels of the spectrum (the scale of the full-range-fraction form).

        Returns
        -------
        (k,) float
            Energies in keV.
        """
        c = np.asarray(channels, dtype=np.float64)
        if self.kind == "polynomial":
            energy = np.zeros_like(c)
            for coefficient in reversed(self.coefficients):
                energy = energy * c + coefficient
        elif self.kind == "full_range_fraction":
            x = c / n_channel
            a = tuple(self.coefficients) + (0.0,) * max(0, 5 - len(self.coefficients))
            energy = a[0] + x * (a[1] + x * (a[2] + x * a[3])) + a[4] / (1.0 + 60.0 * x)
        else:
            edges = np.asarray(self.coefficients)
            if edges.size == n_channel:
                edges = np.append(edges, 2 * edges[-1] - edges[-2])
            energy = np.interp(c, np.arange(edges.size), edges)
        energy = np.asarray(energy, dtype=np.float64)
        return energy + self._deviation_keV(energy) if self.deviation_pairs else energy

    def _deviation_keV(self, energy_keV: FloatArray) -> FloatArray:
        at = np.array([p[0] for p in self.deviation_pairs])
        offset = np.array([p[1] for p in self.deviation_pairs])
        order = np.argsort(at, kind="stable")
        at, keep = np.unique(at[order], return_index=True)
        offset = offset[order][keep]
        if at.size == 1:
            return np.full_like(energy_keV, offset[0])
        spline = CubicSpline(at, offset, bc_type="natural")
        return np.asarray(spline(np.clip(energy_keV, at[0], at[-1])), dtype=np.float64)

    def edges_keV(self, n_channel: int) -> FloatArray:
        """Channel edges ``(n_channel + 1,)`` in keV, the upper edge of the last included."""
        if self.kind == "lower_channel_edges" and len(self.coefficients) not in (
            n_channel,
            n_channel + 1,
        ):
            raise InvalidInput(
                f"energy calibration: {len(self.coefficients)} channel edges for "
                f"{n_channel} channels"
            )
        return self.energies_keV(np.arange(n_channel + 1, dtype=np.float64), n_channel=n_channel)

    def is_usable(self, n_channel: int) -> bool:
        """True when the energies rise from channel to channel and come from the file.

        A calibration that a reader assumed, that falls anywhere, or that spans less than 1 keV is
        not one that a nuclide may be named from.
        """
        if self.origin != "file" or n_channel < 1:
            return False
        try:
            edges = self.edges_keV(n_channel)
        except InvalidInput:
            return False
        return bool(np.all(np.diff(edges) > 0) and edges[-1] - edges[0] >= 1.0)

    def scaled(self, gain: float) -> EnergyCalibration:
        """Same calibration with every energy multiplied by ``gain`` (no dimension)."""
        if not (math.isfinite(gain) and gain > 0):
            raise InvalidInput(f"gain must be a positive number, not {gain!r}")
        return EnergyCalibration(
            self.kind,
            tuple(c * gain for c in self.coefficients),
            tuple((e * gain, o * gain) for e, o in self.deviation_pairs),
            self.origin,
        )
