"""The base map: an archive of tiles by byte ranges, as browsers read PMTiles, and a street plan."""

from __future__ import annotations

import re
from typing import BinaryIO

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from tocsin.server.base_map import usable_tiles

MOST_BYTES = 16 * 2**20
"""Largest piece of one answer; directories and tiles of an archive are far smaller."""

_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?")


def map_tiles(request: HttpRequest) -> HttpResponse:
    """One range of the archive; never the whole of it, which may be many gigabytes."""
    path = usable_tiles()
    if path is None:
        raise Http404
    try:
        with path.open("rb") as archive:
            return _piece(archive, request.headers.get("Range", ""))
    except OSError:
        raise Http404 from None


def map_plan(request: HttpRequest) -> HttpResponse:
    """The street plan: lines, areas and names as GeoJSON."""
    path = settings.TOCSIN.map_plan
    try:
        if path is None or path.stat().st_size > MOST_BYTES:
            raise Http404
        return HttpResponse(path.read_bytes(), content_type="application/geo+json")
    except OSError:
        raise Http404 from None


def _piece(archive: BinaryIO, asked: str) -> HttpResponse:
    size = archive.seek(0, 2)
    found = _RANGE.fullmatch(asked)
    first = int(found[1]) if found else size
    if found is None or first >= size or int(found[2] or size) < first:
        answer = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{size}"
        return answer
    last = min(int(found[2] or size - 1), size - 1, first + MOST_BYTES - 1)
    archive.seek(first)
    body = archive.read(last - first + 1)
    answer = HttpResponse(body, status=206, content_type="application/vnd.pmtiles")
    answer["Content-Range"] = f"bytes {first}-{first + len(body) - 1}/{size}"
    answer["Accept-Ranges"] = "bytes"
    return answer
