"""Whatever network and disk do, the server ends with what perfect ones would have brought.

One process, one seed: the real agent, spool and sender, the real receiving, and between them a
network that drops, doubles, delays, reorders, loses answers and goes away; the device is switched
off, its clock is set, its disk is full for a while, and so is that of the server. What the detector
says is played, so that a seed takes a moment.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction
from tests.field.walks import BEGAN, INSTRUMENT, walk
from tests.server.detector_words import said

from tocsin.field.agent import Agent
from tocsin.field.envelope import open_envelope
from tocsin.field.listening import Heard
from tocsin.field.records import Feed
from tocsin.field.reserve import Reserve
from tocsin.field.sending import Reply, Sender
from tocsin.field.spool import Spool
from tocsin.field.wire import unpack_records
from tocsin.sealing import SigningKey
from tocsin.server.alarms.models import Alarm
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader
from tocsin.spectra import Record

pytestmark = pytest.mark.django_db

RECORDS = 34


class Network:
    """Between a device and the server; rough, or perfect."""

    def __init__(self, chance: random.Random, *, rough: bool) -> None:
        self.chance = chance
        self.rough = rough
        self.away = 0
        self.late: list[bytes] = []
        self.waiting: Callable[[], list[bytes]] = list
        """What the device holds: some of it comes out of turn, and its answer never arrives."""

    def __call__(self, envelope: bytes) -> Reply:
        if not self.rough:
            return self._deliver(envelope)
        while self.late and self.chance.random() < 0.3:
            self._deliver(self.late.pop(self.chance.randrange(len(self.late))))
        if self.away:
            self.away -= 1
            raise OSError("out of reach")
        luck = self.chance.random()
        if luck < 0.1:
            raise OSError("lost on the way")
        if luck < 0.2:
            self.late.append(envelope)
            raise OSError("late")
        if luck < 0.3:
            self._deliver(envelope)
            raise OSError("the answer is lost")
        if luck < 0.4:
            self._deliver(self.chance.choice(self.waiting()))
            raise OSError("overtaken")
        if luck < 0.5:
            self._nearly(envelope)
        if luck < 0.55:
            self.away = self.chance.randrange(1, 8)
        if luck < 0.7:
            self._deliver(envelope)
        return self._deliver(envelope)

    def _deliver(self, envelope: bytes) -> Reply:
        receipt = receive(envelope)
        return Reply(200, receipt.sha256, receipt.through)

    def _nearly(self, envelope: bytes) -> None:
        """The server's disk is full when it is to be written for good."""
        try:
            with transaction.atomic():
                receive(envelope)
                raise OperationalError("database or disk is full")
        except OperationalError as error:
            raise OSError("the server answers 500") from error


