"""The detector process: every survey that goes on is heard by the server itself.

It asks some times a second which surveys have new records without a gap, and hears them. Nothing is
handed to it: what it has not heard it finds in the database, so that after an end, however it came,
it goes on from the last note of each survey (:class:`HeardState`) and hears the rest again.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django
from django.db import Error

from tocsin.field.stopping import Stop
from tocsin.server.ingest.fresh import Fresh
from tocsin.server.ingest.writing import Aside, AtOnce
from tocsin.server.told_to_end import told_to_end

if TYPE_CHECKING:
    from tocsin.server.ingest.hearing import Hearing, Saying
    from tocsin.spectra import Record

TICK_S = 0.05
LOOK_S = 1.0
"""So often every survey is looked at: new ones, ends, and what came in another order."""
LOOK_BACK = timedelta(hours=12)
"""A survey that was not heard of for so long is no longer followed; its end is still analysed."""
BATCHES_A_TURN = 20
"""Of one survey: who brings the records of hours does not hold up those who walk now."""
LATE_S = 2.0
LEARNING_LATE_S = 4.0
"""Many devices that are switched on together learn together, each for some hundredths of a second:
those who walk already come first, as long as there are others."""
MOST_OF_NOW = 100
"""Records that a survey is behind while its device walks: ten seconds of ten a second."""
LONGEST_STEP_S = 0.5
"""After so long it looks again who has news: those who walk now come first."""
FINER_S = 0.05
"""Of each look, for alarms of fast streams that are over and are heard once more: who walks now
waits for that, and for the last record that was begun with its explanation, and not for all."""
NOTE_EVERY_S = 60.0
NOTES_A_TURN = 4
MOST_HELD = 1000
"""Surveys in memory; the one that was silent longest is noted and let go first."""
MOST_TRIES = 3
THREADS_TURN_S = 0.0005
"""So long the thread that writes notes waits for its turn to run, while it may hold up all others
that write. Python's usual 5 ms would be added at each of its questions to the database."""

log = logging.getLogger(__name__)


def beat_path() -> Path:
    """File that says when the detector last looked, and how far behind it was."""
    from django.conf import settings

    return Path(settings.TOCSIN.data) / "log" / "detector-beat"


@dataclass(frozen=True, slots=True)
class News:
    """A survey with records that were not heard.

    Attributes
    ----------
    pk, device : UUID
        Survey and its device.
    through : int
        Last record that came.
    complete : bool
        No further one will come.
    without_a_gap : bool
        It is known that all up to the last record are there.
    """

    pk: UUID
    device: UUID
    through: int
    complete: bool
    without_a_gap: bool = True


@dataclass(slots=True)
class Held:
    """One survey in memory."""

    hearing: Hearing
    noted_s: float
    noted_through: int


