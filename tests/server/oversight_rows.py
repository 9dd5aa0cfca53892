"""Rows of oversight of which every text holds a canary, and the routes that name them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.models import (
    GoalState,
    Grade,
    How,
    Item,
    Looked,
    Outcome,
    Part,
    Reason,
    Sight,
)
from tocsin.server.oversight.services import assessing, inspecting, reconciling, searching
from tocsin.server.oversight.services.inspecting import Sighting
from tocsin.server.register.models import Source


def oversight_rows(officer: Reader, source: Source, canary: str) -> dict[str, dict[str, Any]]:
    """Fill all tables of oversight and say which row each route names."""
    today = officer.at.date()
    later = today + dt.timedelta(days=30)
    holder = source.holder
    inspection = inspecting.plan(
        officer, holder, planned_on=today, announced=True, reason=f"why {canary}"
    )
    inspecting.carry_out(
        officer,
        inspection,
        done_on=today,
        present=f"keeper {canary}",
        answers={"licence": Looked.NO},
        sightings=[Sighting(source, Sight.DIFFERS, f"serial {canary}")],
        note=f"note {canary}",
    )
    finding = inspecting.find(
        officer,
        inspection,
        grade=Grade.GRAVE,
        requirement=f"paragraph {canary}",
        due_on=later,
    )
    assessing.assess(
        officer,
        holder,
        place=source.place,
        goal="B-D1",
        state=GoalState.NOT_MET,
        looked_on=today,
        reference=canary,
    )
    year = reconciling.open_reconciliation(officer, year=today.year)
    part = Part.objects.get(reconciliation=year, holder=holder)
    item = Item.objects.get(part=part, source=source)
    reconciling.answer(officer, item, here=False, how=How.TICK, note=f"gone {canary}")
    extra = reconciling.report_extra(officer, part, what=f"box {canary}", place=canary)
    campaign = searching.begin(
        officer,
        title=f"search {canary}",
        area=f"area {canary}",
        reason=Reason.OLD_LICENCE,
        history=f"history {canary}",
    )
    lead = searching.add_lead(officer, campaign, said_by=f"keeper {canary}", what=f"it {canary}")
    searching.add_search(
        officer,
        campaign,
        place=f"hall {canary}",
        on=today,
        searched_by=f"team {canary}",
        means=f"backpack {canary}",
        outcome=Outcome.UNCLEAR,
        note=canary,
    )
    searching.add_discovery(officer, campaign, what=f"can {canary}", on=today, source=source)
    of_holder = {"pk": holder.pk}
    of_part = {"pk": part.pk}
    rows: dict[str, dict[str, Any]] = {
        "oversight:finding": {"pk": finding.pk},
        "oversight:finding_step": {"pk": finding.pk, "step": "done"},
        "oversight:goal_look": {**of_holder, "goal": "B-D1"},
        "oversight:not_here": {**of_part, "item": item.pk},
        "oversight:lead_end": {"pk": campaign.pk, "lead": lead.pk},
        "oversight:label": {"pk": source.pk},
        "oversight:discrepancy": {"pk": extra.pk},
        "oversight:settle": {"pk": extra.pk},
    }
    for name in ("inspection_new", "goals", "goals_csv", "labels", "labels_pdf"):
        rows[f"oversight:{name}"] = of_holder
    for name in (
        *("inspection", "seen_csv", "inspection_done", "inspection_move", "inspection_cancel"),
        "finding_new",
    ):
        rows[f"oversight:{name}"] = {"pk": inspection.pk}
    for name in ("reconciliation", "parts_csv", "remind", "close"):
        rows[f"oversight:{name}"] = {"pk": year.pk}
    for name in ("part", "part_csv", "here", "photo", "extra", "complete"):
        rows[f"oversight:{name}"] = of_part
    for name in ("list", "answer"):
        rows[f"api:oversight_{name}"] = of_part
    for name in (
        *("campaign", "campaign_steps_csv", "lead_new", "search_new", "found_new"),
        "campaign_end",
    ):
        rows[f"oversight:{name}"] = {"pk": campaign.pk}
    return rows
