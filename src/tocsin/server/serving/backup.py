"""Backup: one encrypted file holds database, files, keys and checkpoints."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage
from django.db import connection

import tocsin
from tocsin.errors import TocsinError
from tocsin.server.clock import now
from tocsin.server.serving.tables import take_picture

SCHEMA = "tocsin.backup/2"
Say = Callable[[str], None]


class BackupRefused(TocsinError):
    """The backup cannot be made or read; the message says why."""


@dataclass(frozen=True)
class Lock:
    """What closes a backup: a recipient's public key or a passphrase; neither leaves it open.

    Parameters
    ----------
    recipient : str
        ``age1...``
    passphrase : str
        Words.
    identity : str
        ``AGE-SECRET-KEY-1...``, to open what was closed for a recipient.
    """

    recipient: str = ""
    passphrase: str = ""
    identity: str = ""


def make_backup(data: Path, target: Path, lock: Lock, *, say: Say) -> dict[str, Any]:
    """Write everything into one file, while the server goes on.

    The database's picture is taken first; files are only ever added before the row that names
    them, so all that the picture names are there when they are copied.

    Returns
    -------
    dict
        The manifest.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists: name a new file")
    target.parent.mkdir(parents=True, exist_ok=True)
    # what is not encrypted yet never leaves the data folder, which is closed to others
    with tempfile.TemporaryDirectory(dir=data, prefix=".backup-") as name:
        work = Path(name)
        say("Taking a picture of the database ...")
        members = [(p, f"database/{p.name}") for p in take_picture(work)]
        for part in ("files", "keys", "log"):
            members += [
                (p, str(p.relative_to(data)))
                for p in sorted((data / part).rglob("*"))
                if p.is_file() and p.suffix != ".part"
            ]
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "tocsin": tocsin.__version__,
            "database": connection.vendor,
            "made_at": now().isoformat(),
            "members": [],
        }
        archive = work / "archive.tar"
        say(f"Packing {len(members)} files ...")
        with tarfile.open(archive, "w") as tar:
            for path, inside in members:
                digest, size = _add(tar, path, inside)
                manifest["members"].append({"name": inside, "sha256": digest, "size": size})
            text = json.dumps(manifest, indent=1).encode()
            info = tarfile.TarInfo("manifest.json")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        partial = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
        try:
            _close(archive, partial, lock)
            with open(partial, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    return manifest


def _add(tar: tarfile.TarFile, path: Path, inside: str) -> tuple[str, int]:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        counted = _Hashing(file, size)
        info = tarfile.TarInfo(inside)
        info.size = size
        info.mode = 0o600
        tar.addfile(info, counted)
    return counted.sha256.hexdigest(), size


class _Hashing:
    """A file that is hashed as it is read, and ends where it ended when it was opened."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.left, self.sha256 = file, size, hashlib.sha256()

    def read(self, n: int = -1) -> bytes:
        """Next bytes."""
        block = self.file.read(self.left if n < 0 else min(n, self.left))
        self.left -= len(block)
        self.sha256.update(block)
        return block


def _close(source: Path, target: Path, lock: Lock) -> None:
    target.touch(mode=0o600, exist_ok=False)
    try:
        if lock.recipient:
            key = pyrage.x25519.Recipient.from_str(lock.recipient)
            pyrage.encrypt_file(str(source), str(target), [key])
        elif lock.passphrase:
            target.write_bytes(pyrage.passphrase.encrypt(source.read_bytes(), lock.passphrase))
        else:
            shutil.copyfile(source, target)
    except pyrage.RecipientError as error:
        raise BackupRefused(f"the recipient is no age public key ({error})") from None


def open_backup(source: Path, target: Path, lock: Lock) -> None:
    """Write what is in a backup to a file, without checking it."""
    try:
        with open(source, "rb") as file:
            closed = file.read(16).startswith(b"age-encryption.o")
    except OSError as error:
        raise BackupRefused(f"{source} cannot be read ({error.strerror})") from None
    try:
        if not closed:
            shutil.copyfile(source, target)
        elif lock.identity:
            key = pyrage.x25519.Identity.from_str(lock.identity)
            pyrage.decrypt_file(str(source), str(target), [key])
        elif lock.passphrase:
            target.write_bytes(pyrage.passphrase.decrypt(source.read_bytes(), lock.passphrase))
        else:
            raise BackupRefused(f"{source.name} is encrypted: give --identity or --passphrase-file")
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise BackupRefused(f"{source.name} does not open with this key ({error})") from None
