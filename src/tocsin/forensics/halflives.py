"""Half-lives for dating in named sets, each value with uncertainty, source and verification.

An age is only as good as the half-lives under it, and laboratories use different ones. A set is
chosen by name, its name stands in every result, and a result shows what another set would change.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tocsin.errors import InvalidInput, NotFound
from tocsin.forensics.chronometry_data import chronometry_file
from tocsin.nuclear import Evaluation, NuclideLibrary, load_library

DAYS_PER_YEAR = 365.2422
"""Days of a year, everywhere in this room: the tropical year, as in the nuclide library."""

SECONDS_PER_YEAR = DAYS_PER_YEAR * 86400.0

LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class HalfLife:
    """A half-life and what is known of the number.

    Attributes
    ----------
    nuclide : str
        Canonical name.
    value_y : float
        Half-life in years of 365.2422 days.
    standard_uncertainty_y : float or None
        One standard uncertainty; None where no source gives one.
    source : str
        Where the value is from, in words.
    verification : str
        ``read`` (at the source), ``library`` (carried by script from the evaluation in the nuclide
        library), ``stated`` (by the case) or ``unverified``.
    note : str
        What else should be known of the value.
    """

    nuclide: str
    value_y: float
    standard_uncertainty_y: float | None
    source: str
    verification: str
    note: str = ""

    @property
    def constant_per_y(self) -> float:
        """Decay constant in 1/y."""
        return math.log(2.0) / self.value_y


@dataclass(frozen=True, slots=True)
class HalfLifeSet:
    """A named set of half-lives.

    Attributes
    ----------
    name : str
        Name by which a case chooses it.
    title : str
        What it is.
    edition : str
        Edition of the data file.
    """

    name: str
    title: str
    edition: str
    _values: Mapping[str, HalfLife]
    _library_source: str | None
    _library: NuclideLibrary

    def __getitem__(self, nuclide: str) -> HalfLife:
        """Half-life of a nuclide of the library, by canonical name.

        Raises
        ------
        NotFound
            If the nuclide is not in the library (it may be stable).
        """
        found = self._values.get(nuclide)
        if found is None:
            return _of_library(self._library, nuclide, self._library_source)
        if found.standard_uncertainty_y is None:
            return _with_borrowed_uncertainty(found, self._library)
        return found

    def names_own(self, nuclide: str) -> bool:
        """Whether the set itself gives this nuclide, not the library behind it."""
        return nuclide in self._values

    def overridden(self, values: Mapping[str, HalfLife]) -> HalfLifeSet:
        """The set with some values replaced by those of a case."""
        if not values:
            return self
        return replace(
            self, name=f"{self.name}, changed by the case", _values={**self._values, **values}
        )


def _with_borrowed_uncertainty(value: HalfLife, library: NuclideLibrary) -> HalfLife:
    """A value without uncertainty takes the relative one of the library's preferred evaluation."""
    other = library[value.nuclide].half_life
    if other.standard_uncertainty is None:
        return value
    note = f"uncertainty borrowed from {other.source}"
    return replace(
        value,
        standard_uncertainty_y=value.value_y * other.standard_uncertainty / other.value,
        note=f"{value.note}; {note}" if value.note else note,
    )


def _of_library(library: NuclideLibrary, nuclide: str, source: str | None) -> HalfLife:
    quantity = library[nuclide].half_life
    chosen: Evaluation = next(
        (e for e in quantity.evaluations if e.source == source), quantity.evaluations[0]
    )
    sigma = chosen.standard_uncertainty
    value = HalfLife(
        nuclide=library[nuclide].name,
        value_y=chosen.value / SECONDS_PER_YEAR,
        standard_uncertainty_y=None if sigma is None else sigma / SECONDS_PER_YEAR,
        source=f"{chosen.source} in nuclide library {library.edition}",
        verification="library",
    )
    return value if sigma is not None else _with_borrowed_uncertainty(value, library)


def stated_half_life(
    nuclide: str, value_y: float, standard_uncertainty_y: float, *, source: str
) -> HalfLife:
    """A half-life that a case states, for ``HalfLifeSet.overridden``."""
    if not (math.isfinite(value_y) and value_y > 0.0):
        raise InvalidInput(f"half-life of {nuclide} must be positive, not {value_y!r} y")
    if not (math.isfinite(standard_uncertainty_y) and standard_uncertainty_y >= 0.0):
        raise InvalidInput(f"uncertainty of the half-life of {nuclide} must be zero or more")
    return HalfLife(nuclide, value_y, standard_uncertainty_y, source, "stated")


@functools.lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(chronometry_file("half_life_sets.json"))
    return document


def half_life_set_names() -> tuple[str, ...]:
    """Names of all sets, the default first."""
    document = _document()
    names = list(document["sets"])
    names.sort(key=lambda n: n != document["default"])
    return tuple(names)


@functools.lru_cache(maxsize=16)
def half_life_set(name: str | None = None) -> HalfLifeSet:
    """Half-life set by name.

    Parameters
    ----------
    name : str, optional
        One of ``half_life_set_names()``; the default set where it is left out.

    Returns
    -------
    HalfLifeSet
        Nuclides that the set does not name have the library's value.

    Raises
    ------
    NotFound
        For a name that is none.
    """
    document = _document()
    wanted = name if name is not None else document["default"]
    if wanted not in document["sets"]:
        raise NotFound(
            f"there is no half-life set {wanted!r}; known: {', '.join(half_life_set_names())}"
        )
    values: dict[str, HalfLife] = {}
    library_source: str | None = None
    link: str = wanted
    while link != LIBRARY:
        entry = document["sets"][link]
        for nuclide, row in entry["values"].items():
            value, sigma, source, verification, note = row
            text = document["sources"][source]
            made = HalfLife(nuclide, float(value), sigma, text, verification, note)
            values.setdefault(nuclide, made)
        library_source = library_source or entry.get("library_source")
        link = entry["otherwise"]
    return HalfLifeSet(
        wanted,
        document["sets"][wanted]["title"],
        document["edition"],
        values,
        library_source,
        load_library(),
    )
