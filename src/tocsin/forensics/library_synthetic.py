"""SYNTHETIC libraries of ore concentrate with known truth, for tests, examples and exercises.

Shaped after the description of the third Galaxy Serpent exercise (trace elements of ore
concentrates from many mines, values missing, detection limits), with no number taken from it or
from any real mine. Everything made here carries the realm SYNTHETIC.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.forensics.library_entries import Entry, Library, MeasuredValue

ELEMENTS = (
    *("Na", "Mg", "Al", "P", "K", "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"),
    *("As", "Sr", "Y", "Zr", "Nb", "Mo", "Sn", "Sb", "Ba", "La", "Ce", "Pr", "Nd", "Sm", "Eu"),
    *("Gd", "Tb", "Dy", "Ho", "Er", "Yb", "W", "Pb", "Bi", "Th"),
)
UNIT = "ug/gU"


@dataclass(frozen=True, slots=True)
class OreWorld:
    """Sizes of a synthetic world.

    Attributes
    ----------
    mines, lots : int
        Sources, and lots (one sample each) per source.
    between, within : float
        Standard deviations of the logarithm between mines and between lots of a mine.
    measurement : float
        Relative standard uncertainty of measurement.
    missing : float
        Share of values not measured at all.
    limit_quantile : float
        Share of the values of an element that lie below its detection limit, on average.
    factors : int
        Geological factors that move many elements together.
    """

    mines: int = 20
    lots: int = 10
    between: float = 0.8
    within: float = 0.35
    measurement: float = 0.05
    missing: float = 0.25
    limit_quantile: float = 0.05
    factors: int = 4


def synthetic_ores(
    rng: np.random.Generator, world: OreWorld | None = None, *, unknown_mines: int = 5
) -> tuple[Library, tuple[Entry, ...]]:
    """A library of mines, and samples of mines that are not in it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance; the same seed gives the same world.
    world : OreWorld, optional
        Sizes.
    unknown_mines : int
        Further mines, with as many lots each, that are left out of the library.

    Returns
    -------
    library : Library
        Realm SYNTHETIC.
    unknown : tuple of Entry
        Samples of the mines outside the library.
    """
    world = world or OreWorld()
    if world.mines < 3 or world.lots < 2:
        raise InvalidInput("a world needs at least three mines with two lots each")
    p, mines = len(ELEMENTS), world.mines + unknown_mines
    level = rng.uniform(-1.0, 5.0, p)
    loading = rng.normal(size=(world.factors, p)) / np.sqrt(world.factors)

    def correlated(n: int, size: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        together = rng.normal(size=(n, world.factors)) @ loading
        own = rng.normal(size=(n, p))
        found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = (
            size * (together + own) / np.sqrt(2.0)
        )
        return found

    centre = level + correlated(mines, world.between)
    truth = np.repeat(centre, world.lots, axis=0) + correlated(mines * world.lots, world.within)
    # Errors are those of a lognormal whose relative uncertainty is the stated one.
    measured = truth + rng.normal(scale=np.sqrt(np.log1p(world.measurement**2)), size=truth.shape)
    limit = np.quantile(truth, world.limit_quantile, axis=0)
    absent = rng.random(truth.shape) < world.missing
    entries = []
    for i in range(len(truth)):
        mine, lot = divmod(i, world.lots)
        values = {}
        for j, element in enumerate(ELEMENTS):
            if absent[i, j]:
                continue
            if measured[i, j] < limit[j]:
                values[element] = MeasuredValue(float(np.exp(limit[j])), less_than=True)
            else:
                value = float(np.exp(measured[i, j]))
                values[element] = MeasuredValue(value, world.measurement * value)
        name = f"synthetic mine {mine + 1:02d}"
        entries.append(Entry(f"{name} lot {lot + 1:02d}", name, f"{lot + 1:02d}", "", values))
    inside = world.mines * world.lots
    library = Library(
        "Synthetic ore concentrates",
        "concentrate",
        "SYNTHETIC",
        "made by tocsin.forensics.library_synthetic; no real mine",
        dict.fromkeys(ELEMENTS, UNIT),
        tuple(entries[:inside]),
    )
    return library, tuple(entries[inside:])


def write_library(library: Library, folder: Path) -> None:
    """Write a library as ``library.json`` and ``entries.csv`` in an empty or new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InvalidInput(f"{folder} is not empty")
    head = {
        "schema": "tocsin.library/1",
        "name": library.name,
        "stage": library.stage,
        "realm": library.realm,
        "provenance": library.provenance,
        "units": dict(library.units),
    }
    (folder / "library.json").write_text(json.dumps(head, indent=2) + "\n", encoding="utf-8")
    facts = sorted({f for e in library.entries for f in e.facts})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        [
            *("sample", "source", "lot", "class", "characteristic", "value", "unit"),
            *("uncertainty", "k", "less_than", "method", "laboratory", "date"),
            *(f"fact_{f}" for f in facts),
        ]
    )
    for e in library.entries:
        for name, v in e.values.items():
            u = "" if v.standard_uncertainty is None else repr(v.standard_uncertainty)
            table.writerow(
                [
                    *(e.sample, e.source, e.lot, e.group, name, repr(v.value), library.units[name]),
                    *(u, "1" if u else "", "true" if v.less_than else "false"),
                    *(v.method, v.laboratory, v.date),
                    *(repr(e.facts[f]) if f in e.facts else "" for f in facts),
                ]
            )
    (folder / "entries.csv").write_text(text.getvalue(), encoding="utf-8")


def write_case(samples: tuple[Entry, ...], file: Path, *, units: dict[str, str]) -> None:
    """Write samples as a case for ``tocsin compare``, without saying where they are from."""
    case = {
        "schema": "tocsin.compare-case/1",
        "case": "synthetic case",
        "realm": "SYNTHETIC",
        "samples": [
            {
                "sample": f"exhibit {n}",
                "values": [
                    {
                        "characteristic": name,
                        "value": v.value,
                        "unit": units[name],
                        **(
                            {"less_than": True}
                            if v.less_than
                            else {"uncertainty": v.standard_uncertainty, "k": 1}
                        ),
                    }
                    for name, v in e.values.items()
                ],
            }
            for n, e in enumerate(samples, start=1)
        ],
    }
    file.write_text(json.dumps(case, indent=2) + "\n", encoding="utf-8")
