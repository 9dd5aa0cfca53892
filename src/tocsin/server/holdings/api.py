"""The holdings for programs: devices, batches, shipments, models, and what lies together."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS, Detail, Page, PlacedPage
from tocsin.server.exports import part_with_places
from tocsin.server.holdings.amounts import Amount
from tocsin.server.holdings.models import Device, Element, Kind
from tocsin.server.holdings.reading import (
    MOST_PICKED,
    PLACES,
    batches_for,
    devices_for,
    inside,
    life_of,
    models_for,
    shipments_for,
    with_names,
)
from tocsin.server.holdings.services.devices import (
    DeviceEntry,
    put_in,
    register_device,
    report_device,
    take_out,
)
from tocsin.server.holdings.services.material import BatchEntry, receive
from tocsin.server.holdings.together import together
from tocsin.server.marking.models import Marked
from tocsin.server.register.reading import sources_for
from tocsin.server.typed import plain

router = Router(tags=["holdings"])
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]


class Row(Schema):
    """What every row has."""

    id: UUID
    name: str
    realm: str
    level: int
    tlp: str


class StepOut(Schema):
    """What was reported."""

    number: int
    kind: str
    happened_on: dt.date
    at: dt.datetime
    note: str
    source: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]


class DeviceRow(Row):
    """A device in a list."""

    holder: str
    maker: str
    model: str
    serial: str
    practice: str
    place: str
    status: str
    since: dt.date


class DeviceOut(DeviceRow):
    """A device with what is in it, and its life."""

    sources: list[UUID]
    steps: list[StepOut]


class DeviceList(PlacedPage):
    """A part of the devices."""

    devices: list[DeviceRow]


class DeviceIn(Schema):
    """A device to be entered."""

    holder: str = Field(min_length=1, max_length=200)
    maker: str = Field("", max_length=120)
    model: str = Field("", max_length=120)
    serial: str = Field("", max_length=100)
    practice: str = Field("", max_length=32)
    place: str = Field("", max_length=200)


class DeviceReportIn(Schema):
    """What befell a device; each source in it is told of it."""

    kind: Kind
    happened_on: dt.date
    note: str = Field("", max_length=4000)
    receiver: str = Field("", max_length=200, description="Exact name or licence number")
    place: str = Field("", max_length=200)
    source: UUID | None = Field(None, description="Needed with `put_in` and `taken_out`.")


class BatchRow(Row):
    """A batch of material; masses of the element in g, uncertainties with k = 1."""

    holder: str
    place: str
    reference: str
    element: str
    nuclide: str
    form: str
    items: int
    mass_g: float | None
    mass_u_g: float | None
    activity_Bq: float | None
    activity_u_Bq: float | None
    activity_on: dt.date | None
    u235_percent: float | None
    pu238_percent: float | None
    irradiated: bool
    state: str
    since: dt.date


class BatchOut(BatchRow):
    """A batch with its life."""

    steps: list[StepOut]


class BatchList(PlacedPage):
    """A part of the batches."""

    batches: list[BatchRow]


class BatchIn(Schema):
    """A batch that a holder has received; its mass is what the receiver has found."""

    holder: str = Field(min_length=1, max_length=200)
    reference: str = Field(min_length=1, max_length=80)
    element: Element
    items: int = Field(ge=1, le=1_000_000)
    received_on: dt.date
    mass_g: float | None = None
    mass_u_g: float | None = None
    activity_Bq: float | None = None
    activity_u_Bq: float | None = None
    activity_on: dt.date | None = None
    nuclide: str = Field("", max_length=20)
    form: str = Field("", max_length=120)
    place: str = Field("", max_length=200)
    u235_percent: float | None = None
    pu238_percent: float | None = None
    irradiated: bool = False
    shipper_name: str = Field("", max_length=200)
    shipper_g: float | None = Field(None, ge=0)
    shipper_u_g: float | None = Field(None, ge=0)
    note: str = Field("", max_length=4000)


class ShipmentOut(Row):
    """A shipment and the sources on it that may be seen."""

    reference: str
    sender: str
    receiver: str
    leaves_on: dt.date
    arrives_on: dt.date | None
    state: str
    sources: list[UUID]


class ShipmentList(Page):
    """A part of the shipments."""

    shipments: list[ShipmentOut]


class ModelOut(Schema):
    """A model of the catalogue."""

    id: UUID
    kind: str
    maker: str
    maker_aliases: list[str]
    name: str
    aliases: list[str]
    nuclides: list[str]
    least_Bq: float | None
    most_Bq: float | None
    serial_form: str
    looks: str
    note: str
    said_by: str


class ModelList(Page):
    """A part of the catalogue."""

    models: list[ModelOut]


class TogetherIn(Schema):
    """Sources that are together, and the day they are looked at."""

    sources: list[UUID] = Field(min_length=1, max_length=MOST_PICKED)
    on: dt.date


class TogetherOut(Schema):
    """What sources are together."""

    on: dt.date
    category: int | None
    security_level: str | None
    ratio_A_over_D: float | None
    next_boundary: float | None
    room: float | None
    changes_on: dt.date | None
    then: int | None
    one_more_like: UUID | None
    category_with_one_more: int | None
    not_verified: list[str]
    reasons: list[str]


def _fields(row: Marked) -> dict[str, Any]:
    fields = {f.name: getattr(row, f.name) for f in row._meta.fields}
    fields["name"] = getattr(row, "name", "")
    if "holder" in fields:
        fields["holder"] = fields["holder"].name
    return fields


def _life(request: HttpRequest, row: Marked) -> list[dict[str, Any]]:
    steps = life_of(reader_of_request(request), row)
    return [
        {f.name: getattr(s, f.name) for f in s._meta.fields} | {"source": s.source_id}
        for s in steps
    ]


def _part(rows: QuerySet[Any], offset: int, limit: int) -> dict[str, Any]:
    return {"total": rows.count(), "offset": offset, "limit": limit}


def _device(request: HttpRequest, row: Device) -> dict[str, Any]:
    sources = [source.pk for source in inside(reader_of_request(request), row)]
    return _fields(row) | {"sources": sources, "steps": _life(request, row)}


@router.get("/devices", response=DeviceList, url_name="holdings_devices")
def device_list(request: HttpRequest, offset: Offset = 0, limit: Limit = 50) -> dict[str, Any]:
    """Devices, the newest entry first."""
    reader = reader_of_request(request)
    shown, about = part_with_places(reader, devices_for(reader), offset, limit, PLACES)
    return about | {"devices": [_fields(row) for row in shown]}


@router.post("/devices", response={201: DeviceOut, 422: Detail}, url_name="holdings_devices")
def device_new(request: HttpRequest, given: DeviceIn) -> Any:
    """Enter a device."""
    values = given.dict()
    try:
        row = register_device(
            reader_of_request(request), values.pop("holder"), DeviceEntry(**values)
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _device(request, row))


@router.get("/devices/{uuid:pk}", response=DeviceOut, url_name="holdings_device")
def device(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One device."""
    row = get_object_or_404(devices_for(reader_of_request(request)), pk=pk)
    return _device(request, row)


