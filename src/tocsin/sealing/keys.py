"""Ed25519 keys of signed notes: verifier keys that people hand on, signing keys in a file.

A verifier key is ``name+id+base64(type || public key)``; a signing key is
``PRIVATE+KEY+name+id+base64(type || seed)``. Type 1 signs the text itself, type 4 is a witness that
signs the text with a time (see :mod:`tocsin.sealing.note`).

References
----------
C2SP signed-note v1.0.0 and tlog-cosignature v1.0.0, https://c2sp.org; the spelling of signing keys
is that of golang.org/x/mod/sumdb/note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tocsin.errors import InvalidInput

KeyType = Literal[1, 4]
LOG: KeyType = 1
WITNESS: KeyType = 4
KEY_BYTES = 32
_PRIVATE = "PRIVATE+KEY+"
_KEY_ID = re.compile(r"[0-9a-f]{8}")


def check_name(name: str) -> str:
    """Name of a key, as it may stand in a signature line.

    Raises
    ------
    InvalidInput
        When it is empty or holds a space, a plus sign or a control character.
    """
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise InvalidInput(f"a key's name has no space and no plus sign, and is not {name!r}")
    return name


def key_id(name: str, kind: KeyType, public: bytes) -> bytes:
    """The four bytes that tell a key in a signature line; no protection, only a label."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name.

    Attributes
    ----------
    name : str
        Name of who signs; the origin of the log for a log's key.
    public : bytes
        The 32 bytes of the Ed25519 key.
    kind : int
        1 for a log, 4 for a witness.
    """

    name: str
    public: bytes
    kind: KeyType = LOG
    id: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != KEY_BYTES:
            raise InvalidInput(f"an Ed25519 key has {KEY_BYTES} bytes, not {len(self.public)}")
        object.__setattr__(self, "id", key_id(self.name, self.kind, self.public))

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+id+key``.

        Raises
        ------
        InvalidInput
            When a part is missing or the id does not belong to name and key.
        """
        name, plus, rest = text.strip().partition("+")
        shown, second, encoded = rest.partition("+")
        if not plus or not second or not _KEY_ID.fullmatch(shown):
            raise InvalidInput("a verifier key reads name+id+key, as the log's operator gives it")
        kind, public = _decode(encoded)
        key = cls(name, public, kind)
        if key.id.hex() != shown:
            raise InvalidInput("the verifier key is damaged: its id belongs to another name or key")
        return key

    def __str__(self) -> str:
        body = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{body}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """True when the Ed25519 signature of 64 bytes is by this key over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret key with its name. Its text never stands in a log line: ``repr`` leaves it out."""

    name: str
    seed: bytes = field(repr=False)
    kind: KeyType = LOG

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.seed) != KEY_BYTES:
            raise InvalidInput(f"an Ed25519 seed has {KEY_BYTES} bytes, not {len(self.seed)}")

    @classmethod
    def generate(cls, name: str, kind: KeyType = LOG) -> SigningKey:
        """A new key from the operating system's randomness."""
        return cls(name, os.urandom(KEY_BYTES), kind)

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read ``PRIVATE+KEY+name+id+seed``.

        Raises
        ------
        InvalidInput
            When it is not such a text or damaged; the message never repeats it.
        """
        text = text.strip()
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        shown, second, encoded = rest.partition("+")
        if not text.startswith(_PRIVATE) or not second or not _KEY_ID.fullmatch(shown):
            raise InvalidInput("this is no signing key (PRIVATE+KEY+name+id+...)")
        kind, seed = _decode(encoded)
        key = cls(name, seed, kind)
        if key.verifier.id.hex() != shown:
            raise InvalidInput("the signing key is damaged: its id belongs to another name or key")
        return key

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(
            self.name, public.public_bytes(Encoding.Raw, PublicFormat.Raw), self.kind
        )

    def reveal(self) -> str:
        """The text that a key file holds."""
        body = base64.b64encode(bytes([self.kind]) + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{body}"

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def write_key_file(path: Path, key: SigningKey) -> None:
    """Write a signing key where only its owner may read it; an existing file is never replaced.

    Raises
    ------
    FileExistsError
        When there is a file already: a lost key cannot be made again.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(key.reveal() + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_key_file(path: Path) -> SigningKey:
    """Read a signing key; refuse one that others may read.

    Raises
    ------
    InvalidInput
        When its permissions let others read it, or it holds no signing key.
    """
    if path.stat().st_mode & 0o077:
        raise InvalidInput(f"{path} may be read by others: allow its owner only (chmod 600)")
    return SigningKey.parse(path.read_text(encoding="utf-8"))


def _decode(encoded: str) -> tuple[KeyType, bytes]:
    """Type and 32 bytes of a key; one spelling only (the base64 must be canonical)."""
    try:
        body = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("the key is damaged: it is no base64") from error
    if base64.b64encode(body).decode() != encoded or len(body) != 1 + KEY_BYTES:
        raise InvalidInput("the key is damaged: it has another length")
    if body[0] == LOG:
        return LOG, body[1:]
    if body[0] == WITNESS:
        return WITNESS, body[1:]
    raise InvalidInput(
        f"keys of type {body[0]} are unknown here: 1 (log) and 4 (witness) are known"
    )
