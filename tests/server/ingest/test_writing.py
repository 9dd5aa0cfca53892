"""Where the detector stands is written down beside its hearing: the last note, and nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from tests.server.ingest.passing import passing
from tests.server.ingest.test_server_detector import kept, on_the_device, told

from tocsin.server.clock import now
from tocsin.server.ingest import detecting as process
from tocsin.server.ingest.detecting import Detecting
from tocsin.server.ingest.hearing import Hearing
from tocsin.server.ingest.models import HeardState, LiveSurvey
from tocsin.server.ingest.writing import Aside, AtOnce, Work

FIRST, ONE, OTHER, THIRD = (UUID(int=k) for k in range(4))
WALK = passing(110, 60.0)
FAST = passing(40, None, per_s=10)


@pytest.fixture
def aside(transactional_db: None) -> Iterator[Aside]:
    writer = Aside()
    yield writer
    writer.end()


def broken() -> None:
    raise RuntimeError("broken")


def away() -> None:
    raise OperationalError("gone")


class Book:
    """Works that write their name; until the gate opens the thread is at its first one."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.gate = threading.Event()
        self.begun = threading.Event()

    def wait(self) -> None:
        self.begun.set()
        self.gate.wait(10.0)

    def work(self, name: str) -> Work:
        def write() -> None:
            self.written.append(name + (" together" if connection.in_atomic_block else ""))

        return write

    def open(self, aside: Aside) -> None:
        self.gate.set()
        aside.end()


@pytest.fixture
def book(aside: Aside) -> Iterator[Book]:
    book = Book()
    aside.put(FIRST, book.wait)
    assert book.begun.wait(10.0)
    yield book
    book.gate.set()


def test_of_each_survey_what_was_put_last_is_written(aside: Aside, book: Book) -> None:
    for name, survey in (("a", ONE), ("b", OTHER), ("c", ONE)):
        aside.put(survey, book.work(name))
    book.open(aside)
    assert sorted(book.written) == ["b together", "c together"]


def test_one_note_that_cannot_be_written_costs_no_other_one(aside: Aside, book: Book) -> None:
    for survey, work in ((ONE, book.work("a")), (OTHER, broken), (THIRD, book.work("c"))):
        aside.put(survey, work)
    book.open(aside)
    # the first one was tried with the others, undone, and written by itself
    assert book.written == ["a together", "a together", "c together"]


def test_a_database_that_is_away_is_asked_once_and_the_thread_goes_on(
    aside: Aside, book: Book
) -> None:
    aside.put(ONE, away)
    aside.put(OTHER, book.work("b"))
    book.gate.set()
    aside.settle(FIRST)
    aside.put(THIRD, book.work("c"))
    aside.end()
    assert book.written == ["c together"]


def test_who_settles_writes_what_waits_itself_and_waits_for_nobody_else(
    aside: Aside, book: Book
) -> None:
    aside.put(ONE, book.work("a"))
    aside.put(OTHER, book.work("b"))
    aside.settle(ONE)
    assert book.written == ["a"]
    aside.settle(THIRD)
    book.open(aside)
    assert book.written == ["a", "b together"]


class Later(AtOnce):
    """Writes when it is told to."""

    def __init__(self) -> None:
        self.waiting: dict[UUID, Work] = {}

    def put(self, survey: UUID, work: Work) -> None:
        self.waiting[survey] = work

    def settle(self, survey: UUID) -> None:
        if work := self.waiting.pop(survey, None):
            work()

    def write(self) -> None:
        for work in self.waiting.values():
            work()
        self.waiting = {}


@pytest.mark.django_db
def test_a_note_is_of_the_moment_at_which_it_was_put(send: Callable[..., None]) -> None:
    """Also of a fast stream, whose sums are listed."""
    notes = Later()
    detecting = Detecting(notes=notes)
    send(FAST[:300])
    while detecting.step(now()):
        pass
    (survey,) = LiveSurvey.objects.all()
    saved = detecting.held[survey.pk].hearing.save()
    assert saved is not None
    sums = len(saved[0]["firsts"])
    detecting._write_notes([survey.pk], now())
    send(FAST[300:], 300)
    while detecting.step(now()):
        pass
    notes.write()
    note = HeardState.objects.get()
    assert (note.through, len(note.values["firsts"])) == (299, sums)
    resumed = Hearing.resumed(note.through, note.values, bytes(note.state))
    assert resumed.save() == saved


@pytest.mark.django_db
def test_notes_that_are_never_written_change_nothing_that_is_said(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "NOTE_EVERY_S", -1.0)
    detecting = Detecting(notes=Later())
    for k, record in enumerate(WALK[:63]):
        send([record], k)
        detecting.step(now())
    assert not HeardState.objects.exists()
    # as after a kill: heard from the beginning, said once
    send(WALK[63:], 63, ends=True)
    again = Detecting()
    while again.step(now()):
        pass
    assert kept() == told(on_the_device(WALK))


@pytest.mark.django_db
def test_who_is_taken_up_again_goes_on_from_the_note_that_was_still_to_be_written(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    detecting = Detecting(most=1, notes=Later())
    for boot in ("a" * 32, "b" * 32):
        send(WALK[:63], boot=boot)
        while detecting.step(now()):
            pass
    from_where = []
    resumed = Hearing.resumed.__func__  # type: ignore[attr-defined]

    def noted(cls: type[Hearing], through: int, *given: object) -> Hearing:
        from_where.append(through)
        hearing: Hearing = resumed(cls, through, *given)
        return hearing

    monkeypatch.setattr(Hearing, "resumed", classmethod(noted))
    send(WALK[63:], 63, boot="a" * 32, ends=True)
    detecting.step(now())
    assert from_where == [62]
