"""A synthetic register of sources: holders, practices, ages, and mistakes of known kinds.

Everything is drawn from tables of this file and is realm SYNTHETIC or EXERCISE. Makers, holders and
places do not exist. The mistakes are those that people make in registers; what finds them is
elsewhere and knows nothing of this file.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

HEADER = (
    *("Holder", "Register number", "Nuclide", "Activity (GBq)", "Reference date", "Maker", "Model"),
    *("Serial number", "Device", "Device serial", "Practice", "Place", "Latitude", "Longitude"),
    *("Date of manufacture", "Last leak test"),
)
MISTAKES = ("duplicate_serial", "unit_slip", "impossible_date", "no_serial", "place_missing")
"""Kinds of mistakes that are put in."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice with one typical source.

    Parameters
    ----------
    code : str
        As the register names practices.
    share : float
        Part of all sources.
    nuclides : tuple of str
    activity_GBq : tuple of float
        New activity of each nuclide: magnitudes of the kind that catalogues of such sources give.
    maker, model, device : str
        Invented.
    """

    code: str
    share: float
    nuclides: tuple[str, ...]
    activity_GBq: tuple[float, ...]
    maker: str
    model: str
    device: str


PRACTICES = (
    Practice(
        "portable_gauge", 0.34, ("Cs-137", "Am-241"), (0.3, 1.48), "Halden", "HG-2", "Soil gauge"
    ),
    Practice("fixed_gauge_low", 0.22, ("Cs-137",), (3.7,), "Norvik", "LV-4", "Level gauge"),
    Practice("fixed_gauge_high", 0.08, ("Cs-137",), (370.0,), "Norvik", "DN-9", "Density gauge"),
    Practice("radiography", 0.10, ("Ir-192",), (3700.0,), "Ostrava Iso", "IR-7", "Projector P-880"),
    Practice("well_logging", 0.05, ("Am-241/Be",), (592.0,), "Deepline", "NB-16", "Logging tool"),
    Practice("brachytherapy_high", 0.03, ("Ir-192",), (370.0,), "Medion", "HD-1", "Afterloader"),
    Practice("calibration", 0.10, ("Cs-137",), (0.037,), "Etalon", "EC-137", ""),
    Practice("electron_capture", 0.06, ("Ni-63",), (0.555,), "Chroma", "EC-63", "Chromatograph"),
    Practice("irradiator", 0.02, ("Co-60",), (150000.0,), "Ostrava Iso", "C-188X", "Irradiator"),
)
TOWNS = (
    ("North Gate", 14.72, -17.30),
    ("Harbour", 14.68, -17.43),
    ("Old Town", 14.67, -17.44),
    ("Quarry Hill", 14.79, -17.14),
    ("Riverside", 14.40, -16.97),
)
"""Towns of the fictional State, with places to aim a map at."""
KINDS_OF_HOLDERS = ("Works", "Hospital", "Roads", "Logging", "Institute", "Mill")
SPREAD = 0.15
"""Relative spread of new activities around that of the catalogue."""
OLDEST_d = 20 * 365
SHORT_LIVED_d = 400
"""Sources of Ir-192 are exchanged often."""


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One source as a table has it, and the mistake in it, if any."""

    cells: tuple[str, ...]
    mistake: str = ""


def synthetic_register(
    random: np.random.Generator,
    *,
    today: dt.date,
    sources: int = 4000,
    holders: int = 60,
    mistakes: float = 0.02,
) -> list[RegisterRow]:
    """Rows of a register with mistakes of known kinds.

    Parameters
    ----------
    random : numpy.random.Generator
    today : date
        Nothing lies after it.
    sources, holders : int
    mistakes : float
        Part of the rows with a mistake.
    """
    names = [_holder(i) for i in range(holders)]
    weights = 1.0 / np.arange(1, holders + 1)
    weights /= weights.sum()
    shares = np.array([p.share for p in PRACTICES])
    shares /= shares.sum()
    rows: list[RegisterRow] = []
    for number in range(sources):
        practice = PRACTICES[int(random.choice(len(PRACTICES), p=shares))]
        holder = names[int(random.choice(holders, p=weights))]
        rows.append(RegisterRow(_cells(practice, holder, number, today, random)))
    wrong = random.choice(sources, size=round(mistakes * sources), replace=False)
    for count, at in enumerate(sorted(int(w) for w in wrong)):
        rows[at] = _mistaken(rows, at, MISTAKES[count % len(MISTAKES)])
    return rows


def register_table(rows: Iterable[RegisterRow]) -> bytes:
    """The rows as a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(row.cells for row in rows)
    return text.getvalue().encode("utf-8")


def _holder(number: int) -> str:
    town, _lat, _lon = TOWNS[number % len(TOWNS)]
    return f"{town} {KINDS_OF_HOLDERS[number % len(KINDS_OF_HOLDERS)]} {number + 1}"


def _cells(
    practice: Practice, holder: str, number: int, today: dt.date, random: np.random.Generator
) -> tuple[str, ...]:
    oldest = SHORT_LIVED_d if "Ir-192" in practice.nuclides else OLDEST_d
    made = today - dt.timedelta(days=int(random.integers(30, oldest)))
    tested = made + dt.timedelta(days=int(random.integers(0, (today - made).days)))
    activities = [a * float(random.normal(1.0, SPREAD / 3.0)) for a in practice.activity_GBq]
    town = next(t for t in TOWNS if holder.startswith(t[0]))
    return (
        holder,
        f"R-{number + 1:06d}",
        "; ".join(practice.nuclides),
        "; ".join(f"{a:.4g}" for a in activities),
        made.isoformat(),
        practice.maker,
        practice.model,
        f"{practice.model[:2]}{100000 + number}",
        practice.device,
        f"D{200000 + number}" if practice.device else "",
        practice.code,
        f"{town[0]}, hall {int(random.integers(1, 9))}",
        f"{town[1] + random.normal(0.0, 0.01):.5f}",
        f"{town[2] + random.normal(0.0, 0.01):.5f}",
        made.isoformat(),
        tested.isoformat(),
    )


def _mistaken(rows: Sequence[RegisterRow], at: int, mistake: str) -> RegisterRow:
    row = rows[at]
    cells = dict(zip(HEADER, row.cells, strict=True))
    if mistake == "duplicate_serial":
        same = (other.cells for i, other in enumerate(rows) if i != at)
        twin = next((c for c in same if c[5:7] == row.cells[5:7] and c[7]), None)
        if twin is None:
            return row
        cells["Serial number"] = twin[7]
    elif mistake == "unit_slip":
        if ";" in cells["Nuclide"]:
            return row
        cells["Activity (GBq)"] = f"{float(cells['Activity (GBq)']) * 1000.0:.4g}"
    elif mistake == "impossible_date":
        made = dt.date.fromisoformat(cells["Date of manufacture"])
        cells["Last leak test"] = (made - dt.timedelta(days=400)).isoformat()
    elif mistake == "no_serial":
        cells["Serial number"] = cells["Device serial"] = ""
    elif mistake == "place_missing":
        cells["Place"] = cells["Latitude"] = cells["Longitude"] = ""
    return replace(row, cells=tuple(cells[name] for name in HEADER), mistake=mistake)
