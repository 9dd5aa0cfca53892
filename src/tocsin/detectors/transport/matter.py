"""Tables of a scene's materials and elements, laid out for the compiled walk."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import HIGH_KEV, LOW_KEV, Material, material
from tocsin.detectors.electrons import extrapolated_range_g_cm2

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_ENERGY = 2048
"""Points of the grid, even in the logarithm from 10 keV to 10 MeV: 0.34 per cent apart."""
N_ELECTRON = 512
ELECTRON_LOW_keV = 1.0
INNER = ("K", "L1", "L2", "L3")
FINE_STRUCTURE = 7.2973525693e-3
_DATA = resources.files("tocsin.detectors") / "data"


class Matter(NamedTuple):
    """Arrays of the walk; ``m`` materials, ``e`` elements, ``s`` shells, ``n`` energies.

    ``rates`` (m, n, 4): total coefficient in 1/cm, then cumulative shares of photo, incoherent and
    pair. ``pick`` (m, n, k, 3): cumulative shares of a material's elements in photo, incoherent
    and coherent. ``members`` (m, k): element of each place. ``electron_range`` (m, r): straight
    reach in cm; ``mean_z`` (m,).
    """

    rates: FloatArray
    pick: FloatArray
    members: IntArray
    electron_range: FloatArray
    mean_z: FloatArray
    log_x: FloatArray
    scattering: FloatArray
    form_area: FloatArray
    shell_count: IntArray
    shell_cumulative: FloatArray
    shell_edge: FloatArray
    shell_inner: IntArray
    momentum: FloatArray
    profile_cumulative: FloatArray
    photo_shell: FloatArray
    inner_edge: FloatArray
    vacancy: FloatArray
    line_count: IntArray
    line_energy: FloatArray
    line_cumulative: FloatArray
    line_to: IntArray


def energy_grid_keV() -> FloatArray:
    """The grid of energies in keV."""
    return np.geomspace(LOW_KEV, HIGH_KEV, N_ENERGY)


def electron_grid_keV() -> FloatArray:
    """The grid of kinetic energies of electrons in keV."""
    return np.geomspace(ELECTRON_LOW_keV, HIGH_KEV, N_ELECTRON)


@cache
def _rows(name: str) -> dict[str, list[dict[str, str]]]:
    """Rows of a data file by element."""
    out: dict[str, list[dict[str, str]]] = {}
    with (_DATA / name).open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            out.setdefault(row["element"], []).append(row)
    return out


def _column(rows: list[dict[str, str]], name: str) -> FloatArray:
    return np.array([float(row[name]) for row in rows])


def matter_of(keys: list[str]) -> Matter:
    """Tables of materials named by ``name|density`` keys, an empty density for the file's."""
    stuffs: list[tuple[Material, float]] = []
    for key in keys:
        name, _, density = key.partition("|")
        stuff = material(name)
        stuffs.append((stuff, float(density) if density else stuff.density_g_cm3))
    elements = sorted({e for stuff, _ in stuffs for e in stuff.mass_fractions})
    arrays: list[Any] = [*_materials(stuffs, elements), *_scattering(elements), *_atoms(elements)]
    return Matter(*arrays)


def _materials(
    stuffs: list[tuple[Material, float]], elements: list[str]
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray, FloatArray]:
    grid, electrons = energy_grid_keV(), electron_grid_keV()
    widest = max(len(stuff.mass_fractions) for stuff, _ in stuffs)
    rates = np.zeros((len(stuffs), grid.size, 4))
    pick = np.ones((len(stuffs), grid.size, widest, 3))
    members = np.zeros((len(stuffs), widest), dtype=np.int64)
    reach = np.zeros((len(stuffs), electrons.size))
    mean_z = np.zeros(len(stuffs))
    for m, (stuff, density) in enumerate(stuffs):
        mu = stuff.coefficients(grid)
        total = mu.interaction + mu.coherent
        rates[m, :, 0] = total * density / stuff.density_g_cm3
        rates[m, :, 1] = mu.photo / total
        rates[m, :, 2] = (mu.photo + mu.incoherent) / total
        rates[m, :, 3] = mu.interaction / total
        running = np.zeros((grid.size, 3))
        for place, (element, fraction) in enumerate(stuff.mass_fractions.items()):
            part = _pure(element).coefficients(grid)
            running += fraction * np.stack((part.photo, part.incoherent, part.coherent), axis=1)
            pick[m, :, place] = running
            members[m, place] = elements.index(element)
        count = len(stuff.mass_fractions)
        pick[m, :, :count] /= running[:, None, :]
        pick[m, :, count - 1 :] = 1.0
        z, a = stuff.mean_atomic_number, stuff.mean_atomic_weight
        reach[m] = extrapolated_range_g_cm2(electrons, atomic_number=z, atomic_weight=a) / density
        mean_z[m] = z
    return rates, pick, members, reach, mean_z


