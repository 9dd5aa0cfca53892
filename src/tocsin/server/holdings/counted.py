"""Batches as licences count them: pieces of unsealed material with their activities.

A batch of other material counts with the activity that is written of it. Of nuclear material the
mass is what is known, and its activity follows from it: of uranium that of U-235 and U-238, of
plutonium that of Pu-238 and, for the rest, of Pu-239, which is the least that such plutonium can
have. U-234, Pu-240, Pu-241 and what has grown in are in no entry and count nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tocsin.forensics import convert_amount
from tocsin.forensics.halflives import SECONDS_PER_YEAR
from tocsin.nuclear import SourceActivity, load_library
from tocsin.server.holdings.models import Batch, BatchState, Element, Kind, Step
from tocsin.server.licensing.holding import ARRIVALS, INVENTORIES, Came
from tocsin.server.licensing.limits import Item, item_of
from tocsin.server.register.models import Holder

FORM = "unsealed"


def open_counting() -> None:
    """Let licences count batches; called when Django starts."""
    INVENTORIES.append(batches)
    ARRIVALS.append(batches_that_came)


def batches(holder: Holder, day: dt.date) -> list[Item]:
    """Batches that a holder has, those on the way to it among them."""
    rows = Batch.objects.filter(holder=holder, state=BatchState.HELD)
    return [_item(_values(row), day) for row in rows]


def batches_that_came(holder: Holder, since: dt.datetime) -> Iterator[Came]:
    """Batches that were sent to a holder, or entered with it, after a moment, as they were then."""
    came = Step.objects.filter(
        row_kind=Batch._meta.label_lower,
        kind__in=(Kind.TRANSFER, Kind.RECEIPT, Kind.REGISTRATION),
        holder=holder,
        at__gt=since,
    )
    for step in came.order_by("at", "pk"):
        before = Step.objects.filter(row_kind=step.row_kind, row_id=step.row_id)
        values: dict[str, Any] = {}
        for one in before.filter(number__lte=step.number).order_by("number"):
            values |= one.after
        if Batch.objects.filter(pk=step.row_id).exclude(state=BatchState.WITHDRAWN).exists():
            sender = str(step.before.get("holder", "")) if step.kind == Kind.TRANSFER else None
            yield Came(_item(values, step.happened_on), sender, step.at)


def nuclides_of(batch: Batch) -> list[str]:
    """Nuclides of a batch, as far as its entry tells."""
    if batch.element == Element.OTHER:
        return [batch.nuclide]
    return [name for name, mass_g in _masses_g(_values(batch)).items() if mass_g > 0.0]


def contents_of(batch: Batch) -> list[SourceActivity]:
    """Activities of one piece of a batch; empty where none is known."""
    return _contents(_values(batch))


def _item(values: dict[str, Any], day: dt.date) -> Item:
    contents = _contents(values)
    if not contents:
        # what has no activity counts as pieces of its nuclide
        return Item({values["nuclide"]: 0.0}, 0.0, False, FORM, values["items"])
    return item_of(contents, day, form=FORM, number=values["items"])


def _contents(values: dict[str, Any]) -> list[SourceActivity]:
    pieces = values["items"]
    if values["element"] == Element.OTHER:
        if values["activity_Bq"] is None:
            return []
        day = values["activity_on"]
        on = dt.date.fromisoformat(day) if isinstance(day, str) else day
        return [SourceActivity(values["nuclide"], values["activity_Bq"] / pieces, on)]
    return [
        SourceActivity(nuclide, _activity_Bq(nuclide, mass_g) / pieces, None)
        for nuclide, mass_g in _masses_g(values).items()
        if mass_g > 0.0
    ]


def _masses_g(values: dict[str, Any]) -> dict[str, float]:
    """Mass by nuclide, as far as the entry tells."""
    mass = values["mass_g"] or 0.0
    if values["element"] == Element.URANIUM:
        share = (values["u235_percent"] or 0.0) / 100.0
        return {"U-235": mass * share, "U-238": mass * (1.0 - share)}
    if values["element"] == Element.PLUTONIUM:
        share = (values["pu238_percent"] or 0.0) / 100.0
        return {"Pu-238": mass * share, "Pu-239": mass * (1.0 - share)}
    return {"U-233" if values["element"] == Element.URANIUM_233 else "Th-232": mass}


def _activity_Bq(nuclide: str, mass_g: float) -> float:
    half_life_y = load_library()[nuclide].half_life_s / SECONDS_PER_YEAR
    return convert_amount(mass_g, "g", "Bq", nuclide=nuclide, half_life_y=half_life_y)


def _values(batch: Batch) -> dict[str, Any]:
    names = ("element", "nuclide", "items", "mass_g", "activity_Bq", "activity_on")
    return {n: getattr(batch, n) for n in (*names, "u235_percent", "pu238_percent")}
