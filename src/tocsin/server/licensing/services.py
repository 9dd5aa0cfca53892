"""Licences: proposed by one officer, confirmed by a second; suspended, revoked, replaced.

A bogus firm once got a real licence because one desk believed its papers: nothing that gives a
holder more than it had takes effect by one person alone. What takes something away does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import source_nuclide
from tocsin.sealing import LicenceSheet, new_nonce, sheet_code, sign_sheet
from tocsin.sealing.licence_sheet import ACTS, FORMS
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.turns import one_at_a_time
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.licensing.keys import licence_key
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import (
    Act,
    Decision,
    Event,
    EventKind,
    Licence,
    Sheet,
    State,
    Version,
)
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.holders import Refused, mark_of_register, open_to
from tocsin.server.register.models import CATEGORIES, Holder
from tocsin.server.register.practices import NAMES
from tocsin.server.typed import plain

MOST_LIMITS = 24
MOST_PLACES = 12
LONGEST = dt.timedelta(days=20 * 366)
"""Longest validity that is taken: what is longer is a slip of the date."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version of a licence is to say.

    Parameters
    ----------
    valid_from, valid_until : date
        First and last day.
    acts, practices, places : sequence of str
        Acts and practices by their codes; places in words. No practice means any.
    limits : sequence of Limit
    """

    valid_from: dt.date
    valid_until: dt.date
    acts: Sequence[str]
    limits: Sequence[Limit]
    practices: Sequence[str] = field(default=())
    places: Sequence[str] = field(default=())


@transaction.atomic
def propose_licence(
    reader: Reader,
    holder: Holder,
    terms: Terms,
    *,
    number: str = "",
    reason: str,
    replaces: Licence | None = None,
) -> Licence:
    """Propose a licence; it is none before a second officer has confirmed it.

    Parameters
    ----------
    number : str
        One that the register does not have yet; made here where it is empty.
    reason : str
        On what it rests: the application, the visit on the spot.
    replaces : Licence, optional
        A licence of the same holder that ends with the confirmation of this one.

    Raises
    ------
    Refused
        Not allowed, not complete, or the number is taken.
    """
    require_licensing_officer(reader, holder)
    # two officers who propose at once wait for each other: a number is given once
    one_at_a_time(reader.person.organisation_id)
    number = plain(number)[:60] or _next_number(reader)
    if Licence.objects.filter(
        originator=reader.person.organisation_id, realm=reader.realm, number__iexact=number
    ).exists():
        raise Refused(_("There is a licence with this number already."))
    if replaces is not None and (
        replaces.holder_id != holder.pk or replaces.state not in (State.IN_FORCE, State.SUSPENDED)
    ):
        raise Refused(_("Only a licence of the same holder that has not ended can be replaced."))
    row = Licence.objects.create(
        **mark_of_register(reader).fields(),
        originator=reader.person.organisation,
        created_at=now(),
        created_by=reader.person,
        holder=holder,
        number=number,
        replaces=replaces,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
    )
    version = _version(reader, row, terms, reason)
    record(
        actor=reader.person,
        action="licences.propose",
        subject=row,
        after={"number": number, "holder": holder.name} | _told(version),
        reason=version.reason,
    )
    return row


@transaction.atomic
def propose_version(reader: Reader, licence: Licence, terms: Terms, *, reason: str) -> Version:
    """Propose new limits or a new time for a licence; the version in force stays until confirmed.

    Raises
    ------
    Refused
        Not allowed, not complete, or a version waits for its decision already.
    """
    licence = _locked(reader, licence)
    if licence.state not in (State.IN_FORCE, State.SUSPENDED):
        raise Refused(_("This licence has ended, or was never issued."))
    if waiting_version(licence) is not None:
        raise Refused(_("A version waits for the decision of a second officer already."))
    version = _version(reader, licence, terms, reason)
    record(
        actor=reader.person,
        action="licences.amend",
        subject=licence,
        before=_told(licence.current) if licence.current else {},
        after=_told(version),
        reason=version.reason,
    )
    return version


@transaction.atomic
def decide_version(
    reader: Reader, licence: Licence, *, approve: bool, answer: str = "", number: int | None = None
) -> Licence:
    """Confirm or refuse what another officer proposed.

    Parameters
    ----------
    number : int, optional
        Of the version that was read: another one is not decided on unread.

    Raises
    ------
    Refused
        Not allowed, nothing waits, or one proposed it oneself.
    """
    licence = _locked(reader, licence)
    version = waiting_version(licence)
    if version is None or (number is not None and version.number != number):
        raise Refused(_("Nothing waits for a decision here, or something else does."))
    if version.proposed_by_id == reader.person.pk:
        raise Refused(_("A second officer must decide: you proposed it yourself."))
    answer = plain(answer)[:400]
    if not approve and not answer:
        raise Refused(_("Say why it is refused."))
    Decision.objects.create(
        version=version,
        asked_by=version.proposed_by,
        by=reader.person,
        at=now(),
        approved=approve,
        answer=answer,
    )
    kind = EventKind.CONFIRMED if approve else EventKind.REFUSED
    _event(reader.person, licence, kind, version.number, answer)
    before = {"version": licence.current.number if licence.current else None}
    if approve:
        if licence.state not in (State.DRAFT, State.IN_FORCE, State.SUSPENDED):
            raise Refused(_("The licence has ended in the meantime: refuse what was proposed."))
        _put_in_force(reader, licence, version)
    record(
        actor=reader.person,
        action=f"licences.{kind}",
        subject=licence,
        before=before,
        after={"version": version.number, "proposed_by": str(version.proposed_by_id)}
        | _told(version),
        reason=answer,
    )
    return licence


@transaction.atomic
def change_state(reader: Reader, licence: Licence, kind: EventKind, *, reason: str) -> Licence:
    """Suspend or revoke a licence, or lift its suspension, which takes another officer.

    Raises
    ------
    Refused
        Not allowed, not possible now, without a reason, or the suspension is one's own.
    """
    licence = _locked(reader, licence)
    reason = plain(reason)[:400]
    if kind not in possible_steps(licence):
        raise Refused(_("This is not possible for the licence now."))
    if not reason:
        raise Refused(_("Give a reason."))
    if kind is EventKind.LIFTED:
        last = licence.events.filter(kind=EventKind.SUSPENDED).last()
        if last is not None and last.by_id == reader.person.pk:
            raise Refused(_("A second officer lifts the suspension: you suspended it yourself."))
    before = licence.state
    licence.state = {
        EventKind.SUSPENDED: State.SUSPENDED,
        EventKind.REVOKED: State.REVOKED,
        EventKind.LIFTED: State.IN_FORCE,
    }[kind]
    licence.save(update_fields=["state"])
    _event(reader.person, licence, kind, _current_number(licence), reason)
    record(
        actor=reader.person,
        action=f"licences.{kind}",
        subject=licence,
        before={"state": before},
        after={"state": licence.state},
        reason=reason,
    )
    return licence


@transaction.atomic
def issue_sheet(reader: Reader, licence: Licence) -> Sheet:
    """Sign a fresh sheet of the version in force: for an officer, or for the holder's own people.

    Raises
    ------
    Refused
        Not in force, not allowed, or too long for one code.
    """
    licence = Licence.objects.select_for_update().get(pk=licence.pk)
    if not may_take_sheet(reader, licence):
        raise Refused(_("None of your roles allows this."))
    over = licence.state != State.IN_FORCE or now().date() > licence.valid_until
    if over or licence.current is None:
        raise Refused(_("Only for a licence in force a sheet is signed."))
    row = _signed(reader.person, licence, licence.current)
    record(
        actor=reader.person,
        action="licences.sheet",
        subject=licence,
        after={"nonce": row.nonce, "version": licence.current.number},
    )
    return row


def possible_steps(licence: Licence) -> tuple[EventKind, ...]:
    """What an officer may do to a licence now, apart from amending it."""
    return {
        State.IN_FORCE.value: (EventKind.SUSPENDED, EventKind.REVOKED),
        State.SUSPENDED.value: (EventKind.LIFTED, EventKind.REVOKED),
    }.get(licence.state, ())


def waiting_version(licence: Licence) -> Version | None:
    """The version on which nobody has decided."""
    return licence.versions.filter(decision=None).order_by("-number").first()


def may_take_sheet(reader: Reader, licence: Licence) -> bool:
    """Whether a sheet is the reader's to take: an officer's, or one of the holder's people."""
    if not decide(reader, "licences.read", licence).allowed:
        return False
    officer = (
        may(reader, "licences.write") and licence.originator_id == reader.person.organisation_id
    )
    return officer or licence.holder.organisation_id == reader.person.organisation_id


