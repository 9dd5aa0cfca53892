"""A case of dating: what is asked, read from JSON with strict checks.

The forms are described in ``docs/guide/forensics.md``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.errors import InvalidInput, NotFound
from tocsin.forensics.case_fields import Fields, load_json
from tocsin.forensics.chronometry_chain import find_chain
from tocsin.forensics.chronometry_measurement import (
    Amount,
    Amounts,
    Initial,
    Measurement,
    Ratio,
    SharedPart,
)
from tocsin.forensics.chronometry_units import KINDS, parse_unit
from tocsin.forensics.halflives import (
    HalfLife,
    HalfLifeSet,
    half_life_set,
    half_life_set_names,
    stated_half_life,
)
from tocsin.forensics.sealed_sources import (
    Estimate,
)
from tocsin.nuclear import load_library

CASE_SCHEMA = "tocsin.age-case/1"
MOST_CHRONOMETERS = 50

REALMS = ("LIVE", "EXERCISE", "SYNTHETIC", "PUBLIC")

_WHOLE = ("schema", "title", "realm", "note", "k", "half_lives", "measured_on")
_PAIR = ("parent", "daughter", "ratio", "amounts", "initial_daughter", "measured_on", "note")
_UNCERTAINTY = ("standard_uncertainty", "expanded_uncertainty", "k")


@dataclass(frozen=True, slots=True)
class SealedSource:
    """A sealed source of a case.

    Attributes
    ----------
    nuclide : str
        Canonical name.
    activity_Bq : Estimate
        Activity on the reference date.
    candidates_Bq : mapping of str to Estimate
        Activities it may have had when new.
    pairs : tuple of (str, str, Estimate, Estimate)
        Two nuclides, their activity ratio now and at the start.
    measured_on : date or None
        Reference date.
    """

    nuclide: str
    activity_Bq: Estimate
    candidates_Bq: Mapping[str, Estimate]
    pairs: tuple[tuple[str, str, Estimate, Estimate], ...]
    measured_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Case:
    """What a case asks.

    Attributes
    ----------
    title : str
        Of the case; empty where none is given.
    realm : str
        ``LIVE``, ``EXERCISE``, ``SYNTHETIC`` or ``PUBLIC``.
    chronometers : tuple of Measurement
        Perhaps none.
    source : SealedSource or None
        Perhaps none; one of both is there.
    half_lives : HalfLifeSet
        Chosen set, with the values that the case states.
    k : float
        Coverage factor.
    listed : bool
        Whether the answer is a list with a concordance, not a single age.
    """

    title: str
    realm: str
    chronometers: tuple[Measurement, ...]
    source: SealedSource | None
    half_lives: HalfLifeSet
    k: float
    listed: bool


def read_case(text: str, *, file: str = "", today: dt.date | None = None) -> Case:
    """Read a case from JSON.

    Parameters
    ----------
    text : str
        One object, or a list of chronometers.
    file : str
        Name for messages.
    today : date, optional
        Reference dates after it are refused.

    Returns
    -------
    Case

    Raises
    ------
    ParseError
        If the text is no JSON, holds a key twice, NaN or infinity.
    InvalidInput, NotFound
        If a value is missing, out of range or unknown; the message begins with its place.
    """
    document = load_json(text, file=file)
    if isinstance(document, list):
        document = {"chronometers": document}
    single = isinstance(document, dict) and "chronometers" not in document
    allowed = [*_WHOLE, "chronometers", "sealed_source"]
    whole = Fields(document, "", [*allowed, *_PAIR] if single else allowed)
    if whole.has("schema"):
        whole.choice("schema", (CASE_SCHEMA,))
    measured_on = whole.date("measured_on", today=today)
    found: list[Measurement] = []
    if not single:
        entries = whole.items("chronometers")
        if len(entries) > MOST_CHRONOMETERS:
            raise InvalidInput(f"chronometers: more than {MOST_CHRONOMETERS} in one case")
        for i, entry in enumerate(entries):
            fields = Fields(entry, f"chronometers[{i}]", _PAIR)
            found.append(_chronometer(fields, measured_on, today))
    elif any(whole.has(key) for key in ("parent", "daughter", "ratio", "amounts")):
        found.append(_chronometer(whole, measured_on, today))
    source = None
    if whole.has("sealed_source"):
        source = _sealed_source(whole.raw("sealed_source"), measured_on, today)
    if not found and source is None:
        raise InvalidInput(
            "the case holds nothing to date: state parent, daughter and ratio, or chronometers, "
            "or sealed_source"
        )
    return Case(
        title=whole.text("title", default=""),
        realm=whole.choice("realm", REALMS) if whole.has("realm") else "LIVE",
        chronometers=tuple(found),
        source=source,
        half_lives=_half_lives(whole),
        k=whole.number("k", default=2.0, least=1.0, most=5.0),
        listed=not single,
    )


@contextlib.contextmanager
def _placed(place: str) -> Iterator[None]:
    """Errors of the science with the place in the case that they come from."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(f"{place}: {error}" if place else str(error)) from None
    except NotFound as error:
        raise NotFound(f"{place}: {error}" if place else str(error)) from None


