"""A fact sheet as a document: in full for the authority, or as it may be published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

import tocsin
from tocsin.report.document import (
    Block,
    Document,
    bullets,
    facts,
    figure,
    heading,
    paragraph,
    small,
    table,
    verdict_box,
)
from tocsin.report.drawing import Drawn
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.incidents.groups import groups
from tocsin.server.statistics.cells import LEAST, Published
from tocsin.server.statistics.charts import stacked_bars
from tocsin.server.statistics.content import TABLES, Section, section_of
from tocsin.server.statistics.counting import Table
from tocsin.server.statistics.intervals import Share, count_interval, rounded
from tocsin.server.statistics.models import FactSheet
from tocsin.server.statistics.publishing import (
    for_the_public,
    is_small,
    median_is_told,
    share_is_told,
)

LANGUAGES = ("en", "fr")
CHARTED = frozenset({"groups"})
HIDDEN = "*"


def sheet_document(
    sheet: FactSheet, language: str, *, public: bool, approved_by_two: bool
) -> Document:
    """A fact sheet in a language.

    Parameters
    ----------
    language : str
        Of ``LANGUAGES``.
    public : bool
        In the form for the public: small cells hidden, no marking of the authority.
    approved_by_two : bool
        Whether that form was approved; a draft says that it is none.
    """
    with translation.override(language):
        blocks = list(_blocks(sheet, public=public))
        name = sheet.originator.name
        title = _("{name}: incidents with radioactive material, {year}").format(
            name=name, year=sheet.year
        )
        banner = "" if sheet.realm == Realm.LIVE else _("Realm {realm}: invented or public data")
        if public and not approved_by_two:
            draft = _("DRAFT: not approved for publication.")
            banner = f"{draft} {banner}".strip()
        marking = "TLP:CLEAR" if public else f"{Level(sheet.level).label} TLP:{sheet.tlp}"
        return Document(
            title=title,
            realm=f"{sheet.realm} · {marking}",
            banner=banner.format(realm=sheet.realm),
            provenance=f"Tocsin {tocsin.__version__} · sha256 {sheet.sha256[:16]}",
            blocks=blocks,
            created=sheet.created_at,
            keywords=(sheet.sha256,),
            language=language,
        )


def _blocks(sheet: FactSheet, *, public: bool) -> list[Block]:
    numbers: dict[str, Any] = sheet.numbers
    years = numbers["years"]
    edition = numbers["edition"]
    hidden = for_the_public(numbers) if public else None
    blocks = [
        facts(
            [
                (_("Years"), f"{years[0]} – {years[-1]}"),
                (_("As known on"), numbers["known_on"]),
                (_("Counted"), f"{sheet.recorded_until:%Y-%m-%d %H:%M} UTC"),
                (_("Definitions of the groups"), edition),
                (_("Where"), numbers["country"] or _("everywhere")),
            ]
        ),
        verdict_box(_headline(numbers, hidden), "note"),
    ]
    for name in TABLES:
        given = numbers["tables"][name]
        kept = Table(years, given["keys"], given["rows"], given["several"])
        blocks += _table(section_of(name, kept, edition), hidden[name] if hidden else None)
    blocks += [heading(_("Shares and times")), facts(_shares(numbers, hidden))]
    blocks += [heading(_("How to read this")), bullets(_warnings(numbers, public=public))]
    words = [g for (of, _code), g in groups().items() if of == edition]
    blocks += [heading(_("Definitions"))]
    blocks += [
        small(f"{g.name}: {g.words} ({_('source')}: {g.source}; {g.verification})") for g in words
    ]
    return blocks


def _headline(numbers: dict[str, Any], hidden: dict[str, Published] | None) -> str:
    of_year = sum(numbers["tables"]["kinds"]["rows"][-1])
    shown = of_year if hidden is None else hidden["kinds"].row_totals[-1]
    text = _("{n} incidents of {year} are known.").format(
        n=_shown(shown), year=numbers["years"][-1]
    )
    if shown is None:
        return text
    chance = count_interval(of_year)
    return f"{text} " + _(
        "By chance alone a year like it may have {low} to {high} (95 % by Poisson's law)."
    ).format(low=rounded(chance.low), high=rounded(chance.high))


def _table(section: Section, hidden: Published | None) -> list[Block]:
    kept = section.table
    if not kept.keys or not any(map(any, kept.rows)):
        return [heading(section.title), paragraph(_("Nothing is known."))]
    cells: Sequence[Sequence[int | None]] = kept.rows
    totals: Sequence[int | None] = [sum(row) for row in kept.rows]
    if hidden is not None:
        cells, totals = hidden.cells, hidden.row_totals
    heads = [_("Year"), *section.labels]
    with_totals = not kept.several
    if with_totals:
        heads.append(_("all"))
    rows = [
        [year, *map(_shown, row), *([_shown(total)] if with_totals else [])]
        for year, row, total in zip(kept.years, cells, totals, strict=True)
    ]
    blocks: list[Block] = [heading(section.title)]
    chart = None if hidden is not None or section.name not in CHARTED else _drawn(section)
    if chart is not None:
        blocks.append(figure(chart))
    blocks += table(section.note, heads, rows, right=range(len(heads)))
    return blocks


def _drawn(section: Section) -> Drawn | None:
    bars = stacked_bars(section.name, section.table.years, section.labels, section.table.rows)
    if bars is None:
        return None
    svg = render_to_string("statistics/bars_paper.html", {"bars": bars})
    words = _("Stacked bars of the numbers in the table below.")
    return Drawn(svg.encode(), words, words)


def _shares(numbers: dict[str, Any], hidden: dict[str, Published] | None) -> list[tuple[str, str]]:
    public = hidden is not None
    recovery = numbers["recovery"]
    median = recovery["median_days"]
    rows = [
        (_("Thefts and losses in transport"), _share(numbers, "transport", "transport", hidden)),
        (
            _("Thefts and losses after which all came back"),
            _share(numbers, "recovered", "recovery", hidden),
        ),
    ]
    if public and not median_is_told(numbers, "recovery"):
        rows.append((_("Median time to recovery"), _("too few to tell")))
    else:
        text = _("not reached: fewer than half have come back")
        if median is not None:
            text = _("{n} days").format(n=rounded(median))
        about = _("by Kaplan and Meier: {over} over, {open} still missing").format(
            over=recovery["over"], open=recovery["open"]
        )
        rows.append((_("Median time to recovery"), text if public else f"{text} ({about})"))
    rows.append((_("Median delay of reports"), _delay(numbers, public=public)))
    return rows


def _delay(numbers: dict[str, Any], *, public: bool) -> str:
    delay = numbers["delay"]
    if public and not median_is_told(numbers, "delay"):
        return _("too few to tell")
    if not delay["incidents"]:
        return _("of none is it known")
    given = {name: rounded(delay[f"{name}_days"]) for name in ("median", "low", "high")}
    if public:
        # of how many it is known would tell of how few it is not
        return _("{median} days (95 %: {low} to {high})").format(**given)
    return _("{n} days (95 %: {low} to {high}; {k} incidents)").format(
        n=given["median"], low=given["low"], high=given["high"], k=delay["incidents"]
    )


def _share(
    numbers: dict[str, Any], name: str, table: str, hidden: dict[str, Published] | None
) -> str:
    share = Share(**numbers[name])
    if share.value is None:
        return _("of none is it known")
    if hidden is not None and not share_is_told(share, numbers["tables"][table], hidden[table]):
        return _("too few to tell")
    return _("{p} % ({part} of {whole} of which it is known; 95 %: {low} to {high} %)").format(
        p=rounded(100 * share.value),
        part=share.part,
        whole=share.whole,
        low=rounded(100 * (share.low or 0.0)),
        high=rounded(100 * (share.high or 0.0)),
    )


def _warnings(numbers: dict[str, Any], *, public: bool) -> list[str]:
    held = numbers["held"]
    lines = [
        _("Counted is what was known on the day; later reports change earlier years."),
        _(
            "More incidents may mean more reporting or more detectors as well as more trafficking: "
            "the numbers do not tell these apart."
        ),
        _("Recent years are still incomplete: reports arrive late, by the delay given above."),
        _("Denominator on {day}: {sources} sources at {holders} holders in the register.").format(
            day=held["on"],
            sources=_count(held["sources"], public=public),
            holders=_count(held["holders"], public=public),
        ),
        _("Not counted: {n} denied or withdrawn; of {k} the year is not known.").format(
            n=_count(numbers["not_counted"], public=public),
            k=_count(numbers["undated"], public=public),
        ),
    ]
    if public:
        lines.append(
            _(
                "{mark}: not published, because it is a number of 1 to {n} or one from which such "
                "a number could be reckoned (a rule of Tocsin, no law)."
            ).format(mark=HIDDEN, n=LEAST - 1)
        )
    return lines


def _count(count: int, *, public: bool) -> str:
    return _("fewer than {n}").format(n=LEAST) if public and is_small(count) else str(count)


def _shown(count: int | None) -> str:
    return HIDDEN if count is None else str(count)
