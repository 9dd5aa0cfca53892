"""Keys by which this installation signs: made once, in the data folder, for their owner alone."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from tocsin.sealing import SigningKey, read_key_file, write_key_file


def keys_folder() -> Path:
    """Where the keys are."""
    return Path(settings.TOCSIN.data) / "keys"


def own_key(file: str, purpose: str) -> SigningKey:
    """A signing key of this installation; made at the first call.

    Its name is the first name of the server, the purpose and a random part, so that two
    installations of one name have two.

    Parameters
    ----------
    file : str
        Name of the file, for example ``log.key``.
    purpose : str
        Part of the name of the key.
    """
    path = keys_folder() / file
    if not path.exists():
        host = "".join(c for c in settings.TOCSIN.hosts[0] if c.isalnum() or c in ".-:[]")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = SigningKey.generate(f"{host or 'tocsin'}/{purpose}-{secrets.token_hex(4)}")
        try:
            write_key_file(path, fresh)
        except FileExistsError:
            # another process was faster; its key is the one
            return read_key_file(path)
    return read_key_file(path)
