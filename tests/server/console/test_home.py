"""The home page counts what the reader may see, and each number leads to its rows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Facts
from tocsin.server.alarms.services import raise_from_information
from tocsin.server.console.tiles import flow_for, waiting_for
from tocsin.server.marking.policy import reader_of

pytestmark = pytest.mark.django_db


def test_numbers_are_those_of_the_reader(person: Callable[..., Person]) -> None:
    officer = reader_of(person("officer", clearance=2))
    for title, facts in (("Van", Facts()), ("Lorry", Facts(neutron=True))):
        raise_from_information(officer, title=title, reason="tip", note="told", facts=facts)
    measured, alarming = flow_for(reader_of(officer.person))
    assert measured.number == "0"
    assert alarming.number == "2"
    assert [count.number for count in alarming.counts[:2]] == ["1", "1"]
    assert alarming.grave
    stranger = reader_of(person("officer", of="police", clearance=3))
    assert [tile.number for tile in flow_for(stranger)] == ["0", "0"]
    assert not any(tile.grave for tile in [*flow_for(stranger), *waiting_for(stranger)])


def test_every_number_is_a_link_that_opens(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    everything = person("officer", "supervisor", "expert", "point_of_contact", clearance=2)
    browser = signed_in(everything)
    page = browser.get("/").content.decode()
    assert page.count('class="flow-arrow"') == 2
    main = page.partition("<main")[2]
    numbers = re.findall(r"<dd>(.*?)</dd>", main)
    assert len(numbers) >= 12
    assert all(number.startswith("<a href=") for number in numbers)
    addresses = set(re.findall(r'href="([^"]+)"', main.partition("</main>")[0]))
    assert {browser.get(address.replace("&amp;", "&")).status_code for address in addresses} == {
        200
    }


def test_who_holds_no_role_is_told_so(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    page = signed_in(person()).get("/").content.decode()
    assert "Your roles open no measurement" in page
    assert "flow-arrow" not in page
