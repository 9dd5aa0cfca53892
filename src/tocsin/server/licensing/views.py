"""Pages of licences: list, one licence, proposal, decision, sheets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.exports import csv_answer, csv_of_rows
from tocsin.server.licensing.forms import (
    LicenceForm,
    LimitForm,
    TermsForm,
    limit_rows,
    terms_initial,
)
from tocsin.server.licensing.keys import licence_key
from tocsin.server.licensing.limits import category_at_limits
from tocsin.server.licensing.models import Act, EventKind, Licence, Sheet, State, Version
from tocsin.server.licensing.reading import (
    LicenceFilter,
    bars_of,
    is_officer,
    licences_for,
    orders_for,
    plain_bars,
)
from tocsin.server.licensing.services import (
    Terms,
    change_state,
    decide_version,
    issue_sheet,
    may_take_sheet,
    possible_steps,
    propose_licence,
    propose_version,
    waiting_version,
)
from tocsin.server.licensing.sheets import sheet_pdf as pdf_of
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import may
from tocsin.server.register.beyond import tabs_for
from tocsin.server.register.models import Holder
from tocsin.server.register.practices import NAMES
from tocsin.server.register.reading import holders_for

PAGE_ROWS = 50
MOST_ORDERS = 20
MOST_SHEETS = 5
STEP_NAMES = {
    EventKind.SUSPENDED: gettext_lazy("Suspend"),
    EventKind.LIFTED: gettext_lazy("Lift the suspension"),
    EventKind.REVOKED: gettext_lazy("Revoke"),
}
"""Buttons."""


@require_GET
def licence_list(request: ReaderRequest) -> HttpResponse:
    """Licences with filters."""
    chosen = LicenceFilter.of(request.GET)
    rows = chosen.apply(licences_for(request.reader), request.reader.at.date())
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "licensing/list.html",
        {
            "page": Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page")),
            "chosen": chosen,
            "narrowed": chosen != LicenceFilter(),
            "query": query.urlencode(),
            "states": State.choices,
            "today": request.reader.at.date(),
            "may_write": may(request.reader, "licences.write"),
            "tabs": tabs_for(request.reader),
        },
    )


@require_GET
def licence_csv(request: ReaderRequest) -> HttpResponse:
    """The filtered list as a table."""
    rows = LicenceFilter.of(request.GET).apply(
        licences_for(request.reader), request.reader.at.date()
    )
    return csv_of_rows(
        request.reader,
        "licences",
        ("licence", "holder", "state", "version", "valid_from", "valid_until", "acts"),
        rows,
        lambda row: (
            row.number,
            row.holder.name,
            row.state,
            row.current.number if row.current else None,
            str(row.valid_from),
            str(row.valid_until),
            "; ".join(row.current.acts) if row.current else "",
        ),
        action="licences.export",
    )


@require_GET
def licence(request: ReaderRequest, pk: str) -> HttpResponse:
    """One licence: what it permits, what of it is taken, its life."""
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    officer = is_officer(request.reader, row)
    waiting = waiting_version(row) if officer else None
    today = request.reader.at.date()
    versions = row.versions.select_related("proposed_by", "decision__by")
    sheets = Sheet.objects.filter(version=row.current).select_related("issued_by")
    return render(
        request,
        "licensing/licence.html",
        {
            "licence": row,
            "level_name": Level(row.level).label,
            "officer": officer,
            "today": today,
            "valid": row.is_valid_on(today),
            "bars": bars_of(row, today),
            "says": _says(row.current) if row.current else None,
            "waiting": waiting,
            "waiting_says": _says(waiting) if waiting else None,
            "waiting_bars": plain_bars(waiting.rows()) if waiting else [],
            "own_proposal": waiting is not None
            and waiting.proposed_by_id == request.reader.person.pk,
            "steps": [
                {"kind": kind.value, "label": STEP_NAMES[kind]} for kind in possible_steps(row)
            ]
            if officer
            else [],
            "may_amend": officer
            and waiting is None
            and row.state in (State.IN_FORCE, State.SUSPENDED),
            "may_take_sheet": row.state == State.IN_FORCE and may_take_sheet(request.reader, row),
            "sheets": sheets[:MOST_SHEETS] if may_take_sheet(request.reader, row) else [],
            "versions": [
                {"version": version, "lines": plain_bars(version.rows())}
                for version in versions
                if officer or (hasattr(version, "decision") and version.decision.approved)
            ],
            "events": row.events.select_related("by") if officer else [],
            "orders": orders_for(request.reader).filter(licence=row)[:MOST_ORDERS],
            "key": str(licence_key().verifier),
        },
    )


def _says(version: Version) -> dict[str, Any]:
    return {
        "version": version,
        "acts": ", ".join(str(Act(act).label) for act in version.acts),
        "practices": ", ".join(str(NAMES[code]) for code in version.practices if code in NAMES),
        "category": category_at_limits(version.rows()),
    }


@require_GET
def limits_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """Limits of a licence, used and left, as a table."""
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    bars = bars_of(row, request.reader.at.date())
    return csv_answer(
        request.reader,
        "limits",
        ("limit", "bound", "most", "held", "on_order", "left"),
        ((b.name, b.label, b.most, b.held, b.reserved, b.left) for b in bars),
        mark=mark_of(row),
        action="licences.export",
        subject=row,
    )


@require_http_methods(["GET", "POST"])
def new(request: ReaderRequest) -> HttpResponse:
    """Propose a licence."""
    asked = _uuid_or_none(request.GET.get("holder", ""))
    chosen = holders_for(request.reader).filter(pk=asked).first() if asked else None
    initial = {"holder": chosen.name if chosen else "", "acts": [Act.HOLD, Act.USE]}
    form = LicenceForm(request.POST or None, initial=initial)
    rows = limit_rows(None, request.POST or None)
    if request.method == "POST" and _all_valid(form, rows):
        given = form.cleaned_data
        try:
            made = propose_licence(
                request.reader,
                _own_holder(request, given["holder"]),
                _terms(form, rows),
                number=given["number"],
                reason=given["reason"],
                replaces=_replaced(request, given["replaces"]),
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("{number} is proposed. A second officer must confirm it.").format(
                    number=made.number
                ),
            )
            return redirect(made)
    return render(request, "licensing/form.html", {"form": form, "rows": rows})


@require_http_methods(["GET", "POST"])
def amend(request: ReaderRequest, pk: str) -> HttpResponse:
    """Propose another version of a licence."""
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    if row.current is None or not is_officer(request.reader, row):
        raise Http404
    form = TermsForm(request.POST or None, initial=terms_initial(row.current))
    rows = limit_rows(row.current, request.POST or None)
    if request.method == "POST" and _all_valid(form, rows):
        try:
            propose_version(
                request.reader, row, _terms(form, rows), reason=form.cleaned_data["reason"]
            )
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Proposed. A second officer must confirm it."))
            return redirect(row)
    return render(request, "licensing/form.html", {"form": form, "rows": rows, "licence": row})


@require_POST
def decide(request: ReaderRequest, pk: str) -> HttpResponse:
    """Confirm or refuse what another officer proposed."""
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    given = request.POST
    try:
        decide_version(
            request.reader,
            row,
            approve=given.get("decision") == "confirm",
            answer=given.get("answer", ""),
            number=_whole(given.get("version", "")),
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Your decision is kept."))
    return redirect(row)


@require_POST
def step(request: ReaderRequest, pk: str, kind: str) -> HttpResponse:
    """Suspend, revoke, or lift a suspension."""
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    asked = next((k for k in possible_steps(row) if k.value == kind), None)
    if asked is None or not is_officer(request.reader, row):
        raise Http404
    try:
        change_state(request.reader, row, asked, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done: {what}.").format(what=asked.label))
    return redirect(row)


@require_POST
def sheet_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Sign a fresh sheet, for one vendor."""
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    try:
        issue_sheet(request.reader, row)
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("A fresh sheet is signed. It is for one vendor."))
    return redirect(row)


