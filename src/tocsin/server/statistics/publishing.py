"""What of the numbers of a fact sheet may be told to the public. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.server.statistics.cells import LEAST, Published, published_together
from tocsin.server.statistics.content import TABLES
from tocsin.server.statistics.counting import GONE, UNKNOWN
from tocsin.server.statistics.intervals import Share

TABLE_OF = {"transport": "transport", "recovered": "recovery"}
"""Table whose columns a share adds up."""
TIMES_OF = {"recovery": "over", "delay": "incidents"}
"""Which number says of how many times a median is."""


def for_the_public(numbers: dict[str, Any]) -> dict[str, Published]:
    """The tables without small numbers, and without those from which they could be reckoned.

    The tables are of the same incidents, or of the thefts and losses among them: what one of them
    shows must not tell what another one hides.
    """
    tables = numbers["tables"]
    kinds = enumerate(tables["kinds"]["keys"])
    every, gone = "incidents", "thefts and losses"
    totals = {
        **dict.fromkeys(("groups", "kinds", "categories"), every),
        **dict.fromkeys(("transport", "recovery"), gone),
    }
    if not tables["nuclides"]["several"]:
        totals["nuclides"] = every
    return published_together(
        {name: tables[name]["rows"] for name in TABLES},
        totals=totals,
        sums={gone: ("kinds", [column for column, kind in kinds if kind in GONE])},
    )


def share_is_told(share: Share, table: Mapping[str, Any], hidden: Published) -> bool:
    """Whether a share may be told: it tells the totals of the columns of its table."""
    columns = zip(table["keys"], hidden.column_totals, strict=True)
    totals = [total for key, total in columns if key != UNKNOWN]
    return None not in totals and min(share.part, share.whole - share.part) >= LEAST


def is_small(count: int) -> bool:
    """Whether a count is one that the public is not told."""
    return 0 < count < LEAST


def median_is_told(numbers: dict[str, Any], name: str) -> bool:
    """Whether the public is told a median: not one of few times.

    Parameters
    ----------
    name : str
        ``recovery`` or ``delay``.
    """
    return int(numbers[name][TIMES_OF[name]]) >= LEAST


def as_told(numbers: dict[str, Any], *, public: bool) -> dict[str, Any]:
    """The numbers for a program; with ``public`` those that the public may not know are None."""
    hidden = for_the_public(numbers) if public else None

    def small(count: int) -> int | None:
        return None if public and is_small(count) else count

    tables = []
    for name in TABLES:
        given = numbers["tables"][name]
        rows, totals = given["rows"], [sum(row) for row in given["rows"]]
        if hidden is not None:
            rows, totals = hidden[name].cells, hidden[name].row_totals
        tables.append(
            {
                "name": name,
                "keys": [key or "not known" for key in given["keys"]],
                "rows": rows,
                "totals": None if given["several"] else totals,
            }
        )
    found = {
        **{name: numbers[name] for name in ("edition", "country", "years")},
        "least_published": LEAST if public else None,
        "incidents": numbers["incidents"] if hidden is None else hidden["kinds"].total,
        "not_counted": small(numbers["not_counted"]),
        "undated": small(numbers["undated"]),
        "tables": tables,
    }
    for name, table in TABLE_OF.items():
        share = Share(**numbers[name])
        told = hidden is None or share_is_told(share, numbers["tables"][table], hidden[table])
        found[name] = (
            {"part": share.part, "whole": share.whole, "low": share.low, "high": share.high}
            if told and share.whole
            else None
        )
    for name in TIMES_OF:
        hides = public and not median_is_told(numbers, name)
        found[f"{name}_median_days"] = None if hides else numbers[name]["median_days"]
    return found
