"""Reports of sources: what they change, who may make them, what the log says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.models import Release
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.entries import entry_of
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Holder, Source, Transaction
from tocsin.server.register.reading import Filter, numbers_for, overdue, sources_for
from tocsin.server.register.services import (
    Refused,
    correct,
    follow_decay,
    holder_named,
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
    report(works, source, Kind.MOVE, happened_on=TODAY, place="Quarry", position=(14.7, -17.1))
    report(works, source, Kind.DISUSE, happened_on=TODAY, storage_until=dt.date(2026, 3, 1))
    source.refresh_from_db()
    assert (source.leak_test_on, source.place, source.status) == (TODAY, "Quarry", Status.STORED)
    assert (source.latitude, source.longitude) == (14.7, -17.1)
    assert leaves_of(source)[1:] == ["register.leak_test", "register.move", "register.disuse"]
    assert Source.objects.filter(overdue(TODAY)).get() == source
    move = source.transactions.get(kind=Kind.MOVE)
    assert move.before["place"] == GIVEN["place"]
    assert move.after["place"] == "Quarry"


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
        (Kind.LOSS, {"happened_on": TODAY + dt.timedelta(days=1), "note": "x"}),
        (Kind.LOSS, {"happened_on": dt.date(2026, 1, 1), "note": "before it was made"}),
        (Kind.MOVE, {"happened_on": TODAY}),
        (Kind.TRANSFER, {"happened_on": TODAY}),
        (Kind.RECEIPT, {"happened_on": TODAY}),
        (Kind.RECOVERY, {"happened_on": TODAY, "note": "was never lost"}),
    ]
    for kind, given in refused:
        with pytest.raises(Refused):
            report(works, source, kind, **given)  # type: ignore[arg-type]
    assert source.transactions.count() == 1


def test_a_transfer_hands_the_source_over_to_other_people(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    mill = reader_of(person("holder", of="mill", clearance=2))
    receiver = holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)
    report(works, source, Kind.TRANSFER, happened_on=TODAY, holder=receiver)
    source.refresh_from_db()
    assert source.awaits_receipt
    assert not sources_for(works).exists()
    assert sources_for(mill).get() == source
    assert Kind.RECEIPT in steps(mill, source)
    report(mill, source, Kind.RECEIPT, happened_on=TODAY, place="Mill, store")
    source.refresh_from_db()
    assert not source.awaits_receipt
    assert Release.objects.filter(row_id=source.pk, ended_at=None).count() == 1


def test_a_receiver_without_a_valid_licence_or_of_another_register_gets_nothing(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    late = holder_named(officer, "Late", licence_until=dt.date(2026, 1, 1))
    abroad = reader_of(person("register_officer", of="neighbour", clearance=2))
    for receiver in (late, holder_named(abroad, "Abroad"), source.holder):
        with pytest.raises(Refused):
            report(works, source, Kind.TRANSFER, happened_on=TODAY, holder=receiver)


def test_a_correction_keeps_what_stood_there(officer: Reader, source: Source) -> None:
    entry = entry_of(GIVEN | {"serial": "IR1002", "activity": "37 GBq"}, today=TODAY)
    with pytest.raises(Refused):
        correct(officer, source, entry, reason=" ")
    step = correct(officer, source, entry, reason="a digit and a unit")
    source.refresh_from_db()
    assert (source.serial, source.category) == ("IR1002", 4)
    assert (step.before["serial"], step.after["serial"]) == ("IR1001", "IR1002")
    assert step.before["contents"][0]["activity_Bq"] == 3.7e12


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
