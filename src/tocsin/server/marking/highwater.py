"""The mark of what is derived: never lower than any of its inputs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from tocsin.server.accounts.models import Level
from tocsin.server.marking.models import Compartment, Marked, Tlp

TLP_ORDER = [t.value for t in (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED)]


class MixedRealms(ValueError):
    """Rows of two realms were to be put together."""


@dataclass(frozen=True)
class Mark:
    """Realm, level, compartments and label of something derived."""

    realm: str
    level: int
    compartments: frozenset[uuid.UUID]
    tlp: str

    def fields(self) -> dict[str, Any]:
        """Values for a new row; its compartments are set by ``stamp`` after it is saved."""
        return {"realm": self.realm, "level": self.level, "tlp": self.tlp}

    def within(self, other: Mark) -> bool:
        """Whether this is marked no higher than the other one, by level and compartments.

        Whose it is, and to whom it was released, the caller asks.
        """
        return self.level <= other.level and self.compartments <= other.compartments

    def stamp(self, row: Marked) -> None:
        """Give a saved row the compartments of the mark."""
        row.compartments.set(Compartment.objects.filter(pk__in=self.compartments))


def mark_of(row: Marked) -> Mark:
    """Mark that a row carries."""
    return Mark(
        row.realm,
        row.level,
        frozenset(row.compartments.values_list("pk", flat=True)),
        row.tlp if row.tlp in TLP_ORDER else Tlp.RED.value,
    )


def highwater(marks: Iterable[Mark]) -> Mark:
    """Mark of what is derived from rows with these marks.

    Raises
    ------
    MixedRealms
        If the rows belong to more than one realm.
    ValueError
        If there are none.
    """
    held = list(marks)
    if not held:
        raise ValueError("nothing to derive from: a mark cannot be told")
    realms = {m.realm for m in held}
    if len(realms) > 1:
        raise MixedRealms(f"rows of {' and '.join(sorted(realms))} cannot be put together")
    return Mark(
        held[0].realm,
        max(m.level for m in held),
        frozenset().union(*(m.compartments for m in held)),
        max((m.tlp for m in held), key=TLP_ORDER.index),
    )


def mark_of_rows(realm: str, rows: QuerySet[Marked]) -> Mark:
    """Mark of a table of rows of one realm; of an empty one the lowest level, for nobody else."""
    own = set(rows.order_by().values_list("level", "tlp").distinct())
    model = rows.model
    through: Any = model.compartments.through
    column = f"{model._meta.model_name}__in"
    return Mark(
        realm,
        max((level for level, _tlp in own), default=Level.OPEN.value),
        frozenset(
            through.objects.filter(**{column: rows.order_by().values("pk")}).values_list(
                "compartment_id", flat=True
            )
        ),
        max(
            (tlp if tlp in TLP_ORDER else Tlp.RED.value for _level, tlp in own),
            key=TLP_ORDER.index,
            default=Tlp.RED.value,
        ),
    )


def raised(mark: Mark, *, rows: int, limit: int) -> Mark:
    """Mark of a list with places: one level higher once it is longer than the limit."""
    if rows <= limit:
        return mark
    level = min(mark.level + 1, Level.SECRET.value)
    return Mark(mark.realm, level, mark.compartments, mark.tlp)
