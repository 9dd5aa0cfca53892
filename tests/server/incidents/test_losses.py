"""A source reported lost opens an incident and starts the clocks; told twice it is done once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from incident_drafts import opened
from register_entries import GIVEN, TODAY

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.duties.models import Clock, Notice
from tocsin.server.incidents.losses import hear_of_source
from tocsin.server.incidents.models import Incident, IncidentState, Object
from tocsin.server.incidents.reading import attached, incidents_for
from tocsin.server.incidents.statements import state, state_of_object
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.corrections import declare_wrong
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Outgoing, Source
from tocsin.server.register.services import register_source, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(clock: object, person: Callable[..., Person]) -> Reader:
    return reader_of(person("register_officer", of="authority", kind="regulator", clearance=2))


@pytest.fixture
def works(clock: object, person: Callable[..., Person]) -> Reader:
    return reader_of(person("holder", of="works", clearance=2))


@pytest.fixture
def source(officer: Reader, works: Reader) -> Source:
    holder_named(officer, GIVEN["holder"], organisation=works.person.organisation)
    return register_source(officer, entry_of(GIVEN, today=TODAY))


def told(capture: Any, reader: Reader, source: Source, kind: Kind) -> None:
    with capture(execute=True):
        report(reader, source, kind, happened_on=TODAY, note=f"{kind} at the site")


def test_a_loss_opens_an_incident_with_its_clocks(
    officer: Reader, works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    incident = incidents_for(officer).get()
    assert incident.state == IncidentState.OPEN
    assert (incident.source_class, incident.level) == ("industrial", source.level)
    assert incident.happened_at == dt.datetime.combine(TODAY, dt.time(), tzinfo=dt.UTC)
    assert [row.address for row in attached(officer, incident)] == [source.get_absolute_url()]
    clocks = Clock.objects.filter(subject_id=incident.pk)
    assert {clock.duty for clock in clocks} == {"loss_telephone", "loss_written"}
    assert Notice.objects.filter(address=incident.get_absolute_url()).exists()
    # the holder made the report; what the authority does with it is the authority's
    assert not incidents_for(works).exists()


def test_told_twice_it_is_opened_once_and_what_follows_is_noted(
    works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    for _ in range(2):
        hear_of_source(Outgoing.objects.get().transaction)
    incident = Incident.objects.get()
    assert incident.events.count() == 2  # opened, and its clocks
    told(django_capture_on_commit_callbacks, works, source, Kind.THEFT)
    told(django_capture_on_commit_callbacks, works, source, Kind.RECOVERY)
    for row in Outgoing.objects.all():
        hear_of_source(row.transaction)
    incident.refresh_from_db()
    notes = [event.note for event in incident.events.all()]
    assert [sum(kind in note for note in notes) for kind in ("theft", "recovery")] == [1, 1]
    assert incident.state == IncidentState.OPEN, "a machine closes no loss"


def test_lost_again_after_its_incident_was_closed_is_another_incident(
    officer: Reader, works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    told(django_capture_on_commit_callbacks, works, source, Kind.RECOVERY)
    Incident.objects.update(state=IncidentState.CLOSED)
    told(django_capture_on_commit_callbacks, works, source, Kind.THEFT)
    assert Incident.objects.count() == 2


def test_told_again_after_its_incident_was_closed_it_opens_no_other(
    works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    Incident.objects.update(state=IncidentState.CLOSED)
    hear_of_source(Outgoing.objects.get().transaction)
    assert Incident.objects.count() == 1


def test_a_recovery_that_was_stated_before_is_heard_all_the_same(
    officer: Reader, works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    incident = Incident.objects.get()
    back = {"share": "all", "on": TODAY.isoformat(), "where": source.place}
    thing = incident.with_objects.get().object
    state_of_object(officer.person, thing, {"recovered": back}, reason="by telephone")
    state(officer.person, incident, {"recovered": back}, reason="by telephone")
    told(django_capture_on_commit_callbacks, works, source, Kind.RECOVERY)
    assert "recovery" in incident.events.order_by("-at", "-id")[0].note
    assert not Outgoing.objects.filter(read_at=None).exists()


def test_an_object_of_others_does_not_come_into_the_incident_of_a_loss(
    works: Reader,
    source: Source,
    person: Callable[..., Person],
    django_capture_on_commit_callbacks: Any,
) -> None:
    theirs = opened(person("supervisor", of="police")).with_objects.get().object
    Object.objects.filter(pk=theirs.pk).update(source_id=source.pk)
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    incident = Incident.objects.get(source_id=source.pk)
    assert incident.with_objects.get().object_id != theirs.pk


def test_what_could_not_be_told_is_told_later(works: Reader, source: Source) -> None:
    from tocsin.server.clock import now
    from tocsin.server.register.outbox import deliver_pending

    report(works, source, Kind.LOSS, happened_on=TODAY, note="gone")
    assert not Incident.objects.exists()
    assert deliver_pending(now()) == 1
    assert Incident.objects.count() == 1
    assert deliver_pending(now()) == 0


def test_a_nuclide_without_a_scheme_and_clocks_that_fail_stop_no_incident(
    officer: Reader,
    works: Reader,
    source: Source,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Source.objects.update(contents=[dict(source.contents[0], nuclide="Cf-254")])

    def refuse(*_given: Any, **_more: Any) -> None:
        raise InvalidInput("no law today")

    monkeypatch.setattr("tocsin.server.incidents.losses.start_legal_clocks", refuse)
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    incident = Incident.objects.get()
    assert incident.source_class == "unknown"
    assert any("no law today" in event.note for event in incident.events.all())


def test_a_loss_told_after_the_recovery_says_what_is_known_by_now(
    works: Reader, source: Source
) -> None:
    report(works, source, Kind.LOSS, happened_on=TODAY, note="gone")
    report(works, source, Kind.RECOVERY, happened_on=TODAY, note="was behind the door")
    first, second = Outgoing.objects.order_by("id")
    hear_of_source(second.transaction)
    assert not Incident.objects.exists()
    hear_of_source(first.transaction)
    assert any("by now stored" in event.note for event in Incident.objects.get().events.all())


def test_where_no_law_is_known_the_incident_says_so(
    works: Reader,
    source: Source,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tocsin.server.incidents.losses._law_of", lambda *_given: None)
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    assert not Clock.objects.exists()
    notes = [event.note for event in Incident.objects.get().events.all()]
    assert any("no legal clock was started" in note for note in notes)


def test_the_incident_of_a_loss_states_what_the_register_knows_and_follows_the_recovery(
    officer: Reader, works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.THEFT)
    incident = Incident.objects.get()
    assert (incident.kind, incident.status, incident.nuclides, incident.category) == (
        *("theft", "notified", "Ir-192"),
        source.category,
    )
    # the register knows the hall to five digits, the incident to a tenth of a degree
    assert (incident.latitude, incident.longitude) == (14.7, -17.4)
    thing = incident.with_objects.get().object
    assert (thing.source_id, thing.serials) == (
        source.pk,
        [{"value": "IR1001", "of": "source"}],
    )
    assert incident.of_reports.get().report.original == "theft at the site"
    told(django_capture_on_commit_callbacks, works, source, Kind.RECOVERY)
    incident.refresh_from_db()
    assert (incident.recovered, incident.recovered_on) == ("all", TODAY)
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    Incident.objects.update(state=IncidentState.CLOSED)
    told(django_capture_on_commit_callbacks, works, source, Kind.RECOVERY)
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    again = Incident.objects.exclude(pk=incident.pk).get()
    # the object is one, the incidents are two
    assert again.with_objects.get().object == thing
    incident.refresh_from_db()
    assert (incident.recovered, again.recovered) == ("all", "")


def test_a_failed_leak_test_opens_an_incident_and_a_good_one_does_not(
    officer: Reader, works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tight = {"result": "tight"}
        report(works, source, Kind.LEAK_TEST, happened_on=TODAY, facts=tight)
    assert not Incident.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        leaks = {"result": "leaking"}
        report(works, source, Kind.LEAK_TEST, happened_on=TODAY, facts=leaks, note="4 kBq on wipe")
    incident = incidents_for(officer).get()
    assert incident.kind == "other"
    assert {c.duty for c in Clock.objects.filter(subject_id=incident.pk)} == {"leak_test_failed"}


def test_a_loss_that_was_none_is_noted_in_its_incident(
    officer: Reader, works: Reader, source: Source, django_capture_on_commit_callbacks: Any
) -> None:
    told(django_capture_on_commit_callbacks, works, source, Kind.LOSS)
    with django_capture_on_commit_callbacks(execute=True):
        declare_wrong(officer, source, 2, reason="it stood in the other room", seen=2)
    incident = Incident.objects.get()
    assert incident.state == IncidentState.OPEN
    assert any("of step 2" in event.note for event in incident.events.all())
