"""The one flow on a real vehicle survey: recording, measurement, alarm, verdict, incident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import Command, act
from tocsin.server.clock import now
from tocsin.server.duties.services import run_due
from tocsin.server.incidents.models import Incident
from tocsin.server.marking.policy import reader_of
from tocsin.server.measurements import services, tasks
from tocsin.server.measurements.models import Encounter

SURVEY = "mobile_nsdd/Q67_Mobile.N42"


@pytest.mark.verify
@pytest.mark.recordings
@pytest.mark.django_db
def test_from_the_upload_of_a_vehicle_survey_to_the_incident(
    recordings: Path,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    clock: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    officer, expert = reader_of(person("officer")), reader_of(person("expert"))
    boss = person("supervisor")
    content = (recordings / SURVEY).read_bytes()
    upload, _fresh = services.upload(officer, content, name="Q67_Mobile.N42")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.analyse_upload.func(str(upload.pk))
    upload.refresh_from_db()
    found = [e for e in Encounter.objects.all() if e.is_alarm]
    assert found
    alarms = {alarm.encounter_id: alarm for alarm in Alarm.objects.all()}
    assert set(alarms) == {e.pk for e in found}
    for encounter in found:
        alarm = alarms[encounter.pk]
        assert (alarm.realm, alarm.level) == (upload.realm, upload.level)
        assert alarm.source_class == encounter.source_class
        assert alarm.statistic == encounter.said["statistic"]
    run_due(now())
    assert Alarm.objects.count() == len(found)

    alarm = alarms[found[0].pk]
    act(officer, alarm, Command(Kind.ACKNOWLEDGED))
    act(officer, alarm, Command(Kind.EXPERT_CALLED, reason="not_identified"))
    act(expert, alarm, Command(Kind.EXPERT_TOOK))
    verdict = {"evidence": ("spectrum",), "confidence": 0.9, "cannot_exclude": ("shielding",)}
    with django_capture_on_commit_callbacks(execute=True):
        act(expert, alarm, Command(Kind.CONFIRMED, reason="orphan_source", **verdict))
    incident = Incident.objects.get()
    page = signed_in(boss).get(incident.get_absolute_url()).content.decode()
    for name in (alarm.name, "Q67_Mobile.N42", f"#encounter-{found[0].number}"):
        assert name in page
