"""Pages of the yearly reconciliation: the officer's overview, and a holder's list on a phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.confined_qr import qr_texts
from tocsin.server.access import ReaderRequest
from tocsin.server.exports import LIMIT, Places, csv_answer, csv_of_rows, with_places
from tocsin.server.headers import WITH_CAMERA
from tocsin.server.oversight.allowed import answers_for, oversees
from tocsin.server.oversight.forms import ExtraForm, NotHereForm, YearForm
from tocsin.server.oversight.models import How, Item, Reconciliation, Trouble
from tocsin.server.oversight.reading import (
    discrepancies_for,
    items_of,
    items_seen,
    listed,
    parts_for,
    reconciliations_for,
)
from tocsin.server.oversight.services import reconciling
from tocsin.server.oversight.services.labels import items_in, items_typed, row_in_code
from tocsin.server.oversight.views.frame import (
    PAGE_ROWS,
    around,
    form_page,
    mark_with_sources,
    step,
)
from tocsin.server.register.models import Source

SCANNED = "scan"
PLACES = Places(("place",), ~Q(place=""))


@require_GET
def year_list(request: ReaderRequest) -> HttpResponse:
    """Reconciliations of the own register, and the lists of the holders one works for."""
    own = request.reader.person.organisation_id
    lists = parts_for(request.reader).filter(holder__organisation=own)
    values = around(
        request.reader,
        open="oversight:reconciliations",
        years=reconciliations_for(request.reader),
        lists=lists.order_by("-reconciliation__year", "holder__name")[:PAGE_ROWS],
    )
    return render(request, "oversight/years.html", values)


@require_http_methods(["GET", "POST"])
def year_new(request: ReaderRequest) -> HttpResponse:
    """Open a reconciliation."""
    year = request.reader.at.year
    law = reconciling.deadline_of(request.reader, year)
    hint = _("No country profile here has a deadline: set one.")
    if law is not None:
        hint = _("By {law} ({source}; {state}): due {day}.").format(
            law=law.law.code,
            source=law.duty.source,
            state=law.duty.verification,
            day=law.due.date(),
        )
    return form_page(
        request,
        YearForm(request.POST or None, initial={"year": year}),
        lambda given: reconciling.open_reconciliation(request.reader, **given),
        title=_("Open a reconciliation"),
        about=_("Every holder is asked to confirm what the register says that it has."),
        back=reverse("oversight:reconciliations"),
        button=_("Open and ask all holders"),
        done=_("The reconciliation is open; holders with accounts are called."),
        hint=hint,
    )


def _parts(request: ReaderRequest, row: Reconciliation) -> tuple[QuerySet[Any], str]:
    rows = parts_for(request.reader).filter(reconciliation=row).order_by("holder__name")
    state = request.GET.get("state", "")
    if state == "silent":
        return rows.filter(completed_at=None), state
    if state == "answered":
        return rows.exclude(completed_at=None), state
    if state == "unsettled":
        return rows.filter(unsettled__gt=0), state
    return rows, ""


@require_GET
def year(request: ReaderRequest, pk: str) -> HttpResponse:
    """Overview of a reconciliation: who has answered, who is silent, what does not agree."""
    row = get_object_or_404(reconciliations_for(request.reader), pk=pk)
    rows, state = _parts(request, row)
    every = Item.objects.filter(part__reconciliation=row)
    values = around(
        request.reader,
        row,
        page=Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
        state=state,
        query=f"state={state}",
        holders=row.parts.count(),
        silent=reconciling.silent_parts(row).count(),
        asked=every.count(),
        here=every.filter(here=True).count(),
        not_here=every.filter(here=False).count(),
        unsettled=discrepancies_for(request.reader)
        .filter(part__reconciliation=row, settlement=None)
        .count(),
        overdue=row.closed_at is None and row.due_at < request.reader.at,
    )
    return render(request, "oversight/year.html", values)


@require_GET
def year_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """The overview as a table."""
    row = get_object_or_404(reconciliations_for(request.reader), pk=pk)
    return csv_of_rows(
        request.reader,
        f"reconciliation-{row.year}",
        ("holder", "sources", "here", "not_here", "unsettled", "completed", "has_account"),
        _parts(request, row)[0],
        lambda p: (
            p.holder.name,
            p.asked_of,
            p.said_here,
            p.said_not,
            p.unsettled,
            p.completed_at or "",
            p.asked_id is not None,
        ),
        action="oversight.export",
    )


@require_POST
def year_remind(request: ReaderRequest, pk: str) -> HttpResponse:
    """Call the silent holders."""
    row = get_object_or_404(reconciliations_for(request.reader), pk=pk)
    step(
        request,
        lambda: reconciling.remind(request.reader, row),
        done=_("The silent holders whose people have accounts are called."),
    )
    return redirect(row)


@require_http_methods(["GET", "POST"])
def year_close(request: ReaderRequest, pk: str) -> HttpResponse:
    """Close a reconciliation."""
    row = get_object_or_404(reconciliations_for(request.reader), pk=pk)
    if not oversees(request.reader, row):
        raise Http404
    silent = reconciling.silent_parts(row).count()
    form = NotHereForm(request.POST or None)
    form.fields["note"].label = _("Why it is closed without the silent holders")
    form.fields["note"].required = silent > 0
    return form_page(
        request,
        form,
        lambda given: reconciling.close(request.reader, row, reason=given["note"]),
        title=_("Close the reconciliation"),
        about=ngettext("{n} holder is silent.", "{n} holders are silent.", silent).format(n=silent),
        back=row.get_absolute_url(),
        button=_("Close it"),
        done=_("The reconciliation is closed."),
        row=row,
        danger=True,
        hint=_("After that no holder can answer any more; silent holders stay as discrepancies."),
    )


@require_GET
def part(request: ReaderRequest, pk: str) -> HttpResponse:
    """The list of a holder."""
    return _list_page(request, _part(request, pk))


def _part(request: ReaderRequest, pk: str) -> Any:
    return get_object_or_404(parts_for(request.reader), pk=pk)


def _list_page(
    request: ReaderRequest, row: Any, *, typed: str = "", fault: str = "", status: int = 200
) -> HttpResponse:
    page = Paginator(items_of(row), PAGE_ROWS).get_page(request.GET.get("page"))
    values = around(
        request.reader,
        row,
        page=page,
        rows=listed(request.reader, row, list(page)),
        query="",
        typed=typed,
        fault=fault,
        answered=row.said_here + row.said_not,
        may_answer=row.reconciliation.closed_at is None
        and answers_for(request.reader, row, row.holder),
        extras=discrepancies_for(request.reader)
        .filter(part=row, trouble=Trouble.EXTRA)
        .select_related("settlement"),
        # after a refused answer the page stands at the address to which it was sent
        scanning="1" in (request.GET.get(SCANNED), request.POST.get(SCANNED)),
        overdue=row.completed_at is None and row.reconciliation.due_at < request.reader.at,
    )
    answer = render(request, "oversight/list.html", values, status=status)
    answer["Permissions-Policy"] = WITH_CAMERA
    return answer


@require_GET
def part_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """The list of a holder as a table."""
    row = _part(request, pk)
    rows = list(items_of(row)[:LIMIT])
    shown = listed(request.reader, row, rows)
    sources = [item.source for item in shown if item.source is not None]
    named = Source.objects.filter(pk__in=[source.pk for source in sources])
    mark = mark_with_sources(request.reader, row, sources)
    mark, withheld = with_places(request.reader, named, mark, PLACES)
    notes = [withheld] if withheld else []
    if len(rows) < row.asked_of:
        notes.append(f"cut: the first {len(rows)} of {row.asked_of} sources")
    return csv_answer(
        request.reader,
        f"reconciliation-{row.reconciliation.year}",
        (
            *("source", "nuclides", "maker", "model", "serial", "device", "place", "category"),
            *("answer", "how", "at", "by", "note"),
        ),
        (
            (
                *(
                    (
                        item.source.name,
                        item.source.nuclides,
                        item.source.manufacturer,
                        item.source.model,
                        item.source.serial,
                        item.source.device,
                        "" if withheld else item.source.place,
                        item.source.category,
                    )
                    if item.source is not None
                    else ("", "", "", "", "", "", "", "")
                ),
                {True: "here", False: "not here", None: ""}[item.item.here],
                item.last.how if item.last else "",
                item.last.at if item.last else "",
                item.last.by.name if item.last else "",
                item.last.note if item.last else "",
            )
            for item in shown
        ),
        mark=mark,
        action="oversight.export",
        subject=row,
        notes=notes,
    )


@require_POST
def part_here(request: ReaderRequest, pk: str) -> HttpResponse:
    """Confirm one source: ticked in the list, typed, or scanned."""
    row = _part(request, pk)
    text, ticked = request.POST.get("code", ""), request.POST.get("item", "")
    try:
        if ticked.isdecimal():
            items = [get_object_or_404(items_seen(request.reader, row), pk=int(ticked[:18]))]
            how = How.TICK
        else:
            items = items_typed(items_seen(request.reader, row), text)
            how = How.SCAN if row_in_code(text) is not None else How.CODE
        reconciling.answer_all(request.reader, items, here=True, how=how)
    except InvalidInput as error:
        return _list_page(request, _part(request, pk), typed=text, fault=str(error), status=422)
    names = ", ".join(item.source.name for item in items)
    messages.success(request, _("Confirmed: {name}.").format(name=names))
    again = "?scan=1" if request.POST.get(SCANNED) == "1" else ""
    return redirect(f"{row.get_absolute_url()}{again}")


@require_http_methods(["GET", "POST"])
def part_not_here(request: ReaderRequest, pk: str, item: int) -> HttpResponse:
    """Say that a source is not there."""
    row = _part(request, pk)
    asked = get_object_or_404(items_seen(request.reader, row), pk=item)

    def act(given: dict[str, str]) -> Any:
        reconciling.answer(request.reader, asked, here=False, how=How.TICK, note=given["note"])
        found = row.discrepancies.filter(source=asked.source_id, settlement=None).first()
        return found or row

    return form_page(
        request,
        NotHereForm(request.POST or None),
        act,
        title=_("It is not here"),
        about=f"{asked.source.name} · {asked.source.title}",
        back=row.get_absolute_url(),
        button=_("Say that it is not here"),
        done=_("Kept. If it is lost, report the loss now; if it was handed on, the transfer."),
        row=row,
        danger=True,
        hint=_("The authority sees it at once. A loss is reported on the next page."),
    )


@require_POST
def part_photo(request: ReaderRequest, pk: str) -> HttpResponse:
    """Confirm the sources whose labels are on a photograph."""
    row = _part(request, pk)
    given = request.FILES.get("photo")
    try:
        if given is None:
            raise InvalidInput(_("Choose a photograph."))
        texts = [text.decode("utf-8", errors="replace") for text in qr_texts(given.read())]
        items = items_in(items_seen(request.reader, row), texts)
        if not items:
            raise InvalidInput(
                _("No label of this list can be read on it ({n} codes seen). Come closer.").format(
                    n=len(texts)
                )
            )
        reconciling.answer_all(request.reader, items, here=True, how=How.PHOTO)
    except ParseError as error:
        fault = _("The photograph cannot be read: {why}").format(why=error.reason)
        return _list_page(request, _part(request, pk), fault=fault, status=422)
    except InvalidInput as error:
        return _list_page(request, _part(request, pk), fault=str(error), status=422)
    names = ", ".join(item.source.name for item in items)
    messages.success(request, _("Confirmed: {name}.").format(name=names))
    return redirect(row)


@require_http_methods(["GET", "POST"])
def part_extra(request: ReaderRequest, pk: str) -> HttpResponse:
    """Tell of a source that is not in the list."""
    row = _part(request, pk)
    return form_page(
        request,
        ExtraForm(request.POST or None),
        lambda given: reconciling.report_extra(request.reader, row, **given) and None,
        title=_("Also here, not in the list"),
        about=row.holder.name,
        back=row.get_absolute_url(),
        button=_("Tell the authority"),
        done=_("Kept. The authority looks whether it belongs into the register."),
        row=row,
        hint=_("If you do not know where it comes from, keep away from it and call the authority."),
    )


@require_POST
def part_complete(request: ReaderRequest, pk: str) -> HttpResponse:
    """Say that the list is complete."""
    row = _part(request, pk)
    step(
        request,
        lambda: reconciling.complete(request.reader, row),
        done=_(
            "Thank you. The list is complete; you may still change an answer until it is closed."
        ),
    )
    return redirect(row)
