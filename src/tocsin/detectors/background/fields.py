"""Photon fields of the natural background, before any detector."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.array_cache import Arrays, cached_arrays, response_digest
from tocsin.detectors.background.plane_field import Layer, plane_fields
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import Photons
from tocsin.detectors.templates import nuclide_lines, series_lines
from tocsin.errors import OutOfDomain
from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]

HIGHEST_ALTITUDE_M = 4000.0
_LINE_ROW_KEV = 566.08  # row of the table of cosmic photons whose bin holds 511 keV
_ROWS_PER_DECADE = 10


@dataclass(frozen=True, slots=True)
class Field:
    """Photons of one origin around a detector.

    Parameters
    ----------
    name : str
        For a reader: origin, then surroundings.
    origin : str
        ``"K-40"``, ``"U-238 series"``, ``"Th-232 series"``, ``"radon progeny"`` or ``"cosmic"``.
    unit : str
        What an amount of one is: ``"Bq/kg"``, ``"1/cm2/s"`` of decays for what is close by, or
        ``"of the table"`` for cosmic photons.
    photons : Photons
        Fluence rate in 1/cm2/s for an amount of one, lines and bins of ``PHOTON_EDGES_KEV``, taken
        as even from all directions.
    """

    name: str
    origin: str
    unit: str
    photons: Photons


@cache
def background_data() -> dict[str, Any]:
    """The data file ``background.json``."""
    path = resources.files("tocsin.detectors") / "data" / "background.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def background_fields(library: NuclideLibrary, *, altitude_m: float = 0.0) -> tuple[Field, ...]:
    """Fields of K-40, both series and radon progeny in every surroundings, and of cosmic rays.

    Parameters
    ----------
    library : NuclideLibrary
        Where the lines come from.
    altitude_m : float
        Above the sea, for the cosmic photons.

    Returns
    -------
    tuple of Field

    Raises
    ------
    OutOfDomain
        For an altitude outside -500 to 4000 m.
    """
    return (*_terrestrial(library), *_close_by(library), cosmic_field(altitude_m))


def _origin_lines(library: NuclideLibrary) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Lines within the photon bins and photons per decay of the head, by origin."""
    series = series_lines(library)
    found = {
        "K-40": series["K-40"],
        "U-238 series": series["U-series"],
        "Th-232 series": series["Th-series"],
        "radon progeny": nuclide_lines("Rn-222", library=library),
    }
    out = {}
    for origin, (energies, intensities) in found.items():
        inside = (energies >= PHOTON_EDGES_KEV[0]) & (energies <= PHOTON_EDGES_KEV[-1])
        out[origin] = energies[inside], intensities[inside]
    return out


@cache
def _terrestrial(library: NuclideLibrary) -> tuple[Field, ...]:
    lines = _origin_lines(library)
    part_of = {
        "surroundings": ("K-40", "U-238 series", "Th-232 series"),
        "radon": ("radon progeny",),
    }
    out = []
    for place, entry, origins in [
        (place, entry, origins)
        for part, origins in part_of.items()
        for place, entry in background_data()[part].items()
    ]:
        fields = _kept(entry, [lines[origin] for origin in origins])
        for origin, photons in zip(origins, fields, strict=True):
            out.append(Field(f"{origin}, {place}", origin, "Bq/kg", photons))
    return tuple(out)


@cache
def _close_by(library: NuclideLibrary) -> tuple[Field, ...]:
    """Photons of what stands at the detector, with no matter between that scatters them.

    Housing, glass, cryostat and electronics hold natural activity, and so does the inside of a
    shield (Povinec 2018, J. Environ. Radioact., doi:10.1016/j.jenvrad.2018.04.020).
    """
    none = np.zeros(PHOTON_CENTRES_KEV.size)
    return tuple(
        Field(f"{origin}, close by", origin, "1/cm2/s", Photons(energies, intensities, none))
        for origin, (energies, intensities) in _origin_lines(library).items()
    )