@router.post(
    "/devices/{uuid:pk}/report",
    response={200: StepOut, 422: Detail},
    url_name="holdings_device_report",
)
def device_report(request: HttpRequest, pk: UUID, given: DeviceReportIn) -> Any:
    """Report what befell a device."""
    reader = reader_of_request(request)
    row = get_object_or_404(devices_for(reader), pk=pk)
    day, note = given.happened_on, given.note
    try:
        if given.kind in {Kind.PUT_IN, Kind.TAKEN_OUT}:
            source = get_object_or_404(sources_for(reader), pk=given.source)
            move = put_in if given.kind is Kind.PUT_IN else take_out
            step = move(reader, row, source, happened_on=day, note=note)
        else:
            step = report_device(
                reader,
                row,
                given.kind,
                happened_on=day,
                note=note,
                receiver=given.receiver,
                place=given.place,
            )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return {f.name: getattr(step, f.name) for f in step._meta.fields} | {"source": step.source_id}


@router.get("/batches", response=BatchList, url_name="holdings_batches")
def batch_list(request: HttpRequest, offset: Offset = 0, limit: Limit = 50) -> dict[str, Any]:
    """Batches, the newest entry first."""
    reader = reader_of_request(request)
    shown, about = part_with_places(reader, batches_for(reader), offset, limit, PLACES)
    return about | {"batches": [_fields(row) for row in shown]}


