"""Pages of the holdings, from the officer's entry to the holder's report."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from answers import body_of
from django.test import Client
from django.urls import reverse
from register_entries import TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.holdings.models import Batch, CatalogueModel, Device, Shipment
from tocsin.server.holdings.panels import holder_panel
from tocsin.server.marking.policy import Reader
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
