"""From an upload to measurement, encounters and alarms: once, whole, and resumed after a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from tests.server.conftest import SetClock
from tests.server.measurements.conftest import NATURAL, STATIC, SURVEY, TRACK

from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.links.models import Link
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements import outbox, services, tasks
from tocsin.server.measurements.analysing import Unanswerable
from tocsin.server.measurements.models import (
    Chunk,
    Encounter,
    Instrument,
    Measurement,
    Outgoing,
    State,
    Upload,
)

pytestmark = pytest.mark.recordings


def test_a_drive_past_a_patient_becomes_measurement_encounter_and_alarm(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    row = bring(reader, SURVEY)
    assert (row.state, row.progress) == (State.DONE, 1.0)
    m = row.measurement
    assert (m.kind, m.records, m.channels, m.has_positions) == ("survey", 490, 1024, True)
    assert m.instrument_name == "Radiation Solutions Inc. RS-605 251"
    assert m.start_text.startswith("2024-08-15T")
    assert "Tc-99m" in m.nuclides
    found = {e.nuclide_names: e for e in Encounter.objects.all()}
    technetium = found["Tc-99m"]
    # truth of the recording: records 125 to 130 with the maximum at 128
    assert technetium.first_record <= 125
    assert technetium.last_record >= 130
    assert technetium.peak_record == 128
    alarm = Alarm.objects.get(encounter_id=technetium.pk)
    assert (alarm.source_class, alarm.state, alarm.level) == ("medical", "raised", row.level)
    assert alarm.instrument == m.instrument_name
    assert Link.objects.filter(from_id=alarm.pk, to_id=technetium.pk).exists()
    assert Leaf.objects.filter(action="measurements.analyse", subject_id=str(m.pk)).count() == 1
    assert Alarm.objects.count() == sum(e.is_alarm for e in found.values())


def test_natural_rises_are_reported_and_are_no_alarm(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    m = bring(reader, NATURAL).measurement
    assert {e.source_class for e in Encounter.objects.all()} == {"norm"}
    assert m.source_class == "norm"
    assert Alarm.objects.count() == 0
    assert not Outgoing.objects.filter(read_at=None).exists()


def test_a_spectrum_and_a_track_are_measurements_too(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    static = bring(reader, STATIC).measurement
    assert (static.kind, static.records, static.channels) == ("static", 1, 1024)
    encounter = Encounter.objects.get()
    assert (encounter.first_record, encounter.last_record, encounter.peak_record) == (0, 0, 0)
    track = bring(reader, TRACK).measurement
    assert (track.kind, track.records, track.channels) == ("track", 941, 0)
    assert "rates-only" in {w["code"] for w in track.analyses.get().said["warnings"]}


def test_an_encounter_heard_of_twice_raises_one_alarm(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    bring(reader, SURVEY)
    count = Alarm.objects.count()
    Outgoing.objects.update(read_at=None)
    assert outbox.deliver_pending(now()) == Outgoing.objects.count()
    assert Alarm.objects.count() == count


def test_a_reader_that_fails_is_tried_again_and_holds_up_no_other(
    reader: Reader, bring: Callable[..., Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(outbox, "READERS", [])
    bring(reader, SURVEY)
    assert Outgoing.objects.filter(read_at=None).count() == Encounter.objects.count() > 1
    first = Encounter.objects.order_by("number").first()

    def deaf_once(encounter: Encounter) -> None:
        heard.append(encounter.pk)
        if encounter == first and heard.count(encounter.pk) == 1:
            raise RuntimeError("not now")

    monkeypatch.setattr(outbox, "BATCH", 2)
    outbox.register(deaf_once)
    outbox.deliver_pending(now())
    assert Outgoing.objects.filter(read_at=None).count() == 1
    assert Outgoing.objects.get(read_at=None).failures == 1
    Outgoing.objects.exclude(encounter=first).update(read_at=None)
    monkeypatch.setattr(outbox, "BATCH", 1)
    outbox.deliver_pending(now())
    assert Outgoing.objects.get(read_at=None).encounter == first, "what failed before comes last"
    outbox.deliver_pending(now())
    assert not Outgoing.objects.filter(read_at=None).exists()


def test_an_instrument_is_known_after_its_first_recording(
    reader: Reader, bring: Callable[..., Upload], recordings: Path
) -> None:
    first = bring(reader, NATURAL).measurement
    other = (recordings / NATURAL).read_bytes() + b"\n<!-- saved again -->\n"
    second = bring(reader, NATURAL, content=other).measurement
    assert Instrument.objects.get() == first.instrument == second.instrument


def test_two_processes_that_end_the_same_work_write_it_once(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    row = bring(reader, NATURAL)
    rows = (Measurement.objects.count(), Chunk.objects.count(), Leaf.objects.count())
    tasks.analyse_upload.func(str(row.pk))
    assert (Measurement.objects.count(), Chunk.objects.count(), Leaf.objects.count()) == rows
    recording = tasks.read_recording((tasks.content_of)(row.file), row.file.name)
    found = tasks.answer(recording, realm=row.realm)
    kept = tasks.stored(recording, found.analysis)
    assert services.finish_upload(row, recording, kept, found) is None
    assert Measurement.objects.count() == 1


def test_a_fault_between_the_statements_leaves_nothing_of_the_measurement(
    reader: Reader, bring: Callable[..., Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_args: object, **_more: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("tocsin.server.measurements.services.answers.link", breaks)
    row = bring(reader, NATURAL)
    assert (row.state, row.error_code) == (State.FAILED, "internal")
    assert "disk" not in row.error_message
    left = [m.objects.count() for m in (Measurement, Chunk, Encounter, Outgoing, Instrument)]
    assert left == [0, 0, 0, 0, 0]


def test_work_of_a_dead_process_is_taken_up_and_given_up_at_the_third_time(
    reader: Reader, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, _ = services.upload(reader, b"some bytes", name="a")
    clock.move(minutes=30)
    assert tasks.resume_stopped(now()) == 0, "it only waits for its turn"
    from django_tasks_db.models import DBTaskResult

    for attempt in (1, 2, 3):
        DBTaskResult.objects.filter(pk=row.task_id).update(status="RUNNING")
        assert services.begin(row)
        assert row.attempts == attempt
        clock.move(minutes=5)
        assert tasks.resume_stopped(now()) == 0, "it may still be alive"
        clock.move(minutes=6)
        assert tasks.resume_stopped(now()) == 1
        row.refresh_from_db()
    assert (row.state, row.error_code) == (State.FAILED, "crashed")
    assert tasks.resume_stopped(now() + timedelta(days=1)) == 0


def test_progress_is_told_while_it_runs(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = services.upload(reader, b"some bytes", name="a")
    services.begin(row)
    monkeypatch.setattr(tasks, "TELL_EVERY_S", 0.0)
    tell = tasks._Teller(row)
    shares = []
    for done in (0, 50, 100):
        tell(done, 100)
        row.refresh_from_db()
        shares.append(row.progress)
    assert shares == pytest.approx([0.1, 0.5, 0.9])


def test_a_reason_of_the_reader_comes_through(
    reader: Reader, bring: Callable[..., Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_hard(*_args: object) -> None:
        raise Unanswerable("timeout", "reading took longer than 10 s of processor")

    monkeypatch.setattr(tasks, "read_recording", too_hard)
    row = bring(reader, "a.n42", content=b"hard")
    assert (row.state, row.error_code) == (State.FAILED, "timeout")
    assert row.error_message == "reading took longer than 10 s of processor"


@pytest.mark.parametrize("table", ["measurement", "chunk", "analysis", "encounter"])
def test_the_database_itself_refuses_to_change_what_was_measured(
    reader: Reader, bring: Callable[..., Upload], table: str
) -> None:
    bring(reader, NATURAL)
    with connection.cursor() as cursor:
        for verb in ("UPDATE measurements_{} SET id = id", "DELETE FROM measurements_{}"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(verb.format(table))
