"""Pages of batches of material."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.holdings.amounts import COVERAGE, Amount
from tocsin.server.holdings.forms import BatchCorrectionForm, BatchReceiptForm, BatchReportForm
from tocsin.server.holdings.models import MISSING, Batch, BatchState, Kind
from tocsin.server.holdings.reading import PLACES, batch_figures_for, batches_for, material_sums
from tocsin.server.holdings.services import material
from tocsin.server.holdings.services.material import BatchEntry, possible
from tocsin.server.holdings.services.missing import BECOMES, report_missing
from tocsin.server.holdings.services.writing import number_of
from tocsin.server.holdings.views.frame import (
    DANGER,
    PAGE_ROWS,
    list_values,
    row_values,
    typed_words,
)
from tocsin.server.register.holders import Refused

ENTRY = (
    *("reference", "element", "nuclide", "form", "items", "mass_g", "mass_u_g"),
    *("activity_Bq", "activity_u_Bq", "activity_on", "u235_percent", "pu238_percent"),
    *("irradiated", "place"),
)


def _filtered(request: ReaderRequest) -> QuerySet[Batch]:
    rows = batches_for(request.reader).exclude(state=BatchState.WITHDRAWN)
    if request.GET.get("state") != "all":
        rows = rows.filter(state__in=(BatchState.HELD, *MISSING))
    for word in typed_words(request).split():
        rows = rows.filter(
            Q(reference__icontains=word)
            | Q(element__iexact=word)
            | Q(nuclide__icontains=word)
            | Q(form__icontains=word)
            | Q(place__icontains=word)
            | Q(holder__name__icontains=word)
        )
    return rows


@require_GET
def batch_list(request: ReaderRequest) -> HttpResponse:
    """Batches, and the categories of nuclear material by holder and place."""
    rows = _filtered(request)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    held = list(batch_figures_for(request.reader).filter(state=BatchState.HELD))
    return render(
        request,
        "holdings/batches.html",
        {
            "page": page,
            "text": typed_words(request),
            "state": request.GET.get("state", ""),
            "by_holder": material_sums(held, by_place=False),
            "by_place": material_sums(held, by_place=True),
            **list_values(request),
        },
    )


@require_GET
def batch_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "batches",
        (
            *("batch", "reference", "material", "nuclide", "form", "items", "mass_g", "mass_u_g"),
            *("activity_Bq", "activity_u_Bq", "activity_on", "u235_percent", "pu238_percent"),
            *("irradiated", "state", "since", "holder"),
        ),
        _filtered(request),
        lambda b: (
            *(b.name, b.reference, b.element, b.nuclide, b.form, b.items, b.mass_g, b.mass_u_g),
            *(b.activity_Bq, b.activity_u_Bq, str(b.activity_on or ""), b.u235_percent),
            *(b.pu238_percent, b.irradiated, b.state, str(b.since), b.holder.name),
        ),
        action="register.export",
        places=PLACES,
    )


@require_GET
def batch(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One batch: how much, where from, how shipper and receiver differ, its life."""
    row = get_object_or_404(batches_for(request.reader), pk=pk)
    steps = possible(request.reader, row)
    near = batch_figures_for(request.reader).filter(holder=row.holder_id, state=BatchState.HELD)
    return render(
        request,
        "holdings/batch.html",
        {
            "batch": row,
            "parents": list(batches_for(request.reader).filter(children__child=row)),
            "children": list(batches_for(request.reader).filter(parents__parent=row)),
            "sums": material_sums(near, by_place=True) if row.state == BatchState.HELD else [],
            "k": COVERAGE,
            "steps": [
                {"kind": k.value, "label": k.label, "danger": k in DANGER}
                for k in steps
                if k is not Kind.CORRECTION
            ],
            "may_correct": Kind.CORRECTION in steps,
            **row_values(request, row),
        },
    )


