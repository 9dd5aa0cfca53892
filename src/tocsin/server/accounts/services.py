"""Changes to organisations, people, roles, invitations, powers and tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import (
    ApiToken,
    Assignment,
    Elevation,
    Invitation,
    Organisation,
    Person,
    Realm,
)
from tocsin.server.accounts.roles import ROLE_NAMES, known_actions
from tocsin.server.accounts.tokens import fresh_token, hash_of
from tocsin.server.audit.services import record
from tocsin.server.clock import now

INVITATION_H = 24
ELEVATION_MIN = 60
TOKEN_DAYS_MOST = 365


@transaction.atomic
def add_organisation(
    *, actor: Person | str, name: str, short_name: str, kind: str, country: str
) -> Organisation:
    """Add a body that people work for."""
    if Organisation.objects.filter(short_name__iexact=short_name).exists():
        raise InvalidInput(_("The short name “{name}” is taken.").format(name=short_name))
    row = Organisation.objects.create(
        name=name, short_name=short_name, kind=kind, country=country.upper(), created_at=now()
    )
    record(
        actor=actor,
        action="accounts.add_organisation",
        subject=row,
        after={"name": name, "short_name": short_name, "kind": kind, "country": country.upper()},
    )
    return row


@transaction.atomic
def add_person(
    *,
    actor: Person | str,
    email: str,
    name: str,
    organisation: Organisation,
    clearance: int,
    realms: list[str],
) -> Person:
    """Add a person, who cannot sign in before using an invitation."""
    if Person.objects.filter(email__iexact=email).exists():
        raise InvalidInput(_("Someone signs in by this address already."))
    if not realms or set(realms) - set(Realm.values):
        raise InvalidInput(_("Name at least one realm."))
    row = Person(
        email=email.lower(),
        name=name,
        organisation=organisation,
        clearance=clearance,
        realms=realms,
        created_at=now(),
    )
    row.set_unusable_password()
    row.save()
    EmailAddress.objects.create(user=row, email=row.email, primary=True, verified=True)
    record(
        actor=actor,
        action="accounts.add_person",
        subject=row,
        after={
            "organisation": organisation.short_name,
            "clearance": clearance,
            "realms": realms,
        },
    )
    return row


@transaction.atomic
def set_password(person: Person, password: str, *, actor: Person | str) -> None:
    """Give a person a password that the rules allow."""
    validate_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password"])
    record(actor=actor, action="accounts.set_password", subject=person)


@transaction.atomic
def grant(
    person: Person,
    role: str,
    *,
    actor: Person | str,
    reason: str,
    valid_until: datetime | None = None,
) -> Assignment:
    """Give a person a role."""
    if role not in ROLE_NAMES:
        raise InvalidInput(_("There is no role “{role}”.").format(role=role))
    if isinstance(actor, Person) and actor.pk == person.pk:
        raise InvalidInput(_("Nobody gives a role to themselves: ask another administrator."))
    row = Assignment.objects.create(
        person=person,
        role=role,
        valid_from=now(),
        valid_until=valid_until,
        granted_by=actor if isinstance(actor, Person) else None,
        reason=reason,
    )
    record(
        actor=actor,
        action="accounts.grant",
        subject=person,
        after={"role": role, "until": valid_until},
        reason=reason,
    )
    return row


def _administrators(at: datetime) -> QuerySet[Person]:
    """People who can act as administrators at a moment."""
    held = Assignment.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=at), role="administrator", valid_from__lte=at
    )
    return Person.objects.filter(
        is_active=True, organisation__is_active=True, pk__in=held.values("person")
    )


@transaction.atomic
def end_role(assignment: Assignment, *, actor: Person | str, reason: str) -> None:
    """End a role now; what the person has open is closed at the next request."""
    at = now()
    if assignment.valid_until is not None and assignment.valid_until <= at:
        return
    if assignment.role == "administrator" and not _administrators(at).exclude(
        pk=assignment.person_id
    ):
        raise InvalidInput(_("The last administrator stays: give another person the role first."))
    before = assignment.valid_until
    assignment.valid_until = at
    assignment.save(update_fields=["valid_until"])
    record(
        actor=actor,
        action="accounts.end_role",
        subject=assignment.person,
        before={"role": assignment.role, "until": before},
        after={"role": assignment.role, "until": at},
        reason=reason,
    )


@transaction.atomic
def disable(person: Person, *, actor: Person | str, reason: str) -> None:
    """Shut a person out: sessions, tokens and open streams end."""
    if isinstance(actor, Person) and actor.pk == person.pk:
        raise InvalidInput(_("You cannot shut yourself out."))
    if not person.is_active:
        return
    if not _administrators(now()).exclude(pk=person.pk):
        raise InvalidInput(_("The last administrator stays: give another person the role first."))
    person.is_active = False
    person.save(update_fields=["is_active"])
    _end_ways_in(Person.objects.filter(pk=person.pk))
    record(
        actor=actor,
        action="accounts.disable",
        subject=person,
        before={"active": True},
        after={"active": False},
        reason=reason,
    )


def _end_ways_in(people: QuerySet[Person]) -> None:
    """End sessions, tokens and one-time links of people."""
    at = now()
    for session in UserSession.objects.filter(user__in=people):
        session.end()
    ApiToken.objects.filter(person__in=people, ended_at=None).update(ended_at=at)
    Invitation.objects.filter(person__in=people, used_at=None, valid_until__gt=at).update(
        valid_until=at
    )


@transaction.atomic
def close_organisation(organisation: Organisation, *, actor: Person | str, reason: str) -> None:
    """Shut all people of an organisation out: sessions, tokens and open streams end.

    Its rows, its people and their roles stay as they are, for when it is opened again.

    Raises
    ------
    InvalidInput
        It is the organisation of the person who wants to close it.
    """
    if isinstance(actor, Person) and actor.organisation_id == organisation.pk:
        raise InvalidInput(_("You cannot close your own organisation."))
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if not organisation.is_active:
        return
    _set_open(organisation, actor=actor, reason=reason, active=False)
    _end_ways_in(Person.objects.filter(organisation=organisation))


@transaction.atomic
def open_organisation(organisation: Organisation, *, actor: Person | str, reason: str) -> None:
    """Let the people of a closed organisation sign in again; ended tokens stay ended."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if not organisation.is_active:
        _set_open(organisation, actor=actor, reason=reason, active=True)


