"""Pages of labels: printing them, and what opens when a phone reads one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.report.labels import SIZES
from tocsin.server.access import ReaderRequest
from tocsin.server.holdings.models import BatchState
from tocsin.server.holdings.reading import batches_for, devices_for
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.allowed import answers_for
from tocsin.server.oversight.models import How
from tocsin.server.oversight.reading import last_looks, parts_of_open
from tocsin.server.oversight.services import reconciling
from tocsin.server.oversight.services.labels import print_labels
from tocsin.server.oversight.views.frame import around
from tocsin.server.register.life import HELD, Status
from tocsin.server.register.models import Holder
from tocsin.server.register.reading import holders_for, sources_for

MOST_LABELS = 200
"""Labels of one file: a holder with more prints several."""
SOURCES = "sources"
KINDS = {SOURCES: _lazy("Sources"), "devices": _lazy("Devices"), "batches": _lazy("Material")}


@require_http_methods(["GET", "POST"])
def label(request: ReaderRequest, pk: str) -> HttpResponse:
    """What a label's code opens: the source with one button to confirm it, or device or batch."""
    source = sources_for(request.reader).filter(pk=pk).first()
    if source is None:
        return _of_holdings(request, pk)
    item = reconciling.open_item_of(source)
    if item is not None and not parts_of_open(request.reader).filter(pk=item.part_id).exists():
        item = None
    may_answer = item is not None and answers_for(request.reader, item.part, item.part.holder)
    if request.method == "POST":
        if item is None or not may_answer:
            raise Http404
        try:
            reconciling.answer(request.reader, item, here=True, how=How.SCAN)
        except InvalidInput as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Confirmed: {name}.").format(name=source.name))
        return redirect(item.part)
    values = around(
        request.reader,
        source,
        item=item,
        may_answer=may_answer,
        looks=last_looks(request.reader, source),
    )
    return render(request, "oversight/label.html", values)


def _of_holdings(request: ReaderRequest, pk: str) -> HttpResponse:
    """The page of the device or batch that has this label; nothing can be confirmed there."""
    device = devices_for(request.reader).filter(pk=pk).first()
    row = device or get_object_or_404(batches_for(request.reader), pk=pk)
    if request.method != "GET":
        raise Http404
    return redirect(row)


def _labelled(reader: Reader, holder: Holder, what: str) -> QuerySet[Any]:
    """What a holder has of one kind, in the order of printing."""
    if what == "devices":
        rows = devices_for(reader).filter(holder=holder, status=Status.IN_USE)
        return rows.order_by("place", "pk")
    if what == "batches":
        held = batches_for(reader).filter(holder=holder, state=BatchState.HELD)
        return held.order_by("place", "pk")
    return (
        sources_for(reader).filter(holder=holder, status__in=HELD).order_by("place", "device", "pk")
    )


def _holder(request: ReaderRequest, pk: str) -> Holder:
    holder = get_object_or_404(holders_for(request.reader), pk=pk)
    if not answers_for(request.reader, holder, holder):
        raise Http404
    return holder


@require_GET
def label_page(request: ReaderRequest, pk: str) -> HttpResponse:
    """Choose a size and print."""
    holder = _holder(request, pk)
    numbers = {what: _labelled(request.reader, holder, what).count() for what in KINDS}
    what = request.GET.get("what", "")
    what = what if what in KINDS else next((k for k, n in numbers.items() if n), SOURCES)
    sizes = [
        (
            name,
            f"{kind.width_mm:g} × {kind.height_mm:g} mm",
            kind.columns * kind.rows,
        )
        for name, kind in SIZES.items()
    ]
    number = numbers[what]
    starts = range(0, number, MOST_LABELS)
    parts = [(at // MOST_LABELS, at + 1, min(at + MOST_LABELS, number)) for at in starts]
    values = around(
        request.reader,
        holder,
        sizes=sizes,
        number=number,
        parts=parts,
        what=what,
        label=KINDS[what],
        kinds=[(k, KINDS[k], n) for k, n in numbers.items() if n],
    )
    return render(request, "oversight/labels.html", values)


@require_GET
def label_pdf(request: ReaderRequest, pk: str) -> HttpResponse:
    """The sheets."""
    holder = _holder(request, pk)
    held = _labelled(request.reader, holder, request.GET.get("what", ""))
    first = _number(request.GET.get("part", "")) * MOST_LABELS
    rows = list(held[first : first + MOST_LABELS])
    try:
        made = print_labels(
            request.reader,
            holder,
            rows,
            size=request.GET.get("size", "medium"),
            origin=request.build_absolute_uri("/").rstrip("/"),
            skip=_number(request.GET.get("skip", "")),
        )
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect("oversight:labels", pk=holder.pk)
    answer = HttpResponse(made, content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="labels.pdf"'
    return answer


def _number(text: str) -> int:
    return int(text[:4]) if text.isdecimal() else 0
