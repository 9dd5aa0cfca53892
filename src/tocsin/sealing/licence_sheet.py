"""Signed licence sheets: what a licence permits, signed by the authority, as a file or a QR code.

A sheet is a content (JSON) and an Ed25519 signature over ``tocsin licence sheet/1``, a newline and
the canonical JSON of the content. The file holds both in the open. The code holds them deflated, in
base32 behind ``TOCSIN:L1:``, which a QR code packs tightly and a person can copy and paste.

What stands in the signed content, and nothing that is printed beside it, is the licence.

References
----------
RFC 8032 (Ed25519), RFC 1951 (deflate), RFC 4648 section 6 (base32).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import io
import json
import math
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import segno
from segno.encoder import DataOverflowError

from tocsin.errors import InvalidInput, ParseError
from tocsin.sealing.commitment import canonical_json
from tocsin.sealing.keys import SigningKey, VerifierKey

SCHEMA = "tocsin.licence-sheet/1"
ACTS = ("hold", "use", "distribute")
FORMS = ("sealed", "unsealed", "any")
NONCE_BYTES = 15
"""Long enough that no two sheets ever share one; 15 bytes are 20 letters without padding."""

GOOD = "good"
UNKNOWN_KEY = "unknown_key"
ALTERED = "altered"
NOT_YET_VALID = "not_yet_valid"
EXPIRED = "expired"

_DOMAIN = b"tocsin licence sheet/1\n"
_START = "TOCSIN:L1:"
_CODE = re.compile(rb"TOCSIN:L1:([A-Z2-7]{100,6000})")
_MOST_FILE = 4 << 20
_MOST_CONTENT = 32 << 10
_SIGNATURE_BYTES = 64
_TEXTS = ("number", "realm", "holder", "issuer", "issued_at", "nonce", "key")
_LISTS = ("acts", "practices", "places")
_FIGURES = ("source_Bq", "total_Bq")
_LONGEST = 400
_BORDER_MODULES = 4


@dataclass(frozen=True, slots=True)
class LicenceSheet:
    """A licence sheet; its signature may be good or not.

    Attributes
    ----------
    content : dict
        ``number``, ``version``, ``realm``, ``holder``, ``issuer``, ``valid_from``, ``valid_until``
        (days), ``acts``, ``practices``, ``places``, ``limits``, ``issued_at``, ``nonce``, and
        ``key`` (name and id of the signing key). A limit names ``nuclides`` or a ``category``, the
        ``form``, and as far as they are limited ``source_Bq``, ``total_Bq`` and ``sources``.
    signature : bytes
        64 bytes.
    """

    content: dict[str, Any]
    signature: bytes = b""

    @property
    def valid_from(self) -> dt.date:
        """First day."""
        return dt.date.fromisoformat(self.content["valid_from"])

    @property
    def valid_until(self) -> dt.date:
        """Last day."""
        return dt.date.fromisoformat(self.content["valid_until"])

    def document(self) -> bytes:
        """The file that is handed on."""
        signature = base64.b64encode(self.signature).decode()
        whole = {"schema": SCHEMA, "content": self.content, "signature": signature}
        return json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"

    def code(self) -> str:
        """The text of its QR code."""
        packed = zlib.compress(self.signature + canonical_json(self.content), 9)
        return _START + base64.b32encode(packed).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class SheetVerdict:
    """What a sheet is worth.

    Attributes
    ----------
    code : str
        ``good``, ``unknown_key``, ``altered``, ``not_yet_valid`` or ``expired``.
    message : str
        Why, in words.
    """

    code: str
    message: str

    @property
    def good(self) -> bool:
        """Whether the sheet is genuine and valid on the day asked about."""
        return self.code == GOOD


def new_nonce() -> str:
    """A name for one sheet that no other has."""
    return base64.b32encode(secrets.token_bytes(NONCE_BYTES)).decode()


def sign_sheet(content: dict[str, Any], key: SigningKey) -> LicenceSheet:
    """A sheet signed by the authority's key.

    Raises
    ------
    InvalidInput
        When the content lacks a part or has one of the wrong kind.
    """
    signed = {**content, "key": _name_of(key.verifier)}
    try:
        _check(signed)
    except ValueError as error:
        raise InvalidInput(f"no licence sheet can be made of this: {error}") from error
    # one spelling: what is read back from the file is the content that was signed
    signed = json.loads(canonical_json(signed))
    return LicenceSheet(signed, key.sign(_DOMAIN + canonical_json(signed)))


def read_sheet(data: bytes | str, *, file: str = "") -> LicenceSheet:
    """The sheet in a file, a printed document or the text of a code; its signature is not checked.

    Parameters
    ----------
    data : bytes or str
        The signed JSON, the PDF that Tocsin prints, or the text of the QR code.

    Raises
    ------
    ParseError
        When no sheet is in it, or a damaged one.
    """
    raw = data.encode("utf-8", errors="replace") if isinstance(data, str) else data
    if len(raw) > _MOST_FILE:
        raise ParseError("is too large for a licence sheet", code="too_large", file=file)
    try:
        if raw.lstrip()[:1] == b"{":
            return _of_document(raw)
        return _of_code(raw)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, zlib.error) as error:
        text = str(error) if isinstance(error, ValueError) else "it lacks a part"
        raise ParseError(
            f"no licence sheet can be read in it: {text}", code="malformed", file=file
        ) from error


def verify_sheet(
    sheet: LicenceSheet, keys: Iterable[VerifierKey], *, on: dt.date | None = None
) -> SheetVerdict:
    """Whether a sheet is genuine, and valid on a day.

    Parameters
    ----------
    sheet : LicenceSheet
    keys : iterable of VerifierKey
        Keys of the authority that are trusted.
    on : date, optional
        The day asked about; without it the validity is not judged.
    """
    named = str(sheet.content["key"])
    key = next((k for k in keys if _name_of(k) == named), None)
    if key is None:
        return SheetVerdict(
            UNKNOWN_KEY, f"signed with the key {named}, which is none of the trusted ones"
        )
    if not key.verifies(sheet.signature, _DOMAIN + canonical_json(sheet.content)):
        return SheetVerdict(
            ALTERED, f"the signature of {key.name} does not hold for what stands in the sheet"
        )
    if on is not None and on < sheet.valid_from:
        return SheetVerdict(NOT_YET_VALID, f"valid from {sheet.valid_from} only")
    if on is not None and on > sheet.valid_until:
        return SheetVerdict(EXPIRED, f"was valid until {sheet.valid_until}")
    return SheetVerdict(GOOD, f"signed by {key.name}")


def sheet_code(sheet: LicenceSheet) -> segno.QRCode:
    """QR code of a sheet, readable with a quarter of it dirty, or less where it is long.

    Raises
    ------
    InvalidInput
        When the licence is too long for one code.
    """
    for level in ("q", "m", "l"):
        try:
            return segno.make_qr(sheet.code(), error=level, mode="alphanumeric", boost_error=False)
        except DataOverflowError:
            continue
    raise InvalidInput("the licence is too long for a QR code: fewer limits or shorter texts")


def sheet_svg(sheet: LicenceSheet) -> bytes:
    """The code as a drawing for print: black on white, without style or script."""
    out = io.BytesIO()
    sheet_code(sheet).save(
        out, kind="svg", border=_BORDER_MODULES, dark="#000000", light="#ffffff", xmldecl=False
    )
    return out.getvalue()


def _name_of(key: VerifierKey) -> str:
    return f"{key.name}+{key.id.hex()}"


def _of_document(raw: bytes) -> LicenceSheet:
    whole = json.loads(raw.decode("utf-8"))
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
        raise ValueError(f"it does not say that it is {SCHEMA}")
    try:
        signature = base64.b64decode(whole["signature"], validate=True)
    except binascii.Error as error:
        raise ValueError("its signature is no base64") from error
    return _sheet(whole["content"], signature)


def _of_code(raw: bytes) -> LicenceSheet:
    # a code that was copied by hand may be broken over lines; one in a document is not
    found = _CODE.search(raw) if raw.startswith(b"%PDF") else _CODE.search(b"".join(raw.split()))
    if found is None:
        raise ValueError(f"there is neither JSON nor a code that begins with {_START}")
    text = found[1].decode()
    try:
        packed = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise ValueError("its code is cut off") from error
    opened = zlib.decompressobj()
    inner = opened.decompress(packed, _MOST_CONTENT)
    if not opened.eof or opened.unused_data:
        raise ValueError("its code is cut off or too long")
    return _sheet(json.loads(inner[_SIGNATURE_BYTES:]), inner[:_SIGNATURE_BYTES])


def _sheet(content: Any, signature: bytes) -> LicenceSheet:
    if not isinstance(content, dict):
        raise ValueError("its content is no object")
    if len(signature) != _SIGNATURE_BYTES:
        raise ValueError(f"its signature has {len(signature)} bytes")
    _check(content)
    canonical_json(content)  # what has no canonical form cannot have been signed
    return LicenceSheet(content, signature)


def _check(content: dict[str, Any]) -> None:
    """Refuse what is no content of a sheet, with ValueError."""
    known = {*_TEXTS, *_LISTS, "version", "valid_from", "valid_until", "limits"}
    if set(content) != known:
        raise ValueError(f"its fields are not {', '.join(sorted(known))}")
    for name in (*_TEXTS, "valid_from", "valid_until"):
        text = content[name]
        if not _is_text(text) or not text:
            raise ValueError(f"{name} is no text")
    for name in ("valid_from", "valid_until"):
        dt.date.fromisoformat(content[name])
    for name in _LISTS:
        if not isinstance(content[name], list) or not all(_is_text(item) for item in content[name]):
            raise ValueError(f"{name} is no list of texts")
    if not set(content["acts"]) <= set(ACTS):
        raise ValueError("acts holds one that is not known")
    if not _is_whole(content["version"]):
        raise ValueError("version is no number")
    limits = content["limits"]
    if not isinstance(limits, list) or not limits:
        raise ValueError("there are no limits")
    for limit in limits:
        _check_limit(limit)


def _check_limit(limit: Any) -> None:
    if not isinstance(limit, dict) or not set(limit) <= {
        *("nuclides", "category", "form", "sources"),
        *_FIGURES,
    }:
        raise ValueError("a limit has fields that are not known")
    if ("nuclides" in limit) == ("category" in limit):
        raise ValueError("a limit names nuclides, or a category")
    if "nuclides" in limit and not (
        isinstance(limit["nuclides"], list)
        and limit["nuclides"]
        and all(_is_text(name) for name in limit["nuclides"])
    ):
        raise ValueError("nuclides is no list of names")
    if limit.get("form") not in FORMS:
        raise ValueError("a limit has no form")
    for name in _FIGURES:
        value = limit.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} is no number")
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is not more than zero")
    if not all(_is_whole(limit.get(name, 1)) for name in ("category", "sources")):
        raise ValueError("category and sources are whole numbers")


def _is_text(value: object) -> bool:
    """A text that people can read: no control character, which not every database holds either."""
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
