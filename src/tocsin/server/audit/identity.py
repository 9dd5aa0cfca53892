"""Keys of the log: its own, made once, and those of the witnesses whom the operator names."""

from __future__ import annotations

from django.conf import settings

from tocsin.sealing import SigningKey, VerifierKey, read_key_file
from tocsin.server.audit.keeping import KeptFolder
from tocsin.server.own_keys import keys_folder, own_key

FILE = "log.key"


def log_key() -> SigningKey:
    """The key that signs checkpoints; made at the first call, readable for its owner alone.

    Its name is the identity of the log: the first name of the server and a random part, so that
    two installations of one name are two logs.
    """
    return own_key(FILE, "log")


def known_log_key() -> SigningKey | None:
    """The key that signs checkpoints, None where none was made yet; makes nothing."""
    path = keys_folder() / FILE
    return read_key_file(path) if path.exists() else None


def witness_keys() -> list[VerifierKey]:
    """Keys of the witnesses, one a line in ``keys/witnesses``; lines that begin with # are notes.

    A file and no table: who administers the database cannot appoint a witness.
    """
    try:
        text = (keys_folder() / "witnesses").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    lines = (line.strip() for line in text.splitlines())
    return [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]


def kept_folders(key: VerifierKey) -> list[KeptFolder]:
    """The folder of this server first, then the copies elsewhere."""
    own = settings.TOCSIN.data / "log"
    return [KeptFolder(place, key) for place in (own, *settings.TOCSIN.checkpoint_copies)]
