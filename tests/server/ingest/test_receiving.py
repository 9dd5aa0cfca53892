"""What is taken of a device, once and durably; what is refused, and that the log says so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from tests.field.test_wire import mutate
from tests.field.walks import walk
from tests.server.conftest import SetClock
from tests.server.detector_words import said

from tocsin.errors import ParseError
from tocsin.field.envelope import fingerprint, open_envelope
from tocsin.sealing import SigningKey
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.ingest import receiving
from tocsin.server.ingest.enrolling import enrol, revoke
from tocsin.server.ingest.keys import Keys
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
from tocsin.server.ingest.receiving import Refused, receive
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements.records import unpacked_table

pytestmark = pytest.mark.django_db

Maker = Callable[..., bytes]


def refused(raw: bytes) -> Refused:
    """The refusal of a message, which left nothing but its line in the log."""
    before = (Batch.objects.count(), EdgeMessage.objects.count(), LiveSurvey.objects.count())
    leaves = Leaf.objects.filter(action="ingest.refused").count()
    with pytest.raises(Refused) as caught:
        receive(raw)
    after = (Batch.objects.count(), EdgeMessage.objects.count(), LiveSurvey.objects.count())
    assert before == after
    assert Leaf.objects.filter(action="ingest.refused").count() == leaves + 1
    assert Refusal.objects.count() == leaves + 1
    return caught.value


def test_a_batch_is_kept_as_it_came_with_one_leaf(device: Device, batch: Maker) -> None:
    raw = batch(walk(10), faults=((3, "time-jump"),))
    receipt = receive(raw)
    assert receipt.through == 9
    kept = Batch.objects.get()
    assert bytes(kept.envelope) == raw
    assert (kept.first, kept.last, kept.sha256) == (0, 9, receipt.sha256)
    assert kept.faults == [[3, "time-jump"]]
    columns = unpacked_table(kept.summary)
    assert columns["gross"].tolist() == [r.total_counts for r in walk(10)]
    assert columns["t_s"].tolist() == list(range(10))
    survey = LiveSurvey.objects.get()
    assert (survey.records, survey.faults, survey.ended) == (10, 1, False)
    assert survey.rate_cps == pytest.approx(sum(r.total_counts for r in walk(10)) / 9.8)
    assert Leaf.objects.filter(action="ingest.batch").count() == 1


def test_a_second_delivery_gets_its_receipt_and_writes_nothing(
    device: Device, batch: Maker, message: Maker
) -> None:
    for raw in (batch(walk(10)), message(said())):
        first = receive(raw)
        leaves = Leaf.objects.count()
        told_at = LiveSurvey.objects.get().last_at
        again = receive(raw)
        # nothing was measured since: the days that it is kept do not begin anew
        assert LiveSurvey.objects.get().last_at == told_at
        assert again == first
        assert (first.again, again.again) == (False, True)
        assert Leaf.objects.count() == leaves
    assert (Batch.objects.count(), EdgeMessage.objects.count()) == (1, 1)


def test_the_acknowledgement_stops_at_a_gap(device: Device, batch: Maker) -> None:
    records = walk(30)
    assert receive(batch(records[20:], 20)).through == -1
    assert receive(batch(records[:10], 0)).through == 9
    assert receive(batch(records[10:20], 10)).through == 29


def test_what_a_device_sends_takes_its_marking(
    device: Device, batch: Maker, message: Maker
) -> None:
    receive(batch(walk(10)))
    receive(message(said()))
    for row in (LiveSurvey.objects.get(), EdgeMessage.objects.get(), Alarm.objects.get()):
        assert (row.realm, row.level, row.originator_id) == ("EXERCISE", 2, device.originator_id)


def test_messages_under_the_same_numbers_with_other_content_are_refused(
    device: Device, batch: Maker, message: Maker
) -> None:
    receive(batch(walk(10)))
    receive(message(said()))
    for raw in (
        batch(walk(10, seed=2)),
        batch(walk(5, seed=2), 5),
        batch(walk(20, seed=2)),
        message(said(neutron=True)),
    ):
        found = refused(raw)
        assert (found.code, found.status, found.final) == ("conflict", 409, True)


def test_after_the_end_nothing_comes(device: Device, batch: Maker) -> None:
    receive(batch(walk(10)))
    assert refused(batch([], 5, ends=True)).code == "conflict"  # in the middle of a message
    receive(batch(walk(3), 20))
    assert refused(batch(walk(2), 10, ends=True)).code == "conflict"  # there is something behind
    receive(batch(walk(10), 10))
    receive(batch([], 23, ends=True))
    assert LiveSurvey.objects.get().complete
    assert refused(batch(walk(1), 23)).code == "conflict"
    assert refused(batch(walk(1), 24, ends=True)).code == "conflict"


def test_another_run_is_another_survey(device: Device, batch: Maker) -> None:
    receive(batch(walk(10)))
    receive(batch(walk(10), boot="b" * 32))
    assert LiveSurvey.objects.count() == 2


def test_forged_foreign_and_revoked_messages_are_refused_and_told(
    device: Device, officer: Reader, batch: Maker, key: SigningKey
) -> None:
    stranger = SigningKey("stranger", bytes(32))
    found = refused(batch(walk(10), by=stranger))
    assert (found.code, found.status, found.final) == ("unknown_device", 401, False)
    enrol(officer, name="Other", instrument="", public_key=str(stranger.verifier), level=1)
    # the name of one device under the signature of another
    own, other = batch(walk(10)), batch(walk(10), by=stranger)
    start = own.index(b'"device":"') + 10
    forged = other.replace(other[start : start + 32], own[start : start + 32])
    assert refused(forged).code == "signature"
    assert refused(own[:-1]).code == "altered"
    assert refused(own + b"x").code == "altered"
    assert refused(b"").code == "no_envelope"
    assert refused(batch(walk(10), last=10)).code == "unreadable"
    revoke(officer, device, reason="stolen from the car")
    found = refused(own)
    assert (found.code, found.status, found.final) == ("revoked", 403, False)
    leaf = Leaf.objects.filter(action="ingest.refused").latest("pk")
    assert leaf.content["reason"] == "revoked"
    assert leaf.organisation == str(device.originator_id)


def test_a_computed_world_is_no_measurement_of_a_real_device(
    person: Callable[..., Person], batch: Maker, message: Maker, key: SigningKey
) -> None:
    officer = reader_of(person("officer", realms=("LIVE",)))
    enrol(officer, name="Pack", instrument="", public_key=str(key.verifier), level=1)
    assert refused(batch(walk(10), realm="SYNTHETIC")).code == "realm"
    assert refused(message(said())).code == "realm"
    assert receive(batch(walk(10), realm="LIVE")).through == 9


def change_all(count: int, raw: bytes, seed: int, clock: SetClock) -> None:
    """None of many changed messages is taken, and each is told."""
    chance = random.Random(seed)  # noqa: S311 - a seed for tests
    told = 0
    while told < count:
        changed = mutate(raw, chance)
        if changed == raw:
            continue
        with pytest.raises(Refused):
            receive(changed)
        told += 1
        if told % (receiving.REFUSALS_PER_MIN - 1) == 0:
            clock.move(minutes=2)
    assert Refusal.objects.count() == count
    assert Leaf.objects.filter(action="ingest.refused").count() == count
    assert not Batch.objects.exists()
    assert not LiveSurvey.objects.exists()


def test_changed_messages_are_refused_and_told(
    device: Device, batch: Maker, clock: SetClock
) -> None:
    change_all(150, batch(walk(3)), 1, clock)


def attack(
    count: int, officer: Reader, batch: Maker, message: Maker, key: SigningKey, clock: SetClock
) -> dict[str, int]:
    """As many messages of each kind that a device did not send so, past the door to the database.

    Returns
    -------
    dict
        Refusals by their code.
    """
    chance = random.Random(3)  # noqa: S311 - a seed for tests
    other = SigningKey("other", bytes(range(1, 33)))
    enrol(officer, name="Other", instrument="", public_key=str(other.verifier), level=1)
    keys = Keys()
    keys.renew()
    originals = [batch(walk(3)), message(said())]
    for raw in originals:
        receive(raw)
    kept = (Batch.objects.count(), EdgeMessage.objects.count(), Alarm.objects.count())
    mine = fingerprint(key.verifier).encode()

    def in_my_name(raw: bytes) -> bytes:
        start = raw.index(b'"device":"') + 10
        return raw[:start] + mine + raw[start + len(mine) :]

    def altered() -> bytes:
        raw = chance.choice(originals)
        while (changed := mutate(raw, chance)) == raw:
            pass
        return changed

    def foreign() -> bytes:
        return in_my_name(batch(walk(1), chance.randrange(3, 10_000), by=other))

    def forged() -> bytes:
        stranger = SigningKey("stranger", chance.randbytes(32))
        raw = batch(walk(1), chance.randrange(3, 10_000), by=stranger)
        return in_my_name(raw) if chance.random() < 0.5 else raw

    told = 0
    for make in (forged, altered, foreign):
        for _ in range(count):
            raw = make()
            try:
                assert not keys.signer(open_envelope(raw))
            except ParseError:
                pass
            with pytest.raises(Refused):
                receive(raw)
            told += 1
            if told % (receiving.REFUSALS_PER_MIN - 1) == 0:
                clock.move(minutes=2)
    leaves = Leaf.objects.count()
    for _ in range(count):
        receive(chance.choice(originals))  # replayed: its receipt once more, and nothing written
    assert Leaf.objects.count() == leaves
    assert (Batch.objects.count(), EdgeMessage.objects.count(), Alarm.objects.count()) == kept
    assert Leaf.objects.filter(action="ingest.refused").count() == told == 3 * count
    codes = Refusal.objects.values_list("code", flat=True)
    return dict(Counter(codes))


def test_forged_altered_foreign_and_replayed_messages_change_nothing(
    device: Device, officer: Reader, batch: Maker, message: Maker, key: SigningKey, clock: SetClock
) -> None:
    codes = attack(40, officer, batch, message, key, clock)
    assert {"unknown_device", "signature"} <= set(codes)


@pytest.mark.verify
def test_ten_thousand_forged_altered_foreign_and_replayed_messages_change_nothing(
    device: Device, officer: Reader, batch: Maker, message: Maker, key: SigningKey, clock: SetClock
) -> None:
    codes = attack(2_500, officer, batch, message, key, clock)
    print(f"10,000 messages: 2,500 replayed, refused {codes}")  # noqa: T201 - the figure


def test_a_flood_is_turned_away_and_does_not_shut_out_the_devices(
    device: Device, batch: Maker, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "REFUSALS_PER_MIN", 3)
    for _ in range(3):
        refused(b"noise")
    with pytest.raises(Refused) as caught:
        receive(b"noise")
    assert (caught.value.status, caught.value.final) == (429, False)
    assert Refusal.objects.count() == 3
    assert receive(batch(walk(10))).through == 9
    clock.move(minutes=2)
    refused(b"noise")


def test_an_alarm_is_raised_while_the_encounter_goes_on_and_once(
    device: Device, message: Maker
) -> None:
    receive(message({**said(), "stage": "opened", "encounter": {}}, 0))
    assert not Alarm.objects.exists()
    receive(message({**said(), "stage": "standing"}, 1))
    alarm = Alarm.objects.get()
    assert (alarm.source_class, alarm.title, alarm.latitude) == ("industrial", "Cs-137", 46.28)
    assert alarm.instrument == "Pack 7 Maker Pack 7"
    receive(message(said(last_record=20), 2))
    assert Alarm.objects.count() == 1
    # it turns out to be graver: people look again
    receive(message(said(neutron=True), 3))
    assert Alarm.objects.count() == 2
    receive(message(said(2), 4))
    assert Alarm.objects.count() == 3


def test_natural_material_is_told_and_no_alarm(device: Device, message: Maker) -> None:
    receive(message(said(**{"class": "norm", "nuclides": []})))
    assert EdgeMessage.objects.get().said["class"] == "norm"
    assert not Alarm.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"class": "harmless"},
        {"statistic": "high"},
        {"statistic": True},
        {"neutron": 1},
        {"first_record": -1},
        {"last_record": 2},
        {"position": {"latitude": 91, "longitude": 0, "radius_m_95": None}},
        {"nuclides": [{"name": 5, "class": "snm", "confidence": 1, "evidence": ""}]},
        {"nuclides": [{"name": "U-235", "class": "snm", "confidence": 2, "evidence": ""}]},
        {"start": "yesterday"},
        {"nuclides": "U-235"},
    ],
)
def test_what_no_detector_says_is_refused(
    device: Device, message: Maker, change: dict[str, Any]
) -> None:
    assert refused(message(said(**change))).code == "unreadable"


def test_texts_of_a_device_hold_no_control_characters(device: Device, message: Maker) -> None:
    name = {"name": "Cs\x00\n137", "class": "industrial", "confidence": 1.0, "evidence": "x" * 999}
    receive(message(said(nuclides=[name])))
    (kept,) = EdgeMessage.objects.get().said["nuclides"]
    assert kept["name"] == "Cs  137"
    assert len(kept["evidence"]) == 400


def test_the_interface_says_what_the_device_may_let_go(device: Device, batch: Maker) -> None:
    client = Client(enforce_csrf_checks=True)

    def post(raw: bytes) -> Any:
        return client.post("/api/1/ingest", raw, content_type="application/octet-stream")

    answer = post(batch(walk(10)))
    assert answer.status_code == 200
    assert answer.json() == {"receipt": Batch.objects.get().sha256, "through": 9}
    answer = post(batch(walk(10, seed=2)))
    assert (answer.status_code, answer.json()["refused"]) == (409, "conflict")
    answer = post(batch(walk(10), by=SigningKey("stranger", bytes(32))))
    assert (answer.status_code, answer.json()["refused"]) == (401, "")
    assert post(bytes(receiving.MOST_BYTES + 1)).status_code == 413
    assert client.get("/api/1/ingest").status_code == 405


def test_what_came_is_never_changed(device: Device, batch: Maker, message: Maker) -> None:
    receive(batch(walk(10)))
    receive(message(said()))
    refused(b"noise")
    for table in ("ingest_batch", "ingest_edgemessage", "ingest_refusal"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET sha256 = ''"):  # noqa: S608
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
