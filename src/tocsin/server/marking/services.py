"""Opening rows to others and closing them again: agreements, compartments, releases, levels."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import cache

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, TocsinError
from tocsin.server.accounts.models import Level, Organisation, OrganisationKind, Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.models import (
    Agreement,
    Compartment,
    Marked,
    Membership,
    Proposal,
    Release,
    TwoPersonStep,
)
from tocsin.server.marking.policy import Reader, may, visible

PROPOSAL_DAYS = 7
LEVEL_HEARERS: list[Callable[[Marked, int], None]] = []
"""Apps above that hear of a new level before it is written: what tells of the row rises with it,
or the level is refused in words (``InvalidInput``)."""


@cache
def marked_nouns() -> dict[str, type[Marked]]:
    """Every kind of row that carries a mark, by ``app.model``."""
    return {
        m._meta.label_lower: m
        for a in apps.get_app_configs()
        for m in a.get_models()
        if issubclass(m, Marked)
    }


def visible_row(reader: Reader, noun: str, row_id: uuid.UUID) -> Marked:
    """A row that a person may see.

    Raises
    ------
    InvalidInput
        The same whether it is absent or closed to the person.
    """
    model = marked_nouns().get(noun)
    row = visible(reader, model.objects.all()).filter(pk=row_id).first() if model else None
    if row is None:
        raise InvalidInput(_("There is no such row that you may see."))
    return row


def is_abroad(giver: Organisation, receiver: Organisation) -> bool:
    """Whether a release would leave the State."""
    return receiver.kind == OrganisationKind.PARTNER or receiver.country != giver.country


@transaction.atomic
def agree(
    reader: Reader,
    *,
    receiver: Organisation,
    noun: str,
    most_level: int,
    reason: str,
) -> Agreement:
    """Let another organisation of the State see all rows of one noun of one's own."""
    giver = reader.person.organisation
    if noun not in marked_nouns():
        raise InvalidInput(_("There are no rows of the kind “{noun}”.").format(noun=noun))
    if receiver.pk == giver.pk:
        raise InvalidInput(_("An agreement is with another organisation."))
    if is_abroad(giver, receiver):
        raise InvalidInput(
            _("Rows go to another State one by one, each approved by a second person.")
        )
    if most_level > reader.person.clearance:
        raise InvalidInput(_("You cannot open rows above your own clearance."))
    row = Agreement.objects.create(
        giver=giver,
        receiver=receiver,
        realm=reader.realm,
        noun=noun,
        most_level=most_level,
        valid_from=now(),
        granted_by=reader.person,
        reason=reason,
    )
    values = {
        "receiver": receiver.short_name,
        "realm": row.realm,
        "noun": noun,
        "most_level": most_level,
    }
    record(actor=reader.person, action="marking.agree", subject=row, after=values, reason=reason)
    return row


@transaction.atomic
def end_agreement(reader: Reader, agreement: Agreement, *, reason: str) -> None:
    """End an agreement of one's own organisation now."""
    at = now()
    if agreement.giver_id != reader.person.organisation_id:
        raise InvalidInput(_("Only the giver ends an agreement."))
    if agreement.valid_until is not None and agreement.valid_until <= at:
        return
    agreement.valid_until = at
    agreement.save(update_fields=["valid_until"])
    record(actor=reader.person, action="marking.end_agreement", subject=agreement, reason=reason)


@transaction.atomic
def add_compartment(reader: Reader, *, code: str, name: str) -> Compartment:
    """A new circle of people who need to know; its maker is its first member."""
    if Compartment.objects.filter(code__iexact=code).exists():
        raise InvalidInput(_("The code “{code}” is taken.").format(code=code))
    row = Compartment.objects.create(
        code=code, name=name, owner=reader.person.organisation, created_at=now()
    )
    Membership.objects.create(
        compartment=row, person=reader.person, valid_from=now(), granted_by=reader.person
    )
    record(actor=reader.person, action="marking.add_compartment", subject=row, after={"code": code})
    return row


@transaction.atomic
def add_member(reader: Reader, compartment: Compartment, person: Person, *, reason: str) -> None:
    """Let a person into a compartment that one is a member of oneself."""
    if compartment.pk not in reader.compartments:
        raise InvalidInput(_("Only members let others in."))
    at = now()
    if Membership.objects.filter(compartment=compartment, person=person, valid_until=None).exists():
        return
    Membership.objects.create(
        compartment=compartment, person=person, valid_from=at, granted_by=reader.person
    )
    record(
        actor=reader.person,
        action="marking.add_member",
        subject=compartment,
        after={"person": str(person.pk)},
        reason=reason,
    )


