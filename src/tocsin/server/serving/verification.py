"""Whether everything is there and is what was stored: database, files, log. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from tocsin.errors import TocsinError
from tocsin.sealing.commitment import opens
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.sequencer import check_log
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import ContentGone, content_of

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


def verify_installation(*, say: Say, progress: Progress) -> list[str]:
    """Check an installation; the list of faults is empty if it is whole.

    The database itself is told to refuse every change meanwhile.

    Parameters
    ----------
    say : callable
        Takes a line for each part.
    progress : callable
        Takes done and total of the long parts.
    """
    if (missing := _missing_database()) is not None:
        return [f"{missing} is not there: this is no data folder, or its database is lost"]
    with _reading_alone():
        return _faults(say, progress)


def _faults(say: Say, progress: Progress) -> list[str]:
    faults = _settings()
    if waiting := _migrations():
        # the tables of another version are not those that the checks below expect
        return [*faults, *waiting]
    faults += _database()
    say("Checking every file against its hash ...")
    files = StoredFile.objects.select_related("blob").order_by("blob_id", "id")
    total, seen = files.count(), ""
    for i, file in enumerate(files.iterator(chunk_size=200)):
        if file.blob_id != seen:
            try:
                content_of(file)
            except ContentGone as error:
                faults.append(str(error))
        seen = file.blob_id
        progress(i + 1, total)
    say("Checking every leaf of the log against its commitment ...")
    total = Leaf.objects.count()
    for i, leaf in enumerate(Leaf.objects.order_by("id").iterator(chunk_size=1000)):
        if not opens(bytes(leaf.commitment), leaf.content, bytes(leaf.salt)):
            faults.append(f"leaf {leaf.pk} of the log was changed ({leaf.action})")
        progress(i + 1, total)
    say("Comparing the log with the checkpoints that were kept ...")
    try:
        check_log()
    except TocsinError as error:
        faults.append(str(error))
    return faults


def _settings() -> list[str]:
    try:
        call_command("check", deploy=True, fail_level="WARNING", verbosity=0)
    except SystemCheckError as error:
        return [line for line in str(error).splitlines() if line.strip()]
    return []


def _migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return [f"{len(waiting)} changes of the database are not made yet: tocsin upgrade"]
    return []


def _missing_database() -> Path | None:
    """SQLite's file where it is absent: to open it would make an empty one."""
    if connection.vendor != "sqlite":
        return None
    name = str(connection.settings_dict["NAME"])
    held_in_memory = name.startswith("file:") or name == ":memory:"
    return None if held_in_memory or Path(name).exists() else Path(name)


@contextmanager
def _reading_alone() -> Iterator[None]:
    """Let the database refuse every change by this connection."""
    begin, end = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": (
            "SET default_transaction_read_only = on",
            "SET default_transaction_read_only = off",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(end)


def _database() -> list[str]:
    if connection.vendor == "postgresql":
        return orphans()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        lines = [row[0] for row in cursor.fetchall()]
        cursor.execute("PRAGMA foreign_key_check")
        lines += [f"{row[0]} row {row[1]} points nowhere" for row in cursor.fetchall()]
    return [line for line in lines if line != "ok"]


def orphans() -> list[str]:
    """Rows that name a row of another table which is not there.

    PostgreSQL checks a row when it is written and never again: what was taken away while its
    constraints were off, or by a damaged disk, is found only by looking for it.
    """
    quoted = connection.ops.quote_name
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            table, column = quoted(model._meta.db_table), quoted(field.column)
            other = quoted(field.related_model._meta.db_table)
            key = quoted(str(field.target_field.column))
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT count(*) FROM {table} AS here LEFT JOIN {other} AS there "  # noqa: S608
                    f"ON here.{column} = there.{key} "
                    f"WHERE here.{column} IS NOT NULL AND there.{key} IS NULL"
                )
                number = cursor.fetchone()[0]
            if number:
                found.append(
                    f"{model._meta.db_table}: {number} rows point nowhere by {field.column}"
                )
    return found
