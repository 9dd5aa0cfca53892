"""Devices of the fictional customs: one that sends and then falls silent, one never heard of.

An earlier survey of the first was never ended: its battery had died.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_records
from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Level, Person
from tocsin.server.clock import now
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.models import Device, LiveSurvey
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import reader_of
from tocsin.spectra import EnergyCalibration, Instrument, Position, Record, Spectrum

OFFICER = "officer@customs.example"
SEED = 9
RECORDS, CHANNELS = 20, 256
EARLIER = dt.timedelta(hours=1)
BACKPACK = Instrument("Norvik", "Backpack 2", "B2-0031", "Backpack")


def fill_devices() -> None:
    """Enrol the devices and let one send, unless there are some."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    if Device.objects.filter(originator=officer.person.organisation_id).exists():
        return
    keys = [SigningKey.generate(name) for name in ("backpack-3", "backpack-4")]
    for key in keys:
        enrol(
            officer,
            name=key.name.replace("-", " ").capitalize(),
            instrument="Norvik Backpack 2",
            public_key=str(key.verifier),
            level=Level.RESTRICTED,
        )
    before = now() - EARLIER
    _send(keys[0], key_boot(keys[0])[::-1], before, officer.realm)
    LiveSurvey.objects.filter(device__originator=officer.person.organisation_id).update(
        last_at=before + dt.timedelta(seconds=RECORDS)
    )
    _send(keys[0], key_boot(keys[0]), now() - dt.timedelta(seconds=RECORDS), officer.realm)


def _send(key: SigningKey, boot: str, began: dt.datetime, realm: str) -> None:
    """Two batches of a quiet walk, and no end."""
    records = _walk(began)
    half = RECORDS // 2
    for first in (0, half):
        receive(
            seal(
                key,
                pack_records(records[first : first + half], BACKPACK, realm),
                boot=boot,
                lane="records",
                first=first,
                last=first + half - 1,
                ends=False,
                device_time=(began + dt.timedelta(seconds=first + half)).isoformat("T", "seconds"),
                monotonic_s=float(first + half),
            )
        )


def key_boot(key: SigningKey) -> str:
    """The run of the agent: any 32 digits, of the key as there is only one."""
    return key.verifier.public.hex()[:32]


def _walk(began: dt.datetime) -> list[Record]:
    """A quiet walk: counts of a falling continuum, some 300 in a second."""
    chance = np.random.default_rng(SEED)
    expected = 7.0 * np.exp(-np.arange(CHANNELS) / 45.0)
    calibration = EnergyCalibration.polynomial([0.0, 12.0])
    return [
        Record(
            spectra=(Spectrum(chance.poisson(expected), 1.0, 1.0, calibration),),
            start=began + dt.timedelta(seconds=k),
            real_time_s=1.0,
            position=Position(-75.0 + 1e-5 * k, 60.0),
        )
        for k in range(RECORDS)
    ]
