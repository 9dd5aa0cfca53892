"""Whether the operator's archive of map tiles can be drawn."""

from __future__ import annotations

import logging
import struct
from functools import lru_cache
from pathlib import Path

from django.conf import settings

log = logging.getLogger(__name__)

HEADER_BYTES = 127
TILE_TYPES = frozenset({1, 2, 3, 4, 5})
"""Vector tiles, PNG, JPEG, WebP and AVIF: what the map can draw."""
COMPRESSIONS = frozenset({0, 1, 2})
"""Unknown, none and gzip: what the browser's reader takes; it has neither Brotli nor Zstandard."""


def tiles_trouble(path: Path) -> str:
    """Why an archive cannot be a base map; empty where it can.

    Parameters
    ----------
    path : Path
        Of the archive.

    References
    ----------
    PMTiles specification version 3: header of 127 bytes, its places and lengths from byte 8 on,
    the compressions of directories and tiles in bytes 97 and 98, the type of the tiles in byte 99.
    """
    try:
        with path.open("rb") as archive:
            header, size = archive.read(HEADER_BYTES), archive.seek(0, 2)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if len(header) < HEADER_BYTES or header[:8] != b"PMTiles\x03":
        return "it is no PMTiles file of version 3"
    parts = struct.unpack_from("<8Q", header, 8)
    if any(at + length > size for at, length in zip(parts[::2], parts[1::2], strict=True)):
        return "it ends before its tiles do"
    if header[99] not in TILE_TYPES:
        return "its tiles are neither vector tiles nor PNG, JPEG, WebP or AVIF"
    if not COMPRESSIONS.issuperset(header[97:99]):
        return "it is compressed by Brotli or Zstandard: write it anew with gzip"
    return ""


def usable_tiles() -> Path | None:
    """The archive, where there is one that the map can draw; the log says what is wrong with it."""
    path = settings.TOCSIN.map_tiles
    if path is None:
        return None
    try:
        stands = path.stat()
    except OSError:
        stands = None
    looked_at = (path, stands.st_mtime_ns, stands.st_size) if stands else (path, 0, 0)
    return None if _trouble_once(*looked_at) else path


@lru_cache(maxsize=4)
def _trouble_once(path: Path, _changed_ns: int, _size: int) -> str:
    """The same of a file as it stands, looked at once."""
    trouble = tiles_trouble(path)
    if trouble:
        log.warning("the base map %s is not drawn: %s", path, trouble)
    return trouble
