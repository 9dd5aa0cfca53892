"""Values of statements in words, for pages, tables and forms, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from tocsin.server.incidents.facts import (
    INCIDENT_FIELDS,
    OBJECT_FIELDS,
    IncidentKind,
    ObjectKind,
    Share,
    Standing,
)
from tocsin.server.incidents.groups import groups
from tocsin.server.incidents.releasing import OF_OBJECT
from tocsin.server.register.templatetags.activities import becquerels

Words = Callable[[Any], str]


def in_words(field: str, value: Any) -> str:
    """A value of a field as people read it.

    Parameters
    ----------
    field : str
        Of an incident, or ``object.`` and a field of an object.
    value : object
        As it is kept; None where it was taken back.
    """
    if value is None:
        return _("taken back")
    own = field.removeprefix(OF_OBJECT)
    table = _OF_OBJECT if own != field else _OF_INCIDENT
    make = table.get(own)
    return make(value) if make is not None else str(value)


def label_of(field: str) -> str:
    """What a field is called."""
    own = field.removeprefix(OF_OBJECT)
    if own != field:
        return str(OBJECT_FIELDS[own].label) if own in OBJECT_FIELDS else own
    return str(INCIDENT_FIELDS[own].label) if own in INCIDENT_FIELDS else own


def _of(choices: type[models.TextChoices]) -> Words:
    return lambda value: str(choices(value).label) if value in choices.values else str(value)


def _group(value: Mapping[str, str]) -> str:
    found = groups().get((value["edition"], value["group"]))
    name = found.name if found else value["group"]
    return _("{group} (definitions of {edition})").format(group=name, edition=value["edition"])


def _interval(value: Mapping[str, str]) -> str:
    start, end = value["from"][:16].replace("T", " "), value["to"][:16].replace("T", " ")
    if start == end:
        return f"{start} UTC"
    return _("{start} to {end} UTC").format(start=start, end=end)


def _position(value: list[float]) -> str:
    return f"{value[0]:.1f}, {value[1]:.1f}"


def _recovery(value: Mapping[str, Any]) -> str:
    parts = [str(Share(value["share"]).label), value.get("on") or "", value.get("where") or ""]
    return ", ".join(part for part in parts if part)


def _yes_no(value: bool) -> str:
    return _("yes") if value else _("no")


def _serials(value: list[Mapping[str, str]]) -> str:
    names = {"source": _("source"), "device": _("device"), "unknown": ""}
    return "; ".join(f"{row['value']} {names[row['of']]}".strip() for row in value)


def _contents(value: list[Mapping[str, Any]]) -> str:
    said = []
    for row in value:
        text = row["nuclide"]
        if row.get("activity_Bq"):
            text += f" {becquerels(row['activity_Bq'])}"
        if row.get("reference_date"):
            text += f" ({row['reference_date']})"
        said.append(text)
    return "; ".join(said)


_OF_INCIDENT: dict[str, Words] = {
    "kind": _of(IncidentKind),
    "group": _group,
    "status": _of(Standing),
    "interval": _interval,
    "position": _position,
    "transport": _yes_no,
    "recovered": _recovery,
}
_OF_OBJECT: dict[str, Words] = {
    "kind": _of(ObjectKind),
    "serials": _serials,
    "contents": _contents,
    "recovered": _recovery,
}
