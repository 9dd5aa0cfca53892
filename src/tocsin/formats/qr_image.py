"""Pictures of QR codes that hold spectra: the text of every code, for the reader of URIs.

The decoder is native code: it runs in the sandboxed worker only, like every other reader.
"""

from __future__ import annotations

import io
import warnings

import zxingcpp
from PIL import Image, UnidentifiedImageError

from tocsin.errors import ParseError
from tocsin.formats.raddata import HEADER

SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")
_FORMATS = ("PNG", "JPEG", "BMP")
_MOST_PIXELS = 50_000_000
_QR = zxingcpp.barcode_formats_from_str("QRCode")


def uris_in_image(data: bytes) -> bytes:
    """URIs of all QR codes in a picture, one per line.

    Raises
    ------
    ParseError
        When the picture is damaged or too large, or no code in it holds a spectrum.
    """
    texts = [text for text in texts_in_image(data) if HEADER.search(text)]
    if not texts:
        raise ParseError("no QR code with a spectrum (RADDATA://...) can be read in the picture")
    return b"\n".join(dict.fromkeys(texts))


def texts_in_image(data: bytes) -> list[bytes]:
    """Bytes of all QR codes in a picture.

    Raises
    ------
    ParseError
        When the picture is damaged or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > _MOST_PIXELS:
                    raise ParseError(
                        f"a picture of {width} x {height} points is too large", code="too_large"
                    )
                grey = picture.convert("L")
    except UnidentifiedImageError as error:
        raise ParseError("no reader understands this picture") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ParseError(f"the picture is damaged ({str(error)[:80]})") from error
    return [bytes(code.bytes) for code in zxingcpp.read_barcodes(grey, formats=_QR)]


def warm_up() -> None:
    """Load the decoders of pictures, so that a worker need not open a file."""
    Image.preinit()
    picture = Image.new("L", (8, 8))
    out = io.BytesIO()
    picture.save(out, "PNG")
    zxingcpp.read_barcodes(picture, formats=_QR)
