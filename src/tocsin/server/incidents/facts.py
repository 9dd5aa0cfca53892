"""What can be stated of an incident and of an object: the fields, and what a value may be.

No database here. A field that is not in this file cannot be stated.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import gravest, parse_nuclide, primary_class
from tocsin.server.incidents.groups import groups
from tocsin.server.typed import plain

COARSE_DIGITS = 1
"""Places are kept to a tenth of a degree, some 10 km: an exact one is nowhere in an incident."""
MOST_VALUES = 20
"""Serial numbers or nuclides of one object."""
LONGEST_TEXT = 4000
LONGEST_SHORT = 200
LONGEST_SERIAL = 100
EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
"""Bounds that only a slip of the pen crosses; between them every reckoning with days stays
possible."""


class IncidentKind(models.TextChoices):
    """What happened."""

    THEFT = "theft", gettext_lazy("theft")
    LOSS = "loss", gettext_lazy("loss")
    POSSESSION = "possession", gettext_lazy("unauthorised possession")
    SALE = "sale", gettext_lazy("sale or offer")
    DISPOSAL = "disposal", gettext_lazy("unauthorised disposal")
    DETECTION = "detection", gettext_lazy("detection at a border or in scrap")
    FIND = "find", gettext_lazy("find")
    SABOTAGE = "sabotage", gettext_lazy("sabotage")
    SCAM = "scam", gettext_lazy("scam")
    ATTEMPT = "attempt", gettext_lazy("failed attempt")
    OTHER = "other", gettext_lazy("other")


class Standing(models.TextChoices):
    """How far an incident is established, and by whom: each is a statement with its author."""

    CLAIMED = "claimed", gettext_lazy("claimed")
    NOTIFIED = "notified", gettext_lazy("notified")
    CONFIRMED = "confirmed", gettext_lazy("confirmed")
    DENIED = "denied", gettext_lazy("denied")
    AMENDED = "amended", gettext_lazy("amended")
    WITHDRAWN = "withdrawn", gettext_lazy("withdrawn")


class Share(models.TextChoices):
    """How much came back."""

    ALL = "all", gettext_lazy("all of it")
    PART = "part", gettext_lazy("a part")
    NONE = "none", gettext_lazy("nothing")


class ObjectKind(models.TextChoices):
    """What an object is."""

    SOURCE = "source", gettext_lazy("sealed source")
    DEVICE = "device", gettext_lazy("device with a source")
    NUCLEAR = "nuclear", gettext_lazy("nuclear material")
    OTHER_MATERIAL = "material", gettext_lazy("other radioactive material")
    CONTAMINATED = "contaminated", gettext_lazy("contaminated item")
    NOT_RADIOACTIVE = "benign", gettext_lazy("not radioactive, offered as such")
    UNKNOWN = "unknown", gettext_lazy("not known")


class Channel(models.TextChoices):
    """By which way a report came."""

    PERSON = "person", gettext_lazy("person")
    ORGANISATION = "organisation", gettext_lazy("organisation")
    ALARM = "alarm", gettext_lazy("alarm of an instrument")
    REGISTER = "register", gettext_lazy("register")
    INFORMATION = "information", gettext_lazy("information alert")
    WEB = "web", gettext_lazy("web form")
    IMPORT = "import", gettext_lazy("import of a table or of public notices")
    HAND = "hand", gettext_lazy("entered by hand")


class Reliability(models.TextChoices):
    """How much a report is worth, as its recipient judges it."""

    MEASURED = "measured", gettext_lazy("measured or seen by the authority itself")
    RELIABLE = "reliable", gettext_lazy("from a reliable origin")
    UNSURE = "unsure", gettext_lazy("from an origin that is not always right")
    DOUBTFUL = "doubtful", gettext_lazy("doubtful")
    UNJUDGED = "unjudged", gettext_lazy("not judged")


class Audience(models.TextChoices):
    """Who may be told, narrowest first: each holds those before it."""

    PRIVATE = "private", gettext_lazy("private: the own authority and whom it lets see")
    PARTNERS = "partners", gettext_lazy("partners: States and organisations that take part")
    PUBLIC = "public", gettext_lazy("public")


Check = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """Something that can be stated.

    Parameters
    ----------
    label : str
    check : callable
        Gives the value as it is kept, or raises ``InvalidInput``.
    """

    label: str | Promise
    check: Check


def _short(value: Any) -> str:
    return _text(value, LONGEST_SHORT)


def _long(value: Any) -> str:
    return _text(value, LONGEST_TEXT)


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise InvalidInput(_("a text is needed"))
    text = plain(value)
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InvalidInput(_("half a sign is in it, which no file can hold"))
    if len(text) > most:
        raise InvalidInput(_("longer than {n} characters").format(n=most))
    return text


def _one_of(choices: type[models.TextChoices]) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices.values:
            raise InvalidInput(_("“{text}” is not one of those to choose").format(text=value))
        return str(value)

    return check


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(_("yes or no is needed"))
    return value


def _group(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != {"edition", "group"}:
        raise InvalidInput(_("a group is stated with the edition of its definition"))
    edition, code = (_short(value[name]) for name in ("edition", "group"))
    if (edition, code) not in groups():
        raise InvalidInput(_("this edition of the definitions has no such group"))
    return {"edition": edition, "group": code}


def _country(value: Any) -> str:
    text = _text(value, 2).upper()
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise InvalidInput(_("a country has two letters, as in FR"))
    return text


def _position(value: Any) -> list[float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidInput(_("latitude and longitude belong together"))
    found = [_number(part) for part in value]
    if abs(found[0]) > 90.0 or abs(found[1]) > 180.0:
        raise InvalidInput(_("latitude or longitude cannot be"))
    return [round(part, COARSE_DIGITS) for part in found]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(_("a number is needed"))
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InvalidInput(_("a number is needed"))
    return found


def _positive(value: Any) -> float:
    found = _number(value)
    if found <= 0.0:
        raise InvalidInput(_("must be more than zero"))
    return found


def _percent(value: Any) -> float:
    found = _number(value)
    if not 0.0 <= found <= 100.0:
        raise InvalidInput(_("a share lies between 0 and 100 percent"))
    return found


def _moment(value: Any) -> str:
    try:
        found = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput(_("a date is written as 2026-01-31")) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.UTC)
    if found < EARLIEST:
        raise InvalidInput(_("this is too long ago"))
    if found >= LATEST:
        raise InvalidInput(_("this is too far ahead"))
    return found.astimezone(dt.UTC).isoformat()


def _interval(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != {"from", "to"}:
        raise InvalidInput(_("a time is stated as an interval"))
    start, end = _moment(value["from"]), _moment(value["to"])
    if start > end:
        raise InvalidInput(_("the end lies before the beginning"))
    return {"from": start, "to": end}


def _day(value: Any) -> str:
    try:
        found = dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput(_("a date is written as 2026-01-31")) from None
    if not EARLIEST.date() <= found < LATEST.date():
        raise InvalidInput(_("a day lies between 1900 and 2200"))
    return found.isoformat()


def _recovery(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"share"} <= set(value) <= {"share", "on", "where"}:
        raise InvalidInput(_("say how much came back"))
    share = _one_of(Share)(value["share"])
    day = _day(value["on"]) if value.get("on") else None
    return {"share": share, "on": day, "where": _short(value.get("where") or "")}


def _serials(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise InvalidInput(_("a list of serial numbers is needed"))
    found = []
    for item in value:
        of = item.get("of", "unknown") if isinstance(item, dict) else "unknown"
        text = _text(item.get("value") if isinstance(item, dict) else item, LONGEST_SERIAL)
        if not isinstance(of, str) or of not in {"source", "device", "unknown"}:
            raise InvalidInput(_("a serial number is of the source or of the device"))
        if text:
            found.append({"value": text, "of": of})
    return found


def _contents(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise InvalidInput(_("a list of nuclides is needed"))
    found = []
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("nuclide"), str):
            raise InvalidInput(_("each nuclide needs its name"))
        try:
            nuclide = parse_nuclide(item["nuclide"])
        except (InvalidInput, NotFound) as error:
            raise InvalidInput(str(error)) from None
        activity_Bq = item.get("activity_Bq")
        day = item.get("reference_date")
        found.append(
            {
                "nuclide": nuclide,
                "activity_Bq": None if activity_Bq is None else _positive(activity_Bq),
                "reference_date": _day(day) if day else None,
            }
        )
    return found


def _category(value: Any) -> int:
    if _number(value) not in {1.0, 2.0, 3.0, 4.0, 5.0}:
        raise InvalidInput(_("a category is 1 to 5"))
    return int(value)


INCIDENT_FIELDS: dict[str, Field] = {
    "title": Field(gettext_lazy("title"), _short),
    "kind": Field(gettext_lazy("kind"), _one_of(IncidentKind)),
    "group": Field(gettext_lazy("group"), _group),
    "status": Field(gettext_lazy("standing"), _one_of(Standing)),
    "interval": Field(gettext_lazy("time"), _interval),
    "place": Field(gettext_lazy("place"), _short),
    "country": Field(gettext_lazy("country"), _country),
    "position": Field(gettext_lazy("position to a tenth of a degree"), _position),
    "transport": Field(gettext_lazy("in transport"), _truth),
    "recovered": Field(gettext_lazy("recovered"), _recovery),
    "detected_by": Field(gettext_lazy("how it was noticed"), _short),
    "consequence": Field(gettext_lazy("consequence for people and surroundings"), _long),
    "prosecution": Field(gettext_lazy("state of prosecution, without names"), _long),
    "summary": Field(gettext_lazy("what happened"), _long),
}
"""What can be stated of an incident."""

OBJECT_FIELDS: dict[str, Field] = {
    "kind": Field(gettext_lazy("kind"), _one_of(ObjectKind)),
    "manufacturer": Field(gettext_lazy("maker"), _short),
    "model": Field(gettext_lazy("model"), _short),
    "serials": Field(gettext_lazy("serial numbers"), _serials),
    "device_type": Field(gettext_lazy("type of device"), _short),
    "contents": Field(gettext_lazy("nuclides"), _contents),
    "mass_g": Field(gettext_lazy("mass in g"), _positive),
    "enrichment_percent": Field(gettext_lazy("enrichment in percent"), _percent),
    "form": Field(gettext_lazy("form, packing, shielding"), _short),
    "category": Field(gettext_lazy("category"), _category),
    "marks": Field(gettext_lazy("marks of an owner or a licence"), _short),
    "recovered": Field(gettext_lazy("recovered"), _recovery),
}
"""What can be stated of an object."""


def checked(field: str, value: Any, *, of_object: bool = False) -> Any:
    """A value as it is kept; None says that nothing is known any more.

    Raises
    ------
    InvalidInput
        There is no such field, or the value cannot be one of it; the field is named.
    """
    known = (OBJECT_FIELDS if of_object else INCIDENT_FIELDS).get(field)
    if known is None:
        raise InvalidInput(_("“{field}” cannot be stated").format(field=field))
    if value is None:
        return None
    try:
        return known.check(value)
    except InvalidInput as error:
        raise InvalidInput(f"{known.label}: {error}") from None


def gravest_class(nuclides: Iterable[str]) -> str:
    """Class of the gravest of some nuclides; one without data is ``unknown``, none is empty."""
    found = []
    for name in nuclides:
        try:
            found.append(primary_class(name))
        except NotFound:
            found.append("unknown")  # it has a D value and no decay scheme that is known here
    return gravest(found) if found else ""
