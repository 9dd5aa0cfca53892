"""Gamma lines that show neutrons: capture, scatter, activation in source, shield, detector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tocsin.errors import InvalidInput
from tocsin.nuclear.companions import companion_rows


@dataclass(frozen=True, slots=True)
class NeutronLine:
    """One gamma line that neutrons (or the alphas of a neutron source) excite.

    Attributes
    ----------
    energy_keV : float
        Photon energy.
    energy_uncertainty_keV : float or None
        Standard uncertainty.
    nuclide : str
        The nucleus that captures or scatters; for activation the radionuclide that is made, for
        other reactions of ``scatter`` the nucleus that is left and emits.
    reaction : str
        ``Fe-56(n,g)`` and so on; several are divided by commas.
    kind : str
        ``capture`` (prompt, thermal neutrons), ``scatter`` (prompt, fast neutrons or alphas),
        ``activation`` (afterwards too).
    strength : float or None
        Barn per atom of the natural element for capture, photons per decay for activation, None
        for scatter.
    strength_unit : str
        Unit of ``strength``, in words; empty for scatter.
    place : str
        Where that nucleus stands around sources and detectors; our own assignment.
    source : str
        Source key of the energy: ``egaf``, ``ensdf`` or ``ukdd-12``.
    origin : str
        Data set from which it was read.
    verification : str
        ``read``, or what of the row is not verified.
    """

    energy_keV: float
    energy_uncertainty_keV: float | None
    nuclide: str
    reaction: str
    kind: str
    strength: float | None
    strength_unit: str
    place: str
    source: str
    origin: str
    verification: str


@cache
def _table() -> tuple[NeutronLine, ...]:
    """All lines by energy."""
    return tuple(
        NeutronLine(
            energy_keV=float(row["energy_keV"]),
            energy_uncertainty_keV=_number(row["energy_uncertainty_keV"]),
            nuclide=row["target"],
            reaction=row["reaction"],
            kind=row["kind"],
            strength=_number(row["strength"]),
            strength_unit=row["strength_unit"],
            place=row["place"],
            source=row["source"],
            origin=row["origin"],
            verification=row["verification"],
        )
        for row in companion_rows("neutron_lines.csv")
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def neutron_lines(
    *, low_keV: float = 0.0, high_keV: float = 20_000.0, element: str | None = None
) -> tuple[NeutronLine, ...]:
    """Lines of neutron-induced reactions between two energies, by energy.

    Parameters
    ----------
    low_keV, high_keV : float
        Limits, both included.
    element : str, optional
        Symbol of an element, in any case: only lines of nuclides of it.

    Returns
    -------
    tuple of NeutronLine
        For thermal capture at most eight lines of each element, down to a tenth of its strongest.

    Raises
    ------
    InvalidInput
        If the limits are not in order or the element has no line in the table.

    Examples
    --------
    >>> [line.reaction for line in neutron_lines(low_keV=2223.0, high_keV=2224.0)]
    ['H-1(n,g)']
    """
    if not 0.0 <= low_keV <= high_keV:
        raise InvalidInput(f"energies must rise from zero or more: {low_keV!r} to {high_keV!r} keV")
    table = _table()
    if element is not None:
        symbol = element.strip().capitalize()
        table = tuple(line for line in table if line.nuclide.split("-")[0] == symbol)
        if not table:
            known = ", ".join(sorted({line.nuclide.split("-")[0] for line in _table()}))
            raise InvalidInput(
                f"the table of neutron-induced lines has no element {element!r}; it has {known}"
            )
    return tuple(line for line in table if low_keV <= line.energy_keV <= high_keV)