class Detecting:
    """All surveys that are heard.

    Parameters
    ----------
    most : int
        Surveys in memory.
    notes : AtOnce, optional
        Who writes down where each survey stands; by default at once.
    """

    def __init__(self, most: int = MOST_HELD, notes: AtOnce | None = None) -> None:
        self.held: OrderedDict[UUID, Held] = OrderedDict()
        self.over: dict[UUID, datetime] = {}
        self.tries: dict[UUID, int] = {}
        self.waiting: dict[UUID, datetime] = {}
        self._turn_since_s: dict[UUID, float] = {}
        self._finer: OrderedDict[UUID, UUID] = OrderedDict()
        self._most = most
        self._forgot_s = -math.inf
        self._fresh = Fresh()
        self._devices: dict[UUID, UUID] = {}
        self._notes = notes or AtOnce()

    def step(self, at: datetime, *, everywhere: bool = True) -> int:
        """Hear what is new; how many records were judged.

        Parameters
        ----------
        at : datetime
            Now.
        everywhere : bool
            Look at every survey; else only at those in memory for which something has just come.
        """
        come = self._fresh.read()
        if everywhere:
            news = self._news(at)
            self.waiting = {n.pk: self.waiting.get(n.pk, at) for n in news}
        else:
            news = self._just_come(come)
            for one in news:
                self.waiting.setdefault(one.pk, at)
        # who walks now comes before a backlog, unless that has waited too long for a turn; of these
        # the one whose last turn is longest ago
        at_s = time.monotonic()
        if everywhere:
            still = {n.pk for n in news}
            self._turn_since_s = {k: v for k, v in self._turn_since_s.items() if k in still}
        for one in news:
            self._turn_since_s.setdefault(one.pk, at_s)
        news.sort(key=lambda n: self._turn(n, at_s))
        until_s = at_s + LONGEST_STEP_S
        heard = 0
        for one in news:
            with self._trying(one.pk):
                heard += self._hear(one, at)
            self._turn_since_s[one.pk] = time.monotonic()
            if self._through(one.pk) >= one.through or one.pk in self.over or self._failed(one.pk):
                self.waiting.pop(one.pk, None)
                self._turn_since_s.pop(one.pk, None)
            if time.monotonic() > until_s:
                break
        heard += self._hear_again(at)
        if everywhere:
            self._fresh.keep({pk: held.hearing.through for pk, held in self.held.items()})
        self._note(at)
        return heard

    @contextmanager
    def _trying(self, pk: UUID) -> Iterator[None]:
        """One survey must not end the others.

        What fails is heard again from its last note, and after some tries left to the analysis at
        its end.
        """
        try:
            yield
        except Error:
            # the database is away: that is nothing about this survey
            self.held.pop(pk, None)
            raise
        except Exception:
            log.exception("a survey could not be heard", extra={"survey": str(pk)})
            self.held.pop(pk, None)
            self.tries[pk] = self.tries.get(pk, 0) + 1
        else:
            self.tries.pop(pk, None)

    def _turn(self, news: News, at_s: float) -> tuple[int, float]:
        since_s = self._turn_since_s[news.pk]
        if news.through - self._through(news.pk) > MOST_OF_NOW:
            return 0 if at_s - since_s >= LATE_S else 2, since_s
        held = self.held.get(news.pk)
        if held is not None and held.hearing.is_learning and not news.complete:
            # those who became late together are not put before everybody who waits since then
            due_s = since_s + LEARNING_LATE_S
            return (0, due_s) if at_s >= due_s else (1, since_s)
        return 0, since_s

    def behind_s(self, at: datetime) -> float:
        """Since when the survey that waits longest has records that were not heard, in seconds."""
        return max(((at - since).total_seconds() for since in self.waiting.values()), default=0.0)

    @property
    def failures(self) -> int:
        """Surveys that could not be heard."""
        return sum(map(self._failed, self.tries))

    def note_all(self, at: datetime) -> None:
        """Write down where every survey stands, at an orderly end."""
        try:
            self._write_notes(list(self.held), at)
        finally:
            self._notes.end()

    # ---------------------------------------------------------------- looking
    def _through(self, pk: UUID) -> int:
        held = self.held.get(pk)
        return held.hearing.through if held is not None else -1

    def _failed(self, pk: UUID) -> bool:
        return self.tries.get(pk, 0) >= MOST_TRIES

    def _news(self, at: datetime) -> list[News]:
        from django.db.models import F

        from tocsin.server.ingest.models import LiveSurvey

        rows = LiveSurvey.objects.filter(last_at__gte=at - LOOK_BACK, upload=None).order_by()
        found = []
        self._devices = {}
        for pk, device, through, ends in rows.annotate(d=F("device_id")).values_list(
            "pk", "d", "records_through", "ends_before"
        ):
            if pk in self.over or self._failed(pk):
                continue
            complete = ends is not None and through + 1 == ends
            if through > self._through(pk) or complete:
                found.append(News(pk, device, through, complete))
            self._devices[pk] = device
        self.over = {pk: when for pk, when in self.over.items() if at - when < LOOK_BACK}
        return found

    def _just_come(self, come: Mapping[UUID, int]) -> list[News]:
        return [
            News(pk, self._devices[pk], last, complete=False, without_a_gap=False)
            for pk, last in come.items()
            if pk in self._devices and last > self._through(pk) >= 0
        ]

    # ---------------------------------------------------------------- hearing
    def _hear(self, news: News, at: datetime) -> int:
        from tocsin.field.envelope import open_envelope
        from tocsin.field.wire import unpack_records
        from tocsin.server.ingest.lane import after
        from tocsin.server.ingest.saying import say

        held = self._taken_up(news.pk, at)
        hearing = held.hearing
        before = hearing.through
        come = self._fresh.take(news.pk, hearing.through, BATCHES_A_TURN)
        if not come and news.without_a_gap and hearing.through < news.through:
            rows = after(news.pk, hearing.through).filter(first__lte=news.through)
            come = [bytes(e) for e in rows.values_list("envelope", flat=True)[:BATCHES_A_TURN]]
        sayings: list[Saying] = []
        for envelope in come:
            sayings += hearing.hear(unpack_records(open_envelope(envelope).body))
        if news.complete and hearing.through == news.through and not hearing.over:
            sayings += hearing.end()
        if sayings:
            say(news.pk, news.device, sayings)
        if hearing.has_finer():
            self._finer.setdefault(news.pk, news.device)
        elif hearing.over:
            self._let_go(news.pk, at)
        return hearing.through - before

    def _hear_again(self, at: datetime) -> int:
        """Some of the records around alarms that are over; how many were judged."""
        from tocsin.server.ingest.saying import say

        heard = 0
        until_s = time.monotonic() + FINER_S
        while self._finer:
            pk, device = next(iter(self._finer.items()))
            held = self.held.get(pk)
            if held is None or not held.hearing.has_finer():
                # it was let go meanwhile: its records are heard again from its last note
                del self._finer[pk]
                continue

            def records(first: int, last: int, survey: UUID = pk) -> Sequence[Record]:
                return list(records_between(survey, first, last))

            # each survey in its turn, however many alarms one of them has
            self._finer.move_to_end(pk)
            with self._trying(pk):
                try:
                    sayings, judged = held.hearing.go_on(records, until_s)
                except Error:
                    raise
                except Exception:
                    # heard from its last note it would fail here again, and never get past it
                    log.exception("an alarm could not be heard again", extra={"survey": str(pk)})
                    sayings, judged = [held.hearing.give_up()], 0
                heard += judged
                if sayings:
                    say(pk, device, sayings)
                if not held.hearing.has_finer():
                    held.noted_s = -math.inf  # its note had to wait for this
                    if held.hearing.over:
                        self._let_go(pk, at)
            if time.monotonic() >= until_s:
                break
        return heard

    def _taken_up(self, pk: UUID, at: datetime) -> Held:
        """The survey in memory, from its note where there is one, else from its beginning."""
        from tocsin.errors import ParseError
        from tocsin.server.ingest.hearing import Hearing
        from tocsin.server.ingest.models import HeardState

        held = self.held.get(pk)
        if held is None:
            self._notes.settle(pk)
            note = HeardState.objects.filter(pk=pk).first()
            hearing = Hearing()
            if note is not None:
                try:
                    hearing = Hearing.resumed(note.through, note.values, bytes(note.state))
                except ParseError as error:
                    log.warning("a note of the detector is of no use", extra={"reason": str(error)})
            held = self.held[pk] = Held(hearing, time.monotonic(), hearing.through)
            while len(self.held) > self._most:
                oldest = next(iter(self.held))
                self._write_notes([oldest], at)
                del self.held[oldest]
        self.held.move_to_end(pk)
        return held

    def _let_go(self, pk: UUID, at: datetime) -> None:
        self.held.pop(pk, None)
        self.over[pk] = at
        self._no_note(pk)

    def _no_note(self, pk: UUID) -> None:
        from tocsin.server.ingest.models import HeardState

        self._notes.put(pk, HeardState.objects.filter(pk=pk).delete)

    # ------------------------------------------------------------------ notes
    def _note(self, at: datetime) -> None:
        """Some of the notes that are due; the work is spread over the minute."""
        self._forget(at)
        due_s = time.monotonic() - NOTE_EVERY_S
        due = [
            pk
            for pk, held in self.held.items()
            if held.noted_s < due_s and held.hearing.through > held.noted_through
        ]
        self._write_notes(due[:NOTES_A_TURN], at)

    def _forget(self, at: datetime) -> None:
        """Let go what is over and was not heard to its end: its analysis has the rest of it."""
        from django.db.models import Q

        from tocsin.server.ingest.models import LiveSurvey

        if time.monotonic() - self._forgot_s < NOTE_EVERY_S:
            return
        self._forgot_s = time.monotonic()
        over = LiveSurvey.objects.filter(
            Q(upload__isnull=False) | Q(ends_before__isnull=False, last_at__lt=at - LOOK_BACK),
            Q(heard__isnull=False) | Q(pk__in=list(self.held)),
        ).order_by()
        keys = list(over.values_list("pk", flat=True))
        for pk in keys:
            self.held.pop(pk, None)
            self._no_note(pk)

    def _write_notes(self, keys: Sequence[UUID], at: datetime) -> None:
        for pk in keys:
            held = self.held[pk]
            # what cannot be noted now waits its turn again and does not hold up the others
            held.noted_s = time.monotonic()
            if (saved := held.hearing.save()) is None:
                continue
            held.noted_through = held.hearing.through
            self._notes.put(pk, partial(_write_note, pk, held.noted_through, *saved, at))


