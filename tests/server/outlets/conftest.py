"""A device that walks, an alarm beside it, and two persons of its organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from found_alarms import alarm_of
from picture_memory import nothing_known  # noqa: F401 - a fixture

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_records
from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.models import Device
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.outlets import sending
from tocsin.server.outlets.models import Operation
from tocsin.server.outlets.sending import Sender
from tocsin.server.outlets.services import Wish, agree, ask
from tocsin.spectra import Instrument, Position, Record, Spectrum

PATIENCE_S = 30.0
HERE = (-75.0, 60.0)
AREA = (-75.1, 59.9, -74.9, 60.1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick of a test waits for its sends, however slow the machine is."""
    monkeypatch.setattr(sending, "_SENDER", [Sender(budget_s=PATIENCE_S)])


@pytest.fixture
def asking(person: Callable[..., Person], clock: Any) -> Reader:
    return reader_of(person("supervisor", clearance=2, name="Asking"))


@pytest.fixture
def agreeing(person: Callable[..., Person], clock: Any) -> Reader:
    return reader_of(person("supervisor", clearance=2, name="Agreeing"))


def walking(reader: Reader, *, name: str = "Pack 7", level: int = 1, seed: int = 7) -> Device:
    """A device that has sent a record from here."""
    key = SigningKey(f"pack-{seed}", bytes([seed]) * 32)
    device = enrol(
        reader, name=name, instrument="Maker Pack", public_key=str(key.verifier), level=level
    )
    record = Record(
        spectra=(Spectrum(np.array([1, 2, 3]), 1.0, 1.0),),
        real_time_s=1.0,
        position=Position(*HERE),
    )
    body = pack_records([record], Instrument("Maker", "Pack"), "EXERCISE")
    receive(
        seal(
            key,
            body,
            boot=f"{seed:032x}",
            lane="records",
            first=0,
            last=0,
            ends=False,
            device_time="",
            monotonic_s=0.0,
        )
    )
    return device


@pytest.fixture
def walker(asking: Reader) -> Callable[..., Device]:
    """Maker of devices that have sent."""
    return lambda **more: walking(asking, **more)


@pytest.fixture
def device(asking: Reader) -> Device:
    return walking(asking)


@pytest.fixture
def alarm(asking: Reader) -> Alarm:
    return alarm_of(asking, "Cs-137", place=(-75.001, 60.001))


@pytest.fixture
def asked(asking: Reader, device: Device, alarm: Alarm) -> Callable[..., Operation]:
    """Maker of operations that wait for a second person."""

    def make(address: str = "udp://127.0.0.1:6969", **more: Any) -> Operation:
        given: dict[str, Any] = {
            "name": "Harbour day",
            "receiver": "Police of the harbour",
            "way": "cot",
            "address": address,
            "reason": "they search as well",
            "level": 1,
            "tlp": "RED",
            "hours": 8,
            "area": AREA,
            "positions": True,
            "alarms": True,
            "devices": [device],
        }
        return ask(asking, Wish(**(given | more)))

    return make


@pytest.fixture
def running(asked: Callable[..., Operation], agreeing: Reader) -> Callable[..., Operation]:
    """Maker of operations that both have agreed to."""

    def make(*args: Any, **more: Any) -> Operation:
        row = agree(agreeing, asked(*args, **more))
        return Operation.objects.get(pk=row.pk)

    return make
