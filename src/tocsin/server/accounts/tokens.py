"""Tokens by which programs use the API for a person."""

from __future__ import annotations

import hashlib
import secrets

from tocsin.server.accounts.models import ApiToken
from tocsin.server.clock import now

PREFIX = "tocsin_"


def fresh_token() -> tuple[str, str]:
    """A new token and the hash that is kept of it."""
    token = PREFIX + secrets.token_urlsafe(32)
    return token, hash_of(token)


def hash_of(token: str) -> str:
    """What the database keeps of a token; tokens are long and random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def valid_token(header: str) -> ApiToken | None:
    """The token of an ``Authorization: Bearer`` header, if it opens anything now."""
    if not header.startswith("Bearer "):
        return None
    row = (
        ApiToken.objects.select_related("person__organisation")
        .filter(token_hash=hash_of(header.removeprefix("Bearer ").strip()))
        .filter(ended_at=None, valid_until__gt=now())
        .first()
    )
    if row is None or not row.person.may_come_in:
        return None
    return row
