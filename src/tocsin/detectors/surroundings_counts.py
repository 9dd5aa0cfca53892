"""Counts of photons that reach a detector by way of the ground and of a body behind it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.folding import folder_for
from tocsin.detectors.irradiation import named_irradiation
from tocsin.detectors.model import DetectorModel
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.shield_matrix import ShieldMatrix
from tocsin.detectors.surroundings import STANDARD_SCENE, Scene, ground_rows

FloatArray = NDArray[np.float64]

EXTENT_PER_DISTANCE = 6.0
"""Ground that is lit, over the distance: in the standard scene what lies beyond adds less than one
per cent."""


def class_scene(distance: str) -> Scene:
    """The standard scene at a distance class, its mesh as fine as there.

    Source and detector stand a metre above concrete, with a trunk 0.15 m behind the detector.

    Parameters
    ----------
    distance : str
        Name in ``irradiation.DISTANCES_CM``.

    Raises
    ------
    NotFound
        When there is none of that name; the message lists them.
    """
    distance_m = named_irradiation(distance).distance_cm / 100.0
    standard = STANDARD_SCENE
    extent_m = max(standard.extent_m, EXTENT_PER_DISTANCE * distance_m)
    n_side = round(standard.n_side * extent_m / standard.extent_m)
    return Scene(distance_m=distance_m, extent_m=extent_m, n_side=n_side)


class Surroundings:
    """What a scene scatters into a detector, on one set of channels.

    Parameters
    ----------
    model : DetectorModel
        The detector; scattered photons meet it from all sides, as in ``scatter_continuum``.
    scene : Scene
        Where source, detector, ground and body stand.
    edges_keV : (m + 1,) float
        Rising channel edges.

    Raises
    ------
    InvalidInput
        When the edges do not rise.

    Notes
    -----
    Deterministic: first scatterings by geometry, later ones from the lit surface; so there is no
    sigma. The air weakens and scatters nothing, and walls, table and holder are not in the scene.
    """

    def __init__(self, model: DetectorModel, scene: Scene, edges_keV: ArrayLike) -> None:
        self.scene = scene
        self._folder = folder_for(model, edges_keV)
        # photons in an even field that meet the crystal, over those that a source sends out
        sphere_cm2 = 4 * np.pi * (100.0 * scene.distance_m) ** 2
        self._met = model.crystal.surface_cm2 / 4 / sphere_cm2

    @cached_property
    def of_bins(self) -> FloatArray:
        """:meth:`of_lines` of the centres of the photon bins."""
        return self.of_lines(PHOTON_CENTRES_KEV)

    def of_lines(self, energies_keV: FloatArray) -> FloatArray:
        """Scattered flux of one photon of each energy, ``(k, n)``, as ``ground_rows`` gives it."""
        return ground_rows(energies_keV, scene=self.scene)

    def counts(self, flux: FloatArray) -> FloatArray:
        """Counts ``(m,)`` per decay of a scattered flux ``(n,)`` per decay."""
        return self._folder.flux(flux * self._met, incidence="isotropic")


def outside(
    energies_keV: FloatArray,
    intensities: FloatArray,
    continuum: FloatArray,
    shield: ShieldMatrix | None,
) -> tuple[FloatArray, FloatArray]:
    """Photons outside a layer: ``(k,)`` lines as they were, ``(n,)`` all else in the photon bins.

    Parameters
    ----------
    energies_keV, intensities : (k,) float
        Lines of the source, within the energies of the layer's matrix.
    continuum : (n,) float
        Photons in the bins of ``PHOTON_EDGES_KEV`` beside them.
    shield : ShieldMatrix, optional
        The layer; none for a bare source.
    """
    if shield is None:
        return intensities, continuum
    of_lines, of_bins = shield.leaving(energies_keV), shield.of_bins
    spread = intensities @ of_lines.scattered + continuum @ of_bins.scattered
    spread = spread + continuum * of_bins.passed
    born = intensities @ of_lines.lines + continuum @ of_bins.lines
    xrays, _ = np.histogram(shield.line_energies_keV, PHOTON_EDGES_KEV, weights=born)
    return intensities * of_lines.passed, np.asarray(spread + xrays)
