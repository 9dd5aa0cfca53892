"""No transfer to a holder whose licence does not permit what it would then hold."""

from __future__ import annotations

import datetime as dt

import pytest
from licensing_world import TBq, World

from tocsin.server.clock import now
from tocsin.server.licensing.checks import limit_exceeded
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import EventKind
from tocsin.server.licensing.orders import Line
from tocsin.server.licensing.services import change_state
from tocsin.server.marking.policy import Reader
from tocsin.server.register.corrections import correct
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source
from tocsin.server.register.services import report

pytestmark = pytest.mark.django_db


def send(world: World, source: Source, *, by: Reader | None = None, ago: int = 0) -> None:
    day = now().date() - dt.timedelta(days=ago)
    report(by or world.officer, source, Kind.TRANSFER, happened_on=day, receiver=world.buyer.name)


def test_without_a_licence_row_the_free_text_counts_as_before(world: World) -> None:
    send(world, world.source(world.vendors[0], "50 TBq"))
    world.buyer.licence_until = now().date() - dt.timedelta(days=1)
    world.buyer.save()
    with pytest.raises(Refused, match="ended"):
        send(world, world.source(world.vendors[0], "1 GBq"))


def test_a_total_is_enforced_over_all_senders_and_officers_read_the_figures(world: World) -> None:
    world.licence(Limit(("Ir-192",), total_Bq=10 * TBq))
    world.source(world.buyer, "4 TBq")
    send(world, world.source(world.vendors[0], "4 TBq"))
    third = world.source(world.vendors[1], "4 TBq")
    with pytest.raises(Refused) as told:
        send(world, third)
    text = str(told.value)
    assert "10 TBq in all are permitted" in text
    assert "held or on the way 8 TBq" in text
    assert "asked for 4 TBq: 12 TBq together" in text
    with pytest.raises(Refused) as told:
        send(world, third, by=world.vendor_people[1])
    assert "8 TBq" not in str(told.value), "a holder reads what another has"
    send(world, world.source(world.vendors[1], "2 TBq"))


def test_a_corrected_holder_is_written_and_shows_in_the_checks(world: World) -> None:
    """A correction says what is: no gate keeps the register wrong, and the checks name it."""
    world.licence(Limit(("Ir-192",), total_Bq=10 * TBq))
    held = world.source(world.vendors[0], "15 TBq")
    fresh = entry_of(
        {
            "holder": world.buyer.name,
            "manufacturer": held.manufacturer,
            "model": held.model,
            "serial": held.serial,
            "nuclide": "Ir-192",
            "activity": "15 TBq",
            "reference_date": held.contents[0]["reference_date"],
        },
        today=now().date(),
    )
    with pytest.raises(Refused, match="permit"):
        send(world, held)
    correct(world.officer, held, fresh, reason="it has been there for years", seen=1)
    held.refresh_from_db()
    assert held.holder == world.buyer
    ((named, why),) = limit_exceeded([held], now().date())
    assert (named, "Ir-192" in why) == (held, True)


def test_what_has_decayed_makes_room(world: World, clock: object) -> None:
    world.licence(Limit(("Ir-192",), total_Bq=10 * TBq))
    world.source(world.buyer, "8 TBq")
    clock.move(days=74)  # type: ignore[attr-defined] # a half-life of Ir-192 is 73.8 d
    fresh = world.source(world.vendors[0], "6.1 TBq")
    with pytest.raises(Refused, match=r"3.99\d TBq, on order 0 Bq, asked for 6.1 TBq"):
        send(world, fresh)
    send(world, world.source(world.vendors[0], "6 TBq"))