@transaction.atomic
def end_membership(reader: Reader, membership: Membership, *, reason: str) -> None:
    """End a person's membership now; the last member stays, or nobody could open the rows."""
    if membership.compartment_id not in reader.compartments:
        raise InvalidInput(_("Only members end a membership."))
    # one end of a membership at a time, so that two cannot each leave the other as the last
    Compartment.objects.select_for_update().get(pk=membership.compartment_id)
    membership.refresh_from_db()
    if membership.valid_until is not None:
        return
    others = Membership.objects.filter(
        compartment=membership.compartment_id, valid_until=None, person__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise InvalidInput(_("The last member stays: let another person in first."))
    membership.valid_until = now()
    membership.save(update_fields=["valid_until"])
    record(
        actor=reader.person,
        action="marking.end_membership",
        subject=membership.compartment,
        before={"person": str(membership.person_id)},
        reason=reason,
    )


@transaction.atomic
def release(reader: Reader, row: Marked, receiver: Organisation, *, reason: str) -> Release:
    """Open one row of one's own organisation to another organisation of the same State."""
    giver = reader.person.organisation
    if row.originator_id != giver.pk:
        raise InvalidInput(_("Only the originator releases a row."))
    if is_abroad(giver, receiver):
        raise InvalidInput(_("Release to another State needs a second person: propose it."))
    return _released(row, receiver, reader.person, reason)


@transaction.atomic
def end_release(reader: Reader, opened: Release, *, reason: str) -> None:
    """Close a released row again."""
    row = visible_row(reader, opened.noun, opened.row_id)
    if row.originator_id != reader.person.organisation_id:
        raise InvalidInput(_("Only the originator ends a release."))
    if opened.ended_at is None:
        opened.ended_at = now()
        opened.save(update_fields=["ended_at"])
        record(actor=reader.person, action="marking.end_release", subject=row, reason=reason)


@transaction.atomic
def raise_level(reader: Reader, row: Marked, level: int, *, reason: str) -> None:
    """Give a row a higher level; one person may."""
    if row.originator_id != reader.person.organisation_id:
        raise InvalidInput(_("Only the originator changes a level."))
    if level <= row.level:
        raise InvalidInput(_("Lowering a level needs a second person: propose it."))
    _set_level(row, level, reader.person, reason, seen=row.level)


@transaction.atomic
def propose(
    reader: Reader, row: Marked, step: str, *, reason: str, receiver: str = "", level: int = 0
) -> Proposal:
    """Ask a second person for what one alone may not do."""
    if row.originator_id != reader.person.organisation_id:
        raise InvalidInput(_("Only the originator may propose this."))
    if step == TwoPersonStep.LOWER_LEVEL and not 0 <= level < row.level:
        raise InvalidInput(_("Name a lower level."))
    if (
        step == TwoPersonStep.RELEASE_ABROAD
        and not Organisation.objects.filter(pk=receiver, is_active=True).exists()
    ):
        raise InvalidInput(_("Name the organisation that is to see it."))
    at = now()
    asked = Proposal.objects.create(
        step=step,
        noun=row._meta.label_lower,
        row_id=row.pk,
        values={"receiver": receiver, "level": level, "seen_level": row.level},
        organisation=reader.person.organisation,
        asked_by=reader.person,
        asked_at=at,
        valid_until=at + timedelta(days=PROPOSAL_DAYS),
        reason=reason,
    )
    record(
        actor=reader.person,
        action="marking.propose",
        subject=row,
        after={"step": step, **asked.values},
        reason=reason,
    )
    return asked


@transaction.atomic
def decide_proposal(
    reader: Reader, proposal_id: uuid.UUID, *, approve: bool, answer: str
) -> Proposal:
    """Approve or refuse what another person of one's organisation asked for; approval does it."""
    asked = (
        Proposal.objects.select_for_update()
        .filter(pk=proposal_id, organisation=reader.person.organisation)
        .first()
    )
    if asked is None:
        raise InvalidInput(_("There is no such row that you may see."))
    if asked.decided_at is not None or asked.valid_until <= now():
        raise InvalidInput(_("This was decided already, or its time is over."))
    if asked.asked_by_id == reader.person.pk:
        raise InvalidInput(_("A second person must decide: you asked for it yourself."))
    if not may(reader, "marking.release"):
        raise InvalidInput(_("None of your roles allows this."))
    row = visible_row(reader, asked.noun, asked.row_id)
    asked.decided_by, asked.decided_at = reader.person, now()
    asked.approved, asked.answer = approve, answer
    asked.save(update_fields=["decided_by", "decided_at", "approved", "answer"])
    who = {"proposal": str(asked.pk), "asked_by": str(asked.asked_by_id), "answer": answer}
    if not approve:
        record(actor=reader.person, action="marking.refuse", subject=row, after=who, reason=answer)
    elif asked.step == TwoPersonStep.LOWER_LEVEL:
        seen, level = int(asked.values["seen_level"]), int(asked.values["level"])
        _set_level(row, level, reader.person, asked.reason, seen=seen, **who)
    else:
        receiver = Organisation.objects.get(pk=asked.values["receiver"])
        _released(row, receiver, reader.person, asked.reason, **who)
    return asked


def _released(row: Marked, receiver: Organisation, by: Person, reason: str, **more: str) -> Release:
    opened = Release.objects.create(
        noun=row._meta.label_lower,
        row_id=row.pk,
        receiver=receiver,
        released_by=by,
        at=now(),
        reason=reason,
    )
    record(
        actor=by,
        action="marking.release",
        subject=row,
        after={"receiver": receiver.short_name, **more},
        reason=reason,
    )
    return opened


def _set_level(row: Marked, level: int, by: Person, reason: str, *, seen: int, **more: str) -> None:
    """Change a level, if it still is what the person who wanted it changed had seen."""
    if level not in Level.values:
        raise InvalidInput(_("There is no such level."))
    before = type(row).objects.select_for_update().get(pk=row.pk).level
    if before != seen:
        raise InvalidInput(_("The level was changed in the meantime: look again."))
    for hear in LEVEL_HEARERS:
        hear(row, level)
    try:
        type(row).objects.filter(pk=row.pk).update(level=level)
    except TocsinError as error:
        # rows that are written once refuse
        raise InvalidInput(_("This row is written once and its level stays.")) from error
    row.level = level
    record(
        actor=by,
        action="marking.set_level",
        subject=row,
        before={"level": before},
        after={"level": level, **more},
        reason=reason,
    )
