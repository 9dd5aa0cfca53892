"""Twelve clocks that are wrong: nothing is lost or put out of order for it, and each is told."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from pathlib import Path

import pytest
from tests.field.test_faults import CASES, found
from tests.field.walks import BEGAN, INSTRUMENT

from tocsin.field.sending import Reply, Sender
from tocsin.field.spool import Spool
from tocsin.sealing import SigningKey
from tocsin.server.ingest.ending import recording_of
from tocsin.server.ingest.models import Batch, Device, LiveSurvey
from tocsin.server.ingest.receiving import receive

pytestmark = pytest.mark.django_db


def test_there_are_twelve() -> None:
    assert len(CASES) == 12


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_clock_loses_and_moves_nothing(
    name: str, device: Device, key: SigningKey, tmp_path: Path
) -> None:
    records, code = CASES[name]
    # the clock of the device itself goes wrong with that of the instrument
    times = iter([r.start or dt.datetime(1970, 1, 1, tzinfo=dt.UTC) for r in records] * 3)

    def clock() -> dt.datetime:
        at = next(times, BEGAN)
        return at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)

    spool = Spool(tmp_path / "spool.sqlite3", key, clock=clock, monotonic=lambda: 0.0)
    boot = spool.begin()
    for record, faults in zip(records, found(records, live=True), strict=True):
        spool.add(boot, record, INSTRUMENT, "EXERCISE", faults)
    spool.end(boot)

    def post(envelope: bytes) -> Reply:
        receipt = receive(envelope)
        assert receipt.sha256 == sha256(envelope).hexdigest()
        return Reply(200, receipt.sha256, receipt.through)

    sender = Sender(spool, post)
    while sender.step() == "sent":
        pass
    spool.close()
    survey = LiveSurvey.objects.get()
    assert survey.complete
    assert list(recording_of(survey).records) == records
    told = [c for b in Batch.objects.order_by("first") for _number, c in b.faults]
    assert code in told
    assert survey.faults == len(told)
