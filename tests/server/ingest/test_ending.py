"""From the batches of a survey to its upload: once, and again where a process died over it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django_tasks_db.models import DBTaskResult
from tests.field.walks import walk
from tests.server.conftest import SetClock

from tocsin import formats
from tocsin.server.audit.models import Leaf
from tocsin.server.files.services import content_of
from tocsin.server.ingest.ending import bring_together, recording_of
from tocsin.server.ingest.models import Device, LiveSurvey
from tocsin.server.ingest.receiving import receive
from tocsin.server.ingest.tasks import resume_left_behind
from tocsin.server.measurements.models import Upload

pytestmark = pytest.mark.django_db

Maker = Callable[..., bytes]
TASK = "tocsin.server.ingest.tasks.bring_together"


def queued() -> int:
    return DBTaskResult.objects.filter(task_path=TASK).count()


def test_a_complete_survey_becomes_an_upload_once(device: Device, batch: Maker) -> None:
    receive(batch(walk(12)[:10]))
    assert bring_together(LiveSurvey.objects.get()) is None
    assert queued() == 0
    receive(batch(walk(12)[10:], 10, ends=True))
    assert queued() == 1
    stale = LiveSurvey.objects.get()
    upload = bring_together(stale)
    assert upload is not None
    # a second worker that has read the survey before
    stale.refresh_from_db(fields=["tries"])
    assert bring_together(stale) is None
    assert Upload.objects.count() == 1
    assert (upload.created_by, upload.level, upload.originator) == (None, 2, device.originator)
    back = formats.read_bytes(content_of(upload.file), file_name="x.n42")
    assert back.records == tuple(walk(12)) == recording_of(LiveSurvey.objects.get()).records
    assert Leaf.objects.filter(action="ingest.complete").count() == 1


def test_a_late_second_delivery_does_not_take_the_upload_away(device: Device, batch: Maker) -> None:
    raw = batch(walk(10), ends=True)
    receive(raw)
    upload = bring_together(LiveSurvey.objects.get())
    receive(raw)
    assert LiveSurvey.objects.get().upload == upload


def test_what_a_dead_process_left_is_queued_again(
    clock: SetClock, device: Device, batch: Maker
) -> None:
    receive(batch(walk(10), ends=True))
    assert resume_left_behind(clock.at) == 0
    clock.move(minutes=11)
    assert resume_left_behind(clock.at) == 1
    assert queued() == 2
    assert resume_left_behind(clock.at) == 0
    bring_together(LiveSurvey.objects.get())
    clock.move(hours=1)
    assert resume_left_behind(clock.at) == 0


def test_what_fails_three_times_is_given_up(
    clock: SetClock, device: Device, batch: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_recording: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("tocsin.server.ingest.ending.write_n42", fails)
    receive(batch(walk(10), ends=True))
    for _ in range(3):
        clock.move(minutes=11)
        assert resume_left_behind(clock.at) == 1
        with pytest.raises(MemoryError):
            bring_together(LiveSurvey.objects.get())
    clock.move(hours=1)
    assert resume_left_behind(clock.at) == 0
