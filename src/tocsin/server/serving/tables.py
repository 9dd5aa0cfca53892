"""The database as one consistent picture, taken while others go on writing, and put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

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
                columns = _columns(cursor, table)
                # first line of the file: an older or younger table has others, or another order
                file.write("\t".join(columns).encode() + b"\n")
                with cursor.copy(f"COPY {_named(table, columns)} TO STDOUT") as rows:
                    for block in rows:
                        file.write(block)
            written.append(target)
    return written


def put_back(folder: Path) -> None:
    """Fill a PostgreSQL database, whose tables are those of a picture and empty, from its files."""
    found = {p.stem for p in folder.glob("*.copy")}
    if odd := found ^ set(table_names()):
        raise CannotRestore(f"tables of another version: {', '.join(sorted(odd))}")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # tables come in the order of their names: rows point to what follows
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            for table in sorted(found):
                # rows that the migrations themselves have written
                cursor.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608 - our own tables
            for table in sorted(found):
                with open(folder / f"{table}.copy", "rb") as file:
                    columns = file.readline().decode().rstrip("\n").split("\t")
                    with cursor.copy(f"COPY {_named(table, columns)} FROM STDIN") as rows:
                        while block := file.read(_BLOCK_BYTES):
                            rows.write(block)
            for sql in _sequence_resets():
                cursor.execute(sql)
            # now, so that a table can be changed again in the same transaction
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except (DatabaseError, psycopg.Error) as error:
        raise CannotRestore(f"the rows do not fit their tables: {error}") from error


def applied_migrations(folder: Path, vendor: str) -> set[tuple[str, str]]:
    """Steps by which the database of a picture came to its tables: app and name of each.

    Raises
    ------
    CannotRestore
        When the picture does not say.
    """
    try:
        if vendor == "sqlite":
            address = f"{(folder / SQLITE_NAME).as_uri()}?immutable=1"
            with closing(sqlite3.connect(address, uri=True)) as picture:
                return set(picture.execute("SELECT app, name FROM django_migrations"))
        lines = (folder / "django_migrations.copy").read_text("utf-8").splitlines()
        columns, *rows = (line.split("\t") for line in lines)
        app, name = columns.index("app"), columns.index("name")
        return {(row[app], row[name]) for row in rows}
    except (OSError, ValueError, IndexError, sqlite3.Error) as error:
        raise CannotRestore("the backup does not say of which version its database is") from error


def table_names() -> list[str]:
    """Tables of the database, in order."""
    return sorted(connection.introspection.table_names())


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)


def _named(table: str, columns: Sequence[str]) -> str:
    return f"{_quoted(table)} ({', '.join(_quoted(c) for c in columns)})"


def _columns(cursor: Any, table: str) -> list[str]:
    return [c.name for c in connection.introspection.get_table_description(cursor, table)]


def _sequence_resets() -> list[str]:
    there = set(table_names())
    known: list[type[Model]] = [
        *apps.get_models(include_auto_created=True),
        MigrationRecorder.Migration,
    ]
    models = [m for m in known if m._meta.db_table in there]
    return connection.ops.sequence_reset_sql(no_style(), models)
