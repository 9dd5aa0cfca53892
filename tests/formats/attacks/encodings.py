"""Encodings: a filter that looks for bytes must not be walked around by writing them otherwise."""

from __future__ import annotations

from .base import RECORDS, TOTAL, TOTAL_1, channel_text, measurement, n42
from .case import attack

EITHER = {"records": RECORDS, "total": TOTAL}
LAUGHS = (
    '<!DOCTYPE RadInstrumentData [<!ENTITY a "hahahahaha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
)


def declared(name: str, **more: str) -> str:
    return n42(declaration=f'<?xml version="1.0" encoding="{name}"?>\n', **more)


@attack("encodings", **EITHER)
def utf16_le_bom() -> bytes:
    return b"\xff\xfe" + declared("UTF-16").encode("utf-16-le")


@attack("encodings", **EITHER)
def utf16_be_bom() -> bytes:
    return b"\xfe\xff" + declared("UTF-16").encode("utf-16-be")


@attack("encodings", **EITHER)
def utf16_le_no_bom() -> bytes:
    return declared("UTF-16LE").encode("utf-16-le")


@attack("encodings")
def utf16_hides_doctype() -> bytes:
    return b"\xff\xfe" + declared("UTF-16", doctype=LAUGHS, extra="<Remark>&b;</Remark>").encode(
        "utf-16-le"
    )


@attack("encodings")
def utf16_odd_byte() -> bytes:
    return b"\xff\xfe" + declared("UTF-16").encode("utf-16-le")[:-1]


@attack("encodings", **EITHER)
def utf32_le_bom() -> bytes:
    return declared("UTF-32").encode("utf-32")


@attack("encodings", **EITHER)
def ucs4_be() -> bytes:
    return declared("ISO-10646-UCS-4").encode("utf-32-be")


@attack("encodings")
def utf7_hides_doctype() -> bytes:
    text = declared("UTF-7", doctype=LAUGHS, extra="<Remark>&b;</Remark>")
    head, rest = text.split("\n", 1)
    return head.encode() + b"\n" + rest.replace("<", "+ADw-").replace(">", "+AD4-").encode()


@attack("encodings", **EITHER)
def ebcdic() -> bytes:
    return declared("IBM037").encode("cp037")


@attack("encodings", **EITHER)
def declared_utf16_is_utf8() -> bytes:
    return declared("UTF-16").encode()


@attack("encodings", **EITHER)
def declared_unknown() -> bytes:
    return declared("x-none-such").encode()


@attack("encodings", **EITHER)
def declared_twice() -> bytes:
    return declared('UTF-8" encoding="UTF-16').encode()


@attack("encodings", **EITHER)
def latin1_declared() -> bytes:
    return declared("ISO-8859-1", extra="<Remark>Süd é</Remark>").encode("latin-1")


@attack("encodings", **EITHER)
def windows_1252_declared() -> bytes:
    return declared("windows-1252", extra="<Remark>“é”</Remark>").encode("cp1252")


@attack("encodings", **EITHER)
def latin1_bytes_declared_utf8() -> bytes:
    return n42(extra="<Remark>Süd</Remark>").encode("latin-1")


@attack("encodings", refused=False, **EITHER)
def utf8_bom() -> bytes:
    return b"\xef\xbb\xbf" + n42().encode()


@attack("encodings", **EITHER)
def utf8_two_boms() -> bytes:
    return b"\xef\xbb\xbf\xef\xbb\xbf" + n42().encode()


@attack("encodings", **EITHER)
def utf8_bom_declared_latin1() -> bytes:
    return b"\xef\xbb\xbf" + declared("ISO-8859-1").encode()


@attack("encodings", **EITHER)
def space_before_declaration() -> bytes:
    return b"\n\n  " + n42().encode()


@attack("encodings")
def nul_in_counts() -> bytes:
    return n42().encode().replace(b"3 4 5", b"3 \0 4 5", 1)


@attack("encodings")
def nul_instead_of_a_blank() -> bytes:
    return n42().encode().replace(b"3 4 5", b"3\x004 5", 1)


@attack("encodings", **EITHER)
def nul_after_root() -> bytes:
    return n42().encode() + b"\0" * 100


@attack("encodings")
def nul_before_second_measurement() -> bytes:
    return n42().encode().replace(b'<RadMeasurement id="m1"', b'\0<RadMeasurement id="m1"')


@attack("encodings")
def overlong_tag() -> bytes:
    # 0xC0 0xBC is "<" in a form that UTF-8 forbids.
    return n42().encode().replace(b"<RadMeasurement id", b"\xc0\xbcRadMeasurement id", 1)


@attack("encodings")
def lone_surrogate() -> bytes:
    return n42(extra="<Remark>@@</Remark>").encode().replace(b"@@", b"\xed\xa0\x80")


@attack("encodings", **EITHER)
def forbidden_control_character() -> bytes:
    return n42(extra="<Remark>a\x01b\x1b[31m</Remark>").encode()


@attack("encodings", **EITHER)
def forbidden_character_reference() -> bytes:
    return n42(extra="<Remark>a&#0;b&#x1b;c&#xFFFF;</Remark>").encode()


@attack("encodings", **EITHER)
def xml_1_1_control_reference() -> bytes:
    return n42(declaration='<?xml version="1.1"?>\n', extra="<Remark>a&#1;</Remark>").encode()


@attack("encodings")
def arabic_digits() -> bytes:
    return n42(measurement(0, data="١ ٢ ٣ ٤")).encode()


@attack("encodings")
def full_width_digits() -> bytes:
    return n42(measurement(0, data="１２ ３ ４ ５")).encode()


@attack("encodings", records=1, total=TOTAL_1)
def no_break_spaces() -> bytes:
    return n42(measurement(0, data=channel_text().replace(" ", "\u00a0"))).encode()


@attack("encodings", refused=False, records=1, total=TOTAL_1)
def tabs_and_line_ends() -> bytes:
    return n42(
        measurement(0, data="\r\n\t" + channel_text().replace(" ", "\r\n\t") + "\n\n")
    ).encode()


@attack("encodings")
def form_feed_between_counts() -> bytes:
    return n42(measurement(0, data="1 2 \x0c 3 4")).encode()
