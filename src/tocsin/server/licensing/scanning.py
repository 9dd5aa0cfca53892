"""The sheet in an uploaded file: signed JSON, the printed PDF, or a photograph of its code."""

from __future__ import annotations

from tocsin.errors import ParseError
from tocsin.formats.confined_qr import qr_texts

PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")
CODE = b"TOCSIN:L1:"


def presented_in(data: bytes) -> bytes:
    """What of a file is the sheet.

    A picture is looked at in a confined child process.

    Raises
    ------
    ParseError
        When a picture holds no code of a licence sheet.
    """
    if not data.startswith(PICTURES):
        return data
    found = next((text for text in qr_texts(data) if text.startswith(CODE)), None)
    if found is None:
        raise ParseError("no code of a licence sheet can be read in the picture")
    return found
