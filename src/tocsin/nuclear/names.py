"""Names of nuclides: every customary spelling to one canonical form, ``Tc-99m``."""

from __future__ import annotations

import re

from tocsin.errors import InvalidInput

SYMBOLS: tuple[str, ...] = tuple(
    (
        "n H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge "
        "As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm "
        "Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U "
        "Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
    ).split()
)
"""Chemical symbols; the index is the atomic number (0 is the neutron, not a nuclide here)."""

_Z_OF = {symbol.lower(): z for z, symbol in enumerate(SYMBOLS) if z > 0}
_NAMES_OF_ELEMENTS = {
    "hydrogen": "H",
    "tritium": "H",
    "carbon": "C",
    "sodium": "Na",
    "potassium": "K",
    "chromium": "Cr",
    "cobalt": "Co",
    "gallium": "Ga",
    "selenium": "Se",
    "krypton": "Kr",
    "strontium": "Sr",
    "technetium": "Tc",
    "indium": "In",
    "iodine": "I",
    "xenon": "Xe",
    "caesium": "Cs",
    "cesium": "Cs",
    "barium": "Ba",
    "europium": "Eu",
    "lutetium": "Lu",
    "iridium": "Ir",
    "thallium": "Tl",
    "bismuth": "Bi",
    "polonium": "Po",
    "radon": "Rn",
    "radium": "Ra",
    "actinium": "Ac",
    "thorium": "Th",
    "uranium": "U",
    "neptunium": "Np",
    "plutonium": "Pu",
    "americium": "Am",
    "curium": "Cm",
    "californium": "Cf",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ᵐ", "0123456789m")
_LONGEST = 32

_SYMBOL_FIRST = re.compile(r"([A-Za-z]{1,13})[\s_\-]*(\d{1,3})[\s_\-]*([mMnN]?)([12]?)", re.ASCII)
_MASS_FIRST = re.compile(r"(\d{1,3})([mMnN]?)([12]?)[\s_\-]*([A-Za-z]{1,13})", re.ASCII)


def _isomer(letter: str, ordinal: str) -> str:
    """``m`` and ``m1`` name the first isomer, ``n`` and ``m2`` the second."""
    if not letter:
        return ""
    if ordinal == "2":
        return "n"
    return letter.lower()


def _element(word: str) -> str | None:
    """Canonical symbol of a symbol in any case or of a customary English element name."""
    lowered = word.lower()
    if lowered in _Z_OF:
        return SYMBOLS[_Z_OF[lowered]]
    return _NAMES_OF_ELEMENTS.get(lowered)


def _mass_is_possible(z: int, a: int) -> bool:
    """Mass numbers that no known nuclide of this element has are spelling mistakes."""
    return z <= a <= 3 * z + 4


def parse_nuclide(text: str) -> str:
    """Bring a customary spelling of a nuclide into canonical form.

    Accepted are symbol or English name before or after the mass number, in any case, with or
    without a hyphen, blank or underscore, isomers by ``m``, ``n``, ``m1``, ``m2``:
    ``cs137``, ``137Cs``, ``CS 137``, ``Tc99m``, ``99mTc``, ``Cesium-137``, ``¹³⁷Cs``.

    Parameters
    ----------
    text : str
        What the user or a file wrote.

    Returns
    -------
    str
        Canonical name, for example ``"Cs-137"`` or ``"Tc-99m"``. The nuclide need not be in the
        library.

    Raises
    ------
    InvalidInput
        If the text names no nuclide.

    Examples
    --------
    >>> parse_nuclide("99mtc")
    'Tc-99m'
    """
    if not isinstance(text, str):
        raise InvalidInput(f"a nuclide name must be text, not {type(text).__name__}")
    cleaned = text.translate(_SUPERSCRIPTS).strip()
    if len(cleaned) <= _LONGEST:
        for symbol, mass, isomer in _readings(cleaned):
            element = _element(symbol)
            if element is not None and _mass_is_possible(_Z_OF[element.lower()], int(mass)):
                return f"{element}-{int(mass)}{isomer}"
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    raise InvalidInput(
        f"{shown!r} names no nuclide; write it like 'Cs-137', 'cs137', '137Cs' or 'Tc-99m'"
    )


def _readings(text: str) -> list[tuple[str, str, str]]:
    """All ways to read the text as (symbol, mass number, isomer)."""
    found = []
    match = _SYMBOL_FIRST.fullmatch(text)
    if match:
        symbol, mass, letter, ordinal = match.groups()
        if letter or not ordinal:
            found.append((symbol, mass, _isomer(letter, ordinal)))
    match = _MASS_FIRST.fullmatch(text)
    if match:
        mass, letter, ordinal, symbol = match.groups()
        if letter and not ordinal:
            # the letter may begin the symbol: 24Na is sodium, 137mBa is an isomer of barium
            found.append((letter + symbol, mass, ""))
        if letter or not ordinal:
            found.append((symbol, mass, _isomer(letter, ordinal)))
    return found


def split_nuclide(name: str) -> tuple[int, int, str]:
    """Split a canonical name into atomic number, mass number and isomer letter.

    Parameters
    ----------
    name : str
        Canonical name such as ``"Pa-234m"``.

    Returns
    -------
    tuple of int, int, str
        ``(91, 234, "m")``; the last is empty for ground states.

    Raises
    ------
    InvalidInput
        If the name is not canonical.
    """
    found = re.fullmatch(r"([A-Z][a-z]?)-(\d{1,3})([mn]?)", name, re.ASCII)
    if found is None or found[1].lower() not in _Z_OF:
        raise InvalidInput(f"{name!r} is not a canonical nuclide name such as 'Cs-137'")
    return _Z_OF[found[1].lower()], int(found[2]), found[3]
