"""Batches: amounts with uncertainties, what goes in must come out, categories put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from register_entries import TODAY

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.holdings.amounts import Amount, difference
from tocsin.server.holdings.models import Batch, BatchState, Element, Kind, Step
from tocsin.server.holdings.reading import batches_for, material_sums
from tocsin.server.holdings.services import material
from tocsin.server.holdings.services.material import (
    BatchEntry,
    confirm_receipt,
    consume,
    correct_batch,
    end_batch,
    merge,
    possible,
    receive,
    split,
    transfer,
)
from tocsin.server.holdings.views.material import parts_of
from tocsin.server.marking.models import Release
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.holders import Refused, change_holder, holder_named
from tocsin.server.register.models import Holder

URANIUM = BatchEntry(
    "U-1", Element.URANIUM, 3, mass_g=1000.0, mass_u_g=0.5, u235_percent=4.5, place="Store 1"
)


@pytest.fixture
def batch(officer: Reader, holder: Holder) -> Batch:
    """A kilogram of low enriched uranium."""
    return receive(officer, holder.name, URANIUM, happened_on=TODAY)


def test_difference_of_shipper_and_receiver(officer: Reader, holder: Holder) -> None:
    row = receive(
        officer,
        holder.name,
        URANIUM,
        happened_on=TODAY,
        shipper=Amount(1001.3, 0.4),
        shipper_name="Mill",
    )
    said = Step.objects.get(row_id=row.pk).after
    assert said["difference_g"] == pytest.approx(1.3)
    assert said["difference_u_g"] == pytest.approx((0.5**2 + 0.4**2) ** 0.5)
    assert said["significant"] is True  # 1.3 > 2 x 0.640
    assert said["from"] == "Mill"


@pytest.mark.parametrize(
    ("shipper", "receiver", "significant"),
    [
        (Amount(100.0, 0.3), Amount(99.0, 0.4), False),  # exactly k = 2: not above
        (Amount(100.0, 0.3), Amount(98.999, 0.4), True),
        (Amount(98.999, 0.3), Amount(100.0, 0.4), True),
        (Amount(100.0), Amount(50.0, 0.4), None),
        (Amount(100.0, 0.0), Amount(100.0, 0.0), False),
    ],
)
def test_significant_means_more_than_twice_the_uncertainty(
    shipper: Amount, receiver: Amount, significant: bool | None
) -> None:
    assert difference(shipper, receiver).significant is significant


def test_about_one_in_twenty_true_shipments_differs_significantly() -> None:
    random = np.random.default_rng(20261126)
    n = 20_000
    sent, found = random.normal(100.0, 0.3, n), random.normal(100.0, 0.4, n)
    told = (
        difference(Amount(s, 0.3), Amount(r, 0.4)).significant
        for s, r in zip(sent, found, strict=True)
    )
    share = sum(map(bool, told)) / n
    # two sides of a normal beyond 2: 4.55 %; four standard errors of the share
    assert abs(share - 0.0455) < 4.0 * (0.0455 * 0.9545 / n) ** 0.5


def test_a_split_must_add_up(officer: Reader, batch: Batch) -> None:
    with pytest.raises(Refused, match="together"):
        split(
            officer,
            batch,
            [("A", 1, Amount(500.0, 0.3)), ("B", 2, Amount(490.0, 0.3))],
            happened_on=TODAY,
        )
    with pytest.raises(Refused, match="2 to"):
        split(officer, batch, [("A", 1, Amount(1000.0, 0.3))], happened_on=TODAY)
    children = split(
        officer,
        batch,
        [("A", 1, Amount(600.2, 0.3)), ("B", 2, Amount(399.9, 0.3))],
        happened_on=TODAY,
    )
    batch.refresh_from_db()
    assert batch.state == BatchState.SPLIT
    assert {c.u235_percent for c in children} == {4.5}
    assert [c.parents.get().parent_id for c in children] == [batch.pk, batch.pk]
    assert possible(officer, batch) == []


def test_without_an_uncertainty_a_split_adds_up_to_the_last_digit(
    officer: Reader, holder: Holder
) -> None:
    bare = BatchEntry("U-2", Element.URANIUM, 1, mass_g=10.0, u235_percent=4.5)
    row = receive(officer, holder.name, bare, happened_on=TODAY)
    with pytest.raises(Refused):
        split(officer, row, [("A", 1, Amount(5.0)), ("B", 1, Amount(5.001))], happened_on=TODAY)
    split(officer, row, [("A", 1, Amount(5.0)), ("B", 1, Amount(5.0))], happened_on=TODAY)


def test_a_merger_adds_masses_mixes_enrichments_and_ends_its_parents(
    officer: Reader, holder: Holder, batch: Batch
) -> None:
    richer = BatchEntry(
        "U-3", Element.URANIUM, 1, mass_g=500.0, mass_u_g=1.2, u235_percent=19.5, place="Store 1"
    )
    other = receive(officer, holder.name, richer, happened_on=TODAY)
    made = merge(officer, [batch, other], reference="M-1", happened_on=TODAY)
    assert made.mass_g == 1500.0
    assert made.mass_u_g == pytest.approx(1.3)
    assert made.u235_percent == pytest.approx((1000.0 * 4.5 + 500.0 * 19.5) / 1500.0)
    assert made.items == 4
    states = set(Batch.objects.exclude(pk=made.pk).values_list("state", flat=True))
    assert states == {BatchState.MERGED}
    with pytest.raises(Refused):
        merge(officer, [batch, made], reference="M-2", happened_on=TODAY)


def test_only_like_with_like_is_merged(officer: Reader, holder: Holder, batch: Batch) -> None:
    elsewhere = BatchEntry("U-4", Element.URANIUM, 1, mass_g=1.0, u235_percent=4.5, place="Store 2")
    other = receive(officer, holder.name, elsewhere, happened_on=TODAY)
    with pytest.raises(Refused, match="one material"):
        merge(officer, [batch, other], reference="M", happened_on=TODAY)
    with pytest.raises(Refused, match="two batches"):
        merge(officer, [batch, batch], reference="M", happened_on=TODAY)


def test_what_was_used_is_gone_and_no_more_than_there_was(officer: Reader, batch: Batch) -> None:
    consume(officer, batch, Amount(400.0, 0.1), happened_on=TODAY)
    batch.refresh_from_db()
    assert batch.mass_g == 600.0
    assert batch.mass_u_g == pytest.approx((0.5**2 + 0.1**2) ** 0.5)
    for too_much in (600.1, 0.0, -1.0):
        with pytest.raises(Refused):
            consume(officer, batch, Amount(too_much), happened_on=TODAY)
    consume(officer, batch, Amount(600.0, 0.1), happened_on=TODAY)
    batch.refresh_from_db()
    assert (batch.mass_g, batch.state) == (0.0, BatchState.USED_UP)


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=8))
def test_nothing_is_lost_between_batches(masses: list[float]) -> None:
    whole = Amount.sum(Amount(mass, 0.0) for mass in masses)
    for mass in masses:
        whole = whole.less(Amount(mass, 0.0))
    assert abs(whole.value) <= 1e-9 * sum(masses)


def test_a_transfer_awaits_the_receivers_value(
    officer: Reader, works: Reader, batch: Batch, person: Callable[..., Person]
) -> None:
    other = reader_of(person("holder", of="laboratory", clearance=2))
    holder_named(officer, "Laboratory", organisation=other.person.organisation)
    transfer(works, batch, "Laboratory", happened_on=TODAY)
    assert not batches_for(works).exists()
    theirs = batches_for(other).get()
    assert possible(other, theirs) == [Kind.RECEIPT, Kind.LOSS, Kind.THEFT]
    step = confirm_receipt(
        other, theirs, happened_on=TODAY, received=Amount(997.0, 0.5), place="Cell 2"
    )
    assert step.after["difference_g"] == pytest.approx(3.0)
    assert step.after["significant"] is True
    theirs.refresh_from_db()
    assert (theirs.mass_g, theirs.place) == (997.0, "Cell 2")


def test_ends_and_corrections_need_words(officer: Reader, works: Reader, batch: Batch) -> None:
    with pytest.raises(Refused):
        end_batch(officer, batch, Kind.DISPOSAL, happened_on=TODAY, note="")
    with pytest.raises(Refused):
        end_batch(works, batch, Kind.DISPOSAL, happened_on=TODAY, note="drum 4")
    fixed = BatchEntry("U-1", Element.URANIUM, 3, mass_g=1010.0, u235_percent=4.5)
    with pytest.raises(Refused):
        correct_batch(officer, batch, fixed, reason="", seen=1)
    with pytest.raises(Refused, match="meantime"):
        correct_batch(officer, batch, fixed, reason="weighed again", seen=0)
    step = correct_batch(officer, batch, fixed, reason="weighed again", seen=1)
    assert (step.before["mass_g"], step.after["mass_g"]) == (1000.0, 1010.0)
    end_batch(officer, batch, Kind.DISPOSAL, happened_on=TODAY, note="drum 4")


WRONG = {
    "no amount": BatchEntry("x", Element.OTHER, 1, nuclide="I-131"),
    "no mass": BatchEntry("x", Element.PLUTONIUM, 1, activity_Bq=1.0, activity_on=TODAY),
    "no items": BatchEntry("x", Element.THORIUM, 0, mass_g=1.0),
    "negative": BatchEntry("x", Element.THORIUM, 1, mass_g=-1.0),
    "not a number": BatchEntry("x", Element.THORIUM, 1, mass_g=float("nan")),
    "no enrichment": BatchEntry("x", Element.URANIUM, 1, mass_g=1.0),
    "enriched thorium": BatchEntry("x", Element.THORIUM, 1, mass_g=1.0, u235_percent=1.0),
    "above a hundred": BatchEntry("x", Element.URANIUM, 1, mass_g=1.0, u235_percent=101.0),
    "no nuclide": BatchEntry("x", Element.OTHER, 1, mass_g=1.0),
    "no such nuclide": BatchEntry("x", Element.OTHER, 1, mass_g=1.0, nuclide="Xx-999"),
    "no date": BatchEntry("x", Element.OTHER, 1, nuclide="I-131", activity_Bq=1.0),
    "lonely uncertainty": BatchEntry(
        "x", Element.OTHER, 1, nuclide="I-131", mass_g=1.0, activity_u_Bq=1.0
    ),
    "no number": BatchEntry(" ", Element.THORIUM, 1, mass_g=1.0),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_contradicts_itself_is_refused(officer: Reader, holder: Holder, name: str) -> None:
    with pytest.raises(Refused):
        receive(officer, holder.name, WRONG[name], happened_on=TODAY)


def test_amounts_are_numbers() -> None:
    for value, u in ((float("nan"), None), (1.0, -1.0), (float("inf"), 0.0)):
        with pytest.raises(InvalidInput):
            Amount(value, u)


def test_nuclear_material_is_put_together_by_holder_and_place(
    officer: Reader, holder: Holder
) -> None:
    def enter(number: str, element: Element, mass_g: float, place: str, **more: float) -> None:
        entry = BatchEntry(number, element, 1, mass_g=mass_g, place=place, **more)
        receive(officer, holder.name, entry, happened_on=TODAY)

    enter("P1", Element.PLUTONIUM, 300.0, "Store 1")
    enter("P2", Element.PLUTONIUM, 250.0, "store 1 ")
    enter("P3", Element.PLUTONIUM, 1500.0, "Store 2")
    enter("H1", Element.URANIUM, 1100.0, "Store 1", u235_percent=93.0)
    enter("L1", Element.URANIUM, 200_000.0, "Store 1", u235_percent=4.5)
    enter("N1", Element.URANIUM, 900_000.0, "Store 1", u235_percent=0.711)
    enter("T1", Element.THORIUM, 900_000.0, "Store 1")
    rows = list(batches_for(officer))
    by_place = {
        (s.place.strip().casefold(), s.material): (round(s.mass_g, 3), s.found.category)
        for s in material_sums(rows, by_place=True)
    }
    assert by_place[("store 1", "Pu")] == (550.0, "II")  # 500 g < 550 g < 2 kg
    assert by_place[("store 2", "Pu")] == (1500.0, "II")
    assert by_place[("store 1", "U-235 (natural or depleted)")] == (6399.0, None)
    graded = {
        material: found
        for (place, material), found in by_place.items()
        if place == "store 1" and material.startswith("U-235 (") and "natural or" not in material
    }
    assert sorted(graded.values()) == [(1023.0, "II"), (9000.0, None)]
    together = {s.material: s for s in material_sums(rows, by_place=False)}
    assert together["Pu"].mass_g == 2050.0
    assert together["Pu"].found.category == "I"
    assert "Th" not in together


def test_parts_as_they_are_typed() -> None:
    assert parts_of(" A-1; 2; 120.5; 0.3 \n\nA-2;1;80") == [
        ("A-1", 2, Amount(120.5, 0.3)),
        ("A-2", 1, Amount(80.0, None)),
    ]
    for line in ("A", "A;x;1", "A;1;much", "A;1;1;0.1;9"):
        with pytest.raises(InvalidInput):
            parts_of(line)


def test_a_batch_is_not_received_tomorrow(officer: Reader, holder: Holder) -> None:
    with pytest.raises(Refused, match="future"):
        receive(officer, holder.name, URANIUM, happened_on=TODAY + dt.timedelta(days=2))


def test_what_is_made_of_batches_bears_the_highest_mark_of_them(
    officer: Reader, holder: Holder
) -> None:
    rows = [
        receive(officer, holder.name, replace(URANIUM, reference=name), happened_on=TODAY)
        for name in ("U-1", "U-2")
    ]
    Batch.objects.filter(pk=rows[0].pk).update(tlp="AMBER")
    Batch.objects.filter(pk=rows[1].pk).update(tlp="RED")
    made = merge(officer, rows, reference="U-3", happened_on=TODAY)
    assert made.tlp == "RED"


def test_who_works_for_a_holder_counts_when_a_batch_is_written(
    officer: Reader,
    works: Reader,
    holder: Holder,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another officer may give the holder to others between the reading and the writing."""
    mill = person("holder", of="mill", clearance=2).organisation
    receiver = holder_named(officer, "Receiver")
    here, there = (
        Holder.objects.select_related("organisation").get(pk=row.pk) for row in (holder, receiver)
    )
    change = partial(change_holder, officer, address="", licence="", licence_until=None)
    change(holder, organisation=mill)
    change(receiver, organisation=works.person.organisation)
    monkeypatch.setattr(material, "holder_named", lambda *_given: here)
    batch = receive(officer, holder.name, URANIUM, happened_on=TODAY)
    opened = Release.objects.filter(row_id=batch.pk, ended_at=None)
    assert [row.receiver for row in opened] == [mill]
    monkeypatch.setattr(material, "receiver_named", lambda *_given: there)
    transfer(officer, batch, "Receiver", happened_on=TODAY)
    assert [row.receiver for row in opened.all()] == [works.person.organisation]
