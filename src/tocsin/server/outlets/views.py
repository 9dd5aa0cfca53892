"""Pages of ways out: list, asking, one operation, and what a receiver fetches."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.exports import csv_of_rows
from tocsin.server.marking.policy import Reader, decide, may, visible
from tocsin.server.outlets.composing import leaving
from tocsin.server.outlets.drawing import geojson, kml, kml_link
from tocsin.server.outlets.forms import OperationForm, StopForm
from tocsin.server.outlets.models import Operation, Standing, Way
from tocsin.server.outlets.reading import fetched_by, operation_for, operations_for
from tocsin.server.outlets.services import agree, ask, make_link, stop
from tocsin.server.outlets.signing import outlet_key

PAGE_ROWS = 50
ACTOR = "system:outlets"
FORMS = frozenset({"kml", "geojson"})
KML_TYPE = "application/vnd.google-earth.kml+xml"


@require_GET
def operation_list(request: ReaderRequest) -> HttpResponse:
    """Operations with how they stand."""
    page = Paginator(operations_for(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    rows = [(row, row.standing(request.reader.at)) for row in page]
    values = {
        "page": page,
        "rows": rows,
        "may_ask": may(request.reader, "outlets.ask"),
        "may_export": may(request.reader, "measurements.export"),
        "query": "",
    }
    return render(request, "outlets/list.html", values)


@require_GET
def operation_list_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    at = request.reader.at
    return csv_of_rows(
        request.reader,
        "operations",
        (
            *("name", "receiver", "way", "address", "state", "asked_by", "agreed_by"),
            *("asked", "ends", "last_sent", "trouble"),
        ),
        operations_for(request.reader),
        lambda o: (
            o.name,
            o.receiver,
            o.way,
            o.address,
            o.standing(at).value,
            o.created_by.name if o.created_by else "",
            o.agreed_by.name if o.agreed_by else "",
            o.created_at,
            o.ends_at,
            o.sent_at or "",
            o.trouble,
        ),
        action="outlets.export",
    )


@require_http_methods(["GET", "POST"])
def operation_new(request: ReaderRequest) -> HttpResponse:
    """Ask for a way out."""
    form = OperationForm(request.POST or None, reader=request.reader)
    if request.method == "POST" and form.is_valid():
        try:
            row = ask(request.reader, form.wish())
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Nothing leaves before a second person has agreed."))
            return redirect(row)
    status = 400 if form.errors else 200
    return render(request, "outlets/new.html", {"form": form}, status=status)


@require_GET
def operation(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One operation, what leaves of it now, and what can be done."""
    return _page(request, operation_for(request.reader, pk))


def _page(
    request: ReaderRequest, row: Operation, link: str = "", status: int = 200
) -> HttpResponse:
    reader = request.reader
    state = row.standing(reader.at)
    asked = state == Standing.ASKED
    second = decide(reader, "outlets.agree", row).allowed and row.created_by_id != reader.person.pk
    values = {
        "operation": row,
        "state": state,
        "devices": visible(reader, row.devices.order_by("name")),
        "leaving": leaving(row, reader.at, to=reader),
        "may_agree": asked and second,
        "may_stop": state in (Standing.ASKED, Standing.RUNNING)
        and row.originator_id == reader.person.organisation_id,
        "may_link": state == Standing.RUNNING
        and row.way == Way.FETCHED
        and decide(reader, "outlets.ask", row).allowed,
        "fetched": row.way == Way.FETCHED,
        "webhook": row.way == Way.WEBHOOK,
        "public_key": str(outlet_key().verifier) if row.way == Way.WEBHOOK else "",
        "link": link,
        "stop_form": StopForm(),
    }
    return render(request, "outlets/operation.html", values, status=status)


@require_POST
def operation_agree(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Agree as the second person."""
    row = operation_for(request.reader, pk)
    try:
        agree(request.reader, row)
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It leaves from now on, until it ends or is switched off."))
    return redirect(row)


@require_POST
def operation_stop(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Switch off at once."""
    row = operation_for(request.reader, pk)
    try:
        stop(request.reader, row, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Nothing leaves any more."))
    return redirect(row)


@require_POST
def operation_link(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Make the link for the receiver; it is shown this once."""
    row = operation_for(request.reader, pk)
    try:
        token = make_link(request.reader, row)
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect(row)
    address = request.build_absolute_uri(
        reverse("outlets:feed", kwargs={"token": token, "form": "kml"})
    )
    return _page(request, operation_for(request.reader, pk), link=address)


@require_GET
def operation_file(request: ReaderRequest, pk: uuid.UUID, form: str) -> HttpResponse:
    """What leaves now, for who is signed in."""
    row = operation_for(request.reader, pk)
    return _fetched(row, form, request.reader.at, to=request.reader)


@require_GET
def feed(request: HttpRequest, token: str, form: str) -> HttpResponse:
    """What leaves now, for who has the token; ``link`` is a file that asks for it by itself."""
    row = fetched_by(token)
    if row is None:
        # a program asks: no page, which would show a message that waits for a person
        return HttpResponse(status=404)
    if form == "link":
        address = request.build_absolute_uri(
            reverse("outlets:feed", kwargs={"token": token, "form": "kml"})
        )
        return _file(kml_link(row, address), KML_TYPE, "operation-link.kml")
    return _fetched(row, form, now())


def _fetched(row: Operation, form: str, at: datetime, *, to: Reader | None = None) -> HttpResponse:
    if form not in FORMS:
        raise Http404
    gone = leaving(row, at, to)
    with transaction.atomic():
        record(
            actor=ACTOR if to is None else to.person,
            action="outlets.fetched",
            subject=row,
            after={
                "form": form,
                "things": [thing.id for thing in gone.things],
                "held_back": gone.held_back,
                "level": gone.mark.level,
                "realm": row.realm,
                "digest": gone.digest,
            },
        )
    if form == "kml":
        return _file(kml(row, gone), KML_TYPE, "operation.kml")
    answer = JsonResponse(geojson(row, gone, at), content_type="application/geo+json")
    answer["Content-Disposition"] = 'attachment; filename="operation.geojson"'
    return answer


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
