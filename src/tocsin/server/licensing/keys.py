"""The key that signs licence sheets, former ones that still count, and the secret of the codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

from django.utils.translation import gettext as _

from tocsin.sealing import SigningKey, VerifierKey, read_key_file
from tocsin.server.own_keys import keys_folder, own_key
from tocsin.server.problems import StoredUnreadable

FILE = "licence.key"
SECRET_BYTES = 32
CODE_LETTERS = 12
"""Of a confirmation code: 60 bits, which nobody guesses."""


def licence_key() -> SigningKey:
    """The key that signs sheets; made at the first call, readable for its owner alone.

    To change it, its public half (``name+id+...``) goes into ``keys/licence-former`` and the file
    ``keys/licence.key`` elsewhere; the next sheet makes a new one.
    """
    is_new = not (keys_folder() / FILE).exists()
    key = own_key(FILE, "licences")
    if is_new:
        # where this key has made no code, none will ever hang on it
        _make_secret(_codes())
    return key


def trusted_keys() -> list[VerifierKey]:
    """The key in use and the former ones, one a line in ``keys/licence-former``.

    A file and no table: who administers the database cannot appoint a key.
    """
    try:
        text = (keys_folder() / "licence-former").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    lines = (line.strip() for line in text.splitlines())
    former = [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]
    return [licence_key().verifier, *former]


def confirmation_code(order: uuid.UUID) -> str:
    """The code of an accepted order; follows from a secret and the order, so it is kept nowhere."""
    return confirmation_codes(order)[0]


def confirmation_codes(order: uuid.UUID) -> list[str]:
    """Codes by which an order is confirmed: the one that is told, and those of former secrets.

    The secrets stand in ``keys/order-codes``, one a line, the newest first, and not in the key that
    signs: when that is changed, orders that vendors hold are confirmed as before. Earlier versions
    made the codes with the key itself; where there is one already, it is kept as a former secret.

    Raises
    ------
    StoredUnreadable
        The file holds no secret, or something else.
    """
    path = _codes()
    if not path.exists():
        before = keys_folder() / FILE
        _make_secret(path, *([read_key_file(before).seed] if before.exists() else []))
    return [_code(secret, order) for secret in _secrets(path)]


def _codes() -> Path:
    return keys_folder() / "order-codes"


def _secrets(path: Path) -> list[bytes]:
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            secret = bytes.fromhex(line.decode("ascii"))
        except ValueError:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise StoredUnreadable(
                _("keys/{name}, line {n}: 64 hexadecimal digits are needed.").format(
                    name=path.name, n=number
                )
            )
        found.append(secret)
    if not found:
        raise StoredUnreadable(_("keys/{name} holds no secret.").format(name=path.name))
    return found


def _make_secret(path: Path, *former: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        lines = [secrets.token_hex(SECRET_BYTES), *(one.hex() for one in former)]
        stream.writelines(f"{line}\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())
    # in one step: another process that is as fast reads a whole secret, and the first one stays
    with suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


def _code(secret: bytes, order: uuid.UUID) -> str:
    digest = hmac.new(secret, b"order " + order.bytes, hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode()[:CODE_LETTERS]
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LETTERS, 4))
