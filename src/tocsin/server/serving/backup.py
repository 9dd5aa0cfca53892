"""Backup and restore: one encrypted file holds database, files, keys and checkpoints."""

from __future__ import annotations

import hashlib
import io
import json
import os
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
from tocsin.server.serving.tables import SQLITE_NAME, CannotRestore, put_back, take_picture

SCHEMA = "tocsin.backup/1"
_BLOCK = 1 << 20
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
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
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
        closed = work / "closed"
        _close(archive, closed, lock)
        with open(closed, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(closed, 0o600)
        os.replace(closed, target)
    return manifest


def restore_backup(source: Path, data: Path, lock: Lock, *, say: Say) -> dict[str, Any]:
    """Put a backup back into an empty data folder, each file checked against the manifest.

    The files are put in place; the database follows by :func:`restore_database` once Django runs on
    the folder.

    Returns
    -------
    dict
        The manifest.
    """
    if data.exists() and any(data.iterdir()):
        raise CannotRestore(f"{data} is not empty: restore into a new folder")
    data.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.parent, prefix=".restore-") as name:
        work = Path(name)
        archive = work / "archive.tar"
        _open(source, archive, lock)
        say("Checking each file against the manifest ...")
        unpacked = work / "unpacked"
        unpacked.mkdir()
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked, filter="data")
            manifest: dict[str, Any] = json.loads((unpacked / "manifest.json").read_text("utf-8"))
        except (tarfile.TarError, OSError, ValueError, KeyError) as error:
            raise BackupRefused(f"{source.name} is no backup of Tocsin, or is damaged") from error
        _check(manifest, unpacked, source.name)
        archive.unlink()
        (unpacked / "manifest.json").unlink()
        data.mkdir(exist_ok=True, mode=0o700)
        for part in unpacked.iterdir():
            shutil.move(str(part), data / part.name)
    for part in data.rglob("*"):
        part.chmod(0o700 if part.is_dir() else 0o600)
    if manifest["database"] == "sqlite":
        os.replace(data / "database" / SQLITE_NAME, data / "tocsin.sqlite3")
        (data / "database").rmdir()
    return manifest


def restore_database(data: Path, manifest: dict[str, Any]) -> None:
    """Fill the database of the running settings; SQLite's file is in place already."""
    if manifest["database"] != connection.vendor:
        raise CannotRestore(
            f"the backup is of {manifest['database']}, the settings name {connection.vendor}"
        )
    if manifest["database"] == "sqlite":
        return
    put_back(data / "database")
    shutil.rmtree(data / "database")


def database_is_empty() -> bool:
    """Whether the database of the settings holds no person yet."""
    from tocsin.server.accounts.models import Person

    return not Person.objects.exists()


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


def _check(manifest: dict[str, Any], folder: Path, name: str) -> None:
    if manifest.get("schema") != SCHEMA:
        raise BackupRefused(f"{name}: schema {manifest.get('schema')!r} is not {SCHEMA!r}")
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    named = {m["name"] for m in manifest["members"]} | {"manifest.json"}
    if there != named:
        odd = sorted(there ^ named)
        raise BackupRefused(f"{name}: {len(odd)} files differ from the manifest, first {odd[0]}")
    for member in manifest["members"]:
        digest = hashlib.sha256()
        with open(folder / member["name"], "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != member["sha256"]:
            raise BackupRefused(f"{name}: {member['name']} is damaged")


def _close(source: Path, target: Path, lock: Lock) -> None:
    try:
        if lock.recipient:
            key = pyrage.x25519.Recipient.from_str(lock.recipient)
            pyrage.encrypt_file(str(source), str(target), [key])
        elif lock.passphrase:
            target.write_bytes(pyrage.passphrase.encrypt(source.read_bytes(), lock.passphrase))
        else:
            os.replace(source, target)
    except pyrage.RecipientError as error:
        raise BackupRefused(f"the recipient is no age public key ({error})") from None


def _open(source: Path, target: Path, lock: Lock) -> None:
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
