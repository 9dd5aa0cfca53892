"""The response of an instrument as one matrix: from photons to counts in the statistics' bins."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from tocsin.detection.analysis import FloatArray
from tocsin.detection.source_fields import HIGH_KEV, LOW_KEV, on_grid
from tocsin.detectors import DetectorModel, Shield, material
from tocsin.detectors.folding import folder_for
from tocsin.detectors.model import FWHM_PER_SIGMA
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.surroundings import inside_medium
from tocsin.detectors.templates import (
    BACKGROUND_FLOOR_KEV,
    COSMIC_INDEX,
    TH_SERIES,
    U_SERIES,
    nuclide_lines,
)
from tocsin.nuclear import load_library

_PARTS = 8  # of a bin, for folding: a small part of any scintillator's peak width


class ResponseMatrix:
    """Counts per bin for one photon of every energy of the photon grid.

    Any source is then one product with its photons (:mod:`tocsin.detection.source_fields`).

    Parameters
    ----------
    model : DetectorModel
        The detector.
    edges_keV : (n_bin + 1,) float
        Bin edges.

    Attributes
    ----------
    beam, around : (n_photon, n_bin) float
        Counts of photons from the front, and from all sides.
    partial : (n_photon, n_bin) float
        Counts from the front without full-energy peaks: the part that models miss most.
    """

    def __init__(self, model: DetectorModel, edges_keV: FloatArray) -> None:
        self.model = model
        self.edges_keV = edges_keV
        n = edges_keV.size - 1
        at = np.arange(n * _PARTS + 1) / _PARTS
        folder = folder_for(model, np.interp(at, np.arange(n + 1), edges_keV))
        single = np.eye(PHOTON_CENTRES_KEV.size)
        self.beam = _join(folder.flux(single))
        self.around = _join(folder.flux(single, incidence="isotropic"))
        energies = PHOTON_CENTRES_KEV
        sigma = model.fwhm_keV(energies) / FWHM_PER_SIGMA
        peaks = np.diff(ndtr((edges_keV[None, :] - energies[:, None]) / sigma[:, None]), axis=1)
        share = model.response.grid_deposit().peaks[:, 0] * model.window_transmission(energies)
        peaks *= share[:, None]
        self.partial = np.clip(self.beam - peaks, 0.0, None)

    def line(self, energy_keV: float) -> FloatArray:
        """Counts per bin of photons of one energy."""
        return np.asarray(on_grid(np.array([energy_keV]), np.ones(1)) @ self.beam)

    def exponential(self, slope_keV: float) -> FloatArray:
        """Counts per bin of photons without lines, ``exp(-E / slope)`` per keV above 25 keV."""
        flux = np.diff(PHOTON_EDGES_KEV) * np.exp(-PHOTON_CENTRES_KEV / slope_keV)
        flux[PHOTON_CENTRES_KEV < 25.0] = 0.0
        return np.asarray(flux @ self.beam)

    def tube(self, high_voltage_kV: float, filter_: Shield | None) -> FloatArray:
        """Counts per bin of an X-ray tube behind a filter.

        Photons of a thick target, ``dN/dE ~ (E0 / E - 1)`` (H. A. Kramers, Phil. Mag. 46 (1923)
        836), weakened by ``exp(-mu x)``; without the lines of the anode.
        """
        e = PHOTON_CENTRES_KEV
        flux = np.diff(PHOTON_EDGES_KEV) * np.maximum(high_voltage_kV / e - 1.0, 0.0)
        if filter_ is not None:
            stuff = material(filter_.material)
            per_g = stuff.coefficients(e).interaction / stuff.density_g_cm3
            flux = flux * np.exp(-per_g * filter_.areal_density_g_cm2)
        return np.asarray(flux @ self.beam)

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
            use = (energies >= LOW_KEV) & (energies <= HIGH_KEV)
            use &= intensities > 0
            field = inside_medium(energies[use], intensities[use])
            photons = on_grid(field.energies_keV, field.intensities) + field.continuum
            row = photons @ self.around
            rows.append(row / row.sum())
        flux = np.diff(PHOTON_EDGES_KEV) * PHOTON_CENTRES_KEV**-COSMIC_INDEX
        flux[PHOTON_CENTRES_KEV < BACKGROUND_FLOOR_KEV] = 0.0
        cosmic = flux @ self.around
        return np.array(rows), np.asarray(cosmic / cosmic.sum())


def _join(fine: FloatArray) -> FloatArray:
    """Parts of bins ``(k, n_bin * _PARTS)`` joined to whole bins."""
    return np.asarray(fine.reshape(fine.shape[0], -1, _PARTS).sum(axis=2))


@lru_cache(maxsize=16)
def response_matrix(model: DetectorModel, edges_keV: tuple[float, ...]) -> ResponseMatrix:
    """Matrix of a model on bins, kept for the next survey of the same instrument."""
    return ResponseMatrix(model, np.array(edges_keV))
