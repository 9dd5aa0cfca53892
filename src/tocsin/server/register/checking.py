"""The checks of the data, computed in the background and kept with the time they were computed.

What is found is kept for each organisation that sees sources: for the one whose register it is, of
all its sources; for one that holds sources, of these alone. A check compares sources and may name
others, and nobody is told of a source that they do not see. Sources in a compartment or above the
level that the register gives are in no kept result; who sees some has them checked with the page.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import translation

from tocsin.server.accounts.models import Level, Organisation
from tocsin.server.clock import now
from tocsin.server.duties.timers import each
from tocsin.server.marking.policy import Reader
from tocsin.server.register.life import Status
from tocsin.server.register.looked_at import accept, applies, in_words, standing
from tocsin.server.register.models import Checked, Found, LookedAt, Source
from tocsin.server.register.quality import all_kinds, findings
from tocsin.server.register.reading import source_figures_for

SETTLED = dt.timedelta(minutes=2)
"""So long after the last change all is checked again: many changes come together."""
GIVEN_UP = dt.timedelta(minutes=30)
"""A computation that began so long ago is begun again."""
MOST_AT_ONCE = 1000
"""Sources that are checked while somebody waits for the page, or compared after a change."""
BATCH = 1000
NAMES_AT_ONCE = 200
NAME_ANOTHER = frozenset({"duplicate_serial", "entered_twice", "received_never_sent"})
"""Kinds of which the words may name another source, by its short name first."""
_NAMED = re.compile(r"S-([0-9A-F]{8})")


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as a page shows it."""

    kind: str
    source: Source
    why: str
    said: LookedAt | None = None
    """Who left it as it is, and why; None for one that is open."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the checks have found for a reader.

    Parameters
    ----------
    counts : dict
        Findings by kind.
    shown : dict
        The first of each kind.
    at : datetime or None
        When they were computed; None: now, for this page.
    too_many : bool
        Nothing is kept for the reader's organisation, and it sees too many to check them now.
    left : list
        The first of those that somebody has left as they are; ``counts`` leaves them out.
    left_count : int
        All of these.
    """

    counts: dict[str, int]
    shown: dict[str, list[Told]]
    at: dt.datetime | None
    too_many: bool = False
    left: list[Told] = field(default_factory=list)
    left_count: int = 0


