"""The database as one consistent picture, taken while others go on writing, and put back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction

from tocsin.errors import TocsinError

SQLITE_NAME = "database.sqlite3"
_BLOCK_BYTES = 1 << 20


class CannotRestore(TocsinError):
    """The copy does not fit this installation; nothing was changed."""


def take_picture(folder: Path) -> list[Path]:
    """Write the database as it is at one moment into a folder.

    SQLite is copied page by page by its own backup; PostgreSQL table by table in one repeatable
    read.

    Returns
    -------
    list of Path
        The files written.
    """
    if connection.vendor == "sqlite":
        target = folder / SQLITE_NAME
        connection.ensure_connection()
        with sqlite3.connect(target) as copy:
            connection.connection.backup(copy)
        copy.close()
        return [target]
    written = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in table_names():
            target = folder / f"{table}.copy"
            with connection.cursor() as cursor, open(target, "wb") as file:
                with cursor.copy(_copy_out(table)) as rows:
                    for block in rows:
                        file.write(block)
            written.append(target)
    return written


def put_back(folder: Path) -> None:
    """Fill the (empty, migrated) PostgreSQL database from the files of a picture."""
    found = {p.stem for p in folder.glob("*.copy")}
    present = set(table_names())
    if found - present:
        raise CannotRestore(f"tables of another version: {', '.join(sorted(found - present))}")
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted(present):
            # rows that the migrations themselves have written
            cursor.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608 - names of our own tables
        for table in sorted(found):
            with cursor.copy(_copy_in(table)) as rows, open(folder / f"{table}.copy", "rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    rows.write(block)
        for sql in _sequence_resets():
            cursor.execute(sql)


def table_names() -> list[str]:
    """Tables of the database, in order."""
    return sorted(connection.introspection.table_names())


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)


def _copy_out(table: str) -> str:
    return f"COPY {_quoted(table)} TO STDOUT"


def _copy_in(table: str) -> str:
    return f"COPY {_quoted(table)} FROM STDIN"


def _sequence_resets() -> list[str]:
    models = [m for a in apps.get_app_configs() for m in a.get_models(include_auto_created=True)]
    return connection.ops.sequence_reset_sql(no_style(), models)
