"""What the register reports of a source or a batch, and the object that it is in an incident."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tocsin.server.accounts.models import Person
from tocsin.server.holdings.counted import nuclides_of
from tocsin.server.holdings.models import MISSING as MISSING_BATCHES
from tocsin.server.holdings.models import Batch, Element, Step
from tocsin.server.holdings.models import Kind as StepKind
from tocsin.server.incidents.facts import ObjectKind, gravest_class
from tocsin.server.register.life import MISSING, Kind
from tocsin.server.register.models import Source, Transaction

Row = Source | Batch


@dataclass(frozen=True, slots=True)
class Heard:
    """One report of the register.

    Parameters
    ----------
    row : Source or Batch
        Of what.
    kind : Kind
    number : int
        Of the step in the life of the row.
    happened_on : date
    at : datetime
        When it was reported.
    by : Person or None
    note : str
    on_its_way : bool
        Whether it had been sent to a receiver who had not confirmed that it came.
    corrects : int or None
        Number of the step that it declares wrong.
    """

    row: Row
    kind: Kind
    number: int
    happened_on: dt.date
    at: dt.datetime
    by: Person | None
    note: str
    on_its_way: bool
    corrects: int | None = None

    @classmethod
    def of_source(cls, row: Transaction) -> Heard:
        """What a transaction of a source says."""
        return cls(
            row.source,
            Kind(row.kind),
            row.number,
            row.happened_on,
            row.at,
            row.by,
            row.note,
            bool(row.before.get("sent_on")),
            row.corrects.number if row.corrects is not None else None,
        )

    @classmethod
    def of_batch(cls, step: Step) -> Heard:
        """What a step of a batch says."""
        last = Step.objects.filter(
            row_kind=step.row_kind,
            row_id=step.row_id,
            number__lt=step.number,
            kind__in=(StepKind.TRANSFER, StepKind.RECEIPT),
        ).last()
        return cls(
            Batch.objects.get(pk=step.row_id),
            Kind(step.kind),
            step.number,
            step.happened_on,
            step.at,
            step.by,
            step.note,
            last is not None and last.kind == StepKind.TRANSFER,
        )

    @property
    def told(self) -> str:
        """The report in one line, as notes of incidents keep it."""
        what = f" of step {self.corrects}" if self.corrects is not None else ""
        said = f"register, step {self.number}, {self.kind}{what} on {self.happened_on}"
        return f"{said}: {self.note}"[:4000]


def identity(row: Row) -> dict[str, Any]:
    """The field by which incidents and objects name it."""
    return {"source_id" if isinstance(row, Source) else "batch_id": row.pk}


def standing(row: Row) -> str:
    """How the register says that it is now; empty where it is missing."""
    if isinstance(row, Source):
        return "" if row.status in MISSING else str(row.status)
    return "" if row.state in MISSING_BATCHES else str(row.state)


def class_of(row: Row) -> str:
    """Class of the gravest nuclide in it."""
    return gravest_class(part["nuclide"] for part in _contents(row))


def described(row: Row) -> dict[str, Any]:
    """What is stated of the object that it is, by field of ``facts.OBJECT_FIELDS``."""
    values = _of_source(row) if isinstance(row, Source) else _of_batch(row)
    return {name: value for name, value in values.items() if value}


def _of_source(row: Source) -> dict[str, Any]:
    serials = [("source", row.serial), ("device", row.device_serial)]
    return {
        "kind": (ObjectKind.DEVICE if row.device else ObjectKind.SOURCE).value,
        "manufacturer": row.manufacturer,
        "model": row.model,
        "serials": [{"value": text, "of": of} for of, text in serials if text],
        "device_type": row.device,
        "contents": _contents(row),
        "category": row.category,
    }


def _of_batch(row: Batch) -> dict[str, Any]:
    other = row.element == Element.OTHER
    return {
        "kind": (ObjectKind.OTHER_MATERIAL if other else ObjectKind.NUCLEAR).value,
        "serials": [{"value": row.reference, "of": "unknown"}],
        "contents": _contents(row),
        "mass_g": row.mass_g,
        "enrichment_percent": row.u235_percent,
        "form": row.form,
    }


def _contents(row: Row) -> list[dict[str, Any]]:
    if isinstance(row, Source):
        names = ("nuclide", "activity_Bq", "reference_date")
        return [{name: part[name] for name in names} for part in row.contents]
    if row.element != Element.OTHER:
        # of nuclear material the mass is stated, not an activity
        return [{"nuclide": name} for name in nuclides_of(row)]
    day = row.activity_on.isoformat() if row.activity_on else None
    # what has no activity any more is named without one
    return [{"nuclide": row.nuclide, "activity_Bq": row.activity_Bq or None, "reference_date": day}]
