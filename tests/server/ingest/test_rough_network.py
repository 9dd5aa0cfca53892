"""Whatever the network does, the server ends with what a perfect one would have brought.

One process, one seed: the real spool and sender, the real receiving, and between them a network
that drops, doubles, delays, loses answers and goes away, while the device is switched off and its
clock is set. First arrivals cannot overtake each other within a lane: the next message goes out
when the one before has its receipt.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.field.walks import BEGAN, INSTRUMENT, walk
from tests.server.ingest.conftest import said

from tocsin.field.envelope import open_envelope
from tocsin.field.sending import Reply, Sender
from tocsin.field.spool import Spool
from tocsin.field.wire import unpack_records
from tocsin.sealing import SigningKey
from tocsin.server.alarms.models import Alarm
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader

pytestmark = pytest.mark.django_db

RECORDS = 34


class Network:
    """Between a device and the server; rough, or perfect."""

    def __init__(self, chance: random.Random, *, rough: bool) -> None:
        self.chance = chance
        self.rough = rough
        self.away = 0
        self.late: list[bytes] = []

    def __call__(self, envelope: bytes) -> Reply:
        if not self.rough:
            return self._deliver(envelope)
        while self.late and self.chance.random() < 0.3:
            self._deliver(self.late.pop(self.chance.randrange(len(self.late))))
        if self.away:
            self.away -= 1
            raise OSError("out of reach")
        luck = self.chance.random()
        if luck < 0.15:
            raise OSError("lost on the way")
        if luck < 0.3:
            self.late.append(envelope)
            raise OSError("late")
        if luck < 0.4:
            self._deliver(envelope)
            raise OSError("the answer is lost")
        if luck < 0.45:
            self.away = self.chance.randrange(1, 8)
        if luck < 0.6:
            self._deliver(envelope)
        return self._deliver(envelope)

    def _deliver(self, envelope: bytes) -> Reply:
        receipt = receive(envelope)
        return Reply(200, receipt.sha256, receipt.through)


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


def play(path: Path, key: SigningKey, seed: int, *, rough: bool) -> None:
    """A walk with alarms and switched-off moments; what happens on the device is of the seed."""
    life, luck = random.Random(seed), random.Random(seed + 10**6)  # noqa: S311 - seeds for tests
    network = Network(luck, rough=rough)
    off_at = sorted(life.sample(range(1, RECORDS), life.randrange(3)))
    alarm_at = set(life.sample(range(RECORDS), 3))

    def switched_on() -> tuple[Spool, Sender, str]:
        spool = Spool(path, key, clock=DeviceClock(luck), monotonic=life.random)
        boot = spool.begin()
        spool.close_earlier(boot)
        return spool, Sender(spool, network, chance=luck), boot

    spool, sender, boot = switched_on()
    number = 0
    for at, record in enumerate(walk(RECORDS, seed=seed, channels=16)):
        if at in off_at:
            spool.close()
            spool, sender, boot = switched_on()
        faults = ("time-jump",) if life.random() < 0.1 else ()
        spool.add(boot, record, INSTRUMENT, "EXERCISE", faults)
        if at in alarm_at:
            number += 1
            for stage in ("standing", "closed"):
                spool.alarm(boot, {**said(number), "stage": stage})
        for _ in range(luck.randrange(3)):
            sender.step()
    spool.end(boot)
    for tries in range(2000):
        if sender.step() == "idle":
            break
        assert tries < 1999
    assert spool.status().bytes == 0
    spool.close()
    while network.late:
        network._deliver(network.late.pop())


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
                (survey.complete, survey.faults, survey.rate_cps),
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
            play(tmp_path / f"{key.name}.sqlite3", key, seed, rough=rough)
            states.append(state_of(device))
        assert states[0] == states[1], f"seed {seed}"
        assert sum(len(one[1]) for one in states[0]) == RECORDS
        assert sum(one[5] for one in states[0]) == 3
        assert not Refusal.objects.exists()

    return compare


@pytest.mark.parametrize("seed", range(50))
def test_a_rough_network_changes_nothing_in_the_end(
    seed: int, compared: Callable[[int], None]
) -> None:
    compared(seed)


@pytest.mark.verify
def test_a_thousand_rough_networks_change_nothing(compared: Callable[[int], None]) -> None:
    for seed in range(50, 1050):
        compared(seed)
