"""Pages on which something is written into the register: entries, reports, corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tocsin.errors import InvalidInput
from tocsin.formats.limits import MiB
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.documents.hanging import may_add
from tocsin.server.documents.models import Kind as DocumentKind
from tocsin.server.documents.services import Examined, attach, examine
from tocsin.server.duties.names import VERIFICATIONS
from tocsin.server.register.beyond import suggestions_for
from tocsin.server.register.clocks import ELSEWHERE, due_after, duty_named
from tocsin.server.register.corrections import cannot_be_wrong, correct, declare_wrong
from tocsin.server.register.entries import DATE_FIELDS, TEXT_FIELDS, entry_of
from tocsin.server.register.forms import CorrectionForm, EntryForm, ReportForm, WrongForm
from tocsin.server.register.life import DANGER, Kind
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.reading import life_of, sources_for
from tocsin.server.register.services import register_source, report, steps


@require_http_methods(["GET", "POST"])
def new(request: ReaderRequest) -> HttpResponse:
    """Enter one source by hand."""
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            entry = entry_of(form.cleaned_data, today=request.reader.at.date())
            row = register_source(request.reader, entry)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is registered.").format(name=row.name))
            return redirect(row)
    return _entry_page(request, form)


@require_http_methods(["GET", "POST"])
def report_step(request: ReaderRequest, pk: str, kind: str) -> HttpResponse:
    """Report what happened to a source, with photographs where somebody has them."""
    row = get_object_or_404(sources_for(request.reader), pk=pk)
    asked = next((k for k in steps(request.reader, row) if k.value == kind), None)
    if asked is None:
        raise Http404
    form = ReportForm(
        asked,
        request.reader.at.date(),
        request.POST or None,
        request.FILES or None,
        steps=_named(life_of(request.reader, row)) if asked is Kind.MISTAKE else (),
        photographs=may_add(request.reader, row),
        # a page that knows what happened, as a candidate that was accepted, fills in the words
        initial={
            "note": request.GET.get("note", "").replace("\0", "")[:4000],
            "seen": row.transactions.count(),
        },
    )
    if request.method == "POST" and form.is_valid():
        photographs = form.cleaned_data.get("photographs", [])
        try:
            said = _reported(request, row, asked, form, photographs)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            for text in said:
                messages.error(request, text)
            messages.success(request, _("Reported: {what}.").format(what=asked.label))
            # the receiver's people see it from now on, those of the sender no longer
            still = sources_for(request.reader).filter(pk=row.pk).exists()
            return redirect(row) if still else redirect("register:list")
    due = duty = None
    if asked is Kind.ELSEWHERE:
        due = due_after(row, ELSEWHERE, request.reader.at.date(), asked)
        duty = duty_named(due.law) if due else None
    return render(
        request,
        "register/report.html",
        {
            "source": row,
            "form": form,
            "kind": asked,
            "danger": asked in DANGER,
            "longest": due,
            "duty": duty,
            "verification": VERIFICATIONS[duty.verification] if duty else "",
            "level_name": Level(row.level).label,
        },
    )


def _reported(
    request: ReaderRequest,
    row: Source,
    kind: Kind,
    form: ReportForm,
    photographs: list[UploadedFile[Any]],
) -> list[str]:
    """Report, and hang the photographs on the source; what came of those that are not taken.

    A photograph that cannot be read never holds up the report. Who sends a source away does not
    see it afterwards: there the photographs come first, and fall with a report that is refused.
    """
    if kind is Kind.TRANSFER:
        # pictures are drawn anew before the transaction: nobody waits for the database meanwhile
        read, refused = _examined(photographs)
        with transaction.atomic():
            refused += _attached(request, row, read)
            report(request.reader, row, kind, **form.said())
        return refused
    report(request.reader, row, kind, **form.said())
    read, refused = _examined(photographs)
    return refused + _attached(request, row, read)


@dataclass(frozen=True, slots=True)
class _Photograph:
    name: str
    content: bytes
    examined: Examined


def _examined(photographs: list[UploadedFile[Any]]) -> tuple[list[_Photograph], list[str]]:
    """Photographs that can be read, and why the others cannot."""
    read, refused = [], []
    for file in photographs:
        # one byte more than allowed is enough to refuse it
        content, name = file.read(settings.TOCSIN.upload_most_MiB * MiB + 1), file.name or ""
        try:
            read.append(_Photograph(name, content, examine(content, DocumentKind.PHOTOGRAPH)))
        except InvalidInput as error:
            refused.append(_not_taken(name, error))
    return read, refused


def _attached(request: ReaderRequest, row: Source, read: list[_Photograph]) -> list[str]:
    refused = []
    for one in read:
        try:
            attach(
                request.reader,
                row,
                one.content,
                name=one.name,
                kind=DocumentKind.PHOTOGRAPH,
                examined=one.examined,
            )
        except InvalidInput as error:
            refused.append(_not_taken(one.name, error))
    return refused


def _not_taken(name: str, why: InvalidInput) -> str:
    return _("The photograph {name} was not taken: {why}").format(name=name, why=why)


@require_http_methods(["GET", "POST"])
def correction(request: ReaderRequest, pk: str) -> HttpResponse:
    """Correct what is written of a source."""
    row = _own(request, pk)
    form = CorrectionForm(
        _named(life_of(request.reader, row)), request.POST or None, initial=_as_typed(row)
    )
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        more = {name: given.pop(name) for name in ("reason", "seen", "found_on", "corrects")}
        try:
            entry = entry_of(given, today=request.reader.at.date())
            correct(request.reader, row, entry, **more)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is corrected.").format(name=row.name))
            return redirect(row)
    return _entry_page(request, form, row)


def _entry_page(
    request: ReaderRequest, form: EntryForm, source: Source | None = None
) -> HttpResponse:
    words = suggestions_for(request.reader)
    form.offer(words)
    values = {"form": form, "source": source, "words": words}
    return render(request, "register/entry.html", values)


@require_http_methods(["GET", "POST"])
def wrong(request: ReaderRequest, pk: str, number: int) -> HttpResponse:
    """Declare that what a step reports did not happen."""
    row = _own(request, pk)
    step = get_object_or_404(row.transactions.all(), number=number)
    if cannot_be_wrong(step):
        raise Http404
    initial = {"seen": row.transactions.count(), "found_on": row.mistake_since}
    form = WrongForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            declare_wrong(request.reader, row, number, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is corrected.").format(name=row.name))
            return redirect(row)
    return render(
        request,
        "register/wrong.html",
        {"source": row, "step": step, "form": form, "level_name": Level(row.level).label},
    )


def _own(request: ReaderRequest, pk: str) -> Source:
    row: Source = get_object_or_404(sources_for(request.reader), pk=pk)
    if row.originator_id != request.reader.person.organisation_id:
        raise Http404
    return row


def _named(steps_: list[Transaction]) -> list[tuple[int, str]]:
    return [
        (step.number, f"{step.number}: {step.get_kind_display()}, {step.happened_on}")
        for step in steps_
    ]


def _as_typed(row: Source) -> dict[str, Any]:
    typed: dict[str, Any] = {name: getattr(row, name) for name in TEXT_FIELDS}
    typed |= {name: str(getattr(row, name) or "") for name in DATE_FIELDS}
    flux = row.neutron_flux_per_s
    return typed | {
        "holder": row.holder.name,
        "nuclide": "; ".join(c["nuclide"] for c in row.contents),
        "activity": "; ".join(f"{c['activity_Bq']!r} Bq" for c in row.contents),
        "reference_date": "; ".join(c["reference_date"] for c in row.contents),
        "practice": row.practice,
        "use_kind": row.use_kind,
        "neutron": {True: "yes", False: "no", None: ""}[row.neutron],
        "neutron_flux_per_s": "" if flux is None else repr(flux),
        # the exact place is told for a reason only: left empty, it stays
        "seen": row.transactions.count(),
        "found_on": row.mistake_since,
    }
