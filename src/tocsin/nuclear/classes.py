"""Classes of nuclides and of what was found: snm, unknown, industrial, medical, norm.

A nuclide may have several classes; the first of its entry in the library is the primary one. What a
set of nuclides found together means depends on their company: uranium with radium's progeny is ore
or soil, uranium without it has been refined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tocsin.errors import InvalidInput
from tocsin.nuclear.library import NuclideLibrary, load_library

SourceClass: TypeAlias = Literal["snm", "unknown", "industrial", "medical", "norm"]
GRAVITY: tuple[SourceClass, ...] = ("snm", "unknown", "industrial", "medical", "norm")
"""Classes of an encounter, the gravest first. ``unknown`` is not a class of a nuclide."""

RADIUM_PROGENY = frozenset({"Pb-214", "Bi-214"})
"""Strong gamma emitters that show Ra-226 in equilibrium with its short-lived progeny."""

URANIUM_238 = frozenset({"U-238", "Th-234", "Pa-234m", "Pa-234"})
"""U-238 and the progeny that regrow within months of refining."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What nuclides found together are.

    Attributes
    ----------
    gravest : str
        Gravest class of all, one of ``GRAVITY``.
    by_nuclide : dict of str to str
        Class of each nuclide in this company, by canonical name.
    nuclear_material : bool
        Whether special nuclear material or refined (natural, depleted, enriched) uranium is among
        them.
    """

    gravest: str
    by_nuclide: dict[str, str]
    nuclear_material: bool


def gravest(classes: Iterable[str]) -> str:
    """Gravest of some classes: snm > unknown > industrial > medical > norm.

    Parameters
    ----------
    classes : iterable of str
        At least one of ``GRAVITY``.

    Returns
    -------
    str
        The gravest.

    Raises
    ------
    InvalidInput
        If there is none, or one that is not a class.
    """
    given = set(classes)
    strange = given - set(GRAVITY)
    if strange:
        raise InvalidInput(f"{sorted(strange)} are no classes; the classes are {list(GRAVITY)}")
    if not given:
        raise InvalidInput("the gravest of no classes is asked for")
    return min(given, key=GRAVITY.index)


def is_alarm(source_class: str, *, neutron: bool) -> bool:
    """Whether an encounter is one for people to act on.

    Natural material without neutrons is reported and is no alarm.
    """
    return source_class != "norm" or neutron


def nuclide_classes(name: str, *, library: NuclideLibrary | None = None) -> tuple[str, ...]:
    """All classes of a nuclide, the primary one first.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    library : NuclideLibrary, optional
        The shipped library by default.

    Returns
    -------
    tuple of str
        Empty for nuclides that are in the library only as progeny.

    Raises
    ------
    InvalidInput, NotFound
        If the name is none, or not in the library.
    """
    return ((library or load_library())[name]).classes


def primary_class(name: str, *, library: NuclideLibrary | None = None) -> str:
    """The class that is reported for a nuclide found alone.

    It is the class of its commonest occurrence outside facilities: Ir-192 is industrial although
    brachytherapy uses it, I-131 is medical. ``unknown`` for nuclides without a class of their own.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    library : NuclideLibrary, optional
        The shipped library by default.

    Returns
    -------
    str
        One of ``GRAVITY``.

    Raises
    ------
    InvalidInput, NotFound
        If the name is none, or not in the library.
    """
    classes = nuclide_classes(name, library=library)
    return classes[0] if classes else "unknown"


def classify(
    names: Iterable[str], *, unknown: bool = False, library: NuclideLibrary | None = None
) -> Classification:
    """Classify nuclides that were found together.

    Rules: U-238 or its near progeny with Bi-214, Pb-214 or Ra-226 is norm, without them it is
    refined uranium: industrial, and nuclear material. Ra-226 with Bi-214 or Pb-214 is norm,
    isolated Ra-226 is industrial. Every other nuclide has its primary class.

    Parameters
    ----------
    names : iterable of str
        Nuclides whose own radiation was found, progeny named separately: pass Bi-214 if its lines
        were seen, do not pass it only because Ra-226 has it as progeny.
    unknown : bool
        Whether radiation was found beside them that no nuclide explains.
    library : NuclideLibrary, optional
        The shipped library by default.

    Returns
    -------
    Classification
        Class of each, the gravest, and whether nuclear material is among them.

    Raises
    ------
    InvalidInput, NotFound
        For names that are none or not in the library; if nothing at all was found.
    """
    chosen = library if library is not None else load_library()
    found = {chosen[name].name for name in names}
    if not found and not unknown:
        raise InvalidInput("nothing was found, so there is nothing to classify")
    radium_seen = bool(found & RADIUM_PROGENY)
    ore = radium_seen or "Ra-226" in found
    by_nuclide: dict[str, str] = {}
    nuclear_material = False
    for name in sorted(found):
        if name in URANIUM_238:
            by_nuclide[name] = "norm" if ore else "industrial"
            nuclear_material |= not ore
        elif name == "Ra-226":
            by_nuclide[name] = "norm" if radium_seen else "industrial"
        else:
            by_nuclide[name] = primary_class(name, library=chosen)
            nuclide = chosen[name]
            nuclear_material |= nuclide.nuclear_material and by_nuclide[name] != "norm"
    worst = gravest([*by_nuclide.values(), *(["unknown"] if unknown else [])])
    return Classification(worst, by_nuclide, nuclear_material)