def _set_open(
    organisation: Organisation, *, actor: Person | str, reason: str, active: bool
) -> None:
    organisation.is_active = active
    organisation.save(update_fields=["is_active"])
    record(
        actor=actor,
        action="accounts.open_organisation" if active else "accounts.close_organisation",
        subject=organisation,
        before={"active": not active},
        after={"active": active},
        reason=reason,
    )


@transaction.atomic
def enable(person: Person, *, actor: Person | str, reason: str) -> None:
    """Let a person in again."""
    if person.is_active:
        return
    person.is_active = True
    person.save(update_fields=["is_active"])
    record(
        actor=actor,
        action="accounts.enable",
        subject=person,
        before={"active": False},
        after={"active": True},
        reason=reason,
    )


@transaction.atomic
def invite(person: Person, *, actor: Person | str) -> str:
    """A one-time token by which a person sets a password; earlier ones end."""
    at = now()
    Invitation.objects.filter(person=person, used_at=None, valid_until__gt=at).update(
        valid_until=at
    )
    token, token_hash = fresh_token()
    row = Invitation.objects.create(
        person=person,
        token_hash=token_hash,
        created_at=at,
        valid_until=at + timedelta(hours=INVITATION_H),
    )
    record(actor=actor, action="accounts.invite", subject=person, after={"until": row.valid_until})
    return token


def open_invitation(token: str) -> Invitation | None:
    """The invitation of a token, if it still opens something."""
    return (
        Invitation.objects.select_related("person")
        .filter(token_hash=hash_of(token), used_at=None, valid_until__gt=now())
        .filter(person__is_active=True, person__organisation__is_active=True)
        .first()
    )


