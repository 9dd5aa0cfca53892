"""Whether a picture is nothing but a picture: no metadata, no second file behind or inside it.

Walks through the parts of a JPEG or PNG without decoding a point. It is told what a re-encoded
picture may hold and refuses everything else, so that the answer of a decoder that was taken over is
not believed either.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from tocsin.errors import ParseError

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
_JFIF = 0xE0
_FRAME = 0xC0  # baseline; the encoder writes no other
_TABLES = frozenset({0xDB, 0xC4, 0xDD})
_SCAN = 0xDA
_END = 0xD9
_JFIF_BYTES = 16
_PNG_PARTS = (b"IHDR", b"IDAT", b"IEND")


@dataclass(frozen=True, slots=True)
class BarePicture:
    """A picture of which every part is known.

    Parameters
    ----------
    media_type : str
        ``image/jpeg`` or ``image/png``.
    width_px, height_px : int
    """

    media_type: str
    width_px: int
    height_px: int


def bare_picture(data: bytes) -> BarePicture:
    """What a picture is, if it is nothing else.

    Raises
    ------
    ParseError
        It holds a part that a plain picture does not have, or something follows its end.
    """
    if data.startswith(PNG_START):
        return _png(data)
    if data.startswith(JPEG_START):
        return _jpeg(data)
    raise ParseError("this is neither a JPEG nor a PNG", code="not_bare")


def _png(data: bytes) -> BarePicture:
    at, size = len(PNG_START), (0, 0)
    seen: list[bytes] = []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        if name not in _PNG_PARTS or len(body) != length or (seen and seen[-1] == b"IEND"):
            raise ParseError(f"a PNG holds {name!r}", code="not_bare")
        if zlib.crc32(name + body).to_bytes(4, "big") != check:
            raise ParseError("a part of a PNG is damaged", code="not_bare")
        if name == b"IHDR":
            size = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
        seen.append(name)
        at += 12 + length
    if seen[:1] != [b"IHDR"] or seen[-1:] != [b"IEND"] or seen.count(b"IHDR") != 1:
        raise ParseError("a PNG has no proper beginning or end", code="not_bare")
    return BarePicture("image/png", *size)


def _jpeg(data: bytes) -> BarePicture:
    at, size = 2, (0, 0)
    while True:
        marker, length = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        if len(marker) != 2 or marker[0] != 0xFF or length < 2:
            raise ParseError("a JPEG is cut off", code="not_bare")
        kind, body = marker[1], data[at + 4 : at + 2 + length]
        if kind == _JFIF:
            plain = length == _JFIF_BYTES and body.startswith(b"JFIF\0") and body[-2:] == b"\0\0"
            if not plain or at != 2:
                raise ParseError("a JPEG holds a thumbnail", code="not_bare")
        elif kind == _FRAME:
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
        elif kind not in _TABLES | {_SCAN}:
            raise ParseError(f"a JPEG holds the part {kind:02X}", code="not_bare")
        at += 2 + length
        if kind == _SCAN:
            break
    end = _end_of_scan(data, at)
    if end != len(data) or 0 in size:
        raise ParseError("something follows the end of a JPEG", code="not_bare")
    return BarePicture("image/jpeg", *size)


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the file ends if its one scan is followed by nothing but the end; -1 if not."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        kind = data[at + 1]
        if kind == _END:
            return at + 2
        if kind and not 0xD0 <= kind <= 0xD7:
            return -1
        at += 2
    return -1
