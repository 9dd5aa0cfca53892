"""What statements amount to: the last one known of each field. Pure; no database.

One fold for the present and for every past day, so that both can never differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tocsin.server.incidents.facts import Share

LONGEST_NUCLIDES = 300


@dataclass(frozen=True, slots=True)
class KnownObject:
    """An object as it was known on a day.

    Parameters
    ----------
    pk : UUID
    values : dict
        Value by field, of ``facts.OBJECT_FIELDS``; what is not known is not there.
    """

    pk: UUID
    values: Mapping[str, Any]

    @property
    def nuclides(self) -> list[str]:
        """Names, in the order of the statement."""
        return list(dict.fromkeys(row["nuclide"] for row in self.values.get("contents", ())))

    @property
    def category(self) -> int | None:
        """IAEA category 1 to 5."""
        return self.values.get("category")

    @property
    def recovered(self) -> str:
        """``all``, ``part`` or ``none``; empty where nothing is stated."""
        return str(self.values.get("recovered", {}).get("share", ""))

    @property
    def recovered_on(self) -> dt.date | None:
        """Day of the recovery."""
        return _day(self.values.get("recovered", {}).get("on"))


@dataclass(frozen=True, slots=True)
class Known:
    """An incident as it was known on a day.

    Parameters
    ----------
    pk : UUID
    first_known_at : datetime
        When anything was known of it at all.
    values : dict
        Value by field, of ``facts.INCIDENT_FIELDS``; what is not known is not there.
    objects : tuple of KnownObject
        Objects that were in it.
    told_when : bool
        Whether ``first_known_at`` is when it became known. An import that does not say so leaves
        only the moment of the import.
    """

    pk: UUID
    first_known_at: dt.datetime
    values: Mapping[str, Any]
    objects: tuple[KnownObject, ...] = field(default=())
    told_when: bool = True

    @property
    def kind(self) -> str:
        """Of ``facts.IncidentKind``; empty where unknown."""
        return str(self.values.get("kind", ""))

    @property
    def status(self) -> str:
        """Of ``facts.Standing``; empty where unknown."""
        return str(self.values.get("status", ""))

    @property
    def group(self) -> str:
        """Code of the group, in the edition of ``group_edition``."""
        return str(self.values.get("group", {}).get("group", ""))

    @property
    def group_edition(self) -> str:
        """Edition of the definition of the group."""
        return str(self.values.get("group", {}).get("edition", ""))

    @property
    def started_at(self) -> dt.datetime | None:
        """Beginning of the interval in which it happened."""
        return _moment(self.values.get("interval", {}).get("from"))

    @property
    def ended_at(self) -> dt.datetime | None:
        """End of the interval in which it happened."""
        return _moment(self.values.get("interval", {}).get("to"))

    @property
    def year(self) -> int | None:
        """Year in which it happened: of the beginning of the interval."""
        return self.started_at.year if self.started_at else None

    @property
    def country(self) -> str:
        """Two letters; empty where unknown."""
        return str(self.values.get("country", ""))

    @property
    def transport(self) -> bool | None:
        """Whether it happened in transport; None where unknown."""
        return self.values.get("transport")

    @property
    def recovered(self) -> str:
        """``all``, ``part`` or ``none``; empty where unknown.

        The word on the incident counts; without one, what its objects say together.
        """
        stated = self.values.get("recovered")
        if stated:
            return str(stated["share"])
        said = {thing.recovered for thing in self.objects}
        if not said or "" in said:
            return Share.PART.value if {"all", "part"} & said else ""
        return said.pop() if len(said) == 1 else Share.PART.value

    @property
    def recovered_on(self) -> dt.date | None:
        """Day on which the last part came back that came back."""
        stated = self.values.get("recovered")
        if stated:
            return _day(stated.get("on"))
        days = [thing.recovered_on for thing in self.objects if thing.recovered_on]
        return max(days, default=None)

    @property
    def nuclides(self) -> list[str]:
        """Nuclides of all its objects."""
        return list(dict.fromkeys(name for thing in self.objects for name in thing.nuclides))

    @property
    def category(self) -> int | None:
        """Gravest category of its objects."""
        return min((t.category for t in self.objects if t.category is not None), default=None)

    def columns(self) -> dict[str, Any]:
        """What the row of the incident repeats, so that lists can be filtered."""
        position = self.values.get("position") or (None, None)
        return {
            "title": self.values.get("title", ""),
            "kind": self.kind,
            "group": self.group,
            "group_edition": self.group_edition,
            "status": self.status,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "happened_at": self.started_at,
            "year": self.year,
            "place": self.values.get("place", ""),
            "country": self.country,
            "latitude": position[0],
            "longitude": position[1],
            "transport": self.transport,
            "recovered": self.recovered,
            "recovered_on": self.recovered_on,
            "nuclides": " ".join(self.nuclides)[:LONGEST_NUCLIDES],
            "category": self.category,
        }


def object_columns(known: KnownObject) -> dict[str, Any]:
    """What the row of an object repeats of its statements."""
    values = known.values
    return {
        "kind": values.get("kind", ""),
        "manufacturer": values.get("manufacturer", ""),
        "model": values.get("model", ""),
        "serials": values.get("serials", []),
        "device_type": values.get("device_type", ""),
        "contents": values.get("contents", []),
        "nuclides": " ".join(known.nuclides)[:LONGEST_NUCLIDES],
        "mass_g": values.get("mass_g"),
        "enrichment_percent": values.get("enrichment_percent"),
        "form": values.get("form", ""),
        "marks": values.get("marks", ""),
        "category": known.category,
        "recovered": known.recovered,
        "recovered_on": known.recovered_on,
        "recovered_where": values.get("recovered", {}).get("where", ""),
    }


def folded(stated: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Value by field of statements in the order of knowing; None takes a value away."""
    values: dict[str, Any] = {}
    for name, value in stated:
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
    return values


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