def require_licensing_officer(reader: Reader, row: Marked | None = None) -> None:
    """Refuse who may not write licences of a holder's register."""
    if not may(reader, "licences.write"):
        raise Refused(_("None of your roles allows this."))
    if row is not None and (
        row.originator_id != reader.person.organisation_id
        or not decide(reader, "licences.write", row).allowed
    ):
        raise Refused(_("None of your roles allows this."))


def limit_of(
    what: str,
    *,
    form: str,
    source_Bq: float | None,
    total_Bq: float | None,
    sources: int | None,
) -> Limit:
    """A limit as an officer writes it: nuclides divided by semicolons, or ``category 3``.

    Raises
    ------
    Refused
        It names nothing that is known, or bounds nothing.
    """
    words = plain(what).replace(",", ";")
    last = words.split()[-1] if words.split() else ""
    named_category = {_("category").casefold(), "category"}
    if words and words.split()[0].casefold() in named_category:
        if last not in {str(c) for c in CATEGORIES}:
            raise Refused(_("“{text}”: a category is 1 to 5.").format(text=words[:40]))
        return Limit((), int(last), form, source_Bq, total_Bq, sources)
    try:
        names = [source_nuclide(part.strip()) for part in words.split(";") if part.strip()]
    except (InvalidInput, NotFound) as error:
        raise Refused(str(error)) from error
    if not names:
        raise Refused(_("Name nuclides, or a category."))
    if total_Bq is None and (source_Bq is None or sources is None):
        raise Refused(
            _(
                "{what}: give the most total activity, or that of one source and their number."
            ).format(what=words[:40])
        )
    return Limit(tuple(dict.fromkeys(names)), None, form, source_Bq, total_Bq, sources)


