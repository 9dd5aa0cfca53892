"""Inspections, findings until they are verified, and the order in which holders are inspected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from register_entries import GIVEN
from tests.server.conftest import SetClock

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.duties.models import Clock, Notice
from tocsin.server.duties.services import run_due
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.oversight.models import (
    Discrepancy,
    Finding,
    FindingStep,
    Grade,
    Inspection,
    Looked,
    Sight,
    Trouble,
)
from tocsin.server.oversight.planning import candidates
from tocsin.server.oversight.reading import findings_for, inspections_for, last_looks, late_findings
from tocsin.server.oversight.services import inspecting
from tocsin.server.oversight.services.inspecting import Sighting, may_step
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import register_source, report

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 3, 3)
SOON = dt.date(2026, 3, 20)


@pytest.fixture
def planned(officer: Reader, sources: list[Source]) -> Inspection:
    """An inspection of which the holder does not know."""
    return inspecting.plan(
        officer, sources[0].holder, planned_on=TODAY, announced=False, reason="first inspection"
    )


def done(officer: Reader, row: Inspection, *sightings: Sighting) -> Inspection:
    return inspecting.carry_out(
        officer,
        row,
        done_on=TODAY,
        present="radiation protection officer",
        answers={"licence": Looked.YES, "leak_tests": Looked.NO},
        sightings=sightings,
    )


@pytest.fixture
def finding(officer: Reader, planned: Inspection) -> Finding:
    """A leak test that was not made."""
    return inspecting.find(
        officer,
        done(officer, planned),
        grade=Grade.MINOR,
        requirement="leak tests once a year",
        due_on=SOON,
    )


def test_the_holder_sees_nothing_of_an_unannounced_inspection_before_it_was_done(
    officer: Reader, works: Reader, planned: Inspection
) -> None:
    assert not inspections_for(works).exists()
    announced = inspecting.plan(
        officer, planned.holder, planned_on=SOON, announced=True, reason="interval"
    )
    assert list(inspections_for(works)) == [announced]
    done(officer, planned)
    assert set(inspections_for(works)) == {announced, planned}


def test_what_differs_and_what_is_not_seen_becomes_a_discrepancy(
    officer: Reader, planned: Inspection, sources: list[Source]
) -> None:
    with pytest.raises(Refused, match="say what differs"), transaction.atomic():
        done(officer, planned, Sighting(sources[0], Sight.DIFFERS))
    done(
        officer,
        planned,
        Sighting(sources[0], Sight.SEEN),
        Sighting(sources[1], Sight.DIFFERS, "the plate says IR1007"),
        Sighting(sources[2], Sight.NOT_SEEN),
    )
    found = {d.source_id: (d.trouble, d.what) for d in Discrepancy.objects.all()}
    assert found == {
        sources[1].pk: (Trouble.DIFFERS, "the plate says IR1007"),
        sources[2].pk: (Trouble.NOT_SEEN, "not seen"),
    }
    looks = last_looks(officer, sources[0])
    assert looks.seen is not None
    assert looks.seen.on == TODAY


def test_a_table_without_places_is_not_marked_as_if_it_had_them(
    person: Callable[..., Person],
    officer: Reader,
    planned: Inspection,
    sources: list[Source],
    signed_in: Callable[[Person], Client],
    few_places: None,
) -> None:
    done(officer, planned, *(Sighting(source, Sight.SEEN) for source in sources))
    cleared = person("register_officer", of="authority", kind="regulator", clearance=3)
    for who in (officer.person, cleared):
        table = signed_in(who).get(reverse("oversight:seen_csv", args=[planned.pk]))
        text = table.content.decode()
        assert sources[0].name in text
        assert "SECRET" not in text
        assert "without places" not in text


def test_an_inspection_is_done_once_and_not_tomorrow(
    officer: Reader, works: Reader, planned: Inspection
) -> None:
    with pytest.raises(Refused, match="future"):
        inspecting.carry_out(
            officer,
            planned,
            done_on=TODAY + dt.timedelta(days=2),
            present="keeper",
            answers={},
            sightings=(),
        )
    with pytest.raises(Refused, match="roles"):
        done(works, planned)
    done(officer, planned)
    with pytest.raises(Refused, match="not planned any more"):
        done(officer, planned)
    with pytest.raises(Refused, match="not planned any more"):
        inspecting.cancel(officer, planned, note="late")


def test_moved_and_cancelled_with_a_reason(officer: Reader, planned: Inspection) -> None:
    with pytest.raises(Refused, match="Say why"):
        inspecting.move(officer, planned, planned_on=SOON, note=" ")
    inspecting.move(officer, planned, planned_on=SOON, note="keeper is ill")
    inspecting.cancel(officer, planned, note="moved away")
    steps = [(e.step, e.note) for e in planned.events.all()]
    assert steps == [
        ("planned", "first inspection"),
        ("moved", "keeper is ill"),
        ("cancelled", "moved away"),
    ]


def test_the_holder_mends_and_an_officer_verifies(
    officer: Reader, works: Reader, finding: Finding
) -> None:
    assert list(findings_for(works)) == [finding]
    assert may_step(works, finding) == [FindingStep.DONE]
    with pytest.raises(Refused, match="Nobody has said"):
        inspecting.verify(officer, finding, note="seen")
    finding = inspecting.say_done(works, finding, note="tests made on 2026-03-10")
    with pytest.raises(Refused, match="roles"):
        inspecting.verify(works, finding, note="fine")
    finding = inspecting.verify(officer, finding, note="certificates seen")
    assert (finding.state, finding.done_by, finding.verified_by) == (
        FindingStep.CLOSED,
        works.person,
        officer.person,
    )
    assert Clock.objects.get(subject_id=finding.pk).end.met


def test_who_says_that_it_is_done_does_not_verify_it(
    officer: Reader, second: Reader, finding: Finding
) -> None:
    finding = inspecting.say_done(officer, finding, note="told by telephone")
    assert FindingStep.CLOSED not in may_step(officer, finding)
    with pytest.raises(Refused, match="Another person"):
        inspecting.verify(officer, finding, note="seen")
    assert FindingStep.CLOSED in may_step(second, finding)
    inspecting.verify(second, finding, note="seen")


def test_the_database_itself_refuses_the_same_person(officer: Reader, finding: Finding) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(pk=finding.pk).update(
            done_by=officer.person, verified_by=officer.person
        )


def test_not_accepted_and_opened_again_keep_their_history(
    officer: Reader, works: Reader, finding: Finding
) -> None:
    finding = inspecting.say_done(works, finding, note="done")
    finding = inspecting.open_again(officer, finding, note="one is missing")
    assert finding.state == FindingStep.OPEN
    finding = inspecting.say_done(works, finding, note="now all")
    finding = inspecting.verify(officer, finding, note="seen")
    finding = inspecting.open_again(
        officer, finding, note="certificates are false", due_on=dt.date(2026, 4, 1)
    )
    steps = [e.step for e in finding.events.all()]
    assert steps == ["open", "done", "refused", "done", "closed", "reopened"]
    running = Clock.objects.get(subject_id=finding.pk, end=None)
    assert running.due_at.date() == dt.date(2026, 4, 1)


def test_an_overdue_action_is_counted_and_called_for(
    officer: Reader, works: Reader, finding: Finding, clock: SetClock
) -> None:
    clock.at = dt.datetime(2026, 3, 20, 23, 0, tzinfo=dt.UTC)
    assert not late_findings(findings_for(officer), now().date()).exists()
    clock.move(hours=2)
    run_due(now())
    assert late_findings(findings_for(officer), now().date()).get() == finding
    assert Notice.objects.filter(address="/duties/clocks/").count() == 1
    inspecting.say_done(works, finding, note="done")
    assert late_findings(findings_for(officer), now().date()).exists(), "nobody has verified it"


def test_another_due_day_has_its_own_clock(officer: Reader, finding: Finding) -> None:
    inspecting.set_due(officer, finding, due_on=dt.date(2026, 5, 1), note="part is ordered")
    clocks = Clock.objects.filter(subject_id=finding.pk).order_by("due_at")
    assert [c.due_at.date() for c in clocks] == [SOON, dt.date(2026, 5, 1)]
    assert not clocks[0].end.met


def test_the_order_of_inspection_says_why(
    officer: Reader, holder: Holder, sources: list[Source], clock: SetClock
) -> None:
    mild = GIVEN | {"holder": "School", "activity": "37 MBq", "nuclide": "Cs-137"}
    register_source(officer, entry_of(mild | {"practice": "calibration"}, today=TODAY))
    lost = GIVEN | {"holder": "Logging", "activity": "37 MBq", "nuclide": "Cs-137", "serial": "L"}
    gone = register_source(officer, entry_of(lost, today=TODAY))
    register_source(officer, entry_of(lost | {"serial": "L2"}, today=TODAY))
    report(officer, gone, Kind.LOSS, happened_on=TODAY, note="not in the van")
    order = candidates(officer)
    assert [c.holder.name for c in order] == ["Logging", "Harbour Works", "School"]
    assert order[0].reasons[0] == "1 source is missing"
    assert order[1].reasons == ("never inspected; category 2",)
    row = inspecting.plan(officer, holder, planned_on=TODAY, announced=True, reason="x")
    done(officer, row)
    clock.move(days=1)
    after = {c.holder.name: c for c in candidates(reader_of(officer.person))}
    assert (after["Harbour Works"].late, after["Harbour Works"].due) == (False, dt.date(2027, 3, 3))
    assert [c.holder.name for c in candidates(reader_of(officer.person))][-1] == "Harbour Works"


def test_the_form_of_an_inspection_keeps_what_was_typed_when_something_is_missing(
    officer: Reader,
    planned: Inspection,
    sources: list[Source],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(officer.person)
    address = reverse("oversight:inspection_done", args=[planned.pk])
    given: dict[str, Any] = {
        "done_on": "2026-03-03",
        "present": "store keeper",
        "check-licence": "yes",
        f"sight-{sources[0].pk}": "differs",
        f"differs-{sources[0].pk}": "",
    }
    answer = browser.post(address, given)
    assert answer.status_code == 200
    assert "say what differs" in answer.content.decode()
    assert "store keeper" in answer.content.decode()
    given[f"differs-{sources[0].pk}"] = "plate is gone"
    assert browser.post(address, given).status_code == 302
    planned.refresh_from_db()
    assert planned.state == "done"
    assert {c.question: c.answer for c in planned.checks.all()} == {"licence": "yes"}
