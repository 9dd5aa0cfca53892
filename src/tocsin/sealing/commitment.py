"""Salted commitment to a content: says nothing of the content until salt and content are shown.

``commitment = SHA-256(salt || canonical JSON)``. The salt of 32 random bytes keeps a short or
guessable content (a name, a verdict) from being found by trying; a new one is drawn for each.
The canonical JSON is UTF-8 with keys in the order of their code points, no spaces and whole
numbers only: a fraction has more than one spelling and is written as text by whoever records it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any

from tocsin.errors import InvalidInput

SALT_BYTES = 32


def canonical_json(content: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """One spelling for one content.

    Raises
    ------
    InvalidInput
        For a fraction, a key that is no text, a lone surrogate, or anything JSON does not hold.
    """
    _check(content)
    try:
        return json.dumps(
            content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        ).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput("a text holds half a character (a lone surrogate)") from error


def _check(value: Any) -> None:  # noqa: ANN401
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InvalidInput(f"a key of a recorded content is text, not {key!r}")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif isinstance(value, float):
        raise InvalidInput(f"write the fraction {value!r} as text: it has more than one spelling")
    elif value is not None and not isinstance(value, str | int):
        raise InvalidInput(f"{type(value).__name__} is nothing that a record can hold")


def new_salt() -> bytes:
    """Fresh random bytes for one commitment."""
    return secrets.token_bytes(SALT_BYTES)


def commit(content: Any, salt: bytes) -> bytes:  # noqa: ANN401
    """Commitment of 32 bytes to a content.

    Raises
    ------
    InvalidInput
        When the salt is too short or the content has no canonical form.
    """
    if len(salt) != SALT_BYTES:
        raise InvalidInput(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + canonical_json(content)).digest()


def opens(commitment: bytes, content: Any, salt: bytes) -> bool:  # noqa: ANN401
    """True when content and salt are what a commitment was made of."""
    try:
        return hmac.compare_digest(commit(content, salt), commitment)
    except InvalidInput:
        return False
