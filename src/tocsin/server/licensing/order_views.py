"""Pages of orders: the check, the list, one order."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.exports import csv_of_rows
from tocsin.server.licensing.forms import CheckForm, line_rows
from tocsin.server.licensing.holding import has_arrived
from tocsin.server.licensing.keys import confirmation_code
from tocsin.server.licensing.models import Order, OrderState, Reason
from tocsin.server.licensing.orders import TOLD, cancel, check_order, deliver, vendors_for
from tocsin.server.licensing.reading import (
    OrderFilter,
    buyer_shown,
    is_officer,
    orders_for,
)
from tocsin.server.licensing.scanning import sheet_in
from tocsin.server.marking.policy import may
from tocsin.server.register.beyond import tabs_for

PAGE_ROWS = 50


@require_GET
def order_list(request: ReaderRequest) -> HttpResponse:
    """Orders and refusals with filters."""
    chosen = OrderFilter.of(request.GET)
    query = request.GET.copy()
    query.pop("page", None)
    rows = chosen.apply(request.reader, orders_for(request.reader))
    return render(
        request,
        "licensing/orders.html",
        {
            "page": Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
            "chosen": chosen,
            "narrowed": chosen != OrderFilter(),
            "query": query.urlencode(),
            "states": OrderState.choices,
            "reasons": Reason.choices,
            "may_check": may(request.reader, "licences.check"),
            "tabs": tabs_for(request.reader),
        },
    )


@require_GET
def order_csv(request: ReaderRequest) -> HttpResponse:
    """The filtered list as a table."""
    return csv_of_rows(
        request.reader,
        "orders",
        ("order", "at", "vendor", "buyer", "licence", "items", "state", "reason", "lapses_on"),
        OrderFilter.of(request.GET).apply(request.reader, orders_for(request.reader)),
        lambda row: (
            row.number,
            row.created_at,
            row.vendor.name,
            buyer.name if (buyer := buyer_shown(request.reader, row)) else "",
            row.claimed,
            "; ".join(_line(item) for item in row.items),
            row.state,
            row.reason,
            str(row.lapses_on or ""),
        ),
        action="licences.export",
    )


@require_http_methods(["GET", "POST"])
def check(request: ReaderRequest) -> HttpResponse:
    """Check a licence sheet and an order before anything is delivered."""
    vendors = {str(holder.pk): holder for holder in vendors_for(request.reader)}
    choices = [(pk, holder.name) for pk, holder in vendors.items()]
    form = CheckForm(choices, request.POST or None, request.FILES or None)
    rows = line_rows(request.POST or None)
    if request.method == "POST" and form.is_valid() & all([row.is_valid() for row in rows]):
        given = form.cleaned_data
        try:
            order = check_order(
                request.reader,
                vendors[given["vendor"]],
                sheet_in(given["file"].read() if given.get("file") else given["sheet"]),
                given["number"],
                [row.line for row in rows if row.line is not None],
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            return redirect(order)
    return render(
        request,
        "licensing/check.html",
        {"form": form, "rows": rows, "vendors": vendors, "tabs": tabs_for(request.reader)},
    )


@require_GET
def order(request: ReaderRequest, pk: str) -> HttpResponse:
    """One order: the verdict, and for officers why."""
    row = get_object_or_404(orders_for(request.reader), pk=pk)
    officer = is_officer(request.reader, row)
    vendor = row.vendor.organisation_id == request.reader.person.organisation_id
    seller = (vendor and may(request.reader, "licences.check")) or officer
    return render(
        request,
        "licensing/order.html",
        {
            "order": row,
            "level_name": Level(row.level).label,
            "told": _(TOLD[Reason(row.reason)]) if row.reason else "",
            "officer": officer,
            "buyer": buyer_shown(request.reader, row),
            "code": confirmation_code(row.pk)
            if vendor and row.state == OrderState.ACCEPTED
            else "",
            "may_deliver": seller and row.state == OrderState.ACCEPTED,
            "may_cancel": (seller and row.state == OrderState.ACCEPTED)
            or (officer and row.state == OrderState.DELIVERED),
            "missing": row.state == OrderState.DELIVERED and not has_arrived(row),
            "events": row.events.select_related("by"),
        },
    )


@require_POST
def order_step(request: ReaderRequest, pk: str, kind: str) -> HttpResponse:
    """Say that an order is delivered, or take it back."""
    row: Order = get_object_or_404(orders_for(request.reader), pk=pk)
    if kind not in ("deliver", "cancel"):
        raise Http404
    try:
        if kind == "deliver":
            deliver(request.reader, row, code=request.POST.get("code", ""))
        else:
            cancel(request.reader, row, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Kept."))
    return redirect(row)


def _line(item: dict[str, Any]) -> str:
    return f"{item['number']} x {item['nuclide']} {item['activity_Bq']!r} Bq {item['form']}"
