"""A register of invented devices and finds among them with named errors, apart from the linker.

Nothing here is taken from the linker's tables: makers, series of numbers and error rates are this
module's own. Errors by name: ``look-alike`` (0/O, 1/I, 8/B, 5/S), ``wrong digit``,
``missing digit``, ``exchanged digits``, ``missing dash``, ``part`` (the end of a number),
``unread``; ``maker alias``, ``maker missing``, ``model slip``, ``unit slip`` (a factor 1000),
``measured`` (activity with 25 % error on the day), ``label`` (activity as on the label),
``no activity``.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

LINES: tuple[dict[str, Any], ...] = (
    {
        "maker": "Troxler",
        "models": ("3430", "3440", "3411B", "3450"),
        "share": 0.16,
        "series": "5",
        "sources": (("Cs-137", 2.96e8, "75-4"), ("Am-241", 1.48e9, "47-5")),
    },
    {
        "maker": "CPN",
        "models": ("MC-1", "MC-3", "MC-1DRP"),
        "share": 0.07,
        "series": "CPN",
        "sources": (("Cs-137", 3.7e8, ""), ("Am-241", 1.85e9, "")),
    },
    {
        "maker": "Humboldt",
        "models": ("5001EZ", "5001"),
        "share": 0.05,
        "series": "4",
        "sources": (("Cs-137", 3.7e8, "GH4"), ("Am-241", 1.48e9, "NJ5")),
    },
    {
        "maker": "Ohmart",
        "models": ("SH-F1", "SH-F2", "SHLG"),
        "share": 0.10,
        "series": "GK",
        "sources": (("Cs-137", 3.7e9, "GK4"),),
    },
    {
        "maker": "Berthold",
        "models": ("LB-7440", "LB-8010"),
        "share": 0.08,
        "series": "BER",
        "sources": (("Cs-137", 1.1e9, "HE4"),),
    },
    {
        "maker": "Texas Nuclear",
        "models": ("5190", "5192", "5203"),
        "share": 0.05,
        "series": "B4",
        "sources": (("Cs-137", 1.85e9, "MB4"),),
    },
    {
        "maker": "QSA Global",
        "models": ("880D", "660B", "880S"),
        "share": 0.06,
        "series": "D5",
        "sources": (("Ir-192", 3.7e12, "QS5B"),),
    },
    {
        "maker": "SPEC",
        "models": ("150", "300"),
        "share": 0.03,
        "series": "4",
        "sources": (("Ir-192", 3.7e12, "NH4"),),
    },
    {
        "maker": "NRD",
        "models": ("P-2021", "P-2042"),
        "share": 0.10,
        "series": "A2",
        "sources": (("Po-210", 3.7e8, ""),),
    },
    {
        "maker": "SRB Technologies",
        "models": ("171", "BETALUX"),
        "share": 0.12,
        "series": "6",
        "sources": (("H-3", 4.26e11, ""),),
    },
    {
        "maker": "Isolite",
        "models": ("2040", "SLX60"),
        "share": 0.08,
        "series": "ISO",
        "sources": (("H-3", 2.78e11, ""),),
    },
    {
        "maker": "Agilent",
        "models": ("G2397A", "G1223A"),
        "share": 0.06,
        "series": "U5",
        "sources": (("Ni-63", 5.55e8, "F5"),),
    },
    {
        "maker": "Niton",
        "models": ("XLP-818", "XL309"),
        "share": 0.04,
        "series": "5",
        "sources": (("Cd-109", 1.48e9, "NR4"),),
    },
)
ALIASES = {
    "Ohmart": "Vega",
    "Texas Nuclear": "TN Technologies",
    "QSA Global": "AEA Technology",
    "CPN": "InstroTek",
    "Niton": "Thermo Scientific",
    "Agilent": "Hewlett-Packard",
}
LOOKS = {"0": "O", "1": "I", "8": "B", "5": "S", "B": "8", "O": "0", "I": "1", "S": "5", "G": "6"}
HALF_LIVES_D = {
    "Cs-137": 10976.0,
    "Am-241": 158000.0,
    "Ir-192": 73.8,
    "Po-210": 138.4,
    "H-3": 4500.0,
    "Ni-63": 36960.0,
    "Cd-109": 461.9,
}
STATES = (
    "TX CA FL NY PA OH IL GA NC MI NJ VA WA AZ TN MA IN MO MD WI CO MN SC AL LA KY OR OK CT "
    "UT IA NV AR MS KS NM NE ID WV HI NH ME MT RI DE SD ND AK VT WY"
).split()
TODAY = dt.date(2014, 12, 31)


@dataclass(frozen=True)
class World:
    """Register rows, found rows, and the register number of each found thing (or None)."""

    register: list[dict[str, Any]]
    found: list[dict[str, Any]]
    truth: list[str | None]
    errors: Counter[str]


def _digits(rng: np.random.Generator, count: int) -> str:
    return str(rng.integers(10 ** (count - 1), 10**count))


def _serial(rng: np.random.Generator, series: str, more: int) -> str:
    """A number of a series; ``more`` digits beyond the least it has."""
    if series.isdigit():
        return _digits(rng, max(int(series), 4 + more))
    if series == "CPN":
        return f"M{rng.choice(list('1234D'))}{rng.integers(10, 99)}0{_digits(rng, 4 + more)}"
    if series == "BER":
        return f"{_digits(rng, 3 + more)}-{rng.integers(1, 9)}-{rng.integers(88, 99)}"
    if series == "A2":
        return "A2" + "".join(rng.choice(list("CDEFGHJKLMNP"), 2)) + _digits(rng, 2 + more)
    if series == "GK":
        return _digits(rng, 3 + more) + "".join(rng.choice(list("BCGKLMN"), 2))
    if series == "ISO":
        return f"{rng.integers(0, 15):02d}-{_digits(rng, 3 + more)}"
    return series[:-1] + _digits(rng, max(int(series[-1]), 4 + more))


def _source_serial(rng: np.random.Generator, form: str, more: int) -> str:
    """A number of a source, or none where the maker gives none."""
    if not form:
        return ""
    head = form.rstrip("0123456789B")
    count = max(int(next(c for c in reversed(form) if c.isdigit())), 4 + more)
    if "-" in form:
        return f"{form.split('-')[0]}-{_digits(rng, count)}"
    return head + _digits(rng, count) + ("B" if form.endswith("B") else "")


class Numbers:
    """Numbers as makers give them: once each, in series wide enough for all that were made.

    Parameters
    ----------
    size : int
        Devices in the world; every series gets the digits that hold five times its share.
    """

    def __init__(self, size: int) -> None:
        self._given: set[tuple[str, str]] = set()
        self._more = {
            line["maker"]: max(0, math.ceil(math.log10(5.0 * line["share"] * size / 9000.0)))
            for line in LINES
        }

    def give(self, rng: np.random.Generator, maker: str, form: str, part: str) -> str:
        """A number of a series that was not given before."""
        while True:
            draw = _serial if part == "device" else _source_serial
            number = draw(rng, form, self._more[maker])
            if not number or (maker + part, number) not in self._given:
                self._given.add((maker + part, number))
                return number


def one_object(rng: np.random.Generator, number: str, numbers: Numbers) -> dict[str, Any]:
    """A registered device with its sources."""
    shares = np.array([line["share"] for line in LINES])
    line = LINES[int(rng.choice(len(LINES), p=shares / shares.sum()))]
    made = TODAY - dt.timedelta(days=int(rng.integers(30, 9000)))
    if line["sources"][0][0] in ("Ir-192", "Po-210"):
        made = TODAY - dt.timedelta(days=int(rng.integers(10, 400)))
    serials = [
        {"value": numbers.give(rng, line["maker"], line["series"], "device"), "of": "device"}
    ]
    activities = []
    for nuclide, nominal_Bq, form in line["sources"]:
        scale = float(rng.choice([0.5, 1.0, 1.0, 1.0, 1.1, 1.25, 2.0]))
        activities.append({"nuclide": nuclide, "Bq": nominal_Bq * scale})
        written = numbers.give(rng, line["maker"], form, nuclide)
        if written:
            serials.append({"value": written, "of": "source"})
    holder = int(rng.integers(0, 40_000))
    return {
        "event_number": number,
        "nuclides": [s[0] for s in line["sources"]],
        "activities": activities,
        "manufacturers": [line["maker"]],
        "models": [str(rng.choice(line["models"]))],
        "serials": serials,
        "state": STATES[min(int(rng.exponential(12.0)), 49)],
        "date": made.isoformat(),
        "holder": f"HOLDER {holder}",
        "licence": f"{holder:05d}-1",
    }


def spoil(rng: np.random.Generator, serial: str, errors: Counter[str]) -> str:
    """Write a serial down as people and machines do; empty where it cannot be read."""
    kinds = (
        "right",
        "look-alike",
        "wrong digit",
        "missing digit",
        "exchanged digits",
        "missing dash",
        "part",
        "unread",
    )
    kind = str(rng.choice(kinds, p=(0.87, 0.02, 0.015, 0.0075, 0.0075, 0.05, 0.01, 0.02)))
    at = int(rng.integers(0, len(serial)))
    if kind == "look-alike":
        places = [i for i, c in enumerate(serial) if c in LOOKS]
        if places:
            at = int(rng.choice(places))
            serial = serial[:at] + LOOKS[serial[at]] + serial[at + 1 :]
    elif kind == "wrong digit":
        serial = serial[:at] + str(rng.integers(0, 10)) + serial[at + 1 :]
    elif kind == "missing digit":
        serial = serial[:at] + serial[at + 1 :]
    elif kind == "exchanged digits":
        at = min(at, len(serial) - 2)
        serial = serial[:at] + serial[at + 1] + serial[at] + serial[at + 2 :]
    elif kind == "missing dash":
        serial = serial.replace("-", "")
    elif kind == "part":
        serial = serial[-5:]
    elif kind == "unread":
        serial = ""
    errors[kind] += 1
    return serial


def one_find(
    rng: np.random.Generator, row: dict[str, Any], number: str, errors: Counter[str]
) -> dict[str, Any]:
    """What somebody writes about a registered thing that was found later."""
    made = dt.date.fromisoformat(row["date"])
    day = made + dt.timedelta(days=int(rng.integers(0, max(1, (TODAY - made).days))))
    serials = []
    for serial in row["serials"]:
        written = spoil(rng, serial["value"], errors)
        if written:
            of = serial["of"] if rng.random() < 0.9 else "unknown"
            serials.append({"value": written, "of": of})
    activities = []
    how = str(rng.choice(("measured", "label", "no activity"), p=(0.4, 0.4, 0.2)))
    errors[how] += 1
    slip = (
        1000.0 ** int(rng.choice((-1, 1))) if how != "no activity" and rng.random() < 0.02 else 1.0
    )
    errors["unit slip"] += slip != 1.0
    for activity in row["activities"] if how != "no activity" else []:
        value = activity["Bq"] * slip
        if how == "measured":
            left = 0.5 ** ((day - made).days / HALF_LIVES_D[activity["nuclide"]])
            value *= left * float(np.exp(rng.normal(0.0, 0.25)))
        activities.append({"nuclide": activity["nuclide"], "Bq": value})
    maker = row["manufacturers"][0]
    draw = rng.random()
    if draw < 0.05 and maker in ALIASES:
        maker, errors["maker alias"] = ALIASES[maker], errors["maker alias"] + 1
    elif draw < 0.12:
        maker, errors["maker missing"] = "", errors["maker missing"] + 1
    model = row["models"][0]
    if rng.random() < 0.05:
        model, errors["model slip"] = model[:-1] + "8", errors["model slip"] + 1
    elif rng.random() < 0.15:
        model = ""
    return {
        "event_number": number,
        "kind": "found",
        "nuclides": row["nuclides"] if rng.random() < 0.9 else row["nuclides"][:1],
        "activities": activities,
        "manufacturers": [maker] if maker else [],
        "models": [model] if model else [],
        "serials": serials,
        "state": row["state"] if rng.random() < 0.6 else STATES[int(rng.integers(0, 50))],
        "date": day.isoformat(),
    }


def make_world(size: int, finds: int, *, seed: int, inside: float = 0.8) -> World:
    """Draw a register and finds, of which a share is of registered things."""
    rng = np.random.default_rng(seed)
    numbers = Numbers(size)
    register = [one_object(rng, f"R{n}", numbers) for n in range(size)]
    errors: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    truth: list[str | None] = []
    for n in range(finds):
        registered = rng.random() < inside
        row = register[int(rng.integers(0, size))] if registered else one_object(rng, "-", numbers)
        found.append(one_find(rng, row, f"F{n}", errors))
        truth.append(row["event_number"] if registered else None)
    return World(register, found, truth, errors)
