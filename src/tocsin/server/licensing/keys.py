"""The key that signs licence sheets, and former ones whose sheets still count."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from pathlib import Path

from django.conf import settings

from tocsin.sealing import SigningKey, VerifierKey, read_key_file, write_key_file

CODE_LETTERS = 12
"""Of a confirmation code: 60 bits, which nobody guesses."""


def licence_key() -> SigningKey:
    """The key that signs sheets; made at the first call, readable for its owner alone.

    To change it, its public half (``name+id+...``) goes into ``keys/licence-former`` and the file
    ``keys/licence.key`` elsewhere; the next sheet makes a new one.
    """
    path = _keys() / "licence.key"
    if not path.exists():
        host = "".join(c for c in settings.TOCSIN.hosts[0] if c.isalnum() or c in ".-:[]")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = SigningKey.generate(f"{host or 'tocsin'}/licences-{secrets.token_hex(4)}")
        try:
            write_key_file(path, fresh)
        except FileExistsError:
            # another process was faster; its key is the one
            return read_key_file(path)
    return read_key_file(path)


def trusted_keys() -> list[VerifierKey]:
    """The key in use and the former ones, one a line in ``keys/licence-former``.

    A file and no table: who administers the database cannot appoint a key.
    """
    try:
        text = (_keys() / "licence-former").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    lines = (line.strip() for line in text.splitlines())
    former = [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]
    return [licence_key().verifier, *former]


def confirmation_code(order: uuid.UUID) -> str:
    """The code of an accepted order; follows from the key and the order, so it is kept nowhere."""
    digest = hmac.new(licence_key().seed, b"order " + order.bytes, hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode()[:CODE_LETTERS]
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LETTERS, 4))


def _keys() -> Path:
    return Path(settings.TOCSIN.data) / "keys"
