"""Checks of the register by licences: what is held beyond a limit, or without a licence in force.

An import refuses nothing for a limit: the table says what is there. These checks name it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.server.clock import now
from tocsin.server.licensing.holding import beside_sources, holding_of
from tocsin.server.licensing.limits import Bound, Excess, Holding, Item, excesses, item_of, touches
from tocsin.server.licensing.models import Licence, State
from tocsin.server.licensing.wording import reason_of
from tocsin.server.register.beyond import Check, Severity
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Source

ONE_BY_ONE = frozenset({Bound.NOT_PERMITTED, Bound.SOURCE, Bound.UNKNOWN_D})
"""What is wrong with a source itself; the other bounds are of all together."""


def limit_exceeded(sources: Sequence[Source], today: dt.date) -> Iterator[tuple[Source, str]]:
    """Sources that a licence of their holder does not permit.

    A bound of all together shows once for each licence, at the source that came last of those that
    count. Batches of material count with them, and show here only through a source.
    """
    by_holder = _held(sources)
    rows = Licence.objects.filter(holder__in=list(by_holder), state=State.IN_FORCE)
    licences: dict[UUID, list[Licence]] = defaultdict(list)
    for licence in rows.select_related("current", "holder"):
        if licence.is_valid_on(today):
            licences[licence.holder_id].append(licence)
    for holder, own in licences.items():
        held = [(source, item_of(source.activities(), today)) for source in by_holder[holder]]
        beside = beside_sources(own[0].holder, today)
        yield from beyond_licences(own, held, beside)


def no_licence_in_force(sources: Sequence[Source], today: dt.date) -> Iterator[tuple[Source, str]]:
    """The first source of each holder that has licences here and none in force."""
    by_holder = _held(sources)
    rows = list(Licence.objects.filter(holder__in=list(by_holder)).exclude(state=State.DRAFT))
    known = {licence.holder_id for licence in rows}
    valid = {licence.holder_id for licence in rows if licence.is_valid_on(today)}
    for holder in by_holder:
        if holder in known - valid:
            last = max((r for r in rows if r.holder_id == holder), key=lambda r: r.valid_until)
            yield (
                by_holder[holder][0],
                _("{number}: {state}, until {day}").format(
                    number=last.number, state=last.get_state_display(), day=last.valid_until
                ),
            )


def no_limits_kept(sources: Sequence[Source], _today: dt.date) -> Iterator[tuple[Source, str]]:
    """The first source of each holder of whom no licence with limits is kept."""
    by_holder = _held(sources)
    known = set(
        Licence.objects.filter(holder__in=list(by_holder))
        .exclude(state=State.DRAFT)
        .values_list("holder", flat=True)
    )
    for holder, own in by_holder.items():
        if holder not in known:
            yield (
                own[0],
                _("{name}: licence “{licence}”, no limits").format(
                    name=own[0].holder.name, licence=own[0].holder.licence or "–"
                ),
            )


def held_and_permitted(source: Source) -> str:
    """The licences of a holder and how many pieces it has: on them both checks rest."""
    rows = Licence.objects.filter(holder=source.holder_id).exclude(state=State.DRAFT)
    licences = [
        f"{pk} {current} {state}"
        for pk, current, state in rows.order_by("pk").values_list("pk", "current", "state")
    ]
    held = holding_of(source.holder, now().date()).held
    return "; ".join((*licences, str(sum(item.number for item in held))))


CHECKS = (
    Check(
        "limit_exceeded",
        gettext_lazy("more is held than the licence permits"),
        gettext_lazy("Ask the holder; amend the licence, or have the sources transferred."),
        Severity.GRAVE,
        limit_exceeded,
        held_and_permitted,
    ),
    Check(
        "no_licence_in_force",
        gettext_lazy("sources are held, and no licence of the holder is in force"),
        gettext_lazy("Renew the licence, or have the sources transferred."),
        Severity.GRAVE,
        no_licence_in_force,
        held_and_permitted,
    ),
    Check(
        "no_limits_kept",
        gettext_lazy("no licence with limits is kept of the holder"),
        gettext_lazy(
            "Enter the licence with its limits: until then no transfer is stopped by one."
        ),
        Severity.NOTE,
        no_limits_kept,
    ),
)


def _held(sources: Iterable[Source]) -> dict[UUID, list[Source]]:
    found: dict[UUID, list[Source]] = defaultdict(list)
    for source in sources:
        if source.status in HELD:
            found[source.holder_id].append(source)
    return found


def beyond_licences(
    licences: Sequence[Licence],
    held: Sequence[tuple[Source, Item]],
    beside: Sequence[Item] = (),
) -> Iterator[tuple[Source, str]]:
    """Sources of one holder that its licences do not permit, by themselves or all together.

    Parameters
    ----------
    beside : sequence of Item
        What it has beside sources, and counts with them.
    """
    for source, item in held:
        # one of the licences must permit it
        found = [_of_one(licence, item) for licence in licences]
        if found and all(found):
            yield source, "; ".join(reason_of(excess) for excess in found[0])
    for licence in licences:
        if licence.current is None:
            continue
        items = [item for _source, item in held]
        for excess in excesses(licence.current.rows(), Holding(beside), items):
            limit = excess.limit
            if excess.bound in ONE_BY_ONE or limit is None:
                continue
            counted = [source for source, item in held if touches(limit, item)]
            last = max(counted, key=lambda source: (source.created_at, str(source.pk)))
            yield last, f"{licence.number}: {reason_of(excess)}"


def _of_one(licence: Licence, item: Item) -> list[Excess]:
    rows = licence.current.rows() if licence.current is not None else []
    return [e for e in excesses(rows, Holding(), [item]) if e.bound in ONE_BY_ONE]