@cache
def _pure(element: str) -> Material:
    """One element at 1 g/cm3, so that its coefficients are those of its mass."""
    return Material(element, 1.0, MappingProxyType({element: 1.0}), "element")


def _scattering(elements: list[str]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Logarithm of x, S(x)/Z, and the area under F squared over x squared up to x."""
    table = _rows("scattering.csv")
    x = _column(table[elements[0]], "x_per_angstrom")
    s, area = [], []
    for element in elements:
        rows = table[element]
        values = _column(rows, "incoherent_S")
        s.append(np.minimum(values / np.max(values), 1.0))
        f2 = _column(rows, "form_factor_F") ** 2
        x2 = x**2
        # from zero to the first point F is flat; between points F squared is a power of x squared
        power = np.diff(np.log(np.maximum(f2, 1e-300))) / np.diff(np.log(x2)) + 1
        ends = f2 * x2
        steps = np.where(
            np.abs(power) > 1e-9,
            np.diff(ends) / np.where(np.abs(power) > 1e-9, power, 1.0),
            ends[:-1] * np.diff(np.log(x2)),
        )
        area.append(np.concatenate(([0.0], np.cumsum(steps))) + ends[0])
    return np.log(x), np.array(s), np.array(area)


def _atoms(elements: list[str]) -> tuple[Any, ...]:
    profiles, yields = _rows("compton_profiles.csv"), _rows("xray_yields.csv")
    shares, lines = _rows("photo_shells.csv"), _rows("xray_lines.csv")
    names = [k for k in profiles[elements[0]][0] if k.startswith("J_")]
    momentum = np.array([float(k[2:]) for k in names])
    n_shell = max(len(profiles[e]) for e in elements)
    n_line = max(
        1, *(sum(r["shell"] == s for r in lines.get(e, [])) for e in elements for s in INNER)
    )
    n = len(elements)
    count = np.zeros(n, dtype=np.int64)
    cumulative, edge = np.ones((n, n_shell)), np.zeros((n, n_shell))
    inner = np.full((n, n_shell), -1, dtype=np.int64)
    profile = np.ones((n, n_shell, momentum.size))
    photo = np.zeros((n, N_ENERGY, 4))
    inner_edge = np.full((n, 4), np.inf)
    vacancy = np.zeros((n, 4, 3))
    line_count = np.zeros((n, 4), dtype=np.int64)
    line_energy, line_cumulative = np.zeros((n, 4, n_line)), np.ones((n, 4, n_line))
    line_to = np.full((n, 4, n_line), -1, dtype=np.int64)
    grid = energy_grid_keV()
    for i, element in enumerate(elements):
        rows = profiles[element]
        count[i] = len(rows)
        electrons = np.cumsum(_column(rows, "electrons"))
        cumulative[i, : len(rows)] = electrons / electrons[-1]
        edge[i, : len(rows)] = _column(rows, "edge_keV")
        for s, row in enumerate(rows):
            j = np.array([float(row[k]) for k in names])
            under = np.concatenate(([0.0], np.cumsum((j[1:] + j[:-1]) / 2 * np.diff(momentum))))
            profile[i, s] = under / under[-1]
            if row["shell"] in INNER:
                inner[i, s] = INNER.index(row["shell"])
                inner_edge[i, inner[i, s]] = float(row["edge_keV"]) or np.inf
        at = _column(shares[element], "energy_keV")
        parts = np.array([_column(shares[element], f"{s}_share") for s in INNER])
        for s in range(4):
            held = parts[s] > 0
            if held.any():
                # between the last point below an edge and the first above it nothing is drawn
                photo[i, :, s] = np.interp(np.log(grid), np.log(at[held]), parts[s][held])
                photo[i, grid < inner_edge[i, s], s] = 0.0
        photo[i] = np.minimum(np.cumsum(photo[i], axis=1), 1.0)
        for row in yields[element]:
            s = INNER.index(row["shell"])
            vacancy[i, s] = [float(row[k]) for k in ("fluorescence_yield", "to_L2", "to_L3")]
        for s, shell in enumerate(INNER):
            mine = [r for r in lines.get(element, []) if r["shell"] == shell]
            line_count[i, s] = len(mine)
            if mine:
                rate = np.cumsum(_column(mine, "rate"))
                line_cumulative[i, s, : len(mine)] = rate / rate[-1]
                line_energy[i, s, : len(mine)] = _column(mine, "energy_keV")
                for k, r in enumerate(mine):
                    if r["from_shell"] in INNER:
                        line_to[i, s, k] = INNER.index(r["from_shell"])
    return (
        count,
        cumulative,
        edge,
        inner,
        momentum * FINE_STRUCTURE,
        profile,
        photo,
        inner_edge,
        vacancy,
        line_count,
        line_energy,
        line_cumulative,
        line_to,
    )
