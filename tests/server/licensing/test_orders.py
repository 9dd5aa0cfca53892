"""A vendor's check: the genuine and permitted is accepted, all else is refused by its name."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from licence_forging import altered, forged, under_our_name
from licensing_world import TBq, World, made_world

from tocsin.formats import confined_licence
from tocsin.sealing import LicenceSheet, SigningKey, new_nonce, sign_sheet
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties.models import Notice
from tocsin.server.licensing.keys import confirmation_code, licence_key
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import EventKind, Order, OrderState, Reason, Sheet
from tocsin.server.licensing.orders import (
    LAPSES_AFTER_d,
    Line,
    cancel,
    check_order,
    deliver,
    lapse_orders,
)
from tocsin.server.licensing.reading import OrderFilter, buyer_shown, orders_for
from tocsin.server.licensing.scanning import sheet_in
from tocsin.server.licensing.services import change_state
from tocsin.server.problems import StoredUnreadable
from tocsin.server.register.holders import Refused

pytestmark = pytest.mark.django_db

IRIDIUM = Limit(("Ir-192",), total_Bq=10 * TBq)
THIEF = SigningKey.generate("thief")


def verdict(order: Order) -> tuple[str, str]:
    return order.state, order.reason


REFUSED = OrderState.REFUSED.value


def test_a_good_order_is_accepted_once_with_a_code(world: World) -> None:
    licence = world.licence(IRIDIUM)
    order = world.order(world.sheet(licence), Line("Ir-192", 2 * TBq, 2))
    assert verdict(order) == ("accepted", "")
    assert {e.kind for e in order.events.all()} == {"accepted"}
    seen = [orders_for(who).filter(pk=order.pk).exists() for who in world.vendor_people]
    assert seen == [True, False]
    assert orders_for(world.buyer_person).filter(pk=order.pk).exists()
    with pytest.raises(Refused, match="not the confirmation code"):
        deliver(world.vendor_people[0], order, code="AAAA-BBBB-CCCC")
    code = confirmation_code(order.pk)
    with pytest.raises(Refused):
        deliver(world.vendor_people[1], order, code=code)
    deliver(world.vendor_people[0], order, code=code.lower())
    with pytest.raises(Refused, match="only once"):
        deliver(world.vendor_people[0], order, code=code)


def test_forged_and_altered_sheets_are_told_apart_and_officers_are_called(world: World) -> None:
    sheet = world.sheet(world.licence(IRIDIUM))
    for text in (
        forged(sheet, THIEF),
        under_our_name(sheet, THIEF, nonce=new_nonce()),
        sign_sheet({**sheet.signed().content, "nonce": new_nonce()}, licence_key()).code(),
    ):
        assert verdict(world.order(text)) == (REFUSED, Reason.FORGED)
    more = altered(sheet, limits=[Limit(("Ir-192",), total_Bq=9999 * TBq).written()])
    order = world.order(more)
    assert verdict(order) == (REFUSED, Reason.ALTERED)
    assert "limits" in order.told
    assert Notice.objects.filter(subject_id=order.pk).exists()
    assert Notice.objects.count() == 4
    assert not orders_for(world.buyer_person).exists()
    assert Leaf.objects.filter(action="licences.order_refused").count() == 4


def test_a_vendor_learns_no_buyer_from_a_refused_sheet_in_any_list(world: World) -> None:
    sheet = world.sheet(world.licence(IRIDIUM))
    refused = world.order(altered(sheet, holder="Somebody Else Ltd"))
    assert refused.buyer == world.buyer
    vendor, word = world.vendor_people[0], world.buyer.name.split()[-1]
    assert buyer_shown(vendor, refused) is None
    assert buyer_shown(world.officer, refused) == world.buyer
    asked = OrderFilter.of({"text": word})
    assert not asked.apply(vendor, orders_for(vendor)).exists()
    assert asked.apply(world.officer, orders_for(world.officer)).exists()


def test_what_was_accepted_is_not_delivered_to_one_whose_licence_was_taken(world: World) -> None:
    licence = world.licence(IRIDIUM)
    order = world.order(world.sheet(licence))
    change_state(world.officer, licence, EventKind.REVOKED, reason="a bogus firm")
    with pytest.raises(Refused, match="not in force any more"):
        deliver(world.vendor_people[0], order, code=confirmation_code(order.pk))


def test_a_sheet_of_another_realm_is_refused(world: World) -> None:
    sheet = world.sheet(world.licence(IRIDIUM))
    real = sign_sheet({**sheet.signed().content, "realm": "LIVE"}, licence_key())
    assert verdict(world.order(real.code())) == (REFUSED, Reason.OTHER_REALM)


def test_the_state_of_the_licence_counts_and_not_that_of_the_paper(
    world: World, clock: object
) -> None:
    licence = world.licence(IRIDIUM, days=30)
    sheet = world.sheet(licence)
    change_state(world.officer, licence, EventKind.SUSPENDED, reason="r")
    assert verdict(world.order(sheet)) == (REFUSED, Reason.SUSPENDED)
    change_state(world.second, licence, EventKind.LIFTED, reason="r")
    assert verdict(world.order(sheet)) == ("accepted", "")
    world.amended(licence, Limit(("Ir-192",), total_Bq=2 * TBq), days=30)
    order = world.order(sheet)
    assert verdict(order) == (REFUSED, Reason.REPLACED)
    assert "version 1 was presented, version 2" in order.told
    fresh = world.sheet(licence)
    clock.move(days=31)  # type: ignore[attr-defined]
    for who in range(2):
        world.licence(
            Limit(category=1, form="any"),
            holder=world.vendors[who],
            acts=("hold", "distribute"),
        )
    assert verdict(world.order(fresh)) == (REFUSED, Reason.EXPIRED)
    change_state(world.officer, licence, EventKind.REVOKED, reason="r")
    assert verdict(world.order(fresh)) == (REFUSED, Reason.REVOKED)


def test_a_licence_that_has_not_begun_is_refused(world: World) -> None:
    later = now().date().replace(month=9)
    sheet = world.sheet(world.licence(IRIDIUM, start=later))
    assert verdict(world.order(sheet)) == (REFUSED, Reason.NOT_YET_VALID)


def test_a_sheet_is_for_one_vendor_and_an_order_number_for_one_order(world: World) -> None:
    licence = world.licence(IRIDIUM)
    sheet = world.sheet(licence)
    small = Line("Ir-192", 0.1 * TBq)
    assert verdict(world.order(sheet, small, number="PO-A"))[0] == "accepted"
    assert verdict(world.order(sheet, small, number="PO-B"))[0] == "accepted"
    other = world.order(sheet, small, vendor=1, number="PO-C")
    assert verdict(other) == (REFUSED, Reason.REPLAYED)
    assert "Vendor 0" in other.told
    fresh = world.sheet(licence)
    again = world.order(fresh, small, vendor=1, number="po-a")
    assert verdict(again) == (REFUSED, Reason.REPLAYED)
    assert verdict(world.order(sheet, small, number="PO-A")) == (REFUSED, Reason.REPLAYED)
    assert verdict(world.order(fresh, small, vendor=1, number="PO-C"))[0] == "accepted"


def test_an_order_split_over_vendors_is_refused(world: World) -> None:
    licence = world.licence(IRIDIUM)
    first, second = world.sheet(licence), world.sheet(licence)
    assert world.order(first, Line("Ir-192", 6 * TBq), vendor=0).state == "accepted"
    split = world.order(second, Line("Ir-192", 6 * TBq), vendor=1)
    assert verdict(split) == (REFUSED, Reason.SPLIT)
    over = world.order(second, Line("Ir-192", 6 * TBq, 2), vendor=1)
    assert verdict(over) == (REFUSED, Reason.OVER_LIMIT)
    assert world.order(second, Line("Ir-192", 4 * TBq), vendor=1).state == "accepted"


def test_small_orders_that_together_reach_a_graver_category_are_refused(world: World) -> None:
    # D: Cs-137 0.1 TBq, Am-241 0.06 TBq; category 3 ends below A/D 10
    licence = world.licence(Limit(category=3))
    sheets = [world.sheet(licence), world.sheet(licence)]
    assert world.order(sheets[0], Line("Cs-137", 0.3 * TBq, 2), vendor=0).state == "accepted"
    split = world.order(sheets[1], Line("Am-241", 0.06 * TBq, 5), vendor=1)
    assert verdict(split) == (REFUSED, Reason.SPLIT)
    assert "less than A/D 10" in split.told
    assert world.order(sheets[1], Line("Am-241", 0.06 * TBq, 3), vendor=1).state == "accepted"


def test_what_is_refused_or_cancelled_or_lapsed_reserves_nothing(
    world: World, clock: object
) -> None:
    licence = world.licence(IRIDIUM)
    sheet = world.sheet(licence)
    big = Line("Ir-192", 10 * TBq)
    first = world.order(sheet, big, number="PO-1")
    assert verdict(world.order(sheet, Line("Ir-192", 1e9)))[1] == Reason.SPLIT
    cancel(world.vendor_people[0], first, reason="wish of the buyer")
    second = world.order(sheet, big, number="PO-1")
    assert second.state == "accepted"
    clock.move(days=LAPSES_AFTER_d)  # type: ignore[attr-defined]
    assert lapse_orders(now()) == 0
    clock.move(days=1)  # type: ignore[attr-defined]
    assert lapse_orders(now()) == 1
    second.refresh_from_db()
    assert second.state == "lapsed"
    with pytest.raises(Refused):
        deliver(world.vendor_people[0], second, code=confirmation_code(second.pk))
    assert world.order(sheet, big).state == "accepted"


def test_what_is_said_to_be_delivered_counts_until_it_stands_in_the_register(
    world: World, clock: object
) -> None:
    licence = world.licence(IRIDIUM)
    sheet = world.sheet(licence)
    order = world.order(sheet, Line("Ir-192", 8 * TBq))
    deliver(world.vendor_people[0], order, code=confirmation_code(order.pk))
    clock.move(hours=1)  # type: ignore[attr-defined]
    assert world.order(sheet, Line("Ir-192", 3 * TBq)).reason == Reason.SPLIT
    world.source(world.buyer, "8 TBq")
    clock.move(hours=1)  # type: ignore[attr-defined]
    assert world.order(sheet, Line("Ir-192", 3 * TBq)).reason == Reason.OVER_LIMIT
    assert world.order(sheet, Line("Ir-192", 2 * TBq)).state == "accepted"
    with pytest.raises(Refused):
        cancel(world.vendor_people[0], order, reason="r")
    cancel(world.officer, order, reason="asked the vendor")


def test_a_weak_source_does_not_take_the_place_of_what_was_ordered(
    world: World, clock: object
) -> None:
    licence = world.licence(IRIDIUM)
    sheet = world.sheet(licence)
    world.order(sheet, Line("Ir-192", 8 * TBq))
    clock.move(hours=1)  # type: ignore[attr-defined]
    world.source(world.buyer, "1 GBq")
    clock.move(hours=1)  # type: ignore[attr-defined]
    assert world.order(sheet, Line("Ir-192", 3 * TBq)).reason == Reason.SPLIT


def test_vendors_are_who_may_distribute(world: World) -> None:
    licence = world.licence(IRIDIUM)
    sheet = world.sheet(licence)
    line = [Line("Ir-192", TBq)]
    with pytest.raises(Refused, match="None of your roles"):
        check_order(world.buyer_person, world.vendors[0], sheet.signed(), "PO", line)
    with pytest.raises(Refused, match="permits to distribute"):
        check_order(world.buyer_person, world.buyer, sheet.signed(), "PO", line)
    order = check_order(world.officer, world.vendors[0], sheet.signed(), "PO", line)
    assert order.state == "accepted"


@pytest.mark.parametrize(
    ("number", "line", "match"),
    [
        (" ", Line("Ir-192", 1.0), "number of the order"),
        ("PO", Line("nonsense", 1.0), "nonsense"),
        ("PO", Line("Ir-192", 0.0), "activity"),
        ("PO", Line("Ir-192", float("nan")), "activity"),
        ("PO", Line("Ir-192", 1.0, 0), "pieces"),
        ("PO", Line("Ir-192", 1.0, 1, "gas"), "sealed or unsealed"),
    ],
)
def test_what_makes_no_sense_is_no_order(world: World, number: str, line: Line, match: str) -> None:
    sheet = world.sheet(world.licence(IRIDIUM)).signed()
    with pytest.raises(Refused, match=match):
        check_order(world.vendor_people[0], world.vendors[0], sheet, number, [line])
    assert not Order.objects.exists()


@pytest.mark.parametrize("form", [Sheet.signed, lambda sheet: sheet.code])
def test_a_sheet_is_read_behind_the_fence(
    world: World, form: Callable[[Sheet], LicenceSheet | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = world.sheet(world.licence(IRIDIUM))
    shown = form(kept)
    presented = shown if isinstance(shown, str) else shown.document()
    # the web process itself is given only what the child has made of it
    whole, seen = confined_licence.read_sheet, []
    monkeypatch.setattr(
        confined_licence, "read_sheet", lambda data: (seen.append(data), whole(data))[1]
    )
    assert sheet_in(presented) == kept.signed()
    assert seen == [kept.signed().document()]


@pytest.mark.parametrize(
    "presented", ["", "TOCSIN:L1:AAAA", b"\xff\xd8\xff no picture", b"{}", b"%PDF-1.7 nothing"]
)
def test_what_holds_no_sheet_is_refused_with_its_reason(presented: bytes | str) -> None:
    with pytest.raises(Refused, match="No licence sheet can be read in this: "):
        sheet_in(presented)


def test_a_new_key_leaves_the_codes_of_open_orders(world: World, settings: object) -> None:
    order = world.order(world.sheet(world.licence(IRIDIUM)))
    code = confirmation_code(order.pk)
    folder = Path(settings.TOCSIN.data) / "keys"  # type: ignore[attr-defined]
    signing, codes = folder / "licence.key", folder / "order-codes"
    before = signing.read_text()
    signing.unlink()
    licence_key()
    assert signing.read_text() != before
    assert codes.stat().st_mode & 0o077 == 0
    # a new secret of the codes stands above the old one, which still counts
    codes.write_text("ab" * 32 + "\n" + codes.read_text())
    assert confirmation_code(order.pk) != code
    with pytest.raises(Refused, match="not the confirmation code"):
        deliver(world.vendor_people[0], order, code="AAAA-BBBB-CCCC")
    assert deliver(world.vendor_people[0], order, code=code).state == "delivered"


def _folder(settings: object) -> Path:
    return Path(settings.TOCSIN.data) / "keys"  # type: ignore[attr-defined]


def test_codes_that_the_signing_key_made_still_count(world: World, settings: object) -> None:
    order = world.order(world.sheet(world.licence(IRIDIUM)))
    # as an earlier version left it
    (_folder(settings) / "order-codes").unlink()
    digest = hmac.new(licence_key().seed, b"order " + order.pk.bytes, hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode()[:12]
    code = f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
    assert confirmation_code(order.pk) != code
    assert deliver(world.vendor_people[0], order, code=code).state == "delivered"


def test_where_the_key_made_no_code_it_stands_in_no_second_file(
    world: World, settings: object
) -> None:
    world.order(world.sheet(world.licence(IRIDIUM)))
    (line,) = (_folder(settings) / "order-codes").read_text().split()
    assert line != licence_key().seed.hex()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no secret"),
        (b"\n \n", "holds no secret"),
        (b"\nabc\n", "line 2: 64 hexadecimal"),
        (b"ab" * 31, "line 1: 64 hexadecimal"),
        (b"\xff" * 64, "line 1: 64 hexadecimal"),
    ],
)
def test_a_bad_file_of_secrets_is_named_on_the_page(
    world: World,
    settings: object,
    signed_in: Callable[[Person], Client],
    content: bytes,
    told: str,
) -> None:
    order = world.order(world.sheet(world.licence(IRIDIUM)))
    (_folder(settings) / "order-codes").write_bytes(content)
    with pytest.raises(StoredUnreadable, match=told):
        confirmation_code(order.pk)
    answer = signed_in(world.vendor_people[0].person).get(order.get_absolute_url())
    assert answer.status_code == 409
    assert told in answer.content.decode()


def test_licences_of_another_register_are_forged_here(world: World, person: object) -> None:
    foreign = made_world_of_another(person)
    sheet = foreign.sheet(foreign.licence(IRIDIUM))
    assert world.order(sheet).reason == Reason.FORGED


def made_world_of_another(person: object) -> World:
    def elsewhere(*roles: str, of: str, **more: object) -> object:
        return person(*roles, of=f"{of}-elsewhere", **more)  # type: ignore[operator]

    return made_world(elsewhere, vendors=0)  # type: ignore[arg-type]
