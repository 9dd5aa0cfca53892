"""Checks of the data: each names a kind of mistake and the sources in which it shows.

The checks look at the register as it is, its sources and the steps of their lives, and know nothing
of how its entries were made. They take sources that are gone too: what was reported of them counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.server.register.beyond import CHECKS
from tocsin.server.register.checks import activities, holders, lives, models, numbers, places
from tocsin.server.register.checks.finding import KINDS, Finding, KindOfFinding, all_kinds
from tocsin.server.register.checks.groups import by_model
from tocsin.server.register.checks.lives import Life, SeenStep
from tocsin.server.register.life import HELD, Status
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.reading import came_with

__all__ = ["KINDS", "Finding", "KindOfFinding", "all_kinds", "findings", "lives_of_sources"]

ROWS_AT_ONCE = 5000
ASKED_AT_ONCE = 500
"""A database takes only so many values in one question."""


def findings(
    sources: Iterable[Source], today: dt.date, *, told_to: UUID | None = None
) -> list[Finding]:
    """What the checks find, by kind in the order of ``KINDS``.

    Parameters
    ----------
    sources : iterable of Source
        A whole register, with holders: what is usual is told from it. A query set is best, since
        the steps are then asked of the database in one question.
    today : date
    told_to : UUID, optional
        Organisation whose people read it: what a former holder reported is told to no other one
        than that whose register it is. Everything counts where it is left out.
    """
    rows = [s for s in sources if s.status != Status.WITHDRAWN]
    told = lives_of_sources(sources if isinstance(sources, QuerySet) else rows)
    of_others = [r.pk for r in rows if told_to is not None and r.originator_id != told_to]
    for start in range(0, len(of_others), ASKED_AT_ONCE):
        for pk, number in came_with(of_others[start : start + ASKED_AT_ONCE]).items():
            told[pk] = told[pk].since(number) if pk in told else Life()
    found = findings_in(rows, told, today)
    own = [row for row in rows if told_to is None or row.originator_id == told_to]
    for check in CHECKS:
        seen = check.look(own if check.of_own_rows else rows, today)
        found += [Finding(check.kind, row, why) for row, why in seen]
    order = list(all_kinds())
    return sorted(found, key=lambda f: order.index(f.kind))


def findings_in(rows: Sequence[Source], told: dict[Any, Life], today: dt.date) -> list[Finding]:
    """What the register's own checks find in sources whose steps are at hand."""
    groups = by_model(rows)
    found = [
        *numbers.no_serial(rows),
        *numbers.forms(groups),
        *numbers.twice(groups, told),
        *models.nuclides(groups),
        *models.practices(groups),
        *models.categories(rows),
        *activities.slips(groups),
        *places.missing(rows),
        *places.far(rows),
        *holders.twice(rows),
        *(one for row in rows for one in _of_life(row, told.get(row.pk) or Life(), today)),
        *(one for row in rows if row.status in HELD for one in _states(row, today)),
    ]
    # one finding of a kind for a source: the first says enough
    first = {(f.kind, f.source.pk): f for f in reversed(found)}
    return list(reversed(first.values()))


def _of_life(row: Source, life: Life, today: dt.date) -> Iterator[Finding]:
    yield from lives.dates(row, life, today)
    yield from lives.order(row, life)
    yield from lives.legs(row, life, today)
    yield from lives.exemptions(row, life)
    yield from activities.statements(row, life)


def _states(row: Source, today: dt.date) -> Iterator[Finding]:
    """What is as it should not be, though nobody wrote anything wrong."""
    if row.storage_until is not None and row.storage_until < today:
        yield Finding("storage_over", row, _("until {day}").format(day=row.storage_until))
    ends = row.holder.licence_until
    if ends is not None and ends < today:
        yield Finding(
            "licence_over", row, _("{name}, until {day}").format(name=row.holder.name, day=ends)
        )
    # below exemption there is a ratio and no category; where nothing can be told there is neither
    if row.category is None and row.ratio_A_over_D is None:
        yield Finding("no_category", row, row.nuclides)


def lives_of_sources(sources: QuerySet[Source] | Sequence[Source]) -> dict[Any, Life]:
    """Steps of sources, without those that a correction names as wrong."""
    asked = Transaction.objects.all()
    if isinstance(sources, QuerySet):
        return _read(asked.filter(source__in=sources.order_by().values("pk")))
    pks = [s.pk for s in sources]
    told: dict[Any, Life] = {}
    for start in range(0, len(pks), ASKED_AT_ONCE):
        told |= _read(asked.filter(source__in=pks[start : start + ASKED_AT_ONCE]))
    return told


def _read(asked: QuerySet[Transaction]) -> dict[Any, Life]:
    told: dict[Any, Life] = {}
    # a correction may name the first step, which stands
    corrections = asked.exclude(corrects=None).exclude(corrects__number=1)
    wrong = set(corrections.values_list("corrects_id", flat=True))
    fields = ("pk", "source_id", "number", "kind", "happened_on", "at", "facts")
    rows = asked.order_by("source_id", "number").values_list(*fields)
    for pk, source, number, kind, day, at, facts in rows.iterator(chunk_size=ROWS_AT_ONCE):
        if pk not in wrong:
            life = told.setdefault(source, Life())
            life.steps.append(SeenStep(number, kind, day, at.date(), facts))
    return told
