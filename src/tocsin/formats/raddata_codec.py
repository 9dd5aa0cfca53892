"""Bytes of ``RADDATA://`` URIs: base 45, base 64, percent signs, packed numbers, check sum.

References
----------
RFC 9285 (base 45), RFC 4648 section 5 (base 64 for URLs), RFC 3986 (percent encoding); Lemire,
StreamVByte (packed numbers: two bits per number say how many bytes it takes); CRC-16/ARC.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ParseError

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {sign: value for value, sign in enumerate(BASE45)}
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


def base45_encoded(data: bytes) -> str:
    """Two bytes as three signs, a last single byte as two."""
    signs = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            value, digit = divmod(value, 45)
            signs.append(BASE45[digit])
    return "".join(signs)


def base45_decoded(text: str) -> bytes:
    """Inverse of :func:`base45_encoded`.

    Raises
    ------
    ParseError
        For a sign that is none of the 45, a length that cannot be, or a value that is too large.
    """
    if len(text) % 3 == 1:
        raise ParseError("base-45 text of an impossible length: it is cut off", code="truncated")
    try:
        digits = [_VALUES[sign] for sign in text]
    except KeyError as error:
        raise ParseError("a sign does not belong to base 45") from error
    out = bytearray()
    for at in range(0, len(digits), 3):
        part = digits[at : at + 3]
        value = sum(digit * 45**power for power, digit in enumerate(part))
        width = len(part) - 1
        if value >= 1 << (8 * width):
            raise ParseError("a value of base 45 is too large")
        out += value.to_bytes(width, "big")
    return bytes(out)


def base64_encoded(data: bytes) -> str:
    """Base 64 with the signs of URLs, without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def base64_decoded(text: str) -> bytes:
    """Inverse of :func:`base64_encoded`."""
    bare = re.sub(r"\s", "", text).rstrip("=")
    if re.fullmatch(r"[A-Za-z0-9_-]*", bare) is None:
        raise ParseError("a sign does not belong to base 64")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise ParseError("base-64 text is cut off", code="truncated") from error


def percent_decoded(data: bytes) -> bytes:
    """``%41`` becomes ``A``; a percent sign that no two digits follow stays."""
    return _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), data)


def percent_encoded(text: str) -> str:
    """Signs that a URI may not hold become ``%hh``."""
    return re.sub(r"[^A-Za-z0-9._~*-]", lambda m: f"%{ord(m[0]):02X}", text)


def deflated(data: bytes) -> bytes:
    """Data compressed by zlib; the same data give the same bytes."""
    return zlib.compress(data, 9)


def inflated(data: bytes, *, most: int) -> bytes:
    """Data without their compression (zlib), at most so many bytes.

    Raises
    ------
    ParseError
        When they are damaged, cut off, followed by something else, or larger.
    """
    expander = zlib.decompressobj()
    try:
        out = expander.decompress(data, most)
    except zlib.error as error:
        raise ParseError("the compressed part is damaged") from error
    if expander.unconsumed_tail:
        raise ParseError("the compressed part is larger than is believed", code="too_large")
    if not expander.eof:
        raise ParseError("the compressed part is cut off", code="truncated")
    return out


def unpacked(data: bytes) -> tuple[NDArray[np.int64], int]:
    """Numbers behind their count (16 bits), and the number of bytes that were read."""
    if len(data) < 2:
        raise ParseError("packed channels are cut off", code="truncated")
    n = int.from_bytes(data[:2], "little")
    at = 2 + (n + 3) // 4
    widths = np.frombuffer(data[2:at], np.uint8)
    codes = ((widths[:, None] >> np.array([0, 2, 4, 6])) & 3).reshape(-1)[:n].astype(np.int64) + 1
    end = at + int(codes.sum())
    if codes.size < n or end > len(data):
        raise ParseError("packed channels are cut off", code="truncated")
    starts = at + np.concatenate(([0], np.cumsum(codes)[:-1])).astype(np.int64)
    raw = np.frombuffer(data, np.uint8).astype(np.int64)
    found = np.zeros(n, dtype=np.int64)
    for byte in range(4):
        has = codes > byte
        found[has] |= raw[starts[has] + byte] << (8 * byte)
    return found, end


def packed(values: NDArray[np.int64]) -> bytes:
    """Inverse of :func:`unpacked`, for at most 65,535 numbers below 2**32."""
    n = int(values.size)
    widths = [max(1, (int(v).bit_length() + 7) // 8) for v in values]
    control = bytearray((n + 3) // 4)
    for at, width in enumerate(widths):
        control[at // 4] |= (width - 1) << (2 * (at % 4))
    body = b"".join(
        int(v).to_bytes(width, "little") for v, width in zip(values, widths, strict=True)
    )
    return n.to_bytes(2, "little") + bytes(control) + body


def crc16_arc(data: bytes) -> int:
    """CRC-16/ARC: polynomial 0x8005, both reflected, initial value 0."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value