def belongings(holder: Holder) -> Iterable[Marked]:
    """Issued licences of a holder, opened to and closed with its people."""
    return Licence.objects.filter(holder=holder).exclude(state=State.DRAFT)


def _version(reader: Reader, licence: Licence, terms: Terms, reason: str) -> Version:
    reason = plain(reason)[:400]
    _check(terms)
    if not reason:
        raise Refused(_("Say on what the licence rests."))
    number = (licence.versions.aggregate(most=Max("number"))["most"] or 0) + 1
    row = Version.objects.create(
        licence=licence,
        number=number,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        acts=[act for act in ACTS if act in terms.acts],
        practices=[code for code in NAMES if code in terms.practices],
        places=[plain(place)[:120] for place in terms.places if plain(place)],
        limits=[limit.written() for limit in terms.limits],
        reason=reason,
        proposed_by=reader.person,
        proposed_at=now(),
    )
    # a licence that no sheet could hold is refused before anybody decides on it
    try:
        signed = _sheet(licence, row, "A" * 24)
    except InvalidInput as error:
        raise Refused(_("No sheet can be made of this licence: {why}").format(why=error)) from error
    try:
        sheet_code(signed)
    except InvalidInput as error:
        raise Refused(
            _("The licence is too long for its sheet: fewer limits or shorter texts.")
        ) from error
    _event(reader.person, licence, EventKind.PROPOSED, number, reason)
    return row


