"""Tables of the statistics with their words, and the numbers that a fact sheet keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tocsin.server.incidents.facts import IncidentKind, Share
from tocsin.server.incidents.groups import groups
from tocsin.server.statistics import counting
from tocsin.server.statistics.counting import GONE, UNKNOWN, Figures, Table
from tocsin.server.statistics.intervals import median_interval

MOST_NUCLIDES = 5
TABLES = ("groups", "kinds", "nuclides", "categories", "transport", "recovery")
"""Names of the tables, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its words.

    Parameters
    ----------
    name : str
        Of ``TABLES``.
    title, note : str
    labels : list of str
        Of the columns.
    table : Table
    """

    name: str
    title: str
    note: str
    labels: list[str]
    table: Table


def table_of(name: str, rows: Figures, edition: str) -> Table:
    """One of the tables.

    Parameters
    ----------
    name : str
        Of ``TABLES``.
    edition : str
        Of the definitions of the groups.
    """
    if name == "groups":
        order = [code for of, code in groups() if of == edition]
        return rows.by(counting.group_keys(edition), order)
    if name == "kinds":
        return rows.by(counting.kind_keys, IncidentKind.values)
    if name == "nuclides":
        return rows.by(counting.nuclide_keys, most=MOST_NUCLIDES)
    if name == "categories":
        return rows.by(counting.category_keys, ["1", "2", "3", "4", "5"])
    if name == "transport":
        return counting.only(rows, GONE).by(counting.transport_keys, ["yes", "no"])
    return counting.only(rows, GONE).by(counting.recovery_keys, Share.values)


def section_of(name: str, table: Table, edition: str) -> Section:
    """A table with its words in the present language."""
    titles = {
        "groups": _("By group"),
        "kinds": _("By kind"),
        "nuclides": _("By nuclide"),
        "categories": _("By gravest category"),
        "transport": _("Thefts and losses: in transport?"),
        "recovery": _("Thefts and losses: what came back"),
    }
    notes = {
        "groups": _("Groups by the definitions of {edition}. Editions are never mixed.").format(
            edition=edition
        ),
        "kinds": "",
        "nuclides": _("An incident with several nuclides stands in each of their columns."),
        "categories": _("Category by activity as stated of the objects, where it was stated."),
        "transport": "",
        "recovery": "",
    }
    label = _labels(name, edition)
    return Section(name, titles[name], notes[name], [label(key) for key in table.keys], table)


def numbers_of(rows: Figures, edition: str) -> dict[str, Any]:
    """Everything that a fact sheet tells, as plain numbers that are kept with it."""
    delays, times = rows.delays(), rows.recovery_days()
    middle = median_interval(delays)
    transport, recovered = rows.transport(), rows.recovered()
    tables = {}
    for name in TABLES:
        table = table_of(name, rows, edition)
        tables[name] = {"keys": table.keys, "rows": table.rows, "several": table.several}
    return {
        "known_on": rows.known_on.isoformat(),
        "edition": edition,
        "years": rows.years,
        "incidents": len(rows.shown),
        "of_all_years": len(rows.incidents),
        "undated": rows.undated,
        "not_counted": rows.not_counted,
        "missing": rows.missing(),
        "tables": tables,
        "transport": {"part": transport.part, "whole": transport.whole},
        "recovered": {"part": recovered.part, "whole": recovered.whole},
        "recovery": {
            "over": len(times.ended),
            "open": len(times.open),
            "median_days": times.median,
        },
        "delay": {
            "incidents": len(delays),
            "median_days": middle.value if middle else None,
            "low_days": middle.low if middle else None,
            "high_days": middle.high if middle else None,
        },
    }


def _labels(name: str, edition: str) -> Callable[[str], str]:
    def label(key: str) -> str:
        if key == UNKNOWN:
            return _("not known")
        if name == "nuclides":
            return _("others") if key == "other" else key
        if name == "groups":
            return groups()[edition, key].name
        if name == "kinds":
            return str(IncidentKind(key).label)
        if name == "categories":
            return _("category {n}").format(n=key)
        if name == "transport":
            return _("in transport") if key == "yes" else _("elsewhere")
        return str(Share(key).label)

    return label
