"""Licence sheets: one that was signed is read back from every form, any other is refused."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.confined_qr import qr_texts
from tocsin.sealing import (
    LicenceSheet,
    SigningKey,
    read_sheet,
    sheet_code,
    sheet_svg,
    sign_sheet,
    verify_sheet,
)

KEY = SigningKey("authority.example/licences", bytes(range(32)))
OTHER = SigningKey("authority.example/licences", bytes(32))
CONTENT: dict[str, Any] = {
    "number": "L-2026-0001",
    "version": 3,
    "realm": "LIVE",
    "holder": "Harbour Works 7",
    "issuer": "Authority of the Exercise State",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
    "acts": ["hold", "use"],
    "practices": ["radiography"],
    "places": ["Pier 4, hall 3"],
    "limits": [
        {"nuclides": ["Ir-192"], "form": "sealed", "source_Bq": 3.7e12, "total_Bq": 1e13},
        {"category": 2, "form": "any", "sources": 6},
    ],
    "issued_at": "2026-01-01T08:00:00+00:00",
    "nonce": "ABCDEFGHIJKLMNOPQRSTUVWX",
}
DAY = dt.date(2026, 6, 1)


@pytest.fixture(scope="module")
def sheet() -> LicenceSheet:
    return sign_sheet(CONTENT, KEY)


def judged(sheet: LicenceSheet, on: dt.date = DAY) -> str:
    return verify_sheet(sheet, [KEY.verifier], on=on).code


def test_a_sheet_is_the_same_in_every_form(sheet: LicenceSheet) -> None:
    code = sheet.code()
    broken = "\n ".join(code[at : at + 30] for at in range(0, len(code), 30))
    document = sheet.document()
    in_pdf = b"%PDF-1.7\n<pdf:Keywords>LIVE, " + code.encode() + b"</pdf:Keywords>\n%%EOF"
    for form in (code, code.encode(), broken, document, document.decode(), in_pdf):
        assert read_sheet(form) == sheet
    # programs of other makers write numbers in their own way
    spelled = document.replace(b"3700000000000", b"3.7e12").replace(b"10000000000000", b"1E+13")
    assert spelled != document
    assert judged(read_sheet(spelled)) == "good"


def test_the_days_of_a_sheet_belong_to_it(sheet: LicenceSheet) -> None:
    assert judged(sheet, dt.date(2026, 1, 1)) == "good"
    assert judged(sheet, dt.date(2026, 12, 31)) == "good"
    assert judged(sheet, dt.date(2025, 12, 31)) == "not_yet_valid"
    assert judged(sheet, dt.date(2027, 1, 1)) == "expired"
    assert verify_sheet(sheet, [KEY.verifier]).good


def test_another_key_is_not_trusted_whatever_its_name(sheet: LicenceSheet) -> None:
    assert judged(sign_sheet(CONTENT, OTHER)) == "unknown_key"
    assert verify_sheet(sheet, []).code == "unknown_key"
    posing = replace(sign_sheet(CONTENT, OTHER), content=sheet.content)
    assert judged(posing) == "altered"
    assert verify_sheet(sheet, [OTHER.verifier, KEY.verifier]).good


@pytest.mark.parametrize(
    "change",
    [
        {"number": "L-2026-0002"},
        {"version": 4},
        {"holder": "Somebody Else"},
        {"valid_until": "2036-12-31"},
        {"acts": ["hold", "use", "distribute"]},
        {"limits": [{"nuclides": ["Ir-192"], "form": "sealed", "total_Bq": 2e13}]},
        {"places": []},
        {"realm": "EXERCISE"},
        {"nonce": "B" * 24},
    ],
)
def test_every_changed_word_is_noticed(sheet: LicenceSheet, change: dict[str, Any]) -> None:
    assert judged(replace(sheet, content={**sheet.content, **change})) == "altered"


def test_no_changed_letter_of_a_code_passes(sheet: LicenceSheet) -> None:
    draw = np.random.default_rng(7)
    code = sheet.code()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for _ in range(300):
        at = int(draw.integers(len("TOCSIN:L1:"), len(code) - 1))
        other = str(draw.choice([c for c in letters if c != code[at]]))
        try:
            found = read_sheet(code[:at] + other + code[at + 1 :])
        except ParseError:
            continue
        # a bit that only fills up the last byte changes no word
        assert found == sheet or judged(found) != "good"


def damaged(**changes: Any) -> bytes:
    content = {k: v for k, v in {**CONTENT, "key": "k+0", **changes}.items() if v is not None}
    signature = base64.b64encode(bytes(64)).decode()
    whole = {"schema": "tocsin.licence-sheet/1", "content": content, "signature": signature}
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[1]",
        b"{" * 100_000,
        b"TOCSIN:L1:",
        b"TOCSIN:L1:" + b"A" * 200,
        b"%PDF-1.7 without a code",
        b'{"schema": "tocsin.licence-sheet/1"}',
        damaged(number=None),
        damaged(more="x"),
        damaged(version=True),
        damaged(version=0),
        damaged(valid_from="tomorrow"),
        damaged(acts=["give away"]),
        damaged(places=["x" * 999]),
        damaged(limits=[]),
        damaged(limits=[{"form": "sealed"}]),
        damaged(limits=[{"form": "sealed", "nuclides": ["Cs-137"], "total_Bq": float("nan")}]),
        damaged(limits=[{"form": "sealed", "nuclides": ["Cs-137"], "total_Bq": -1}]),
        damaged(limits=[{"form": "sealed", "nuclides": ["Cs-137"], "total_Bq": 10**400}]),
        damaged(limits=[{"form": "gas", "nuclides": ["Cs-137"]}]),
        damaged(limits=[{"form": "any", "nuclides": ["Cs-137"], "category": 3}]),
        damaged(holder="\ud800"),
        b"x" * (5 << 20),
    ],
)
def test_what_is_no_sheet_is_refused(text: bytes) -> None:
    with pytest.raises(ParseError):
        read_sheet(text)


def test_a_code_that_unfolds_without_end_is_refused() -> None:
    bomb = base64.b32encode(zlib.compress(bytes(50 << 20), 9)[:3000]).decode().rstrip("=")
    with pytest.raises(ParseError):
        read_sheet(f"TOCSIN:L1:{bomb[:5999]}")


@pytest.mark.parametrize("field", ["number", "holder", "nonce", "issuer"])
def test_a_character_that_nobody_can_read_is_no_part_of_a_sheet(field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        sign_sheet({**CONTENT, field: "A\x00B"}, KEY)


def test_what_lacks_a_part_is_not_signed() -> None:
    with pytest.raises(InvalidInput, match="limits"):
        sign_sheet({**CONTENT, "limits": []}, KEY)


def test_a_code_on_paper_is_read_by_a_camera(sheet: LicenceSheet) -> None:
    out = io.BytesIO()
    sheet_code(sheet).save(out, kind="png", scale=4, border=4)
    (text,) = qr_texts(out.getvalue())
    assert read_sheet(text) == sheet
    assert b"<svg" in sheet_svg(sheet)
    assert b"script" not in sheet_svg(sheet)


def test_a_licence_that_no_code_can_hold_is_told() -> None:
    draw = np.random.default_rng(3)
    places = ["".join(map(chr, draw.integers(0x4E00, 0x9000, size=200))) for _ in range(9)]
    with pytest.raises(InvalidInput, match="too long"):
        sheet_code(sign_sheet({**CONTENT, "places": places}, KEY))
