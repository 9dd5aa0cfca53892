"""Pages of the holdings, from the officer's entry to the holder's report."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest
from answers import body_of
from django.test import Client
from django.urls import reverse
from register_entries import TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.holdings import panels
from tocsin.server.holdings.models import (
    Batch,
    CatalogueModel,
    Device,
    Element,
    Shipment,
    Step,
)
from tocsin.server.holdings.panels import holder_panel
from tocsin.server.holdings.services.devices import DeviceEntry, put_in, register_device
from tocsin.server.holdings.services.material import BatchEntry, receive
from tocsin.server.holdings.services.shipments import load
from tocsin.server.marking import reading
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import Reader
from tocsin.server.register.holders import holder_named
from tocsin.server.register.models import Source


@pytest.fixture
def desk(officer: Reader, signed_in: Callable[[Person], Client]) -> Client:
    """The officer's browser."""
    return signed_in(officer.person)


@pytest.fixture
def phone(works: Reader, signed_in: Callable[[Person], Client]) -> Client:
    """The browser of the holder's person."""
    return signed_in(works.person)


def test_a_device_from_entry_to_loss(desk: Client, phone: Client, source: Source) -> None:
    new = reverse("holdings:device_new")
    given = {"holder": source.holder.name, "maker": "Ostrava Iso", "serial": "P-1", "place": "Hall"}
    desk.post(new, given)
    device = Device.objects.get()
    report = reverse("holdings:device_report", args=[device.pk, "put_in"])
    assert source.name in body_of(phone.get(report))
    phone.post(report, {"source": source.pk, "happened_on": TODAY, "note": ""})
    page = body_of(phone.get(device.get_absolute_url()))
    assert "Category 2" in page
    assert source.name in page
    assert device.name in body_of(phone.get(source.get_absolute_url()))
    assert device.name in body_of(phone.get(source.holder.get_absolute_url()))
    loss = reverse("holdings:device_report", args=[device.pk, "loss"])
    assert source.name in body_of(phone.get(loss))
    phone.post(loss, {"happened_on": TODAY, "note": "The van is gone."})
    source.refresh_from_db()
    assert source.status == "lost"
    for name in ("device_correct", "batch_new"):
        args = [device.pk] if name == "device_correct" else []
        assert phone.get(reverse(f"holdings:{name}", args=args)).status_code in {403, 404}
    assert "P-1" in body_of(desk.get(reverse("holdings:devices_csv")))


def test_a_batch_from_receipt_to_split(desk: Client, source: Source) -> None:
    given = {
        "holder": source.holder.name,
        "reference": "U-1",
        "element": "U",
        "items": "2",
        "mass_g": "1000",
        "mass_u_g": "0.5",
        "u235_percent": "19.9",
        "happened_on": TODAY,
        "shipper_name": "Mill",
        "shipper_g": "1010",
        "shipper_u_g": "0.5",
    }
    desk.post(reverse("holdings:batch_new"), given)
    batch = Batch.objects.get()
    page = body_of(desk.get(batch.get_absolute_url()))
    assert "significant (more than 2 u, k = 2)" in page
    split = reverse("holdings:batch_report", args=[batch.pk, "split"])
    bad = body_of(desk.post(split, {"parts": "A;1;3", "happened_on": TODAY}))
    assert "2 to 50 parts" in bad
    desk.post(split, {"parts": "A;1;600;0.3\nB;1;400;0.3", "happened_on": TODAY})
    assert Batch.objects.filter(state="held").count() == 2
    listed = body_of(desk.get(reverse("holdings:batches")))
    assert "199 g of U-235" in listed
    assert "U-1" in body_of(desk.get(reverse("holdings:batches_csv") + "?state=all"))


