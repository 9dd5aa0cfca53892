"""The key by which a receiver knows that a webhook came from this server."""

from __future__ import annotations

import base64

from tocsin.sealing import SigningKey
from tocsin.server.own_keys import own_key

HEADER = "Tocsin-Signature"
CONTEXT = b"tocsin outlet 1\n"


def outlet_key() -> SigningKey:
    """The key; made at the first call, readable for its owner alone."""
    return own_key("outlets.key", "outlets")


def signature_of(body: bytes) -> str:
    """Value of the header: Ed25519 over a fixed line and the body, in base64."""
    return base64.b64encode(outlet_key().sign(CONTEXT + body)).decode()