@require_http_methods(["GET", "POST"])
def batch_new(request: ReaderRequest) -> HttpResponse:
    """Enter a batch that a holder has received."""
    form = BatchReceiptForm(request.POST or None, initial={"happened_on": request.reader.at.date()})
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        entry = BatchEntry(**{name: given[name] for name in ENTRY})
        stated = given["shipper_g"]
        try:
            row = material.receive(
                request.reader,
                given["holder"],
                entry,
                happened_on=given["happened_on"],
                shipper=None if stated is None else Amount(stated, given["shipper_u_g"]),
                shipper_name=given["shipper_name"],
                note=given["note"],
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is registered.").format(name=row.name))
            return redirect(row)
    values = {"form": form, "title": _("Enter a batch"), "back": "", "list": "holdings:batches"}
    return render(request, "holdings/entry.html", values)


@require_http_methods(["GET", "POST"])
def batch_correct(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct what is written of a batch."""
    row = get_object_or_404(batches_for(request.reader), pk=pk)
    if Kind.CORRECTION not in possible(request.reader, row):
        raise Http404
    initial = {name: getattr(row, name) for name in ENTRY} | {"seen": number_of(row)}
    form = BatchCorrectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        reason, seen = given.pop("reason"), given.pop("seen")
        try:
            material.correct_batch(
                request.reader, row, BatchEntry(**given), reason=reason, seen=seen
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is corrected.").format(name=row.name))
            return redirect(row)
    title = _("Correct {name}").format(name=row.name)
    values = {"form": form, "title": title, "back": row.get_absolute_url()}
    return render(request, "holdings/entry.html", values)


@require_http_methods(["GET", "POST"])
def batch_report(request: ReaderRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Report what befell a batch."""
    row = get_object_or_404(batches_for(request.reader), pk=pk)
    asked = next((k for k in possible(request.reader, row) if k.value == kind), None)
    if asked is None or asked is Kind.CORRECTION:
        raise Http404
    others = _alike(request, row) if asked is Kind.MERGE else []
    form = BatchReportForm(
        asked,
        request.reader.at.date(),
        [(str(b.pk), f"{b.name} {b.title}, {b.mass_g or 0.0:g} g") for b in others],
        request.POST or None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            went = _reported(request, row, asked, dict(form.cleaned_data), others)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Reported: {what}.").format(what=asked.label))
            still = batches_for(request.reader).filter(pk=went.pk).exists()
            return redirect(went) if still else redirect("holdings:batches")
    return render(
        request,
        "holdings/report.html",
        {
            "row": row,
            "form": form,
            "kind": asked,
            "danger": asked in DANGER,
            **row_values(request, row),
        },
    )


def _alike(request: ReaderRequest, row: Batch) -> list[Batch]:
    """Batches with which one can be merged."""
    rows = batches_for(request.reader).filter(
        holder=row.holder_id,
        place=row.place,
        element=row.element,
        nuclide=row.nuclide,
        irradiated=row.irradiated,
        state=BatchState.HELD,
    )
    return list(rows.exclude(pk=row.pk)[:100])


def _reported(
    request: ReaderRequest, row: Batch, kind: Kind, given: dict[str, Any], others: list[Batch]
) -> Batch:
    day: dt.date = given["happened_on"]
    reader, note = request.reader, given["note"]
    if kind is Kind.SPLIT:
        material.split(reader, row, parts_of(given["parts"]), happened_on=day, note=note)
    elif kind is Kind.MERGE:
        chosen = [b for b in others if str(b.pk) in given["others"]]
        return material.merge(
            reader, [row, *chosen], reference=given["reference"], happened_on=day, note=note
        )
    elif kind is Kind.CONSUMPTION:
        used = Amount(given["mass_g"], given["mass_u_g"])
        material.consume(reader, row, used, happened_on=day, note=note)
    elif kind is Kind.TRANSFER:
        material.transfer(reader, row, given["receiver"], happened_on=day, note=note)
    elif kind is Kind.RECEIPT:
        material.confirm_receipt(
            reader,
            row,
            happened_on=day,
            received=Amount(given["mass_g"], given["mass_u_g"]),
            place=given["place"],
            note=note,
        )
    elif kind in BECOMES:
        place = given.get("place", "")
        report_missing(reader, row, kind, happened_on=day, note=note, place=place)
    else:
        material.end_batch(reader, row, kind, happened_on=day, note=note)
    return row


def parts_of(text: str) -> list[tuple[str, int, Amount]]:
    """Parts of a split as they are typed, one a line.

    Raises
    ------
    Refused
        A line is none.
    """
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        cells = [cell.strip() for cell in line.split(";")]
        try:
            reference, items, mass, stated = (*cells, "") if len(cells) == 3 else cells
            uncertainty = float(stated) if stated else None
            found.append((reference, int(items), Amount(float(mass), uncertainty)))
        except ValueError:
            raise Refused(
                _("“{line}”: write number; items; mass in g; uncertainty in g").format(
                    line=line[:80]
                )
            ) from None
    return found
