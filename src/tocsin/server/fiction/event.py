"""A live event in the made-up city: what is hidden there, and the backpacks that walk there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tocsin.field.agent import KEY_FILE, Agent, SendingThread, device_key, open_spool
from tocsin.field.listening import Heard
from tocsin.field.records import paced
from tocsin.field.sending import Https
from tocsin.field.simulated import simulated
from tocsin.scenario.city import City
from tocsin.scenario.sources import Layer, NormHeap, PointSource
from tocsin.sealing import SigningKey, write_key_file
from tocsin.server.accounts.models import Level, Person
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.marking.policy import reader_of

Hidden = tuple[PointSource | NormHeap, ...]

SEED = 1
WALKERS = 12
SHORT_S, LONG_S = 100.0, 300.0
"""Length of the walks played to their end, and of those that are watched."""
OFFICER = "officer@customs.example"
NUCLIDE, RADIOGRAPHY_BQ = "Ir-192", 5.7e9
STREET_M, YARD_M, STALL_M = 3.0, 12.0, 6.0
"""Beside the middle of the street: a person, a van in a yard, a heap of stones."""
FINDER, FOUND_AFTER_S = 1, 65.0
PATIENTS = ((2, "Tc-99m", 2.5e7), (3, "Tc-99m", 2.0e7), (5, "I-131", 7.0e6), (8, "Tc-99m", 3.0e7))
"""Walker who passes a patient, what the patient was given, and what is left of it in Bq: what may
remain hours or days after a scan or a treatment, our own choice."""
MET_AFTER_S = 60.0
SENT_WITHIN_S = 120.0
NATURAL = 4
"""Walker who passes the heap of granite."""


def hidden() -> Hidden:
    """What stands in the city: the stolen source, patients in the crowd, and a heap of granite."""
    city = City(SEED)
    source_at = _beside(city, FINDER, FOUND_AFTER_S, YARD_M)
    heap_at = _beside(city, NATURAL, MET_AFTER_S, STALL_M)
    source = PointSource(
        name="used radiography source in a van",
        nuclide=NUCLIDE,
        activity_Bq=RADIOGRAPHY_BQ,
        source_class="industrial",
        x_m=source_at[0],
        y_m=source_at[1],
        height_m=0.6,
        # what the box lets through, as a thickness of lead; the box of a product is not described
        layers=(Layer("Pb", 3.0), Layer("Fe", 0.5)),
    )
    heap = NormHeap(
        name="heap of granite blocks",
        x_m=heap_at[0],
        y_m=heap_at[1],
        length_m=12.0,
        height_m=2.5,
        potassium_Bq_kg=1300.0,
        uranium_Bq_kg=80.0,
        thorium_Bq_kg=110.0,
        bearing_deg=heap_at[2],
    )
    crowd = [
        PointSource(
            name=f"patient {number}",
            nuclide=nuclide,
            activity_Bq=activity_Bq,
            source_class="medical",
            x_m=x_m,
            y_m=y_m,
            height_m=1.1,
            layers=(Layer("tissue", 9.0),),
        )
        for number, (walker, nuclide, activity_Bq) in enumerate(PATIENTS, start=1)
        for x_m, y_m, _bearing in [_beside(city, walker, MET_AFTER_S, STREET_M)]
    ]
    return (source, heap, *crowd)


def _beside(city: City, walker: int, after_s: float, aside_m: float) -> tuple[float, float, float]:
    """A place to the left of a walker's way, and the bearing of the way in degrees."""
    walk = city.walk(walker, SHORT_S)
    at = np.array([after_s])
    (x,), (y,) = walk.position_at_m(at)
    (east,), (north,) = walk.heading_at(at)
    bearing_deg = float(np.degrees(np.arctan2(north, east)))
    return float(x - north * aside_m), float(y + east * aside_m), bearing_deg


@dataclass
class Backpack:
    """One backpack with its agent.

    Parameters
    ----------
    number : int
        Of the walker, from 1.
    folder : Path
        Of the device: key and spool.
    """

    number: int
    folder: Path
    heard: list[Heard] = field(default_factory=list, init=False)
    records: int = field(default=0, init=False)
    sent: bool = field(default=False, init=False)


class Event(threading.Thread):
    """All backpacks walk at once, each with its own detector, key, spool and way to the server.

    One thread gives every agent its record of each second in turn, so that all are at the same
    second of the event however fast it is played; sending is beside it.

    Parameters
    ----------
    backpacks : sequence of Backpack
    address : str
        Of the running server.
    duration_s : float
        Length of the walks, 100 s or more.
    speed : float
        1 is true speed, 0 as fast as the records can be judged.
    """

    def __init__(
        self, backpacks: Sequence[Backpack], address: str, *, duration_s: float, speed: float
    ) -> None:
        super().__init__(name="event", daemon=True)
        self.backpacks = backpacks
        self.fault: Exception | None = None
        self._address = address
        self._duration_s = duration_s
        self._speed = speed

    def run(self) -> None:
        """Walk to the end and send what was kept; what goes wrong stands in ``fault``."""
        try:
            self._walk()
        except Exception as error:  # noqa: BLE001 - told by the one who waits
            self.fault = error

    def _walk(self) -> None:
        there = hidden()
        feeds = [
            simulated(seed=SEED, walker=one.number, duration_s=self._duration_s, sources=there)
            for one in self.backpacks
        ]
        with ExitStack() as open_until_then:
            agents, sending = [], []
            for one, feed in zip(self.backpacks, feeds, strict=True):
                spool = open_spool(one.folder, device_key(one.folder))
                open_until_then.callback(spool.close)
                agents.append(Agent(feed, live=False, spool=spool, tell=_nobody))
                sending.append(SendingThread(one.folder, Https(self._address), _nobody))
            for thread in sending:
                thread.start()
            rows = [feed.records for feed in feeds]
            # the first backpack is the clock of all
            rows[0] = paced(rows[0], self._speed)
            for second in zip(*rows, strict=True):
                for one, agent, record in zip(self.backpacks, agents, second, strict=True):
                    one.heard += agent.take(record)
                    one.records += 1
            for one, agent in zip(self.backpacks, agents, strict=True):
                one.heard += agent.end()
        for one, thread in zip(self.backpacks, sending, strict=True):
            one.sent = thread.drain(SENT_WITHIN_S)


def _nobody(_line: str) -> None:
    """What an agent would tell the one who carries it."""


def issue(folder: Path) -> list[Backpack]:
    """Make the keys of the backpacks and enrol them, as their officer does before an event."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    backpacks = []
    for number in range(1, WALKERS + 1):
        key = SigningKey.generate(f"team-{number}")
        own = folder / key.name
        own.mkdir(mode=0o700, parents=True)
        write_key_file(own / KEY_FILE, key)
        enrol(
            officer,
            name=f"Team {number}",
            instrument="Backpack of the event",
            public_key=str(key.verifier),
            level=Level.RESTRICTED,
        )
        backpacks.append(Backpack(number, own))
    return backpacks
