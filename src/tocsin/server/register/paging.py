"""Parts of a long list of sources, each from where the one before it ended.

A page that is told by its number makes the database count through all before it, and rows that are
entered meanwhile push others from one page to the next. A part that is told by its first or last
row costs the same everywhere, and nothing is shown twice or missed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from tocsin.server.register.models import Source

MOST_COUNTED = 200
"""Rows up to which a list is counted; of a longer one the page says that there are more."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list.

    Parameters
    ----------
    object_list : sequence of Source
    newer, older : str
        Where the parts beside it begin; empty where there is none.
    total : int
        Rows of the list, at most ``MOST_COUNTED``.
    more : bool
        There are more than that.
    """

    object_list: Sequence[Source]
    newer: str
    older: str
    total: int
    more: bool

    def __iter__(self) -> Iterator[Source]:
        return iter(self.object_list)


def part_of(rows: QuerySet[Source], given: Mapping[str, str], size: int) -> Part:
    """The part that ``older`` or ``newer`` of an address asks for; else the first one.

    Parameters
    ----------
    rows : QuerySet
        Sources, as the policy opens them to the reader.
    given : mapping
        What stands in the address; what makes no sense asks for nothing.
    size : int
        Rows of a part.
    """
    total = rows.order_by()[: MOST_COUNTED + 1].count()
    before, after = _place(given.get("newer", "")), _place(given.get("older", ""))
    if before is not None:
        found = list(rows.filter(_newer_than(*before)).order_by("created_at", "-id")[: size + 1])
        further = len(found) > size
        shown = found[:size][::-1]
        newer, older = further, True
    else:
        asked = rows if after is None else rows.filter(_older_than(*after))
        found = list(asked.order_by("-created_at", "id")[: size + 1])
        shown = found[:size]
        newer, older = after is not None, len(found) > size
    return Part(
        shown,
        _told(shown[0]) if shown and newer else "",
        _told(shown[-1]) if shown and older else "",
        min(total, MOST_COUNTED),
        total > MOST_COUNTED,
    )


def _older_than(at: datetime, pk: uuid.UUID) -> Q:
    return Q(created_at__lte=at) & ~Q(created_at=at, pk__lte=pk)


def _newer_than(at: datetime, pk: uuid.UUID) -> Q:
    return Q(created_at__gte=at) & ~Q(created_at=at, pk__gte=pk)


def _told(row: Source) -> str:
    return f"{row.created_at.timestamp():.6f}_{row.pk.hex}"


def _place(text: str) -> tuple[datetime, uuid.UUID] | None:
    moment, _line, identity = text.partition("_")
    try:
        whole, _point, part = moment.partition(".")
        at = datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(part or "0"))
        return at, uuid.UUID(hex=identity)
    except (ValueError, OverflowError, OSError):
        return None
