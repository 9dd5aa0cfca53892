"""From the asking to the receiver's globe, by the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from lxml import etree

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.ingest.models import Device
from tocsin.server.marking.policy import Reader
from tocsin.server.outlets.models import Operation
from tocsin.server.outlets.services import stop

pytestmark = pytest.mark.django_db
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture
def filled(device: Device, alarm: Alarm) -> dict[str, Any]:
    return {
        "name": "Harbour day",
        "receiver": "Police of the harbour",
        "way": "fetched",
        "address": "",
        "level": "1",
        "tlp": "RED",
        "positions": "on",
        "alarms": "on",
        "devices": [str(device.pk)],
        "south": "-75.1",
        "west": "59.9",
        "north": "-74.9",
        "east": "60.1",
        "hours": "8",
        "reason": "they search as well",
    }


def test_asked_agreed_fetched_and_switched_off(
    signed_in: Callable[[Person], Client],
    asking: Reader,
    agreeing: Reader,
    filled: dict[str, Any],
    alarm: Alarm,
    clock: Any,
) -> None:
    first, second = signed_in(asking.person), signed_in(agreeing.person)
    answer = first.post("/outlets/new/", filled)
    row = Operation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, row.get_absolute_url())
    page = first.get(row.get_absolute_url()).content.decode()
    assert "waits for a second person" in page
    assert f"/outlets/{row.pk}/agree/" not in page
    assert first.post(f"/outlets/{row.pk}/agree/").status_code == 302
    row.refresh_from_db()
    assert row.agreed_at is None

    assert f"/outlets/{row.pk}/agree/" in second.get(row.get_absolute_url()).content.decode()
    second.post(f"/outlets/{row.pk}/agree/")
    page = second.get(row.get_absolute_url()).content.decode()
    assert "RUNNING" in page
    assert alarm.name in page

    shown = second.post(f"/outlets/{row.pk}/link/").content.decode()
    found = re.search(r"/outlets/feed/([A-Za-z0-9_-]{43})/now\.kml", shown)
    assert found is not None
    assert found[1] not in second.get(row.get_absolute_url()).content.decode()
    globe = Client()
    fetched = globe.get(found[0])
    assert fetched["Content-Type"] == "application/vnd.google-earth.kml+xml"
    marks = etree.fromstring(fetched.content).findall(f"{KML}Document/{KML}Placemark")
    assert [m.findtext(f"{KML}name") for m in marks] == [
        "EXERCISE Pack 7",
        f"EXERCISE {alarm.name}",
    ]
    told = globe.get(found[0].replace(".kml", ".geojson")).json()
    assert [f["geometry"]["coordinates"] for f in told["features"]] == [
        [60.0, -75.0],
        [60.001, -75.001],
    ]
    assert told["tocsin"]["realm"] == "EXERCISE"
    link = etree.fromstring(globe.get(found[0].replace(".kml", ".link")).content)
    assert link.findtext(f"{KML}NetworkLink/{KML}Link/{KML}href", "").endswith(found[0])
    assert Leaf.objects.filter(action="outlets.fetched").count() == 2
    assert second.get(f"/outlets/{row.pk}/now.geojson").json()["features"]
    assert globe.get(f"/outlets/feed/{'A' * 43}/now.kml").status_code == 404

    # another link ends the one before; the end of the operation ends every one
    again = second.post(f"/outlets/{row.pk}/link/").content.decode()
    newer = re.search(r"/outlets/feed/([A-Za-z0-9_-]{43})/now\.kml", again)
    assert newer is not None
    assert globe.get(found[0]).status_code == 404
    clock.move(hours=8)
    assert globe.get(newer[0]).status_code == 404


def test_switched_off_nothing_is_fetched(
    signed_in: Callable[[Person], Client],
    running: Callable[..., Operation],
    agreeing: Reader,
) -> None:
    row = running("", way="fetched")
    page = signed_in(agreeing.person)
    shown = page.post(f"/outlets/{row.pk}/link/").content.decode()
    found = re.search(r"/outlets/feed/[A-Za-z0-9_-]{43}/now\.kml", shown)
    assert found is not None
    page.post(f"/outlets/{row.pk}/stop/", {"reason": "enough"})
    assert Client().get(found[0]).status_code == 404
    assert page.get(f"/outlets/{row.pk}/now.geojson").json()["features"] == []
    assert "switched off" in page.get("/outlets/").content.decode()
    assert page.get("/outlets/table.csv").status_code == 200


def test_what_is_wrong_is_said_on_the_page(
    signed_in: Callable[[Person], Client], asking: Reader, filled: dict[str, Any]
) -> None:
    answer = signed_in(asking.person).post(
        "/outlets/new/", filled | {"way": "webhook", "address": "ftp://there"}
    )
    assert answer.status_code == 400
    assert "begins with https://, http://" in answer.content.decode()
    assert not Operation.objects.exists()


def test_others_see_nothing_of_it(
    signed_in: Callable[[Person], Client],
    person: Callable[..., Person],
    running: Callable[..., Operation],
    agreeing: Reader,
) -> None:
    row = running("", way="fetched")
    stranger = signed_in(person("supervisor", of="police", clearance=2))
    for path in ("", "now.kml"):
        assert stranger.get(f"/outlets/{row.pk}/{path}").status_code == 404
    for path in ("agree", "stop", "link"):
        assert stranger.post(f"/outlets/{row.pk}/{path}/").status_code == 404
    stop(agreeing, row, reason="over")


def test_the_page_shows_only_what_its_reader_may_see(
    signed_in: Callable[[Person], Client],
    person: Callable[..., Person],
    running: Callable[..., Operation],
    asking: Reader,
    walker: Callable[..., Device],
    device: Device,
    alarm: Alarm,
) -> None:
    secret = walker(name="Pack 8", level=2, seed=8)
    row = running("", way="fetched", devices=[device, secret], level=2)
    lower = signed_in(person("supervisor", clearance=2, name="Lower"))
    Operation.objects.filter(pk=row.pk).update(level=1)
    Person.objects.filter(name="Lower").update(clearance=1)
    Alarm.objects.filter(pk=alarm.pk).update(level=2)
    page = lower.get(row.get_absolute_url()).content.decode()
    assert "Pack 7" in page
    assert "Pack 8" not in page
    assert alarm.name not in page
    assert "Held back" not in page
    assert "Pack 8" not in lower.get(f"/outlets/{row.pk}/now.kml").content.decode()
    # who sees all of them is told what stays
    assert "Held back" in signed_in(asking.person).get(row.get_absolute_url()).content.decode()
