"""Pages of the register: list, one source, reports, holders, checks."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.nuclear import source_category
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level, Organisation, OrganisationKind
from tocsin.server.exports import csv_of_rows
from tocsin.server.links.reading import linked_rows
from tocsin.server.marking.policy import may
from tocsin.server.register.beyond import panels_of_holder, panels_of_source, tabs_for
from tocsin.server.register.checking import result_for
from tocsin.server.register.curve import decay_curve
from tocsin.server.register.forms import HolderForm
from tocsin.server.register.holders import change_holder
from tocsin.server.register.life import HELD, Status
from tocsin.server.register.life_line import offered_steps, told_life, told_particulars
from tocsin.server.register.models import CATEGORIES
from tocsin.server.register.overdue import overdue_of
from tocsin.server.register.paging import part_of
from tocsin.server.register.practices import NAMES
from tocsin.server.register.quality import all_kinds
from tocsin.server.register.reading import (
    GRAVE,
    NO_CATEGORY,
    Filter,
    holders_for,
    numbers_for,
    source_figures_for,
    sources_for,
)
from tocsin.server.register.saved_views import query_of, shown_views
from tocsin.server.register.services import tell_place
from tocsin.server.register.tables import PLACES, SOURCE_COLUMNS, source_cells

PAGE_ROWS = 50
MOST_SHOWN = 10


@require_GET
def source_list(request: ReaderRequest) -> HttpResponse:
    """Sources with filters."""
    chosen = Filter.of(request.GET)
    rows = chosen.apply(sources_for(request.reader), request.reader.at.date())
    page = part_of(rows, request.GET, PAGE_ROWS)
    query = request.GET.copy()
    for name in ("older", "newer"):
        query.pop(name, None)
    return render(
        request,
        "register/list.html",
        {
            "page": page,
            "chosen": chosen,
            "narrowed": chosen != Filter(),
            "query": query.urlencode(),
            "numbers": numbers_for(request.reader),
            "statuses": Status.choices,
            "categories": [
                (GRAVE, "1–3"),
                *((str(c), str(c)) for c in CATEGORIES),
                (NO_CATEGORY, _("none")),
            ],
            "may_write": may(request.reader, "register.write"),
            "tabs": tabs_for(request.reader),
            "views": (views := shown_views(request.reader, chosen)),
            "is_kept": any(view["here"] for view in views),
            "asked": query_of(chosen),
        },
    )


@require_GET
def source_csv(request: ReaderRequest) -> HttpResponse:
    """The filtered list as a table."""
    return csv_of_rows(
        request.reader,
        "sources",
        SOURCE_COLUMNS,
        Filter.of(request.GET).apply(sources_for(request.reader), request.reader.at.date()),
        source_cells,
        action="register.export",
        places=PLACES,
    )


@require_GET
def source(request: ReaderRequest, pk: str) -> HttpResponse:
    """One source: what it is, where, its life, what may be reported."""
    row = get_object_or_404(sources_for(request.reader), pk=pk)
    today = request.reader.at.date()
    found = source_category(row.activities(), on=today)
    offered = offered_steps(request.reader, row)
    return render(
        request,
        "register/source.html",
        {
            "source": row,
            "level_name": Level(row.level).label,
            "practice_name": NAMES.get(row.practice, ""),
            "found": found,
            "contents": row.contents,
            "curve": decay_curve(row.activities(), today),
            "today": today,
            "held": row.status in HELD,
            "transactions": told_life(request.reader, row),
            "steps": [step for step in offered if step.often],
            "more_steps": [step for step in offered if not step.often],
            "particulars": told_particulars(row),
            "overdue": overdue_of(row, today),
            "linked": linked_rows(request.reader, "register.source", row.pk),
            "panels": panels_of_source(request.reader, row),
            "may_correct": may(request.reader, "register.write")
            and row.originator_id == request.reader.person.organisation_id,
        },
    )


@require_POST
def place(request: ReaderRequest, pk: str) -> HttpResponse:
    """The exact place, for a reason that is kept."""
    row = get_object_or_404(sources_for(request.reader), pk=pk)
    try:
        latitude, longitude = tell_place(request.reader, row, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _(
                "Exact place of {name}: {latitude}, {longitude}. The log keeps that you asked."
            ).format(name=row.name, latitude=f"{latitude:.5f}", longitude=f"{longitude:.5f}"),
        )
    return redirect(row)


@require_GET
def holder_list(request: ReaderRequest) -> HttpResponse:
    """Holders with how much each has."""
    words = request.GET.get("text", "").replace("\0", "").strip()[:100]
    rows = holders_for(request.reader).filter(name__icontains=words)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    counted = source_figures_for(request.reader).filter(status__in=HELD, holder__in=list(page))
    numbers = dict(counted.order_by().values_list("holder").annotate(n=Count("id")))
    return render(
        request,
        "register/holders.html",
        {
            "page": page,
            "rows": [(holder, numbers.get(holder.pk, 0)) for holder in page],
            "text": words,
            "query": urlencode({"text": words}),
            "today": request.reader.at.date(),
        },
    )


@require_GET
def holder(request: ReaderRequest, pk: str) -> HttpResponse:
    """One holder and the inventory."""
    row = get_object_or_404(holders_for(request.reader), pk=pk)
    rows = sources_for(request.reader).filter(holder=row).exclude(status=Status.WITHDRAWN)
    page = part_of(rows, request.GET, PAGE_ROWS)
    return render(
        request,
        "register/holder.html",
        {
            "holder": row,
            "page": page,
            "level_name": Level(row.level).label,
            "query": "",
            "panels": panels_of_holder(request.reader, row),
            "may_change": may(request.reader, "register.write")
            and row.originator_id == request.reader.person.organisation_id,
        },
    )


@require_http_methods(["GET", "POST"])
def holder_edit(request: ReaderRequest, pk: str) -> HttpResponse:
    """Change what is written of a holder, and who reports for it."""
    row = get_object_or_404(holders_for(request.reader), pk=pk)
    own = request.reader.person.organisation
    if row.originator_id != own.pk:
        raise Http404
    bodies = Organisation.objects.filter(
        kind=OrganisationKind.HOLDER, country=own.country, is_active=True
    )
    initial = {name: getattr(row, name) for name in ("address", "licence", "licence_until")}
    form = HolderForm(
        bodies, request.POST or None, initial=initial | {"organisation": row.organisation_id}
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_holder(request.reader, row, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is changed.").format(name=row.name))
            return redirect(row)
    return render(
        request,
        "register/holder_edit.html",
        {"holder": row, "form": form, "level_name": Level(row.level).label},
    )


@require_GET
def checks(request: ReaderRequest) -> HttpResponse:
    """What the checks of the data find, by kind."""
    found = result_for(request.reader, MOST_SHOWN)
    # the checks look at all, which is no reading; what the page shows of them is
    pks = {told.source.pk for rows in (*found.shown.values(), found.left) for told in rows}
    list(sources_for(request.reader).filter(pk__in=pks))
    labels = all_kinds()
    by_kind = [
        {
            "kind": code,
            "label": kind.label,
            "todo": kind.todo,
            "count": found.counts.get(code, 0),
            "shown": found.shown.get(code, []),
        }
        for code, kind in labels.items()
    ]
    return render(
        request,
        "register/checks.html",
        {
            "kinds": by_kind,
            "total": sum(found.counts.values()),
            "left_count": found.left_count,
            "left": [{"label": labels[told.kind].label, "told": told} for told in found.left],
            "own": request.reader.person.organisation_id,
            "may_write": may(request.reader, "register.write"),
            "most": MOST_SHOWN,
            "at": found.at,
            "too_many": found.too_many,
        },
    )
