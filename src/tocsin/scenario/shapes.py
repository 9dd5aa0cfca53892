"""What a decay and a natural photon leave in the carried detector: shapes before any count."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tocsin.detectors import (
    TEMPLATE_LIBRARY_VERSION,
    DetectorModel,
    Resolution,
    Shield,
    background_components,
    material,
    named_model,
    scatter_continuum,
)
from tocsin.detectors.folding import folder_for
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import Photons, through_shield
from tocsin.detectors.surroundings import inside_medium
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.scenario.geometry import FloatArray
from tocsin.scenario.perturbation import Perturbation
from tocsin.scenario.scene import Scene
from tocsin.scenario.sources import NEAREST_M, NormHeap, PointSource

AIR_STEPS_M = (NEAREST_M, 10.0, 25.0, 50.0, 100.0, 250.0)
"""Distances at which the loss in air is worked out.

Between them the counts are interpolated, at most 3 % off at 60 keV within 25 m; beyond the last the
air of the last is kept, where the inverse square has left nothing that counts.
"""

HEAP_MIN_INTENSITY = 5e-4
"""Lines of a natural series below so many photons per decay of its head are left out of a heap:
together less than 2 % of its photons above 30 keV, and most of the work."""

HEADROOM = 1.08
"""The shapes reach so much above the full scale, so that a low gain finds pulses to move down."""

BACKGROUND_KEYS = ("K-40", "U-series", "Th-series", "cosmic")
"""Names of the natural components in the room ``detectors``, in the order of ``COMPONENTS``."""

RAIN_MEMBERS = ("Pb-214", "Bi-214")
HEAP_MEDIUM = "concrete"
CM_PER_M = 100.0
CM2_PER_M2 = CM_PER_M**2
KG_PER_G = 1e-3


@dataclass(frozen=True, slots=True)
class Kernel:
    """Counts of a whole source at unit distance, by the air on the way.

    Attributes
    ----------
    distances_m : (d,) float
        Rising distances.
    counts_m2_s : (d, n) float
        Counts per second and channel times the squared distance.
    """

    distances_m: FloatArray
    counts_m2_s: FloatArray

    def _shares(self, distance_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Index of the step below and share of the one above, shape of the distances."""
        d = self.distances_m
        at = np.interp(distance_m, d, np.arange(d.size, dtype=np.float64))
        low = np.minimum(np.floor(at), d.size - 2.0)
        return low, at - low

    def _mixing(self, distance_m: FloatArray, weight: FloatArray) -> FloatArray:
        """Matrix ``(records, d)`` that mixes the rows of the table: ``sum_parts w / r^2``."""
        low, share = self._shares(distance_m)
        strength = weight / distance_m**2
        index = low.astype(np.int64)
        records = np.broadcast_to(np.arange(distance_m.shape[1]), distance_m.shape)
        out = np.zeros((distance_m.shape[1], self.distances_m.size))
        np.add.at(out, (records, index), strength * (1.0 - share))
        np.add.at(out, (records, index + 1), strength * share)
        return out

    def spectra_cps(self, distance_m: FloatArray, weight: FloatArray) -> FloatArray:
        """Expected counts per second ``(records, n)``.

        Parameters
        ----------
        distance_m : (parts, records) float
            Slant distance of each part of the source.
        weight : (parts, records) float
            Share of the source in each part, times what the carrier lets through.
        """
        return np.asarray(self._mixing(distance_m, weight) @ self.counts_m2_s)

    def rates_cps(self, distance_m: FloatArray, weight: FloatArray) -> FloatArray:
        """Expected counts per second ``(records,)``, all channels together."""
        return np.asarray(self._mixing(distance_m, weight) @ self.counts_m2_s.sum(axis=1))


@dataclass(frozen=True, slots=True)
class SceneShapes:
    """All shapes of one recording.

    Attributes
    ----------
    edges_keV : (n + 1,) float
        Channel edges of the stated calibration, with the headroom above its full scale.
    background : (4, n) float
        Unit shapes of the natural components.
    rain : (n,) float
        Unit shape of radon progeny on the ground.
    kernels : mapping of str to Kernel
        By name of the source.
    versions : dict of str to str
        Of the nuclide library and the detector response.
    """

    edges_keV: FloatArray
    background: FloatArray
    rain: FloatArray
    kernels: Mapping[str, Kernel]
    versions: dict[str, str]


