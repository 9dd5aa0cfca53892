"""Who writes what the server's detector says and notes: itself, or a thread beside it.

One connection at a time writes to SQLite, and under load each waits for its turn. While the
detector waited it heard nobody: every saying and every note of one survey held up all others. Only
what calls people is still written by the detector itself: a thread beside one that hears is slower
than one by itself (both share one interpreter).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

log = logging.getLogger(__name__)

MOST_WAITING = 500
"""Pieces that wait to be written; then the detector waits as well."""
MOST_TOGETHER = 20
END_S = 30.0
"""So long what was heard is still written at an orderly end. After that it is heard again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to be written in a transaction of its own.

    Attributes
    ----------
    survey : UUID
        What it is about.
    voice : object
        The hearing it comes from. Of one voice nothing is written after a piece that failed: a
        note would otherwise cover what was never said.
    work : callable
        Writes it.
    together : bool
        It locks no row of a device, so that it may be written in one transaction with others of
        this kind; those that lock one are each by themselves, so that nobody waits in a circle.
    put_s : float
        When it was put, by the clock that cannot be set.
    """

    survey: UUID
    voice: object
    work: Callable[[], object]
    together: bool = False
    put_s: float = field(default_factory=time.monotonic)


class Writer(Protocol):
    """What the detector needs of either."""

    def put(self, piece: Piece) -> None:
        """Write it, now or soon, after everything that was put before."""

    def settle(self, survey: UUID) -> None:
        """Wait until nothing of a survey is still to be written."""

    def failed(self) -> list[tuple[Piece, Exception]]:
        """What could not be written since the last call."""

    def behind_s(self) -> float:
        """Age of the piece that waits longest, in seconds."""

    def end(self) -> None:
        """Write what waits; nothing more will be put."""


class AtOnce:
    """Writes where it is called; what goes wrong is raised there."""

    def put(self, piece: Piece) -> None:
        """Write it."""
        piece.work()

    def settle(self, survey: UUID) -> None:
        """Nothing waits."""

    def failed(self) -> list[tuple[Piece, Exception]]:
        """Nothing: it was raised."""
        return []

    def behind_s(self) -> float:
        """Nothing waits."""
        return 0.0

    def end(self) -> None:
        """Nothing waits."""


class Aside:
    """Writes in a thread with its own connection, in the order of the pieces."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Piece] = deque()
        self._at_work: list[Piece] = []
        self._failed: list[tuple[Piece, Exception]] = []
        self._silent: dict[UUID, object] = {}
        self._over = False
        self._thread = threading.Thread(target=self._run, name="detector-writes", daemon=True)
        self._thread.start()

    def put(self, piece: Piece) -> None:
        """Let it be written; waits only where very much is waiting already."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < MOST_WAITING)
            self._waiting.append(piece)
            self._changed.notify_all()

    def settle(self, survey: UUID) -> None:
        """Wait until nothing of a survey is still to be written."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(p.survey != survey for p in (*self._at_work, *self._waiting))
            )

    def failed(self) -> list[tuple[Piece, Exception]]:
        """What could not be written since the last call."""
        with self._changed:
            failed, self._failed = self._failed, []
        return failed

    def behind_s(self) -> float:
        """Age of the piece that waits longest, in seconds."""
        with self._changed:
            oldest = next(iter((*self._at_work, *self._waiting)), None)
        return 0.0 if oldest is None else time.monotonic() - oldest.put_s

    def end(self) -> None:
        """Write what waits, and end the thread."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join(END_S)

    # ------------------------------------------------------------- the thread
    def _run(self) -> None:
        from django.db import close_old_connections, connections

        from tocsin.server.kept_connection import keep_connection

        keep_connection()
        while part := self._next():
            try:
                close_old_connections()
            except Exception:
                log.exception("a connection to the database could not be let go")
            self._write(part)
            with self._changed:
                self._at_work = []
                self._changed.notify_all()
        connections.close_all()

    def _next(self) -> list[Piece]:
        """One piece, or all that follow one another and may be written together."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._over)
            part: list[Piece] = []
            while self._waiting and len(part) < MOST_TOGETHER:
                if part and not (part[0].together and self._waiting[0].together):
                    break
                part.append(self._waiting.popleft())
            self._at_work = part
            return part

    def _write(self, part: list[Piece]) -> None:
        from django.db import transaction

        part = [p for p in part if self._is_heard(p)]
        if len(part) > 1:
            try:
                with transaction.atomic():
                    for piece in part:
                        piece.work()
            except Exception:
                # one of them: each by itself then
                log.warning("notes of the detector could not be written together", exc_info=True)
            else:
                return
        for piece in part:
            if not self._is_heard(piece):
                continue
            try:
                with transaction.atomic():
                    piece.work()
            except Exception as error:
                log.exception(
                    "what was heard of a survey could not be written",
                    extra={"survey": str(piece.survey)},
                )
                with self._changed:
                    self._silent[piece.survey] = piece.voice
                    self._failed.append((piece, error))

    def _is_heard(self, piece: Piece) -> bool:
        """Whether nothing of this voice failed; another voice of the survey begins anew."""
        if piece.survey not in self._silent:
            return True
        if self._silent[piece.survey] is piece.voice:
            return False
        del self._silent[piece.survey]
        return True
