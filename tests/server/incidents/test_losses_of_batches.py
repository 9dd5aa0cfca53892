"""A batch reported lost opens an incident with its clocks, as a source does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from register_entries import TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.duties.models import Clock, Notice
from tocsin.server.holdings.models import Batch, BatchState, Element, Kind, Outgoing
from tocsin.server.holdings.outbox import deliver_pending
from tocsin.server.holdings.reading import batches_for
from tocsin.server.holdings.services.material import BatchEntry, possible, receive, transfer
from tocsin.server.holdings.services.missing import report_missing
from tocsin.server.incidents.facts import ObjectKind
from tocsin.server.incidents.losses import hear_of_batch
from tocsin.server.incidents.models import Incident, IncidentState, Object
from tocsin.server.incidents.reading import attached, incidents_for
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.holders import Refused, holder_named

pytestmark = pytest.mark.django_db

URANIUM = BatchEntry(
    "U-7", Element.URANIUM, 2, mass_g=800.0, mass_u_g=0.5, u235_percent=19.5, place="Store 1"
)
IODINE = BatchEntry(
    "I-9", Element.OTHER, 1, activity_Bq=4e9, activity_on=TODAY, nuclide="I-131", place="Lab"
)


@pytest.fixture
def officer(clock: object, person: Callable[..., Person]) -> Reader:
    return reader_of(person("register_officer", of="authority", kind="regulator", clearance=2))


@pytest.fixture
def works(clock: object, person: Callable[..., Person]) -> Reader:
    return reader_of(person("holder", of="works", clearance=2))


def entered(officer: Reader, works: Reader, entry: BatchEntry = URANIUM) -> Batch:
    holder_named(officer, "Works", organisation=works.person.organisation)
    return receive(officer, "Works", entry, happened_on=TODAY)


def told(capture: Any, reader: Reader, batch: Batch, kind: Kind) -> None:
    with capture(execute=True):
        report_missing(reader, batch, kind, happened_on=TODAY, note=f"{kind} at the site")


def test_a_loss_opens_an_incident_with_its_clocks(
    officer: Reader, works: Reader, django_capture_on_commit_callbacks: Any
) -> None:
    batch = entered(officer, works)
    told(django_capture_on_commit_callbacks, works, batch, Kind.LOSS)
    incident = incidents_for(officer).get()
    assert (incident.state, incident.kind, incident.place) == ("open", "loss", "Store 1")
    assert (incident.source_id, incident.batch_id) == (None, batch.pk)
    assert incident.source_class == "snm"
    assert [row.address for row in attached(officer, incident)] == [batch.get_absolute_url()]
    clocks = Clock.objects.filter(subject_id=incident.pk)
    assert {clock.duty for clock in clocks} == {"loss_telephone", "loss_written"}
    assert Notice.objects.filter(address=incident.get_absolute_url()).exists()
    assert not incidents_for(works).exists()
    thing = Object.objects.get()
    assert (thing.kind, thing.mass_g, thing.enrichment_percent) == ("nuclear", 800.0, 19.5)
    assert thing.nuclides == "U-235 U-238"
    batch.refresh_from_db()
    assert batch.state == BatchState.LOST


def test_other_material_is_told_with_its_activity(
    officer: Reader, works: Reader, django_capture_on_commit_callbacks: Any
) -> None:
    batch = entered(officer, works, IODINE)
    told(django_capture_on_commit_callbacks, officer, batch, Kind.THEFT)
    thing = Object.objects.get()
    assert thing.kind == ObjectKind.OTHER_MATERIAL
    assert thing.contents == [
        {"nuclide": "I-131", "activity_Bq": 4e9, "reference_date": TODAY.isoformat()}
    ]
    assert Incident.objects.get().kind == "theft"


def test_told_twice_it_is_opened_once_and_found_again_it_is_noted(
    officer: Reader, works: Reader, django_capture_on_commit_callbacks: Any
) -> None:
    batch = entered(officer, works)
    for kind in (Kind.LOSS, Kind.THEFT, Kind.RECOVERY):
        told(django_capture_on_commit_callbacks, works, batch, kind)
        for row in Outgoing.objects.all():
            hear_of_batch(row.step)
    incident = Incident.objects.get()
    notes = [event.note for event in incident.events.all()]
    assert [sum(f", {kind} on" in note for note in notes) for kind in ("theft", "recovery")] == [
        1,
        1,
    ]
    assert (incident.state, incident.kind) == (IncidentState.OPEN, "theft")
    assert Object.objects.get().recovered == "all"
    batch.refresh_from_db()
    assert batch.state == BatchState.HELD
    Incident.objects.update(state=IncidentState.CLOSED)
    told(django_capture_on_commit_callbacks, works, batch, Kind.LOSS)
    assert Incident.objects.count() == 2
    assert Object.objects.count() == 1, "the same thing is lost again"
    assert Object.objects.get().recovered == ""


def test_what_could_not_be_told_is_told_later(officer: Reader, works: Reader) -> None:
    batch = entered(officer, works)
    report_missing(works, batch, Kind.LOSS, happened_on=TODAY, note="gone")
    assert not Incident.objects.exists()
    assert deliver_pending(now()) == 1
    assert Incident.objects.count() == 1
    assert deliver_pending(now()) == 0


def test_lost_on_its_way_it_says_so(
    officer: Reader, works: Reader, django_capture_on_commit_callbacks: Any
) -> None:
    batch = entered(officer, works)
    holder_named(officer, "Mill")
    transfer(officer, batch, "Mill", happened_on=TODAY)
    told(django_capture_on_commit_callbacks, officer, batch, Kind.LOSS)
    assert Incident.objects.get().transport is True


def test_what_is_missing_is_sent_nowhere_and_needs_words(officer: Reader, works: Reader) -> None:
    batch = entered(officer, works)
    holder_named(officer, "Mill")
    with pytest.raises(Refused, match="what is known"):
        report_missing(works, batch, Kind.LOSS, happened_on=TODAY, note=" ")
    with pytest.raises(Refused, match="cannot be reported"):
        report_missing(works, batch, Kind.RECOVERY, happened_on=TODAY, note="here")
    report_missing(works, batch, Kind.LOSS, happened_on=TODAY, note="gone")
    batch.refresh_from_db()
    assert possible(works, batch) == [Kind.RECOVERY, Kind.THEFT]
    with pytest.raises(Refused, match="cannot be reported"):
        transfer(officer, batch, "Mill", happened_on=TODAY)
    report_missing(works, batch, Kind.THEFT, happened_on=TODAY, note="the lock is broken")
    batch.refresh_from_db()
    assert possible(works, batch) == [Kind.RECOVERY]


def test_its_page_reports_a_loss_and_shows_it(
    officer: Reader, works: Reader, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    batch = entered(officer, works)
    client.force_login(works.person)
    page = client.get(batch.get_absolute_url()).content.decode()
    address = reverse("holdings:batch_report", args=[batch.pk, "loss"])
    assert f'class="button danger" href="{address}"' in page
    form = client.get(address).content.decode()
    assert "This opens an incident at once" in form
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(address, {"happened_on": TODAY.isoformat(), "note": "not in the safe"})
    assert answer.status_code == 302
    assert Incident.objects.get().batch_id == batch.pk
    assert 'data-tone="alarm">lost' in client.get(batch.get_absolute_url()).content.decode()
    shown = client.get(reverse("holdings:batches")).content.decode()
    assert batch.name in shown, "what is missing stays in the list"
    back = reverse("holdings:batch_report", args=[batch.pk, "recovery"])
    found = {"happened_on": TODAY.isoformat(), "note": "behind the safe", "place": "Store 2"}
    assert client.post(back, found).status_code == 302
    row = batches_for(works).get()
    assert (row.state, row.place) == (BatchState.HELD, "Store 2")
