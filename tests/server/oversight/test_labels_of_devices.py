"""Labels of devices and batches: printed, scanned for the yearly list, opened by a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.holdings.models import Batch, Device, Element
from tocsin.server.holdings.services.devices import DeviceEntry, put_in, register_device
from tocsin.server.holdings.services.material import BatchEntry, receive
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight import api
from tocsin.server.oversight.models import Confirmation, Part
from tocsin.server.oversight.services import reconciling
from tocsin.server.oversight.services.labels import address_of, line_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(officer: Reader, sources: list[Source]) -> Device:
    """A device with two of the three sources in it."""
    entry = DeviceEntry("Ostrava Iso", "Twin", "T-1", "radiography", "Pier 4")
    row = register_device(officer, sources[0].holder.name, entry)
    for source in sources[:2]:
        put_in(officer, row, source, happened_on=now().date())
    return row


@pytest.fixture
def batch(officer: Reader, holder: Holder) -> Batch:
    """Some uranium of that holder."""
    entry = BatchEntry("U-1", Element.URANIUM, 1, mass_g=100.0, u235_percent=4.5, place="Store")
    return receive(officer, holder.name, entry, happened_on=now().date())


@pytest.fixture
def part(officer: Reader, sources: list[Source]) -> Part:
    """What the holder is asked in the year 2026."""
    return reconciling.open_reconciliation(officer, year=2026).parts.get(holder=sources[0].holder)


def test_the_label_of_a_device_confirms_every_source_in_it(
    works: Reader,
    part: Part,
    device: Device,
    sources: list[Source],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(works.person)
    code = f"https://register.example{address_of(device)}"
    answer = browser.post(reverse("oversight:here", args=[part.pk]), {"code": code}, follow=True)
    page = answer.content.decode()
    assert all(source.name in page for source in sources[:2])
    said = {(c.item.source_id, c.how) for c in Confirmation.objects.all()}
    assert said == {(source.pk, "scan") for source in sources[:2]}


def test_the_sources_in_a_device_are_confirmed_all_or_none(
    works: Reader,
    part: Part,
    device: Device,
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, told = reconciling.answer, []

    def second_refused(*given: Any, **more: Any) -> Confirmation:
        told.append(given)
        if len(told) % 2 == 0:
            raise Refused("taken away meanwhile")
        return real(*given, **more)

    browser = signed_in(works.person)
    monkeypatch.setattr(reconciling, "answer", second_refused)
    monkeypatch.setattr(api, "answer", second_refused, raising=False)
    code = address_of(device)
    page = browser.post(reverse("oversight:here", args=[part.pk]), {"code": code})
    assert (page.status_code, len(told)) == (422, 2)
    assert not Confirmation.objects.exists()
    address = f"/api/1/oversight/lists/{part.pk}/answers"
    given = {"code": code, "here": True}
    assert browser.post(address, given, content_type="application/json").status_code == 422
    assert not Confirmation.objects.exists()


def test_a_label_of_something_else_is_not_in_the_list(
    works: Reader, part: Part, batch: Batch, signed_in: Callable[[Person], Client]
) -> None:
    answer = signed_in(works.person).post(
        reverse("oversight:here", args=[part.pk]), {"code": address_of(batch)}
    )
    assert answer.status_code == 422
    assert not Confirmation.objects.exists()


def test_a_phone_opens_the_page_of_device_and_batch(
    works: Reader,
    device: Device,
    batch: Batch,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(works.person)
    stranger = signed_in(person("holder", of="mill", clearance=2))
    for row in (device, batch):
        answer = browser.get(address_of(row))
        assert (answer.status_code, answer["Location"]) == (302, row.get_absolute_url())
        assert browser.post(address_of(row)).status_code == 404
        assert stranger.get(address_of(row)).status_code == 404


def test_labels_of_devices_and_batches_are_printed_and_say_little(
    works: Reader,
    holder: Holder,
    device: Device,
    batch: Batch,
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(works.person)
    page = browser.get(reverse("oversight:labels", args=[holder.pk])).content.decode()
    assert "?what=devices" in page
    assert "?what=batches" in page
    assert "Sources: 3" in page
    for what in ("devices", "batches"):
        made = browser.get(reverse("oversight:labels_pdf", args=[holder.pk]), {"what": what})
        assert made.content.startswith(b"%PDF")
    assert (line_of(device), line_of(batch)) == ("device", "U")
