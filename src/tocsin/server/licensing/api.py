"""Licences and the check of orders for programs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from tocsin.errors import InvalidInput
from tocsin.server.access import reader_of_request
from tocsin.server.answers import MOST_ROWS, Detail, Page
from tocsin.server.licensing.keys import confirmation_code, trusted_keys
from tocsin.server.licensing.models import Licence, Order, OrderState, Reason
from tocsin.server.licensing.orders import (
    MOST_LINES,
    TOLD,
    Line,
    cancel,
    check_order,
    deliver,
    vendors_for,
)
from tocsin.server.licensing.reading import (
    LicenceFilter,
    OrderFilter,
    bars_of,
    is_officer,
    licences_for,
    orders_for,
)
from tocsin.server.licensing.scanning import sheet_in
from tocsin.server.marking.policy import Reader

router = Router(tags=["licences"])


class LimitOut(Schema):
    """One bound of a licence with what of it is taken today, as people read it."""

    limit: str
    bound: str
    most: str
    held: str
    on_order: str
    left: str
    share: float | None


class LicenceRow(Schema):
    """A licence in a list."""

    id: UUID
    number: str
    holder: str
    state: str
    version: int | None
    valid_from: dt.date
    valid_until: dt.date
    realm: str
    level: int
    tlp: str


class LicenceOut(LicenceRow):
    """A licence with its terms."""

    acts: list[str]
    practices: list[str]
    places: list[str]
    limits: list[dict[str, Any]]
    used: list[LimitOut]


class LicenceList(Page):
    """A part of the licences."""

    licences: list[LicenceRow]


class LineIn(Schema):
    """One line of an order."""

    nuclide: str = Field(min_length=1, max_length=40)
    activity_Bq: float = Field(gt=0, description="Of one source on the day of the order")
    number: int = Field(1, ge=1, le=1000)
    form: str = Field("sealed", max_length=10, description="`sealed` or `unsealed`")


class CheckIn(Schema):
    """A sheet and an order that are to be checked."""

    sheet: str = Field(min_length=1, max_length=20_000, description="Text of the code, or the JSON")
    number: str = Field(min_length=1, max_length=80, description="The buyer's order number")
    lines: list[LineIn] = Field(min_length=1, max_length=MOST_LINES)
    vendor: UUID | None = Field(None, description="Needed where one may check for several vendors")


class OrderOut(Schema):
    """A verdict: ``accepted`` with a confirmation code for the vendor, or ``refused``."""

    id: UUID
    number: str
    state: str
    reason: str
    told: str = Field(description="What the vendor is to know")
    in_full: str = Field(description="Why, for officers of the register; empty for others")
    licence: str
    vendor: str
    at: dt.datetime
    lapses_on: dt.date | None
    code: str
    items: list[dict[str, Any]]


class OrderList(Page):
    """A part of the orders."""

    orders: list[OrderOut]


class StepIn(Schema):
    """What becomes of an order."""

    step: str = Field(max_length=10, description="`deliver` with the code, or `cancel`")
    code: str = Field("", max_length=20)
    reason: str = Field("", max_length=400)


class KeyOut(Schema):
    """Keys with which sheets of this authority are checked; the first one signs now."""

    keys: list[str]


def _row(licence: Licence) -> dict[str, Any]:
    names = ("id", "number", "state", "valid_from", "valid_until", "realm", "level", "tlp")
    return {name: getattr(licence, name) for name in names} | {
        "holder": licence.holder.name,
        "version": licence.current.number if licence.current else None,
    }


def _order(reader: Reader, order: Order) -> dict[str, Any]:
    officer = is_officer(reader, order)
    vendor = order.vendor.organisation_id == reader.person.organisation_id
    return {
        "id": order.pk,
        "number": order.number,
        "state": order.state,
        "reason": order.reason,
        "told": _(TOLD[Reason(order.reason)]) if order.reason else "",
        "in_full": order.told if officer else "",
        "licence": order.claimed,
        "vendor": order.vendor.name,
        "at": order.created_at,
        "lapses_on": order.lapses_on,
        "code": confirmation_code(order.pk)
        if vendor and order.state == OrderState.ACCEPTED
        else "",
        "items": order.items,
    }


@router.get("", response=LicenceList, url_name="licences")
def licence_list(
    request: HttpRequest,
    text: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=9)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """Licences that I may see, by number."""
    reader = reader_of_request(request)
    chosen = LicenceFilter.of({"text": text, "state": state})
    rows = chosen.apply(licences_for(reader), reader.at.date())
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "licences": [_row(row) for row in rows[offset : offset + limit]],
    }


@router.get("/keys", response=KeyOut, url_name="licences_keys")
def keys(request: HttpRequest) -> dict[str, Any]:
    """Keys for checking sheets without the server."""
    return {"keys": [str(key) for key in trusted_keys()]}


@router.post("/check", response={200: OrderOut, 422: Detail}, url_name="licences_check")
def check(request: HttpRequest, given: CheckIn) -> Any:
    """Check a sheet and an order; what is accepted is reserved."""
    reader = reader_of_request(request)
    vendors = vendors_for(reader)
    if given.vendor is not None:
        vendors = [holder for holder in vendors if holder.pk == given.vendor]
    if len(vendors) != 1:
        return Status(422, {"detail": _("Say for which vendor: one with a licence to distribute.")})
    lines = [Line(r.nuclide, r.activity_Bq, r.number, r.form) for r in given.lines]
    try:
        order = check_order(reader, vendors[0], sheet_in(given.sheet), given.number, lines)
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _order(reader, order)


@router.get("/orders", response=OrderList, url_name="licences_orders")
def order_list(
    request: HttpRequest,
    text: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=9)] = "",
    reason: Annotated[str, Query(max_length=13)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """Orders that I may see, the latest first."""
    reader = reader_of_request(request)
    chosen = OrderFilter.of({"text": text, "state": state, "reason": reason})
    rows = chosen.apply(reader, orders_for(reader))
    return {
        "total": rows.count(),
        "offset": offset,
        "limit": limit,
        "orders": [_order(reader, row) for row in rows[offset : offset + limit]],
    }


@router.get("/orders/{uuid:pk}", response={200: OrderOut, 404: Detail}, url_name="licences_order")
def order(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One order."""
    reader = reader_of_request(request)
    return _order(reader, get_object_or_404(orders_for(reader), pk=pk))


