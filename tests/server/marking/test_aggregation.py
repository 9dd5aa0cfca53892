"""Many places together are one level higher: in tables, in the interface and in files for maps."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alarms.test_services import encounter
from django.test import Client

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import raise_from_encounter
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.exports import LIMIT
from tocsin.server.files.services import store
from tocsin.server.marking.aggregation import in_force, parse
from tocsin.server.marking.models import Compartment, Membership, Reading
from tocsin.server.measurements.models import Analysis, Encounter, Measurement, Upload

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]
MakePerson = Callable[..., Person]


@pytest.fixture
def alarms(person: MakePerson, clock: Any) -> Callable[[int], list[Alarm]]:
    """Maker of alarms that tell where, of one organisation."""
    owner = person("officer", name="Owner")
    mark = {"realm": "EXERCISE", "level": 1, "originator": owner.organisation}

    def make(count: int) -> list[Alarm]:
        first = raise_from_encounter(store(b"w", name="w", actor=owner, **mark), encounter())
        assert first is not None
        fields = {
            f.name: getattr(first, f.name)
            for f in Alarm._meta.fields
            if f.name not in {"id", "encounter_id"}
        }
        return [first, *Alarm.objects.bulk_create(Alarm(**fields) for _i in range(count - 1))]

    return make


def table(answer: Any) -> tuple[list[str], list[dict[str, str]]]:
    """Lines above the header, and the rows by column."""
    assert answer.status_code == 200, answer.content[:300]
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    notes = [row[0] for row in rows if row[0].startswith("#")]
    header, *body = rows[len(notes) :]
    return notes, [dict(zip(header, row, strict=True)) for row in body]


def test_the_shipped_number_says_where_it_comes_from_and_a_state_sets_its_own(
    data_folder: Path,
) -> None:
    shipped = in_force()
    assert (shipped.most, shipped.verification) == (20, "default")
    assert "no cited basis" in shipped.source
    own = {"schema": "tocsin.aggregation/1", "places": {"most": 3, "source": "x"}}
    own["places"]["verification"] = "read"  # type: ignore[index]
    data_folder.mkdir(parents=True, exist_ok=True)
    (data_folder / "aggregation.json").write_text(json.dumps(own))
    assert in_force().most == 3
    for spoiled in (
        {"schema": "other"},
        own | {"places": {"most": -1, "source": "x", "verification": "read"}},
        own | {"places": {"most": 3, "source": "", "verification": "read"}},
        own | {"places": {"most": 3, "source": "x", "verification": "sure"}},
    ):
        with pytest.raises(InvalidInput):
            parse(json.dumps(spoiled))


def test_a_table_with_many_places_is_one_level_higher_for_who_is_cleared(
    alarms: Callable[[int], list[Alarm]], person: MakePerson, signed_in: SignIn
) -> None:
    alarms(20)
    low, high = signed_in(person("officer")), signed_in(person("officer", clearance=2))
    notes, rows = table(low.get("/alarms/alarms.csv"))
    assert notes[0] == "# EXERCISE RESTRICTED TLP:RED"
    assert {row["latitude"] for row in rows} == {"46.28"}
    Alarm.objects.bulk_create([_another()])
    notes, rows = table(high.get("/alarms/alarms.csv"))
    assert notes[0] == "# EXERCISE CONFIDENTIAL TLP:RED"
    assert [row["latitude"] for row in rows] == ["46.28"] * 21
    notes, rows = table(low.get("/alarms/alarms.csv"))
    assert notes[0] == "# EXERCISE RESTRICTED TLP:RED"
    assert "without places: so many together are CONFIDENTIAL" in notes[2]
    assert "latitude" not in rows[0]
    assert "46.28" not in str(rows)


def _another() -> Alarm:
    first = Alarm.objects.first()
    assert first is not None
    fields = {f.name: getattr(first, f.name) for f in Alarm._meta.fields}
    return Alarm(**fields | {"id": Alarm._meta.pk.get_default(), "encounter_id": None})


def test_the_interface_keeps_places_back_and_counts_the_whole_list(
    alarms: Callable[[int], list[Alarm]], person: MakePerson, signed_in: SignIn
) -> None:
    alarms(21)
    low, high = signed_in(person("officer")), signed_in(person("officer", clearance=2))
    told = high.get("/api/1/alarms?limit=5").json()
    assert (told["level"], told["places_withheld"]) == (2, False)
    assert told["alarms"][0]["latitude"] == 46.28
    told = low.get("/api/1/alarms?limit=5&offset=5").json()
    assert (told["level"], told["places_withheld"]) == (1, True)
    assert {row["latitude"] for row in told["alarms"]} == {None}
    Alarm.objects.filter(latitude=46.28).exclude(pk=Alarm.objects.all()[0].pk).update(latitude=None)
    told = low.get("/api/1/alarms?limit=200").json()
    assert (told["level"], told["places_withheld"]) == (1, False)


def test_a_map_of_many_encounters_is_one_level_higher(
    person: MakePerson, signed_in: SignIn, clock: Any
) -> None:
    owner = person("officer")
    mark = {"realm": "EXERCISE", "level": 1, "originator": owner.organisation}
    file = store(b"survey", name="q67.n42", actor=owner, **mark)
    mark |= {"created_at": now(), "created_by": owner}
    upload = Upload.objects.create(file=file, sha256="0", size_bytes=6, touched_at=now(), **mark)
    measurement = Measurement.objects.create(
        upload=upload, file=file, sha256="0", title="S", kind="survey", records=490, **mark
    )
    analysis = Analysis.objects.create(
        measurement=measurement, number=1, said={}, arrays=b"", geojson="{}", **mark
    )
    for number in range(1, 22):
        Encounter.objects.create(
            analysis=analysis,
            number=number,
            first_record=number,
            last_record=number,
            peak_record=number,
            source_class="industrial",
            said=encounter("industrial"),
            **mark,
        )
    page = f"/measurements/{measurement.pk}/analyses/1/map.geojson"
    program = f"/api/1/measurements/{measurement.pk}/files/geojson"
    low = signed_in(person("officer", "supervisor", "expert"))
    high = signed_in(person("officer", "supervisor", "expert", clearance=2))
    assert low.get(page).status_code == 302
    told = low.get(program)
    assert (told.status_code, told.json()["error"]["code"]) == (403, "places_withheld")
    assert not Leaf.objects.filter(action="measurements.export").exists()
    for address in (page, program):
        assert "EXERCISE-CONFIDENTIAL-" in high.get(address)["Content-Disposition"]


def test_a_table_is_cut_below_the_limit_on_reading_says_so_and_leaves_its_leaf(
    alarms: Callable[[int], list[Alarm]], person: MakePerson, signed_in: SignIn
) -> None:
    held = alarms(LIMIT + 200)
    circle = Compartment.objects.create(
        code="HARBOUR", name="x", owner=held[0].originator, created_at=now()
    )
    me = person("officer", clearance=2)
    Membership.objects.create(compartment=circle, person=me, valid_from=now())
    Alarm.objects.filter(pk=held[0].pk).update(raised_at=now() + timedelta(minutes=1))
    held[0].compartments.add(circle)
    Alarm.objects.exclude(pk=held[0].pk).update(tlp="GREEN")
    browser = signed_in(me)
    notes, rows = table(browser.get("/alarms/alarms.csv"))
    assert len(rows) == LIMIT
    assert notes[0] == "# EXERCISE CONFIDENTIAL TLP:RED HARBOUR"
    assert notes[2] == f"# cut: the first {LIMIT} of {LIMIT + 200} rows; narrow the filter"
    leaf = Leaf.objects.get(action="alarms.export")
    assert leaf.actor == f"person:{me.pk}"
    told = leaf.content["after"]
    assert (told["table"], told["rows"], told["level"]) == ("alarms", LIMIT, 2)
    assert "cut" in told["notes"][0]
    # the rows counted as read: the next ones are too many
    assert browser.get("/alarms/?state=all").status_code == 200
    first = list(Reading.objects.filter(person=me).values_list("row_id", flat=True)[:300])
    Alarm.objects.filter(pk__in=first).update(state="closed")
    assert browser.get("/alarms/alarms.csv").status_code == 429


@pytest.mark.parametrize(
    "address",
    ["/duties/roster.csv", "/incidents/incidents.csv", "/alarms/statistics.csv"],
)
def test_every_table_leaves_its_leaf(
    person: MakePerson, signed_in: SignIn, address: str, clock: Any
) -> None:
    browser = signed_in(person("supervisor"))
    notes, rows = table(browser.get(address))
    assert notes[0] == "# EXERCISE OPEN TLP:RED"
    assert rows == []
    assert Leaf.objects.filter(action__endswith=".export").count() == 1
