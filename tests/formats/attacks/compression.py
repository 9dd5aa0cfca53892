"""Compressed, packed and two-faced files under the name of a spectrum."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

from .base import RECORDS, TOTAL, n42
from .case import attack

EITHER = {"records": RECORDS, "total": TOTAL}


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 4)), content, method)
    return out.getvalue()


@attack("compression", "attack.n42.gz", **EITHER)
def gzip_benign() -> bytes:
    return gzip.compress(n42().encode(), mtime=0)


@attack("compression", **EITHER)
def gzip_benign_named_n42() -> bytes:
    return gzip.compress(n42().encode(), mtime=0)


@attack("compression")
def gzip_bomb_200_MB() -> bytes:
    return gzip.compress(n42(extra=f"<Remark>{' ' * 200_000_000}</Remark>").encode(), 6, mtime=0)


@attack("compression")
def gzip_in_gzip_in_gzip() -> bytes:
    data = bytes(50_000_000)
    for _ in range(4):
        data = gzip.compress(data, 6, mtime=0)
    return data


@attack("compression")
def gzip_many_members() -> bytes:
    return gzip.compress(b"x", mtime=0) * 100_000


@attack("compression")
def bzip2_bomb() -> bytes:
    return bz2.compress(bytes(50_000_000))


@attack("compression")
def xz_bomb() -> bytes:
    return lzma.compress(bytes(50_000_000), preset=1)


@attack("compression")
def zlib_stream() -> bytes:
    return zlib.compress(n42().encode())


@attack("compression")
def zip_bomb() -> bytes:
    return zipped(("a.n42", bytes(50_000_000)))


@attack("compression")
def zip_slip() -> bytes:
    return zipped(("../../../../tmp/tocsin-slipped", b"x"), ("/etc/tocsin-slipped", n42().encode()))


@attack("compression")
def zip_in_zip() -> bytes:
    data = n42().encode()
    for i in range(20):
        data = zipped((f"level{i}.n42", data))
    return data


@attack("compression")
def zip_ten_thousand_names() -> bytes:
    return zipped(*((f"{i}.n42", b"") for i in range(10_000)), method=zipfile.ZIP_STORED)


@attack("compression", "attack.xlsx")
def office_file() -> bytes:
    return zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"))


@attack("compression")
def tar_with_absolute_and_link() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("/etc/tocsin-slipped")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


@attack("compression", **EITHER)
def polyglot_n42_then_zip() -> bytes:
    return n42().encode() + zipped(("other.n42", n42().encode()))


@attack("compression")
def polyglot_zip_then_n42() -> bytes:
    return zipped(("other.n42", b"x")) + n42().encode()


@attack("compression", "attack.pdf", **EITHER)
def polyglot_pdf() -> bytes:
    return b"%PDF-1.7\n" + n42().encode() + b"\n%%EOF\n"


@attack("compression", **EITHER)
def polyglot_gif() -> bytes:
    return b"GIF89a/*" + n42().encode()


@attack("compression", **EITHER)
def polyglot_html_comment() -> bytes:
    return b"<!--<html><script>alert(1)</script>-->\n" + n42(declaration="").encode()


def base45(data: bytes) -> str:
    """RFC 9285."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    out = []
    for i in range(0, len(data) - 1, 2):
        value = data[i] * 256 + data[i + 1]
        out += [digits[value % 45], digits[value // 45 % 45], digits[value // 2025]]
    if len(data) % 2:
        out += [digits[data[-1] % 45], digits[data[-1] // 45]]
    return "".join(out)


def spectrum_uri(payload: bytes, head: str = "RADDATA://G0/1000/") -> bytes:
    return (
        head + base64.urlsafe_b64encode(zlib.compress(payload, 9)).decode().rstrip("=")
    ).encode()


URI_TEXT = "T:0.9,1.0 C:0,60,0 S:"


@attack("compression", "attack.txt", records=1)
def uri_bomb_base64() -> bytes:
    return spectrum_uri(URI_TEXT.encode() + b"0," * 30_000_000)


@attack("compression", "attack.txt", records=1)
def uri_bomb_base45() -> bytes:
    data = zlib.compress(URI_TEXT.encode() + b"1," * 30_000_000, 9)
    return b"RADDATA://G0/0000/" + base45(data).encode()


@attack("compression", "attack.txt")
def uri_lying_part_count() -> bytes:
    return b"RADDATA://G0/0F90/" + b"A" * 64


@attack("compression", "attack.txt", records=1)
def uri_counted_zeroes_bomb() -> bytes:
    return spectrum_uri(URI_TEXT.encode() + b"1,0,2000000000,2")


@attack("compression", "attack.txt", records=1)
def uri_of_8_MB() -> bytes:
    return b"RADDATA://G0/1000/" + b"A" * 8_000_000


@attack("compression", "attack.txt")
def mailto_and_http_uris() -> bytes:
    return b"http://127.0.0.1:9/RADDATA://G0/0000/\nmailto:x@y?body=RADDATA://G0/1000/AAAA\n"