@router.post("/batches", response={201: BatchOut, 422: Detail}, url_name="holdings_batches")
def batch_new(request: HttpRequest, given: BatchIn) -> Any:
    """Enter a batch that was received."""
    values = given.dict()
    apart = ("holder", "received_on", "shipper_name", "shipper_g", "shipper_u_g", "note")
    about = {name: values.pop(name) for name in apart}
    stated = about["shipper_g"]
    try:
        row = receive(
            reader_of_request(request),
            about["holder"],
            BatchEntry(**values),
            happened_on=about["received_on"],
            shipper=None if stated is None else Amount(stated, about["shipper_u_g"]),
            shipper_name=about["shipper_name"],
            note=about["note"],
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _fields(row) | {"steps": _life(request, row)})


@router.get("/batches/{uuid:pk}", response=BatchOut, url_name="holdings_batch")
def batch(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One batch."""
    row = get_object_or_404(batches_for(reader_of_request(request)), pk=pk)
    return _fields(row) | {"steps": _life(request, row)}


@router.get("/shipments", response=ShipmentList, url_name="holdings_shipments")
def shipment_list(request: HttpRequest, offset: Offset = 0, limit: Limit = 50) -> dict[str, Any]:
    """Shipments, the latest first."""
    reader = reader_of_request(request)
    rows = shipments_for(reader)
    shown = []
    for row in rows[offset : offset + limit]:
        on_it = sources_for(reader).filter(pk__in=row.loads.values("source"))
        shown.append(
            _fields(row)
            | {
                "sender": row.sender.name,
                "receiver": row.to_whom,
                "sources": [source.pk for source in on_it],
            }
        )
    return _part(rows, offset, limit) | {"shipments": shown}


@router.get("/models", response=ModelList, url_name="holdings_models")
def model_list(
    request: HttpRequest,
    nuclide: Annotated[str, Query(max_length=20)] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Models of the catalogue, by maker."""
    rows = models_for(reader_of_request(request))
    if wanted := plain(nuclide):
        rows = with_names(rows).filter(Q(contents__icontains=f'"{wanted}"'))
    shown = [
        {f.name: getattr(row, f.name) for f in row._meta.fields}
        | {"maker": row.maker.name, "maker_aliases": row.maker.aliases}
        for row in rows[offset : offset + limit]
    ]
    return _part(rows, offset, limit) | {"models": shown}


@router.post("/together", response={200: TogetherOut, 422: Detail}, url_name="holdings_together")
def together_of(request: HttpRequest, given: TogetherIn) -> Any:
    """Category of sources that are together on a day; nothing is written."""
    reader = reader_of_request(request)
    sources = list(sources_for(reader).filter(pk__in=given.sources))
    if len(sources) != len(set(given.sources)):
        return Status(422, {"detail": "not every source is one that you may see"})
    try:
        whole = together(sources, given.on)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    more = whole.one_more
    return {
        "on": whole.on,
        "category": whole.found.category,
        "security_level": whole.found.security_level,
        "ratio_A_over_D": whole.found.ratio_A_over_D,
        "next_boundary": whole.next_boundary,
        "room": whole.room,
        "changes_on": whole.changes_on,
        "then": whole.then,
        "one_more_like": more.source.pk if more else None,
        "category_with_one_more": more.category if more else None,
        "not_verified": [value.nuclide for value in whole.unverified],
        "reasons": [remark.message for remark in whole.found.remarks],
    }
