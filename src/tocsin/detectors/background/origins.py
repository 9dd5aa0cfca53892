"""Origins of a background and what a detector has left in it of each, before resolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import fluorescence
from tocsin.detectors.background.alphas import alpha_deposits, lanthanum_betas
from tocsin.detectors.background.fields import Field, background_data, background_fields
from tocsin.detectors.background.muons import muon_deposits
from tocsin.detectors.background.seen import seen_fields
from tocsin.detectors.background.simulated import SimulatedField, above
from tocsin.detectors.energy_nodes import HIGH_KEV
from tocsin.detectors.folding import LINE_LOW_KEV, Folder, folder_for
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.intrinsic import intrinsic_components
from tocsin.detectors.model import DetectorModel, Resolution
from tocsin.detectors.response import PHOTON_HIGH_KEV
from tocsin.detectors.surroundings import ground_scatter
from tocsin.detectors.templates import nuclide_lines
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]

LOWEST_KEV, HIGHEST_KEV = 8.0, 4200.0
PARTS_PER_WIDTH = 8.0  # points of the deposit grid per peak width
LEAST_STEP_KEV, LARGEST_STEP_KEV = 0.1, 4.0
LAYER_NODES = (0.25, 1.0, 4.0, 16.0)  # amounts of the layers around the crystal that are drawn
SIZE_NODES = (0.8, 1.0, 1.25)  # lengths of the crystal over those of the model that are drawn
# Times the table: more than latitude and solar cycle do. The photons of the table double at some
# 1,040 m, so that a height above that must be stated.
MOST_COSMIC = 2.0
INTRINSIC_UNIT = "1/s"


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its name, origin, what an amount of one is, and the most there can be."""

    name: str
    origin: str
    unit: str
    most: float = np.inf


def known_beside(names: tuple[str, ...], library: NuclideLibrary) -> tuple[str, ...]:
    """Nuclides that are said to be near by their own names, each once.

    Raises
    ------
    InvalidInput, NotFound
        For a text that names no nuclide, one without data, or one without photons that could be
        seen.
    """
    found = tuple(dict.fromkeys(library[name].name for name in names))
    for name in found:
        e, i = nuclide_lines(name, library=library)
        if not np.any((e >= LINE_LOW_KEV) & (e <= PHOTON_HIGH_KEV) & (i > 0)):
            raise InvalidInput(
                f"{name} and its progeny emit no photons between {LINE_LOW_KEV:g} and "
                f"{PHOTON_HIGH_KEV:g} keV: nothing of it could be seen beside the background"
            )
    return found


@lru_cache(maxsize=2)  # some 60 MB each for germanium
def drawn(
    model: DetectorModel,
    library: NuclideLibrary,
    altitude_m: float,
    beside: tuple[str, ...],
    simulated: SimulatedField | None,
) -> tuple[FloatArray, tuple[Component, ...], FloatArray]:
    """Grid of deposits, the components, and their deposits ``(component, size, layers, grid)``.

    Counts per second for an amount of one of each.
    """
    grid = _grid(model.resolution)
    # sharp: the width of the instrument comes with the channels
    sharp = replace(model, resolution=Resolution(0.01, 0.0, 1e-8))
    folders = [
        folder_for(replace(sharp, crystal=_scaled(sharp.crystal, size)), grid)
        for size in SIZE_NODES
    ]
    found = background_fields(library, altitude_m=altitude_m)
    listed = [
        Component(f.name, f.origin, f.unit, MOST_COSMIC if f.origin == "cosmic" else np.inf)
        for f in found
    ]
    by_size = np.stack([seen_fields(found, folder, LAYER_NODES) for folder in folders])
    if simulated is not None:
        by_size = _scaled_to(by_size, _simulated(found, folders[1], simulated))
    rows = list(np.moveaxis(by_size, 1, 0))
    muons = muon_deposits(model.crystal, model.material, grid)
    muons *= background_data()["muons_cm2_s"]["value"] * model.crystal.surface_cm2 / 4
    fixed = [(Component("cosmic muons", "cosmic", "of the table", MOST_COSMIC), muons)]
    fixed += _inside(folders[1], library, simulated)
    fixed.append((Component("X-rays of lead", "surroundings", INTRINSIC_UNIT), _lead(folders[1])))
    for name in beside:
        fixed += _beside(name, folders[1], library)
    nodes = np.ones((len(SIZE_NODES), len(LAYER_NODES), 1))
    for component, row in fixed:
        listed.append(component)
        rows.append(row * nodes)
    deposits = np.stack(rows)
    for array in (grid, deposits):
        array.flags.writeable = False  # shared between all that ask
    return grid, tuple(listed), deposits