class DeviceClock:
    """A clock that somebody sets now and then."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.at = BEGAN

    def __call__(self) -> datetime:
        if self.chance.random() < 0.1:
            self.at += timedelta(weeks=self.chance.choice((-1024, 1024, 1, -1)))
        self.at += timedelta(seconds=1)
        return self.at


class Script:
    """In place of detector and screen: says what was written down for a record."""

    listener = None

    def __init__(self, alarm_at: list[int]) -> None:
        self._alarm_at = alarm_at
        self._record = -1

    def hear(self, _record: Record, _faults: object) -> list[Heard]:
        self._record += 1
        if self._record not in self._alarm_at:
            return []
        number = self._alarm_at.index(self._record) + 1
        value: Any = said(number)
        return [
            Heard(stage, number, self._record, 12.5, 4.8, value["encounter"])
            for stage in ("standing", "closed")
        ]

    def end(self) -> list[Heard]:
        return []

    def note_waiting(self, messages: int | None) -> None:
        """Nobody looks."""

    def note_kept(self, **said: object) -> None:
        """Nobody looks at that either."""


class Disk:
    """The device's: full for a while, in a rough world."""

    def __init__(self, chance: random.Random, *, rough: bool) -> None:
        self.chance = chance
        self.rough = rough

    def turn(self, spool: Spool) -> None:
        """Before a record: it may fill up, or somebody makes room."""
        if self.rough and self.chance.random() < 0.3:
            (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
            spool._db.execute(f"PRAGMA max_page_count = {pages}")
        elif self.chance.random() < 0.2:
            self.free(spool)

    def free(self, spool: Spool) -> None:
        """Somebody has made room: what was held in memory is written with the next record."""
        spool._db.execute("PRAGMA max_page_count = 1000000")


def play(path: Path, key: SigningKey, seed: int, *, rough: bool) -> list[str]:
    """A walk with alarms and switched-off moments; what happens on the device is of the seed.

    Returns what the agent has told. Nobody switches a device off while its disk is full: what is
    in memory then is lost, and told.
    """
    life, luck = random.Random(seed), random.Random(seed + 10**6)  # noqa: S311 - seeds for tests
    network, disk = Network(luck, rough=rough), Disk(luck, rough=rough)
    off_at = sorted(life.sample(range(1, RECORDS), life.randrange(3)))
    jump_at = {k for k in range(RECORDS) if life.random() < 0.1}
    script = Script(life.sample(range(RECORDS), 3))
    told: list[str] = []

    def switched_on() -> tuple[Spool, Sender, Agent]:
        reserve = Reserve(path.with_suffix(".reserve"), 4096)
        spool = Spool(path, key, clock=DeviceClock(luck), monotonic=luck.random, reserve=reserve)
        feed = Feed(INSTRUMENT, iter(()), realm="EXERCISE")
        watch: Any = script
        agent = Agent(feed, live=False, spool=spool, tell=told.append, watch=watch)
        network.waiting = lambda: [
            row[0] for row in spool._db.execute("SELECT envelope FROM message ORDER BY id")
        ]
        return spool, Sender(spool, network, chance=luck), agent

    spool, sender, agent = switched_on()
    for at, record in enumerate(walk(RECORDS, seed=seed, channels=16)):
        if at in off_at:
            assert not agent.in_memory
            spool.close()
            spool, sender, agent = switched_on()
        if at + 1 in off_at or at + 1 == RECORDS:
            disk.free(spool)
        else:
            disk.turn(spool)
        shown = record
        if at in jump_at and record.start is not None:
            shown = replace(record, start=record.start + timedelta(hours=2))
        agent.take(shown)
        for _ in range(luck.randrange(3)):
            # a full disk may not take the note that something was sent: it is sent once more
            with suppress(sqlite3.OperationalError):
                sender.step()
    agent.end()
    for tries in range(2000):
        if sender.step() == "idle":
            break
        assert tries < 1999
    assert spool.status().bytes == 0
    assert agent.not_kept == 0
    spool.close()
    while network.late:
        network._deliver(network.late.pop())
    return told


def state_of(device: Device) -> list[tuple[Any, ...]]:
    """All that the server has of a device, without what is chance in any run: identities, times."""
    found = []
    for survey in LiveSurvey.objects.filter(device=device).order_by("pk"):
        batches = list(Batch.objects.filter(survey=survey).order_by("first"))
        records = [
            r
            for b in batches
            for r in unpack_records(open_envelope(bytes(b.envelope)).body).records
        ]
        messages = EdgeMessage.objects.filter(survey=survey).order_by("number")
        alarms = Alarm.objects.filter(encounter_id__in=messages.values("pk"))
        found.append(
            (
                [(b.first, b.last, b.ends, b.faults) for b in batches],
                records,
                (survey.records_through, survey.alarms_through, survey.ends_before),
                # the rate is that of the batch that came last: a passing figure of the list
                (survey.complete, survey.faults),
                [(m.number, m.stage, m.encounter, m.said) for m in messages],
                alarms.count(),
            )
        )
    # identities are random: the surveys are told apart by their first record
    return sorted(found, key=lambda one: str(one[1][:1]))


@pytest.fixture
def compared(officer: Reader, tmp_path: Path) -> Callable[[int], None]:
    """Play one seed over both networks and compare what the server has."""

    def compare(seed: int) -> None:
        states = []
        for rough in (False, True):
            key = SigningKey.generate(f"pack-{seed}-{rough}")
            device = enrol(
                officer, name=key.name, instrument="", public_key=str(key.verifier), level=1
            )
            told = play(tmp_path / f"{key.name}.sqlite3", key, seed, rough=rough)
            assert rough or not told
            states.append(state_of(device))
        assert states[0] == states[1], f"seed {seed}"
        assert sum(len(one[1]) for one in states[0]) == RECORDS
        assert sum(one[5] for one in states[0]) == 3
        assert not Refusal.objects.exists()

    return compare


@pytest.mark.parametrize("seed", range(20))
def test_a_rough_network_changes_nothing_in_the_end(
    seed: int, compared: Callable[[int], None]
) -> None:
    compared(seed)


@pytest.mark.verify
def test_a_thousand_rough_networks_change_nothing(compared: Callable[[int], None]) -> None:
    for seed in range(1000, 2000):
        compared(seed)
