"""Devices that walk and send, and what a detector says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from detector_words import said
from picture_memory import nothing_known  # noqa: F401 - a fixture

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.models import Device
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.spectra import EnergyCalibration, Instrument, Position, Record, Spectrum

CHANNELS = 128
CALIBRATION = EnergyCalibration.polynomial([0.0, 24.0])
INSTRUMENT = Instrument("Maker", "Pack", "7", "Backpack")


@pytest.fixture
def officer(person: Callable[..., Person], clock: Any) -> Reader:
    return reader_of(person("officer", clearance=2))


class Walker:
    """A device of customs and its key.

    Parameters
    ----------
    officer : Reader
        Who enrols it.
    number : int
        Of the device, for its key and its place.
    """

    def __init__(self, officer: Reader, number: int = 1, *, level: int = 1) -> None:
        self.key = SigningKey(f"pack-{number}", bytes([number]) * 32)
        self.device: Device = enrol(
            officer,
            name=f"Pack {number}",
            instrument="Maker Pack",
            public_key=str(self.key.verifier),
            level=level,
        )
        self.number = number
        self.boot = f"{number:032x}"
        self.sent = 0
        self.told = 0

    def records(self, rates: Sequence[float], *, real_s: float = 1.0) -> list[Record]:
        """Records with these expected counts a second, 3 m apart to the north."""
        chance = np.random.default_rng([self.number, self.sent])
        shape = np.exp(-np.arange(CHANNELS) / 20.0)
        shape /= shape.sum()
        return [
            Record(
                spectra=(
                    Spectrum(chance.poisson(rate * real_s * shape), real_s, real_s, CALIBRATION),
                ),
                real_time_s=real_s,
                position=Position(-75.0 + 3e-5 * (self.sent + k), 60.0 + 1e-3 * self.number),
            )
            for k, rate in enumerate(rates)
        ]

    def sends(
        self,
        rates: Sequence[float],
        *,
        ends: bool = False,
        skip: int = 0,
        real_s: float = 1.0,
        late_s: float = 0.0,
    ) -> bytes:
        """Send a batch; ``skip`` records before it are lost on the way."""
        self.sent += skip
        records = self.records(rates, real_s=real_s)
        message = self.sealed(records, self.sent, ends=ends, late_s=late_s)
        self.sent += len(records)
        receive(message)
        return message

    def sealed(
        self, records: Sequence[Record], first: int, *, ends: bool = False, late_s: float = 0.0
    ) -> bytes:
        """The signed envelope of some records."""
        return seal(
            self.key,
            pack_records(records, INSTRUMENT, "EXERCISE"),
            boot=self.boot,
            lane="records",
            first=first,
            last=first + len(records) - 1,
            ends=ends,
            device_time=(now() - timedelta(seconds=late_s)).isoformat(),
            monotonic_s=1.0,
        )

    def says(self, **more: Any) -> None:
        """Tell of an encounter that is over."""
        here = {"latitude": -75.0, "longitude": 60.001, "radius_m_95": 12.0}
        message = said(self.told + 1, **({"position": here} | more))
        receive(
            seal(
                self.key,
                pack_json(message),
                boot=self.boot,
                lane="alarms",
                first=self.told,
                last=self.told,
                ends=False,
                device_time=now().isoformat(),
                monotonic_s=1.0,
            )
        )
        self.told += 1


@pytest.fixture
def walker(officer: Reader) -> Callable[..., Walker]:
    """Maker of devices."""
    return lambda number=1, **more: Walker(officer, number, **more)
