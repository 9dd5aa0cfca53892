"""Share of the energy of electrons that becomes bremsstrahlung where they are stopped."""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.errors import NotFound, OutOfDomain

FloatArray = NDArray[np.float64]

YIELDS = "radiation_yields.csv"
"""The table in ``data``."""


@cache
def _tables() -> dict[str, tuple[FloatArray, FloatArray]]:
    """Kinetic energies in keV and yields by element."""
    rows: dict[str, list[tuple[float, float]]] = {}
    path = resources.files("tocsin.detectors") / "data" / YIELDS
    with path.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            pair = (float(row["kinetic_keV"]), float(row["radiated"]))
            rows.setdefault(row["element"], []).append(pair)
    return {
        name: (np.array([t for t, _ in pairs]), np.array([y for _, y in pairs]))
        for name, pairs in rows.items()
    }


@cache
def table_sha256() -> str:
    """sha256 of the table that is read."""
    path = resources.files("tocsin.detectors") / "data" / YIELDS
    return hashlib.sha256(path.read_bytes()).hexdigest()


def radiation_yield(element: str, kinetic_keV: ArrayLike) -> FloatArray:
    """Radiated share of the energy of an electron that is stopped in an element.

    Parameters
    ----------
    element : str
        Symbol of an element of the table.
    kinetic_keV : array_like
        Kinetic energies within the table, 10 keV to 15 MeV.

    Returns
    -------
    float array of the same shape
        In the continuous slowing down, all electrons stopped inside and no photon absorbed; those
        of the table straight in the logarithms between.

    Raises
    ------
    NotFound
        When the table does not hold the element; the message lists what it holds.
    OutOfDomain
        When an energy lies outside the table.

    References
    ----------
    M. J. Berger, J. S. Coursey, M. A. Zucker and J. Chang, ESTAR, NIST Standard Reference Database
    124, doi:10.18434/T4NC7P.
    """
    tables = _tables()
    if element not in tables:
        known = ", ".join(sorted(tables))
        raise NotFound(f"no radiation yields of electrons in {element!r}; known are {known}")
    at, radiated = tables[element]
    kinetic = np.asarray(kinetic_keV, dtype=np.float64)
    if np.any((kinetic < at[0]) | (kinetic > at[-1])):
        raise OutOfDomain(f"radiation yields are known from {at[0]:g} to {at[-1]:g} keV")
    return np.exp(np.interp(np.log(kinetic), np.log(at), np.log(radiated)))
