"""A real survey through agent and server gives what ``tocsin analyze`` gives of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tocsin import formats
from tocsin.detection import analyze
from tocsin.field.agent import Agent
from tocsin.field.listening import Heard
from tocsin.field.records import from_recording
from tocsin.field.sending import Reply, Sender, _reply
from tocsin.field.spool import Spool
from tocsin.sealing import SigningKey
from tocsin.server.alarms.models import Alarm
from tocsin.server.ingest import tasks as ingest_tasks
from tocsin.server.ingest.models import Device, EdgeMessage, LiveSurvey
from tocsin.server.links.models import Link, LinkKind
from tocsin.server.measurements import tasks
from tocsin.server.measurements.models import Encounter, Measurement

SURVEYS = ("mobile_nsdd/Q67_Mobile.N42", "mobile_nsdd/Q89_Mobile.n42")


def poster(client: Client) -> Callable[[bytes], Reply]:
    """The way to the server without a network."""

    def post(envelope: bytes) -> Reply:
        answer = client.post("/api/1/ingest", envelope, content_type="application/octet-stream")
        return _reply(answer.status_code, answer.content)

    return post


@pytest.mark.recordings
@pytest.mark.django_db
def test_a_vehicle_survey_ends_as_a_measurement_with_the_same_encounters(
    recordings: Path,
    tmp_path: Path,
    device: Device,
    key: SigningKey,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    recording = formats.read(recordings / SURVEYS[0])
    spool = Spool(tmp_path / "spool.sqlite3", key, monotonic=lambda: 1.0)
    heard: list[Heard] = []
    feed = from_recording(recording)
    feed.realm = "EXERCISE"
    Agent(feed, live=False, spool=spool, tell=print).run(feed.records, heard.append)
    sender = Sender(spool, poster(Client()))
    while (outcome := sender.step()) == "sent":
        pass
    assert (outcome, sender.trouble) == ("idle", "")
    spool.close()

    survey = LiveSurvey.objects.get()
    assert (survey.complete, survey.records) == (True, len(recording.records))
    live = list(Alarm.objects.order_by("raised_at"))
    expected = analyze(recording)
    wanted = expected.to_json()["encounters"]
    assert len(live) == len([e for e in wanted if e["class"] != "norm"])

    with django_capture_on_commit_callbacks(execute=True):
        ingest_tasks.bring_together.func(str(survey.pk))
        ingest_tasks.bring_together.func(str(survey.pk))
        survey.refresh_from_db()
        tasks.analyse_upload.func(str(survey.upload_id))
    measurement = Measurement.objects.get()
    found = [e.said for e in Encounter.objects.order_by("number")]
    assert found == wanted
    assert len(wanted) > 0
    assert (measurement.realm, measurement.level, measurement.created_by) == ("EXERCISE", 2, None)
    # people were called once, while it happened; the alarm leads to the encounter
    assert list(Alarm.objects.order_by("raised_at")) == live
    raised = Link.objects.filter(kind=LinkKind.RAISED, to_kind="measurements.encounter")
    assert {link.from_id for link in raised} <= {a.pk for a in live}
    assert raised.count() == len(live)
    closed = [h.said for h in heard if h.stage == "closed"]
    assert closed == wanted
    assert EdgeMessage.objects.filter(stage="closed").count() == len(wanted)
