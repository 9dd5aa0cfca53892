"""Lines of the nuclide library that a reader looks for in a spectrum, with their origin."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.detection.analysis import Encounter
from tocsin.nuclear import NuclideLibrary, load_library

# Strongest lines of a nuclide that are worth a label, and the part of the strongest below which a
# line cannot be seen beside it.
MOST_LINES = 5
LEAST_PART = 0.05
# Below, X-rays and the noise of the electronics; few instruments of the field show a line there.
LEAST_ENERGY_keV = 40.0

# What rises where the ground or a wall is richer in natural nuclides: the line of each series that
# stands most clearly over the others (energies come from the library).
NATURAL = (("K-40", 1460.8), ("Ra-226", 609.3), ("Ra-226", 1764.5), ("Th-232", 2614.5))


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """Line of the library: nuclide of the chain, who emits it, energy, photons per decay."""

    nuclide: str
    emitter: str
    energy_keV: float
    intensity: float


def reference_lines(
    encounter: Encounter, *, library: NuclideLibrary | None = None
) -> tuple[ReferenceLine, ...]:
    """Lines to mark for an encounter whose answer names none of its own.

    Parameters
    ----------
    encounter : Encounter
        Its nuclides with confirmed lines are passed over: those lines say where they were found.
        Natural material without a name gets the lines that tell the natural series apart.
    library : NuclideLibrary, optional
        The library that Tocsin carries is the default.

    Returns
    -------
    tuple of ReferenceLine
        At most ``MOST_LINES`` for each nuclide, strongest first; nothing for names that the
        library does not hold.
    """
    library = library or load_library()
    found: list[ReferenceLine] = []
    for nuclide in encounter.nuclides:
        if not nuclide.lines and nuclide.name in library:
            found += _strongest(nuclide.name, library)
    if not encounter.nuclides and encounter.source_class == "norm":
        for name, near_keV in NATURAL:
            lines = library.lines(name)
            line = min(lines, key=lambda x: (abs(x.energy_keV - near_keV), -x.intensity))
            found.append(ReferenceLine(name, line.emitter, line.energy_keV, line.intensity))
    return tuple(found)


def _strongest(name: str, library: NuclideLibrary) -> list[ReferenceLine]:
    lines = [line for line in library.lines(name) if line.energy_keV >= LEAST_ENERGY_keV]
    lines.sort(key=lambda line: (-line.intensity, line.energy_keV))
    return [
        ReferenceLine(name, line.emitter, line.energy_keV, line.intensity)
        for line in lines[:MOST_LINES]
        if line.intensity >= LEAST_PART * lines[0].intensity
    ]
