"""An encounter of a measurement is heard of as an alarm, once, with everything behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alarms.test_services import encounter

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.listening import hear_of_encounter
from tocsin.server.alarms.models import Alarm
from tocsin.server.clock import now
from tocsin.server.duties.services import run_due
from tocsin.server.files.services import store
from tocsin.server.links.reading import linked_rows
from tocsin.server.marking.policy import reader_of
from tocsin.server.measurements.models import Analysis, Encounter, Measurement, Outgoing, Upload
from tocsin.server.measurements.outbox import READERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(person: Callable[..., Person], clock: Any) -> Encounter:
    """An encounter as the analysis writes it, without the analysis."""
    owner = person("officer", name="Owner")
    mark = {"realm": "EXERCISE", "level": 1, "originator": owner.organisation}
    file = store(b"survey", name="q67.n42", actor=owner, **mark)
    mark |= {"created_at": now(), "created_by": owner}
    upload = Upload.objects.create(file=file, sha256="0", size_bytes=6, touched_at=now(), **mark)
    measurement = Measurement.objects.create(
        upload=upload,
        file=file,
        sha256="0",
        title="Vehicle survey",
        kind="survey",
        file_format="N42",
        instrument_name="Car 7",
        records=490,
        **mark,
    )
    said = encounter("industrial")
    analysis = Analysis.objects.create(
        measurement=measurement,
        number=1,
        said={"versions": {"algorithm": "detector 4"}},
        arrays=b"",
        geojson="{}",
        **mark,
    )
    row: Encounter = Encounter.objects.create(
        analysis=analysis,
        number=1,
        first_record=125,
        last_record=130,
        peak_record=128,
        source_class="industrial",
        said=said,
        **mark,
    )
    Outgoing.objects.create(encounter=row, made_at=now())
    return row


def test_the_timer_process_makes_an_alarm_of_an_encounter(
    found: Encounter, person: Callable[..., Person]
) -> None:
    assert hear_of_encounter in READERS
    run_due(now())
    alarm = Alarm.objects.get()
    assert (alarm.encounter_id, alarm.instrument, alarm.versions) == (
        found.pk,
        "Car 7",
        {"algorithm": "detector 4"},
    )
    assert (alarm.realm, alarm.level, alarm.originator_id) == ("EXERCISE", 1, found.originator_id)
    rows = linked_rows(reader_of(person("officer")), "alarms.alarm", alarm.pk)
    assert [row.noun for row in rows] == ["encounter", "measurement", "stored file"]
    assert rows[0].address == found.get_absolute_url()
    hear_of_encounter(found)
    run_due(now())
    assert Alarm.objects.count() == 1
