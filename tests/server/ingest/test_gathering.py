"""Messages of one moment are written together, each as if it had come alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.field.walks import walk
from tests.server.detector_words import said
from tests.server.ingest.conftest import INSTRUMENT

from tocsin.field.envelope import open_envelope, seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.ingest import gathering
from tocsin.server.ingest.enrolling import enrol, revoke
from tocsin.server.ingest.gathering import Brought, Outcome, receive_many
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
from tocsin.server.ingest.receiving import Receipt, Refused, receive
from tocsin.server.marking.policy import Reader

pytestmark = pytest.mark.django_db

RECORDS = walk(40)
KEYS = [SigningKey(f"pack-{k}", bytes([k + 1]) * 32) for k in range(4)]


@pytest.fixture
def devices(officer: Reader) -> list[Device]:
    return [
        enrol(officer, name=f"Pack {k}", instrument="", public_key=str(key.verifier), level=2)
        for k, key in enumerate(KEYS)
    ]


def message(k: int, first: int, last: int, *, ends: bool = False, shift: int = 0) -> bytes:
    body = pack_records(RECORDS[first + shift : last + shift + 1], INSTRUMENT, "EXERCISE")
    return seal(
        KEYS[k], body, boot=f"{k:032x}", lane="records", first=first, last=last, ends=ends,
        device_time="", monotonic_s=1.0,
    )  # fmt: skip


def many(raws: Sequence[bytes]) -> list[Outcome]:
    return receive_many([Brought(raw) for raw in raws])


def state() -> list[tuple[Any, ...]]:
    """Everything that a message leaves, without times and keys."""
    surveys = LiveSurvey.objects.order_by("boot").values_list(
        "boot", "records_through", "ends_before", "faults", "rate_cps"
    )
    batches = Batch.objects.order_by("survey__boot", "first").values_list(
        "survey__boot", "first", "last", "ends", "sha256", "summary", "faults"
    )
    leaves = Leaf.objects.filter(action__startswith="ingest.").order_by("id")
    told = sorted(
        (str(leaf.content["after"]), leaf.action, leaf.realm, leaf.level, leaf.organisation != "")
        for leaf in leaves
    )
    return [tuple(surveys), tuple((*b[:5], bytes(b[5]), b[6]) for b in batches), tuple(told)]


MOMENTS = {
    "each its next": [message(0, 10, 19), message(1, 10, 19), message(2, 10, 19)],
    "two of one device": [message(0, 10, 14), message(0, 15, 19), message(1, 10, 19)],
    "out of order": [message(0, 15, 19), message(0, 10, 14), message(0, 20, 24)],
    "a gap stays": [message(0, 15, 19), message(1, 10, 19), message(0, 20, 24)],
    "an end among them": [message(0, 10, 19, ends=True), message(1, 10, 19)],
    "twice the same": [message(0, 10, 19), message(0, 10, 19), message(1, 10, 19)],
    "other content under known numbers": [message(0, 5, 9, shift=3), message(1, 10, 19)],
    "a survey that begins": [message(3, 0, 9), message(1, 10, 19)],
    "no envelope": [b"nothing", message(1, 10, 19)],
}


@pytest.mark.parametrize("name", MOMENTS)
def test_together_is_as_one_after_the_other(devices: list[Device], name: str) -> None:
    def begin() -> None:
        for k in range(3):
            receive(message(k, 0, 9))

    def alone(raw: bytes) -> Receipt | tuple[str, int]:
        try:
            return receive(raw)
        except Refused as refused:
            return refused.code, refused.status

    begin()
    with transaction.atomic():
        wanted = [alone(raw) for raw in MOMENTS[name]]
        expected = state()
        transaction.set_rollback(True)
    got = [(o.code, o.status) if isinstance(o, Refused) else o for o in many(MOMENTS[name])]
    assert got == wanted
    assert state() == expected


def test_records_beyond_a_gap_that_is_filled_count_again(devices: list[Device]) -> None:
    receive(message(0, 0, 9))
    receive(message(0, 20, 29))
    (one,) = many([message(0, 10, 19)])
    assert isinstance(one, Receipt)
    assert one.through == 29


def test_who_was_revoked_in_the_meantime_is_refused(devices: list[Device], officer: Reader) -> None:
    for k in range(2):
        receive(message(k, 0, 9))
    revoke(officer, devices[0], reason="lost in the field")
    first, second = many([message(0, 10, 19), message(1, 10, 19)])
    assert isinstance(first, Refused)
    assert first.code == "revoked"
    assert isinstance(second, Receipt)
    assert Refusal.objects.count() == 1


def test_a_signature_that_was_seen_counts_only_for_the_key_of_the_device(
    devices: list[Device],
) -> None:
    for k in range(2):
        receive(message(k, 0, 9))
    good, bad = message(0, 10, 19), bytearray(message(1, 10, 19))
    start = bytes(bad).index(b'"sha256"')
    end = bytes(bad).index(b"}", start) + 1
    bad[end] ^= 1  # the first byte of its signature
    seen, of_another = str(KEYS[0].verifier), str(KEYS[2].verifier)
    forged = bytes(bad)
    first, second = receive_many(
        [
            Brought(good, open_envelope(good), seen),
            # whoever let it in knew another key for this device than the one that is kept
            Brought(forged, open_envelope(forged), of_another),
        ]
    )
    assert isinstance(first, Receipt)
    assert isinstance(second, Refused)
    assert second.code == "signature"


def test_many_devices_cost_no_more_questions_than_one(devices: list[Device]) -> None:
    for k in range(4):
        receive(message(k, 0, 9))
    asked = []
    for first, n in ((10, 1), (20, 4)):
        moment = [message(k, first, first + 9) for k in range(n)]
        if n == 4:
            for k in range(1, 4):
                receive(message(k, 10, 19))
        with CaptureQueriesContext(connection) as queries:
            many(moment)
        asked.append(sum("UPDATE" not in q["sql"] for q in queries.captured_queries))
    assert asked[0] == asked[1]


def test_what_a_detector_says_goes_by_itself_among_records(
    devices: list[Device], device: Device, batch: Callable[..., bytes]
) -> None:
    alarm = seal(
        KEYS[0], pack_json(said()), boot="0" * 32, lane="alarms", first=0, last=0, ends=False,
        device_time="", monotonic_s=1.0,
    )  # fmt: skip
    outcomes = many([message(1, 0, 9), alarm, batch(RECORDS[:10])])
    assert all(isinstance(o, Receipt) for o in outcomes)
    assert EdgeMessage.objects.count() == 1
    assert Alarm.objects.count() == 1


def test_one_that_cannot_be_written_holds_up_no_other(
    devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = [message(0, 0, 9), message(1, 0, 9)]

    def broken(raw: bytes) -> Receipt:
        if raw == raws[0]:
            raise RuntimeError("not foreseen")
        return receive(raw)

    monkeypatch.setattr(gathering, "receive", broken)
    first, second = many(raws)
    assert isinstance(first, Refused)
    assert (first.status, first.final) == (503, False)
    assert isinstance(second, Receipt)


@pytest.mark.parametrize("each", [1, 10])
def test_a_message_is_one_row_and_one_line_in_the_log_however_few_its_records(
    devices: list[Device], each: int
) -> None:
    # the guide says what this takes on the disk
    for first in range(0, 40, each):
        many([message(0, first, first + each - 1)])
    assert LiveSurvey.objects.get().records_through == 39
    assert Batch.objects.count() == 40 // each
    assert Leaf.objects.filter(action="ingest.batch").count() == 40 // each