def carried_model(scene: Scene, perturbation: Perturbation) -> DetectorModel:
    """Model of the carried crystal with the resolution of this recording."""
    model = named_model(scene.carried.model)
    r, f2 = model.resolution, perturbation.resolution**2
    return replace(model, resolution=Resolution(r.a_keV2 * f2, r.b_keV * f2, r.c * f2))


def shapes_for(scene: Scene, perturbation: Perturbation) -> SceneShapes:
    """Shapes of a scene in the detector of one recording.

    Raises
    ------
    NotFound
        When the model, a nuclide or a material is not in the libraries.
    """
    library = load_library()
    carried = scene.carried
    model = carried_model(scene, perturbation)
    width_keV = carried.full_scale_keV / carried.n_channel
    channels = math.ceil(HEADROOM * carried.n_channel)
    edges_keV = np.arange(channels + 1, dtype=np.float64) * width_keV
    components = background_components(model, edges_keV, library=library)
    background = np.stack([components[key] for key in BACKGROUND_KEYS])
    kernels = {}
    for source in scene.sources:
        if isinstance(source, PointSource):
            photons, face_per_s = _point_photons(source, library), source.activity_Bq
        else:
            photons, face_per_s = _heap_photons(source, library), 1.0
        kernel = _kernel(photons, model, edges_keV, perturbation.scatter)
        scaled = perturbation.source(kernel, edges_keV) * face_per_s
        kernels[source.name] = Kernel(np.asarray(AIR_STEPS_M), _above(scaled, edges_keV, scene))
    rain = _rain(model, edges_keV, perturbation, library)
    return SceneShapes(
        edges_keV,
        _normal(_above(perturbation.background(background, edges_keV), edges_keV, scene)),
        _normal(_above(rain[None, :], edges_keV, scene))[0],
        kernels,
        {"nuclide_library": library.version, "template_library": TEMPLATE_LIBRARY_VERSION},
    )


def _rain(
    model: DetectorModel, edges_keV: FloatArray, perturbation: Perturbation, library: NuclideLibrary
) -> FloatArray:
    """Counts per channel of Pb-214 and Bi-214 of equal activity that lie on the ground.

    On the ground and not in it, so nearly without scatter on the way: sharper lines than those of
    the uranium series in ground or walls.
    """
    lines = [line for name in RAIN_MEMBERS for line in library.lines(name, progeny=False)]
    energies = np.array([line.energy_keV for line in lines])
    intensities = np.array([line.intensity for line in lines])
    inside = _followed(energies)
    e, i = energies[inside], intensities[inside]
    counts = folder_for(model, edges_keV).lines(e, i, incidence="isotropic")
    around = scatter_continuum(e, i, model, edges_keV)
    return np.asarray(counts + perturbation.scatter * around)


def _above(shapes: FloatArray, edges_keV: FloatArray, scene: Scene) -> FloatArray:
    """Shapes with nothing below the lower threshold of the instrument."""
    return np.asarray(shapes * (edges_keV[:-1] >= scene.carried.threshold_keV)[None, :])


def _normal(shapes: FloatArray) -> FloatArray:
    return np.asarray(shapes / shapes.sum(axis=1, keepdims=True))


def _point_photons(source: PointSource, library: NuclideLibrary) -> Photons:
    """Photons per decay that leave the housing, over all directions."""
    lines = library.lines(source.nuclide)
    energies = np.array([line.energy_keV for line in lines])
    intensities = np.array([line.intensity for line in lines])
    inside = _followed(energies)
    photons = Photons(energies[inside], intensities[inside], np.zeros(PHOTON_CENTRES_KEV.size))
    for layer in source.layers:
        areal = layer.thickness_cm * material(layer.material).density_g_cm3
        # the scattered photons of the layer before go in as lines, and come out scattered again
        lit = photons.continuum > 0
        photons = through_shield(
            np.concatenate((photons.energies_keV, PHOTON_CENTRES_KEV[lit])),
            np.concatenate((photons.intensities, photons.continuum[lit])),
            Shield(layer.material, areal),
        )
        photons = _binned(photons, keep=energies[inside])
    return photons