@pytest.mark.parametrize(
    ("limit", "nuclide", "activity", "match"),
    [
        (Limit(("Ir-192",), total_Bq=TBq), "Cs-137", "1 MBq", "Cs-137 is not permitted"),
        (
            Limit(("Ir-192",), source_Bq=TBq, sources=9),
            "Ir-192",
            "1.1 TBq",
            "one source may have 1 TBq",
        ),
        (Limit(("Ir-192",), total_Bq=TBq, form="unsealed"), "Ir-192", "1 MBq", "not permitted"),
        (Limit(category=3), "Cs-137", "1 TBq", "category 3 or less grave"),
        (Limit(category=4), "Xe-133", "1 MBq", "no verified D value"),
    ],
)
def test_each_bound_is_named(
    world: World, limit: Limit, nuclide: str, activity: str, match: str
) -> None:
    world.licence(limit)
    with pytest.raises(Refused, match=match):
        send(world, world.source(world.vendors[0], activity, nuclide=nuclide))


def test_the_category_of_all_together_counts(world: World) -> None:
    # D of Cs-137 is 0.1 TBq: category 3 ends below 1 TBq
    world.licence(Limit(category=3))
    world.source(world.buyer, "0.5 TBq", nuclide="Cs-137")
    with pytest.raises(Refused, match="less than A/D 10"):
        send(world, world.source(world.vendors[0], "0.5 TBq", nuclide="Cs-137"))
    send(world, world.source(world.vendors[0], "0.49 TBq", nuclide="Cs-137"))


def test_numbers_of_sources_count(world: World) -> None:
    world.licence(Limit(("Ir-192",), source_Bq=TBq, sources=2))
    send(world, world.source(world.vendors[0], "1 GBq"))
    send(world, world.source(world.vendors[1], "1 GBq"))
    with pytest.raises(Refused, match="2 sources are permitted"):
        send(world, world.source(world.vendors[1], "1 GBq"))


def test_a_licence_must_be_in_force_on_the_day_and_today(world: World, clock: object) -> None:
    licence = world.licence(Limit(("Ir-192",), total_Bq=99 * TBq), days=30)
    clock.move(days=3)  # type: ignore[attr-defined]
    first, second, third = (world.source(world.vendors[0], "1 TBq") for _ in range(3))
    change_state(world.officer, licence, EventKind.SUSPENDED, reason="r")
    with pytest.raises(Refused, match="no licence in force"):
        send(world, first)
    change_state(world.second, licence, EventKind.LIFTED, reason="r")
    send(world, first)
    with pytest.raises(Refused, match="no licence in force"):
        send(world, second, ago=5)
    clock.move(days=30)  # type: ignore[attr-defined]
    # said to have happened in its time, told after it
    with pytest.raises(Refused, match="no licence in force"):
        send(world, third, ago=10)


def test_practices_and_acts_count(world: World) -> None:
    world.licence(Limit(("Ir-192",), total_Bq=99 * TBq), practices=("well_logging",))
    with pytest.raises(Refused, match="other practices"):
        send(world, world.source(world.vendors[0], "1 TBq", practice="radiography"))
    send(world, world.source(world.vendors[0], "1 TBq", practice="well_logging"))


def test_a_second_licence_of_the_holder_may_permit_it(world: World) -> None:
    world.licence(Limit(("Ir-192",), total_Bq=TBq))
    world.licence(Limit(("Cs-137",), total_Bq=TBq))
    send(world, world.source(world.vendors[0], "1 TBq", nuclide="Cs-137"))
    with pytest.raises(Refused):
        send(world, world.source(world.vendors[0], "1 GBq", nuclide="Cs-137"))


def test_open_orders_of_other_vendors_count_and_the_own_one_is_used_up(
    world: World, clock: object
) -> None:
    licence = world.licence(Limit(("Ir-192",), total_Bq=10 * TBq))
    order = world.order(world.sheet(licence), Line("Ir-192", 6 * TBq), vendor=0)
    assert order.state == "accepted"
    clock.move(hours=1)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="on order 6 TBq"):
        send(world, world.source(world.vendors[1], "5 TBq"))
    send(world, world.source(world.vendors[0], "6 TBq"))
    clock.move(hours=1)  # type: ignore[attr-defined]
    # it has come: it is held once and reserved no more
    send(world, world.source(world.vendors[1], "4 TBq"))
    with pytest.raises(Refused):
        send(world, world.source(world.vendors[1], "1 GBq"))
