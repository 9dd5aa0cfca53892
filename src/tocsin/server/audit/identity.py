"""Keys of the log: its own, made once, and those of the witnesses whom the operator names."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from tocsin.sealing import SigningKey, VerifierKey, read_key_file, write_key_file
from tocsin.server.audit.keeping import KeptFolder


def log_key() -> SigningKey:
    """The key that signs checkpoints; made at the first call, readable for its owner alone.

    Its name is the identity of the log: the first name of the server and a random part, so that
    two installations of one name are two logs.
    """
    path = _keys() / "log.key"
    if not path.exists():
        host = "".join(c for c in settings.TOCSIN.hosts[0] if c.isalnum() or c in ".-:[]")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = SigningKey.generate(f"{host or 'tocsin'}/log-{secrets.token_hex(4)}")
        try:
            write_key_file(path, fresh)
        except FileExistsError:
            # another process was faster; its key is the log's
            return read_key_file(path)
    return read_key_file(path)


def known_log_key() -> SigningKey | None:
    """The key that signs checkpoints, None where none was made yet; makes nothing."""
    path = _keys() / "log.key"
    return read_key_file(path) if path.exists() else None


def witness_keys() -> list[VerifierKey]:
    """Keys of the witnesses, one a line in ``keys/witnesses``; lines that begin with # are notes.

    A file and no table: who administers the database cannot appoint a witness.
    """
    try:
        text = (_keys() / "witnesses").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    lines = (line.strip() for line in text.splitlines())
    return [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]


def kept_folders(key: VerifierKey) -> list[KeptFolder]:
    """The folder of this server first, then the copies elsewhere."""
    own = settings.TOCSIN.data / "log"
    return [KeptFolder(place, key) for place in (own, *settings.TOCSIN.checkpoint_copies)]


def _keys() -> Path:
    return Path(settings.TOCSIN.data) / "keys"