@cache
def _own_digest() -> str:
    path = resources.files("tocsin.detectors.background") / "plane_field.py"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kept(entry: dict[str, Any], sources: list[tuple[FloatArray, FloatArray]]) -> list[Photons]:
    """Fields of one geometry, from the cache where it has them: they take seconds."""
    # the file states decays per gram, the amounts are Bq/kg
    layers = [Layer(str(m), float(x), float(a) / 1000) for m, x, a in entry["layers"]]
    geometry = f"{layers!r} {int(entry['above'])}"
    digest = hashlib.sha256(f"{response_digest()} {_own_digest()} {geometry}".encode())
    for energies, intensities in sources:
        digest.update(energies.tobytes() + intensities.tobytes())
    name = hashlib.sha256(f"{geometry} {len(sources)}".encode()).hexdigest()[:12]

    def build() -> Arrays:
        found = plane_fields(layers, int(entry["above"]), sources)
        out = {}
        for k, photons in enumerate(found):
            out[f"energies-{k}"] = photons.energies_keV
            out[f"intensities-{k}"] = photons.intensities
            out[f"continuum-{k}"] = photons.continuum
        return out

    arrays = cached_arrays(f"field-{name}", digest.hexdigest(), build)
    return [
        Photons(arrays[f"energies-{k}"], arrays[f"intensities-{k}"], arrays[f"continuum-{k}"])
        for k in range(len(sources))
    ]


@cache
def _cosmic_table() -> FloatArray:
    path = resources.files("tocsin.detectors") / "data" / "cosmic_photons.csv"
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    return np.array(rows, dtype=np.float64)


def cosmic_field(altitude_m: float = 0.0) -> Field:
    """Photons of cosmic radiation near the ground.

    ``log(flux)`` straight in the depth of the atmosphere ``X = X0 exp(-h / H)``: between the two
    depths of the table, which are those of the sea and of 3270 m, and carried on with the same
    slope below the sea and from 3270 to 4000 m. Straight in the logarithms of the energy between
    the rows of the table.

    Parameters
    ----------
    altitude_m : float
        Above the sea, -500 to 4000 m.

    Returns
    -------
    Field
        Amount 1: the flux of the table, which is that of solar minimum at 12 GV.

    Raises
    ------
    OutOfDomain
        For another altitude.

    References
    ----------
    Sato (2015), PLOS ONE 10(12) e0144679, doi:10.1371/journal.pone.0144679; Sato (2016), PLOS ONE
    11(8) e0160390, doi:10.1371/journal.pone.0160390.
    """
    if not -500.0 <= altitude_m <= HIGHEST_ALTITUDE_M:
        raise OutOfDomain(
            f"altitude {altitude_m!r} m lies outside -500 to {HIGHEST_ALTITUDE_M:g} m, "
            "where the table of cosmic photons holds"
        )
    depths = background_data()["cosmic_depth_g_cm2"]
    sea, above = depths["sea_level"], depths["second"]
    depth = sea * np.exp(-altitude_m / depths["scale_height_m"])
    table = _cosmic_table()
    low, high = np.log(table[:, 1]), np.log(table[:, 2])
    flux = low + (high - low) * (sea - depth) / (sea - above)
    at = int(np.argmin(np.abs(table[:, 0] - _LINE_ROW_KEV)))
    smooth = np.delete(np.arange(table.shape[0]), at)
    e = np.log(table[:, 0])
    between = np.exp(np.interp(e[at], e[smooth], flux[smooth]))
    half = 10 ** (0.5 / _ROWS_PER_DECADE)
    line = (np.exp(flux[at]) - between) * table[at, 0] * (half - 1 / half)
    per_keV = np.exp(np.interp(np.log(PHOTON_CENTRES_KEV), e[smooth], flux[smooth]))
    photons = Photons(
        np.array([ELECTRON_MASS_KEV]), np.array([line]), per_keV * np.diff(PHOTON_EDGES_KEV)
    )
    return Field("cosmic photons", "cosmic", "of the table", photons)
