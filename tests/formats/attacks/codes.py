"""Spectrum URIs and QR codes: bombs, forged parts, pictures that are no pictures."""

from __future__ import annotations

import base64
import functools
import io
import struct
import zlib

import segno
from PIL import Image

from .case import Attack, add, attack

FIELDS = b"I:F T:10,9 C:0,3 S:"


def packed(values: list[int]) -> bytes:
    """Numbers of one byte, as URIs have them."""
    return struct.pack("<H", len(values)) + bytes((len(values) + 3) // 4) + bytes(values)


def uri(body: bytes, *, options: int = 0x18, last: int = 0) -> bytes:
    text = base64.urlsafe_b64encode(zlib.compress(body, 9)).rstrip(b"=")
    return f"RADDATA://G0/{options:02X}0{last:X}/".encode() + text


BENIGN = FIELDS + packed(list(range(1, 41)))


def png(text: str) -> bytes:
    out = io.BytesIO()
    segno.make(text, micro=False).save(out, kind="png", scale=3)
    return out.getvalue()


@attack("codes", "attack.uri", refused=False, records=1, total=820.0)
def uri_benign() -> bytes:
    return uri(BENIGN)


@attack("codes", "attack.uri", refused=False, records=3, total=2460.0)
def uri_three_in_a_file() -> bytes:
    return b"\r\n".join([uri(BENIGN)] * 3)


@attack("codes", "attack.uri")
def uri_bomb() -> bytes:
    return uri(FIELDS + bytes(60_000_000))


@attack("codes", "attack.uri")
def uri_zeroes_of_two_billion() -> bytes:
    wide = struct.pack("<H", 2) + b"\x0c" + b"\x00" + struct.pack("<I", 2**31)
    return uri(FIELDS + wide, options=0x10)


@attack("codes", "attack.uri")
def uri_numbers_are_cut() -> bytes:
    return uri(BENIGN[:-7])


@attack("codes", "attack.uri")
def uri_numbers_and_more() -> bytes:
    return uri(BENIGN + b"left over")


@attack("codes", "attack.uri")
def uri_sixteen_spectra_stated() -> bytes:
    return uri(BENIGN, last=15)


@attack("codes", "attack.uri")
def uri_spectra_not_stated() -> bytes:
    return uri(BENIGN + b":0A:" + BENIGN)


@attack("codes", "attack.uri")
def uri_part_is_missing() -> bytes:
    return b"RADDATA://G0/1810/12345/" + base64.urlsafe_b64encode(zlib.compress(BENIGN))


@attack("codes", "attack.uri")
def uri_check_sum_is_wrong() -> bytes:
    first = b"RADDATA://G0/1810/12345/" + base64.urlsafe_b64encode(zlib.compress(BENIGN))
    second = b"RADDATA://G0/1811/12345/" + base64.urlsafe_b64encode(zlib.compress(packed([1])))
    return first + b"\n" + second


@attack("codes", "attack.uri")
def uri_part_beyond_the_last() -> bytes:
    return b"RADDATA://G0/181F/12345/" + base64.urlsafe_b64encode(zlib.compress(BENIGN))


@attack("codes", "attack.uri")
def uri_without_channels() -> bytes:
    return uri(b"I:F T:10,9 ")


@attack("codes", "attack.uri")
def uri_of_wrong_signs() -> bytes:
    return uri(BENIGN)[:40] + b"!!" + uri(BENIGN)[42:]


@attack("codes", "attack.uri")
def uri_options_unknown() -> bytes:
    return uri(BENIGN, options=0xC0)


@attack("codes", "attack.uri")
def uri_as_utf_16() -> bytes:
    return uri(BENIGN).decode().encode("utf-16")


@attack("codes", "attack.uri", records=4_000, total=4_000.0)
def uri_four_thousand() -> bytes:
    return b"\n".join([uri(FIELDS + packed([1]))] * 4_000)


FIELD_LIES = {
    "times_below_zero": b"T:-1,-1 ",
    "times_not_finite": b"T:nan,inf ",
    "one_time": b"T:10 ",
    "no_time": b"I:F ",
    "coefficient_too_large": b"T:10,9 C:1e400,3 ",
    "odd_deviation_pairs": b"T:10,9 C:0,3 D:1,2,3 ",
    "neutrons_are_a_word": b"T:10,9 N:many ",
    "purpose_unknown": b"I:X T:10,9 ",
    "three_coordinates": b"T:10,9 G:1,2,3 ",
}
for _name, _fields in FIELD_LIES.items():
    add(
        Attack(
            f"codes/uri_{_name}",
            "codes",
            "attack.uri",
            lambda _fields=_fields: uri(_fields + b"S:" + packed([1, 2, 3])),
        )
    )


@attack("codes", "attack.uri", refused=False, records=1, total=6.0, flagged=True)
def uri_place_beyond_the_poles() -> bytes:
    return uri(b"T:10,9 G:91,181 S:" + packed([1, 2, 3]))


@attack("codes", "attack.png", refused=False, records=1, total=820.0)
def picture_benign() -> bytes:
    return png(uri(BENIGN).decode())


@attack("codes", "attack.png")
def picture_of_another_text() -> bytes:
    return png("https://example.org/not-a-spectrum")


@attack("codes", "attack.png")
def picture_of_a_bomb() -> bytes:
    return png(uri(FIELDS + bytes(1_000_000)).decode()[:2000])


@attack("codes", "attack.png")
def picture_of_an_empty_uri() -> bytes:
    return png("RADDATA://G0/1800/")


@attack("codes", "attack.png")
def picture_cut_in_half() -> bytes:
    data = png(uri(BENIGN).decode())
    return data[: len(data) // 2]


@functools.cache
def white(side: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (side, side), 1).save(out, "PNG", optimize=True)
    return out.getvalue()


@attack("codes", "attack.png")
def picture_of_144_million_points() -> bytes:
    return white(12_000)


@attack("codes", "attack.png")
def picture_that_states_2_to_31() -> bytes:
    data = bytearray(png(uri(BENIGN).decode()))
    struct.pack_into(">II", data, 16, 2**31 - 1, 2**31 - 1)
    struct.pack_into(">I", data, 29, zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@attack("codes", "attack.png")
def picture_with_a_text_bomb() -> bytes:
    data = png(uri(BENIGN).decode())
    body = b"zTXtx\x00\x00" + zlib.compress(bytes(60_000_000), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


@attack("codes", "attack.jpg")
def picture_of_noise() -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes(range(256)) * 100


@attack("codes", "attack.bmp")
def picture_bmp_of_2_to_31() -> bytes:
    return b"BM" + struct.pack(
        "<IIIIiiHHIIiiII", 54, 0, 54, 40, 2**30, 2**30, 1, 1, 0, 0, 1, 1, 0, 0
    )
