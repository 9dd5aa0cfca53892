"""The register as tables: columns of sources, of what was reported of them, and of holders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Q, QuerySet

from tocsin.server.exports import Places
from tocsin.server.marking.policy import Reader
from tocsin.server.register import particulars
from tocsin.server.register.models import Holder, Source, Transaction

AT_ONCE = 500
"""Sources whose steps are asked of the database in one question."""
AS_THEY_ARE = (
    *("made_on", *particulars.TEXTS, *particulars.DATES, *particulars.OTHERS),
    *("storage_until", "end_of_life", "leaking", "elsewhere_until"),
    *("sent_on", "arrival_on", "receipt_due", "checked_at", "unchecked_since", "check_due"),
    *("mistake_since", "correction_due"),
)
"""Fields of a source that a table gives as they are."""
SOURCE_COLUMNS = (
    *("source", "reference", "holder", "nuclides", "activity_Bq", "reference_date"),
    *("category", "A_over_D", "manufacturer", "model", "serial", "device"),
    *("device_serial", "practice", "status", "since", "leak_test_on"),
    *AS_THEY_ARE,
)
PLACES = Places(("place", "elsewhere_place"), ~Q(place="") | ~Q(elsewhere_place=""))
"""Columns that stand behind these where the reader is cleared for so many places together."""
STEP_COLUMNS = (
    *("source", "reference", "number", "kind", "happened_on", "reported_at_UTC", "person"),
    *("holder", "note", "late", "law", "due_at_UTC"),
)
HOLDER_COLUMNS = ("holder", "licence", "licence_until", "organisation", "sources_held")
ADDRESSES = Places(("address",), ~Q(address=""))


def source_cells(row: Source) -> tuple[object, ...]:
    """Cells of a source without its places; the exact one is told for a reason only."""
    return (
        row.name,
        row.reference,
        row.holder.name,
        row.nuclides,
        "; ".join(f"{c['activity_Bq']!r}" for c in row.contents),
        "; ".join(c["reference_date"] for c in row.contents),
        row.category,
        row.ratio_A_over_D,
        row.manufacturer,
        row.model,
        row.serial,
        row.device,
        row.device_serial,
        row.practice,
        row.status,
        str(row.since),
        str(row.leak_test_on or ""),
        *(told(getattr(row, name)) for name in AS_THEY_ARE),
    )


def told(value: object) -> str:
    """A field as a table has it, and as an import reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def holder_cells(row: Holder, held: int) -> tuple[object, ...]:
    """Cells of a holder without its address."""
    return (
        row.name,
        row.licence,
        str(row.licence_until or ""),
        row.organisation.name if row.organisation else "",
        held,
    )


def steps_of(reader: Reader, sources: Sequence[Source]) -> Iterator[tuple[object, ...]]:
    """Cells of what was reported of some sources, as far as the reader sees it.

    The register sees all. People of a holder see what was reported since they hold a source: what
    a former holder wrote, and who, is not theirs.
    """
    for start in range(0, len(sources), AT_ONCE):
        part = {row.pk: row for row in sources[start : start + AT_ONCE]}
        asked: QuerySet[Transaction] = Transaction.objects.filter(source__in=list(part))
        steps = list(asked.select_related("by", "holder").order_by("source_id", "number"))
        since: dict[object, int] = {}
        for step in steps:
            own = part[step.source_id].originator_id == reader.person.organisation_id
            # a transfer, or a correction that names another holder
            if "holder" in step.before and not own:
                since[step.source_id] = step.number
        for step in steps:
            if step.number > since.get(step.source_id, 0):
                yield _step_cells(part[step.source_id], step)


def _step_cells(source: Source, step: Transaction) -> tuple[object, ...]:
    return (
        source.name,
        source.reference,
        step.number,
        step.kind,
        str(step.happened_on),
        step.at,
        step.by.name if step.by else "",
        step.holder.name if step.holder else "",
        step.note,
        step.late,
        step.law,
        step.due_at,
    )
