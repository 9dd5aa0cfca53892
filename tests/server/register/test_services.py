"""Reports of sources: what they change, who may make them, what the log says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.models import Release
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register import holders, services
from tocsin.server.register.corrections import correct
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import (
    Refused,
    change_holder,
    holder_named,
    holders_by_name,
    know_holders,
)
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Holder, Source, Transaction
from tocsin.server.register.reading import Filter, life_of, numbers_for, overdue, sources_for
from tocsin.server.register.services import (
    follow_decay,
    register_source,
    report,
    steps,
    tell_place,
)

pytestmark = pytest.mark.django_db


def leaves_of(source: Source) -> list[str]:
    return list(Leaf.objects.filter(subject_id=str(source.pk)).values_list("action", flat=True))


def test_a_new_source_is_judged_and_seen_by_its_holder(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    assert (source.category, source.status) == (2, Status.IN_USE)
    assert source.category_until is not None
    assert sources_for(works).get() == source
    assert sources_for(officer).get() == source
    other = reader_of(person("holder", of="strangers", clearance=3))
    assert not sources_for(other).exists()
    assert leaves_of(source) == ["register.register"]
    first = source.transactions.get()
    assert (first.number, first.kind) == (1, Kind.REGISTRATION)


def test_a_holder_reports_and_each_report_leaves_one_leaf(works: Reader, source: Source) -> None:
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, note="dry wipe")
    report(works, source, Kind.MOVE, happened_on=TODAY, place="Quarry")
    report(works, source, Kind.DISUSE, happened_on=TODAY, storage_until=dt.date(2026, 3, 1))
    source.refresh_from_db()
    assert (source.leak_test_on, source.place, source.status) == (TODAY, "Quarry", Status.STORED)
    assert (source.latitude, source.longitude) == (None, None)
    assert leaves_of(source)[1:] == ["register.leak_test", "register.move", "register.disuse"]
    assert Source.objects.filter(overdue(TODAY)).get() == source
    move = source.transactions.get(kind=Kind.MOVE)
    assert move.before["place"] == GIVEN["place"]
    assert move.after["place"] == "Quarry"
    assert (move.latitude, move.longitude) == (14.68123, -17.4321)
    assert "14.68" not in str([*Leaf.objects.values_list("content", flat=True)])
    report(works, source, Kind.REUSE, happened_on=TODAY)
    assert not Source.objects.filter(overdue(TODAY)).exists()


@pytest.mark.parametrize("kind", [Kind.DISPOSAL, Kind.EXPORT, Kind.EXEMPTION, Kind.WITHDRAWAL])
def test_a_holder_cannot_take_it_off_the_register(
    works: Reader, source: Source, kind: Kind
) -> None:
    with pytest.raises(Refused):
        report(works, source, kind, happened_on=TODAY)
    assert source.transactions.count() == 1


def test_people_of_other_holders_report_nothing(
    source: Source, person: Callable[..., Person]
) -> None:
    for role in ("holder", "officer", "supervisor"):
        stranger = reader_of(person(role, of="strangers", clearance=3))
        assert steps(stranger, source) == []
        with pytest.raises(Refused):
            report(stranger, source, Kind.LOSS, happened_on=TODAY, note="x")


def test_reports_that_make_no_sense_are_refused(works: Reader, source: Source) -> None:
    refused = [
        (Kind.LOSS, {"happened_on": TODAY, "note": ""}),
        (Kind.LOSS, {"happened_on": TODAY + dt.timedelta(days=2), "note": "x"}),
        (Kind.LOSS, {"happened_on": dt.date(2026, 1, 1), "note": "before it was made"}),
        (Kind.MOVE, {"happened_on": TODAY}),
        (Kind.TRANSFER, {"happened_on": TODAY}),
        (Kind.RECEIPT, {"happened_on": TODAY}),
        (Kind.RECOVERY, {"happened_on": TODAY, "note": "was never lost"}),
        (Kind.LEAK_TEST, {"happened_on": dt.date(1, 1, 1)}),
    ]
    for kind, given in refused:
        with pytest.raises(Refused):
            report(works, source, kind, **given)  # type: ignore[arg-type]
    assert source.transactions.count() == 1


def test_a_transfer_hands_the_source_over_to_other_people(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    mill = reader_of(person("holder", of="mill", clearance=2))
    holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, note="names of the old holder")
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="riverside mill")
    source.refresh_from_db()
    assert source.awaits_receipt
    assert not sources_for(works).exists()
    assert sources_for(mill).get() == source
    assert Kind.RECEIPT in steps(mill, source)
    assert life_of(mill, source) == []
    assert len(life_of(officer, source)) == 3
    report(mill, source, Kind.RECEIPT, happened_on=TODAY, place="Mill, store")
    source.refresh_from_db()
    assert not source.awaits_receipt
    assert [step.kind for step in life_of(mill, source)] == [Kind.RECEIPT]
    assert Release.objects.filter(row_id=source.pk, ended_at=None).count() == 1


def test_a_receiver_that_may_not_have_it_gets_nothing(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    holder_named(officer, "Late", licence_until=dt.date(2026, 1, 1))
    other_register = reader_of(person("register_officer", of="neighbour", clearance=2))
    holder_named(other_register, "Abroad")
    for receiver in ("Late", "Abroad", source.holder.name, "", "Nobody"):
        with pytest.raises(Refused):
            report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver=receiver)
    foreign = person("holder", of="abroad").organisation
    foreign.country = "XB"
    foreign.save()
    with pytest.raises(Refused, match="another State"):
        holder_named(officer, "Foreign works", organisation=foreign)


def test_who_works_for_a_holder_is_changed_and_so_is_who_sees(
    officer: Reader, works: Reader, source: Source, holder: Holder, person: Callable[..., Person]
) -> None:
    mill = reader_of(person("holder", of="mill", clearance=2))
    given = {"address": "Pier 4", "licence": "L-7", "licence_until": dt.date(2030, 1, 1)}
    with pytest.raises(Refused):
        change_holder(works, holder, **given, organisation=mill.person.organisation)
    change_holder(officer, holder, **given, organisation=mill.person.organisation)
    assert sources_for(mill).get() == source
    assert not sources_for(works).exists()
    leaf = Leaf.objects.get(action="register.change_holder")
    assert leaf.content["after"]["organisation"] == "mill"
    change_holder(officer, holder, **given, organisation=None)
    assert not sources_for(mill).exists()


def opened_to(source: Source) -> set[str]:
    rows = Release.objects.filter(row_id=source.pk, ended_at=None)
    return set(rows.values_list("receiver__short_name", flat=True))


def given_to_the_mill(officer: Reader, holder: Holder, person: Callable[..., Person]) -> str:
    """Other people work for the holder from now on, whatever somebody has read before."""
    mill = person("holder", of="mill", clearance=2).organisation
    change_holder(
        officer, holder, address="", licence="", licence_until=None, organisation=mill
    )  # fmt: skip
    return mill.short_name


def test_who_works_for_a_holder_counts_when_it_is_written(
    officer: Reader,
    works: Reader,
    holder: Holder,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another officer may give the holder to others between the reading and the writing."""
    read_before = Holder.objects.select_related("organisation").get(pk=holder.pk)
    mill = given_to_the_mill(officer, holder, person)
    monkeypatch.setattr(services, "holder_named", lambda *_given: read_before)
    source = register_source(officer, entry_of(GIVEN, today=TODAY))
    assert opened_to(source) == {mill}


