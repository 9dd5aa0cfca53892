"""Measurements as files: the original, N42, tables and maps, each with marking and provenance."""

from __future__ import annotations

import dataclasses
import re
from pathlib import PurePath

from django.http import HttpResponse

import tocsin
from tocsin.formats import write_csv, write_n42
from tocsin.server.accounts.models import Level
from tocsin.server.clock import now
from tocsin.server.files.services import content_of
from tocsin.server.marking.aggregation import together
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements.analysing import read_recording
from tocsin.server.measurements.models import Analysis, Measurement, Upload
from tocsin.spectra import Recording

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


def download(
    content: bytes | str, *, row: Marked, name: str, kind: str, level: int | None = None
) -> HttpResponse:
    """An attachment whose name says realm and level, and holds nothing that a person wrote."""
    answer = HttpResponse(content, content_type=kind)
    safe = f"{row.realm}-{Level(row.level if level is None else level).name}-{name}"
    answer["Content-Disposition"] = f'attachment; filename="{safe}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def original(row: Measurement | Upload) -> HttpResponse:
    """The bytes as they came; the ending of the name is kept where it is a plain one."""
    ending = _ENDING.search(PurePath(row.file.name).name)
    name = f"original-{row.sha256[:12]}{ending.group().lower() if ending else ''}"
    content = content_of(row.file)
    return download(content, row=row, name=name, kind="application/octet-stream")


def _recording(row: Measurement) -> Recording:
    """The recording of a measurement, read in the sandbox, with realm and marking of the row."""
    recording = read_recording(content_of(row.file), row.file.name)
    marking = (
        f"Marking: {row.realm} {Level(row.level).name} TLP:{row.tlp}; from a file with sha256 "
        f"{row.sha256}; written by Tocsin {tocsin.__version__}"
    )
    return dataclasses.replace(recording, realm=row.realm, remarks=(*recording.remarks, marking))


def n42(row: Measurement) -> HttpResponse:
    """ANSI N42.42-2012."""
    content = write_n42(_recording(row), written=now())
    return download(content, row=row, name=f"{_name(row)}.n42", kind="application/xml")


def table(row: Measurement) -> HttpResponse:
    """One row for each spectrum; marking and provenance stand above the header."""
    top = (
        f"# {row.realm} {Level(row.level).name} TLP:{row.tlp}\r\n"
        f"# sha256 {row.sha256}, Tocsin {tocsin.__version__}, "
        f"{now().isoformat(timespec='seconds')}\r\n"
    )
    content = top.encode() + write_csv(_recording(row))
    return download(content, row=row, name=f"{_name(row)}.csv", kind="text/csv; charset=utf-8")


def places(reader: Reader, row: Measurement, analysis: Analysis) -> HttpResponse:
    """Encounters of one analysis for a map (GeoJSON); many together are one level higher.

    Raises
    ------
    PlacesWithheld
        The reader is not cleared for so many places at once.
    """
    told = sum(e.said["position"] is not None for e in analysis.encounters.all())
    mark = together(reader, mark_of(analysis), places=told)
    name = f"{_name(row)}-analysis-{analysis.number}.geojson"
    return download(
        analysis.geojson, row=analysis, name=name, kind="application/geo+json", level=mark.level
    )


def _name(row: Measurement) -> str:
    return f"measurement-{row.pk.hex[:12]}"
