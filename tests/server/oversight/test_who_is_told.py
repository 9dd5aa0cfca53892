"""Oversight names no source that is closed to a reader, and closes with the work for a holder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.clock import now
from tocsin.server.marking.models import Release
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.oversight.models import Discrepancy, Grade, How, Looked, Part, Reason
from tocsin.server.oversight.reading import (
    discrepancies_for,
    findings_for,
    inspections_for,
    listed,
    parts_for,
)
from tocsin.server.oversight.services import inspecting, reconciling, searching
from tocsin.server.oversight.views import reconciliation
from tocsin.server.register.holders import change_holder
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import report

pytestmark = pytest.mark.django_db


@pytest.fixture
def part(officer: Reader, sources: list[Source]) -> Part:
    """What the holder is asked in the year 2026."""
    row = reconciling.open_reconciliation(officer, year=2026)
    return row.parts.get(holder=sources[0].holder)


def missing(works: Reader, part: Part, source: Source) -> Discrepancy:
    item = part.items.get(source=source)
    reconciling.answer(works, item, here=False, how=How.TICK, note="not in the bunker")
    return Discrepancy.objects.get(source=source)


def test_tables_and_programs_name_no_source_that_is_closed(
    officer: Reader,
    works: Reader,
    part: Part,
    sources: list[Source],
    signed_in: Callable[[Person], Client],
) -> None:
    campaign = searching.begin(
        officer,
        title="Mill",
        area="Riverside",
        reason=Reason.LAST_HOLDER,
        history="gauges were licensed",
    )
    for source in sources[:2]:
        missing(works, part, source)
        day = now().date()
        searching.add_discovery(officer, campaign, what="a gauge", on=day, source=source)
    closed, seen = sources[0], sources[1]
    Source.objects.filter(pk=closed.pk).update(level=3)
    client = signed_in(officer.person)
    for address in (
        reverse("oversight:discrepancies_csv"),
        reverse("oversight:campaign_steps_csv", args=[campaign.pk]),
    ):
        table = client.get(address).content.decode()
        assert seen.name in table, address
        assert closed.name not in table, address
    told = client.get("/api/1/oversight/discrepancies").json()["discrepancies"]
    assert {row["source"] for row in told} == {None, str(seen.pk)}


def test_what_is_closed_is_not_said_to_have_another_holder(
    officer: Reader, works: Reader, part: Part, sources: list[Source], holder: Holder
) -> None:
    Source.objects.filter(pk=sources[0].pk).update(level=3)
    other = Holder.objects.create(
        **{
            name: getattr(holder, name)
            for name in ("realm", "level", "tlp", "originator", "created_at", "created_by")
        },
        name="Mill",
    )
    report(works, sources[1], Kind.TRANSFER, happened_on=now().date(), receiver=other.name)
    rows = {row.item.source_id: row for row in listed(officer, part, part.items.all())}
    assert (rows[sources[0].pk].source, rows[sources[0].pk].moved) == (None, False)
    assert rows[sources[1].pk].moved


def test_it_closes_when_the_people_work_for_the_holder_no_longer(
    officer: Reader,
    works: Reader,
    part: Part,
    holder: Holder,
    sources: list[Source],
    person: Callable[..., Person],
) -> None:
    missing(works, part, sources[0])
    day = now().date()
    visit, hidden = (
        inspecting.plan(officer, holder, planned_on=day, announced=False, reason="r")
        for _ in range(2)
    )
    inspecting.carry_out(
        officer,
        visit,
        done_on=day,
        present="radiation protection officer",
        answers={"licence": Looked.YES},
        sightings=(),
    )
    visit.refresh_from_db()
    inspecting.find(officer, visit, grade=Grade.MINOR, requirement="leak tests", due_on=day)

    def shown(reader: Reader) -> list[int]:
        return [
            rows(reader).count()
            for rows in (inspections_for, findings_for, discrepancies_for, parts_for)
        ]

    assert shown(works) == [1, 1, 1, 1]
    after = reader_of(person("holder", of="successor", clearance=2))
    change_holder(
        officer,
        Holder.objects.get(pk=holder.pk),
        address="",
        licence="",
        licence_until=None,
        organisation=Organisation.objects.get(pk=after.person.organisation_id),
    )
    assert shown(works) == [0, 0, 0, 0]
    assert shown(after) == [1, 1, 1, 1], "what is to be corrected stays the holder's"
    assert not inspections_for(after).filter(pk=hidden.pk).exists()
    assert not Release.objects.filter(receiver=works.person.organisation, ended_at=None).exists()


def test_after_a_refused_answer_the_page_goes_on_where_it_stood(
    works: Reader,
    part: Part,
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconciliation, "PAGE_ROWS", 2)
    client = signed_in(works.person)
    answer = client.post(
        reverse("oversight:here", args=[part.pk]), {"code": "S-00000000", "scan": "1"}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'data-scan="on"' in page, "the camera was on"
    assert f'href="{part.get_absolute_url()}?&amp;page=2"' in page
    assert client.get(f"{part.get_absolute_url()}?&page=2").status_code == 200
