"""Documents for programs: what hangs on a row, hang one there, download one."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from tocsin.errors import InvalidInput
from tocsin.formats.limits import MiB
from tocsin.server.access import reader_of_request
from tocsin.server.answers import Detail
from tocsin.server.documents import services, views
from tocsin.server.documents.hanging import carrier_for, may_add
from tocsin.server.documents.models import Document, Kind
from tocsin.server.documents.reading import documents_of

router = Router(tags=["documents"])


class DocumentOut(Schema):
    """A document; its file is at ``/documents/{id}/file``."""

    id: UUID
    kind: str
    title: str
    words: str
    media_type: str
    width_px: int | None
    height_px: int | None
    sha256: str
    created_at: dt.datetime
    realm: str
    level: int
    tlp: str


class DocumentIn(Schema):
    """What a document is."""

    kind: Kind
    title: str = Field("", max_length=200)
    words: str = Field("", max_length=400, description="What is to be seen, in words")


def _out(document: Document) -> dict[str, Any]:
    given = document.shown or document.original
    fields = {f.name: getattr(document, f.name) for f in Document._meta.fields}
    return fields | {"sha256": given.blob_id}


@router.get("/on/{noun}/{uuid:pk}", response=list[DocumentOut], url_name="documents_on")
def document_list(request: HttpRequest, noun: str, pk: UUID) -> list[dict[str, Any]]:
    """Documents that hang on a row, for example on ``register.source``."""
    reader = reader_of_request(request)
    row = carrier_for(reader, noun, pk)
    return [_out(document) for document in documents_of(reader, row)]


@router.post(
    "/on/{noun}/{uuid:pk}",
    response={201: DocumentOut, 422: Detail},
    url_name="documents_on",
)
def add(
    request: HttpRequest,
    noun: str,
    pk: UUID,
    file: Annotated[UploadedFile, File()],
    given: Annotated[DocumentIn, Form()],
) -> Any:
    """Hang a file on a row."""
    reader = reader_of_request(request)
    row = carrier_for(reader, noun, pk)
    if not may_add(reader, row):
        raise Http404
    content = file.read(settings.TOCSIN.upload_most_MiB * MiB + 1)
    try:
        document = services.attach(
            reader,
            row,
            content,
            name=file.name or "",
            kind=given.kind,
            title=given.title,
            words=given.words,
        )
    except InvalidInput as error:
        return Status(422, {"detail": str(error)})
    return Status(201, _out(document))


@router.get("/{uuid:pk}/file", url_name="documents_file")
def file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The picture as it was drawn anew, or the PDF."""
    return views.file(request, pk)  # type: ignore[arg-type]
