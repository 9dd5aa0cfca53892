"""All lines of the nuclide library in one order, and what else of a nuclide ought to be seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]

LEAST_INTENSITY = 1e-5
"""Photons per decay of the emitter below which a line is not listed."""

EARTH_AGE_S = 1e17
"""Some 3 billion years: longer than any progeny of U-238 and Th-232 needs to grow in."""


@dataclass(frozen=True, slots=True, eq=False)
class LineBook:
    """Lines by energy, each with its emitter.

    Attributes
    ----------
    energies_keV, uncertainties_keV, intensities : (n,) float
        Rising energies; uncertainty 0 where the library has none; photons per decay of the emitter.
    emitters : tuple of str
        Nuclide that sends out each line.
    kinds : tuple of str
        ``gamma``, ``x-ray`` or ``annihilation``.
    by_emitter : dict of str to (n,) int
        Indices of a nuclide's lines, strongest first.
    natural : frozenset of str
        K-40 and what stands in equilibrium with U-238 or Th-232 by more than a hundredth: it is in
        nearly every spectrum.
    customary : frozenset of str
        Nuclides that are met in use or in nature, by the class table of the library.
    labels : dict of str to str
        Isomers that are met as the progeny of another nuclide, with its name: ``Ba-137m (Cs-137)``.
    """

    energies_keV: FloatArray
    uncertainties_keV: FloatArray
    intensities: FloatArray
    emitters: tuple[str, ...]
    kinds: tuple[str, ...]
    by_emitter: dict[str, NDArray[np.intp]]
    natural: frozenset[str]
    customary: frozenset[str]
    labels: dict[str, str]

    def near(self, low_keV: float, high_keV: float) -> range:
        """Indices of the lines between two energies."""
        first, last = np.searchsorted(self.energies_keV, [low_keV, high_keV])
        return range(int(first), int(last))


@lru_cache(maxsize=4)
def line_book(library: NuclideLibrary) -> LineBook:
    """Lines of all nuclides of a library, each at its emitter."""
    rows = [
        (line.energy_keV, line.energy_uncertainty_keV or 0.0, line.intensity, name, line.kind)
        for name in library
        for line in library[name].lines
        if line.intensity >= LEAST_INTENSITY
    ]
    rows.sort()
    intensities = np.array([r[2] for r in rows])
    emitters = tuple(r[3] for r in rows)
    places: dict[str, list[int]] = {}
    for i, name in enumerate(emitters):
        places.setdefault(name, []).append(i)
    return LineBook(
        energies_keV=np.array([r[0] for r in rows]),
        uncertainties_keV=np.array([r[1] for r in rows]),
        intensities=intensities,
        emitters=emitters,
        kinds=tuple(r[4] for r in rows),
        by_emitter={
            name: np.array(sorted(at, key=lambda i: -intensities[i])) for name, at in places.items()
        },
        natural=_natural(library),
        customary=frozenset(name for name in library if library[name].customary),
        labels=_labels(library),
    )


def _natural(library: NuclideLibrary) -> frozenset[str]:
    """What soil and building stone hold everywhere."""
    chains = [
        name
        for parent in ("U-238", "Th-232")
        for name, ratio in library.activity_ratios(parent, age_s=EARTH_AGE_S).items()
        if ratio > 0.01
    ]
    return frozenset(["K-40", *chains])


def _labels(library: NuclideLibrary) -> dict[str, str]:
    """Isomers with the longer-lived nuclide that feeds them."""
    labels: dict[str, str] = {}
    for parent in library:
        nuclide = library[parent]
        for mode in nuclide.decay_modes:
            fed = mode.daughter
            if fed is None or fed not in library or not nuclide.customary:
                continue
            daughter = library[fed]
            if daughter.isomer and daughter.half_life_s < nuclide.half_life_s:
                labels.setdefault(fed, f"{fed} ({parent})")
    return labels
