"""Pages of shipments."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.holdings.forms import FollowForm, ShipmentForm
from tocsin.server.holdings.models import Kind, Shipment
from tocsin.server.holdings.reading import named, seen_sources, shipments_for
from tocsin.server.holdings.services.shipments import follow, load, plan, possible, unload
from tocsin.server.holdings.together import together_or_why
from tocsin.server.holdings.views.frame import PAGE_ROWS, list_values, row_values
from tocsin.server.register.reading import holder_choices_for, sources_for
from tocsin.server.typed import plain

LATEST = ("-leaves_on", "pk")
LIST_STEPS = frozenset({Kind.LOADED, Kind.UNLOADED})


def _counting(request: ReaderRequest) -> QuerySet[Shipment]:
    on_it = seen_sources(request.reader, "loads__source")
    return shipments_for(request.reader).annotate(sources_on=on_it).order_by(*LATEST)


@require_GET
def shipment_list(request: ReaderRequest) -> HttpResponse:
    """Shipments, the latest first."""
    page = Paginator(_counting(request), PAGE_ROWS).get_page(request.GET.get("page"))
    return render(request, "holdings/shipments.html", {"page": page, **list_values(request)})


@require_GET
def shipment_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "shipments",
        ("shipment", "reference", "from", "to", "leaves_on", "arrives_on", "state", "sources"),
        _counting(request),
        lambda s: (
            *(s.name, s.reference, s.sender.name, s.to_whom, str(s.leaves_on)),
            *(str(s.arrives_on or ""), s.state, s.sources_on),
        ),
        action="register.export",
    )


@require_GET
def shipment(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One shipment: what is on it, how dangerous together on the day it leaves."""
    row = get_object_or_404(shipments_for(request.reader), pk=pk)
    sources = list(sources_for(request.reader).filter(pk__in=row.loads.values("source")))
    steps = possible(request.reader, row)
    # a day long before the sources were measured tells nothing of them
    whole, fault = together_or_why(sources, row.leaves_on)
    return render(
        request,
        "holdings/shipment.html",
        {
            "shipment": row,
            "whole": whole,
            "fault": fault,
            "hidden": row.loads.count() - len(sources),
            "may_load": Kind.LOADED in steps,
            "steps": [{"kind": k.value, "label": k.label} for k in steps if k not in LIST_STEPS],
            **row_values(request, row),
        },
    )


@require_http_methods(["GET", "POST"])
def shipment_new(request: ReaderRequest) -> HttpResponse:
    """Plan a shipment."""
    reader = request.reader
    own = holder_choices_for(reader).filter(originator=reader.person.organisation_id)
    form = ShipmentForm(own, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = plan(reader, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            return redirect(row)
    values = {"form": form, "title": _("Plan a shipment"), "back": "", "list": "holdings:shipments"}
    return render(request, "holdings/entry.html", values)


@require_POST
def shipment_load(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Add sources by their names, or take one off."""
    row = get_object_or_404(shipments_for(request.reader), pk=pk)
    try:
        if off := request.POST.get("off"):
            source = get_object_or_404(sources_for(request.reader), pk=_uuid(off))
            unload(request.reader, row, source)
        else:
            lines = plain(request.POST.get("sources", ""))[:20_000].splitlines()
            found, strange = named(request.reader, filter(None, map(str.strip, lines)))
            for one in found:
                load(request.reader, row, one)
            if strange or not found:
                messages.error(
                    request,
                    _("Not one held source is meant by: {words}").format(
                        words=", ".join(strange)[:400] or "–"
                    ),
                )
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect(row)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


@require_http_methods(["GET", "POST"])
def shipment_report(request: ReaderRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Report that a shipment has left, arrived or will not go."""
    row = get_object_or_404(shipments_for(request.reader), pk=pk)
    asked = next((k for k in possible(request.reader, row) if k.value == kind), None)
    if asked is None or asked in LIST_STEPS:
        raise Http404
    form = FollowForm(asked, request.reader.at.date(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            follow(request.reader, row, asked, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Reported: {what}.").format(what=asked.label))
            return redirect(row)
    return render(
        request,
        "holdings/report.html",
        {"row": row, "form": form, "kind": asked, "danger": False, **row_values(request, row)},
    )
