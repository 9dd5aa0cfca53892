"""The response of an instrument as one matrix: from photons to counts in the statistics' bins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from tocsin.detection.analysis import FloatArray
from tocsin.detectors import DetectorModel, Shield
from tocsin.detectors.compton import cos_angle, scattered_shares
from tocsin.detectors.folding import folder_for
from tocsin.detectors.model import FWHM_PER_SIGMA
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import through_shield
from tocsin.detectors.surroundings import ground_scatter, inside_medium
from tocsin.detectors.templates import (
    BACKGROUND_FLOOR_KEV,
    COSMIC_INDEX,
    TH_SERIES,
    U_SERIES,
    nuclide_lines,
)
from tocsin.nuclear import EmissionLine, load_library

_PARTS = 8  # of a bin, for folding: a small part of any scintillator's peak width
_WEAKEST = 3e-3  # of the strongest line; weaker ones change no shape
_BACK_COSINE = -0.5  # scattering by 120 degrees and more counts as coming back
_LOW_KEV, _HIGH_KEV = 15.0, 3500.0  # outside no photon is seen by a field instrument's spectrum


class ResponseMatrix:
    """Counts per bin for one photon of every energy of the photon grid.

    Any source is then one product, so that a library of a hundred nuclides behind ten layers is
    drawn in about a second. A line is shared between the two nearest energies of the grid (1.2 %
    apart, a fraction of the width of a scintillator's peak).

    Parameters
    ----------
    model : DetectorModel
        The detector.
    edges_keV : (n_bin + 1,) float
        Bin edges.
    """

    def __init__(self, model: DetectorModel, edges_keV: FloatArray) -> None:
        self.model = model
        self.edges_keV = edges_keV
        n = edges_keV.size - 1
        at = np.arange(n * _PARTS + 1) / _PARTS
        self._fine_edges_keV = np.interp(at, np.arange(n + 1), edges_keV)
        folder = folder_for(model, self._fine_edges_keV)
        single = np.eye(PHOTON_CENTRES_KEV.size)
        self.beam = np.array([self._join(folder.flux(row)) for row in single])
        self.around = np.array(
            [self._join(folder.flux(row, incidence="isotropic")) for row in single]
        )
        energies = PHOTON_CENTRES_KEV
        sigma = model.fwhm_keV(energies) / FWHM_PER_SIGMA
        peaks = np.diff(ndtr((edges_keV[None, :] - energies[:, None]) / sigma[:, None]), axis=1)
        peaks *= model.full_energy_efficiency(energies)[:, None]
        self.partial = np.clip(self.beam - peaks, 0.0, None)

    def _join(self, fine: FloatArray) -> FloatArray:
        return np.asarray(fine.reshape(-1, _PARTS).sum(axis=1))

    def _spread(self, energies_keV: FloatArray, intensities: FloatArray) -> FloatArray:
        """Photons of lines on the photon grid."""
        n = PHOTON_CENTRES_KEV.size
        position = np.interp(
            np.log(np.maximum(energies_keV, 1.0)), np.log(PHOTON_CENTRES_KEV), np.arange(n)
        )
        low = np.minimum(position.astype(np.int64), n - 2)
        part = position - low
        photons = np.bincount(low, weights=intensities * (1 - part), minlength=n)
        return np.asarray(photons + np.bincount(low + 1, weights=intensities * part, minlength=n))

    def line(self, energy_keV: float) -> FloatArray:
        """Counts per bin of photons of one energy."""
        return np.asarray(self._spread(np.array([energy_keV]), np.ones(1)) @ self.beam)

    def exponential(self, slope_keV: float) -> FloatArray:
        """Counts per bin of photons without lines, ``exp(-E / slope)`` per keV above 25 keV."""
        flux = np.diff(PHOTON_EDGES_KEV) * np.exp(-PHOTON_CENTRES_KEV / slope_keV)
        flux[PHOTON_CENTRES_KEV < 25.0] = 0.0
        return np.asarray(flux @ self.beam)

    def scattered_line(self, energy_keV: float) -> FloatArray:
        """Counts per bin of photons of one energy that come by way of the ground."""
        return np.asarray(ground_scatter(np.array([energy_keV]), np.ones(1)) @ self.around)

    def source(self, lines: Sequence[EmissionLine], shield: Shield | None) -> FloatArray:
        """Counts per bin of a source, bare or behind a layer; zero where nothing can be seen."""
        energies, intensities = _arrays(lines)
        if not energies.size:
            return np.zeros(self.edges_keV.size - 1)
        if shield is None:
            return np.asarray(self._spread(energies, intensities) @ self.beam)
        out = through_shield(energies, intensities, shield)
        photons = self._spread(out.energies_keV, out.intensities) + out.continuum
        return np.asarray(photons @ self.beam)

    def scattered_back(self, lines: Sequence[EmissionLine]) -> FloatArray:
        """Counts per bin of photons that pass the crystal and come back from what is behind it.

        Single Klein-Nishina scattering by more than ``_BACK_COSINE``; the carrier, a wall or the
        ground behind the instrument, none of which a file describes.
        """
        energies, intensities = _arrays(lines)
        if not energies.size:
            return np.zeros(self.edges_keV.size - 1)
        shares = scattered_shares(energies, PHOTON_EDGES_KEV)
        cosine = cos_angle(energies[:, None], PHOTON_CENTRES_KEV[None, :])
        shares[cosine > _BACK_COSINE] = 0.0
        return np.asarray((intensities @ shares) @ self.around)

    def partly_absorbed(self, lines: Sequence[EmissionLine], shield: Shield | None) -> FloatArray:
        """Counts per bin without full-energy peaks: the part that models miss most."""
        energies, intensities = _arrays(lines)
        if not energies.size:
            return np.zeros(self.edges_keV.size - 1)
        if shield is None:
            return np.asarray(self._spread(energies, intensities) @ self.partial)
        out = through_shield(energies, intensities, shield)
        return np.asarray(self._spread(out.energies_keV, out.intensities) @ self.partial)

    def by_ground(self, lines: Sequence[EmissionLine]) -> FloatArray:
        """Counts per bin of a bare source's photons that come by way of the ground."""
        energies, intensities = _arrays(lines)
        if not energies.size:
            return np.zeros(self.edges_keV.size - 1)
        return np.asarray(ground_scatter(energies, intensities) @ self.around)

    def natural(self) -> tuple[FloatArray, FloatArray]:
        """Natural shapes: the three series ``(3, n_bin)`` and cosmic radiation ``(n_bin,)``.

        The same sources and media as :func:`tocsin.detectors.background_components`, drawn by the
        matrix.
        """
        library = load_library()
        rows = []
        for members in (("K-40",), U_SERIES, TH_SERIES):
            found = [nuclide_lines(name, library=library) for name in members]
            energies = np.concatenate([e for e, _ in found])
            intensities = np.concatenate([i for _, i in found])
            use = (energies >= _LOW_KEV) & (energies <= _HIGH_KEV)
            use &= intensities > 0
            field = inside_medium(energies[use], intensities[use])
            photons = self._spread(field.energies_keV, field.intensities) + field.continuum
            row = photons @ self.around
            rows.append(row / row.sum())
        flux = np.diff(PHOTON_EDGES_KEV) * PHOTON_CENTRES_KEV**-COSMIC_INDEX
        flux[PHOTON_CENTRES_KEV < BACKGROUND_FLOOR_KEV] = 0.0
        cosmic = flux @ self.around
        return np.array(rows), np.asarray(cosmic / cosmic.sum())


def _arrays(lines: Sequence[EmissionLine]) -> tuple[FloatArray, FloatArray]:
    """Energies and intensities of the lines that matter."""
    inside = [line for line in lines if _LOW_KEV <= line.energy_keV <= _HIGH_KEV]
    strongest = max((line.intensity for line in inside), default=0.0)
    kept = [line for line in inside if line.intensity >= _WEAKEST * strongest]
    return (
        np.array([line.energy_keV for line in kept], dtype=np.float64),
        np.array([line.intensity for line in kept], dtype=np.float64),
    )


@lru_cache(maxsize=16)
def response_matrix(model: DetectorModel, edges_keV: tuple[float, ...]) -> ResponseMatrix:
    """Matrix of a model on bins, kept for the next survey of the same instrument."""
    return ResponseMatrix(model, np.array(edges_keV))
