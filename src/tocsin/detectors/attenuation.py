"""How matter takes photons out of a beam: mass coefficients of materials, from one data file."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.errors import NotFound, OutOfDomain

FloatArray = NDArray[np.float64]

LOW_KEV = 10.0
HIGH_KEV = 10_000.0
_DATA = resources.files("tocsin.detectors") / "data"
_TINY = 1e-30  # stands for zero under the logarithm (pair production below its threshold)


@dataclass(frozen=True, slots=True)
class KFluorescence:
    """K-shell fluorescence of one element.

    ``k_share`` is the part of the photo effect above the edge that falls on the K shell,
    ``k_yield`` the chance that the vacancy sends out a K X-ray, ``beta_share`` the K-beta part.
    """

    element: str
    edge_keV: float
    k_share: float
    k_yield: float
    alpha_keV: float
    beta_keV: float
    beta_share: float


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Linear coefficients of a material in 1/cm, each of the shape of the energies asked."""

    photo: FloatArray
    incoherent: FloatArray
    pair: FloatArray
    coherent: FloatArray

    @property
    def interaction(self) -> FloatArray:
        """Photo, incoherent and pair together: what changes the energy of a photon."""
        return self.photo + self.incoherent + self.pair


@dataclass(frozen=True)
class Material:
    """A homogeneous material.

    Parameters
    ----------
    name : str
        Name in the data file, for example ``"NaI"``.
    density_g_cm3 : float
        Density.
    mass_fractions : mapping of str to float
        Share of each element by mass; sums to one.
    source : str
        Where density and composition come from.
    """

    name: str
    density_g_cm3: float
    mass_fractions: MappingProxyType[str, float]
    source: str

    def coefficients(self, energies_keV: ArrayLike) -> Coefficients:
        """Linear coefficients at photon energies.

        ``mu = rho * sum_i w_i (mu/rho)_i``, each element interpolated straight in the logarithms
        between tabulated energies, absorption edges kept.

        Parameters
        ----------
        energies_keV : (k,) float
            Photon energies within 10 keV to 10 MeV.

        Returns
        -------
        Coefficients
            In 1/cm.

        Raises
        ------
        OutOfDomain
            For an energy outside the table.

        References
        ----------
        Sources of the numbers: ``data/manifest.json`` (xraylib 4.3.0, NIST XCOM).
        """
        e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        if e.size and not (np.all(e >= LOW_KEV) and np.all(e <= HIGH_KEV)):
            raise OutOfDomain(
                f"photon energies must lie within {LOW_KEV:g} and {HIGH_KEV:g} keV, "
                f"got {e.min():g} to {e.max():g}"
            )
        total = np.zeros((4, e.size))
        for element, fraction in self.mass_fractions.items():
            total += fraction * _element_at(element, e)
        total *= self.density_g_cm3
        return Coefficients(photo=total[0], coherent=total[1], incoherent=total[2], pair=total[3])

    @property
    def mean_atomic_number(self) -> float:
        """Atomic number averaged by mass."""
        z = _elements()
        return sum(w * z[element][0] for element, w in self.mass_fractions.items())

    @property
    def mean_atomic_weight(self) -> float:
        """Atomic weight that keeps the electrons per gram at ``mean_atomic_number``."""
        z = _elements()
        per_gram = sum(w * z[e][0] / z[e][1] for e, w in self.mass_fractions.items())
        return self.mean_atomic_number / per_gram

    def photo_shares(self, energies_keV: FloatArray) -> dict[str, FloatArray]:
        """Part of the photo effect that falls on each element, shape of the energies."""
        parts = {
            element: fraction * _element_at(element, energies_keV)[0]
            for element, fraction in self.mass_fractions.items()
        }
        total = sum(parts.values(), np.zeros_like(energies_keV))
        return {element: part / total for element, part in parts.items()}


@cache
def _table() -> dict[str, tuple[FloatArray, FloatArray]]:
    columns: dict[str, list[list[float]]] = {}
    with (_DATA / "attenuation.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            columns.setdefault(row["element"], []).append(
                [
                    float(row["energy_keV"]),
                    float(row["photo_cm2_g"]),
                    float(row["coherent_cm2_g"]),
                    float(row["incoherent_cm2_g"]),
                    float(row["pair_cm2_g"]),
                ]
            )
    out = {}
    for element, rows in columns.items():
        data = np.array(rows)
        out[element] = (np.log(data[:, 0]), np.log(np.maximum(data[:, 1:], _TINY)))
    return out


def _element_at(element: str, energies_keV: FloatArray) -> FloatArray:
    """Rows photo, coherent, incoherent, pair in cm2/g of one element."""
    try:
        grid, values = _table()[element]
    except KeyError:
        raise NotFound(f"no attenuation data for element {element!r}") from None
    at = np.log(energies_keV)
    out = np.exp([np.interp(at, grid, values[:, i]) for i in range(4)])
    out[out < 1e-12] = 0.0
    return np.asarray(out, dtype=np.float64)


@cache
def _elements() -> dict[str, tuple[float, float]]:
    """Atomic number and weight by element symbol."""
    with (_DATA / "elements.csv").open(encoding="utf-8") as stream:
        return {
            row["element"]: (float(row["z"]), float(row["atomic_weight"]))
            for row in csv.DictReader(stream)
        }


@cache
def fluorescence() -> MappingProxyType[str, KFluorescence]:
    """K fluorescence by element symbol."""
    with (_DATA / "fluorescence.csv").open(encoding="utf-8") as stream:
        return MappingProxyType(
            {
                row["element"]: KFluorescence(
                    row["element"],
                    float(row["k_edge_keV"]),
                    float(row["k_share"]),
                    float(row["k_yield"]),
                    float(row["k_alpha_keV"]),
                    float(row["k_beta_keV"]),
                    float(row["k_beta_share"]),
                )
                for row in csv.DictReader(stream)
            }
        )


@cache
def _materials() -> dict[str, Material]:
    entries = json.loads((_DATA / "materials.json").read_text(encoding="utf-8"))
    return {
        name: Material(
            name,
            float(entry["density_g_cm3"]),
            MappingProxyType({k: float(v) for k, v in entry["mass_fractions"].items()}),
            str(entry["source"]),
        )
        for name, entry in entries.items()
    }


def material_names() -> tuple[str, ...]:
    """Names of all materials of the data file."""
    return tuple(sorted(_materials()))


def material(name: str) -> Material:
    """Material by its name in the data file.

    Raises
    ------
    NotFound
        When the data file does not hold it; the message lists what it holds.
    """
    try:
        return _materials()[name]
    except KeyError:
        known = ", ".join(material_names())
        raise NotFound(f"no material {name!r}; known are {known}") from None