def test_a_shipment_and_its_category(desk: Client, source: Source) -> None:
    given = {"reference": "2026-1", "sender": source.holder_id, "receiver_text": "A maker"}
    desk.post(reverse("holdings:shipment_new"), given | {"leaves_on": "2026-03-20"})
    shipment = Shipment.objects.get()
    desk.post(
        reverse("holdings:shipment_load", args=[shipment.pk]),
        {"sources": f"{source.name}\nnothing"},
    )
    page = body_of(desk.get(shipment.get_absolute_url()))
    assert "nothing" in page
    assert "on 2026-03-20" in page
    desk.post(reverse("holdings:shipment_load", args=[shipment.pk]), {"off": source.pk})
    assert not shipment.loads.exists()
    assert (
        desk.post(reverse("holdings:shipment_load", args=[shipment.pk]), {"off": "x"}).status_code
        == 404
    )
    cancel = reverse("holdings:shipment_report", args=[shipment.pk, "cancelled"])
    desk.post(cancel, {"happened_on": TODAY, "note": "no vehicle"})
    assert "no vehicle" in body_of(desk.get(shipment.get_absolute_url()))


def test_sources_are_put_together_by_name_and_by_place(desk: Client, source: Source) -> None:
    page = reverse("holdings:together")
    assert "Put together" in body_of(desk.get(page))
    found = body_of(desk.get(page, {"sources": f"{source.name}\nwhat", "on": "2027-01-01"}))
    assert "on 2027-01-01" in found
    assert "what" in found
    placed = {"holder": source.holder_id, "place": source.place.upper(), "on": ""}
    assert source.name in body_of(desk.get(page, placed))
    nowhere = {"holder": source.holder_id, "place": "nowhere"}
    assert "No held source" in body_of(desk.get(page, nowhere))
    table = body_of(desk.get(reverse("holdings:together_csv"), placed))
    assert "A/D" in table
    assert source.name in table
    # a day on which it cannot have had an activity is said, not a fault
    assert desk.get(page, {"sources": source.name, "on": "1066-01-01"}).status_code == 200
    assert desk.get(page, {"device": "x"}).status_code == 404


def test_the_catalogue_is_entered_changed_and_asked(desk: Client, source: Source) -> None:
    given = {
        "kind": "source",
        "maker": source.manufacturer,
        "model": source.model,
        "nuclides": "Cs-137",
        "looks": "steel capsule",
        "said_by": "a certificate",
    }
    given |= {"aliases": "Oldname", "maker_aliases": "The elder firm"}
    desk.post(reverse("holdings:model_new"), given)
    model = CatalogueModel.objects.get()
    assert "Does not fit the catalogue" in body_of(desk.get(source.get_absolute_url()))
    change = reverse("holdings:model_change", args=[model.pk])
    desk.post(change, given | {"nuclides": "Ir-192", "reason": "misread"})
    assert "Does not fit" not in body_of(desk.get(source.get_absolute_url()))
    asked = body_of(
        desk.get(reverse("holdings:could_be"), {"nuclide": "ir192", "words": "capsule"})
    )
    assert str(model) in asked
    assert "no proof" in asked
    wrong = body_of(desk.get(reverse("holdings:could_be"), {"nuclide": "unobtainium"}))
    assert "notice" in wrong
    assert str(model.maker) in body_of(desk.get(reverse("holdings:catalogue_csv")))
    listed = reverse("holdings:catalogue")
    for word in ("r-19", "Oldname", "elder", "steel"):
        assert str(model) in body_of(desk.get(listed, {"text": word})), word
    assert str(model) not in body_of(desk.get(listed, {"text": "zeppelin"}))
    found = desk.get("/api/1/holdings/models", {"nuclide": "Ir-192"}).json()
    assert found["total"] == 1
    assert desk.get("/api/1/holdings/models", {"nuclide": "Ir-19"}).json()["total"] == 0
    assert model.maker.name in body_of(desk.get(reverse("holdings:device_new")))
    entry = body_of(desk.get(reverse("register:new")))
    assert 'list="words-manufacturer"' in entry
    assert f'<option value="{model.maker.name}">' in entry


