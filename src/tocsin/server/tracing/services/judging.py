"""A person accepts a candidate or refuses it; no loss is closed by that."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.incidents.models import Incident, IncidentState, Object, Sameness
from tocsin.server.incidents.reading import incidents_for, incidents_of
from tocsin.server.incidents.services import note_of
from tocsin.server.incidents.statements import say_same
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, may
from tocsin.server.tracing.describing import ALARM, OBJECT, SOURCE, row_for
from tocsin.server.tracing.models import (
    Candidate,
    CandidateState,
    Comparison,
    Judgement,
    Verdict,
)
from tocsin.server.tracing.reading import candidates_for
from tocsin.server.typed import plain

LONGEST_REASON = 1000


@transaction.atomic
def judge(reader: Reader, candidate: Candidate, *, verdict: str, reason: str) -> Judgement:
    """Accept or refuse a candidate, in words; a later judgement may say the opposite.

    Accepted, the two rows are linked with the comparison as evidence and the incidents about them
    get a note. What is missing stays missing until a person reports its recovery.

    Raises
    ------
    InvalidInput
        Not allowed, no such verdict, no reason, or the same was said last.
    """
    seen = candidates_for(reader).filter(pk=candidate.pk).exists()
    if not (seen and may(reader, "tracing.judge")):
        raise InvalidInput(_("None of your roles allows this."))
    candidate = Candidate.objects.select_for_update().get(pk=candidate.pk)
    if verdict not in Verdict.values:
        raise InvalidInput(_("Accept the candidate or refuse it."))
    reason = plain(reason)[:LONGEST_REASON]
    if not reason:
        raise InvalidInput(_("Say what shows it."))
    if candidate.state == verdict:
        raise InvalidInput(_("This was said already."))
    comparison = candidate.comparisons.order_by("-number").first()
    if comparison is None:
        raise InvalidInput(_("Nothing was compared yet."))
    before = candidate.state
    row = Judgement.objects.create(
        candidate=candidate,
        comparison=comparison,
        verdict=verdict,
        at=now(),
        by=reader.person,
        reason=reason,
    )
    candidate.state = CandidateState(verdict)
    candidate.save(update_fields=["state"])
    record(
        actor=reader.person,
        action="tracing.judge",
        subject=candidate,
        before={"state": before},
        after={
            "state": verdict,
            "comparison": comparison.number,
            "probability": round(comparison.probability, 4),
        },
        reason=reason,
    )
    taken_back = before == CandidateState.ACCEPTED
    if verdict == Verdict.ACCEPTED or taken_back:
        _tie(reader, candidate, comparison, same=not taken_back, reason=reason)
    return row


def _tie(
    reader: Reader, candidate: Candidate, comparison: Comparison, *, same: bool, reason: str
) -> None:
    found = row_for(candidate.found_kind, candidate.found_id)
    lost = row_for(candidate.lost_kind, candidate.lost_id)
    if found is None or lost is None:
        raise InvalidInput(_("One of the two is not there any more."))
    if same:
        words = f"{candidate.name}: {reason}"[:400]
        link(found, LinkKind.EVIDENCE, lost, actor=reader.person, reason=words)
    _say_same(reader, found, lost, comparison, same=same, reason=reason)
    short = f"{candidate.name}: judged by a person"
    what = f"{found} is {'' if same else 'not '}{lost}"
    note = f"{candidate.name}: {what}, judged by a person; {reason}"
    mark = mark_of(candidate)
    owners = {found.originator_id, lost.originator_id}
    for incident in _incidents(reader, found, lost):
        # who reads the incident may not be cleared for the other side, nor may it be open to them
        told = mark.within(mark_of(incident)) and owners == {incident.originator_id}
        words = note if told else short
        note_of(incident, IncidentState(incident.state), words[:4000], by=reader)


def _say_same(
    reader: Reader,
    found: Marked,
    lost: Marked,
    comparison: Comparison,
    *,
    same: bool,
    reason: str,
) -> None:
    """Objects of incidents are resolved to each other, or to a source of the register."""
    objects = [row for row in (found, lost) if isinstance(row, Object)]
    if not objects:
        return
    kinds = {found._meta.label_lower, lost._meta.label_lower}
    other = lost if found is objects[0] else found
    if kinds == {OBJECT}:
        of = Sameness.Of.OBJECT
    elif kinds == {OBJECT, SOURCE}:
        of = Sameness.Of.SOURCE
    else:
        return
    evidence = {
        "probability": comparison.probability,
        "zone": comparison.zone,
        "weights": comparison.weights,
        "versions": comparison.versions,
    }
    say_same(
        reader.person,
        of,
        objects[0].pk,
        other.pk,
        same=same,
        reason=reason[:400],
        evidence=evidence,
    )


def _incidents(reader: Reader, *rows: Marked) -> list[Incident]:
    """Incidents about the two that the person may see and that are not closed; none closes now."""
    found: set[UUID] = set()
    seen = incidents_for(reader)
    for row in rows:
        kind = row._meta.label_lower
        if kind == SOURCE:
            about = seen.filter(source_id=row.pk)
        elif kind == ALARM:
            about = seen.filter(alarm_id=row.pk)
        elif isinstance(row, Object):
            about = seen.filter(pk__in=incidents_of(row))
        else:
            continue
        found |= set(about.values_list("pk", flat=True))
    held = Incident.objects.select_for_update().filter(pk__in=found)
    return list(held.exclude(state=IncidentState.CLOSED))
