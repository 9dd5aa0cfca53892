"""What is wrong with a detector file: what, where, and what to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tocsin.detectors.attenuation import material_names

SCHEMA = "tocsin.detector-model/1"
VACUUM = "vacuum"
PARTS = (
    "dead layer",
    "reflector",
    "gap",
    "light guide",
    "can",
    "window",
    "photomultiplier",
    "housing",
)
CRYSTALS = ("NaI", "CsI", "LaBr3", "CeBr3", "Ge", "CZT")
STATES = ("measured", "read", "recalled", "assumed", "unknown")
ELECTRONICS = ("threshold_keV", "dead_time_us", "pile_up_us", "gain_drift")
INTRINSIC = ("La-138",)
LARGEST_CM = 200.0
LARGEST_DENSITY_G_CM3 = 25.0
NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where in the file, what, and what to do."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.remedy}"


class _Check:
    """Walks through a decoded file and notes every problem."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, where: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(where or "the file", what, remedy))

    def members(
        self, value: Any, where: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        """The object itself, or an empty one; says which members are missing or unknown."""
        if not isinstance(value, dict):
            self.say(where, f"is {_kind(value)}, not an object", "write { ... }")
            return {}
        for name in needed:
            if name not in value:
                self.say(_at(where, name), "is missing", "add it")
        for name in value:
            if name not in needed and name not in optional:
                known = ", ".join((*needed, *optional))
                self.say(_at(where, name), "is not known", f"remove it; known are {known}")
        return value

    def text(self, owner: Mapping[str, Any], where: str, name: str) -> str:
        value = owner.get(name)
        if name not in owner:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.say(_at(where, name), f"is {_kind(value)}, not a text", "write words in quotes")
            return ""
        return value

    def one_of(
        self, owner: Mapping[str, Any], where: str, name: str, allowed: tuple[str, ...]
    ) -> str:
        value = self.text(owner, where, name)
        if value and value not in allowed:
            self.say(_at(where, name), f"is {value!r}", f"use one of {', '.join(allowed)}")
            return ""
        return value

    def number(
        self,
        owner: Mapping[str, Any],
        where: str,
        name: str,
        *,
        low: float = 0.0,
        high: float = math.inf,
        above: bool = False,
    ) -> float | None:
        if name not in owner:
            return None
        return self.value(owner[name], _at(where, name), low=low, high=high, above=above)

    def value(
        self, value: Any, where: str, *, low: float, high: float, above: bool
    ) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.say(where, f"is {_kind(value)}, not a number", "write a number without quotes")
            return None
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        too_low = number <= low if above else number < low
        if not math.isfinite(number) or too_low or number > high:
            edge = f"above {low:g}" if above else f"of at least {low:g}"
            upper = f" and at most {high:g}" if math.isfinite(high) else ""
            self.say(where, f"is {value}", f"write a number {edge}{upper}")
            return None
        return number

    def provenance(self, owner: Mapping[str, Any], where: str) -> str:
        self.text(owner, where, "source")
        return self.one_of(owner, where, "verification", STATES)


def problems_of(document: Any) -> tuple[Problem, ...]:
    """Everything that is wrong with a decoded detector file; empty where it is right.

    The same rules stand as a JSON Schema in ``data/models/detector-model.schema.json``; what a
    schema cannot say (materials that Tocsin holds, a bore inside its crystal) is checked here only.
    """
    check = _Check()
    top = check.members(
        document,
        "",
        (
            "schema",
            "name",
            "title",
            "crystal",
            "layers",
            "resolution",
            "non_proportionality",
            "electronics",
            "checked_by",
        ),
        ("intrinsic",),
    )
    if not top:
        return tuple(check.problems)
    check.one_of(top, "", "schema", (SCHEMA,))
    name = check.text(top, "", "name")
    if name and not set(name) <= NAME_SIGNS:
        check.say("name", f"is {name!r}", "use small letters, digits, points, dashes")
    check.text(top, "", "title")
    check.one_of(top, "", "intrinsic", INTRINSIC)
    parts: dict[str, Callable[[_Check, Any], None]] = {
        "crystal": _crystal,
        "layers": _layers,
        "resolution": _resolution,
        "non_proportionality": _light,
        "electronics": _electronics,
        "checked_by": _checked_by,
    }
    for part, look in parts.items():
        if part in top:
            look(check, top[part])
    return tuple(check.problems)


def _crystal(check: _Check, value: Any) -> None:
    where = "crystal"
    shape = value.get("shape") if isinstance(value, dict) else None
    sizes = ("width_cm", "height_cm") if shape == "box" else ("diameter_cm",)
    crystal = check.members(
        value,
        where,
        (
            "material",
            "shape",
            *sizes,
            "depth_cm",
            "relative_uncertainty",
            "source",
            "verification",
        ),
        () if shape == "box" else ("bore",),
    )
    check.one_of(crystal, where, "shape", ("cylinder", "box"))
    check.one_of(crystal, where, "material", CRYSTALS)
    lengths = {
        size: check.number(crystal, where, size, high=LARGEST_CM, above=True)
        for size in (*sizes, "depth_cm")
    }
    check.number(crystal, where, "relative_uncertainty", high=1.0)
    check.provenance(crystal, where)
    if "bore" not in crystal or shape == "box":
        return
    at = "crystal.bore"
    bore = check.members(crystal["bore"], at, ("diameter_cm", "depth_cm"))
    for size in ("diameter_cm", "depth_cm"):
        inner = check.number(bore, at, size, above=True)
        outer = lengths.get(size)
        if inner is not None and outer is not None and inner >= outer:
            text = f"is {inner:g}, not smaller than the crystal ({outer:g})"
            check.say(_at(at, size), text, "a bore lies inside its crystal")


def _layers(check: _Check, value: Any) -> None:
    if not isinstance(value, list):
        check.say("layers", f"is {_kind(value)}, not a list", "write [ ... ], inside out")
        return
    thick = ("front_cm", "side_cm", "back_cm")
    needed = ("part", "material", *thick, "relative_uncertainty", "source", "verification")
    for number, entry in enumerate(value):
        where = f"layers[{number}]"
        layer = check.members(entry, where, needed, ("density_g_cm3",))
        check.one_of(layer, where, "part", PARTS)
        check.one_of(layer, where, "material", (VACUUM, *material_names()))
        for name in thick:
            check.number(layer, where, name, high=LARGEST_CM)
        check.number(layer, where, "density_g_cm3", high=LARGEST_DENSITY_G_CM3, above=True)
        check.number(layer, where, "relative_uncertainty", high=1.0)
        check.provenance(layer, where)
        if layer.get("material") == VACUUM and "density_g_cm3" in layer:
            check.say(_at(where, "density_g_cm3"), "stands at a vacuum", "remove it")


def _resolution(check: _Check, value: Any) -> None:
    where = "resolution"
    terms = ("a_keV2", "b_keV", "c")
    width = check.members(value, where, (*terms, "source", "verification"))
    read = [check.number(width, where, name) for name in terms]
    check.provenance(width, where)
    if all(term == 0.0 for term in read):
        check.say(where, "all terms are zero", "FWHM = sqrt(a + b E + c E^2) must be positive")


def _light(check: _Check, value: Any) -> None:
    where = "non_proportionality"
    told = ("source", "verification")
    table = ("energies_keV", "relative_light")
    known = isinstance(value, dict) and any(name in value for name in table)
    light = check.members(value, where, (*table, *told) if known else told, ())
    state = check.provenance(light, where)
    if not known:
        if state and state != "unknown":
            text = f"is {state!r}, and there is no table"
            check.say(_at(where, "verification"), text, "write unknown, or add the table")
        return
    if state == "unknown":
        check.say(_at(where, "verification"), "is unknown beside a table", "say what it is")
    columns = []
    for name in table:
        column = light.get(name)
        if not isinstance(column, list) or len(column) < 2:
            check.say(_at(where, name), "is no list of two numbers or more", "write [ ... ]")
            continue
        columns.append(
            [
                check.value(v, f"{where}.{name}[{i}]", low=0.0, high=math.inf, above=True)
                for i, v in enumerate(column)
            ]
        )
    if len(columns) != len(table) or any(v is None for column in columns for v in column):
        return
    energies = [v for v in columns[0] if v is not None]
    if len(columns[0]) != len(columns[1]):
        text = f"holds {len(columns[1])} numbers for {len(columns[0])} energies"
        check.say(_at(where, "relative_light"), text, "one for each energy")
    if energies != sorted(set(energies)):
        check.say(_at(where, "energies_keV"), "do not rise", "sort them; each energy once")
        return
    lights = [v for v in columns[1] if v is not None]
    for low, high in pairwise(zip(energies, lights, strict=False)):
        # light per keV is straight in the logarithm: d(E r)/dE = r + dr/d(ln E)
        slope = (high[1] - low[1]) / math.log(high[0] / low[0])
        if min(low[1], high[1]) + slope <= 0:
            text = (
                f"falls so fast from {low[0]:g} to {high[0]:g} keV that more energy is less light"
            )
            check.say(_at(where, "relative_light"), text, "give light per keV, not light")


def _electronics(check: _Check, value: Any) -> None:
    where = "electronics"
    known = check.members(value, where, ELECTRONICS)
    for name in ELECTRONICS:
        if name not in known:
            continue
        at = _at(where, name)
        stated = check.members(known[name], at, ("value", "source", "verification"))
        state = check.provenance(stated, at)
        if "value" not in stated:
            continue
        if stated["value"] is None:
            if state and state != "unknown":
                text = f"is {state!r}, and there is no value"
                check.say(_at(at, "verification"), text, "write unknown and why in source")
            continue
        check.number(stated, at, "value", high=1.0 if name == "gain_drift" else math.inf)
        if state == "unknown":
            check.say(_at(at, "verification"), "is unknown beside a value", "say what it is")


def _checked_by(check: _Check, value: Any) -> None:
    if not isinstance(value, list):
        check.say("checked_by", f"is {_kind(value)}, not a list", "write [ ] where there is none")
        return
    for number, entry in enumerate(value):
        if not isinstance(entry, str) or not entry.strip():
            at = f"checked_by[{number}]"
            check.say(at, f"is {_kind(entry)}, not a text", "write words in quotes")


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _kind(value: Any) -> str:
    kinds = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "an empty text" if isinstance(value, str) and not value.strip() else "a text",
        list: "a list",
        dict: "an object",
        type(None): "null",
    }
    return kinds.get(type(value), "of another kind")