def _check(terms: Terms) -> None:
    if terms.valid_until < terms.valid_from or terms.valid_until - terms.valid_from > LONGEST:
        raise Refused(_("The licence ends before it begins, or lasts longer than 20 years."))
    if not terms.acts or not set(terms.acts) <= set(ACTS):
        raise Refused(_("Say what it permits: to hold, to use, to distribute."))
    if Act.HOLD not in terms.acts:
        raise Refused(_("Who uses or distributes sources also holds them."))
    if not 1 <= len(terms.limits) <= MOST_LIMITS:
        raise Refused(_("Give 1 to {n} limits.").format(n=MOST_LIMITS))
    if any(limit.form not in FORMS for limit in terms.limits):
        raise Refused(_("A limit is for sealed sources, for unsealed material, or for both."))
    if not set(terms.practices) <= set(NAMES):
        raise Refused(_("A practice is not known."))
    if len(terms.places) > MOST_PLACES:
        raise Refused(_("Give at most {n} places.").format(n=MOST_PLACES))


def _put_in_force(reader: Reader, licence: Licence, version: Version) -> None:
    first = licence.state == State.DRAFT
    licence.current = version
    licence.valid_from, licence.valid_until = version.valid_from, version.valid_until
    if first:
        licence.state = State.IN_FORCE
    licence.save()
    if first:
        body = licence.holder.organisation
        if body is not None:
            open_to(body, [licence], reader.person)
        if licence.replaces is not None:
            _replace(reader, licence.replaces, by=licence)
    if licence.state == State.IN_FORCE:
        _signed(reader.person, licence, version)


def _replace(reader: Reader, old: Licence, *, by: Licence) -> None:
    """End a licence for another one, unless it has ended by itself."""
    old = Licence.objects.select_for_update().get(pk=old.pk)
    before = old.state
    if before not in (State.IN_FORCE, State.SUSPENDED):
        return
    old.state = State.REPLACED
    old.save(update_fields=["state"])
    note = _("by {number}").format(number=by.number)
    _event(reader.person, old, EventKind.REPLACED, _current_number(old), note)
    record(
        actor=reader.person,
        action="licences.replaced",
        subject=old,
        before={"state": before},
        after={"state": old.state},
        reason=note,
    )


def _signed(by: Person, licence: Licence, version: Version) -> Sheet:
    signed = _sheet(licence, version, new_nonce())
    row = Sheet.objects.create(
        version=version,
        nonce=signed.content["nonce"],
        code=signed.code(),
        issued_at=now(),
        issued_by=by,
    )
    _event(by, licence, EventKind.SHEET, version.number, row.nonce)
    return row


def _sheet(licence: Licence, version: Version, nonce: str) -> LicenceSheet:
    return sign_sheet(
        {
            "number": licence.number,
            "version": version.number,
            "realm": licence.realm,
            "holder": licence.holder.name,
            "issuer": licence.originator.name,
            "valid_from": version.valid_from.isoformat(),
            "valid_until": version.valid_until.isoformat(),
            "acts": version.acts,
            "practices": version.practices,
            "places": version.places,
            "limits": version.limits,
            "issued_at": now().isoformat(timespec="seconds"),
            "nonce": nonce,
        },
        licence_key(),
    )


def _event(by: Person, licence: Licence, kind: EventKind, version: int, note: str) -> None:
    number = (licence.events.aggregate(most=Max("number"))["most"] or 0) + 1
    Event.objects.create(
        licence=licence, number=number, kind=kind, version=version, at=now(), by=by, note=note
    )


def _locked(reader: Reader, licence: Licence) -> Licence:
    require_licensing_officer(reader, licence)
    # the newest row, and nobody else changes it meanwhile
    return (
        Licence.objects.select_for_update(of=("self",)).select_related("holder").get(pk=licence.pk)
    )


def _current_number(licence: Licence) -> int:
    return licence.current.number if licence.current is not None else 0


def _next_number(reader: Reader) -> str:
    own = Licence.objects.filter(originator=reader.person.organisation_id, realm=reader.realm)
    year = reader.at.year
    at = own.filter(number__startswith=f"L-{year}-").count() + 1
    while own.filter(number=f"L-{year}-{at:04d}").exists():
        at += 1
    return f"L-{year}-{at:04d}"


def _told(version: Version) -> dict[str, object]:
    return {
        "valid_from": version.valid_from.isoformat(),
        "valid_until": version.valid_until.isoformat(),
        "acts": version.acts,
        "practices": version.practices,
        "places": version.places,
        "limits": version.limits,
    }