def _chronometer(fields: Fields, measured_on: dt.date | None, today: dt.date | None) -> Measurement:
    parent = fields.text("parent", limit=32)
    daughter = fields.text("daughter", limit=32)
    with _placed(fields.at("daughter")):
        chain = find_chain(parent, daughter)
    if fields.has("ratio") == fields.has("amounts"):
        raise InvalidInput(f"{fields.at('ratio')}: state either ratio or amounts")
    measured: Ratio | Amounts
    measured = _ratio(fields) if fields.has("ratio") else _amounts(fields)
    return Measurement(
        parent=chain.parent,
        daughter=chain.daughter,
        measured=measured,
        measured_on=fields.date("measured_on", today=today) or measured_on,
        initial=_initial(fields),
    )


def _sigma(fields: Fields) -> float:
    """Standard uncertainty, stated as such or as an expanded one with its k; zero for none."""
    if fields.has("expanded_uncertainty"):
        if fields.has("standard_uncertainty"):
            place = fields.at("expanded_uncertainty")
            raise InvalidInput(f"{place}: state the standard or the expanded uncertainty, not both")
        k = fields.number("k", least=1.0, most=5.0)
        return fields.number("expanded_uncertainty", least=0.0) / k
    if fields.has("k"):
        raise InvalidInput(f"{fields.at('k')}: k belongs to an expanded_uncertainty")
    return fields.number("standard_uncertainty", default=0.0, least=0.0)


def _ratio(owner: Fields) -> Ratio:
    allowed = ("value", *_UNCERTAINTY, "kind", "less_than", "shared")
    fields = Fields(owner.raw("ratio"), owner.at("ratio"), allowed)
    shared = []
    if fields.has("shared"):
        for i, entry in enumerate(fields.items("shared")):
            place = f"{fields.at('shared')}[{i}]"
            part = Fields(entry, place, ("name", "relative_standard_uncertainty"))
            name = part.text("name", limit=80)
            shared.append(SharedPart(name, part.number("relative_standard_uncertainty")))
        if len({p.name for p in shared}) < len(shared):
            raise InvalidInput(f"{fields.at('shared')}: a name stands twice")
    value = fields.number("value")
    kind = fields.choice("kind", KINDS)
    sigma = _sigma(fields)
    with _placed(fields.place):
        return Ratio(value, sigma, kind, fields.flag("less_than"), tuple(shared))


def _amounts(owner: Fields) -> Amounts:
    allowed = ("daughter", "parent", "correlation")
    fields = Fields(owner.raw("amounts"), owner.at("amounts"), allowed)
    daughter, parent = _amount(fields, "daughter"), _amount(fields, "parent")
    correlation = fields.number("correlation", default=0.0, least=-1.0, most=1.0)
    with _placed(fields.place):
        return Amounts(daughter, parent, correlation)


def _amount(owner: Fields, key: str) -> Amount:
    allowed = ("value", *_UNCERTAINTY, "unit", "less_than")
    fields = Fields(owner.need(key, "an amount is expected"), owner.at(key), allowed)
    with _placed(fields.at("unit")):
        unit = parse_unit(fields.text("unit", limit=30))
    value, sigma = fields.number("value"), _sigma(fields)
    with _placed(fields.place):
        return Amount(value, sigma, unit, fields.flag("less_than"))