@router.post(
    "/orders/{uuid:pk}/steps",
    response={200: OrderOut, 404: Detail, 422: Detail},
    url_name="licences_order_step",
)
def order_step(request: HttpRequest, pk: UUID, given: StepIn) -> Any:
    """Say that an order is delivered, or cancel it."""
    reader = reader_of_request(request)
    row: Order = get_object_or_404(orders_for(reader), pk=pk)
    try:
        if given.step == "deliver":
            row = deliver(reader, row, code=given.code)
        elif given.step == "cancel":
            row = cancel(reader, row, reason=given.reason)
        else:
            return Status(422, {"detail": _("A step is deliver or cancel.")})
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return _order(reader, row)


@router.get("/{uuid:pk}", response={200: LicenceOut, 404: Detail}, url_name="licence")
def licence(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """One licence with its limits, used and left."""
    reader = reader_of_request(request)
    row = get_object_or_404(licences_for(reader), pk=pk)
    version = row.current
    return _row(row) | {
        "acts": version.acts if version else [],
        "practices": version.practices if version else [],
        "places": version.places if version else [],
        "limits": version.limits if version else [],
        "used": [
            {
                "limit": bar.name,
                "bound": bar.bound.value,
                "most": bar.most,
                "held": bar.held,
                "on_order": bar.reserved,
                "left": bar.left,
                "share": bar.share,
            }
            for bar in bars_of(row, reader.at.date())
        ],
    }
