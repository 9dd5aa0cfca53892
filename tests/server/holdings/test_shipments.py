"""Shipments: a list of sources with from, to and days; nothing of it is a route."""

from __future__ import annotations

import datetime as dt

import pytest
from register_entries import TODAY

from tocsin.server.accounts.models import Level
from tocsin.server.holdings.models import Kind, Shipment, ShipmentState, Step
from tocsin.server.holdings.reading import named, shipments_for
from tocsin.server.holdings.services.shipments import follow, load, plan, possible, unload
from tocsin.server.marking.policy import Reader
from tocsin.server.register.holders import Refused, holder_named
from tocsin.server.register.life import Kind as Of
from tocsin.server.register.models import Source
from tocsin.server.register.services import report


@pytest.fixture
def shipment(officer: Reader, source: Source) -> Shipment:
    """A shipment of that holder to a maker."""
    return plan(
        officer,
        reference="2026-1",
        sender=source.holder,
        receiver=None,
        receiver_text="A maker abroad",
        leaves_on=TODAY + dt.timedelta(days=10),
        arrives_on=None,
    )


def test_from_the_plan_to_the_arrival(officer: Reader, shipment: Shipment, source: Source) -> None:
    with pytest.raises(Refused, match="no source"):
        follow(officer, shipment, Kind.LEFT, happened_on=TODAY)
    load(officer, shipment, source)
    with pytest.raises(Refused, match="already"):
        load(officer, shipment, source)
    unload(officer, shipment, source)
    with pytest.raises(Refused, match="not on the list"):
        unload(officer, shipment, source)
    load(officer, shipment, source)
    follow(officer, shipment, Kind.LEFT, happened_on=TODAY)
    shipment.refresh_from_db()
    assert (shipment.state, shipment.leaves_on) == (ShipmentState.UNDER_WAY, TODAY)
    assert possible(officer, shipment) == [Kind.ARRIVED]
    with pytest.raises(Refused, match="before it leaves"):
        follow(officer, shipment, Kind.ARRIVED, happened_on=TODAY - dt.timedelta(days=1))
    follow(officer, shipment, Kind.ARRIVED, happened_on=TODAY)
    kinds = Step.objects.filter(row_id=shipment.pk).values_list("kind", flat=True)
    wanted = "registration loaded unloaded loaded left arrived"
    assert " ".join(kinds) == wanted
    source.refresh_from_db()
    assert source.sent_on is None, "the register is told by its own reports"


def test_a_shipment_takes_the_mark_of_what_is_on_it(
    officer: Reader, shipment: Shipment, source: Source
) -> None:
    Source.objects.filter(pk=source.pk).update(level=Level.SECRET)
    source.refresh_from_db()
    with pytest.raises(Refused):
        load(officer, shipment, source)  # the officer may not see it any more
    officer.person.clearance = Level.SECRET
    load(officer, shipment, source)
    shipment.refresh_from_db()
    assert shipment.level == Level.SECRET


def test_only_held_sources_of_the_sender(
    officer: Reader, shipment: Shipment, source: Source
) -> None:
    report(officer, source, Of.LOSS, happened_on=TODAY, note="gone")
    source.refresh_from_db()
    with pytest.raises(Refused, match="not held"):
        load(officer, shipment, source)


def test_plans_that_cannot_be_are_refused(officer: Reader, works: Reader, source: Source) -> None:
    def tried(reader: Reader, **other: object) -> None:
        given: dict[str, object] = {
            "reference": "x",
            "sender": source.holder,
            "receiver": holder_named(officer, "Quarry"),
            "receiver_text": "",
            "leaves_on": TODAY,
            "arrives_on": None,
        }
        with pytest.raises(Refused):
            plan(reader, **(given | other))  # type: ignore[arg-type]

    tried(works)
    tried(officer, reference=" ")
    tried(officer, receiver=None)
    tried(officer, arrives_on=TODAY - dt.timedelta(days=1))
    tried(officer, leaves_on=TODAY + dt.timedelta(days=9999))


def test_holders_do_not_see_shipments(works: Reader, shipment: Shipment) -> None:
    assert not shipments_for(works).exists()
    assert possible(works, shipment) == []


def test_sources_by_their_names(officer: Reader, source: Source) -> None:
    assert named(officer, [source.name, "IR1001"]) == ([source], [])
    assert named(officer, ["S-00000000", "nonsense", "'; --"]) == (
        [],
        ["S-00000000", "nonsense", "'; --"],
    )
    assert source.name.startswith("S-")
