"""Restore: a backup is opened and checked beside its place, and put there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

import tocsin
from tocsin.server.serving.backup import SCHEMA, BackupRefused, Lock, Say, open_backup
from tocsin.server.serving.first_start import migrate, prepare_folder
from tocsin.server.serving.tables import (
    SQLITE_NAME,
    CannotRestore,
    applied_migrations,
    put_back,
    table_names,
)

PARTS = frozenset({"database", "files", "keys", "log"})
_BLOCK = 1 << 20


@dataclass
class Unpacked:
    """A backup that was opened, every file of it as the manifest says.

    Parameters
    ----------
    folder : Path
        Closed room inside the target; becomes a data folder and is then moved up.
    target : Path
        The data folder to be.
    manifest : dict
        What the backup says of itself.
    """

    folder: Path
    target: Path
    manifest: dict[str, Any]
    placed: list[Path] = field(default_factory=list)


@contextmanager
def unpacked_backup(source: Path, target: Path, lock: Lock, *, say: Say) -> Iterator[Unpacked]:
    """Open and check a backup; whatever fails here or in the block leaves the target as it was.

    Raises
    ------
    CannotRestore
        When the target is not an empty folder.
    BackupRefused
        When the backup does not open, or a file of it is not what the manifest says.
    """
    there = target.exists()
    if there and (not target.is_dir() or any(target.iterdir())):
        raise CannotRestore(f"{target} is not empty: restore into a new folder")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    backup = None
    try:
        with tempfile.TemporaryDirectory(dir=target, prefix=".restore-") as name:
            folder = Path(name) / "unpacked"
            folder.mkdir(mode=0o700)
            manifest = _unpack(source, Path(name) / "archive.tar", folder, lock, say)
            backup = Unpacked(folder, target, manifest)
            yield backup
    except BaseException:
        for path in [] if backup is None else backup.placed:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not there:
            target.rmdir()
        raise
    prepare_folder(target)


def bring_back(backup: Unpacked, *, check: Callable[[], list[str]]) -> list[str]:
    """Fill the database, bring it to this version and move everything to its place.

    Django runs on the folder of the unpacked backup.

    Parameters
    ----------
    check : callable
        Looks through everything before it is moved. What it finds is no reason to refuse: the
        backup may be all that is left.

    Returns
    -------
    list of str
        Faults that the check found.
    """
    vendor = backup.manifest["database"]
    if vendor != connection.vendor:
        raise CannotRestore(
            f"the backup is of {vendor}, the settings name {connection.vendor} (DATABASE_URL)"
        )
    applied = applied_migrations(backup.folder / "database", vendor)
    if unknown := applied - set(MigrationLoader(None).disk_migrations):
        raise CannotRestore(
            f"the backup was made by Tocsin {backup.manifest['tocsin']}, whose database this one "
            f"({tocsin.__version__}) does not know ({'.'.join(min(unknown))}): install that version"
        )
    if vendor == "sqlite":
        (backup.folder / "database" / SQLITE_NAME).rename(backup.folder / "tocsin.sqlite3")
        (backup.folder / "database").rmdir()
        migrate()
        faults = check()
        connections.close_all()
        _put_in_place(backup)
    else:
        if table_names():
            raise CannotRestore("the database of DATABASE_URL is not empty: name an empty one")
        # one transaction: a fault at any step leaves the database as empty as it was
        with transaction.atomic():
            _migrate_to(applied)
            put_back(backup.folder / "database")
            shutil.rmtree(backup.folder / "database")
            migrate()
            faults = check()
            _put_in_place(backup)
    return [fault.replace(str(backup.folder), str(backup.target)) for fault in faults]


def _migrate_to(applied: set[tuple[str, str]]) -> None:
    """Make the tables as they were when the backup was made: rows of others do not fit them."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    last = [
        key
        for key in sorted(applied)
        if not any(c.key in applied and c.key[0] == key[0] for c in graph.node_map[key].children)
    ]
    executor.migrate(last)


def _put_in_place(backup: Unpacked) -> None:
    # the database last: without it nobody takes the folder for a whole one
    parts = sorted(backup.folder.iterdir(), key=lambda p: (p.name.startswith("tocsin."), p.name))
    for part in parts:
        for path in (part, *part.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
        place = backup.target / part.name
        part.rename(place)
        backup.placed.append(place)


def _unpack(source: Path, archive: Path, folder: Path, lock: Lock, say: Say) -> dict[str, Any]:
    open_backup(source, archive, lock)
    say("Checking each file against the manifest ...")
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        _check(manifest, folder, source.name)
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupRefused(f"{source.name} is no backup of Tocsin, or is damaged") from error
    archive.unlink()
    (folder / "manifest.json").unlink()
    return manifest


def _check(manifest: dict[str, Any], folder: Path, name: str) -> None:
    if manifest.get("schema") != SCHEMA:
        raise BackupRefused(f"{name}: schema {manifest.get('schema')!r} is not {SCHEMA!r}")
    if manifest["database"] not in ("sqlite", "postgresql"):
        raise BackupRefused(f"{name}: a database of the kind {manifest['database']!r} is unknown")
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    named = {m["name"] for m in manifest["members"]} | {"manifest.json"}
    if there != named:
        odd = sorted(there ^ named)
        raise BackupRefused(f"{name}: {len(odd)} files differ from the manifest, first {odd[0]}")
    strange = {p.name for p in folder.iterdir()} - PARTS - {"manifest.json"}
    if strange or not (folder / "database").is_dir():
        raise BackupRefused(f"{name}: its parts are not those of a data folder")
    for member in manifest["members"]:
        digest = hashlib.sha256()
        with open(folder / member["name"], "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != member["sha256"]:
            raise BackupRefused(f"{name}: {member['name']} is damaged")
