"""Checks of the data that are kept: for whom, how old, and anew after a change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import translation
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Level, Person
from tocsin.server.clock import now
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register import checking
from tocsin.server.register.checking import (
    SETTLED,
    Result,
    check_all,
    check_one,
    check_when_due,
    result_for,
)
from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.corrections import correct
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Checked, Found, Holder, Source
from tocsin.server.register.reading import life_of
from tocsin.server.register.services import register_source, report
from tocsin.server.register.tables import steps_of

pytestmark = pytest.mark.django_db

TWIN = "duplicate_serial"


@pytest.fixture
def twin(officer: Reader, source: Source) -> Source:
    """A source of another holder with the serial number of the first."""
    return register_source(
        officer, entry_of(GIVEN | {"holder": "Other works", "activity": "1.1 TBq"}, today=TODAY)
    )


def check() -> None:
    for kept in Checked.objects.all():
        check_all(kept)


def sources_in(result: Result, kind: str) -> set[str]:
    return {told.source.name for told in result.shown[kind]}


def test_what_is_kept_is_what_a_check_now_would_find(officer: Reader, twin: Source) -> None:
    live = result_for(officer, 20)
    assert live.at is None
    assert live.counts[TWIN] == 2
    check()
    kept = result_for(officer, 20)
    assert kept.at == now()
    assert kept.counts == live.counts
    assert sources_in(kept, TWIN) == sources_in(live, TWIN)
    assert {t.why for t in kept.shown[TWIN]} == {t.why for t in live.shown[TWIN]}


def test_a_holder_is_told_of_no_source_of_another(
    officer: Reader, works: Reader, source: Source, twin: Source
) -> None:
    check()
    mine = result_for(works, 20)
    assert mine.at is not None
    assert mine.counts[TWIN] == 0
    assert twin.name not in str(
        Found.objects.filter(checked__organisation=works.person.organisation).values_list(
            "why", flat=True
        )
    )


def test_strangers_are_told_nothing_and_a_kept_result_asks_the_policy(
    officer: Reader, twin: Source, person: Callable[..., Person]
) -> None:
    check()
    stranger = reader_of(person("register_officer", of="strangers", clearance=2))
    assert sum(result_for(stranger, 20).counts.values()) == 0
    low = reader_of(person("register_officer", of="authority", clearance=0))
    assert sum(result_for(low, 20).counts.values()) == 0


def test_a_source_in_a_compartment_is_in_no_kept_result(
    officer: Reader, source: Source, twin: Source
) -> None:
    circle = Compartment.objects.create(
        code="X", name="X", owner=officer.person.organisation, created_at=now()
    )
    twin.compartments.add(circle)
    secret = register_source(officer, entry_of(GIVEN | {"serial": ""}, today=TODAY))
    Source.objects.filter(pk=secret.pk).update(level=Level.SECRET)
    check()
    assert not Found.objects.filter(source__in=[twin, secret]).exists()
    assert twin.name not in str([*Found.objects.values_list("why", flat=True)])


def test_a_kept_result_names_no_source_that_was_closed_since(
    officer: Reader, source: Source, twin: Source
) -> None:
    check()
    assert sources_in(result_for(officer, 20), TWIN) == {source.name, twin.name}
    Source.objects.filter(pk=twin.pk).update(level=Level.SECRET)
    assert twin.name not in str(result_for(officer, 20))
    Source.objects.filter(pk=twin.pk).update(level=Level.CONFIDENTIAL)
    assert sources_in(result_for(officer, 20), TWIN) == {source.name, twin.name}


def test_after_a_change_the_source_is_checked_at_once(officer: Reader, twin: Source) -> None:
    check()
    assert result_for(officer, 20).counts[TWIN] == 2
    twin.serial = "OTHER"
    twin.save()
    check_one(twin.pk)
    assert sources_in(result_for(officer, 20), TWIN) == {
        s.name for s in Source.objects.filter(serial="IR1001")
    }, "the other one waits until all is checked"
    check()
    assert result_for(officer, 20).counts[TWIN] == 0


def test_what_went_to_another_holder_is_in_none_of_the_former_ones_findings(
    works: Reader, officer: Reader, source: Source, holder: Holder
) -> None:
    source.place, source.latitude, source.longitude = "", None, None
    source.save()
    check()
    assert result_for(works, 20).counts["place_missing"] == 1
    other = Holder.objects.create(
        realm=holder.realm, level=holder.level, originator=holder.originator, tlp=holder.tlp,
        created_at=now(), name="Other",
    )  # fmt: skip
    source.holder = other
    source.save()
    check_one(source.pk)
    assert not Found.objects.filter(checked__organisation=works.person.organisation).exists()
    assert Found.objects.filter(checked__organisation=officer.person.organisation).exists()


def test_it_is_due_after_changes_have_settled_and_once_a_day(
    officer: Reader, source: Source, clock: object
) -> None:
    assert check_when_due(now()) == 2, "never computed: of the authority and of the holder"
    assert check_when_due(now()) == 0, "queued already"
    check()
    assert check_when_due(now()) == 0
    source.serial = "X"
    source.save()
    clock.move(seconds=1)  # type: ignore[attr-defined]
    assert check_when_due(now()) == 0
    assert check_when_due(now() + SETTLED) == 2
    clock.move(minutes=3)  # type: ignore[attr-defined]
    check()
    assert check_when_due(now() + dt.timedelta(days=1)) == 2


def test_in_the_language_of_the_reader(officer: Reader, twin: Source) -> None:
    check()
    row = Found.objects.filter(kind=TWIN).first()
    assert row is not None
    assert set(row.why) == {"en", "fr"}
    with translation.override("fr"):
        assert result_for(officer, 20).shown[TWIN][0].why in {
            f.why["fr"] for f in Found.objects.filter(kind=TWIN)
        }


def test_too_many_to_check_while_somebody_waits(
    officer: Reader,
    twin: Source,
    monkeypatch: pytest.MonkeyPatch,
    signed_in: Callable[[Person], Client],
) -> None:
    monkeypatch.setattr(checking, "MOST_AT_ONCE", 1)
    Checked.objects.all().delete()
    assert result_for(officer, 20).too_many
    assert signed_in(officer.person).get("/register/checks/").status_code == 200


def test_a_holder_is_told_nothing_that_a_former_holder_reported(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    said = {"result": "tight", "activity": "9 GBq"}
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, facts=said)
    mill = reader_of(person("holder", of="mill", clearance=2))
    holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)
    stated = {"activity": "8 GBq"}
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill", facts=stated)
    for _live_or_kept in range(2):
        why = str(result_for(mill, 20).shown)
        assert "9 GBq" not in why
        assert "8 GBq" not in why
        assert "9 GBq" in str(result_for(officer, 20).shown), "the register knows all"
        check()
    report(mill, source, Kind.RECEIPT, happened_on=TODAY, facts={"activity": "7 GBq"})
    check()
    assert "7 GBq" in str(result_for(mill, 20).shown), "what it reported itself"


def test_who_is_named_as_holder_by_a_correction_reads_nothing_of_the_former_one(
    officer: Reader,
    works: Reader,
    source: Source,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    said = {"result": "tight", "activity": "9 GBq"}
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, note="old words", facts=said)
    mill = reader_of(person("holder", of="mill", clearance=2))
    holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)
    right = entry_of(GIVEN | {"holder": "Riverside Mill"}, today=TODAY)
    correct(officer, source, right, reason="wrong row", seen=2)
    report(mill, source, Kind.MOVE, happened_on=TODAY, place="Quarry")
    source.refresh_from_db()
    assert [step.number for step in life_of(mill, source)] == [4]
    assert [cells[2] for cells in steps_of(mill, [source])] == [4]
    assert [step.number for step in life_of(officer, source)] == [1, 2, 3, 4]
    assert "9 GBq" not in str(result_for(mill, 20).shown)
    page = signed_in(mill.person).get(source.get_absolute_url()).content.decode()
    assert "old words" not in page


def test_what_is_reported_between_two_languages_is_told_of_its_own_source(
    officer: Reader, twin: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register of many sources is checked for a minute, and people go on reporting."""
    first = register_source(officer, entry_of(GIVEN | {"serial": "A1"}, today=TODAY))
    rounds: list[str] = []

    def seen(rows: object, today: object, **more: object) -> list[Finding]:
        rounds.append(translation.get_language())
        found = [Finding("no_serial", twin, f"twin {rounds[-1]}")]
        return found if len(rounds) == 1 else [Finding("no_serial", first, "first"), *found]

    monkeypatch.setattr(checking, "findings", seen)
    kept = Checked.objects.get(organisation=officer.person.organisation)
    check_all(kept)
    assert rounds == ["en", "fr"]
    told = {row.source_id: row.why for row in kept.found.all()}
    assert told == {twin.pk: {"en": "twin en", "fr": "twin fr"}, first.pk: {"fr": "first"}}
    assert [t.why for t in result_for(officer, 20).shown["no_serial"]] == ["twin en", "first"]


def test_two_that_check_one_source_at_once_wait_for_each_other(
    officer: Reader, twin: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    check()
    order: list[str] = []
    lock, told = QuerySet.select_for_update, checking._told

    def locking(rows: QuerySet[Any], *given: Any, **more: Any) -> QuerySet[Any]:
        if rows.model is Checked:
            order.append("lock")
        return lock(rows, *given, **more)

    def telling(*given: Any) -> list[Found]:
        order.append("told")
        return told(*given)

    monkeypatch.setattr(QuerySet, "select_for_update", locking)
    monkeypatch.setattr(checking, "_told", telling)
    check_one(twin.pk)
    assert order[0] == "lock"
    assert order.count("told") == 1
