"""What is compared: a lost, found or registered thing, from a line of JSON."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.linkage.maker_mentions import maker_named, normal_model
from tocsin.linkage.serial_mentions import normal_serial
from tocsin.linkage.wording import clean
from tocsin.nuclear import parse_nuclide

MOST_VALUES = 200
"""Values read of one field."""

_LEGAL_FORM = re.compile(
    r"\b(?:INC|LLC|LLP|LTD|LP|CORP|CORPORATION|COMPANY|CO|THE|OF|AND|A|DEPT|DEPARTMENT)\b"
)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as a notice or a register describes it.

    Attributes
    ----------
    number : str
        Number of the notice or of the register's row.
    kind : str
        ``lost``, ``stolen``, ``found``, ``abandoned``, ``other``, or empty for a registered thing.
    serials : tuple of (str, str)
        Letters and digits of each serial, and what it belongs to.
    makers : tuple of (str, str)
        Canonical name and family.
    models : tuple of str
        Letters and digits of each model.
    nuclides : frozenset of str
        Canonical names.
    activities_Bq : tuple of (str, float)
        Nuclide and activity, on ``day``; the nuclide is empty where it is not known.
    device_types : tuple of str
        As ``find_device_types`` names them.
    day : int or None
        Ordinal of the day the description is of.
    town, state, holder, licence : str
        Where and whose; empty where unknown.
    measured_Bq : tuple of (str, float, float)
        Nuclide with the lower and the upper end of what an instrument measured from outside, as if
        nothing stood between; on ``day``.
    position : (float, float) or None
        Latitude and longitude in degrees.
    """

    number: str
    kind: str
    serials: tuple[tuple[str, str], ...]
    makers: tuple[tuple[str, str], ...]
    models: tuple[str, ...]
    nuclides: frozenset[str]
    activities_Bq: tuple[tuple[str, float], ...]
    device_types: tuple[str, ...]
    day: int | None
    town: str
    state: str
    holder: str
    licence: str
    measured_Bq: tuple[tuple[str, float, float], ...] = ()
    position: tuple[float, float] | None = None


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [i for i in items[:MOST_VALUES] if isinstance(i, str) and i.strip()]


def _nuclide(text: object) -> str:
    if isinstance(text, str):
        try:
            return parse_nuclide(text)
        except InvalidInput:
            return ""
    return ""


def _day(*values: object) -> int | None:
    for value in values:
        if isinstance(value, str):
            try:
                return dt.date.fromisoformat(value[:10]).toordinal()
            except ValueError:
                continue
    return None


def _serials(value: object) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for item in value[:MOST_VALUES] if isinstance(value, list) else []:
        text = item.get("value") if isinstance(item, Mapping) else item
        of = item.get("of", "unknown") if isinstance(item, Mapping) else "unknown"
        if isinstance(text, str | int) and not isinstance(text, bool):
            key = normal_serial(str(text))[:40]
            if len(key) > 1:
                found.setdefault(key, of if of in ("device", "source") else "unknown")
    return tuple(found.items())


def _activities(value: object) -> tuple[tuple[str, float], ...]:
    found: dict[tuple[str, float], None] = {}
    for item in value[:MOST_VALUES] if isinstance(value, list) else []:
        if isinstance(item, Mapping):
            amount = item.get("Bq")
            if isinstance(amount, int | float) and not isinstance(amount, bool):
                activity_Bq = float(amount) if abs(amount) < 1e300 else math.inf
                if 0.0 < activity_Bq < math.inf:
                    found[_nuclide(item.get("nuclide")), activity_Bq] = None
    return tuple(found)


def _measured(value: object) -> tuple[tuple[str, float, float], ...]:
    found: dict[str, tuple[str, float, float]] = {}
    for item in value[:MOST_VALUES] if isinstance(value, list) else []:
        if isinstance(item, Mapping) and (nuclide := _nuclide(item.get("nuclide"))):
            low, high = _positive(item.get("low_95_Bq")), _positive(item.get("high_95_Bq"))
            if 0.0 < low <= high:
                found[nuclide] = (nuclide, low, high)
    return tuple(found.values())


def _positive(value: object) -> float:
    """A number above zero; zero for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0.0 < value < 1e300 else 0.0


def _position(latitude: object, longitude: object) -> tuple[float, float] | None:
    for value, most in ((latitude, 90.0), (longitude, 180.0)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            return None
    return float(latitude), float(longitude)  # type: ignore[arg-type]


def read_thing(record: Mapping[str, Any]) -> Thing:
    """Read a line of ``tocsin notice --json`` or of a register export.

    Parameters
    ----------
    record : mapping
        ``event_number`` (or ``id``) is needed. Read where they are there: ``kind``, ``nuclides``,
        ``activities`` (``nuclide``, ``Bq``), ``activity_date``, ``manufacturers``, ``models``,
        ``serials`` (texts, or ``value`` with ``of``), ``device_types``, ``place``, ``state``,
        ``date``, ``reported``, ``holder``, ``licence``, ``latitude``, ``longitude``, and
        ``measured`` (``nuclide``, ``low_95_Bq``, ``high_95_Bq``): what an instrument saw from
        outside. A value of a wrong type counts as not given.

    Returns
    -------
    Thing
        With all spellings brought to one.

    Raises
    ------
    InvalidInput
        If the line has no number.
    """
    if not isinstance(record, Mapping):
        raise InvalidInput("a thing must be a JSON object")
    number = record.get("event_number", record.get("id"))
    if isinstance(number, bool) or not isinstance(number, int | str) or not str(number).strip():
        raise InvalidInput('"event_number" (or "id") is missing or neither a number nor a text')
    makers: dict[str, str] = {}
    for name in _texts(record.get("manufacturers")):
        maker = maker_named(name)
        plain = " ".join(name.upper().split())
        makers[maker.name if maker else plain] = maker.family if maker else plain
    activities = _activities(record.get("activities"))
    measured = _measured(record.get("measured"))
    named = {_nuclide(n) for n in _texts(record.get("nuclides"))}
    named |= {n for n, _ in activities} | {n for n, _, _ in measured}
    place = clean(str(record.get("place") or "")) if isinstance(record.get("place"), str) else ""
    town, _, after = place.rpartition(",")
    state = record.get("state") if isinstance(record.get("state"), str) else after
    holder = record.get("holder") if isinstance(record.get("holder"), str) else ""
    licence = record.get("licence") if isinstance(record.get("licence"), str) else ""
    kind = record.get("kind")
    return Thing(
        number=" ".join(clean(str(number)).split()),
        kind=kind if isinstance(kind, str) else "",
        serials=_serials(record.get("serials")),
        makers=tuple(makers.items()),
        models=tuple(dict.fromkeys(filter(None, map(normal_model, _texts(record.get("models")))))),
        nuclides=frozenset(n for n in named if n),
        activities_Bq=activities,
        device_types=tuple(_texts(record.get("device_types"))),
        day=_day(record.get("activity_date"), record.get("date"), record.get("reported")),
        town=" ".join((town or place).upper().split()) if "," in place else "",
        state=" ".join(str(state or "").upper().split()),
        holder=_holder_key(str(holder or "")),
        licence=normal_serial(str(licence or "")),
        measured_Bq=measured,
        position=_position(record.get("latitude"), record.get("longitude")),
    )


def _holder_key(name: str) -> str:
    """The telling words of a holder's name, in order of the alphabet."""
    plain = re.sub(r"[^A-Z0-9 ]", " ", name.upper().replace("&", " "))
    return " ".join(sorted(set(_LEGAL_FORM.sub(" ", plain).split())))