def test_who_works_for_a_receiver_counts_when_it_is_written(
    officer: Reader,
    source: Source,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver = holder_named(officer, "Receiver")
    read_before = Holder.objects.select_related("organisation").get(pk=receiver.pk)
    mill = given_to_the_mill(officer, receiver, person)
    monkeypatch.setattr(services, "receiver_named", lambda *_given: read_before)
    report(officer, source, Kind.TRANSFER, happened_on=TODAY, receiver="Receiver")
    assert opened_to(source) == {mill}


def test_two_who_name_a_new_holder_at_once_make_one(
    officer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one enters it after this one has looked, and before it holds the register."""
    waits = holders.one_at_a_time

    def other_first(organisation: UUID) -> None:
        monkeypatch.setattr(holders, "one_at_a_time", waits)
        holder_named(officer, "Mill")
        waits(organisation)

    monkeypatch.setattr(holders, "one_at_a_time", other_first)
    assert holder_named(officer, "mill").name == "Mill"
    assert Holder.objects.count() == 1
    known = holders_by_name(officer)
    del known["mill"]
    know_holders(officer, known, ["MILL", "Quarry", "quarry"])
    assert sorted(Holder.objects.values_list("name", flat=True)) == ["Mill", "quarry"]
    assert known["mill"].name == "Mill"


def test_who_does_not_see_a_source_does_nothing_with_it(
    source: Source, person: Callable[..., Person]
) -> None:
    uncleared = reader_of(person("register_officer", of="authority", clearance=0))
    assert not sources_for(uncleared).exists()
    assert steps(uncleared, source) == []
    for act in (
        lambda: report(uncleared, source, Kind.LOSS, happened_on=TODAY, note="x"),
        lambda: tell_place(uncleared, source, reason="x"),
        lambda: correct(uncleared, source, entry_of(GIVEN, today=TODAY), reason="x", seen=1),
        lambda: register_source(uncleared, entry_of(GIVEN, today=TODAY)),
    ):
        with pytest.raises(Refused):
            act()


def test_a_correction_keeps_what_stood_there(officer: Reader, source: Source) -> None:
    given = GIVEN | {"serial": "IR1002", "activity": "37 GBq", "practice": "calibration"}
    entry = entry_of(given, today=TODAY)
    with pytest.raises(Refused):
        correct(officer, source, entry, reason=" ", seen=1)
    step = correct(officer, source, entry, reason="a digit and a unit", seen=1)
    source.refresh_from_db()
    assert (source.serial, source.category) == ("IR1002", 4)
    assert (step.before["serial"], step.after["serial"]) == ("IR1001", "IR1002")
    assert (step.before["practice"], step.after["practice"]) == ("radiography", "calibration")
    assert step.before["contents"][0]["activity_Bq"] == 3.7e12
    with pytest.raises(Refused, match="meantime"):
        correct(officer, source, entry, reason="from an old page", seen=1)


def test_an_entry_that_should_not_be_there_is_withdrawn_with_words(
    officer: Reader, works: Reader, source: Source
) -> None:
    for reader, note in ((works, "mine"), (officer, "")):
        with pytest.raises(Refused):
            report(reader, source, Kind.WITHDRAWAL, happened_on=TODAY, note=note)
    report(officer, source, Kind.WITHDRAWAL, happened_on=TODAY, note="entered twice")
    source.refresh_from_db()
    assert source.status == Status.WITHDRAWN
    assert steps(officer, source) == []
    assert not sources_for(works).exists()


def test_the_exact_place_needs_a_reason_that_the_log_keeps(works: Reader, source: Source) -> None:
    assert source.coarse_place == (14.7, -17.4)
    with pytest.raises(Refused):
        tell_place(works, source, reason="")
    assert tell_place(works, source, reason="leak test") == (14.68123, -17.4321)
    leaf = Leaf.objects.get(action="register.exact_place")
    assert leaf.content["reason"] == "leak test"


def test_decay_is_followed_by_the_timers(officer: Reader, source: Source) -> None:
    changes = source.category_until
    assert changes is not None
    noon = dt.datetime.combine(changes, dt.time(12), tzinfo=dt.UTC)
    assert follow_decay(noon - dt.timedelta(days=1)) == 0
    assert follow_decay(noon) == 1
    source.refresh_from_db()
    assert source.category == 3
    assert source.category_until is not None
    assert source.category_until > changes
    assert leaves_of(source)[-1] == "register.category"


def test_transactions_are_written_once(source: Source) -> None:
    step = source.transactions.get()
    step.note = "other"
    with pytest.raises(WrittenOnce):
        step.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        Transaction.objects.filter(pk=step.pk)._raw_delete(using="default")


def test_lists_and_numbers(officer: Reader, source: Source, holder: Holder) -> None:
    low = register_source(
        officer,
        entry_of(GIVEN | {"nuclide": "Cs-137", "activity": "37 MBq", "serial": "E9"}, today=TODAY),
    )
    report(officer, source, Kind.THEFT, happened_on=TODAY, note="van broken open")

    def found(**given: str) -> set[str]:
        return {s.serial for s in Filter.of(given).apply(sources_for(officer), TODAY)}

    assert found(status="missing") == {"IR1001"}
    assert found(status="held") == {"E9"}
    assert found(text="harbour ir1001") == {"IR1001"}
    assert found(text="harbour nowhere") == set()
    assert found(category=str(low.category)) == {"E9"}
    assert found(nuclide="Ir-192") == {"IR1001"}
    assert found(status="nonsense", category="9") == {"IR1001", "E9"}
    numbers = numbers_for(officer)
    assert (numbers.held, numbers.missing) == (1, 1)
    assert sum(numbers.by_category.values()) == 1
