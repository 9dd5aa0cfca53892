"""Pages of licences: two officers, a holder, two vendors; who reads what; checks."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from licence_forging import altered
from licensing_world import TBq, World

from tocsin.sealing import read_sheet, sheet_code
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.services import make_token
from tocsin.server.clock import now
from tocsin.server.licensing.checks import limit_exceeded, no_licence_in_force, no_limits_kept
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import EventKind, Licence, Order, Sheet, State
from tocsin.server.licensing.reading import waiting_for
from tocsin.server.licensing.services import change_state
from tocsin.server.marking.policy import reader_of
from tocsin.server.register.models import Source

pytestmark = pytest.mark.django_db

IRIDIUM = Limit(("Ir-192",), total_Bq=10 * TBq)
Browsers = Callable[[Person], Client]


def lines(*rows: tuple[str, str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for n, (nuclide, activity, pieces) in enumerate(rows):
        found |= {f"line{n}-nuclide": nuclide, f"line{n}-activity": activity}
        found |= {f"line{n}-pieces": pieces, f"line{n}-form": "sealed"}
    return found


def test_from_a_proposal_to_a_sheet(world: World, signed_in: Browsers) -> None:
    first, second = signed_in(world.officer.person), signed_in(world.second.person)
    page = first.get(f"{reverse('licensing:new')}?holder={world.buyer.pk}").content.decode()
    assert 'value="Harbour Works"' in page
    given = {
        "holder": "harbour works",
        "valid_from": "2026-03-01",
        "valid_until": "2027-03-01",
        "acts": ["hold", "use"],
        "practices": ["radiography"],
        "places": "Pier 4\nHall 3",
        "reason": "application of 1 March",
        "limit0-what": "Ir-192",
        "limit0-form": "sealed",
        "limit0-source": "4 TBq",
        "limit0-total": "10 TBq",
        "limit1-what": "category 2",
        "limit1-form": "any",
    }
    wrong = first.post(reverse("licensing:new"), given | {"limit0-total": "10"})
    assert b"unit of activity" in wrong.content
    answer = first.post(reverse("licensing:new"), given, follow=True)
    licence = Licence.objects.get(holder=world.buyer)
    page = answer.content.decode()
    assert "another officer must decide" in page
    assert "10 TBq" in page
    decide = reverse("licensing:decide", args=[licence.pk])
    first.post(decide, {"decision": "confirm", "version": "1"})
    licence.refresh_from_db()
    assert licence.state == State.DRAFT
    second.post(decide, {"decision": "confirm", "version": "1", "answer": "seen"})
    page = second.get(licence.get_absolute_url()).content.decode()
    assert "in force" in page
    assert "Signed sheets" in page
    sheet = Sheet.objects.get(version__licence=licence)
    pdf = second.get(reverse("licensing:sheet_pdf", args=[licence.pk, sheet.nonce]))
    assert pdf["Content-Type"] == "application/pdf"
    kept = second.get(reverse("licensing:sheet_json", args=[licence.pk, sheet.nonce]))
    assert read_sheet(pdf.content) == read_sheet(kept.content) == sheet.signed()


def test_a_vendor_checks_and_reads_nothing_of_what_the_buyer_has(
    world: World, signed_in: Browsers
) -> None:
    licence = world.licence(IRIDIUM)
    world.source(world.buyer, "7.77 TBq")
    sheet = world.sheet(licence)
    vendor = signed_in(world.vendor_people[0].person)
    check = reverse("licensing:check")
    asked = {"vendor": str(world.vendors[0].pk), "sheet": sheet.code, "number": "PO-1"}
    page = vendor.post(check, asked | lines(("Ir-192", "2 TBq", "1")), follow=True).content.decode()
    assert "Confirmation code" in page
    refused = vendor.post(
        check, asked | {"number": "PO-2"} | lines(("Ir-192", "5 TBq", "1")), follow=True
    ).content.decode()
    assert "would exceed what the licence permits" in refused
    assert "7.77" not in refused
    order = Order.objects.get(number="PO-2")
    officer = signed_in(world.officer.person)
    assert "7.77 TBq" in officer.get(order.get_absolute_url()).content.decode()
    for address in (
        licence.get_absolute_url(),
        reverse("licensing:sheet_pdf", args=[licence.pk, sheet.nonce]),
        reverse("licensing:limits_csv", args=[licence.pk]),
        world.buyer.get_absolute_url(),
    ):
        assert vendor.get(address).status_code == 404
    assert "PO-1" in vendor.get(reverse("licensing:orders")).content.decode()
    other = signed_in(world.vendor_people[1].person)
    assert "PO-1" not in other.get(reverse("licensing:orders")).content.decode()
    assert other.get(order.get_absolute_url()).status_code == 404
    buyer = signed_in(world.buyer_person.person)
    page = buyer.get(licence.get_absolute_url()).content.decode()
    assert "PO-1" in page
    assert "PO-2" not in page
    assert (
        "Confirmation code"
        not in buyer.get(Order.objects.get(number="PO-1").get_absolute_url()).content.decode()
    )


def test_a_sheet_comes_as_a_file_or_a_photograph(world: World, signed_in: Browsers) -> None:
    licence = world.licence(IRIDIUM)
    vendor = signed_in(world.vendor_people[0].person)
    sheet = world.sheet(licence).signed()
    picture = io.BytesIO()
    sheet_code(sheet).save(picture, kind="png", scale=4)
    for number, (name, data) in enumerate(
        (("sheet.json", sheet.document()), ("photo.png", picture.getvalue()))
    ):
        asked = {"vendor": str(world.vendors[0].pk), "number": f"PO-{number}"}
        file = SimpleUploadedFile(name, data)
        vendor.post(
            reverse("licensing:check"), asked | {"file": file} | lines(("Ir-192", "1 TBq", "1"))
        )
    assert [o.state for o in Order.objects.all()] == ["accepted", "accepted"]
    blank = SimpleUploadedFile("photo.png", b"\x89PNG\r\n\x1a\n broken")
    page = vendor.post(
        reverse("licensing:check"),
        {"vendor": str(world.vendors[0].pk), "number": "PO-9", "file": blank},
    ).content.decode()
    assert 'role="alert"' in page


def test_an_order_is_delivered_by_its_code_and_lists_are_tables(
    world: World, signed_in: Browsers
) -> None:
    order = world.order(world.sheet(world.licence(IRIDIUM)), number="=1+1")
    vendor = signed_in(world.vendor_people[0].person)
    page = vendor.get(order.get_absolute_url()).content.decode()
    code = page.partition("<code>")[2].partition("</code>")[0]
    step = reverse("licensing:order_step", args=[order.pk, "deliver"])
    vendor.post(step, {"code": "wrong"})
    order.refresh_from_db()
    assert order.state == "accepted"
    vendor.post(step, {"code": code})
    order.refresh_from_db()
    assert order.state == "delivered"
    assert "do not stand in the register" in vendor.get(order.get_absolute_url()).content.decode()
    officer = signed_in(world.officer.person)
    assert "'=1+1" in officer.get(reverse("licensing:orders_csv")).content.decode()
    table = officer.get(reverse("licensing:csv")).content.decode()
    assert "L-2026-0001" in table
    limits = officer.get(reverse("licensing:limits_csv", args=[order.licence_id])).content.decode()
    assert "10 TBq" in limits
    assert waiting_for(reader_of(world.officer.person)).undelivered == 1


def test_filters_narrow_and_nonsense_narrows_nothing(world: World, signed_in: Browsers) -> None:
    licence = world.licence(IRIDIUM, days=30)
    officer = signed_in(world.officer.person)

    def numbers(query: str) -> int:
        page = officer.get(f"{reverse('licensing:list')}?{query}").content.decode()
        return page.count('<th scope="row"')

    assert numbers("") == numbers("state=nonsense&ends=x") == 3
    assert numbers("text=harbour") == numbers("ends=soon") == 1
    assert numbers("state=revoked") == 0
    change_state(world.officer, licence, EventKind.REVOKED, reason="r")
    assert numbers("state=revoked") == 1
    world.order(altered(world.sheet(Licence.objects.exclude(holder=world.buyer)[0]), version=9))
    page = officer.get(f"{reverse('licensing:orders')}?reason=altered").content.decode()
    assert page.count('<th scope="row"') == 1


def test_the_page_of_a_holder_shows_its_licences(world: World, signed_in: Browsers) -> None:
    officer = signed_in(world.officer.person)
    page = officer.get(world.buyer.get_absolute_url()).content.decode()
    assert "without limits" in page
    world.licence(IRIDIUM)
    world.source(world.buyer, "9 TBq")
    page = officer.get(world.buyer.get_absolute_url()).content.decode()
    assert "<meter" in page
    assert "90 %" in page
    own = signed_in(world.buyer_person.person)
    page = own.get(world.buyer.get_absolute_url()).content.decode()
    assert "9 TBq" in page
    assert "Propose a licence" not in page


def test_what_an_import_or_a_lower_limit_left_beyond_shows_in_the_checks(
    world: World, clock: Any
) -> None:
    world.source(world.vendors[0], "1 GBq")
    loose = world.source(world.buyer, "1 TBq")
    today = now().date()

    def found(check: Callable[..., Any], day: dt.date = today) -> list[Source]:
        return [source for source, _why in check(list(Source.objects.all()), day)]

    assert found(limit_exceeded) == []
    assert found(no_limits_kept) == [loose]
    licence = world.licence(IRIDIUM)
    assert found(no_limits_kept) == []
    clock.move(hours=1)
    last = world.source(world.buyer, "9.5 TBq")
    ((source, why),) = list(limit_exceeded(list(Source.objects.all()), today))
    assert source == last
    assert "10 TBq in all are permitted" in why
    other = world.source(world.buyer, "1 GBq", nuclide="Cs-137")
    assert set(found(limit_exceeded)) == {last, other}
    assert found(limit_exceeded, today + dt.timedelta(days=60)) == [other]
    later = today + dt.timedelta(days=400)
    assert {s.holder for s in found(no_licence_in_force, later)} == {world.buyer, world.vendors[0]}
    change_state(world.officer, licence, EventKind.SUSPENDED, reason="r")
    assert [s.holder for s in found(no_licence_in_force)] == [world.buyer]


def test_programs_check_orders_too(world: World) -> None:
    licence = world.licence(IRIDIUM)
    sheet = world.sheet(licence)

    def caller(who: Person) -> Callable[..., tuple[int, Any]]:
        _row, token = make_token(
            who,
            name="shop",
            realm="EXERCISE",
            scopes=["licences.read", "licences.check", "licences.write"],
            days=1,
        )

        def ask(path: str, body: Any = None) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            browser = Client(headers=headers)
            address = f"/api/1/licences{path}"
            if body is None:
                answer = browser.get(address)
            else:
                answer = browser.post(address, json.dumps(body), content_type="application/json")
            return answer.status_code, answer.json()

        return ask

    vendor = caller(world.vendor_people[0].person)
    line = {"nuclide": "Ir-192", "activity_Bq": 2e12}
    body = {"sheet": sheet.code, "number": "PO-1", "lines": [line]}
    status, order = vendor("/check", body)
    assert (status, order["state"], order["in_full"]) == (200, "accepted", "")
    assert vendor("/check", body)[1]["reason"] == "replayed"
    assert vendor("/check", body | {"sheet": "nothing"})[0] == 422
    status, done = vendor(
        f"/orders/{order['id']}/steps", {"step": "deliver", "code": order["code"]}
    )
    assert (status, done["state"], done["code"]) == (200, "delivered", "")
    assert vendor(f"/orders/{order['id']}/steps", {"step": "eat"})[0] == 422
    assert vendor(f"/{licence.pk}")[0] == 404
    officer = caller(world.officer.person)
    status, told = officer(f"/{licence.pk}")
    assert told["limits"] == [IRIDIUM.written()]
    assert told["used"][0]["on_order"] == "2 TBq"
    assert officer("?state=in_force")[1]["total"] == 3
    refused = officer("/orders?reason=replayed")[1]["orders"]
    assert len(refused) == 1
    assert "PO-1 was checked before" in refused[0]["in_full"]
    assert officer("/check", body)[0] == 422
    assert len(officer("/keys")[1]["keys"]) == 1
