"""What a device says of an encounter, taken apart and put together again from known parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.errors import ParseError
from tocsin.nuclear.classes import GRAVITY

STAGES = ("opened", "standing", "closed")
MOST_NUCLIDES = 20
_MOST_RECORD = 1 << 40


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a detector.

    Attributes
    ----------
    stage : str
        ``opened``, ``standing`` or ``closed``.
    encounter : int
        Its number in the survey, from 1.
    values : dict
        Of ``tocsin.analysis/1``; empty for ``opened``.
    instrument : str
    realm : str
        What the records say of themselves.
    versions : dict
    """

    stage: str
    encounter: int
    values: dict[str, Any]
    instrument: str
    realm: str
    versions: dict[str, str]


def read_said(given: Mapping[str, Any]) -> Said:
    """Check a message and keep what is known of it.

    Raises
    ------
    ParseError
        When a part is missing or is not what it must be.
    """
    try:
        stage = given["stage"]
        if stage not in STAGES:
            raise ValueError("stage")
        versions = given["versions"]
        return Said(
            stage=stage,
            encounter=_whole(given["number"], least=1, most=1 << 30),
            values={} if stage == "opened" else _encounter(given["encounter"]),
            instrument=_text(given["instrument"], 200),
            realm=_text(given["realm"], 9),
            versions={_text(k, 40): _text(v, 80) for k, v in list(versions.items())[:8]},
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ParseError("what the detector says is not in the form it must have") from error


def _encounter(given: Mapping[str, Any]) -> dict[str, Any]:
    if given["class"] not in GRAVITY:
        raise ValueError("class")
    first = _whole(given["first_record"])
    last = _whole(given["last_record"], least=first)
    return {
        "first_record": first,
        "last_record": last,
        "peak_record": _whole(given["peak_record"]),
        "start": _moment(given["start"]),
        "end": _moment(given["end"]),
        "statistic": _number(given["statistic"]),
        "threshold": _number(given["threshold"]),
        "false_alarm_rate_per_h": _maybe(given["false_alarm_rate_per_h"]),
        "neutron": _truth(given["neutron"]),
        "dose_rate_uSv_h": _maybe(given["dose_rate_uSv_h"]),
        "class": given["class"],
        "nuclear_material": _truth(given["nuclear_material"]),
        "nuclides": [_nuclide(n) for n in given["nuclides"][:MOST_NUCLIDES]],
        "position": _position(given["position"]),
        "activity_Bq": None,
    }


def _nuclide(given: Mapping[str, Any]) -> dict[str, Any]:
    if given["class"] not in GRAVITY:
        raise ValueError("class")
    return {
        "name": _text(given["name"], 40),
        "class": given["class"],
        "confidence": _number(given["confidence"], 0.0, 1.0),
        "evidence": _text(given["evidence"], 400),
    }


def _position(given: Mapping[str, Any] | None) -> dict[str, float | None] | None:
    if given is None:
        return None
    return {
        "latitude": _number(given["latitude"], -90.0, 90.0),
        "longitude": _number(given["longitude"], -180.0, 180.0),
        "radius_m_95": _maybe(given["radius_m_95"]),
    }


def _whole(value: object, least: int = 0, most: int = _MOST_RECORD) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError("no whole number in range")
    return value


def _number(value: object, low: float = -1e15, high: float = 1e15) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError("out of range")
    return float(value)


def _maybe(value: object) -> float | None:
    return None if value is None else _number(value)


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def _text(value: object, most: int) -> str:
    """A text of one line; control characters have no place in it."""
    if not isinstance(value, str):
        raise ValueError("no text")
    return "".join(c if c.isprintable() else " " for c in value)[:most]


def _moment(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("no time")
    return datetime.fromisoformat(value).isoformat()
