"""Search campaigns for orphan sources: leads, places, finds, and what was learned."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, visible
from tocsin.server.oversight.allowed import require_overseer
from tocsin.server.oversight.models import (
    Campaign,
    Discovery,
    Lead,
    LeadEnd,
    Outcome,
    Reason,
    Search,
)
from tocsin.server.register.entries import AHEAD_OF_UTC
from tocsin.server.register.holders import Refused, mark_of_register
from tocsin.server.register.models import Source
from tocsin.server.typed import plain


@transaction.atomic
def begin(reader: Reader, *, title: str, area: str, reason: Reason, history: str) -> Campaign:
    """Begin a campaign.

    Raises
    ------
    Refused
        Not allowed, or without a title, an area or what is known.
    """
    require_overseer(reader)
    title, area, history = plain(title)[:200], plain(area)[:400], plain(history)[:4000]
    if not (title and area and history):
        raise Refused(_("Give a title, the area in words, and what is known."))
    row = Campaign.objects.create(
        **mark_of_register(reader).fields(),
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        title=title,
        area=area,
        reason=reason,
        history=history,
    )
    _told(reader, row, "begin", title=title, reason_kind=reason)
    return row


@transaction.atomic
def add_lead(reader: Reader, row: Campaign, *, said_by: str, what: str) -> Lead:
    """Keep what somebody said."""
    row = _running(reader, row)
    said_by, what = plain(said_by)[:200], plain(what)[:1000]
    if not (said_by and what):
        raise Refused(_("Say who told it, by function, and what."))
    lead = Lead.objects.create(campaign=row, said_by=said_by, what=what, at=now(), by=reader.person)
    _told(reader, row, "lead", lead=lead.pk, what=what)
    return lead


@transaction.atomic
def end_lead(reader: Reader, lead: Lead, *, result: str) -> LeadEnd:
    """Say what became of a lead."""
    row = _running(reader, lead.campaign)
    result = plain(result)[:1000]
    if not result:
        raise Refused(_("Say what became of it."))
    if LeadEnd.objects.filter(lead=lead).exists():
        raise Refused(_("This lead is closed."))
    end = LeadEnd.objects.create(lead=lead, result=result, at=now(), by=reader.person)
    _told(reader, row, "lead_end", lead=lead.pk, result=result)
    return end


@transaction.atomic
def add_search(
    reader: Reader,
    row: Campaign,
    *,
    place: str,
    on: dt.date,
    searched_by: str,
    means: str,
    outcome: Outcome,
    note: str = "",
) -> Search:
    """Keep that a place was searched, with what, and what came of it."""
    row = _running(reader, row)
    place, note = plain(place)[:300], plain(note)[:1000]
    searched_by, means = plain(searched_by)[:200], plain(means)[:200]
    if not (place and searched_by and means):
        raise Refused(_("Say where, by whom and with what it was searched."))
    _past(on)
    search = Search.objects.create(
        campaign=row,
        place=place,
        on=on,
        searched_by=searched_by,
        means=means,
        outcome=outcome,
        note=note,
        at=now(),
        by=reader.person,
    )
    _told(reader, row, "search", place=place, on=on, outcome=outcome)
    return search


@transaction.atomic
def add_discovery(
    reader: Reader, row: Campaign, *, what: str, on: dt.date, source: Source | None = None
) -> Discovery:
    """Keep what was found; ``source`` is its entry of the register, where there is one."""
    row = _running(reader, row)
    what = plain(what)[:400]
    if not what:
        raise Refused(_("Say what was found."))
    _past(on)
    if source is not None and not visible(reader, Source.objects.filter(pk=source.pk)).exists():
        raise Refused(_("There is no such source."))
    found = Discovery.objects.create(
        campaign=row, what=what, on=on, source=source, at=now(), by=reader.person
    )
    _told(reader, row, "found", what=what, on=on, source=str(source.pk) if source else "")
    return found


@transaction.atomic
def end(reader: Reader, row: Campaign, *, result: str, lessons: str) -> Campaign:
    """Close a campaign with its result and what was learned.

    Raises
    ------
    Refused
        Not allowed, closed, without words, or a lead is open.
    """
    row = _running(reader, row)
    result, lessons = plain(result)[:4000], plain(lessons)[:4000]
    if not (result and lessons):
        raise Refused(_("Give the result and what was learned."))
    left = row.leads.filter(end=None).count()
    if left:
        raise Refused(_("Open leads: {n}. Say what became of each.").format(n=left))
    row.closed_at, row.closed_by, row.result, row.lessons = now(), reader.person, result, lessons
    row.save(update_fields=["closed_at", "closed_by", "result", "lessons"])
    _told(reader, row, "end", result=result)
    return row


def _running(reader: Reader, row: Campaign) -> Campaign:
    row = Campaign.objects.select_for_update(of=("self",)).get(pk=row.pk)
    require_overseer(reader, row)
    if row.closed_at is not None:
        raise Refused(_("This campaign is closed."))
    return row


def _past(day: dt.date) -> None:
    if day > (now() + AHEAD_OF_UTC).date():
        raise Refused(_("{day} lies in the future").format(day=day))


def _told(reader: Reader, row: Campaign, step: str, /, **after: object) -> None:
    record(actor=reader.person, action=f"oversight.campaign_{step}", subject=row, after=after)
