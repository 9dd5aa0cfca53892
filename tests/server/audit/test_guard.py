"""What is written once stays as it was written, whoever asks the database."""

from __future__ import annotations

import inspect

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from tocsin.server.audit.guard import LOG_TABLES
from tocsin.server.marking.immutable import AppendOnly


def guarded_tables() -> list[str]:
    """Tables of the log, and of every model that says of itself that it only grows."""
    models = [m for m in apps.get_models() if AppendOnly in inspect.getmro(m)]
    return [*LOG_TABLES, *sorted(m._meta.db_table for m in models)]


def triggers_of(table: str) -> set[str]:
    """What the database refuses for a table, as it says itself."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
            )
            texts = " ".join(row[0] for row in cursor.fetchall())
        else:
            cursor.execute(
                "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass "
                "AND NOT tgisinternal AND tgenabled = 'O'",
                [table],
            )
            texts = " ".join(row[0] for row in cursor.fetchall())
    return {verb for verb in ("UPDATE", "DELETE", "TRUNCATE") if verb in texts}


@pytest.mark.django_db
def test_every_table_that_only_grows_is_guarded() -> None:
    assert len(guarded_tables()) >= 13
    wanted = {"UPDATE", "DELETE"} | ({"TRUNCATE"} if connection.vendor == "postgresql" else set())
    open_tables = {t: wanted - triggers_of(t) for t in guarded_tables()}
    assert {t: left for t, left in open_tables.items() if left} == {}


@pytest.mark.django_db
def test_no_table_is_emptied_at_one_stroke() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite knows no TRUNCATE (make test-postgres)")
    for table in guarded_tables():
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"TRUNCATE {table} CASCADE")
