"""What each nuclide should look like: line patterns behind free absorbers, on given bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import ndtr

from tocsin.detection.binning import Resolution
from tocsin.detection.peaks import FWHM_TO_SIGMA

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
    maximum of the detector model.
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


@dataclass(frozen=True, slots=True)
class LinePattern:
    """Lines of one candidate with their relative full-energy counts.

    Attributes
    ----------
    name : str
        Nuclide (or nuisance) that is named.
    energies_keV, intensities : (n,) float
        True energies and photons per decay of the parent.
    weights : (v, n) float
        Full-energy counts per decay behind each of ``v`` absorbers, up to a common factor; each row
        is scaled to a sum of one.
    yields : (v,) float
        The sums before scaling: full-energy counts per photon-equivalent decay, for comparing
        activities of patterns behind the same absorber.
    emitters : tuple of str
        Nuclide that emits each line.
    """

    name: str
    energies_keV: FloatArray
    intensities: FloatArray
    weights: FloatArray
    yields: FloatArray
    emitters: tuple[str, ...]


@dataclass(frozen=True)
class TemplateBank:
    """All patterns in one table, so that a whole library is drawn on a spectrum in one product.

    Attributes
    ----------
    patterns : tuple of LinePattern
        The candidates.
    owner : (k,) int
        For each template (row of the mixing matrix) the index of its pattern.
    """

    patterns: tuple[LinePattern, ...]
    energies_keV: FloatArray
    mixing: csr_matrix
    owner: IntArray

    @classmethod
    def build(cls, patterns: Sequence[LinePattern]) -> TemplateBank:
        """Stack the patterns; rows of the mixing matrix are templates, columns are lines."""
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        owner: list[int] = []
        start = row = 0
        for index, pattern in enumerate(patterns):
            n = pattern.energies_keV.size
            for weights in pattern.weights:
                rows.extend([row] * n)
                columns.extend(range(start, start + n))
                values.extend(weights.tolist())
                owner.append(index)
                row += 1
            start += n
        energies = np.concatenate([p.energies_keV for p in patterns])
        mixing = csr_matrix((values, (rows, columns)), shape=(row, start))
        return cls(tuple(patterns), energies, mixing, np.asarray(owner, dtype=np.int64))

    def draw(self, edges_keV: FloatArray, resolution: Resolution, scale: EnergyScale) -> csr_matrix:
        """Templates as sparse rows ``(k, n_bin)``, each with a total of at most one count."""
        return csr_matrix(
            self.mixing @ line_profiles(self.energies_keV, edges_keV, resolution, scale)
        )

    def index_of(self, name: str) -> int:
        """Index of the pattern of that name."""
        return next(i for i, p in enumerate(self.patterns) if p.name == name)


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