def result_for(reader: Reader, most: int) -> Result:
    """What the checks have found in the sources that a reader may see."""
    seen = source_figures_for(reader)
    kept = Checked.objects.filter(
        organisation=reader.person.organisation_id, realm=reader.realm
    ).first()
    if kept is None or kept.at is None:
        standing = seen.exclude(status=Status.WITHDRAWN).order_by()
        if standing[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE:
            return Result({}, {}, None, too_many=True)
        return _live(list(_entries(seen)), reader, most)
    # the policy is asked again: a kept result is no way around it
    found = kept.found.filter(Exists(seen.order_by().filter(pk=OuterRef("source"))))
    passed = found.exclude(accepted=None).select_related("source__holder", "accepted__by")
    left = [Told(row.kind, row.source, in_words(row.why), row.accepted) for row in passed[:most]]
    found = found.filter(accepted=None)
    counted = Counter(dict(found.order_by().values_list("kind").annotate(n=Count("id"))))
    extra = _live(list(_entries(_others(reader, seen))[:MOST_AT_ONCE]), reader, most)
    told = [
        Told(kind, row.source, in_words(row.why))
        for kind in all_kinds()
        for row in (
            found.filter(kind=kind).select_related("source__holder")[:most]
            if kind in counted
            else ()
        )
    ]
    standing_ones = _still_seen([*told, *left], seen)
    # what is not told is not counted either, as far as is known
    counted.subtract(one.kind for one in told)
    counted.update(one.kind for one in standing_ones if one.said is None)
    left_count = passed.count() - len(left)
    left = [one for one in standing_ones if one.said is not None]
    shown: dict[str, list[Told]] = {}
    for kind in all_kinds():
        own = [one for one in standing_ones if one.kind == kind and one.said is None]
        shown[kind] = (own + extra.shown.get(kind, []))[:most]
    counts = {kind: counted[kind] + extra.counts.get(kind, 0) for kind in all_kinds()}
    left_count += len(left) + extra.left_count
    return Result(counts, shown, kept.at, left=(left + extra.left)[:most], left_count=left_count)


def _still_seen(told: list[Told], seen: QuerySet[Source]) -> list[Told]:
    """Without what names a source that was closed to the reader since all was checked."""
    named = {
        at: found[1]
        for at, one in enumerate(told)
        if one.kind in NAME_ANOTHER and (found := _NAMED.search(one.why))
    }
    known: set[str] = set()
    digits = sorted(set(named.values()))
    for start in range(0, len(digits), NAMES_AT_ONCE):
        wanted = Q()
        for part in digits[start : start + NAMES_AT_ONCE]:
            wanted |= Q(pk__range=(UUID(part.ljust(32, "0")), UUID(part.ljust(32, "f"))))
        # by the key first: the policy's conditions alone would read the register through
        near = list(Source.objects.filter(wanted).order_by().values_list("pk", flat=True))
        pks = seen.filter(pk__in=near).order_by().values_list("pk", flat=True)
        known |= {pk.hex[:8].upper() for pk in pks}
    return [one for at, one in enumerate(told) if at not in named or named[at] in known]


def _live(rows: list[Source], reader: Reader, most: int) -> Result:
    own = reader.person.organisation_id
    found = findings(rows, reader.at.date(), told_to=own) if rows else []
    said = standing(reader.person.organisation_id, reader.realm) if found else {}
    language = translation.get_language() or "en"
    told = []
    for f in found:
        known = said.get((f.source.pk, f.kind))
        holds = known is not None and applies(known, f.source, {language: f.why})
        told.append(Told(f.kind, f.source, f.why, known if holds else None))
    open_ones = [one for one in told if one.said is None]
    counted = Counter(one.kind for one in open_ones)
    shown = {kind: [one for one in open_ones if one.kind == kind][:most] for kind in all_kinds()}
    left = [one for one in told if one.said is not None]
    counts = {kind: counted[kind] for kind in all_kinds()}
    return Result(counts, shown, None, left=left[:most], left_count=len(left))


def found_now(reader: Reader, source: Source, kind: str) -> dict[str, str] | None:
    """What a finding in a source says now, by language; None where it is not found."""
    mine = Checked.objects.filter(organisation=reader.person.organisation_id, realm=reader.realm)
    kept = mine.exclude(at=None).first()
    if kept is not None:
        row = kept.found.filter(source=source, kind=kind).first()
        if row is not None:
            return dict(row.why)
    seen = source_figures_for(reader)
    rows = _entries(seen if kept is None else _others(reader, seen))
    for told in _told(list(rows[:MOST_AT_ONCE]), reader.person.organisation_id):
        if (told.kind, told.source_id) == (kind, source.pk):
            # in each language: what is said of it holds for who reads the other one too
            return dict(told.why)
    return None


def check_soon(source: Source) -> None:
    """After a change: check this source at once, and all again when the changes have settled."""
    want(source.originator_id, source.realm)
    if source.holder.organisation_id is not None:
        want(source.holder.organisation_id, source.realm)
    transaction.on_commit(partial(check_one, source.pk), robust=True)


def want(organisation: UUID, realm: str) -> None:
    """Have all that an organisation sees checked again."""
    at = now()
    rows = Checked.objects.filter(organisation=organisation, realm=realm)
    if not rows.update(wanted_at=at):
        Checked.objects.get_or_create(
            organisation_id=organisation, realm=realm, defaults={"wanted_at": at}
        )


def want_for(sources: Iterable[Source]) -> None:
    """The same for many sources that were changed at once."""
    pairs = {(s.originator_id, s.realm) for s in sources}
    pairs |= {(body, s.realm) for s in sources if (body := s.holder.organisation_id) is not None}
    for organisation, realm in pairs:
        want(organisation, realm)


@transaction.atomic
def check_one(pk: UUID) -> None:
    """Check one source against those of its maker and model, and keep what is found of it."""
    source = Source.objects.select_related("holder").filter(pk=pk).first()
    if source is None:
        return
    bodies = {source.originator_id, source.holder.organisation_id} - {None}
    # one after the other, as two that check one source at once would both keep what they find; in
    # one order, so that none wait for each other in a ring
    held = Checked.objects.select_for_update(no_key=True).filter(organisation__in=bodies)
    for kept in held.filter(realm=source.realm).exclude(at=None).order_by("pk"):
        kept.found.filter(source=source).delete()
        own = _seen_by(kept.organisation, kept.realm)
        alike = own.filter(manufacturer__iexact=source.manufacturer, model__iexact=source.model)
        near = list(_entries(alike.exclude(pk=pk))[:MOST_AT_ONCE])
        if own.filter(pk=pk).exists():
            told = _told([source, *near], kept.organisation_id)
            _keep(kept, [f for f in told if f.source_id == pk])
    # a source that went to another holder stands in none of the former one's findings
    Found.objects.filter(source=source).exclude(checked__organisation__in=bodies).delete()


def check_all(kept: Checked) -> None:
    """Check all that an organisation sees, and keep what is found in place of what was kept."""
    begun = now()
    rows = _entries(_seen_by(kept.organisation, kept.realm))
    told = _told(rows, kept.organisation_id)
    with transaction.atomic():
        kept = Checked.objects.select_for_update().get(pk=kept.pk)
        kept.found.all().delete()
        _keep(kept, told)
        kept.at, kept.begun_at, kept.sources = begun, None, rows.count()
        if kept.wanted_at is not None and kept.wanted_at <= begun:
            kept.wanted_at = None
        kept.save()


def check_when_due(at: dt.datetime) -> int:
    """Queue the checks that were asked for, and all of them once a day; a step of the timers."""
    # the queue knows both ends
    from tocsin.server.register.tasks import check_register

    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    due = Checked.objects.filter(
        Q(begun_at=None) | Q(begun_at__lt=at - GIVEN_UP),
        Q(at=None) | Q(at__lt=today) | Q(wanted_at__lt=at - SETTLED),
    )

    def queue(kept: Checked) -> int:
        with transaction.atomic():
            taken = due.filter(pk=kept.pk).update(begun_at=at)
            if taken:
                check_register.enqueue(kept.pk)
        return taken

    return each(list(due[:50]), queue)


def _told(rows: QuerySet[Source] | list[Source], organisation: UUID) -> list[Found]:
    """What the checks find, in each language, not yet saved.

    Something may be reported between two languages: what one alone has found is told in it.
    """
    told: dict[tuple[str, UUID, int], Found] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found = findings(rows, now().date(), told_to=organisation)
        times: Counter[tuple[str, UUID]] = Counter()
        for one in found:
            same = one.kind, one.source.pk
            row = told.setdefault(
                (*same, times[same]), Found(source_id=one.source.pk, kind=one.kind, why={})
            )
            row.why[language] = one.why
            times[same] += 1
    return list(told.values())


def _keep(kept: Checked, told: list[Found]) -> None:
    for row in told:
        row.checked = kept
    accept(kept.organisation_id, kept.realm, told)
    Found.objects.bulk_create(told, batch_size=BATCH)


def _seen_by(organisation: Organisation, realm: str) -> QuerySet[Source]:
    """Sources of the register's own level that an organisation owns or holds."""
    rows = Source.objects.select_related("holder").filter(_common(), realm=realm)
    return rows.filter(Q(originator=organisation) | Q(holder__organisation=organisation))


def _others(reader: Reader, seen: QuerySet[Source]) -> QuerySet[Source]:
    """What is in no kept result: above the register's level, or in a compartment."""
    wanted = Q(pk__in=())
    if reader.person.clearance > Level.CONFIDENTIAL:
        wanted |= Q(level__gt=Level.CONFIDENTIAL)
    if reader.compartments:
        wanted |= Q(compartments__in=reader.compartments)
    return seen.filter(wanted).distinct()


def _common() -> Q:
    return Q(level__lte=Level.CONFIDENTIAL, compartments=None)


def _entries(rows: QuerySet[Source]) -> QuerySet[Source]:
    """Entries that stand, also of what is gone: what was reported of them is checked too."""
    return rows.exclude(status=Status.WITHDRAWN).select_related("holder").order_by("pk")
