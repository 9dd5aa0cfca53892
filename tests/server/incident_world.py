"""Many incidents of several years with late reports and changed minds, drawn from a seed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.opening import Draft, Later, ObjectDraft, open_many
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Marked

KINDS = ("theft", "loss", "find", "possession", "detection", "scam")
NUCLIDES = ("Cs-137", "Ir-192", "Am-241", "Co-60", "Ra-226", "Ni-63", "I-131")
FIRST = dt.datetime(2019, 1, 3, tzinfo=dt.UTC)
LAST_DAY = dt.date(2026, 3, 3)


def draw_incidents(random: np.random.Generator, number: int) -> list[Draft]:
    return [_draft(random, at) for at in range(number)]


def _draft(random: np.random.Generator, at: int) -> Draft:
    start = FIRST + dt.timedelta(days=int(random.integers(0, 2500)))
    end = start + dt.timedelta(days=int(random.integers(0, 9)))
    known = end + dt.timedelta(days=float(random.exponential(20.0)))
    values: dict[str, Any] = {
        "title": f"incident {at}",
        "interval": {"from": start.isoformat(), "to": end.isoformat()},
        "status": "notified",
    }
    if random.random() < 0.95:
        values["kind"] = str(random.choice(KINDS))
    if random.random() < 0.7:
        values["transport"] = bool(random.random() < 0.4)
    edition, groups = (
        ("2024", ("I", "II", "III")) if random.random() < 0.85 else ("2007", ("other",))
    )
    if random.random() < 0.9:
        values["group"] = {"edition": edition, "group": str(random.choice(groups))}
    later = []
    changed = known + dt.timedelta(days=float(random.exponential(200.0)))
    if random.random() < 0.3:
        later.append(Later(changed, {"group": {"edition": "2024", "group": "III"}}, "judged anew"))
    if random.random() < 0.08:
        changed += dt.timedelta(days=10)
        later.append(Later(changed, {"status": str(random.choice(["denied", "withdrawn"]))}, "no"))
    if random.random() < 0.3:
        changed += dt.timedelta(days=3)
        share = str(random.choice(["all", "part", "none"]))
        on = (start + dt.timedelta(days=int(random.integers(0, 400)))).date().isoformat()
        stated = {"share": share, "on": on if share == "all" else None, "where": ""}
        later.append(Later(changed, {"recovered": stated}, "found"))
    objects = []
    if random.random() < 0.9:
        names = random.choice(NUCLIDES, size=int(random.integers(1, 3)), replace=False)
        contents = [
            {
                "nuclide": str(n),
                "activity_Bq": 10.0 ** float(random.uniform(7, 13)),
                "reference_date": start.date().isoformat(),
            }
            for n in names
        ]
        objects.append(ObjectDraft({"kind": "source", "contents": contents}))
    limit = dt.datetime.combine(LAST_DAY, dt.time(), tzinfo=dt.UTC)
    return Draft(
        values,
        tuple(objects),
        reason="drawn",
        known_at=min(known, limit),
        later=tuple(row for row in later if row.known_at < limit and row.known_at > known),
    )


def fill(actor: Any, subject: Marked, drafts: list[Draft]) -> list[Incident]:
    return open_many(
        actor,
        drafts,
        mark=mark_of(subject),
        originator=actor.organisation,
        origin="test",
        subject=subject,
    )