def _initial(owner: Fields) -> Initial | None:
    if not owner.has("initial_daughter"):
        return None
    if not isinstance(owner.raw("initial_daughter"), dict):
        return Initial(owner.number("initial_daughter", least=0.0))
    place = owner.at("initial_daughter")
    fields = Fields(owner.raw("initial_daughter"), place, ("value", *_UNCERTAINTY))
    return Initial(fields.number("value", least=0.0), _sigma(fields))


def _half_lives(whole: Fields) -> HalfLifeSet:
    raw = whole.raw("half_lives")
    if raw is None:
        return half_life_set()
    if isinstance(raw, str):
        return half_life_set(whole.choice("half_lives", half_life_set_names()))
    fields = Fields(raw, "half_lives", ("set", "override"))
    name = fields.choice("set", half_life_set_names()) if fields.has("set") else None
    return half_life_set(name).overridden(_overrides(fields))


def _overrides(owner: Fields) -> dict[str, HalfLife]:
    raw = owner.raw("override") or {}
    place = owner.at("override")
    if not isinstance(raw, dict):
        raise InvalidInput(f"{place}: an object with nuclides as keys is expected")
    found: dict[str, HalfLife] = {}
    for written, entry in raw.items():
        with _placed(place):
            nuclide = load_library()[written].name
        allowed = ("value_y", "standard_uncertainty_y", "source")
        fields = Fields(entry, f"{place}.{nuclide}", allowed)
        if nuclide in found:
            raise InvalidInput(f"{place}.{nuclide}: given twice")
        found[nuclide] = stated_half_life(
            nuclide,
            fields.number("value_y", above=0.0),
            fields.number("standard_uncertainty_y", least=0.0),
            source=fields.text("source"),
        )
    return found


def _sealed_source(raw: object, measured_on: dt.date | None, today: dt.date | None) -> SealedSource:
    allowed = ("nuclide", "activity", "candidates", "pairs", "measured_on")
    fields = Fields(raw, "sealed_source", allowed)
    with _placed(fields.at("nuclide")):
        nuclide = load_library()[fields.text("nuclide", limit=32)].name
    candidates: dict[str, Estimate] = {}
    if fields.has("candidates"):
        for i, entry in enumerate(fields.items("candidates")):
            place = f"{fields.at('candidates')}[{i}]"
            one = Fields(entry, place, ("label", "activity"))
            label = one.text("label", limit=120)
            if label in candidates:
                raise InvalidInput(f"{one.at('label')}: {label!r} stands twice")
            candidates[label] = _activity(one, "activity")
    pairs = []
    if fields.has("pairs"):
        for i, entry in enumerate(fields.items("pairs")):
            pairs.append(_pair(Fields(entry, f"{fields.at('pairs')}[{i}]", _PAIR_KEYS)))
    return SealedSource(
        nuclide=nuclide,
        activity_Bq=_activity(fields, "activity"),
        candidates_Bq=candidates,
        pairs=tuple(pairs),
        measured_on=fields.date("measured_on", today=today) or measured_on,
    )


_PAIR_KEYS = ("first", "second", "activity_ratio", "initial_activity_ratio")


def _pair(fields: Fields) -> tuple[str, str, Estimate, Estimate]:
    names = []
    for key in ("first", "second"):
        with _placed(fields.at(key)):
            names.append(load_library()[fields.text(key, limit=32)].name)
    values = []
    for key in ("activity_ratio", "initial_activity_ratio"):
        one = Fields(
            fields.need(key, "a ratio is expected"), fields.at(key), ("value", *_UNCERTAINTY)
        )
        values.append(Estimate(one.number("value", above=0.0), _sigma(one)))
    return names[0], names[1], values[0], values[1]


def _activity(owner: Fields, key: str) -> Estimate:
    allowed = ("value", *_UNCERTAINTY, "unit")
    fields = Fields(owner.need(key, "an activity is expected"), owner.at(key), allowed)
    with _placed(fields.at("unit")):
        unit = parse_unit(fields.text("unit", limit=30))
    if unit.kind != "activity" or unit.per:
        raise InvalidInput(f"{fields.at('unit')}: a unit of activity such as Bq, TBq or mCi")
    value, sigma = fields.number("value", above=0.0), _sigma(fields)
    return Estimate(value * unit.factor, sigma * unit.factor)
