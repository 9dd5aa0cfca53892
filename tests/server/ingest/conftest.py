"""A device of customs and what it sends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from tests.server.ingest.passing import BACKPACK

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Person
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.models import Device
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.spectra import Instrument, Record

BOOT = "a" * 32
INSTRUMENT = Instrument("Maker", "Pack", "7", "Backpack")


@pytest.fixture
def key() -> SigningKey:
    return SigningKey("pack-7", bytes(range(32)))


@pytest.fixture
def officer(person: Callable[..., Person]) -> Reader:
    return reader_of(person("officer", clearance=2, name="Officer Ana"))


@pytest.fixture
def device(officer: Reader, key: SigningKey) -> Device:
    return enrol(
        officer, name="Pack 7", instrument="Maker Pack", public_key=str(key.verifier), level=2
    )


@pytest.fixture
def batch(key: SigningKey) -> Callable[..., bytes]:
    """Maker of signed batches."""

    def make(
        records: Sequence[Record],
        first: int = 0,
        *,
        ends: bool = False,
        boot: str = BOOT,
        realm: str = "EXERCISE",
        by: SigningKey | None = None,
        last: int | None = None,
        faults: tuple[tuple[int, str], ...] = (),
    ) -> bytes:
        return seal(
            by or key,
            pack_records(records, INSTRUMENT, realm),
            boot=boot,
            lane="records",
            first=first,
            last=first + len(records) - 1 if last is None else last,
            ends=ends,
            device_time="2026-03-03T12:00:00+00:00",
            monotonic_s=1.0,
            faults=faults,
        )

    return make


@pytest.fixture
def message(key: SigningKey) -> Callable[..., bytes]:
    """Maker of signed messages of a detector."""

    def make(value: dict[str, object], number: int = 0, *, boot: str = BOOT) -> bytes:
        return seal(
            key,
            pack_json(value),
            boot=boot,
            lane="alarms",
            first=number,
            last=number,
            ends=False,
            device_time="2026-03-03T12:00:15+00:00",
            monotonic_s=16.0,
        )

    return make


@pytest.fixture
def send(device: Device, key: SigningKey) -> Callable[..., None]:
    """Sender of records from a number on, some in each message."""

    def post(
        records: Sequence[Record],
        first: int = 0,
        *,
        each: int = 10,
        boot: str = BOOT,
        ends: bool = False,
    ) -> None:
        for k in range(0, len(records), each):
            part = records[k : k + each]
            last = first + k + len(part) - 1
            receive(
                seal(
                    key,
                    pack_records(part, BACKPACK, "EXERCISE"),
                    boot=boot,
                    lane="records",
                    first=first + k,
                    last=last,
                    ends=ends and k + each >= len(records),
                    device_time="2026-03-03T12:00:00+00:00",
                    monotonic_s=1.0,
                )
            )

    return post
