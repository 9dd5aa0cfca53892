"""Documents that a reader sees: whoever sees the row sees what hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from tocsin.server.documents.hanging import carrier_for, may_add, noun_of
from tocsin.server.documents.models import Document, Kind
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, may, visible_through

PANEL = "documents/panel.html"
"""Template of the part of a page that shows what hangs on a row."""


def documents_of(reader: Reader, row: Marked) -> QuerySet[Document]:
    """Documents that hang on a row and are valid, the latest first."""
    return _hanging(reader, row).filter(withdrawal=None)


def withdrawn_of(reader: Reader, row: Marked) -> QuerySet[Document]:
    """Documents of a row that were withdrawn, for people of its originator."""
    rows = _hanging(reader, row).exclude(withdrawal=None)
    if row.originator_id != reader.person.organisation_id:
        return rows.none()
    return rows.select_related("withdrawal__by")


def _hanging(reader: Reader, row: Marked) -> QuerySet[Document]:
    rows = Document.objects.filter(row_kind=noun_of(row), row_id=row.pk)
    return visible_through(reader, rows.select_related("created_by", "brought_by", "original"), row)


@dataclass(frozen=True, slots=True)
class Found:
    """A document and what it hangs on."""

    document: Document
    row: Marked

    @property
    def row_name(self) -> str:
        """What the row is called."""
        return str(self.row)

    @property
    def row_address(self) -> str:
        """Page of the row; empty where it has none."""
        address = getattr(self.row, "get_absolute_url", None)
        return address() if address else ""


def document_for(reader: Reader, pk: UUID, *, withdrawn: bool = False) -> Found:
    """A document that the reader may see, and its row.

    Parameters
    ----------
    pk : UUID
    withdrawn : bool
        Also one that was withdrawn, to people of the originator.

    Raises
    ------
    Http404
        There is none that the reader may see.
    """
    where = Document.objects.filter(pk=pk).values_list("row_kind", "row_id").first()
    if where is None:
        raise Http404
    row = carrier_for(reader, *where)
    found = documents_of(reader, row).filter(pk=pk).first()
    if found is None and withdrawn:
        found = withdrawn_of(reader, row).filter(pk=pk).first()
    if found is None:
        raise Http404
    return Found(found, row)


def panel_values(reader: Reader, row: Marked) -> dict[str, Any] | None:
    """What the template ``PANEL`` shows of a row; None where there is nothing to show or to do."""
    if not may(reader, "documents.read"):
        return None
    found, adds = list(documents_of(reader, row)), may_add(reader, row)
    gone = list(withdrawn_of(reader, row))
    if not (found or gone or adds):
        return None
    add = reverse("documents:add", args=[noun_of(row), row.pk])
    return {
        "pictures": [d for d in found if d.is_picture],
        "papers": [d for d in found if not d.is_picture],
        "withdrawn": gone,
        "add": add if adds else "",
        "kinds": Kind.choices,
    }
