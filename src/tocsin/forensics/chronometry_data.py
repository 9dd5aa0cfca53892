"""Data files of dating, each checked against the sha256 in its manifest when it is read."""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
from importlib import resources

from tocsin.errors import NotFound, ParseError
from tocsin.nuclear.names import SYMBOLS, split_nuclide

AVOGADRO_per_mol = 6.02214076e23
"""Exact by definition of the mole (SI brochure, 9th edition, 2019)."""


@functools.lru_cache(maxsize=8)
def chronometry_file(name: str) -> str:
    """Text of a data file.

    Raises
    ------
    ParseError
        If the file does not match its manifest.
    """
    folder = resources.files("tocsin.forensics") / "data" / "chronometry"
    content = (folder / name).read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if hashlib.sha256(content).hexdigest() != manifest["files"].get(name):
        raise ParseError(
            "the data file does not match its manifest; reinstall Tocsin",
            code="checksum",
            file=name,
        )
    return content.decode("utf-8")


@functools.lru_cache(maxsize=1)
def _masses() -> dict[str, float]:
    rows = csv.DictReader(io.StringIO(chronometry_file("atomic_masses.csv")))
    return {row["nuclide"]: float(row["mass_u"]) for row in rows}


def atomic_mass_u(nuclide: str) -> float:
    """Atomic mass in u (numerically the molar mass in g/mol) of a nuclide, by canonical name.

    Isomers have the mass of their ground state. Source: AME2020.

    Raises
    ------
    NotFound
        If the nuclide is neither in the nuclide library nor a daughter of one that is.
    """
    z, a, _ = split_nuclide(nuclide)
    found = _masses().get(f"{SYMBOLS[z]}-{a}")
    if found is None:
        raise NotFound(f"no atomic mass of {nuclide} is known")
    return found
