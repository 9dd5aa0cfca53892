"""What a reader sees of alert sheets, and a sheet as PDF."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from django.db.models import QuerySet

import tocsin
from tocsin.report.typeset import printable, set_template
from tocsin.server.accounts.models import Level, Organisation
from tocsin.server.clock import now
from tocsin.server.documents.models import Document
from tocsin.server.documents.reading import documents_of
from tocsin.server.files.services import content_of
from tocsin.server.marking.models import Compartment, Release
from tocsin.server.marking.policy import Reader, for_figures, visible, visible_through
from tocsin.server.register.life import MISSING
from tocsin.server.register.models import Source
from tocsin.server.register.reading import sources_for
from tocsin.server.tracing.advice import LANGUAGES
from tocsin.server.tracing.models import AlertSheet
from tocsin.server.tracing.services.sheets import SOURCE

ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}


def sheets_for(reader: Reader) -> QuerySet[AlertSheet]:
    """Alert sheets that a reader may see."""
    return visible(reader, AlertSheet.objects.select_related("originator", "end", "created_by"))


def sheets_of(reader: Reader, source: Source) -> QuerySet[AlertSheet]:
    """Sheets about a source, the latest first."""
    return sheets_for(reader).filter(row_kind=SOURCE, row_id=source.pk).order_by("-number")


def last_call(reader: Reader) -> str:
    """Whom the last sheet of the own organisation says to call."""
    seen = for_figures(reader, AlertSheet.objects.all())
    own = seen.filter(originator=reader.person.organisation_id)
    return own.order_by("-created_at").values_list("call", flat=True).first() or ""


def outdated(reader: Reader) -> QuerySet[AlertSheet]:
    """Valid sheets about sources that are not missing any more: to be withdrawn."""
    back = Source.objects.exclude(status__in=MISSING).values("pk")
    return sheets_for(reader).filter(end=None, row_kind=SOURCE, row_id__in=back)


def pictures_of(reader: Reader, source: Source) -> list[Document]:
    """Photographs of a source that a sheet may show, the latest first."""
    return list(documents_of(reader, source).filter(shown__isnull=False)[:20])


def picture_of(reader: Reader, sheet: AlertSheet) -> Document | None:
    """The photograph of a sheet, for who may see the sheet."""
    if sheet.picture_id is None:
        return None
    rows = Document.objects.filter(pk=sheet.picture_id).select_related("shown__blob")
    return visible_through(reader, rows, sheet).first()


def sides_of(sheet: AlertSheet) -> list[dict[str, Any]]:
    """The words of a sheet, language by language."""
    return [{"language": language, **sheet.content[language]} for language in LANGUAGES]


def released_to(sheet: AlertSheet) -> list[str]:
    """Organisations to which the originator opened this sheet."""
    receivers = Release.objects.filter(
        noun="tracing.alertsheet", row_id=sheet.pk, ended_at=None
    ).values("receiver")
    return list(Organisation.objects.filter(pk__in=receivers).values_list("name", flat=True))


def source_of(reader: Reader, sheet: AlertSheet) -> Source | None:
    """The source a sheet is about, if the reader may see it."""
    return sources_for(reader).filter(pk=sheet.row_id).first()


def marking_of(sheet: AlertSheet) -> str:
    """Marking as it is printed."""
    circles = Compartment.objects.filter(pk__in=sheet.compartments.values("pk"))
    parts = (sheet.realm, Level(sheet.level).name, f"TLP:{sheet.tlp}")
    return " ".join((*parts, *circles.values_list("code", flat=True)))


def pdf_of(reader: Reader, sheet: AlertSheet) -> bytes:
    """A sheet as PDF/A-2a with both languages side by side; the same bytes each time."""
    picture = picture_of(reader, sheet)
    pictures: dict[str, bytes] = {}
    if picture is not None and picture.shown is not None:
        ending = ENDINGS.get(picture.media_type, "png")
        pictures[f"picture.{ending}"] = content_of(picture.shown)
    ended = getattr(sheet, "end", None)
    data = {
        "title": printable(sheet.content["en"]["title"]),
        "name": printable(str(sheet)),
        "marking": printable(marking_of(sheet)),
        "issued": f"{sheet.created_at:%Y-%m-%d %H:%M} UTC, {printable(sheet.originator.name)}",
        "provenance": f"Tocsin {tocsin.__version__}",
        "exercise": sheet.realm != "LIVE",
        "ended": "" if ended is None else f"{ended.at:%Y-%m-%d %H:%M} UTC",
        "call": printable(sheet.call),
        "picture": next(iter(pictures), ""),
        "alternative": printable(picture.alternative) if picture is not None else "",
        "sides": [
            {"language": language, **_printed(sheet.content[language])} for language in LANGUAGES
        ],
    }
    template = files("tocsin.server.tracing") / "data" / "alert.typ"
    created = sheet.created_at if ended is None else ended.at
    return set_template(template.read_bytes(), data, created=created or now(), files=pictures)


def _printed(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_printed(item) for item in value]
    return {name: _printed(item) for name, item in value.items()}
