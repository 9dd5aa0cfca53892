"""Kinds and units of amounts: atoms, mass and activity, and the way between them."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from tocsin.errors import InvalidInput
from tocsin.forensics.chronometry_data import AVOGADRO_per_mol, atomic_mass_u
from tocsin.forensics.halflives import SECONDS_PER_YEAR
from tocsin.nuclear.units import CURIE_Bq

KINDS = ("atom", "mass", "activity")

_PREFIXES = {
    **{"a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6},
    **{"m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15},
}
_BASES = {"mol": "atom", "g": "mass", "Bq": "activity", "Ci": "activity"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of an amount, perhaps per something of the sample.

    Attributes
    ----------
    text : str
        As written, for example ``nmol/g``.
    kind : str
        ``atom``, ``mass`` or ``activity``.
    factor : float
        Size in mol, g or Bq.
    per : str
        What stands after the stroke; empty for none.
    per_factor : float
        Size of that in its base unit.
    """

    text: str
    kind: str
    factor: float
    per: str
    per_factor: float

    def atoms(self, nuclide: str, *, constant_per_y: float | None) -> float:
        """Atoms of a nuclide in one unit of it.

        Parameters
        ----------
        nuclide : str
            Canonical name.
        constant_per_y : float or None
            Its decay constant; None for a stable nuclide.

        Raises
        ------
        InvalidInput
            For the activity of a stable nuclide.
        """
        if self.kind == "atom":
            return self.factor / self.per_factor * AVOGADRO_per_mol
        if self.kind == "mass":
            return self.factor / self.per_factor / atomic_mass_u(nuclide) * AVOGADRO_per_mol
        if constant_per_y is None:
            raise InvalidInput(f"{nuclide} is stable and has no activity: state atoms or mass")
        return self.factor / self.per_factor / (constant_per_y / SECONDS_PER_YEAR)


def _one(text: str) -> tuple[str, float] | None:
    """Base unit and size of ``kBq``, ``nmol``, ``g`` ..."""
    if text in ("atoms", "atom"):
        return "mol", 1.0 / AVOGADRO_per_mol
    for base in sorted(_BASES, key=len, reverse=True):
        prefix = text[: -len(base)]
        if text.endswith(base) and prefix in _PREFIXES:
            size = _PREFIXES[prefix]
            return ("Bq", size * CURIE_Bq) if base == "Ci" else (base, size)
    return None


def parse_unit(text: str) -> Unit:
    """Read a unit such as ``nmol/g``, ``Bq/kg``, ``pg``, ``atoms`` or ``TBq``.

    Parameters
    ----------
    text : str
        Prefix and mol, atoms, g, Bq or Ci; perhaps per g, mol or Bq with a prefix, or per
        ``sample``.

    Returns
    -------
    Unit

    Raises
    ------
    InvalidInput
        If the text is no such unit.
    """
    amount, stroke, per = text.strip().partition("/")
    found = _one(amount.strip())
    below: tuple[str, float] | None = ("", 1.0)
    if stroke:
        below = ("sample", 1.0) if per.strip() == "sample" else _one(per.strip())
    if found is None or below is None:
        known = ["nmol/g", "mol", "atoms", "g", "pg/g", "Bq", "kBq/g", "Bq/kg", "TBq", "mCi"]
        near = difflib.get_close_matches(text, known, n=2) or known[:4]
        raise InvalidInput(f"unit {text[:20]!r} is not known; write it like {', '.join(near)}")
    base, size = found
    return Unit(text, _BASES[base], size, below[0], below[1])


def convert_amount(
    value: float, unit: str, to: str, *, nuclide: str, half_life_y: float | None
) -> float:
    """An amount of a nuclide in another unit, for example ``kBq/g`` into ``nmol/g``.

    Parameters
    ----------
    value : float
        Amount.
    unit, to : str
        Units as ``parse_unit`` reads them, per the same thing.
    nuclide : str
        Canonical name.
    half_life_y : float or None
        Half-life in years of 365.2422 days; None for a stable nuclide.

    Returns
    -------
    float
        In the unit ``to``.

    Raises
    ------
    InvalidInput
        For an unknown unit, or units that are per different things.

    Examples
    --------
    >>> round(convert_amount(348, "kBq/g", "nmol/g", nuclide="Cs-137", half_life_y=30.05), 4)
    0.7906
    """
    source, target = parse_unit(unit), parse_unit(to)
    if source.per != target.per:
        raise InvalidInput(f"{unit} and {to} are per different things")
    constant = None if half_life_y is None else math.log(2.0) / half_life_y
    atoms = [u.atoms(nuclide, constant_per_y=constant) for u in (source, target)]
    return value * atoms[0] / atoms[1]
