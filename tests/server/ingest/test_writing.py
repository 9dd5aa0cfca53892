"""What the detector says is written beside its hearing: in order, and nothing after a failure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from tests.server.ingest.passing import BACKPACK, passing
from tests.server.ingest.test_server_detector import kept, on_the_device, told

from tocsin.field.listening import Listener
from tocsin.server.clock import now
from tocsin.server.ingest import detecting as process
from tocsin.server.ingest.detecting import Detecting
from tocsin.server.ingest.models import HeardState, ServerMessage
from tocsin.server.ingest.writing import Aside, AtOnce, Piece

ONE, OTHER = UUID(int=1), UUID(int=2)
WALK = passing(110, 60.0)


@pytest.fixture
def aside(transactional_db: None) -> Iterator[Aside]:
    writer = Aside()
    yield writer
    writer.end()


def broken() -> None:
    raise RuntimeError("broken")


class Book:
    """Works that write their name; ``gate`` holds the thread until everything is put."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.gate = threading.Event()

    def work(self, name: str) -> Callable[[], None]:
        def write() -> None:
            assert connection.in_atomic_block
            self.written.append(name)

        return write


@pytest.fixture
def book(aside: Aside) -> Iterator[Book]:
    book = Book()
    aside.put(Piece(UUID(int=0), None, book.gate.wait))
    yield book
    book.gate.set()


def test_pieces_are_written_in_their_order_whoever_they_belong_to(aside: Aside, book: Book) -> None:
    for k in range(50):
        aside.put(Piece((ONE, OTHER)[k % 2], None, book.work(str(k)), together=k % 5 > 1))
    assert aside.behind_s() > 0.0
    book.gate.set()
    aside.settle(ONE)
    aside.settle(OTHER)
    assert book.written == [str(k) for k in range(50)]
    assert aside.behind_s() == 0.0
    assert aside.failed() == []


def test_after_a_failure_a_voice_is_silent_and_another_one_begins_anew(
    aside: Aside, book: Book
) -> None:
    voice, anew = object(), object()
    aside.put(Piece(ONE, voice, book.work("said")))
    aside.put(Piece(ONE, voice, broken))
    aside.put(Piece(ONE, voice, book.work("note of what was never said"), together=True))
    aside.put(Piece(OTHER, voice, book.work("another survey")))
    aside.put(Piece(ONE, anew, book.work("heard again")))
    book.gate.set()
    aside.settle(ONE)
    assert book.written == ["said", "another survey", "heard again"]
    ((piece, error),) = aside.failed()
    assert (piece.survey, piece.voice, str(error)) == (ONE, voice, "broken")
    assert aside.failed() == []


def test_one_note_that_cannot_be_written_costs_no_other_one(aside: Aside, book: Book) -> None:
    for k, work in enumerate((book.work("a"), broken, book.work("c"))):
        aside.put(Piece(UUID(int=10 + k), None, work, together=True))
    book.gate.set()
    aside.settle(UUID(int=12))
    # the first one was tried with the others, undone, and written by itself
    assert book.written == ["a", "a", "c"]
    assert [piece.survey for piece, _e in aside.failed()] == [UUID(int=11)]


def test_what_waits_is_still_written_at_the_end(aside: Aside, book: Book) -> None:
    aside.put(Piece(ONE, None, book.work("last")))
    book.gate.set()
    aside.end()
    assert book.written == ["last"]


def opening() -> int:
    """Number of the record at which an encounter is opened, and nobody is called yet."""
    listener = Listener(BACKPACK)
    for k, record in enumerate(WALK):
        if [h.stage for h in listener.hear(record)] == ["opened"]:
            return k
    raise AssertionError("no encounter was opened by itself")


