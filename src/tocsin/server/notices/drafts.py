"""A notice that the rules have read, as an incident with its object and report."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from tocsin.server.clock import now
from tocsin.server.files.models import StoredFile
from tocsin.server.incidents.facts import (
    MOST_VALUES,
    Audience,
    Channel,
    IncidentKind,
    ObjectKind,
    Reliability,
    Standing,
)
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft

KIND_OF = {
    "lost": IncidentKind.LOSS,
    "stolen": IncidentKind.THEFT,
    "found": IncidentKind.FIND,
    "abandoned": IncidentKind.OTHER,
}
"""Left behind on purpose, as in a well, is a loss of nothing: it is kept as other."""
COUNTRY = "US"
"""The places that the rules tell are towns and States of the United States."""
REASON = "read from the public notice by rules"


def draft_of(fields: dict[str, Any], file: StoredFile) -> Draft | None:
    """The incident of a notice; None where it is about nothing lost or found."""
    kind = KIND_OF.get(fields["kind"])
    if kind is None:
        return None
    title = title_of(fields)
    reported = past_day(fields["reported"])
    known = reported or past_day(fields["date"])
    return Draft(
        values=values_of(fields, kind, title),
        objects=(ObjectDraft(object_values(fields), evidence=REASON),),
        report=ReportDraft(
            channel=Channel.IMPORT.value,
            title=title,
            said_at=_moment(reported),
            received_at=_moment(reported),
            file=file,
            address=fields.get("address", ""),
            external_id=fields["event_number"],
            reliability=Reliability.RELIABLE.value,
        ),
        reason=REASON,
        known_at=_moment(known),
        audience=Audience.PUBLIC.value,
        external_id=fields["event_number"],
    )


def values_of(fields: dict[str, Any], kind: IncidentKind, title: str) -> dict[str, Any]:
    """What is stated of the incident."""
    values: dict[str, Any] = {
        "title": title,
        "kind": kind.value,
        "status": (Standing.WITHDRAWN if fields["retracted"] else Standing.NOTIFIED).value,
        "place": fields["place"] or None,
        "country": COUNTRY if fields["state"] else None,
    }
    day = past_day(fields["date"]) or past_day(fields["reported"])
    if day is not None:
        start = _moment(day)
        assert start is not None  # noqa: S101 - a day gives a moment
        end = start + dt.timedelta(days=1, seconds=-1)
        values["interval"] = {"from": start.isoformat(), "to": end.isoformat()}
    return {name: value for name, value in values.items() if value is not None}


def object_values(fields: dict[str, Any]) -> dict[str, Any]:
    """What is stated of the object: the first maker and model, all numbers, each nuclide once."""
    largest: dict[str, float | None] = dict.fromkeys(fields["nuclides"][:MOST_VALUES])
    for activity in fields["activities"]:
        name = activity["nuclide"]
        if name in largest and 0.0 < activity["Bq"] < math.inf:
            largest[name] = max(largest[name] or 0.0, activity["Bq"])
    device = fields["manufacturers"] or fields["models"] or fields["device_types"]
    kind = ObjectKind.DEVICE if device else ObjectKind.SOURCE if largest else ObjectKind.UNKNOWN
    day = past_day(fields["date"]) or past_day(fields["reported"])
    values: dict[str, Any] = {
        "kind": kind.value,
        "manufacturer": next(iter(fields["manufacturers"]), "")[:200],
        "model": next(iter(fields["models"]), "")[:200],
        "serials": [
            {"value": s["value"][:100], "of": s["of"]} for s in fields["serials"][:MOST_VALUES]
        ],
        "device_type": next(iter(fields["device_types"]), "")[:200],
        "contents": [
            {"nuclide": name, "activity_Bq": activity_Bq, "reference_date": day and f"{day}"}
            for name, activity_Bq in largest.items()
        ],
        "marks": (fields["holder"] or fields["licence"] or "")[:200],
    }
    return {name: value for name, value in values.items() if value}


def title_of(fields: dict[str, Any]) -> str:
    """A title of what was read, without a word of the text."""
    parts = (
        ", ".join(fields["nuclides"][:4]),
        next(iter(fields["device_types"]), ""),
        " ".join((*fields["manufacturers"][:1], *fields["models"][:1])),
    )
    words = ", ".join(part for part in parts if part) or "material"
    where = f", {fields['place']}" if fields["place"] else ""
    return f"{fields['kind'].capitalize()}: {words}{where}"[:200]


def day_of(text: str | None) -> dt.date | None:
    """A day as the feed writes it; None where it is none."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def past_day(text: str | None) -> dt.date | None:
    """A day on which something can have happened or been reported; one that is to come is none."""
    day = day_of(text)
    return day if day is not None and day <= now().date() else None


def _moment(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
