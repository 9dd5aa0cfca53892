"""Pictures that want something: metadata, second files, bombs, damage. Made from fixed seeds."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, PngImagePlugin

SECRET = b"s3cr3t-place-52.5200-13.4050"
"""Stands in every piece of metadata below; no drawn picture may hold it."""


def points(width: int = 64, height: int = 48, seed: int = 7) -> Image.Image:
    """A picture with something in it."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def jpeg(picture: Image.Image | None = None, **more: object) -> bytes:
    """A JPEG as a camera writes it, with what is given."""
    out = io.BytesIO()
    (picture or points()).save(out, "JPEG", **more)
    return out.getvalue()


def png(picture: Image.Image | None = None, **more: object) -> bytes:
    """A PNG with what is given."""
    out = io.BytesIO()
    (picture or points()).save(out, "PNG", **more)
    return out.getvalue()


def exif(turned: int = 1) -> bytes:
    """EXIF with a position, an owner and a comment."""
    found = Image.Exif()
    found[0x0112] = turned
    found[0x010E] = SECRET.decode()
    found[0x013B] = SECRET.decode()
    found[0x9286] = SECRET
    gps = found.get_ifd(0x8825)
    gps[1], gps[2] = "N", (52.0, 31.0, 12.0)
    gps[3], gps[4] = "E", (13.0, 24.0, 18.0)
    gps[29] = SECRET.decode()
    return found.tobytes()


def segment(kind: int, body: bytes) -> bytes:
    """One segment of a JPEG."""
    return bytes((0xFF, kind)) + struct.pack(">H", len(body) + 2) + body


def with_segment(kind: int, body: bytes, data: bytes | None = None) -> bytes:
    """A JPEG with a segment behind its beginning."""
    data = data or jpeg()
    return data[:2] + segment(kind, body) + data[2:]


def chunk(name: bytes, body: bytes) -> bytes:
    """One part of a PNG."""
    check = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)


def with_chunk(name: bytes, body: bytes) -> bytes:
    """A PNG with a part behind its header."""
    data = png()
    return data[:33] + chunk(name, body) + data[33:]


def telling() -> Iterator[tuple[str, bytes]]:
    """Pictures that can be read and tell more than they show."""
    yield "exif-gps.jpg", jpeg(exif=exif())
    yield "exif-turned.jpg", jpeg(exif=exif(turned=6))
    yield "exif-nonsense-turn.jpg", jpeg(exif=exif(turned=77))
    yield "xmp.jpg", with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + SECRET + b"</x>")
    yield "comment.jpg", jpeg(comment=SECRET)
    yield "icc.jpg", jpeg(icc_profile=b"\0" * 128 + SECRET)
    yield "iptc.jpg", with_segment(0xED, b"Photoshop 3.0\0" + SECRET)
    yield "vendor.jpg", with_segment(0xE5, SECRET * 40)
    yield "thumbnail.jpg", with_segment(0xE1, b"Exif\0\0" + jpeg(points(32, 32)) + SECRET)
    yield "trailing.jpg", jpeg() + SECRET * 9
    yield "zip-behind.jpg", jpeg() + b"PK\x03\x04" + SECRET
    yield "html-behind.jpg", jpeg() + b"<script>alert(1)</script>" + SECRET
    yield "html-inside.jpg", with_segment(0xFE, b"<html><script>alert(1)</script>" + SECRET)
    yield "pdf-behind.jpg", jpeg() + b"%PDF-1.7\n" + SECRET + b"\n%%EOF"
    yield "second-picture.jpg", jpeg() + jpeg(points(seed=8), exif=exif())
    two = io.BytesIO()
    points().save(two, "MPO", save_all=True, append_images=[points(seed=9)], exif=exif())
    yield "two-in-one.mpo", two.getvalue()
    yield "progressive.jpg", jpeg(progressive=True, exif=exif())
    yield "cmyk.jpg", jpeg(points().convert("CMYK"), exif=exif())
    text = PngImagePlugin.PngInfo()
    text.add_text("Location", SECRET.decode())
    text.add_text("Software", SECRET.decode(), zip=True)
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    yield "text.png", png(pnginfo=text)
    yield "exif.png", png(exif=exif(turned=3))
    yield "icc.png", png(icc_profile=b"\0" * 128 + SECRET)
    yield "trailing.png", png() + SECRET
    yield "private.png", with_chunk(b"prVt", SECRET)
    yield "time.png", with_chunk(b"tIME", b"\x07\xea\x0b\x1a\x01\x02\x03")
    moving = io.BytesIO()
    points().save(moving, "PNG", save_all=True, append_images=[points(seed=9)])
    yield "moving.png", moving.getvalue() + SECRET
    yield "palette.png", png(points().convert("P"), pnginfo=text)
    yield "transparent.png", png(points().convert("RGBA"), pnginfo=text)
    yield "sixteen-bits.png", png(Image.new("I;16", (40, 30)), pnginfo=text)


def unreadable() -> Iterator[tuple[str, bytes]]:
    """Pictures of which nothing may come but a refusal."""
    yield "bomb.png", _huge_png(60_000, 60_000)
    yield "wide-bomb.png", _huge_png(2_000_000_000, 2)
    yield "bomb.jpg", _resized_jpeg(65_000, 65_000)
    yield "no-size.jpg", _resized_jpeg(0, 0)
    yield "cut.jpg", jpeg()[:400]
    yield "cut.png", png()[:90]
    yield "start-alone.jpg", b"\xff\xd8\xff"
    yield "start-alone.png", b"\x89PNG\r\n\x1a\n"
    yield "html.jpg", b"\xff\xd8\xff<html><script>alert(1)</script>"
    yield "endless-segments.jpg", b"\xff\xd8" + segment(0xFE, b"x" * 60_000) * 200
    yield "text-bomb.png", _text_bomb()
    yield "wrong-check.png", png()[:-20] + b"\0\0\0\0" + png()[-16:]
    yield "lying-length.png", b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffIHDR"


def _huge_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def _resized_jpeg(width: int, height: int) -> bytes:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _text_bomb() -> bytes:
    packed = zlib.compress(b"A" * 100_000_000, 9)
    return with_chunk(b"zTXt", b"Comment\0\0" + packed)
