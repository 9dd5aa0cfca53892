"""A device with a survey and what it says, every text of which holds a canary."""

from __future__ import annotations

from typing import Any

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.server.clock import now
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.ingest.receiving import receive
from tocsin.server.ingest.retention_models import Retention
from tocsin.server.marking.policy import Reader
from tocsin.spectra import Instrument, Record, Spectrum


def ingest_rows(officer: Reader, canary: str) -> dict[str, dict[str, Any]]:
    """What each route of the devices is to be asked for."""
    key = SigningKey(canary, bytes(range(32)))
    device = enrol(
        officer,
        name=f"Pack {canary}",
        instrument=f"Model {canary}",
        public_key=str(key.verifier),
        level=1,
    )
    given: dict[str, Any] = {
        "boot": "b" * 32,
        "ends": False,
        "device_time": "",
        "monotonic_s": 0.0,
        "first": 0,
        "last": 0,
    }
    record = Record(spectra=(Spectrum([1, 2, 3], 1.0, 1.0),), real_time_s=1.0)
    body = pack_records([record], Instrument(canary, canary), "EXERCISE")
    receive(seal(key, body, lane="records", **given))
    said = {
        "stage": "opened",
        "number": 1,
        "encounter": {},
        "instrument": canary,
        "realm": "EXERCISE",
        "versions": {},
    }
    receive(seal(key, pack_json(said), lane="alarms", **given))
    survey = device.surveys.get()
    asked = Retention.objects.create(
        organisation=officer.person.organisation,
        quiet_days=30,
        reason=f"Space {canary}",
        asked_by=officer.person,
        asked_at=now(),
    )
    return {
        **{name: {"pk": device.pk} for name in ("ingest:device", "ingest:device_revoke")},
        **{
            name: {"pk": survey.pk}
            for name in ("api:picture_recent", "ingest:survey_end", "ingest:survey_hold")
        },
        "ingest:retention_decide": {"pk": asked.pk},
    }
