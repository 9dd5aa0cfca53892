"""The inventory on paper: what is held, category by category, and sum(A/D) of each place."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

import tocsin
from tocsin.errors import InvalidInput
from tocsin.nuclear import SourceCategory, source_category
from tocsin.report.document import MAX_ROWS, Block, Document, facts, heading, small, table
from tocsin.report.typeset import typeset
from tocsin.report.wording import becquerel_text
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.marking.highwater import Mark
from tocsin.server.register.models import CATEGORIES, Source

MOST_PLACES = 400
"""Places of which the sum is told; of more, the gravest."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is printed.

    Parameters
    ----------
    title : str
        Of whom or of which list.
    rows : sequence of Source
        With their holders.
    mark : Mark
        Of all rows together.
    circles : sequence of str
        Codes of the compartments of the mark.
    at : datetime
        Moment of the activities and of the document.
    notes : sequence of str
        What a reader must know, for example that the list is cut.
    placed : bool
        Whether the places of the rows are told, and so what lies together.
    """

    title: str
    rows: Sequence[Source]
    mark: Mark
    circles: Sequence[str]
    at: dt.datetime
    notes: Sequence[str] = ()
    placed: bool = True


def inventory_pdf(asked: Inventory) -> bytes:
    """The inventory as PDF/A-2a; texts of the register reach the typesetter as data alone."""
    day = asked.at.date()
    found = [(row, _category(row, day)) for row in asked.rows]
    marking = f"{Level(asked.mark.level).label} · TLP:{asked.mark.tlp}"
    marking = " · ".join((marking, *asked.circles))
    blocks: list[Block] = [
        facts(
            [
                (_("Inventory of"), asked.title),
                (_("On the day"), day.isoformat()),
                (_("Marking"), marking),
                (_("Realm"), Realm(asked.mark.realm).label),
                (_("Sources"), str(len(asked.rows))),
            ]
        ),
        *(small(note) for note in asked.notes),
        # without places all of a holder would seem to lie together
        *(_by_place(found, day) if asked.placed else ()),
    ]
    for category in (*CATEGORIES, None):
        part = [(row, told) for row, told in found if told.category == category]
        if part:
            blocks += _of_category(category, part)
    return typeset(
        Document(
            title=_("Inventory of radioactive sources"),
            realm=f"{Realm(asked.mark.realm).label} · {marking}",
            banner="" if asked.mark.realm == Realm.LIVE else str(Realm(asked.mark.realm).label),
            provenance=f"Tocsin {tocsin.__version__} · {asked.title[:80]} · "
            f"{asked.at:%Y-%m-%d %H:%M} UTC",
            blocks=blocks,
            created=asked.at,
            language=(translation.get_language() or "en")[:2],
        )
    )


def _category(row: Source, day: dt.date) -> SourceCategory:
    try:
        return source_category(row.activities(), on=day)
    except InvalidInput:
        # an entry that cannot be computed is printed as one whose category is not known
        return SourceCategory(None, None, None, (), ())


def _of_category(
    category: int | None, part: Sequence[tuple[Source, SourceCategory]]
) -> list[Block]:
    title = (
        _("Category {category}").format(category=category) if category else _("Without a category")
    )
    blocks = [heading(f"{title}: {len(part)}")]
    ordered = sorted(part, key=lambda p: (-(p[1].ratio_A_over_D or 0.0), p[0].name))
    for start in range(0, len(ordered), MAX_ROWS):
        blocks += table(
            _("Activities on the day; the gravest first."),
            [
                *(_("Source"), _("Nuclides"), _("Activity"), "A/D"),
                *(
                    _("Maker, model, serial number"),
                    _("Device"),
                    _("Holder and place"),
                    _("Status"),
                ),
            ],
            [_cells(row, told) for row, told in ordered[start : start + MAX_ROWS]],
            widths=[0, 0.8, 0.9, 0, 1.3, 1.1, 1.6, 0.6],
            right=[2, 3],
        )
    return blocks


def _cells(row: Source, told: SourceCategory) -> tuple[str, ...]:
    own = [c.activity_Bq for c in told.contributions if c.grown_from is None]
    return (
        row.name,
        row.nuclides,
        "; ".join(becquerel_text(a, significant=3) for a in own) or "–",
        _ratio(told.ratio_A_over_D),
        " ".join(w for w in (row.manufacturer, row.model, row.serial) if w) or "–",
        f"{row.device} {row.device_serial}".strip() or "–",
        ": ".join(w for w in (row.holder.name, row.place) if w),
        str(row.get_status_display()),
    )


def _by_place(found: Sequence[tuple[Source, SourceCategory]], day: dt.date) -> list[Block]:
    """What lies together counts together: one line for each place in words of each holder."""
    places: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for row, _told in found:
        places[row.holder.name, row.place].append(row)
    told = []
    for (holder, place), rows in places.items():
        try:
            together = source_category([a for row in rows for a in row.activities()], on=day)
        except InvalidInput:
            together = SourceCategory(None, None, None, (), ())
        told.append((holder, place or _("no place is known"), len(rows), together))
    told.sort(key=lambda p: (-(p[3].ratio_A_over_D or 0.0), p[0], p[1]))
    if not told:
        return []
    shown = [
        (holder, place, str(count), _ratio(t.ratio_A_over_D), str(t.category or "–"))
        for holder, place, count, t in told[:MOST_PLACES]
    ]
    left = len(told) - len(shown)
    cut = [small(_("{n} further places, less grave, are left out.").format(n=left))] if left else []
    return [
        heading(_("What lies together")),
        *table(
            _("Sum of A/D of all sources at one place in words, and the category of the sum."),
            [_("Holder"), _("Place"), _("Sources"), _("Sum of A/D"), _("Category")],
            shown,
            widths=[1, 1, 0, 0, 0],
            right=[2, 3, 4],
        ),
        *cut,
    ]


def _ratio(value: float | None) -> str:
    # three digits, without an exponent where people read them as a number
    return "–" if value is None else f"{float(f'{value:.3g}'):g}"