def _binned(photons: Photons, *, keep: FloatArray) -> Photons:
    """Photons whose lines at other energies than ``keep`` are moved into the bins.

    A layer that is given the bins as lines returns them as lines; only what is sharp stays so.
    """
    sharp = np.isin(photons.energies_keV, keep) | ~np.isin(photons.energies_keV, PHOTON_CENTRES_KEV)
    bins, _ = np.histogram(
        photons.energies_keV[~sharp], PHOTON_EDGES_KEV, weights=photons.intensities[~sharp]
    )
    return Photons(
        photons.energies_keV[sharp], photons.intensities[sharp], photons.continuum + bins
    )


def _heap_photons(heap: NormHeap, library: NuclideLibrary) -> Photons:
    """Photons that the face of a thick heap sends out per second, as a point source would.

    A thick layer of activity ``a`` per volume is as bright as ``a * area * phi``, ``phi`` the
    fluence per decay and volume inside (``I / mu`` for a line).
    """
    energies, intensities, continuum = [], [], np.zeros(PHOTON_CENTRES_KEV.size)
    stuff = material(HEAP_MEDIUM)
    face_cm2 = heap.length_m * heap.height_m * CM2_PER_M2
    for members, massic_Bq_kg in heap.series:
        if massic_Bq_kg == 0.0:
            continue
        lines = [
            line
            for name in members
            for line in library.lines(name, min_intensity=HEAP_MIN_INTENSITY)
        ]
        e = np.array([line.energy_keV for line in lines])
        i = np.array([line.intensity for line in lines])
        inside = _followed(e)
        field = inside_medium(e[inside], i[inside], medium=HEAP_MEDIUM)
        strength = massic_Bq_kg * stuff.density_g_cm3 * KG_PER_G * face_cm2
        energies.append(field.energies_keV)
        intensities.append(field.intensities * strength)
        continuum = continuum + field.continuum * strength
    return Photons(np.concatenate(energies), np.concatenate(intensities), continuum)


def _followed(energies_keV: FloatArray) -> FloatArray:
    """Which photons lie on the grid of the detector response, as a mask."""
    inside = (energies_keV >= PHOTON_EDGES_KEV[0]) & (energies_keV <= PHOTON_EDGES_KEV[-1])
    return np.asarray(inside)


def _kernel(
    photons: Photons, model: DetectorModel, edges_keV: FloatArray, scatter: float
) -> FloatArray:
    """Counts ``(d, n)`` times square metres per emitted set of photons, behind each air path."""
    folder = folder_for(model, edges_keV)
    air = material("air")
    mu_lines = air.coefficients(photons.energies_keV).interaction
    mu_bins = air.coefficients(PHOTON_CENTRES_KEV).interaction
    area_m2 = model.crystal.face_area_cm2 / CM2_PER_M2
    rows = []
    for distance_m in AIR_STEPS_M:
        lines = photons.intensities * np.exp(-mu_lines * distance_m * CM_PER_M)
        bins = photons.continuum * np.exp(-mu_bins * distance_m * CM_PER_M)
        rows.append(folder.lines(photons.energies_keV, lines) + folder.flux(bins))
    counts = np.asarray(rows)
    if scatter > 0:
        lit = photons.continuum > 0
        around = scatter_continuum(
            np.concatenate((photons.energies_keV, PHOTON_CENTRES_KEV[lit])),
            np.concatenate((photons.intensities, photons.continuum[lit])),
            model,
            edges_keV,
        )
        # what the ground sends has come through about the same air as what comes straight
        passed = counts.sum(axis=1) / counts[0].sum()
        counts = counts + scatter * passed[:, None] * around
    return np.asarray(counts * area_m2 / (4.0 * math.pi))
