"""Salted commitment to a content: says nothing of the content until salt and content are shown.

``commitment = SHA-256(salt || canonical JSON)``. The salt of 32 random bytes keeps a short or
guessable content (a name, a verdict) from being found by trying; a new one is drawn for each.
The canonical JSON is UTF-8 with keys in the order of their code points and no spaces; a number is
written in plain decimal digits without exponent, without zeros at the end of its fraction, and zero
without a sign. So a content has one spelling, also after a database has read and written it
(PostgreSQL turns 1e20 into a whole number, and forgets the sign of -0.0).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import secrets
from decimal import Decimal
from typing import Any

from tocsin.errors import InvalidInput

SALT_BYTES = 32


def canonical_json(content: Any) -> bytes:
    """One spelling for one content.

    Raises
    ------
    InvalidInput
        For a key that is no text, a lone surrogate, or anything that JSON does not hold.
    """
    try:
        return _spelled(content).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput("a text holds half a character (a lone surrogate)") from error


def _spelled(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _digits(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(_spelled(inner) for inner in value) + "]"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise InvalidInput("the keys of a recorded content are texts")
        pairs = (f"{_spelled(key)}:{_spelled(value[key])}" for key in sorted(value))
        return "{" + ",".join(pairs) + "}"
    raise InvalidInput(f"{type(value).__name__} is nothing that a record can hold")


def _digits(value: float) -> str:
    """Shortest decimal number that is read back as the same float, in plain digits."""
    if not math.isfinite(value):
        raise InvalidInput(f"{value} is no number that a record can hold")
    text = format(Decimal(repr(value)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0") else text


def new_salt() -> bytes:
    """Fresh random bytes for one commitment."""
    return secrets.token_bytes(SALT_BYTES)


def commit(content: Any, salt: bytes) -> bytes:
    """Commitment of 32 bytes to a content.

    Raises
    ------
    InvalidInput
        When the salt is too short or the content has no canonical form.
    """
    if len(salt) != SALT_BYTES:
        raise InvalidInput(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + canonical_json(content)).digest()


def opens(commitment: bytes, content: Any, salt: bytes) -> bool:
    """True when content and salt are what a commitment was made of."""
    try:
        return hmac.compare_digest(commit(content, salt), commitment)
    except InvalidInput:
        return False