def _write_note(
    survey: UUID, through: int, values: dict[str, Any], state: bytes, at: datetime
) -> None:
    from tocsin.server.ingest.models import HeardState

    given = {"through": through, "values": values, "state": state, "saved_at": at}
    HeardState.objects.bulk_create(
        [HeardState(survey_id=survey, **given)],
        update_conflicts=True,
        unique_fields=["survey"],
        update_fields=list(given),
    )


def records_between(survey: UUID, first: int, last: int) -> Iterator[Record]:
    """Records of a survey by their numbers in the lane, both ends included."""
    from tocsin.field.envelope import open_envelope
    from tocsin.field.wire import unpack_records
    from tocsin.server.ingest.lane import holding

    rows = holding(survey, first, last)
    for begins, envelope in rows.values_list("first", "envelope").iterator():
        records = unpack_records(open_envelope(bytes(envelope)).body).records
        yield from records[max(0, first - begins) : last - begins + 1]


def run(stop: Stop) -> None:
    """Hear until told to stop."""
    from django.db import close_old_connections

    from tocsin.server.clock import now
    from tocsin.server.kept_connection import keep_connection

    keep_connection()
    detecting = Detecting(notes=Aside())
    told_s = looked_s = 0.0
    while not stop.is_set():
        close_old_connections()
        heard = 0
        try:
            everywhere = time.monotonic() - looked_s >= LOOK_S
            looked_s = time.monotonic() if everywhere else looked_s
            heard = detecting.step(now(), everywhere=everywhere)
            if time.monotonic() - told_s >= 1.0:
                told_s = time.monotonic()
                _tell(detecting, now())
        except Exception:
            # the database may be away for a while; the process goes on
            log.exception("the detector could not look")
            stop.wait(1.0)
        if not heard:
            stop.wait(TICK_S)
    detecting.note_all(now())


def _tell(detecting: Detecting, at: datetime) -> None:
    path = beat_path()
    said = {
        "behind_s": round(detecting.behind_s(at), 1),
        "surveys": len(detecting.held),
        "failures": detecting.failures,
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(said), encoding="ascii")
    fresh.replace(path)


def main() -> None:
    """Start as a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
    sys.setswitchinterval(THREADS_TURN_S)
    # 200 small products a second gain nothing from threads of their own
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    django.setup()
    from tocsin.server.all_addresses import read_all_addresses

    read_all_addresses()
    run(told_to_end())


if __name__ == "__main__":
    main()
