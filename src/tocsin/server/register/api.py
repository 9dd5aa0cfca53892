"""The register for programs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS, Detail, PlacedPage
from tocsin.server.exports import part_with_places
from tocsin.server.register.corrections import declare_wrong
from tocsin.server.register.entries import entry_of
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.reading import Filter, life_of, sources_for
from tocsin.server.register.services import register_source, report, steps
from tocsin.server.register.tables import PLACES

router = Router(tags=["register"])


class ContentOut(Schema):
    """What is in a source."""

    nuclide: str
    activity_Bq: float
    reference_date: dt.date


class SourceRow(Schema):
    """A source in a list."""

    id: UUID
    name: str
    reference: str
    holder: str
    contents: list[ContentOut]
    manufacturer: str
    model: str
    serial: str
    device: str
    device_serial: str
    practice: str
    place: str
    status: str
    since: dt.date
    category: int | None
    ratio_A_over_D: float | None
    category_until: dt.date | None
    leak_test_on: dt.date | None
    storage_until: dt.date | None
    sent_on: dt.date | None
    made_on: dt.date | None
    other_id: str
    source_type: str
    capsule_type: str
    material_form: str
    iso_class: str
    ansi_class: str
    special_form: str
    special_form_on: dt.date | None
    special_form_until: dt.date | None
    neutron: bool | None
    neutron_target: str
    neutron_flux_per_s: float | None
    supplier: str
    importer: str
    received_on: dt.date | None
    received_from: str
    use_kind: str
    remarks: str
    arrival_on: dt.date | None
    receipt_due: dt.date | None
    elsewhere_place: str
    elsewhere_until: dt.date | None
    end_of_life: str
    leaking: bool
    checked_at: dt.datetime | None
    unchecked_since: dt.date | None
    check_due: dt.date | None
    mistake_since: dt.date | None
    correction_due: dt.date | None
    realm: str
    level: int
    tlp: str


class TransactionOut(Schema):
    """What was reported of a source."""

    number: int
    kind: str
    happened_on: dt.date
    at: dt.datetime
    person: str
    holder: str
    note: str
    before: dict[str, Any]
    after: dict[str, Any]
    facts: dict[str, Any]
    corrects: int | None = Field(None, description="Number of the step that it corrects.")
    due_at: dt.datetime | None = Field(None, description="Until when it had to be reported.")
    law: str = Field(description="Country profile and duty of that period.")
    late: bool


class SourceOut(SourceRow):
    """A source with its life and what may be reported of it now."""

    coarse_place: tuple[float, float] | None = Field(
        None, description="Latitude and longitude to a tenth of a degree."
    )
    transactions: list[TransactionOut]
    may_report: list[str]


class SourceList(PlacedPage):
    """A part of the sources."""

    sources: list[SourceRow]


class SourceIn(Schema):
    """A source to be entered; several nuclides are divided by semicolons."""

    holder: str = Field(min_length=1, max_length=200)
    nuclide: str = Field(min_length=1, max_length=200)
    activity: str = Field(min_length=1, max_length=200, description="With unit, as `3.7 GBq`")
    reference_date: str = Field(min_length=1, max_length=200)
    reference: str = Field("", max_length=60)
    manufacturer: str = Field("", max_length=120)
    model: str = Field("", max_length=120)
    serial: str = Field("", max_length=100)
    device: str = Field("", max_length=200)
    device_serial: str = Field("", max_length=100)
    practice: str = Field("", max_length=40)
    place: str = Field("", max_length=200)
    latitude: str = Field("", max_length=20)
    longitude: str = Field("", max_length=20)
    made_on: str = Field("", max_length=10)
    leak_test_on: str = Field("", max_length=10)
    other_id: str = Field("", max_length=200)
    source_type: str = Field("", max_length=120)
    capsule_type: str = Field("", max_length=120)
    material_form: str = Field("", max_length=120)
    iso_class: str = Field("", max_length=60)
    ansi_class: str = Field("", max_length=60)
    special_form: str = Field("", max_length=80)
    special_form_on: str = Field("", max_length=10)
    special_form_until: str = Field("", max_length=10)
    neutron: str = Field("", max_length=5, description="`yes` or `no`")
    neutron_target: str = Field("", max_length=40)
    neutron_flux_per_s: str = Field("", max_length=20)
    supplier: str = Field("", max_length=200)
    importer: str = Field("", max_length=200)
    received_on: str = Field("", max_length=10)
    received_from: str = Field("", max_length=200)
    use_kind: str = Field("", max_length=7, description="`fixed`, `storage` or `mobile`")
    remarks: str = Field("", max_length=1000)
    came: str = Field(
        "",
        max_length=12,
        description="`registration`, `manufacture`, `import`, `receipt` or `find`",
    )
    note: str = Field("", max_length=4000, description="Needed with a find.")


class ReportIn(Schema):
    """What happened to a source."""

    kind: Kind
    happened_on: dt.date
    note: str = Field("", max_length=4000)
    receiver: str = Field("", max_length=200, description="Exact name or licence number")
    place: str = Field("", max_length=200)
    storage_until: dt.date | None = None
    facts: dict[str, str] = Field(
        {}, description="As `result` of a leak test or `manifest` of a transfer.", max_length=12
    )
    seen: int | None = Field(
        None, ge=1, description="Number of the last step that was seen: refused if one came since."
    )


class WrongIn(Schema):
    """Why a report is declared wrong."""

    reason: str = Field(min_length=1, max_length=4000)
    seen: int = Field(ge=1, description="Number of the last step that was seen.")
    found_on: dt.date | None = None


def _row(source: Source) -> dict[str, Any]:
    fields = {f.name: getattr(source, f.name) for f in Source._meta.fields}
    return fields | {"name": source.name, "holder": source.holder.name}


def _step(step: Transaction) -> dict[str, Any]:
    fields = {f.name: getattr(step, f.name) for f in step._meta.fields}
    return fields | {
        "person": step.by.name if step.by else "",
        "holder": step.holder.name if step.holder else "",
        "corrects": step.corrects.number if step.corrects else None,
    }


def _full(request: HttpRequest, source: Source) -> dict[str, Any]:
    reader = reader_of_request(request)
    return _row(source) | {
        "coarse_place": source.coarse_place,
        "transactions": [_step(step) for step in life_of(reader, source)],
        "may_report": [kind.value for kind in steps(reader, source)],
    }


@router.get("/sources", response=SourceList, url_name="register_sources")
def source_list(
    request: HttpRequest,
    text: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=10)] = "",
    category: Annotated[str, Query(max_length=4)] = "",
    nuclide: Annotated[str, Query(max_length=20)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """Sources that I may see, the newest entry first."""
    reader = reader_of_request(request)
    given = {"text": text, "status": status, "category": category, "nuclide": nuclide}
    rows = Filter.of(given).apply(sources_for(reader), reader.at.date())
    shown, about = part_with_places(reader, rows, offset, limit, PLACES)
    return about | {"sources": [_row(source) for source in shown]}


@router.post("/sources", response={200: SourceOut, 422: Detail}, url_name="register_sources")
def source_new(request: HttpRequest, given: SourceIn) -> Any:
    """Enter a source."""
    reader = reader_of_request(request)
    try:
        row = register_source(reader, entry_of(given.dict(), today=reader.at.date()))
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _full(request, row)


@router.get(
    "/sources/{uuid:pk}", response={200: SourceOut, 404: Detail}, url_name="register_source"
)
def source(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One source with its life."""
    return _full(request, get_object_or_404(sources_for(reader_of_request(request)), pk=pk))


@router.post(
    "/sources/{uuid:pk}/transactions",
    response={200: TransactionOut, 404: Detail, 422: Detail},
    url_name="register_report",
)
def report_step(request: HttpRequest, pk: UUID, given: ReportIn) -> Any:
    """Report what happened to a source."""
    reader = reader_of_request(request)
    row = get_object_or_404(sources_for(reader), pk=pk)
    try:
        step = report(
            reader,
            row,
            given.kind,
            happened_on=given.happened_on,
            note=given.note,
            receiver=given.receiver,
            place=given.place,
            storage_until=given.storage_until,
            facts=given.facts,
            seen=given.seen,
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _step(step)


@router.post(
    "/sources/{uuid:pk}/transactions/{int:number}/wrong",
    response={200: TransactionOut, 404: Detail, 422: Detail},
    url_name="register_wrong",
)
def step_wrong(request: HttpRequest, pk: UUID, number: int, given: WrongIn) -> Any:
    """Declare that what a step reports did not happen."""
    reader = reader_of_request(request)
    row = get_object_or_404(sources_for(reader), pk=pk)
    try:
        step = declare_wrong(
            reader, row, number, reason=given.reason, seen=given.seen, found_on=given.found_on
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _step(step)
