"""Where the escape peaks of a line stand: annihilation photons and the crystal's own K X-rays."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.detectors.attenuation import fluorescence, material
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class EscapePosition:
    """One escape peak of a full-energy peak.

    Attributes
    ----------
    kind : str
        ``single escape``, ``double escape`` or ``x-ray escape``.
    lost : str
        What leaves the crystal: ``one annihilation photon``, ``I K-alpha`` and so on.
    energy_keV : float
        Where the peak stands.
    lost_keV : float
        What it lies below its parent.
    """

    kind: str
    lost: str
    energy_keV: float
    lost_keV: float


def escape_positions(energy_keV: float, crystal: str) -> tuple[EscapePosition, ...]:
    """Escape peaks that a photon line can have in a crystal, from the highest down.

    Parameters
    ----------
    energy_keV : float
        Energy of the line, above zero.
    crystal : str
        A material of the detector models: ``Ge``, ``NaI``, ``CsI``, ``CZT``, ``LaBr3``, ``CeBr3``.

    Returns
    -------
    tuple of EscapePosition
        Annihilation photons above twice the rest energy of the electron; K-alpha and K-beta of
        each element of the crystal whose K edge lies below the line. How large a peak is depends
        on the crystal's size and is not said here. K X-rays of elements lighter than germanium
        (Na, Zn) are below 10 keV, hardly leave a crystal, and are not tabulated.

    Raises
    ------
    InvalidInput
        For an energy that is not above zero.
    NotFound
        For a material that is not known.

    Examples
    --------
    >>> [round(p.energy_keV, 1) for p in escape_positions(2614.511, "Ge")[-2:]]
    [2103.5, 1592.5]
    """
    if not energy_keV > 0.0:
        raise InvalidInput(f"a line has an energy above zero, not {energy_keV!r} keV")
    found = []
    table = fluorescence()
    for element in material(crystal).mass_fractions:
        if element in table and table[element].edge_keV < energy_keV:
            for line, lost_keV in (
                ("alpha", table[element].alpha_keV),
                ("beta", table[element].beta_keV),
            ):
                lost = f"{element} K-{line}"
                found.append(EscapePosition("x-ray escape", lost, energy_keV - lost_keV, lost_keV))
    if energy_keV > 2.0 * ELECTRON_MASS_KEV:
        for kind, lost, n in (
            ("single escape", "one annihilation photon", 1),
            ("double escape", "two annihilation photons", 2),
        ):
            lost_keV = n * ELECTRON_MASS_KEV
            found.append(EscapePosition(kind, lost, energy_keV - lost_keV, lost_keV))
    return tuple(sorted(found, key=lambda p: -p.energy_keV))
