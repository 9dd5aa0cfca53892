"""Statements only grow; the state of every past day can be told."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import Error, connection
from incident_drafts import GAUGE, VALUES, opened

from tocsin.errors import InvalidInput, TocsinError
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.duties.models import Delivery
from tocsin.server.incidents.models import Incident, IncidentStatement, Object, ObjectStatement
from tocsin.server.incidents.opening import Draft, Later, ObjectDraft, open_many
from tocsin.server.incidents.reading import as_known_on
from tocsin.server.incidents.related import related
from tocsin.server.incidents.statements import (
    project,
    put_object,
    put_report,
    say_same,
    state,
    state_of_object,
)
from tocsin.server.incidents.watching import watch
from tocsin.server.incidents.words import with_words
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import TwoPersonStep
from tocsin.server.marking.policy import reader_of
from tocsin.server.marking.services import decide_proposal, propose, raise_level

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]


def on(day: dt.date, **more: Any) -> list[Any]:
    return as_known_on(Incident.objects.all(), day, **more)


def test_the_row_repeats_what_its_statements_say(person: MakePerson, clock: Any) -> None:
    row = opened(person("supervisor"))
    row.refresh_from_db()
    assert (row.kind, row.status, row.year, row.country, row.transport) == (
        *("theft", "notified", 2026, "XX"),
        True,
    )
    # to a tenth of a degree: an exact place is nowhere
    assert (row.latitude, row.longitude) == (14.7, -17.4)
    stated = row.statements.get(field="position").value
    assert stated == [14.7, -17.4]
    assert (row.nuclides, row.recovered) == ("Cs-137", "")
    assert row.category == 5
    (known,) = on(now().date())
    assert (
        known.columns().items() <= {f.name: getattr(row, f.name) for f in row._meta.fields}.items()
    )


def test_a_change_of_group_is_in_later_vintages_only(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor")
    row = opened(boss)
    state(boss, row, {"group": {"edition": "2024", "group": "II"}}, reason="nothing known yet")
    clock.move(days=30)
    state(boss, row, {"group": {"edition": "2024", "group": "III"}}, reason="found in the store")
    clock.move(days=30)
    first, second = dt.date(2026, 3, 3), dt.date(2026, 4, 2)
    groups = {day: [k.group for k in on(day)] for day in (first, second)}
    assert groups == {first: ["II"], second: ["III"]}
    assert [k.group for k in on(second - dt.timedelta(days=1))] == ["II"]
    assert on(first - dt.timedelta(days=1)) == []
    row.refresh_from_db()
    assert (row.group, row.group_edition) == ("III", "2024")
    told = row.statements.filter(field="group").values_list("by__name", "reason")
    assert list(told) == [(boss.name, "nothing known yet"), (boss.name, "found in the store")]


def test_what_is_imported_later_does_not_change_a_published_vintage(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor")
    subject = opened(boss)
    published_at = now()
    clock.move(days=10)
    old = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
    draft = Draft(
        values=VALUES | {"title": "Old theft"},
        known_at=old,
        later=(Later(old + dt.timedelta(days=20), {"status": "withdrawn"}, "taken back"),),
        audience="public",
    )
    open_many(
        boss,
        [draft],
        mark=Mark("EXERCISE", 0, frozenset(), "CLEAR"),
        originator=boss.organisation,
        origin="notices",
        subject=subject,
    )
    day = dt.date(2024, 5, 2)
    assert [k.status for k in on(day)] == ["notified"]
    assert [k.status for k in on(day + dt.timedelta(days=30))] == ["withdrawn"]
    assert on(day, recorded_until=published_at) == []
    row = Incident.objects.get(title="Old theft")
    assert (row.status, row.opened_at) == ("withdrawn", old)


def test_nobody_sets_the_time_of_knowing_by_hand(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor")
    row = opened(boss)
    past = now() - dt.timedelta(days=1)
    with pytest.raises(InvalidInput, match="only an import"):
        state(boss, row, {"kind": "loss"}, reason="x", known_at=past)
    with pytest.raises(InvalidInput, match="future"):
        state("system:x", row, {"kind": "loss"}, reason="x", known_at=now() + dt.timedelta(days=1))
    with pytest.raises(InvalidInput, match="private"):
        state(boss, row, {"kind": "loss"}, reason="x", audience="public")


def test_statements_are_never_changed_nor_taken_away(person: MakePerson, clock: Any) -> None:
    row = opened(person("supervisor"))
    fact = row.statements.first()
    fact.value = "loss"
    with pytest.raises(TocsinError):
        fact.save()
    with pytest.raises(TocsinError):
        row.statements.all().delete()
    for table in ("incidents_incidentstatement", "incidents_objectstatement"):
        with pytest.raises(Error), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand above


def test_a_value_that_cannot_be_is_refused_and_nothing_is_written(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor")
    row = opened(boss)
    count = IncidentStatement.objects.count()
    for values, said in (
        ({"kind": "tea"}, "kind"),
        ({"group": {"edition": "2024", "group": "IV"}}, "no such group"),
        ({"group": "II"}, "edition"),
        ({"interval": {"from": "2026-03-02", "to": "2026-03-01"}}, "before the beginning"),
        ({"position": [91.0, 0.0]}, "cannot be"),
        ({"name": "x"}, "cannot be stated"),
        ({"kind": "theft"}, "Nothing of this is new"),
        ({"group": {"edition": ["2024"], "group": {}}}, "text is needed"),
        ({"interval": {"from": "2026-01-01", "to": "9999-12-31T23:00:00-05:00"}}, "far ahead"),
        ({"position": [10**400, 0]}, "number is needed"),
        ({"recovered": {"share": "all", "on": "9999-12-31"}}, "between 1900 and 2200"),
        ({"place": "half \ud83d"}, "half a sign"),
    ):
        with pytest.raises(InvalidInput, match=said):
            state(boss, row, values, reason="x")
    thing = Object.objects.get()
    for values, said in (
        ({"category": [2]}, "number is needed"),
        ({"category": 2.5}, "1 to 5"),
        ({"serials": [{"value": "A-1", "of": []}]}, "of the source or of the device"),
        ({"mass_g": 10**400}, "number is needed"),
    ):
        with pytest.raises(InvalidInput, match=said):
            state_of_object(boss, thing, values, reason="x")
    with pytest.raises(InvalidInput, match="Say why"):
        state(boss, row, {"kind": "loss"}, reason=" ")
    assert IncidentStatement.objects.count() == count


def test_an_object_in_two_incidents_is_one_and_both_follow_it(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor")
    first, thing = opened(boss), Object.objects.get()
    clock.move(days=400)
    second = opened(boss, title="Gauge in a scrap yard", kind="find")
    other = second.with_objects.get().object
    put_object(boss, second, other, holds=False, evidence="it is the one of the first theft")
    put_object(boss, second, thing, evidence="same serial number and maker")
    say_same(boss, "object", thing.pk, other.pk, same=True, reason="same serial number")
    state_of_object(
        boss, thing, {"recovered": {"share": "all", "on": "2027-04-01"}}, reason="in the store"
    )
    for row in (first, second):
        row.refresh_from_db()
        assert (row.recovered, row.recovered_on) == ("all", dt.date(2027, 4, 1))
    early, late = on(dt.date(2026, 3, 3)), on(now().date())
    assert [k.recovered for k in early] == [""]
    assert [k.recovered for k in late] == ["all", "all"]
    assert Leaf.objects.filter(action="incidents.say_same").count() == 1


def test_the_category_is_computed_and_says_so(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor")
    opened(boss)
    thing = Object.objects.get()
    strong = [{"nuclide": "Ir-192", "activity_Bq": 3.0e12, "reference_date": "2026-03-01"}]
    state_of_object(boss, thing, {"contents": strong}, reason="certificate")
    fact = ObjectStatement.objects.filter(field="category").last()
    assert fact is not None
    assert (fact.value, fact.by, fact.origin) == (2, None, "system:category")
    assert Incident.objects.get().category == 2


def test_a_computed_category_goes_with_its_contents_and_a_stated_one_stays(
    person: MakePerson, clock: Any
) -> None:
    boss = person("supervisor")
    opened(boss)
    thing = Object.objects.get()
    assert thing.category == 5
    state_of_object(boss, thing, {"contents": [{"nuclide": "Cs-137"}]}, reason="no activity")
    thing.refresh_from_db()
    assert thing.category is None
    assert Incident.objects.get().category is None
    state_of_object(boss, thing, {"category": 3}, reason="the label says so")
    strong = [{"nuclide": "Ir-192", "activity_Bq": 3.0e12, "reference_date": "2026-03-01"}]
    state_of_object(boss, thing, {"contents": strong}, reason="certificate")
    thing.refresh_from_db()
    assert thing.category == 3


def test_what_belongs_to_others_is_not_opened_by_tying_it(person: MakePerson, clock: Any) -> None:
    row = opened(person("supervisor"))
    theirs = opened(person("supervisor", of="police"))
    boss = person("supervisor", name="Boss")
    for tie in (
        lambda: put_object(boss, row, theirs.with_objects.get().object, evidence="the same"),
        lambda: put_report(
            boss, theirs.of_reports.get().report, row, says="supports", evidence="tells of it"
        ),
    ):
        with pytest.raises(InvalidInput, match="another organisation"):
            tie()


def test_an_object_that_was_taken_out_ties_nothing_any_more(person: MakePerson, clock: Any) -> None:
    boss, watcher = person("supervisor"), reader_of(person("expert"))
    row, other = opened(boss), opened(boss, title="Gauge in a scrap yard", kind="find")
    thing = row.with_objects.get().object
    put_object(boss, other, thing, evidence="the same number")
    why = [found.why for found in related(reader_of(boss), row) if found.incident == other]
    assert "the same object" in why[0]
    for held in other.with_objects.all():
        put_object(boss, other, held.object, evidence="it was another", holds=False)
    assert not [
        found
        for found in related(reader_of(boss), row)
        if found.incident == other and "the same object" in found.why
    ]
    watch(watcher, "serial", "QZ-4711")
    state(boss, other, {"kind": "detection"}, reason="by a portal")
    assert not Delivery.objects.filter(person=watcher.person).exists()


def test_marked_higher_than_the_incident_does_not_come_in(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor", clearance=3)
    row, secret = opened(boss), opened(boss, level=3)
    thing = secret.with_objects.get().object
    with pytest.raises(InvalidInput, match="marked higher"):
        put_object(boss, row, thing, evidence="x")


def test_an_incident_stays_marked_as_high_as_what_is_in_it(person: MakePerson, clock: Any) -> None:
    boss = reader_of(person("supervisor", clearance=3))
    row = opened(boss.person)
    thing = row.with_objects.get().object
    with pytest.raises(InvalidInput, match="mark the incident as high first"):
        raise_level(boss, thing, 2, reason="the serial number is secret")
    raise_level(boss, row, 2, reason="the serial number is secret")
    raise_level(boss, thing, 2, reason="the serial number is secret")
    second = reader_of(person("supervisor", clearance=3, name="Second"))
    row.refresh_from_db()
    asked = propose(boss, row, TwoPersonStep.LOWER_LEVEL, reason="over", level=1)
    with pytest.raises(InvalidInput, match="lower that first"):
        decide_proposal(second, asked.pk, approve=True, answer="yes")


def test_words_follow_the_statements(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor")
    row = opened(boss)

    def found(text: str) -> int:
        return with_words(Incident.objects.all(), text).count()

    assert [found(t) for t in ("gauge", "qz-4711", "qz4711", "4711", "cs137", "harb park")] == [
        1
    ] * 6
    assert found("gauge lorry") == 0
    state(boss, row, {"title": "Density gauge"}, reason="better name")
    assert (found("taken"), found("density")) == (0, 1)


def test_projecting_anew_changes_nothing(person: MakePerson, clock: Any) -> None:
    row = opened(person("supervisor"))
    row.refresh_from_db()
    before = {f.name: getattr(row, f.name) for f in row._meta.fields}
    project([row.pk])
    row.refresh_from_db()
    assert {f.name: getattr(row, f.name) for f in row._meta.fields} == before


def test_many_are_opened_with_one_leaf(person: MakePerson, clock: Any) -> None:
    boss = person("supervisor")
    subject = opened(boss)
    drafts = [
        Draft(values={"title": f"Find {n}", "kind": "find"}, objects=(ObjectDraft(GAUGE),))
        for n in range(20)
    ]
    mark = Mark("EXERCISE", 1, frozenset(), "AMBER")
    open_many(
        boss, drafts, mark=mark, originator=boss.organisation, origin="table", subject=subject
    )
    assert Incident.objects.filter(kind="find", nuclides="Cs-137").count() == 20
    assert Leaf.objects.filter(action="incidents.open_many").count() == 1
    with pytest.raises(InvalidInput):
        open_many(
            boss,
            [*drafts, Draft(values={"kind": "find"})],
            mark=mark,
            originator=boss.organisation,
            origin="table",
            subject=subject,
        )
    assert Incident.objects.count() == 21


def test_incidents_of_an_earlier_version_get_statements(person: MakePerson, clock: Any) -> None:
    owner = person("officer")
    common: dict[str, Any] = {
        "realm": "EXERCISE",
        "level": 1,
        "originator": owner.organisation,
        "created_at": now(),
        "opened_at": now(),
        "happened_at": dt.datetime(2025, 6, 1, 8, tzinfo=dt.UTC),
    }
    lost = Incident.objects.create(
        **common, title="Ir-192 K-7: loss", source_id=owner.pk, state="open"
    )
    alarm = Incident.objects.create(**common, title="Cs-137", alarm_id=owner.pk, state="withdrawn")
    step = importlib.import_module("tocsin.server.incidents.migrations.0007_first_statements")
    step.first_statements(apps, None)
    known = {k.pk: k for k in on(now().date())}
    assert (known[lost.pk].kind, known[lost.pk].status, known[lost.pk].year) == (
        *("loss", "notified"),
        2025,
    )
    assert (known[alarm.pk].kind, known[alarm.pk].status) == ("detection", "withdrawn")
    for row in (lost, alarm):
        row.refresh_from_db()
        columns = known[row.pk].columns()
        assert {name: getattr(row, name) for name in columns} == columns
    assert with_words(Incident.objects.all(), "k-7").get() == lost