class Later(AtOnce):
    """Writes when it is told to, and as often as wanted fails."""

    def __init__(self, *errors: Exception) -> None:
        self.pieces: list[Piece] = []
        self.errors = list(errors)
        self.lost: list[tuple[Piece, Exception]] = []

    def put(self, piece: Piece) -> None:
        self.pieces.append(piece)

    def settle(self, survey: UUID) -> None:
        self.write()

    def write(self) -> None:
        for piece in self.pieces:
            silent = [lost for lost, _e in self.lost if lost.voice is piece.voice]
            if silent:
                continue
            # a saying, as it locks the row of its device
            if self.errors and not piece.together:
                self.lost.append((piece, self.errors.pop(0)))
            else:
                piece.work()
        self.pieces = []

    def failed(self) -> list[tuple[Piece, Exception]]:
        lost, self.lost = self.lost, []
        return lost


@pytest.mark.django_db
def test_what_could_not_be_written_is_heard_and_said_again(send: Callable[..., None]) -> None:
    writer = Later(RuntimeError("broken"), OperationalError("gone"))
    detecting = Detecting(writer=writer)
    gone = 0
    for k, record in enumerate(WALK):
        send([record], k, ends=k == len(WALK) - 1)
        try:
            detecting.step(now())
        except OperationalError:
            gone += 1
        writer.write()
    assert gone == 1
    assert not writer.errors
    assert kept() == told(on_the_device(WALK))
    assert detecting.failures == 0
    assert not detecting.held


@pytest.mark.django_db
def test_a_survey_that_can_never_be_written_is_given_up(send: Callable[..., None]) -> None:
    send(WALK[: opening() + 1])
    writer = Later(*(RuntimeError("broken") for _ in range(99)))
    detecting = Detecting(writer=writer)
    for _ in range(12):
        detecting.step(now())
        writer.write()
    assert len(writer.errors) == 99 - process.MOST_TRIES
    assert detecting.failures == 1
    assert not ServerMessage.objects.exists()


@pytest.mark.django_db
def test_a_note_never_stands_before_what_it_covers(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "NOTE_EVERY_S", -1.0)
    send(WALK[: opening() + 1])
    writer = Later(RuntimeError("broken"))
    detecting = Detecting(writer=writer)
    detecting.step(now())
    assert any(p.together for p in writer.pieces)
    writer.write()
    assert not HeardState.objects.exists()
    for _ in range(6):
        detecting.step(now())
        writer.write()
    assert [stage for stage, _n, _said in kept()] == ["opened"]
    assert HeardState.objects.get().through == opening()


@pytest.mark.django_db
def test_an_alarm_waits_for_nothing_but_what_was_said_before_it(send: Callable[..., None]) -> None:
    writer = Later()
    detecting = Detecting(writer=writer)
    for k, record in enumerate(WALK[:90]):
        send([record], k)
        detecting.step(now())
        if any(stage == "standing" for stage, _n, _said in kept()):
            break
    # told in the step that heard it, though nobody else has written since the encounter was opened
    assert [stage for stage, _n, _said in kept()] == ["opened", "standing"]
    assert k > opening()


@pytest.mark.django_db
def test_who_is_taken_up_again_goes_on_from_the_note_that_was_still_to_be_written(
    send: Callable[..., None],
) -> None:
    writer = Later()
    detecting = Detecting(most=1, writer=writer)
    send(WALK[:63], boot="a" * 32)
    while detecting.step(now()):
        pass
    send(WALK[:63], boot="b" * 32)
    while detecting.step(now()):
        pass
    asked: list[Any] = []
    settle = writer.settle

    def noted(survey: UUID) -> None:
        settle(survey)
        asked.append(HeardState.objects.filter(pk=survey).exists())

    writer.settle = noted  # type: ignore[method-assign]
    send(WALK[63:], 63, boot="a" * 32, ends=True)
    detecting.step(now())
    writer.write()
    assert asked[:1] == [True]
    assert [r.stage for r in ServerMessage.objects.filter(survey__boot="a" * 32).order_by("pk")]