@require_GET
def sheet_json(request: ReaderRequest, pk: str, nonce: str) -> HttpResponse:
    """A signed sheet as a file for programs."""
    sheet = _sheet(request, pk, nonce)
    answer = HttpResponse(sheet.signed().document(), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="licence-sheet.json"'
    return answer


@require_GET
def sheet_pdf(request: ReaderRequest, pk: str, nonce: str) -> HttpResponse:
    """A signed sheet to print."""
    sheet = _sheet(request, pk, nonce)
    answer = HttpResponse(pdf_of(sheet.signed()), content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="licence-sheet.pdf"'
    return answer


def _sheet(request: ReaderRequest, pk: str, nonce: str) -> Sheet:
    row = get_object_or_404(licences_for(request.reader), pk=pk)
    if not may_take_sheet(request.reader, row):
        raise Http404
    found: Sheet = get_object_or_404(Sheet, nonce=nonce, version__licence=row)
    return found


def _all_valid(form: TermsForm, rows: list[LimitForm]) -> bool:
    # every row is looked at, so that all faults show at once
    good = [row.is_valid() for row in rows]
    return form.is_valid() and all(good)


def _terms(form: TermsForm, rows: list[LimitForm]) -> Terms:
    given = form.cleaned_data
    return Terms(
        valid_from=given["valid_from"],
        valid_until=given["valid_until"],
        acts=given["acts"],
        practices=given["practices"],
        places=given["places"].splitlines(),
        limits=[row.limit for row in rows if row.limit is not None],
    )


def _own_holder(request: ReaderRequest, name: str) -> Holder:
    own = holders_for(request.reader).filter(originator=request.reader.person.organisation_id)
    found = own.filter(name__iexact=name.strip()).first()
    if found is None:
        raise InvalidInput(_("The register has no holder of exactly this name."))
    return found


def _replaced(request: ReaderRequest, number: str) -> Licence | None:
    if not number.strip():
        return None
    found = licences_for(request.reader).filter(number__iexact=number.strip()).first()
    if found is None:
        raise InvalidInput(_("There is no licence with the number that is to be replaced."))
    return found


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _uuid_or_none(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
