"""Fills an empty database with the fictional State."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from django.db import transaction

from tocsin.server.accounts.models import Organisation, Person, Realm
from tocsin.server.accounts.roles import ROLE_NAMES
from tocsin.server.accounts.services import add_organisation, add_person, grant, set_password
from tocsin.server.fiction.devices import fill_devices
from tocsin.server.fiction.holdings import fill_holdings
from tocsin.server.fiction.incidents import fill_incidents
from tocsin.server.fiction.licences import fill_licences
from tocsin.server.fiction.outlets import fill_outlets
from tocsin.server.fiction.oversight import fill_oversight
from tocsin.server.fiction.register import SOURCES, fill_register
from tocsin.server.fiction.statistics import fill_statistics
from tocsin.server.fiction.tracing import fill_tracing
from tocsin.server.marking.models import Agreement
from tocsin.server.marking.policy import reader_of
from tocsin.server.marking.services import agree, marked_nouns

ACTOR = "system:fiction"


@dataclass(frozen=True)
class SignIn:
    """How one of the State's people signs in.

    Parameters
    ----------
    login, name, organisation : str
        Address, function and body.
    roles : str
        Names of the roles held.
    """

    login: str
    name: str
    organisation: str
    roles: str


def description() -> dict[str, Any]:
    """The State as the data file describes it."""
    text = (files("tocsin.server.fiction") / "data" / "state.json").read_text(encoding="utf-8")
    state: dict[str, Any] = json.loads(text)
    return state


@transaction.atomic
def populate(password: str, *, sources: int = SOURCES) -> list[SignIn]:
    """Make the State's organisations, people, roles and agreements, as far as they are not there.

    Parameters
    ----------
    password : str
        For all of them; new people get it, others keep theirs.
    sources : int
        Size of the register.
    """
    state = description()
    bodies: dict[str, Organisation] = {}
    for given in state["organisations"]:
        found = Organisation.objects.filter(short_name=given["short_name"]).first()
        bodies[given["short_name"]] = found or add_organisation(actor=ACTOR, **given)
    people = [_person(given, bodies, password) for given in state["people"]]
    for given in state["agreements"]:
        _agreements(given, bodies)
    fill_register(sources)
    fill_licences(sources)
    fill_incidents()
    fill_holdings()
    fill_oversight()
    fill_statistics()
    fill_devices()
    fill_outlets()
    fill_tracing()
    return people


def _person(given: dict[str, Any], bodies: dict[str, Organisation], password: str) -> SignIn:
    body = bodies[given["organisation"]]
    if not Person.objects.filter(email=given["login"]).exists():
        row = add_person(
            actor=ACTOR,
            email=given["login"],
            name=given["name"],
            organisation=body,
            clearance=given["clearance"],
            realms=[Realm.EXERCISE.value],
        )
        set_password(row, password, actor=ACTOR)
        for role in given["roles"]:
            grant(row, role, actor=ACTOR, reason="fictional State")
    roles = ", ".join(str(ROLE_NAMES[r]) for r in given["roles"])
    return SignIn(given["login"], given["name"], body.name, roles)


def _agreements(given: dict[str, Any], bodies: dict[str, Organisation]) -> None:
    giver, receiver = bodies[given["giver"]], bodies[given["receiver"]]
    by = Person.objects.filter(organisation=giver).order_by("-clearance").first()
    if by is None:
        return
    for noun in given["nouns"]:
        if noun not in marked_nouns():
            raise LookupError(f"state.json: there are no rows of the kind {noun}")
        if not Agreement.objects.filter(giver=giver, receiver=receiver, noun=noun).exists():
            agree(
                reader_of(by),
                receiver=receiver,
                noun=noun,
                most_level=given["most_level"],
                reason=given["reason"],
            )
