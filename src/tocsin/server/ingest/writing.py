"""The thread that writes down where the server's detector stands in each survey.

One connection at a time writes to SQLite, and under load each waits for its turn. While the
detector waited to write such a note it heard nobody. What it says it writes itself, before any note
that covers it is put here; a note that is lost costs nothing but hearing some records again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from uuid import UUID

log = logging.getLogger(__name__)

Work = Callable[[], object]

MOST_TOGETHER = 20
END_S = 5.0
"""So long notes are still written at an orderly end, before the process is killed for it."""


class AtOnce:
    """Writes where it is called; what goes wrong is raised there."""

    def put(self, survey: UUID, work: Work) -> None:
        """Write it."""
        work()

    def settle(self, survey: UUID) -> None:
        """Nothing waits."""

    def end(self) -> None:
        """Nothing waits."""


class Aside(AtOnce):
    """Writes in a thread with a connection of its own; of each survey only what was put last."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[UUID, Work] = {}
        self._at_work: dict[UUID, Work] = {}
        self._over = False
        self._thread = threading.Thread(target=self._run, name="detector-notes", daemon=True)
        self._thread.start()

    def put(self, survey: UUID, work: Work) -> None:
        """Let it be written; what still waits of this survey is not written any more."""
        with self._changed:
            self._waiting[survey] = work
            self._changed.notify_all()

    def settle(self, survey: UUID) -> None:
        """Write what waits of a survey now, after what is being written of it."""
        with self._changed:
            self._changed.wait_for(lambda: survey not in self._at_work)
            work = self._waiting.pop(survey, None)
        if work is not None:
            work()

    def end(self) -> None:
        """Write what waits, as far as there is time, and end the thread."""
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
                self._write(part)
            except Exception:
                log.exception("notes of the detector could not be written", extra={"n": len(part)})
            with self._changed:
                self._at_work = {}
                self._changed.notify_all()
        connections.close_all()

    def _next(self) -> dict[UUID, Work]:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._over)
            for survey in list(self._waiting)[:MOST_TOGETHER]:
                self._at_work[survey] = self._waiting.pop(survey)
            return self._at_work

    def _write(self, part: dict[UUID, Work]) -> None:
        from django.db import InterfaceError, OperationalError, transaction

        try:
            with transaction.atomic():
                for work in part.values():
                    work()
            return
        except (InterfaceError, OperationalError):
            # the database is away: there are newer notes within a minute
            raise
        except Exception:
            log.exception("a note of the detector could not be written")
        for survey, work in part.items():
            try:
                with transaction.atomic():
                    work()
            except Exception:
                log.exception("this note could not be written", extra={"survey": str(survey)})
