"""Configuration of the alarm machine: timers, action levels, codes of reasons; data with a source.

Every value carries where it comes from and whether that was read. A State replaces the file by its
own; what has no cited basis is a default and is shown as one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.server.alarms.facts import Kind, Role

SCHEMA = "tocsin.alarm-configuration/1"
VERIFICATIONS = ("read", "default", "unverified")
STAGE_NAMES = ("ACK", "PRIMARY", "SECONDARY", "EXPERT")


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a value comes from: a cited text that was read, a default, or an unverified claim."""

    source: str
    verification: str
    url: str = ""

    @property
    def cited(self) -> bool:
        """True where a text that gives the value was read."""
        return self.verification == "read"


@dataclass(frozen=True, slots=True)
class Timer:
    """Time a stage may take before the next role is called, in minutes."""

    name: str
    limit_min: float
    responsible: Role
    basis: Basis


@dataclass(frozen=True, slots=True)
class ActionLevels:
    """Levels at which an alarm becomes an event at once.

    Parameters
    ----------
    dose_rate_uSv_h : float
        Ambient dose rate from which on people are kept away.
    neutron_alarm : bool
        Every neutron alarm of an instrument counts.
    """

    dose_rate_uSv_h: float
    neutron_alarm: bool
    dose_rate_basis: Basis
    neutron_basis: Basis


@dataclass(frozen=True, slots=True)
class Reason:
    """A code that a person chooses, with its text in each language."""

    code: str
    kinds: frozenset[Kind]
    title: Mapping[str, str]
    """Language code to text; ``en`` is always there."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a State sets for its alarms."""

    timers: Mapping[str, Timer]
    levels: ActionLevels
    reasons: Mapping[str, Reason]
    guidance: tuple[tuple[str, Basis], ...] = ()
    """Lines shown on the response sheet, each with its source."""

    def reasons_for(self, kind: Kind) -> tuple[str, ...]:
        """Codes that may be given with one kind of event, in the order of the file."""
        return tuple(code for code, reason in self.reasons.items() if kind in reason.kinds)


def _basis(data: Mapping[str, Any], where: str) -> Basis:
    basis = Basis(data["source"], data["verification"], data.get("url", ""))
    if basis.verification not in VERIFICATIONS:
        raise InvalidInput(f"{where}: verification must be one of {', '.join(VERIFICATIONS)}")
    if not basis.source:
        raise InvalidInput(f"{where}: a source is needed")
    return basis


def parse(text: str) -> Configuration:
    """Read a configuration from JSON.

    Raises
    ------
    InvalidInput
        The schema is another one, a timer is missing or not positive, a level is not positive, a
        value has no source, or a code names an unknown kind of event.
    """
    data = json.loads(text)
    if data.get("schema") != SCHEMA:
        raise InvalidInput(f"alarm configuration: schema must be {SCHEMA}")
    timers = {}
    for row in data["timers"]:
        name = row["name"]
        if not row["limit_min"] > 0:
            raise InvalidInput(f"timer {name}: limit_min must be above zero; a timer is never off")
        timers[name] = Timer(
            name, float(row["limit_min"]), Role(row["responsible"]), _basis(row, f"timer {name}")
        )
    if missing := [name for name in STAGE_NAMES if name not in timers]:
        raise InvalidInput(f"alarm configuration: timers {', '.join(missing)} are missing")
    dose, neutron = data["action_levels"]["dose_rate_uSv_h"], data["action_levels"]["neutron"]
    if not dose["value"] > 0:
        raise InvalidInput("action level dose_rate_uSv_h must be above zero")
    if neutron["value"] != "any neutron alarm of the instrument":
        raise InvalidInput("action level neutron: only 'any neutron alarm of the instrument'")
    levels = ActionLevels(
        float(dose["value"]),
        True,
        _basis(dose, "action level dose_rate_uSv_h"),
        _basis(neutron, "action level neutron"),
    )
    reasons = {}
    for row in data["reasons"]:
        kinds = frozenset(Kind(kind) for kind in row["kinds"])
        reasons[row["code"]] = Reason(row["code"], kinds, dict(row["title"]))
    guidance = tuple((row["text"], _basis(row, "guidance")) for row in data["guidance"])
    return Configuration(timers, levels, reasons, guidance)


def load(path: Path | None = None) -> Configuration:
    """The configuration of a file, or the shipped one."""
    if path is not None:
        return parse(path.read_text(encoding="utf-8"))
    return _shipped()


@lru_cache(maxsize=1)
def _shipped() -> Configuration:
    text = files("tocsin.server.alarms").joinpath("data/configuration.json").read_text("utf-8")
    return parse(text)
