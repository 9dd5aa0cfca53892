"""Pages of discrepancies between register and reality."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_of_rows
from tocsin.server.oversight.allowed import oversees
from tocsin.server.oversight.forms import SettleForm
from tocsin.server.oversight.models import Discrepancy, Ending, Trouble
from tocsin.server.oversight.reading import discrepancies_for
from tocsin.server.oversight.services.discrepancies import settle
from tocsin.server.oversight.views.frame import PAGE_ROWS, around, form_page
from tocsin.server.register.life import Kind
from tocsin.server.register.reading import source_figures_for, sources_for
from tocsin.server.register.services import steps

OPEN, SETTLED = "open", "settled"
LEADS_ON = (Kind.LOSS, Kind.THEFT, Kind.TRANSFER, Kind.DISPOSAL, Kind.CORRECTION)
"""Reports of the register by which a discrepancy usually ends."""


def _chosen(request: ReaderRequest) -> tuple[QuerySet[Discrepancy], str]:
    rows, state = discrepancies_for(request.reader), request.GET.get("state", OPEN)
    if state in {OPEN, SETTLED}:
        return rows.filter(settlement__isnull=state == OPEN), state
    return rows, ""


@require_GET
def discrepancy_list(request: ReaderRequest) -> HttpResponse:
    """Discrepancies, the open ones by default."""
    rows, state = _chosen(request)
    values = around(
        request.reader,
        open="oversight:discrepancies",
        page=Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
        state=state,
        query=f"state={state}",
    )
    return render(request, "oversight/discrepancies.html", values)


@require_GET
def discrepancy_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    rows = _chosen(request)[0]
    named = source_figures_for(request.reader).filter(pk__in=rows.order_by().values("source"))
    # the number of a source follows from its key, and the rows that name it count as read
    seen = set(named.values_list("pk", flat=True))
    return csv_of_rows(
        request.reader,
        "discrepancies",
        ("discrepancy", "holder", "trouble", "what", "source", "found", "ending", "settlement"),
        rows,
        lambda d: (
            d.name,
            d.holder.name,
            d.trouble,
            d.what,
            d.source.name if d.source_id in seen else "",
            d.created_at,
            d.settlement.ending if hasattr(d, "settlement") else "",
            d.settlement.note if hasattr(d, "settlement") else "",
        ),
        action="oversight.export",
    )


@require_GET
def discrepancy(request: ReaderRequest, pk: str) -> HttpResponse:
    """One discrepancy, and what can be reported of it."""
    row = get_object_or_404(discrepancies_for(request.reader), pk=pk)
    settled = getattr(row, "settlement", None)
    source = sources_for(request.reader).filter(pk=row.source_id).first() if row.source_id else None
    possible = steps(request.reader, source) if source is not None and settled is None else []
    officer = oversees(request.reader, row)
    values = around(
        request.reader,
        row,
        settled=settled,
        source=source,
        steps=[(k.value, k.label) for k in LEADS_ON if k in possible],
        officer=officer,
        correct=officer and source is not None and row.trouble == Trouble.DIFFERS,
        enter=officer and row.trouble == Trouble.EXTRA and settled is None,
    )
    return render(request, "oversight/discrepancy.html", values)


@require_http_methods(["GET", "POST"])
def discrepancy_settle(request: ReaderRequest, pk: str) -> HttpResponse:
    """Say how a discrepancy ended."""
    row = get_object_or_404(discrepancies_for(request.reader), pk=pk)
    if not oversees(request.reader, row):
        raise Http404

    def act(given: dict[str, str]) -> Discrepancy:
        settle(request.reader, row, ending=Ending(given["ending"]), note=given["note"])
        return row

    return form_page(
        request,
        SettleForm(request.POST or None),
        act,
        title=_("Settle the discrepancy"),
        about=f"{row.name} · {row.holder.name} · {row.get_trouble_display()}",
        back=row.get_absolute_url(),
        button=_("Settle"),
        done=_("The discrepancy is settled."),
        row=row,
    )
