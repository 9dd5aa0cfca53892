"""A way out of the fictional customs that waits for a second person: to nobody, it is fetched."""

from __future__ import annotations

from tocsin.server.accounts.models import Level, Person
from tocsin.server.marking.models import Tlp
from tocsin.server.marking.policy import reader_of
from tocsin.server.outlets.models import Operation, Way
from tocsin.server.outlets.services import Wish, ask

OFFICER = "officer@customs.example"
AREA = (-75.05, 59.9, -74.95, 60.1)
"""Around the made-up city."""


def fill_outlets() -> None:
    """Ask for one, unless somebody has."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    if Operation.objects.filter(originator=officer.person.organisation_id).exists():
        return
    ask(
        officer,
        Wish(
            name="Search in the city",
            receiver="National Police, operations room",
            way=Way.FETCHED.value,
            address="",
            reason="patrols keep people away from the places of alarms",
            level=Level.RESTRICTED.value,
            tlp=Tlp.AMBER.value,
            hours=24,
            area=AREA,
            positions=False,
            alarms=True,
            devices=(),
        ),
    )
