"""Pages of documents: hang them on a row, look at one, download it, withdraw it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.formats.limits import MiB
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.documents import services
from tocsin.server.documents.forms import DocumentForm
from tocsin.server.documents.hanging import carrier_for, may_add
from tocsin.server.documents.models import Document, Kind
from tocsin.server.documents.reading import Found, document_for
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import content_of
from tocsin.server.marking.models import Marked

ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", services.PDF: ".pdf"}


@require_http_methods(["GET", "POST"])
def add(request: ReaderRequest, noun: str, pk: uuid.UUID) -> HttpResponse:
    """Hang files on a row; each is kept or refused by itself."""
    row = carrier_for(request.reader, noun, pk)
    if not may_add(request.reader, row):
        raise Http404
    initial = {"kind": request.GET.get("kind", Kind.PHOTOGRAPH)}
    form = DocumentForm(request.POST or None, request.FILES or None, initial=initial)
    kept: list[Document] = []
    if request.method == "POST" and form.is_valid():
        kept = _attached(request, row, form)
        if not form.errors:
            messages.success(
                request, _("Kept: {names}.").format(names=", ".join(d.title for d in kept))
            )
            return redirect(Found(kept[0], row).row_address or kept[0])
    return render(
        request,
        "documents/add.html",
        {
            "form": form,
            "row": row,
            "row_address": getattr(row, "get_absolute_url", lambda: "")(),
            "level_name": Level(row.level).label,
            "kept": kept,
            "most_MiB": settings.TOCSIN.upload_most_MiB,
            "most_files": services.MOST_FILES,
        },
        status=400 if form.errors else 200,
    )


def _attached(request: ReaderRequest, row: Marked, form: DocumentForm) -> list[Document]:
    given = form.cleaned_data
    kept = []
    for file in given["files"]:
        try:
            document = services.attach(
                request.reader,
                row,
                # one byte more than allowed is enough to refuse it
                file.read(settings.TOCSIN.upload_most_MiB * MiB + 1),
                name=file.name or "",
                kind=Kind(given["kind"]),
                title=given["title"],
                words=given["words"],
            )
        except InvalidInput as error:
            form.add_error("file", f"{file.name}: {error}")
        else:
            kept.append(document)
    return kept


@require_GET
def document(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """One document: the picture, what it is, and what may be done."""
    found = document_for(request.reader, pk, withdrawn=True)
    row = found.document
    gone = getattr(row, "withdrawal", None)
    own = request.reader.person.organisation_id in {row.brought_by_id, row.originator_id}
    return render(
        request,
        "documents/document.html",
        {
            "document": row,
            "found": found,
            "gone": gone,
            "level_name": Level(row.level).label,
            # who writes for a former holder is not the next holder's business
            "shows_person": own,
            "size_kB": row.original.blob.size_bytes / 1000.0,
            "may_withdraw": gone is None and services.may_withdraw(request.reader, row, found.row),
            "may_original": gone is None and services.may_have_original(request.reader, row),
        },
    )


@require_GET
def file(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """The picture as it was drawn anew, or the PDF as an attachment."""
    row = document_for(request.reader, pk).document
    if row.shown is not None:
        return _answer(row, row.shown, row.media_type, inline=True)
    return _answer(row, row.original, services.PDF, inline=False)


@require_GET
def thumbnail(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """The small picture."""
    row = document_for(request.reader, pk).document
    if row.thumbnail is None:
        raise Http404
    return _answer(row, row.thumbnail, "image/jpeg", inline=True)


@require_POST
def original(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """The bytes as they came, for a reason that is kept; never shown in a page."""
    row = document_for(request.reader, pk).document
    try:
        content = services.original_of(request.reader, row, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect(row)
    answer = HttpResponse(content, content_type="application/octet-stream")
    name = f"original-{row.pk.hex[:8]}{ENDINGS[row.media_type]}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
def withdraw(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Say that a document is not valid."""
    found = document_for(request.reader, pk)
    try:
        services.withdraw(
            request.reader, found.document, found.row, reason=request.POST.get("reason", "")
        )
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect(found.document)
    messages.success(request, _("{title} is withdrawn.").format(title=found.document.title))
    return redirect(found.row_address or "home")


def _answer(row: Document, kept: StoredFile, media_type: str, *, inline: bool) -> HttpResponse:
    answer = HttpResponse(content_of(kept), content_type=media_type)
    name = f"document-{row.pk.hex[:8]}{ENDINGS[media_type]}"
    answer["Content-Disposition"] = f'{"inline" if inline else "attachment"}; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    # opened by itself it can run and load nothing
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return answer
