"""Pages of devices: enrolling, states, silence within a minute, revoking, and who sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from tests.field.walks import walk
from tests.server.conftest import SetClock

from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.ingest.models import Device, DeviceState
from tocsin.server.ingest.receiving import Refused, receive
from tocsin.server.marking.policy import Reader

Maker = Callable[..., bytes]
SignedIn = Callable[[Person], Client]


@pytest.fixture
def desk(officer: Reader, signed_in: SignedIn) -> Client:
    return signed_in(officer.person)


def test_an_officer_enrols_a_device_by_its_key(desk: Client, key: SigningKey) -> None:
    given = {"name": "Pack 7", "instrument": "Pack", "public_key": f" {key.verifier}\n", "level": 2}
    answer = desk.post("/devices/enrol/", given, follow=True)
    assert answer.status_code == 200
    device = Device.objects.get()
    assert (device.name, device.level, device.realm) == ("Pack 7", 2, "EXERCISE")
    assert device.fingerprint in answer.content.decode()
    leaf = Leaf.objects.get(action="ingest.enrol")
    assert leaf.content["after"]["public_key"] == str(key.verifier)
    assert "secret" not in str(leaf.content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"public_key": "pack-7+12345678+abc"}, "no public key"),
        ({"public_key": str(SigningKey("pack-7", bytes(32)).reveal())}, "no public key"),
        ({"level": 3}, "level"),
        ({"name": " "}, "name"),
    ],
)
def test_what_is_no_device_is_refused(
    desk: Client, key: SigningKey, change: dict[str, object], words: str
) -> None:
    given = {"name": "Pack 7", "public_key": str(key.verifier), "level": 1} | change
    answer = desk.post("/devices/enrol/", given)
    assert answer.status_code == 400
    assert words in answer.content.decode().lower()
    assert not Device.objects.exists()


def test_a_key_belongs_to_one_device(desk: Client, device: Device, key: SigningKey) -> None:
    given = {"name": "Another", "public_key": str(key.verifier), "level": 1}
    answer = desk.post("/devices/enrol/", given)
    assert answer.status_code == 400
    assert Device.objects.count() == 1


def test_a_device_is_silent_after_a_minute_unless_its_survey_is_over(
    clock: SetClock, desk: Client, device: Device, batch: Maker
) -> None:
    def state() -> DeviceState:
        found = Device.objects.get().state
        assert f">{found.label}</span>" in desk.get("/devices/").content.decode()
        return found

    assert state() == DeviceState.NEVER
    receive(batch(walk(10)))
    assert state() == DeviceState.LIVE
    clock.move(seconds=60)
    assert state() == DeviceState.LIVE
    clock.move(seconds=1)
    assert state() == DeviceState.SILENT
    home = desk.get("/").content.decode()
    assert "devices silent" in home
    receive(batch(walk(10), 10, ends=True))
    clock.move(hours=1)
    assert state() == DeviceState.RESTING


def test_a_revoked_device_is_heard_of_no_more(desk: Client, device: Device, batch: Maker) -> None:
    address = f"/devices/{device.pk}/revoke/"
    assert desk.post(address, {"reason": " "}).status_code == 400
    answer = desk.post(address, {"reason": "taken from the car"}, follow=True)
    assert "taken from the car" in answer.content.decode()
    with pytest.raises(Refused):
        receive(batch(walk(10)))
    page = desk.get(f"/devices/{device.pk}/").content.decode()
    assert "<code>revoked</code>" in page
    assert desk.post(address, {"reason": "once more"}).status_code == 400
    assert Leaf.objects.get(action="ingest.revoke").content["reason"] == "taken from the car"


def test_another_organisation_sees_nothing_of_a_device(
    device: Device, person: Callable[..., Person], signed_in: SignedIn, batch: Maker
) -> None:
    receive(batch(walk(10)))
    stranger = signed_in(person("officer", "supervisor", of="police", clearance=3))
    assert "Pack 7" not in stranger.get("/devices/").content.decode()
    for address in (f"/devices/{device.pk}/", f"/devices/{device.pk}/revoke/"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"/devices/{device.pk}/revoke/", {"reason": "x"}).status_code == 404
    low = signed_in(person("officer", clearance=1))
    assert low.get(f"/devices/{device.pk}/").status_code == 404


def test_the_table_leaves_with_its_marking_and_a_line_in_the_log(
    desk: Client, device: Device
) -> None:
    text = b"".join(desk.get("/devices/table.csv")).decode()
    assert device.fingerprint in text
    assert "CONFIDENTIAL" in text
    assert Leaf.objects.filter(action="ingest.export").count() == 1