def test_places_of_sources_that_one_may_not_see_are_not_told(
    officer: Reader, desk: Client, source: Source
) -> None:
    panel = holder_panel(officer, source.holder)
    assert panel is not None
    assert panel.values["held"]
    Source.objects.filter(pk=source.pk).update(level=3)
    assert holder_panel(officer, source.holder) is None


def test_programs_enter_report_and_put_together(
    officer: Reader, desk: Client, source: Source
) -> None:
    desk.handler.enforce_csrf_checks = False
    made = desk.post(
        "/api/1/holdings/devices",
        {"holder": source.holder.name, "serial": "P-1"},
        content_type="application/json",
    )
    assert made.status_code == 201, made.content
    where = f"/api/1/holdings/devices/{made.json()['id']}"
    step = {"kind": "put_in", "happened_on": str(TODAY), "source": str(source.pk)}
    put = desk.post(f"{where}/report", step, content_type="application/json")
    assert put.status_code == 200, put.content
    assert put.json()["source"] == str(source.pk)
    assert desk.get(where).json()["sources"] == [str(source.pk)]
    again = desk.post(f"{where}/report", step, content_type="application/json")
    assert again.status_code == 422
    batch = {"holder": source.holder.name, "reference": "B", "element": "Th", "items": 1}
    batch |= {"received_on": str(TODAY), "mass_g": 5.0, "shipper_g": 5.5}
    made = desk.post("/api/1/holdings/batches", batch, content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["steps"][0]["after"]["significant"] is None
    asked = {"sources": [str(source.pk)], "on": "2026-03-20"}
    said = desk.post("/api/1/holdings/together", asked, content_type="application/json").json()
    assert said["category"] == 2
    asked["sources"].append("00000000-0000-4000-8000-000000000000")
    unseen = desk.post("/api/1/holdings/together", asked, content_type="application/json")
    assert unseen.status_code == 422
    for name in ("devices", "batches", "shipments", "models"):
        listed = desk.get(f"/api/1/holdings/{name}").json()
        assert listed["total"] == len(listed[name])


def test_lists_begin_with_what_is_new(desk: Client, source: Source) -> None:
    for day in ("2026-03-20", "2026-05-01", "2026-04-01"):
        given = {"reference": f"go {day}", "sender": source.holder_id, "receiver_text": "A maker"}
        desk.post(reverse("holdings:shipment_new"), given | {"leaves_on": day})
    page = body_of(desk.get(reverse("holdings:shipments")))
    shown = [page.index(f"go {day}") for day in ("2026-05-01", "2026-04-01", "2026-03-20")]
    assert shown == sorted(shown)


def hide(source: Source, officer: Reader) -> None:
    """Put it in a circle to which nobody here belongs."""
    circle = Compartment.objects.create(
        code="X", name="X", owner=officer.person.organisation, created_at=now()
    )
    source.compartments.add(circle)


def test_sources_that_one_may_not_see_are_neither_counted_nor_named(
    officer: Reader, desk: Client, source: Source
) -> None:
    device = register_device(officer, source.holder.name, DeviceEntry(serial="P-1"))
    put_in(officer, device, source, happened_on=TODAY)
    desk.post(
        reverse("holdings:shipment_new"),
        {"reference": "2026-1", "sender": source.holder_id, "receiver_text": "A maker"}
        | {"leaves_on": "2026-03-20"},
    )
    load(officer, Shipment.objects.get(), source)
    Shipment.objects.get().compartments.clear()

    def counted() -> list[str]:
        found = []
        for name, column in (("devices", "sources_in_it"), ("shipments", "sources")):
            lines = body_of(desk.get(reverse(f"holdings:{name}_csv"))).splitlines()
            (row,) = csv.DictReader(line for line in lines if not line.lstrip('"').startswith("#"))
            found.append(row[column])
        return found

    assert counted() == ["1", "1"]
    life = f"/api/1/holdings/devices/{device.pk}"
    assert source.name in body_of(desk.get(device.get_absolute_url()))
    hide(source, officer)
    assert counted() == ["0", "0"]
    assert source.name not in body_of(desk.get(device.get_absolute_url()))
    assert source.name not in body_of(desk.get(life))


def test_material_of_a_holder_is_summed_whatever_is_listed(
    officer: Reader, desk: Client, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "MOST_SHOWN", 1)
    monkeypatch.setattr(reading, "MOST_ROWS", 4)
    for number in range(3):
        entry = BatchEntry(f"P-{number}", Element.PLUTONIUM, 1, mass_g=1000.0)
        receive(officer, source.holder.name, entry, happened_on=TODAY)
    panel = holder_panel(officer, source.holder)
    assert panel is not None
    assert len(panel.values["batches"]) == 1
    assert [(s.mass_g, s.found.category) for s in panel.values["sums"]] == [(3000.0, "I")]
    batch = panel.values["batches"][0]
    page = body_of(desk.get(batch.get_absolute_url()))
    assert "3000" in page, "sums are no reading: one batch was read"


def test_holders_to_choose_from_are_no_reading(
    officer: Reader, desk: Client, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        holder_named(officer, f"Works {number}")
    monkeypatch.setattr(reading, "MOST_ROWS", 1)
    for name in ("together", "shipment_new"):
        page = desk.get(reverse(f"holdings:{name}"))
        assert page.status_code == 200, name
        assert "Works 2" in body_of(page)


def test_odd_requests_are_refused_and_break_nothing(
    officer: Reader, desk: Client, source: Source
) -> None:
    for name in ("devices", "batches", "shipments", "models"):
        answer = desk.get(f"/api/1/holdings/{name}", {"offset": 10**30})
        assert answer.status_code == 422, name
    device = register_device(officer, source.holder.name, DeviceEntry(serial="P-1"))
    desk.handler.enforce_csrf_checks = False
    for kind in ("correction", "put_in", "split"):
        step = {"kind": kind, "happened_on": str(TODAY)}
        answer = desk.post(
            f"/api/1/holdings/devices/{device.pk}/report", step, content_type="application/json"
        )
        assert answer.status_code in {404, 422}, kind
    assert not Step.objects.filter(row_id=device.pk).exclude(kind="registration").exists()
    entry = BatchEntry("U-1", Element.URANIUM, 1, mass_g=1000.0, u235_percent=4.0)
    batch = receive(officer, source.holder.name, entry, happened_on=TODAY)
    split = reverse("holdings:batch_report", args=[batch.pk, "split"])
    parts = {"parts": f"A;{10**20};600\nB;1;400", "happened_on": TODAY}
    assert "1 to 1000000 items" in body_of(desk.post(split, parts))


def test_a_day_long_before_the_sources_is_said_on_the_page_of_a_shipment(
    officer: Reader, desk: Client, source: Source
) -> None:
    desk.post(
        reverse("holdings:shipment_new"),
        {"reference": "typed wrongly", "sender": source.holder_id, "receiver_text": "A maker"}
        | {"leaves_on": "0202-03-20"},
    )
    shipment = Shipment.objects.get()
    load(officer, shipment, source)
    page = desk.get(shipment.get_absolute_url())
    assert page.status_code == 200
    assert "cannot be traced back" in body_of(page)


def test_many_places_of_devices_and_batches_are_withheld_like_those_of_sources(
    officer: Reader, desk: Client, source: Source, few_places: None
) -> None:
    register_device(officer, source.holder.name, DeviceEntry(serial="P-1", place="Hall 9"))
    entry = BatchEntry("U-1", Element.URANIUM, 1, mass_g=1.0, u235_percent=4.0, place="Hall 9")
    receive(officer, source.holder.name, entry, happened_on=TODAY)
    for name in ("devices", "batches"):
        table = body_of(desk.get(reverse(f"holdings:{name}_csv")))
        assert "without places" in table
        told = desk.get(f"/api/1/holdings/{name}").json()
        assert told["places_withheld"]
        assert len(told[name]) == 1
        assert "Hall 9" not in table + str(told)