def _simulated(fields: tuple[Field, ...], folder: Folder, simulated: SimulatedField) -> FloatArray:
    """Deposits ``(field, layers, grid)`` at the size of the model.

    Photons above the rows of the matrix, cosmic ones, come from the deterministic response.
    """
    seen = simulated.seen(fields, folder.edges_keV, LAYER_NODES)
    return seen + seen_fields(above(fields, HIGH_KEV), folder, LAYER_NODES)


def _scaled_to(deterministic: FloatArray, simulated: FloatArray) -> FloatArray:
    """Simulated deposits at every size: what the deterministic ones change by, bin by bin."""
    middle = deterministic[1]
    some = middle > 0
    ratio = np.where(some, deterministic / np.where(some, middle, 1.0), 1.0)
    return ratio * simulated


def _inside(
    folder: Folder, library: NuclideLibrary, simulated: SimulatedField | None
) -> list[tuple[Component, FloatArray]]:
    """What is in the crystal, ``(grid,)`` or ``(layers, grid)``."""
    model = folder.model
    found = []
    if model.intrinsic:
        rows = _own_activity(model.intrinsic, folder, simulated)
        rows.pop("Ac-227")  # one light ratio, no fine structure: drawn here instead
        rows |= alpha_deposits(folder, library)
        for name, row in rows.items():
            found.append((Component(f"{name} of the crystal", "crystal", INTRINSIC_UNIT), row))
    return found


def _own_activity(
    name: str, folder: Folder, simulated: SimulatedField | None
) -> dict[str, FloatArray]:
    """Rows of a crystal's own activity; layers scatter back what leaves it, where simulated."""
    betas = lanthanum_betas()
    if simulated is None:
        return intrinsic_components(name, folder, betas=betas)
    parts = [
        intrinsic_components(name, folder, born=partial(simulated.born, layers=x), betas=betas)
        for x in LAYER_NODES
    ]
    return {key: np.stack([part[key] for part in parts]) for key in parts[0]}


def _grid(resolution: Resolution) -> FloatArray:
    """Edges of the deposit grid: some parts of the peak width, at every energy."""
    edges = [LOWEST_KEV]
    while edges[-1] < HIGHEST_KEV:
        step = float(resolution.fwhm_keV(edges[-1])) / PARTS_PER_WIDTH
        edges.append(edges[-1] + min(max(step, LEAST_STEP_KEV), LARGEST_STEP_KEV))
    return np.array(edges)


def _scaled(crystal: Crystal, size: float) -> Crystal:
    a, b = crystal.face_cm
    return Crystal(crystal.shape, crystal.depth_cm * size, (a * size, b * size))


def _lead(folder: Folder) -> FloatArray:
    """K X-rays of lead that stands around, per photon that meets the crystal."""
    k = fluorescence()["Pb"]
    energies = np.array([k.alpha_keV, k.beta_keV])
    shares = np.array([1 - k.beta_share, k.beta_share])
    return folder.lines(energies, shares, incidence="isotropic")


def _beside(
    name: str, folder: Folder, library: NuclideLibrary
) -> list[tuple[Component, FloatArray]]:
    """Direct photons of a nuclide nearby, and those that matter around scatters in."""
    e, i = nuclide_lines(name, library=library)
    keep = (e >= LINE_LOW_KEV) & (e <= PHOTON_HIGH_KEV)
    e, i = e[keep], i[keep]
    direct = folder.lines(e, i, incidence="isotropic")
    scattered = folder.flux(ground_scatter(e, i), incidence="isotropic")
    return [
        (Component(f"{name} beside", "beside", INTRINSIC_UNIT), direct),
        (Component(f"{name} beside, scattered", "beside", INTRINSIC_UNIT), scattered),
    ]
