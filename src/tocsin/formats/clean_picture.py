"""A photograph drawn anew from its points alone, smaller, and a small one of it.

Nothing but the points goes over: no EXIF, GPS, XMP, comment, colour profile, thumbnail or second
picture. The decoders are native code: this runs in a confined worker only
(:mod:`tocsin.formats.confined_picture`).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

# two pictures in one file, as telephones write them; Pillow would load it behind the fence
from PIL.MpoImagePlugin import MpoImageFile

from tocsin.errors import ParseError
from tocsin.formats.bare_picture import JPEG_START, PNG_START

LONGEST_SIDE_PX = 2560
"""A serial number over a twentieth of the picture stays readable: a choice of this project."""
THUMBNAIL_PX = 320
MOST_PIXELS = 60_000_000
_MOST_PNG_BYTES = 8 << 20
_QUALITY = 88
_FORMATS = ("JPEG", "PNG")
_LOSSY = frozenset({"JPEG", MpoImageFile.format})
_ALPHA = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture that was drawn anew.

    Parameters
    ----------
    shown : bytes
        JPEG or PNG of at most ``LONGEST_SIDE_PX`` on its longer side.
    thumbnail : bytes
        JPEG of at most ``THUMBNAIL_PX``.
    """

    shown: bytes
    thumbnail: bytes


def is_picture(data: bytes) -> bool:
    """Whether bytes begin as a picture that is taken."""
    return data.startswith((PNG_START, JPEG_START))


def clean_picture(data: bytes) -> CleanPicture:
    """The picture drawn anew, upright.

    Raises
    ------
    ParseError
        It is damaged, too large, or no picture that is taken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            points, lossless = _points(data)
    except UnidentifiedImageError as error:
        raise ParseError("no reader understands this picture", code="unreadable") from error
    except MemoryError as error:
        raise ParseError("the picture needs too much memory", code="too_large") from error
    except Image.DecompressionBombError as error:
        raise ParseError("the picture is too large", code="too_large") from error
    except (OSError, SyntaxError, ValueError, EOFError, ZeroDivisionError, TypeError) as error:
        raise ParseError(
            f"the picture is damaged ({type(error).__name__})", code="damaged"
        ) from error
    shown = _encoded(points, "PNG") if lossless else b""
    if not shown or len(shown) > _MOST_PNG_BYTES:
        shown = _encoded(points, "JPEG")
    small = points.copy()
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return CleanPicture(shown, _encoded(small, "JPEG"))


def _points(data: bytes) -> tuple[Image.Image, bool]:
    """Points of a picture as a fresh one that knows nothing of its file; and whether it was PNG."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise ParseError(
                f"a picture of {width} x {height} points is too large", code="too_large"
            )
        lossless = picture.format not in _LOSSY
        if not lossless:
            # the decoder skips what would be thrown away: less memory for large photographs
            picture.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        picture.load()
        small: Image.Image = picture
        if picture.mode.startswith("I"):
            small = picture.convert("I").point(lambda value: value / 256).convert("L")
        elif picture.mode == "P":
            small = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        elif picture.mode not in {"L", "RGB"} | _ALPHA:
            small = picture.convert("RGB")
        small.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        upright = _upright(small, picture)
        if upright.mode in _ALPHA:
            paper = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(paper, upright.convert("RGBA"))
        flat = upright.convert("RGB")
    return Image.frombytes("RGB", flat.size, flat.tobytes()), lossless


def _upright(small: Image.Image, picture: Image.Image) -> Image.Image:
    """Turned as the camera says; where it says nonsense, as it lies."""
    try:
        turned = picture.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - whatever hostile metadata makes a library raise: they go anyway
        return small
    fresh = Image.frombytes(small.mode, small.size, small.tobytes())
    if turned not in range(2, 9):
        return fresh
    fresh.getexif()[0x0112] = turned
    return ImageOps.exif_transpose(fresh)


def _encoded(points: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    if form == "PNG":
        points.save(out, "PNG", optimize=False)
    else:
        points.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def warm_up() -> None:
    """Load the decoders and encoders, so that a worker need not open a file."""
    Image.preinit()
    blank = Image.new("RGB", (16, 16))
    for form in _FORMATS:
        clean_picture(_encoded(blank, form))
