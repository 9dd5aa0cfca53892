"""Where photons of an energy appear in a spectrum, and how wide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import ndtr

from tocsin.detection.binning import Resolution

FloatArray = NDArray[np.float64]

FWHM_TO_SIGMA = 1.0 / 2.3548200450309493
_REACH_SIGMA = 4.5
FADE_KEV = 200.0
EXCESS_AT_KEV = 100.0
WIDTH_AT_KEV = 661.7


@dataclass(frozen=True, slots=True)
class EnergyScale:
    """Where a photon of true energy ``E`` appears on the file's scale.

    ``gain * E + offset * exp(-E / fade) + excess * x * exp(1 - x)``, ``x = E / 100 keV``. The
    excess (its largest value, at 100 keV) is the light yield of alkali halides, which per keV is
    up to 15 per cent larger at low energies than at 662 keV; the offset is a zero point that fades
    so that the gain alone rules the high energies. ``width`` multiplies the full width at half
    maximum of the detector model at 662 keV, ``tilt`` is the power of the energy by which that
    factor changes away from there.
    """

    gain: float = 1.0
    offset_keV: float = 0.0
    width: float = 1.0
    fade_keV: float = FADE_KEV
    excess_keV: float = 0.0
    tilt: float = 0.0

    def seen_keV(self, energy_keV: FloatArray) -> FloatArray:
        """Energy on the file's scale of true energies in keV."""
        x = energy_keV / EXCESS_AT_KEV
        return (
            self.gain * energy_keV
            + self.offset_keV * np.exp(-energy_keV / self.fade_keV)
            + self.excess_keV * x * np.exp(1.0 - x)
        )

    def fwhm_keV(self, energy_keV: FloatArray, resolution: Resolution) -> FloatArray:
        """Full width at half maximum at true energies in keV."""
        factor = self.width * (energy_keV / WIDTH_AT_KEV) ** self.tilt
        return np.asarray(factor * resolution(np.maximum(energy_keV, 1.0)))


def line_profiles(
    energies_keV: FloatArray, edges_keV: FloatArray, resolution: Resolution, scale: EnergyScale
) -> csr_matrix:
    """Gaussian of every line integrated over the bins, as a sparse ``(n_line, n_bin)`` matrix."""
    seen = scale.seen_keV(energies_keV)
    sigma = scale.fwhm_keV(energies_keV, resolution) * FWHM_TO_SIGMA
    first = np.searchsorted(edges_keV, seen - _REACH_SIGMA * sigma, side="right") - 1
    last = np.searchsorted(edges_keV, seen + _REACH_SIGMA * sigma, side="left")
    first = np.clip(first, 0, edges_keV.size - 1)
    last = np.clip(last, 0, edges_keV.size - 1)
    lengths = np.maximum(last - first, 0)
    line = np.repeat(np.arange(seen.size), lengths)
    starts = np.cumsum(lengths) - lengths
    bins = np.arange(lengths.sum()) - starts[line] + first[line]
    upper = ndtr((edges_keV[bins + 1] - seen[line]) / sigma[line])
    lower = ndtr((edges_keV[bins] - seen[line]) / sigma[line])
    return csr_matrix((upper - lower, (line, bins)), shape=(seen.size, edges_keV.size - 1))
