"""Keeping and giving out the content of files."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from tocsin.errors import TocsinError
from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.models import Blob, StoredFile

_NONCE_BYTES = 12


class ContentGone(TocsinError):
    """The content is missing, cannot be read, or is not what was stored."""


def path_of(sha256: str) -> Path:
    """Where the encrypted content of a hash lies."""
    return Path(settings.TOCSIN.data) / "files" / sha256[:2] / sha256


@transaction.atomic
def store(content: bytes, *, name: str, actor: Person | str, **mark: Any) -> StoredFile:
    """Keep a file: flushed to disk before the row that names it is committed.

    Parameters
    ----------
    content : bytes
        As it came.
    name : str
        As it was called; kept for people, never used as a path.
    actor : Person or str
        Who brought it: a person, or ``"system:"`` and the process.
    mark : dict
        Realm, level, originator and label of the row.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    blob = _blob(content, sha256)
    shown = readable_name(name)
    row = StoredFile.objects.create(
        blob=blob,
        name=shown,
        created_at=now(),
        created_by=actor if isinstance(actor, Person) else None,
        **mark,
    )
    record(
        actor=actor,
        action="files.store",
        subject=row,
        after={"sha256": sha256, "size_bytes": len(content), "name": shown},
    )
    return row


def readable_name(name: str) -> str:
    """A file's name without what nobody can read and no database holds, 255 characters at most."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:255]


def content_of(file: StoredFile) -> bytes:
    """Content of a file as it came, checked against its hash."""
    try:
        return _opened(file.blob)
    except _NotThere as error:
        raise ContentGone(f"{file.name}: {error}") from error


class _NotThere(Exception):
    """Why the content of a hash cannot be given out."""


def _blob(content: bytes, sha256: str) -> Blob:
    """Row and file of a content, the row first.

    Who brings the same bytes at the same time waits at the row until the other one is through, so
    that a hash never has the key of one and the file of the other. A file that was lost or damaged
    since is written again: these are the bytes.
    """
    blob, fresh = Blob.objects.get_or_create(
        sha256=sha256,
        defaults={
            "size_bytes": len(content),
            "key": secrets.token_bytes(32),
            "created_at": now(),
        },
    )
    if not fresh:
        blob = Blob.objects.select_for_update().get(pk=sha256)
        try:
            _opened(blob)
        except _NotThere:
            fresh = True
    if fresh:
        _write(path_of(sha256), _sealed(content, bytes(blob.key), sha256))
    return blob


def _opened(blob: Blob) -> bytes:
    try:
        sealed = path_of(blob.sha256).read_bytes()
        content = AESGCM(bytes(blob.key)).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], blob.sha256.encode()
        )
    except FileNotFoundError:
        raise _NotThere("the content is missing on disk") from None
    except OSError as error:
        raise _NotThere(f"the content cannot be read ({error.strerror})") from error
    except Exception as error:  # InvalidTag and short files: the same to the reader
        raise _NotThere("the stored content is damaged") from error
    if hashlib.sha256(content).hexdigest() != blob.sha256:
        raise _NotThere("the stored content is damaged")
    return content


def _sealed(content: bytes, key: bytes, sha256: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, sha256.encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(f".{secrets.token_hex(4)}.part")
    with open(partial, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    # the name in its folder, and the folder in the one above, which may be new
    for place in (path.parent, path.parent.parent):
        folder = os.open(place, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
