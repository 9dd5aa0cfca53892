"""Pages of public notices and of the files that brought them."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.report.wording import becquerel_text
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.exports import csv_of_rows
from tocsin.server.incidents.beyond import tabs_for
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.marking.policy import may
from tocsin.server.notices.models import KINDS, Notice, NoticeImport
from tocsin.server.notices.reading import Filter, imports_for, notices_for
from tocsin.server.notices.services import begin_undo, bring, carry_on, stands_still

PAGE_ROWS = 50
MOST_SHOWN = 100


class NoticesForm(forms.Form):
    """A file of notices."""

    file = forms.FileField(label=gettext_lazy("File of notices (JSON lines, plain or gzipped)"))


@require_GET
def notice_list(request: ReaderRequest) -> HttpResponse:
    """Notices with filters, the latest first."""
    chosen = Filter.of(request.GET)
    rows = chosen.apply(notices_for(request.reader))
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "notices/list.html",
        {
            "page": page,
            "chosen": chosen,
            "kinds": KINDS,
            "query": query.urlencode(),
            "tabs": tabs_for(request.reader),
            "may_import": may(request.reader, "notices.import"),
            "other_realm": request.reader.realm != Realm.PUBLIC
            and Realm.PUBLIC in request.reader.person.realms,
        },
    )


@require_GET
def notice_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    return csv_of_rows(
        request.reader,
        "notices",
        (
            *("number", "kind", "nuclides", "place", "happened", "reported", "retracted"),
            *("recovery_mentioned", "updates", "published_at"),
        ),
        Filter.of(request.GET).apply(notices_for(request.reader)),
        lambda n: (
            n.event_number,
            n.kind,
            n.nuclides,
            n.place,
            str(n.happened_on or ""),
            str(n.reported_on or ""),
            n.retracted,
            n.recovered,
            n.updates,
            n.address,
        ),
        action="notices.export",
    )


@require_GET
def notice(request: ReaderRequest, pk: str) -> HttpResponse:
    """One notice: fields with the words they were read from."""
    row: Notice = get_object_or_404(notices_for(request.reader), pk=pk)
    incident = None
    if row.incident_id is not None and may(request.reader, "incidents.read"):
        incident = incidents_for(request.reader).filter(pk=row.incident_id).first()
    fields = row.fields
    return render(
        request,
        "notices/notice.html",
        {
            "notice": row,
            "incident": incident,
            "level_name": Level(row.level).label,
            "activities": [
                (a["nuclide"] or "?", a["text"], becquerel_text(a["Bq"]))
                for a in fields["activities"]
            ],
            "makers": ", ".join((*fields["manufacturers"], *fields["models"])),
            "serials": fields["serials"],
            "device_types": ", ".join(fields["device_types"]),
            "holder": fields["holder"] or "",
            "licence": fields["licence"] or "",
        },
    )


@require_GET
def import_list(request: ReaderRequest) -> HttpResponse:
    """Files that were brought."""
    return render(
        request,
        "notices/imports.html",
        {
            "rows": imports_for(request.reader)[:MOST_SHOWN],
            "may_import": may(request.reader, "notices.import"),
        },
    )


@require_http_methods(["GET", "POST"])
def import_new(request: ReaderRequest) -> HttpResponse:
    """Bring a file of notices."""
    form = NoticesForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            row = bring(request.reader, given.read(), name=given.name)
        except InvalidInput as error:
            form.add_error("file", str(error))
        else:
            return redirect(row)
    return render(
        request,
        "notices/import_new.html",
        {
            "form": form,
            "live": request.reader.realm == Realm.LIVE,
            "most_MiB": settings.TOCSIN.upload_most_MiB,
        },
    )


@require_GET
def import_page(request: ReaderRequest, pk: str) -> HttpResponse:
    """How far an import is and what came of it."""
    row: NoticeImport = get_object_or_404(imports_for(request.reader), pk=pk)
    return render(
        request,
        "notices/import.html",
        {
            "row": row,
            "level_name": Level(row.level).label,
            "faults": row.faults[:MOST_SHOWN],
            "counts": row.counts.items(),
            "may_undo": may(request.reader, "notices.import")
            and not row.is_working
            and row.state != NoticeImport.State.UNDONE,
            "may_carry_on": may(request.reader, "notices.import") and stands_still(row),
        },
    )


@require_POST
def import_undo(request: ReaderRequest, pk: str) -> HttpResponse:
    """Withdraw what an import brought."""
    row: NoticeImport = get_object_or_404(imports_for(request.reader), pk=pk)
    try:
        begin_undo(request.reader, row, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is being undone."))
    return redirect(row)


@require_POST
def import_carry_on(request: ReaderRequest, pk: str) -> HttpResponse:
    """Go on with an import that has stopped."""
    row: NoticeImport = get_object_or_404(imports_for(request.reader), pk=pk)
    try:
        carry_on(request.reader, row)
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect(row)
