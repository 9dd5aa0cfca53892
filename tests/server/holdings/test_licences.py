"""Licences count batches: what is held of them, what is sent, what of an order has come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from licensing_world import TBq, World, made_world

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.holdings.amounts import Amount
from tocsin.server.holdings.models import Batch, Element, Kind
from tocsin.server.holdings.services.material import (
    BatchEntry,
    confirm_receipt,
    consume,
    end_batch,
    receive,
    transfer,
)
from tocsin.server.licensing.checks import limit_exceeded
from tocsin.server.licensing.holding import arrived, has_arrived, holding_of
from tocsin.server.licensing.keys import confirmation_code
from tocsin.server.licensing.limits import Limit, usage
from tocsin.server.licensing.models import OrderState
from tocsin.server.licensing.orders import Line, deliver
from tocsin.server.licensing.reading import bars_of, waiting_for
from tocsin.server.marking.policy import Reader
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source

IODINE = Limit(("I-131",), form="unsealed", total_Bq=10e9)
EVERYTHING = Limit(category=4, form="any")


pytestmark = pytest.mark.django_db


@pytest.fixture
def world(clock: object, person: Callable[..., Person]) -> World:
    return made_world(person)


def vials(
    world: World,
    holder: Holder,
    activity_Bq: float | None,
    *,
    items: int = 1,
    nuclide: str = "I-131",
    shipper: str = "",
) -> Batch:
    """A batch that a holder has."""
    world.count += 1
    entry = BatchEntry(
        f"V-{world.count}",
        Element.OTHER,
        items,
        mass_g=0.01,
        activity_Bq=activity_Bq,
        activity_on=None if activity_Bq is None else now().date(),
        nuclide=nuclide,
    )
    return receive(
        world.officer, holder.name, entry, happened_on=now().date(), shipper_name=shipper
    )


def send(world: World, batch: Batch, *, by: Reader | None = None) -> None:
    transfer(by or world.officer, batch, world.buyer.name, happened_on=now().date())


def test_a_transfer_of_a_batch_stops_at_the_limit_of_its_receiver(world: World) -> None:
    world.licence(IODINE)
    vials(world, world.buyer, 6e9)
    with pytest.raises(Refused) as told:
        send(world, vials(world, world.vendors[0], 5e9))
    assert "held or on the way 6 GBq" in str(told.value)
    assert "asked for 5 GBq: 11 GBq together" in str(told.value)
    batch = vials(world, world.vendors[0], 5e9)
    with pytest.raises(Refused) as told:
        send(world, batch, by=world.vendor_people[0])
    assert "6 GBq" not in str(told.value), "a holder reads what another has"
    batch.refresh_from_db()
    assert batch.holder == world.vendors[0]
    send(world, vials(world, world.vendors[1], 4e9))


def test_a_batch_needs_a_licence_that_names_it(world: World) -> None:
    world.licence(Limit(("I-131",), total_Bq=TBq), Limit(("Tc-99m",), form="any", total_Bq=TBq))
    with pytest.raises(Refused, match="I-131 is not permitted"):
        send(world, vials(world, world.vendors[0], 1e6))
    with pytest.raises(Refused, match="activity is not written"):
        send(world, vials(world, world.vendors[0], None, nuclide="Tc-99m"))
    send(world, vials(world, world.vendors[0], 1e9, nuclide="Tc-99m"))


def test_pieces_of_a_batch_are_what_a_limit_of_one_source_means(world: World) -> None:
    world.licence(Limit(("I-131",), form="unsealed", source_Bq=1e9, sources=5))
    with pytest.raises(Refused, match="one source may have 1 GBq"):
        send(world, vials(world, world.vendors[0], 4e9, items=3))
    send(world, vials(world, world.vendors[0], 4e9, items=4))
    with pytest.raises(Refused, match="5 sources are permitted"):
        send(world, vials(world, world.vendors[0], 2e9, items=2))


def test_a_receipt_from_somebody_passes_the_gate_and_what_is_there_is_written(
    world: World,
) -> None:
    world.licence(IODINE)
    with pytest.raises(Refused, match="10 GBq in all"):
        vials(world, world.buyer, 11e9, shipper="Medion")
    vials(world, world.buyer, 9e9, shipper="Medion")
    vials(world, world.buyer, 11e9)
    (bar,) = bars_of(world.buyer.licences.get(), now().date())
    assert (bar.over, bar.held) == (True, "20 GBq")


def test_sources_and_batches_share_a_limit_for_both(world: World) -> None:
    # D of Cs-137 is 0.1 TBq, of I-131 0.2 TBq: category 4 ends below A/D = 1
    world.licence(EVERYTHING)
    world.source(world.buyer, "0.05 TBq", nuclide="Cs-137")
    with pytest.raises(Refused, match="less than A/D 1 "):
        send(world, vials(world, world.vendors[0], 0.1 * TBq))
    send(world, vials(world, world.vendors[0], 0.09 * TBq))
    held = Source.objects.filter(holder=world.buyer)
    assert list(limit_exceeded(list(held.all()), now().date())) == []
    # the sources alone are at 0.6, with the batch at 1.05
    world.source(world.buyer, "0.01 TBq", nuclide="Cs-137")
    ((_source, why),) = limit_exceeded(list(held.all()), now().date())
    assert "A/D 1.05 together" in why


@pytest.mark.parametrize(
    ("entry", "nuclide", "activity_Bq"),
    [
        # 1 g of U-235 is 8.0e4 Bq, of U-238 1.244e4 Bq, of Pu-239 2.30e9 Bq, of Th-232 4.07e3 Bq:
        # ln 2 x Avogadro / (half-life x molar mass), half-lives 7.04e8, 4.468e9, 24110, 1.40e10 a
        (BatchEntry("A", Element.URANIUM, 1, mass_g=100.0, u235_percent=20.0), "U-235", 1.6e6),
        (BatchEntry("B", Element.URANIUM, 1, mass_g=100.0, u235_percent=0.0), "U-238", 1.244e6),
        (BatchEntry("C", Element.PLUTONIUM, 1, mass_g=10.0), "Pu-239", 2.30e10),
        (BatchEntry("D", Element.THORIUM, 1, mass_g=10.0), "Th-232", 4.07e4),
    ],
)
def test_nuclear_material_counts_by_its_mass(
    world: World, entry: BatchEntry, nuclide: str, activity_Bq: float
) -> None:
    receive(world.officer, world.buyer.name, entry, happened_on=now().date())
    holding = holding_of(world.buyer, now().date())
    limit = Limit((nuclide,), form="unsealed", total_Bq=1.0)
    assert usage(limit, holding.held).total_Bq == pytest.approx(activity_Bq, rel=0.01)


def test_an_order_of_unsealed_material_ends_when_its_batch_has_come(
    world: World, clock: object
) -> None:
    licence = world.licence(IODINE)
    order = world.order(world.sheet(licence), Line("I-131", 2e9, 3, "unsealed"))
    assert order.state == OrderState.ACCEPTED
    clock.move(hours=1)  # type: ignore[attr-defined]
    # a sealed source and the batch of another vendor are not what was ordered
    world.source(world.buyer, "2 GBq", nuclide="I-131")
    first = vials(world, world.vendors[0], 4e9, items=2)
    send(world, first)
    limit, today = licence.current.rows()[0], now().date()  # type: ignore[union-attr]
    assert usage(limit, holding_of(world.buyer, today).reserved).total_Bq == 2e9
    assert not has_arrived(order)
    # 4 held + 2 ordered + 5 would be too much; the 2 that were ordered fit
    with pytest.raises(Refused, match="on order 2 GBq, asked for 5 GBq"):
        send(world, vials(world, world.vendors[1], 5e9))
    deliver(world.vendor_people[0], order, code=confirmation_code(order.pk))
    assert waiting_for(world.officer).undelivered == 1
    send(world, vials(world, world.vendors[0], 2e9))
    assert arrived([order]) == {order.pk}
    assert waiting_for(world.officer).undelivered == 0
    # used up later, it has come all the same
    confirm_receipt(world.officer, first, happened_on=today, received=Amount(0.01))
    consume(world.officer, first, Amount(0.009), happened_on=today)
    assert has_arrived(order)


def test_what_waits_reads_the_life_of_a_buyer_once(world: World) -> None:
    licence = world.licence(Limit(("Ir-192",), total_Bq=900 * TBq))
    orders = [world.order(world.sheet(licence)) for _ in range(4)]
    for order in orders:
        deliver(world.vendor_people[0], order, code=confirmation_code(order.pk))
    counts = []
    for part in (orders[:1], orders):
        with CaptureQueriesContext(connection) as seen:
            assert arrived(part) == set()
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_what_is_gone_counts_no_longer(world: World) -> None:
    world.licence(IODINE)
    old = vials(world, world.buyer, 9e9)
    end_batch(world.officer, old, Kind.DISPOSAL, happened_on=now().date(), note="to the State")
    send(world, vials(world, world.vendors[0], 9e9))


def test_what_has_decayed_makes_room(world: World, clock: object) -> None:
    world.licence(IODINE)
    vials(world, world.buyer, 8e9)
    clock.move(days=16)  # type: ignore[attr-defined] # two half-lives of I-131, 8.02 d each
    with pytest.raises(Refused, match=r"held or on the way 2\.0\d+ GBq"):
        send(world, vials(world, world.vendors[0], 8.5e9))
    send(world, vials(world, world.vendors[0], 7.5e9))
