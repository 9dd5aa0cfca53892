"""Whether everything is there and is what was stored: database, files, log."""

from __future__ import annotations

from collections.abc import Callable

from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tocsin.errors import TocsinError
from tocsin.sealing.commitment import opens
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.sequencer import seal_now
from tocsin.server.clock import now
from tocsin.server.files.models import StoredFile
from tocsin.server.files.services import ContentGone, content_of

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


def verify_installation(*, say: Say, progress: Progress) -> list[str]:
    """Check an installation; the list of faults is empty if it is whole.

    Parameters
    ----------
    say : callable
        Takes a line for each part.
    progress : callable
        Takes done and total of the long parts.
    """
    faults = [*_settings(), *_migrations(), *_database()]
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
        seal_now(now())
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


def _database() -> list[str]:
    if connection.vendor != "sqlite":
        connection.check_constraints()
        return []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        lines = [row[0] for row in cursor.fetchall()]
        cursor.execute("PRAGMA foreign_key_check")
        lines += [f"{row[0]} row {row[1]} points nowhere" for row in cursor.fetchall()]
    return [line for line in lines if line != "ok"]