@transaction.atomic
def use_invitation(token: str, password: str) -> Person | None:
    """Set the password of an invited person; None if the link opens nothing any more."""
    row = open_invitation(token)
    if row is None:
        return None
    # one of two simultaneous uses wins
    if not Invitation.objects.filter(pk=row.pk, used_at=None).update(used_at=now()):
        return None
    set_password(row.person, password, actor=row.person)
    # whoever had the old password may have made tokens
    ApiToken.objects.filter(person=row.person, ended_at=None).update(ended_at=now())
    return row.person


@transaction.atomic
def invite_first_administrator() -> str | None:
    """Token for the first administrator; None once someone of that role can sign in."""
    held = list(_administrators(now()).order_by("created_at"))
    if any(person.has_usable_password() for person in held):
        return None
    first = held[0] if held else None
    if first is None:
        organisation = Organisation.objects.order_by("created_at").first() or add_organisation(
            actor="system:serve",
            name="National authority",
            short_name="authority",
            kind="regulator",
            country="ZZ",
        )
        first = add_person(
            actor="system:serve",
            email="administrator@tocsin.invalid",
            name="Administrator",
            organisation=organisation,
            clearance=1,
            realms=[Realm.LIVE.value, Realm.EXERCISE.value],
        )
        grant(first, "administrator", actor="system:serve", reason="first start of the server")
    return invite(first, actor="system:serve")


@transaction.atomic
def elevate(person: Person, *, reason: str) -> Elevation:
    """Take up an administrator's powers for an hour."""
    if not reason.strip():
        raise InvalidInput(_("Say what the powers are needed for."))
    at = now()
    row = Elevation.objects.create(
        person=person,
        reason=reason,
        valid_from=at,
        valid_until=at + timedelta(minutes=ELEVATION_MIN),
    )
    record(
        actor=person,
        action="accounts.elevate",
        subject=person,
        after={"until": row.valid_until},
        reason=reason,
    )
    return row


@transaction.atomic
def lay_down(person: Person) -> None:
    """Lay an administrator's powers down before their time is over."""
    at = now()
    if Elevation.objects.filter(person=person, valid_until__gt=at).update(valid_until=at):
        record(actor=person, action="accounts.lay_down", subject=person)


@transaction.atomic
def make_token(
    person: Person, *, name: str, realm: str, scopes: list[str], days: int
) -> tuple[ApiToken, str]:
    """A token for a program; shown once."""
    if realm not in person.realms:
        raise InvalidInput(_("You do not work in this realm."))
    if not scopes or set(scopes) - known_actions():
        raise InvalidInput(_("Choose what the token may do."))
    if not 1 <= days <= TOKEN_DAYS_MOST:
        raise InvalidInput(_("A token is valid for 1 to {most} days.").format(most=TOKEN_DAYS_MOST))
    token, token_hash = fresh_token()
    at = now()
    row = ApiToken.objects.create(
        person=person,
        name=name,
        token_hash=token_hash,
        realm=realm,
        scopes=sorted(scopes),
        created_at=at,
        valid_until=at + timedelta(days=days),
    )
    values: dict[str, Any] = {"name": name, "realm": realm, "scopes": row.scopes, "days": days}
    record(actor=person, action="accounts.make_token", subject=row, after=values)
    return row, token


@transaction.atomic
def end_token(token: ApiToken, *, actor: Person) -> None:
    """End a token now."""
    if token.ended_at is None:
        token.ended_at = now()
        token.save(update_fields=["ended_at"])
        record(actor=actor, action="accounts.end_token", subject=token)


@transaction.atomic
def set_language(person: Person, language: str) -> None:
    """Keep the language in which a person reads pages, for the notices that are sent."""
    if person.language != language:
        before, person.language = person.language, language
        person.save(update_fields=["language"])
        record(
            actor=person,
            action="accounts.set_language",
            subject=person,
            before={"language": before},
            after={"language": language},
        )
