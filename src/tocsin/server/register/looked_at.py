"""Findings of the checks that an officer has looked at and left as they are, and why.

A statement holds for one kind of finding in one source. It rests on the values from which the
finding comes: when one of them changes, or something is reported where reports are what is checked,
the finding comes back. A second statement takes it back. Statements are of the organisation whose
register it is, and only its people read them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.register.beyond import CHECKS
from tocsin.server.register.holders import Refused, require_officer
from tocsin.server.register.models import Found, LookedAt, Source
from tocsin.server.typed import plain

BATCH = 500
NUMBERS = ("manufacturer", "model", "serial", "device_serial")


@dataclass(frozen=True, slots=True)
class Rest:
    """On what findings of a kind rest.

    Parameters
    ----------
    fields : tuple of str
        Fields of the source.
    words : bool
        Whether what the finding says counts too: it names another source or holder.
    life : bool
        Whether everything that is reported of the source counts.
    """

    fields: tuple[str, ...]
    words: bool = False
    life: bool = False


REPORTED = Rest(("contents", "status", "made_on", "received_on"), words=True, life=True)
RESTS = {
    "sent_never_received": REPORTED,
    "received_never_sent": REPORTED,
    "not_exempt": REPORTED,
    "after_the_end": REPORTED,
    "decay_mismatch": REPORTED,
    "unit_slip": Rest((*NUMBERS, "contents"), words=True, life=True),
    "impossible_date": Rest(
        ("contents", "made_on", "received_on", "leak_test_on", "since"), words=True, life=True
    ),
    "nuclide_and_model": Rest((*NUMBERS, "contents")),
    "duplicate_serial": Rest((*NUMBERS, "contents"), words=True),
    "entered_twice": Rest((*NUMBERS, "contents"), words=True),
    "practice_and_category": Rest((*NUMBERS, "practice", "contents", "category")),
    "serial_mistyped": Rest(NUMBERS),
    "holder_twice": Rest(("holder",), words=True),
    "place_far": Rest(("holder_id", "place", "coarse_place")),
    "no_serial": Rest((*NUMBERS, "other_id")),
    "place_missing": Rest(("holder_id", "place", "coarse_place")),
    "storage_over": Rest(("storage_until", "status")),
    "licence_over": Rest(("holder_id",), words=True),
    "no_category": Rest(("contents",)),
}
OF_OTHERS = ("contents", "holder_id", "status", "practice", *NUMBERS)
"""Fields on which findings of apps above rest, beside what their check names."""


@transaction.atomic
def say_right(
    reader: Reader,
    source: Source,
    kind: str,
    why: Mapping[str, str],
    *,
    reason: str,
    seen: int | None = None,
) -> LookedAt:
    """Say that a finding is right as it is: it leaves the list until its values change.

    Parameters
    ----------
    why : mapping of str to str
        What the finding says, by language.
    seen : int, optional
        Statements on this finding that the officer knew of.

    Raises
    ------
    Refused
        Not an officer of the register, without a reason, or something was said in the meantime.
    """
    return _say(reader, source, kind, why, reason, seen, holds=True)


@transaction.atomic
def take_back(
    reader: Reader, source: Source, kind: str, *, reason: str, seen: int | None = None
) -> LookedAt:
    """Take such a statement back: the finding is in the list again.

    Parameters
    ----------
    seen : int, optional
        Statements on this finding that the officer knew of.

    Raises
    ------
    Refused
        Not an officer of the register, without a reason, nothing was said, or something was said
        in the meantime.
    """
    said = last_said(source, kind)
    if said is None:
        raise Refused(_("Nobody has said that this is right as it is."))
    return _say(reader, source, kind, said.why, reason, seen, holds=False)


def _say(
    reader: Reader,
    source: Source,
    kind: str,
    why: Mapping[str, str],
    reason: str,
    seen: int | None,
    *,
    holds: bool,
) -> LookedAt:
    source = (
        Source.objects.select_for_update(of=("self",)).select_related("holder").get(pk=source.pk)
    )
    require_officer(reader, source)
    reason = plain(reason)[:1000]
    if not reason:
        raise Refused(_("Say why."))
    # with the source locked: of two that are sent at once the second finds what the first has said
    if seen is not None and statements(source, kind) != seen:
        raise Refused(_("The finding has changed in the meantime: look again."))
    row = LookedAt.objects.create(
        source=source,
        kind=kind,
        rests_on=rests_on(source, kind),
        why=dict(why),
        holds=holds,
        reason=reason,
        at=now(),
        by=reader.person,
    )
    found = Found.objects.filter(
        source=source, kind=kind, checked__organisation=source.originator_id
    )
    found.update(accepted=row if holds else None)
    record(
        actor=reader.person,
        action="register.right_as_it_is" if holds else "register.not_right_after_all",
        subject=source,
        after={"finding": kind, "why": dict(why)},
        reason=reason,
    )
    return row


def last_said(source: Source, kind: str) -> LookedAt | None:
    """The statement that holds of a finding, whether its values have changed or not."""
    last = LookedAt.objects.filter(source=source, kind=kind).select_related("by").last()
    return last if last is not None and last.holds else None


def statements(source: Source, kind: str) -> int:
    """How often something was said of a finding."""
    return LookedAt.objects.filter(source=source, kind=kind).count()


def applies(said: LookedAt, source: Source, why: Mapping[str, str] | None = None) -> bool:
    """Whether a statement still rests on what is written.

    Parameters
    ----------
    why : mapping of str to str, optional
        What the finding says now, where it is there now.
    """
    if said.rests_on != rests_on(source, said.kind):
        return False
    if why is None or not _words_count(said.kind):
        return True
    return any(said.why.get(language) == text for language, text in why.items())


def rests_on(source: Source, kind: str) -> str:
    """Digest of the values on which a finding of a kind rests."""
    rest = RESTS.get(kind) or Rest(OF_OTHERS)
    values: list[Any] = [kind, *(getattr(source, name) for name in rest.fields)]
    if rest.life:
        values.append(source.transactions.count())
    values += [c.rests_on(source) for c in CHECKS if c.kind == kind and c.rests_on is not None]
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def said_of(organisation: UUID, realm: str) -> QuerySet[LookedAt]:
    """Statements on sources of a register, the last word of each finding the last."""
    rows = LookedAt.objects.filter(source__originator=organisation, source__realm=realm)
    return rows.select_related("by", "source__holder").order_by("id")


def standing(organisation: UUID, realm: str) -> dict[tuple[UUID, str], LookedAt]:
    """Statements that hold, by source and kind."""
    last = {(row.source_id, row.kind): row for row in said_of(organisation, realm)}
    return {key: row for key, row in last.items() if row.holds}


def accept(organisation: UUID, realm: str, found: Iterable[Found]) -> None:
    """Note on findings, not yet saved, which of them somebody has left as they are."""
    said = standing(organisation, realm)
    for row in found:
        known = said.get((row.source_id, row.kind))
        if known is not None and applies(known, known.source, row.why):
            row.accepted = known


def in_words(why: Mapping[str, str]) -> str:
    """What a finding says, in the language of the page if it is kept in it."""
    return why.get(translation.get_language() or "en") or next(iter(why.values()), "")


def _words_count(kind: str) -> bool:
    if kind in RESTS:
        return RESTS[kind].words
    return all(c.rests_on is None for c in CHECKS if c.kind == kind)
