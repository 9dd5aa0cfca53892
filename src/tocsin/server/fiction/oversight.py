"""Inspections, goals, a reconciliation and a search campaign of the fictional State.

All of it is invented and written through the services, as an officer and a holder's person would.
"""

from __future__ import annotations

import datetime as dt

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.fiction.register import OFFICER
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.oversight.levels import places_of
from tocsin.server.oversight.models import (
    GoalState,
    Grade,
    How,
    Looked,
    Outcome,
    Part,
    Reason,
    Reconciliation,
    Sight,
)
from tocsin.server.oversight.services import assessing, inspecting, reconciling, searching
from tocsin.server.oversight.services.inspecting import Sighting
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder, Source

LEAST_HOLDERS = 3
OTHERS = 4
"""Further holders that have answered, on paper to the officer."""


def fill_oversight() -> None:
    """Fill oversight, unless something is there."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    own = officer.person.organisation_id
    if Reconciliation.objects.filter(originator=own).exists():
        return
    grave = _grave_holders(officer)
    if len(grave) < LEAST_HOLDERS:
        return  # a register too small to show anything of it
    holder = next((h for h in grave if h.organisation is not None and len(_held(h)) > 1), grave[0])
    people = Person.objects.filter(organisation=holder.organisation or officer.person.organisation)
    person = people.filter(assignments__role="holder").first()
    speaker = officer if person is None else reader_of(person)
    others = [h for h in grave if h.pk != holder.pk]
    _inspections(officer, speaker, holder, others)
    for body in (holder, others[0]):
        _goals(officer, body)
    _reconciliation(officer, speaker, holder, others)
    _campaign(officer)


def _now(reader: Reader) -> Reader:
    """The same person a moment later: what was opened since is seen."""
    return reader_of(reader.person)


def _grave_holders(officer: Reader) -> list[Holder]:
    held = Source.objects.filter(
        originator=officer.person.organisation_id, status__in=HELD, category__lte=2
    )
    return list(
        Holder.objects.filter(pk__in=held.values("holder"))
        .select_related("organisation", "originator")
        .order_by("name")
    )


def _held(holder: Holder) -> list[Source]:
    return list(Source.objects.filter(holder=holder, status__in=HELD).order_by("category", "pk"))


def _inspections(officer: Reader, speaker: Reader, holder: Holder, others: list[Holder]) -> None:
    today = now().date()
    visit = inspecting.plan(
        officer, holder, planned_on=today, announced=True, reason="Never inspected; category 2"
    )
    sources = _held(holder)
    inspecting.carry_out(
        officer,
        visit,
        done_on=today,
        present="Radiation safety officer, store keeper",
        answers={
            "licence": Looked.YES,
            "inventory": Looked.NO,
            "labels": Looked.NO,
            "leak_tests": Looked.YES,
            "disused": Looked.NOT_LOOKED,
        },
        sightings=[
            Sighting(sources[0], Sight.DIFFERS, "The plate gives another year of manufacture"),
            *(Sighting(source, Sight.SEEN) for source in sources[1:6]),
        ],
    )
    labels = inspecting.find(
        officer,
        visit,
        grade=Grade.MINOR,
        requirement="Every device bears a label with nuclide and activity",
        due_on=today + dt.timedelta(days=30),
    )
    inspecting.find(
        officer,
        visit,
        grade=Grade.GRAVE,
        requirement="The holder keeps an inventory of its own and brings it up to date",
        due_on=today + dt.timedelta(days=14),
    )
    inspecting.say_done(
        _now(speaker), labels, note="All devices were labelled; a list is attached."
    )
    inspecting.plan(
        officer,
        others[0],
        planned_on=today + dt.timedelta(days=10),
        announced=False,
        reason="The interval of its category is over",
    )


def _goals(officer: Reader, holder: Holder) -> None:
    today = now().date()
    place = places_of(officer, holder)[0]
    for number, row in enumerate(place.rows[:-2]):
        assessing.assess(
            officer,
            holder,
            place=place.name,
            goal=row.goal.code,
            state=GoalState.NOT_MET if number == 1 else GoalState.MET,
            looked_on=today,
            valid_until=today + dt.timedelta(days=365),
            reference="SEC 2026/17",
        )


def _reconciliation(officer: Reader, speaker: Reader, holder: Holder, others: list[Holder]) -> None:
    row = reconciling.open_reconciliation(officer, year=now().year)
    part = Part.objects.get(reconciliation=row, holder=holder)
    items = list(part.items.select_related("part__holder", "source"))
    for item in items[: len(items) // 2]:
        reconciling.answer(_now(speaker), item, here=True, how=How.SCAN)
    reconciling.answer(
        _now(speaker), items[0], here=False, how=How.TICK, note="Not in the store since the move."
    )
    reconciling.report_extra(
        _now(speaker), part, what="Old level gauge, Cs-137, plate not readable", place="Cellar"
    )
    for other in others[:OTHERS]:
        asked = Part.objects.get(reconciliation=row, holder=other)
        for item in asked.items.select_related("part__holder", "source"):
            reconciling.answer(officer, item, here=True, how=How.TICK)
        reconciling.complete(officer, asked)


def _campaign(officer: Reader) -> None:
    today = now().date()
    running = searching.begin(
        officer,
        title="Paper mill by the weir",
        area="Riverside, works by the weir",
        reason=Reason.LAST_HOLDER,
        history="Level gauges were licensed until 1994. The firm is gone; nothing was disposed of.",
    )
    told = searching.add_lead(
        officer, running, said_by="Former foreman", what="Two gauges were put into the cellar."
    )
    searching.add_lead(
        officer, running, said_by="Archive of the town", what="The hall was sold in 1996."
    )
    searching.add_search(
        officer,
        running,
        place="Cellar of the mill",
        on=today,
        searched_by="Search team of the laboratory",
        means="Backpack; spectrum to be linked",
        outcome=Outcome.UNCLEAR,
        note="Water in the lower room; to be searched again.",
    )
    searching.end_lead(officer, told, result="The cellar exists; searched in part.")
    searching.add_discovery(officer, running, what="Empty holder of a level gauge", on=today)
    done = searching.begin(
        officer,
        title="Schools of the old town",
        area="Old Town",
        reason=Reason.PRACTICE,
        history="Schools used small sources for teaching until the eighties.",
    )
    searching.add_search(
        officer,
        done,
        place="Six schools, collections of physics",
        on=today,
        searched_by="Inspectors of the authority",
        means="Hand-held identifier",
        outcome=Outcome.NOTHING,
    )
    searching.end(
        officer,
        done,
        result="Nothing was found; two schools had papers of a disposal.",
        lessons="Ask for papers of disposal first: it saves half of the visits.",
    )
