"""Comparing what is new with the other side, and keeping what comes of it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext_noop

from tocsin.server.accounts.models import Realm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.escalation import Link as ChainLink
from tocsin.server.duties.services import notify
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.tracing.describing import (
    ALARM,
    OBJECT,
    Side,
    found_sides,
    missing_sides,
    row_for,
    side_of,
)
from tocsin.server.tracing.matching import Against, Match, versions
from tocsin.server.tracing.models import Candidate, CandidateState, Comparison, Look, Relation
from tocsin.server.tracing.registered import registered_as

log = logging.getLogger(__name__)

LINKAGE = "system:linkage"
BATCH = 50
"""Rows compared in one tick of the timers."""
MOST_FAILURES = 5
"""After so many a row is tried again only once in a while: something has to be mended first."""
TRIED_AGAIN = dt.timedelta(days=1)
PROPOSED = gettext_noop("Candidate {name}: what was found may be what is missing")
CHAIN = (ChainLink("point_of_contact", 60),)
"""The wait until the next call is a default of Tocsin, to be set by the State."""


def ask(kind: str, pk: UUID, at: dt.datetime) -> None:
    """Have a row compared, unless that was done after this moment."""
    look, made = Look.objects.get_or_create(row_kind=kind, row_id=pk, defaults={"asked_at": at})
    if not made and look.asked_at < at:
        Look.objects.filter(pk=look.pk).update(
            asked_at=at, done_at=None, failures=0, failed_at=None
        )


def compare_waiting(at: dt.datetime) -> int:
    """Compare what waits; a step of the timer process."""
    due = Q(failures__lt=MOST_FAILURES) | Q(failed_at=None) | Q(failed_at__lt=at - TRIED_AGAIN)
    waiting = Look.objects.filter(due, done_at=None)
    looks = list(waiting.order_by("failures", "asked_at")[:BATCH])
    if not looks:
        return 0
    lists: dict[tuple[str, bool], Against] = {}
    done = 0
    for look in looks:
        try:
            with transaction.atomic():
                done += _compare(look, lists)
        except Exception:
            log.exception("a row could not be compared", extra={"row": str(look)})
            Look.objects.filter(pk=look.pk).update(failures=F("failures") + 1, failed_at=at)
    return done


def _compare(look: Look, lists: dict[tuple[str, bool], Against]) -> int:
    asked_at = look.asked_at
    row = row_for(look.row_kind, look.row_id)
    side = None if row is None else side_of(row)
    compared = kept = 0
    if row is not None and side is None:
        forget(look.row_kind, row)
    elif row is not None and side is not None:
        matches, compared = _matches(side, row.realm, lists)
        for match, relation in matches:
            keep(match, relation)
            kept += match.pair.zone != "none"
        _withdraw_others(side, {(m.found.key, m.lost.key) for m, _relation in matches})
    # asked again meanwhile, it is compared again
    Look.objects.filter(pk=look.pk, asked_at=asked_at).update(
        done_at=now(), compared=compared, kept=kept
    )
    return 1


def _matches(
    side: Side, realm: str, lists: dict[tuple[str, bool], Against]
) -> tuple[list[tuple[Match, Relation]], int]:
    """What a row may be, and with how many it was compared."""
    missing = _list(realm, False, lists)
    if side.found:
        found = [(match, Relation.FOUND_LOST) for match in missing.matches(side)]
        held = registered_as(side)
        found += [(match, Relation.FOUND_HELD) for match in held.matches(side)]
        compared = len(missing.sides) + len(held.sides)
        return found + _reports(side, realm, lists), compared
    finds = _list(realm, True, lists).sides
    # every find is asked again whether it is this one: others compete for it
    found = [
        (match, Relation.FOUND_LOST)
        for other in finds
        if missing.may_be(other, side)
        for match in missing.matches(other)
        if match.lost.key == side.key
    ]
    return found + _reports(side, realm, lists), len(finds)


def _reports(
    side: Side, realm: str, lists: dict[tuple[str, bool], Against]
) -> list[tuple[Match, Relation]]:
    """Other reports of the same thing; alarms are none, each is an encounter of its own."""
    if side.kind != OBJECT:
        return []
    same = _list(realm, side.found, lists)
    return [
        (match, Relation.REPORTS)
        for match in same.matches(side)
        if match.lost.kind != ALARM and match.lost.key != side.key
    ]


def _list(realm: str, found: bool, lists: dict[tuple[str, bool], Against]) -> Against:
    if (realm, found) not in lists:
        lists[realm, found] = Against(found_sides(realm) if found else missing_sides(realm), realm)
    return lists[realm, found]


def keep(
    match: Match, relation: Relation, *, tell: bool = True, leaf: bool = True
) -> Candidate | None:
    """Keep a comparison, unless nothing has changed since the last one of this pair.

    A candidate that was refused is proposed again only when something has changed.

    Parameters
    ----------
    tell : bool
        Whether somebody is called.
    leaf : bool
        Whether it has a leaf of the log of its own; a batch has one for all.
    """
    one, other = match.found, match.lost
    if one.row.realm != other.row.realm:
        return None
    known = _known(one, other)
    if known is not None:
        last = known.comparisons.order_by("-number").first()
        if last is not None and last.sign == match.sign:
            if known.state == CandidateState.GONE and match.pair.zone != "none":
                _propose_again(known, relation, tell=tell)
            return known
    # its earlier comparisons stay: it is never marked lower than it was
    before = () if known is None else (mark_of(known),)
    mark = highwater((one.mark, other.mark, *before))
    at = now()
    candidate = known or Candidate(
        **mark.fields(),
        originator=other.row.originator,
        created_at=at,
        relation=relation,
        found_kind=one.kind,
        found_id=one.row.pk,
        lost_kind=other.kind,
        lost_id=other.row.pk,
    )
    proposed = match.pair.zone != "none"
    if candidate.state != CandidateState.ACCEPTED:
        candidate.state = CandidateState.OPEN if proposed else CandidateState.GONE
    # what nobody missed may be reported lost after it was found
    candidate.relation = relation
    candidate.zone, candidate.probability = match.pair.zone, match.pair.probability
    candidate.found_title, candidate.lost_title = one.title, other.title
    candidate.compared_at = at
    candidate.level, candidate.tlp = mark.level, mark.tlp
    candidate.save()
    mark.stamp(candidate)
    most = candidate.comparisons.aggregate(most=Max("number"))["most"] or 0
    Comparison.objects.create(
        candidate=candidate,
        number=most + 1,
        at=at,
        found=one.shown,
        lost=other.shown,
        probability=match.pair.probability,
        zone=match.pair.zone,
        refused=(match.pair.refused or "")[:400],
        weights=match.weights,
        prior_bits=match.prior_bits,
        versions=versions(),
        sign=match.sign,
    )
    if leaf:
        record(
            actor=LINKAGE,
            action="tracing.compare",
            subject=candidate,
            after={
                "probability": round(match.pair.probability, 4),
                "zone": match.pair.zone,
                "sign": match.sign,
            },
        )
    if tell and proposed:
        _call(candidate)
    return candidate


def _propose_again(candidate: Candidate, relation: Relation, *, tell: bool) -> None:
    """What did not fit for a time is again as it was when it was compared last."""
    candidate.state, candidate.relation = CandidateState.OPEN, relation
    candidate.save(update_fields=["state", "relation"])
    record(
        actor=LINKAGE,
        action="tracing.propose_again",
        subject=candidate,
        before={"state": "gone"},
        after={"state": "open"},
    )
    if tell:
        _call(candidate)


def _call(candidate: Candidate) -> None:
    if not _calls(candidate):
        return
    notify(
        candidate,
        text=PROPOSED,
        values={"name": candidate.name},
        address=candidate.get_absolute_url(),
        chain=CHAIN,
        actor=LINKAGE,
    )


def _known(one: Side, other: Side) -> Candidate | None:
    """The candidate of two rows, whichever of two reports was compared first."""
    for a, b in ((one, other), (other, one)):
        # a person may be judging it: what they say is not written over
        row = (
            Candidate.objects.select_for_update()
            .filter(found_kind=a.kind, found_id=a.row.pk, lost_kind=b.kind, lost_id=b.row.pk)
            .first()
        )
        if row is not None:
            return row
    return None


def _calls(candidate: Candidate) -> bool:
    """Whether somebody is called: something found may be what is missing, and it is no archive."""
    return (
        candidate.relation in {Relation.FOUND_LOST, Relation.FOUND_HELD}
        and candidate.realm != Realm.PUBLIC
        and candidate.state == CandidateState.OPEN
    )


def _withdraw_others(side: Side, standing: Iterable[tuple[object, object]]) -> None:
    """Open candidates of a row that no longer come out are proposed no more."""
    kept = set(standing) | {(b, a) for a, b in standing}
    for candidate in _open_of(side.kind, side.row):
        pair = (
            (candidate.found_kind, candidate.found_id),
            (candidate.lost_kind, candidate.lost_id),
        )
        if pair not in kept:
            _gone(candidate, "by a new comparison the two no longer fit")


def forget(kind: str, row: Marked) -> None:
    """What is neither missing nor found any more is proposed no more."""
    for candidate in _open_of(kind, row):
        if candidate.relation == Relation.FOUND_HELD and candidate.lost_id == row.pk:
            # it was never missing: what was found is compared with it as it is now
            ask(candidate.found_kind, candidate.found_id, now())
            continue
        _gone(candidate, f"{row} is neither missing nor found any more")


def _open_of(kind: str, row: Marked) -> list[Candidate]:
    rows = Candidate.objects.select_for_update().filter(state=CandidateState.OPEN)
    found = rows.filter(found_kind=kind, found_id=row.pk)
    return [*found, *rows.filter(lost_kind=kind, lost_id=row.pk)]


def _gone(candidate: Candidate, reason: str) -> None:
    candidate.state = CandidateState.GONE
    candidate.save(update_fields=["state"])
    record(
        actor=LINKAGE,
        action="tracing.withdraw",
        subject=candidate,
        before={"state": "open"},
        after={"state": "gone"},
        reason=reason,
    )
