"""Documents on a row: what is kept, what is shown, to whom, and what is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from answers import body_of
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from hostile_pictures import SECRET, exif, jpeg, png
from PIL import Image

from tocsin.server.accounts.models import Level, Person
from tocsin.server.audit.models import Leaf
from tocsin.server.documents import services
from tocsin.server.documents.models import Document, Kind
from tocsin.server.documents.reading import document_for, documents_of, panel_values
from tocsin.server.documents.services import Refused, attach, original_of, withdraw
from tocsin.server.files.services import content_of
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.models import Reading
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.life import Kind as Step
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import report

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
def photo(officer: Reader, source: Source) -> Document:
    """A photograph with a position in its metadata."""
    return attach(
        officer,
        source,
        jpeg(exif=exif(), comment=SECRET),
        name="IMG_1.jpg",
        kind=Kind.PHOTOGRAPH,
        words="Yellow projector with the number IR1001",
    )


@pytest.fixture
def paper(officer: Reader, source: Source) -> Document:
    """A certificate."""
    return attach(officer, source, PDF, name="certificate.pdf", kind=Kind.CERTIFICATE)


def test_the_original_stays_as_it_came_and_what_is_shown_has_nothing_of_its_metadata(
    photo: Document,
) -> None:
    assert content_of(photo.original) == jpeg(exif=exif(), comment=SECRET)
    for kept in (photo.shown, photo.thumbnail):
        assert kept is not None
        content = content_of(kept)
        assert SECRET not in content
        assert b"Exif" not in content
        assert dict(Image.open(io.BytesIO(content)).getexif()) == {}


def test_a_document_has_the_mark_of_its_row(photo: Document, source: Source) -> None:
    kept = [photo, photo.original, photo.shown, photo.thumbnail]
    for row in kept:
        assert row is not None
        assert (row.realm, row.level, row.tlp) == (source.realm, source.level, source.tlp)
        assert row.originator_id == source.originator_id


def test_the_holder_sees_and_adds_what_hangs_on_its_source(
    works: Reader, source: Source, photo: Document
) -> None:
    assert list(documents_of(works, source)) == [photo]
    own = attach(works, source, png(), name="own.png", kind=Kind.PHOTOGRAPH)
    assert own.originator_id == source.originator_id
    assert own.brought_by_id == works.person.organisation_id
    assert documents_of(works, source).count() == 2


def test_who_no_longer_holds_the_source_no_longer_sees_its_documents(
    officer: Reader, works: Reader, source: Source, photo: Document, person: Callable[..., Person]
) -> None:
    other = reader_of(person("holder", of="quarry", clearance=2))
    holder_named(officer, "Quarry", organisation=other.person.organisation)
    with pytest.raises(Http404):
        document_for(other, photo.pk)
    report(works, source, Step.TRANSFER, happened_on=source.since, receiver="Quarry")
    source.refresh_from_db()
    assert not documents_of(works, source).exists()
    with pytest.raises(Http404):
        document_for(works, photo.pk)
    assert document_for(other, photo.pk).document == photo
    with pytest.raises(Refused):
        attach(works, source, PDF, name="late.pdf", kind=Kind.LETTER)


def test_who_is_not_cleared_for_the_document_does_not_see_it(
    source: Source, photo: Document, person: Callable[..., Person]
) -> None:
    low = reader_of(person("register_officer", of="authority", clearance=Level.RESTRICTED))
    assert not documents_of(low, source).exists()
    with pytest.raises(Http404):
        document_for(low, photo.pk)


def test_what_is_read_is_counted(works: Reader, source: Source, photo: Document) -> None:
    Reading.objects.all().delete()
    list(documents_of(works, source))
    assert Reading.objects.filter(noun="documents.document", row_id=photo.pk).exists()


def test_originals_are_for_the_originators_officers_for_a_reason_in_the_log(
    officer: Reader, works: Reader, photo: Document, paper: Document
) -> None:
    with pytest.raises(Refused):
        original_of(works, photo, reason="curious")
    with pytest.raises(Refused):
        original_of(officer, photo, reason=" \0")
    assert original_of(officer, photo, reason="search for a theft").startswith(b"\xff\xd8")
    leaf = Leaf.objects.get(action="documents.original")
    assert leaf.subject_id == str(photo.pk)
    # a PDF is its own original: nothing more is to be had
    with pytest.raises(Refused):
        original_of(officer, paper, reason="x")


def test_the_holders_own_photograph_is_closed_to_it_as_an_original(
    works: Reader, source: Source
) -> None:
    own = attach(works, source, jpeg(exif=exif()), name="own.jpg", kind=Kind.PHOTOGRAPH)
    with pytest.raises(Refused):
        original_of(works, own, reason="mine")


def test_a_withdrawn_document_is_handed_out_no_more_and_stays_kept(
    officer: Reader, works: Reader, source: Source, photo: Document
) -> None:
    with pytest.raises(Refused):
        withdraw(works, photo, source, reason="not mine")
    with pytest.raises(Refused):
        withdraw(officer, photo, source, reason="")
    withdraw(officer, photo, source, reason="shows another source")
    with pytest.raises(Refused):
        withdraw(officer, photo, source, reason="again")
    assert not documents_of(officer, source).exists()
    with pytest.raises(Http404):
        document_for(works, photo.pk, withdrawn=True)
    assert document_for(officer, photo.pk, withdrawn=True).document == photo
    assert content_of(photo.original).startswith(b"\xff\xd8")
    assert Leaf.objects.filter(action="documents.withdraw").count() == 1
    # and the same bytes may be hung there again
    attach(officer, source, content_of(photo.original), name="again.jpg", kind=Kind.PHOTOGRAPH)


@pytest.mark.parametrize("table", ["documents_document", "documents_withdrawal"])
def test_documents_are_written_once(
    officer: Reader, source: Source, photo: Document, table: str
) -> None:
    from django.db import connection

    withdraw(officer, photo, source, reason="wrong")
    with pytest.raises(WrittenOnce):
        photo.save()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of this test


REFUSED = {
    "empty": (b"", Kind.OTHER, "empty"),
    "text": (b"hello", Kind.LETTER, "PDF, JPEG and PNG"),
    "html": (b"<html><script>alert(1)</script>", Kind.OTHER, "PDF, JPEG and PNG"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Kind.PHOTOGRAPH, "JPEG or PNG"),
    "gif": (b"GIF89a" + b"\0" * 50, Kind.PHOTOGRAPH, "JPEG or PNG"),
    "zip": (b"PK\x03\x04" + PDF, Kind.OTHER, "PDF, JPEG and PNG"),
    "html before a pdf": (b"<html>" + PDF, Kind.OTHER, "PDF, JPEG and PNG"),
    "cut pdf": (PDF[:30], Kind.OTHER, "PDF, JPEG and PNG"),
    "pdf as photograph": (PDF, Kind.PHOTOGRAPH, "JPEG or PNG"),
    "damaged picture": (jpeg()[:300], Kind.PHOTOGRAPH, "cannot be read"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_other_files_are_refused_with_a_sentence(
    officer: Reader, source: Source, name: str
) -> None:
    content, kind, words = REFUSED[name]
    with pytest.raises(Refused, match=words):
        attach(officer, source, content, name=name, kind=kind)
    assert not Document.objects.exists()


def test_limits(
    officer: Reader, source: Source, paper: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="already"):
        attach(officer, source, PDF, name="twice.pdf", kind=Kind.OTHER)
    monkeypatch.setattr(services, "MOST_ON_A_ROW", 1)
    with pytest.raises(Refused, match="No more than 1"):
        attach(officer, source, PDF + b" %%EOF", name="more.pdf", kind=Kind.OTHER)


def test_pages_from_the_camera_to_the_withdrawal(
    officer: Reader, source: Source, signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(officer.person)
    add = reverse("documents:add", args=["register.source", source.pk])
    assert add in body_of(browser.get(source.get_absolute_url()))
    form = body_of(browser.get(add))
    assert 'capture="environment"' in form
    files = [
        SimpleUploadedFile("a.jpg", jpeg(exif=exif()), "image/jpeg"),
        SimpleUploadedFile("b.html", b"<script>alert(1)</script>", "text/html"),
    ]
    answer = browser.post(add, {"kind": "photograph", "photo": files, "words": "Yellow box"})
    assert answer.status_code == 400
    assert "b.html" in body_of(answer)
    photo = Document.objects.get()
    page = body_of(browser.get(source.get_absolute_url()))
    assert 'alt="Yellow box"' in page
    assert reverse("documents:thumbnail", args=[photo.pk]) in page
    shown = browser.get(reverse("documents:file", args=[photo.pk]))
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert SECRET not in shown.content
    original = reverse("documents:original", args=[photo.pk])
    assert browser.get(original).status_code == 405
    got = browser.post(original, {"reason": "a theft"})
    assert got["Content-Disposition"].startswith("attachment")
    assert got["Content-Type"] == "application/octet-stream"
    assert SECRET in got.content
    browser.post(reverse("documents:withdraw", args=[photo.pk]), {"reason": "another source"})
    assert browser.get(reverse("documents:file", args=[photo.pk])).status_code == 404
    assert "another source" in body_of(browser.get(photo.get_absolute_url()))


def test_a_pdf_leaves_as_an_attachment_only(
    officer: Reader, paper: Document, signed_in: Callable[[Person], Client]
) -> None:
    answer = signed_in(officer.person).get(reverse("documents:file", args=[paper.pk]))
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content == PDF


def test_programs_hang_list_and_fetch(
    officer: Reader, source: Source, signed_in: Callable[[Person], Client]
) -> None:
    browser: Any = signed_in(officer.person)
    where = f"/api/1/documents/on/register.source/{source.pk}"
    browser.handler.enforce_csrf_checks = False
    made = browser.post(
        where,
        {"kind": "drawing", "file": SimpleUploadedFile("d.png", png(), "image/png")},
    )
    assert made.status_code == 201, made.content
    assert [row["kind"] for row in browser.get(where).json()] == ["drawing"]
    fetched = browser.get(f"/api/1/documents/{made.json()['id']}/file")
    assert fetched["Content-Type"] == "image/png"
    refused = browser.post(
        where, {"kind": "letter", "file": SimpleUploadedFile("x.exe", b"MZ", "application/pdf")}
    )
    assert refused.status_code == 422
    assert browser.get(where.replace("register.source", "audit.leaf")).status_code == 404


def test_the_panel_of_a_holder(works: Reader, holder: Holder) -> None:
    values = panel_values(works, holder)
    assert values is not None
    assert values["add"]
