"""Large tables in the background: batches, crashes in the middle, two workers, undoing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db.models import Model
from register_entries import TODAY

from tocsin.server.accounts.models import Assignment, Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.register import imports
from tocsin.server.register.holders import Refused
from tocsin.server.register.import_turns import (
    MOST_ATTEMPTS,
    SILENCE,
    Overtaken,
    carry_on,
    resume_silent,
)
from tocsin.server.register.import_views import time_left
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Import, Source, Transaction
from tocsin.server.register.services import report
from tocsin.server.register.tasks import work_on_import

pytestmark = pytest.mark.django_db

ROWS = 7
TABLE = "Holder;Nuclide;Activity (GBq);Reference date;Serial number\n" + "".join(
    f"Mill {n % 2};Cs-137;3.7;2020-05-01;A{n}\n" for n in range(ROWS)
)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 3)


def run(row: Import) -> Import:
    work_on_import.call(str(row.pk))
    row.refresh_from_db()
    return row


def checked(officer: Reader) -> Import:
    row = imports.bring_later(officer, TABLE.encode(), name="large.csv")
    assert (row.state, row.rows) == (Import.State.CHECKING, 0)
    return run(row)


def serials() -> list[str]:
    return sorted(Source.objects.exclude(status=Status.WITHDRAWN).values_list("serial", flat=True))


ALL = [f"A{n}" for n in range(ROWS)]


class Died(BaseException):
    """As a process that is killed: nothing handles it."""


def dying(monkeypatch: pytest.MonkeyPatch, at_batch: int, error: type[BaseException]) -> None:
    """Let the writing of a batch fail after its sources are written, before its transactions."""
    made = imports.insert_new
    count = 0

    def fail(rows: Sequence[Model]) -> None:
        nonlocal count
        count += isinstance(rows[0], Transaction)
        if count == at_batch and isinstance(rows[0], Transaction):
            raise error("the lights went out")
        made(rows)

    monkeypatch.setattr(imports, "insert_new", fail)


def test_checked_taken_over_and_undone_in_the_background(officer: Reader) -> None:
    row = checked(officer)
    assert (row.state, row.rows, row.good, row.stopped) == (Import.State.CHECKED, ROWS, ROWS, "")
    row = imports.apply(officer, row, later=True)
    assert row.is_working
    assert serials() == []
    with pytest.raises(Refused):
        imports.apply(officer, row, later=True)
    row = run(row)
    assert (row.state, row.done) == (Import.State.APPLIED, ROWS)
    assert serials() == ALL
    assert Transaction.objects.filter(kind=Kind.REGISTRATION).count() == ROWS
    leaves = Leaf.objects.filter(action="register.import")
    assert sum(leaf.content["after"]["sources"] for leaf in leaves) == ROWS
    row = run(imports.undo(officer, row, reason="wrong table", later=True))
    assert (row.state, row.done, row.stopped) == (Import.State.UNDONE, ROWS, "")
    assert serials() == []
    assert {s.transactions.count() for s in Source.objects.all()} == {2}


def test_what_is_no_table_is_said_on_its_page(officer: Reader) -> None:
    row = run(imports.bring_later(officer, b"\x00\x01\x02", name="x.csv"))
    assert row.state == Import.State.CHECKING
    assert row.stopped
    assert not row.is_working


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_failure_in_a_batch_leaves_whole_batches_and_is_carried_on(
    officer: Reader, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    with monkeypatch.context() as broken:
        dying(broken, batch, RuntimeError)
        row = run(row)
    assert row.state == Import.State.APPLYING
    assert "mistake" in row.stopped
    assert row.done == Source.objects.count() == Transaction.objects.count() == 3 * (batch - 1)
    assert run(row).done == 3 * (batch - 1), "what has stopped waits for a person"
    row = run(carry_on(officer, row))
    assert row.state == Import.State.APPLIED
    assert serials() == ALL


def test_a_taking_over_that_stopped_can_be_undone(
    officer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    with monkeypatch.context() as broken:
        dying(broken, 2, RuntimeError)
        row = run(row)
    row = run(imports.undo(officer, row, reason="half a table", later=True))
    assert row.state == Import.State.UNDONE
    assert serials() == []


def test_a_killed_process_is_followed_by_another(
    officer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    with monkeypatch.context() as broken:
        dying(broken, 3, Died)
        with pytest.raises(Died):
            run(row)
    row.refresh_from_db()
    assert (row.state, row.done, row.stopped) == (Import.State.APPLYING, 6, "")
    assert resume_silent(now()) == 0, "it may still be working"
    Import.objects.filter(pk=row.pk).update(task_id="")
    assert resume_silent(now() + 2 * SILENCE) == 1
    row = run(row)
    assert row.state == Import.State.APPLIED
    assert serials() == ALL


def test_what_never_gets_on_is_left_to_a_person(officer: Reader) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    Import.objects.filter(pk=row.pk).update(task_id="", attempts=MOST_ATTEMPTS)
    resume_silent(now() + 2 * SILENCE)
    row.refresh_from_db()
    assert row.stopped
    assert Leaf.objects.filter(action="register.import_stopped").count() == 1


def test_two_workers_write_no_row_twice(officer: Reader) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    late = Import.objects.get(pk=row.pk)
    run(row)
    with pytest.raises(Overtaken):
        imports.work(late)
    assert serials() == ALL


def test_who_lost_the_role_takes_nothing_over(officer: Reader) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    person: Person = officer.person
    Assignment.objects.filter(person=person).delete()
    row = run(row)
    assert row.stopped
    assert serials() == []


def test_what_was_reported_while_it_was_undone_stays(
    officer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = run(imports.apply(officer, checked(officer), later=True))
    row = imports.undo(officer, row, reason="wrong table", later=True)
    lost = Source.objects.get(serial="A4")
    report(officer, lost, Kind.LOSS, happened_on=TODAY, note="gone")
    row = run(row)
    assert row.state == Import.State.UNDONE
    assert serials() == ["A4"]
    assert "1" in row.stopped


def test_the_same_rows_are_good_on_a_later_day(officer: Reader, clock: object) -> None:
    table = TABLE + "Mill 0;Cs-137;3.7;2026-03-04;TOMORROW\n"
    row = run(imports.bring_later(officer, table.encode(), name="large.csv"))
    assert (row.good, row.rows) == (ROWS, ROWS + 1)
    row = imports.apply(officer, row, later=True)
    clock.move(days=3)  # type: ignore[attr-defined]
    assert run(row).state == Import.State.APPLIED
    assert serials() == ALL


def test_time_left_follows_the_pace_so_far(officer: Reader, clock: object) -> None:
    row = imports.apply(officer, checked(officer), later=True)
    assert time_left(row, now()) == ""
    row.done = 1
    clock.move(seconds=10)  # type: ignore[attr-defined]
    assert "1" in time_left(row, now())
