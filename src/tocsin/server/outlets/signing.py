"""The key by which a receiver knows that a webhook came from this server."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from django.conf import settings

from tocsin.sealing import SigningKey, read_key_file, write_key_file

HEADER = "Tocsin-Signature"
CONTEXT = b"tocsin outlet 1\n"


def outlet_key() -> SigningKey:
    """The key; made at the first call, readable for its owner alone."""
    path = Path(settings.TOCSIN.data) / "keys" / "outlets.key"
    if not path.exists():
        host = "".join(c for c in settings.TOCSIN.hosts[0] if c.isalnum() or c in ".-:[]")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = SigningKey.generate(f"{host or 'tocsin'}/outlets-{secrets.token_hex(4)}")
        try:
            write_key_file(path, fresh)
        except FileExistsError:
            # another process was faster; its key is the one
            return read_key_file(path)
    return read_key_file(path)


def signature_of(body: bytes) -> str:
    """Value of the header: Ed25519 over a fixed line and the body, in base64."""
    return base64.b64encode(outlet_key().sign(CONTEXT + body)).decode()
