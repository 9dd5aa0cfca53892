"""Hanging documents on rows, withdrawing them, and handing out originals."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.clean_picture import is_picture
from tocsin.formats.confined_picture import Redrawn, redraw
from tocsin.formats.limits import MiB
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.documents.hanging import may_add, noun_of
from tocsin.server.documents.models import Document, Kind, Withdrawal
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import content_of, readable_name, store
from tocsin.server.marking.highwater import Mark, mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.typed import plain

MOST_FILES = 10
"""Files of one form."""
MOST_ON_A_ROW = 200
"""Documents of one row, withdrawn ones among them: a choice, against a disk filled by mistake."""
PDF = "application/pdf"
_PDF_START = re.compile(rb"%PDF-[12]\.\d")
_PDF_END_BYTES = 2048


class Refused(InvalidInput):
    """A document that is not taken, or not from this person."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of the bytes before anything is written."""

    media_type: str
    picture: Redrawn | None


def attach(
    reader: Reader,
    row: Marked,
    content: bytes,
    *,
    name: str,
    kind: Kind,
    title: str = "",
    words: str = "",
    examined: Examined | None = None,
) -> Document:
    """Hang a document on a row.

    Parameters
    ----------
    reader : Reader
        Who brings it.
    row : Marked
        What it hangs on; its app has said so (``documents.hanging.open_for``).
    content : bytes
        A PDF, or a JPEG or PNG that is drawn anew without anything but its points.
    name : str
        As the file was called.
    kind : Kind
        A photograph must be a picture.
    title : str
        As people call it; the name of the file where it is empty.
    words : str
        What is to be seen, for who does not see the picture.
    examined : Examined, optional
        What :func:`examine` has said of it, where that was asked before a transaction began.

    Raises
    ------
    Refused
        Not allowed, empty, too large, or neither PDF nor a picture that can be read.
    """
    if not may_add(reader, row):
        raise Refused(_("None of your roles allows this."))
    read = examined or examine(content, kind)
    return _keep(reader, row, content, read, name=name, kind=kind, title=title, words=words)


def examine(content: bytes, kind: Kind) -> Examined:
    """What a file is; a picture is drawn anew, which takes seconds.

    Raises
    ------
    Refused
        Empty, too large, or neither PDF nor a picture that can be read.
    """
    most = settings.TOCSIN.upload_most_MiB
    if not content:
        raise Refused(_("The file is empty."))
    if len(content) > most * MiB:
        raise Refused(_("The file is larger than {most} MiB.").format(most=most))
    if is_picture(content):
        try:
            drawn = redraw(content)
        except ParseError as error:
            raise Refused(
                _("The picture cannot be read: {why}.").format(why=error.reason)
            ) from error
        return Examined(drawn.what.media_type, drawn)
    if kind is Kind.PHOTOGRAPH:
        raise Refused(_("A photograph is a JPEG or PNG file."))
    if _PDF_START.match(content) and b"%%EOF" in content[-_PDF_END_BYTES:]:
        return Examined(PDF, None)
    raise Refused(
        _("Only PDF, JPEG and PNG are taken. Save the document as PDF, or take a photograph of it.")
    )


@transaction.atomic
def _keep(
    reader: Reader,
    row: Marked,
    content: bytes,
    read: Examined,
    *,
    name: str,
    kind: Kind,
    title: str,
    words: str,
) -> Document:
    # two who bring documents to one row wait for each other: the number of them stays true
    type(row)._default_manager.select_for_update().get(pk=row.pk)
    there = Document.objects.filter(row_kind=noun_of(row), row_id=row.pk)
    if there.count() >= MOST_ON_A_ROW:
        raise Refused(_("No more than {n} documents hang on one entry.").format(n=MOST_ON_A_ROW))
    if there.filter(original__blob=hashlib.sha256(content).hexdigest(), withdrawal=None).exists():
        raise Refused(_("The same file hangs there already."))
    mark = mark_of(row)
    original = _stored(reader, row, mark, content, name)
    shown = thumbnail = None
    if read.picture is not None:
        shown = _stored(reader, row, mark, read.picture.content, name)
        thumbnail = _stored(reader, row, mark, read.picture.thumbnail, name)
    document = Document.objects.create(
        **mark.fields(),
        originator=row.originator,
        created_at=now(),
        created_by=reader.person,
        brought_by=reader.person.organisation,
        row_kind=noun_of(row),
        row_id=row.pk,
        kind=kind,
        title=plain(title)[:200] or readable_name(name)[:200] or str(kind.label),
        words=plain(words)[:400],
        original=original,
        shown=shown,
        thumbnail=thumbnail,
        media_type=read.media_type,
        width_px=read.picture.what.width_px if read.picture else None,
        height_px=read.picture.what.height_px if read.picture else None,
    )
    mark.stamp(document)
    record(
        actor=reader.person,
        action="documents.attach",
        subject=document,
        after={
            "on": f"{document.row_kind} {document.row_id}",
            "kind": kind.value,
            "title": document.title,
            "original_sha256": original.blob_id,
            "shown_sha256": shown.blob_id if shown else "",
        },
    )
    return document


@transaction.atomic
def withdraw(reader: Reader, document: Document, row: Marked, *, reason: str) -> Withdrawal:
    """Say that a document is not valid; it stays kept, and is handed out no more.

    Raises
    ------
    Refused
        Not allowed, without a reason, or withdrawn already.
    """
    reason = plain(reason)[:400]
    type(row)._default_manager.select_for_update().get(pk=row.pk)
    if not may_withdraw(reader, document, row):
        raise Refused(_("None of your roles allows this."))
    if Withdrawal.objects.filter(document=document).exists():
        raise Refused(_("The document was withdrawn already."))
    if not reason:
        raise Refused(_("Say why it is withdrawn."))
    ended = Withdrawal.objects.create(document=document, at=now(), by=reader.person, reason=reason)
    record(
        actor=reader.person,
        action="documents.withdraw",
        subject=document,
        before={"title": document.title},
        after={"withdrawn": True},
        reason=reason,
    )
    return ended


def may_withdraw(reader: Reader, document: Document, row: Marked) -> bool:
    """Whether a person may withdraw: of the organisation that brought it, or of the originator."""
    own = reader.person.organisation_id in {document.brought_by_id, document.originator_id}
    return own and may_add(reader, row)


def may_have_original(reader: Reader, document: Document) -> bool:
    """Whether a person is one of the originator's officers; they alone get the original."""
    return (
        document.is_picture
        and document.originator_id == reader.person.organisation_id
        and may(reader, "documents.original")
        and decide(reader, "documents.original", document).allowed
    )


@transaction.atomic
def original_of(reader: Reader, document: Document, *, reason: str) -> bytes:
    """The picture as it came, which may hold a position; the log keeps who asked and why.

    Raises
    ------
    Refused
        Not one of the originator's officers, or no reason is given.
    """
    reason = plain(reason)[:400]
    if not may_have_original(reader, document):
        raise Refused(_("None of your roles allows this."))
    if not reason:
        raise Refused(_("Say why you need the original."))
    content = content_of(document.original)
    record(
        actor=reader.person,
        action="documents.original",
        subject=document,
        after={"shown_to": str(reader.person.pk), "sha256": document.original.blob_id},
        reason=reason,
    )
    return content


def _stored(reader: Reader, row: Marked, mark: Mark, content: bytes, name: str) -> StoredFile:
    kept = store(
        content, name=name, actor=reader.person, originator=row.originator, **mark.fields()
    )
    mark.stamp(kept)
    return kept
