"""The whole life of a source: particulars, every step, clocks of the law, wrong reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from register_entries import GIVEN, TODAY

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.clocks import law_of
from tocsin.server.register.corrections import correct, declare_wrong
from tocsin.server.register.entries import entry_of
from tocsin.server.register.facts import FACTS, checked_facts
from tocsin.server.register.holders import Refused, holder_named
from tocsin.server.register.life import FIRST, Kind, Status
from tocsin.server.register.models import Holder, Outgoing, Source, Transaction
from tocsin.server.register.overdue import counts, late_reports, overdue_of
from tocsin.server.register.reading import Filter, sources_for
from tocsin.server.register.services import register_source, report, steps

pytestmark = pytest.mark.django_db

PARTICULARS = {
    "other_id": "red paint, dent at the rim",
    "source_type": "X.9",
    "capsule_type": "welded steel",
    "material_form": "metal",
    "iso_class": "ISO/12/C66535",
    "ansi_class": "77C66545",
    "special_form": "XA/0123/S",
    "special_form_on": "2025-01-02",
    "special_form_until": "2030-01-02",
    "neutron": "yes",
    "neutron_target": "Be",
    "neutron_flux_per_s": "2.2e6",
    "supplier": "Ostrava Iso",
    "importer": "Harbour Imports",
    "received_on": "2026-02-01",
    "received_from": "Ostrava Iso",
    "use_kind": "mobile",
    "remarks": "shared with hall 4",
}


def told(source: Source) -> int:
    return Outgoing.objects.filter(transaction__source=source).count()


def lies_in(country: str, *readers: Reader) -> None:
    for reader in readers:
        body = reader.person.organisation
        body.country = country
        body.save()


@pytest.fixture
def american(officer: Reader, works: Reader) -> None:
    """The register lies in a country whose profile has the periods of tracked sources."""
    lies_in("US", officer, works)


def test_every_particular_is_kept_and_a_correction_keeps_both_values(
    officer: Reader, holder: Holder
) -> None:
    source = register_source(officer, entry_of(GIVEN | PARTICULARS, today=TODAY))
    source.refresh_from_db()
    assert source.neutron is True
    assert source.neutron_flux_per_s == 2.2e6
    for name, value in PARTICULARS.items():
        if not name.startswith("neutron") or name == "neutron_target":
            assert str(getattr(source, name)) == value, name
    other = entry_of(GIVEN | PARTICULARS | {"iso_class": "ISO/99", "neutron": ""}, today=TODAY)
    step = correct(officer, source, other, reason="misread", seen=1, corrects=1)
    assert (step.before["iso_class"], step.after["iso_class"]) == ("ISO/12/C66535", "ISO/99")
    assert (step.before["neutron"], step.after["neutron"]) == (True, None)
    assert step.corrects == source.transactions.get(number=1)


def test_an_old_source_without_any_number_is_entered(officer: Reader) -> None:
    bare = {name: GIVEN[name] for name in ("holder", "nuclide", "activity", "reference_date")}
    assert register_source(officer, entry_of(bare, today=TODAY)).serial == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"neutron": "perhaps"}, "neither yes nor no"),
        ({"neutron": "no", "neutron_target": "Be"}, "yet a target"),
        ({"neutron_flux_per_s": "-4"}, "no number above zero"),
        ({"use_kind": "sometimes"}, "kind of use"),
        ({"special_form_on": "2030-01-01"}, "future"),
        ({"special_form_on": "2025-01-01", "special_form_until": "2024-01-01"}, "ends before"),
        ({"received_on": "2026-01-09"}, "made on"),
        ({"came": "import"}, "the day is missing"),
        ({"came": "find", "received_on": "2026-02-01"}, "where, how"),
        ({"came": "loss"}, "how it came"),
        ({"remarks": "x" * 1001}, "longer than"),
        ({"holder": "x" * 201}, "longer than"),
    ],
)
def test_particulars_that_cannot_be_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        entry_of(GIVEN | given, today=TODAY)


@pytest.mark.parametrize("came", sorted(FIRST))
def test_a_life_begins_in_one_of_five_ways(officer: Reader, came: Kind) -> None:
    given = GIVEN | {"came": came.value, "received_on": "2026-02-01", "note": "in a scrap yard"}
    source = register_source(officer, entry_of(given, today=TODAY))
    first = source.transactions.get()
    days = {Kind.REGISTRATION: TODAY, Kind.MANUFACTURE: dt.date(2026, 1, 10)}
    assert (first.kind, first.happened_on) == (came, days.get(came, dt.date(2026, 2, 1)))
    assert source.status == (Status.STORED if came is Kind.FIND else Status.IN_USE)
    assert told(source) == (came is Kind.FIND)


def test_steps_through_a_whole_life(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    mill = reader_of(person("holder", of="mill", clearance=2))
    holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)

    def does(who: Reader, kind: Kind, **more: object) -> Source:
        report(who, source, kind, happened_on=TODAY, **more)  # type: ignore[arg-type]
        source.refresh_from_db()
        return source

    does(works, Kind.INSTALLATION, facts={"device": "Crawler 2", "device_serial": "C-9"})
    assert (source.device, source.device_serial) == ("Crawler 2", "C-9")
    with pytest.raises(Refused, match="where"):
        does(works, Kind.ELSEWHERE)
    does(works, Kind.ELSEWHERE, place="Pipeline 7", facts={})
    assert source.elsewhere_until == dt.date(2026, 3, 31), "four weeks, as the law has it"
    assert (source.elsewhere_place, source.place) == ("Pipeline 7", GIVEN["place"])
    assert source.latitude is not None, "the place of the store stays what it was"
    assert Kind.ELSEWHERE not in steps(works, source)
    does(works, Kind.RETURN)
    assert (source.elsewhere_place, source.elsewhere_until) == ("", None)
    does(works, Kind.DISUSE, storage_until=dt.date(2027, 1, 1), facts={"end_of_life": "maker"})
    assert (source.status, source.end_of_life) == (Status.STORED, "maker")
    shipped = {"manifest": "M-1", "container": "K-2", "arrival_on": "2026-03-06"}
    does(works, Kind.TRANSFER, receiver="Riverside Mill", facts=shipped)
    assert (source.arrival_on, source.receipt_due) == (dt.date(2026, 3, 6), dt.date(2026, 3, 9))
    does(mill, Kind.RECEIPT, facts={"received_from": "Harbour Works"})
    assert (source.received_from, source.receipt_due) == ("Harbour Works", None)
    does(officer, Kind.EXPORT, facts={"to": "Maker", "manifest": "M-2"})
    assert source.status == Status.EXPORTED
    assert steps(mill, source) == [Kind.MISTAKE]
    does(officer, Kind.IMPORT, facts={"received_from": "Maker"})
    assert (source.status, source.end_of_life) == (Status.IN_USE, "")
    does(officer, Kind.DISPOSAL, facts={"end_of_life": "recycling", "to": "Repository"})
    assert (source.status, source.end_of_life) == (Status.DISPOSED, "recycling")
    sent = source.transactions.get(kind=Kind.TRANSFER)
    assert sent.facts == shipped


def test_a_failed_leak_test_is_grave_and_a_later_good_one_ends_it(
    works: Reader, source: Source
) -> None:
    failed = {"result": "leaking", "test_type": "wet wipe"}
    with pytest.raises(Refused, match="known"):
        report(works, source, Kind.LEAK_TEST, happened_on=TODAY, facts=failed)
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, facts=failed, note="4 kBq on wipe")
    source.refresh_from_db()
    assert source.leaking
    assert told(source) == 1
    assert counts(Source.objects.all(), TODAY)["leaking"] == 1
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, facts={"result": "tight"})
    source.refresh_from_db()
    assert not source.leaking
    assert told(source) == 1


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (Kind.LEAK_TEST, {}),
        (Kind.LEAK_TEST, {"result": "fine"}),
        (Kind.LEAK_TEST, {"result": "tight", "manifest": "M"}),
        (Kind.DISUSE, {"end_of_life": "river"}),
        (Kind.TRANSFER, {"arrival_on": "soon"}),
        (Kind.TRANSFER, {"arrival_on": "2026-03-02"}),
        (Kind.TRANSFER, {"arrival_on": "2056-03-02"}),
        (Kind.TRANSFER, {"manifest": "M" * 81}),
        (Kind.INSTALLATION, {}),
        (Kind.RECEIPT, {"activity": "1 GBq; " * 40 + "1 GBq"}),
    ],
)
def test_facts_that_make_no_sense_are_refused(kind: Kind, facts: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        checked_facts(kind, facts, TODAY)


def test_every_fact_belongs_to_a_report() -> None:
    assert all(fact.kinds and fact.needed <= fact.kinds for fact in FACTS.values())


def test_the_mark_of_the_authority_is_a_step_of_its_own(
    officer: Reader, works: Reader, source: Source
) -> None:
    assert Kind.CHECK not in steps(works, source)
    report(officer, source, Kind.CHECK, happened_on=TODAY)
    source.refresh_from_db()
    assert source.checked_by == officer.person
    assert Kind.CHECK not in steps(officer, source)
    report(works, source, Kind.MOVE, happened_on=TODAY, place="Quarry")
    source.refresh_from_db()
    assert source.unchecked_since == TODAY
    report(officer, source, Kind.CHECK, happened_on=TODAY)
    correct(officer, source, entry_of(GIVEN, today=TODAY), reason="place", seen=4)
    source.refresh_from_db()
    assert source.checked_at is None, "what was corrected was not correct"


def test_a_report_after_the_next_business_day_is_late(
    american: None, officer: Reader, source: Source, clock: Any
) -> None:
    # Tuesday noon UTC; until Wednesday 17:00 in New York
    on_time = report(officer, source, Kind.EXPORT, happened_on=TODAY)
    assert (on_time.due_at, on_time.late) == (dt.datetime(2026, 3, 4, 22, tzinfo=dt.UTC), False)
    assert on_time.law == "US/tracked_source_transaction"
    clock.move(days=1, hours=11)
    late = report(officer, source, Kind.IMPORT, happened_on=TODAY)
    assert late.late
    reader = reader_of(officer.person)
    assert list(late_reports(reader, sources_for(reader), 365)) == [late]


def test_friday_is_reported_until_monday_and_a_holiday_does_not_count(
    american: None, officer: Reader, source: Source, clock: Any
) -> None:
    friday = report(
        officer, source, Kind.EXPORT, happened_on=dt.date(2026, 2, 13), note="told on Tuesday"
    )
    # Monday 16 February 2026 is Washington's Birthday
    assert friday.due_at == dt.datetime(2026, 2, 17, 22, tzinfo=dt.UTC)


def test_the_period_holds_for_the_reports_and_categories_of_its_law_alone(
    american: None, officer: Reader, source: Source, holder: Holder
) -> None:
    assert source.category == 2
    assert report(officer, source, Kind.MOVE, happened_on=TODAY, place="x").due_at is None
    small = register_source(officer, entry_of(GIVEN | {"activity": "1 GBq"}, today=TODAY))
    assert report(officer, small, Kind.EXPORT, happened_on=TODAY).due_at is None


def test_where_no_profile_has_a_period_none_is_applied(
    officer: Reader, works: Reader, source: Source
) -> None:
    assert law_of(officer.person.organisation, "LIVE") is None, "an invented law is not applied"
    lies_in("FR", officer, works)
    holder_named(officer, "Riverside Mill")
    with pytest.raises(Refused, match="until when"):
        report(officer, source, Kind.ELSEWHERE, happened_on=TODAY, place="x")
    sent = report(officer, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill")
    assert (sent.due_at, sent.law, sent.late) == (None, "", False)
    source.refresh_from_db()
    assert source.receipt_due == dt.date(2026, 3, 10), "the default of Tocsin: a week"


def test_use_elsewhere_longer_than_the_law_is_told(works: Reader, source: Source) -> None:
    until = {"until": "2026-04-01"}
    step = report(works, source, Kind.ELSEWHERE, happened_on=TODAY, place="x", facts=until)
    assert step.facts["longer_than"] == "fictional/elsewhere"


def test_a_mistake_is_corrected_within_five_business_days(
    american: None, officer: Reader, works: Reader, source: Source, clock: Any
) -> None:
    report(works, source, Kind.MOVE, happened_on=TODAY, place="Quarry")
    about = {"about": "2"}
    report(works, source, Kind.MISTAKE, happened_on=TODAY, note="not the quarry", facts=about)
    source.refresh_from_db()
    assert (source.mistake_since, source.correction_due) == (TODAY, dt.date(2026, 3, 10))
    assert overdue_of(source, dt.date(2026, 3, 10)) == []
    assert len(overdue_of(source, dt.date(2026, 3, 11))) == 1
    clock.move(days=9)
    step = declare_wrong(reader_of(officer.person), source, 2, reason="other source", seen=3)
    assert step.late
    assert step.law == "US/tracked_source_correction"
    source.refresh_from_db()
    assert (source.mistake_since, source.correction_due) == (None, None)
    assert source.place == GIVEN["place"]
    assert (source.latitude, source.longitude) == (14.68123, -17.4321)


def test_a_wrong_report_is_undone_by_a_step_that_names_it(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    mill = reader_of(person("holder", of="mill", clearance=2))
    holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)
    report(works, source, Kind.DISUSE, happened_on=TODAY)
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill")
    report(mill, source, Kind.LOSS, happened_on=TODAY, note="not on the lorry")
    for number, reason, seen in ((4, "", 4), (4, "x", 3), (1, "x", 4), (9, "x", 4)):
        with pytest.raises(Refused):
            declare_wrong(officer, source, number, reason=reason, seen=seen)
    with pytest.raises(Refused):
        declare_wrong(works, source, 4, reason="mine", seen=4)
    with pytest.raises(Refused, match="later report"):
        declare_wrong(officer, source, 2, reason="was in use", seen=4)
    undone = declare_wrong(officer, source, 4, reason="it never left", seen=4)
    source.refresh_from_db()
    assert (source.status, source.awaits_receipt) == (Status.STORED, True)
    assert undone.corrects is not None
    assert (undone.corrects.number, undone.after["status"]) == (4, "stored")
    assert told(source) == 2, "who heard of the loss hears that it was none"
    with pytest.raises(Refused, match="already"):
        declare_wrong(officer, source, 4, reason="again", seen=5)
    declare_wrong(officer, source, 3, reason="nor was it sent", seen=5)
    source.refresh_from_db()
    assert source.holder.name == "Harbour Works"
    assert sources_for(works).get() == source
    assert not sources_for(mill).exists()
    assert Transaction.objects.filter(source=source).count() == 6


def test_a_receipt_and_a_return_from_abroad_may_be_wrong_too(
    officer: Reader, works: Reader, source: Source, signed_in: Callable[[Person], Client]
) -> None:
    holder_named(officer, "Riverside Mill")
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill")
    report(officer, source, Kind.RECEIPT, happened_on=TODAY, place="Store")
    browser = signed_in(officer.person)
    assert "Step 3 is wrong" in browser.get(source.get_absolute_url()).content.decode()
    assert browser.get(f"/register/{source.pk}/steps/3/wrong/").status_code == 200
    assert browser.get(f"/register/{source.pk}/steps/1/wrong/").status_code == 404
    declare_wrong(officer, source, 3, reason="another box came", seen=3)
    declare_wrong(officer, source, 2, reason="nor was it sent", seen=4)
    source.refresh_from_db()
    assert (source.holder.name, source.awaits_receipt) == ("Harbour Works", False)
    report(officer, source, Kind.EXPORT, happened_on=TODAY)
    report(officer, source, Kind.IMPORT, happened_on=TODAY)
    declare_wrong(officer, source, 7, reason="still abroad", seen=7)
    source.refresh_from_db()
    assert source.status == Status.EXPORTED


def test_what_is_overdue_is_counted_by_kind(officer: Reader, works: Reader, source: Source) -> None:
    holder_named(officer, "Riverside Mill")
    assert counts(sources_for(officer), TODAY)["receipt"] == 0
    report(
        works, source, Kind.ELSEWHERE, happened_on=TODAY, place="x", facts={"until": "2026-03-10"}
    )
    day = dt.date(2026, 3, 11)
    assert counts(sources_for(officer), dt.date(2026, 3, 10))["elsewhere"] == 0
    assert counts(sources_for(officer), day)["elsewhere"] == 1
    report(works, source, Kind.DISUSE, happened_on=TODAY, storage_until=dt.date(2026, 3, 10))
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill")
    found = counts(sources_for(officer), day)
    assert (found["receipt"], found["storage"], found["elsewhere"]) == (1, 1, 0)
    late = Filter.of({"late": "1"}).apply(sources_for(officer), day)
    assert list(late) == [source]
    assert now().date() == TODAY
