"""By which the database itself refuses to change what was written: for the log and for every app.

Rows of guarded tables are written once: no UPDATE, no DELETE, no TRUNCATE (which PostgreSQL does
without touching a row). Who administers the database can take these triggers away: against that
stand the checkpoints of the log that are kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations

LEAF = "audit_leaf"
LOG_TABLES = (LEAF, "audit_checkpoint", "audit_cosignature")
_KEPT = (
    *("id", "at", "actor", "action", "subject_kind", "subject_id", "realm", "level"),
    *("organisation", "content", "salt", "commitment"),
)


def guard_statements(vendor: str, table: str) -> list[str]:
    """SQL that makes the database refuse to change or delete rows of a table.

    A leaf of the log gets its position once; nothing else of it ever changes.
    """
    allowed = _position_given(vendor) if table == LEAF else ""
    if vendor == "postgresql":
        passing = f"IF TG_OP = 'UPDATE' AND {allowed} THEN RETURN NEW; END IF; " if allowed else ""
        return [
            f"CREATE FUNCTION {table}_written_once() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {passing}RAISE EXCEPTION '{table} is append-only'; END $$",
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_written_once()",
        ]
    when = f"WHEN NOT ({allowed}) " if allowed else ""
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when}{refusal}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}",
    ]


def unguard_statements(vendor: str, table: str) -> list[str]:
    """SQL that takes the guard of the rows away, for undoing a migration."""
    if vendor == "postgresql":
        return [
            f"DROP TRIGGER {table}_written_once ON {table}",
            f"DROP FUNCTION {table}_written_once()",
        ]
    return [f"DROP TRIGGER {table}_no_{verb}" for verb in ("update", "delete")]


def emptying_statements(vendor: str, table: str) -> list[str]:
    """SQL that makes PostgreSQL refuse to empty a table at one stroke; SQLite cannot do it."""
    if vendor != "postgresql":
        return []
    return [
        f"CREATE FUNCTION {table}_never_emptied() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_never_emptied()",
    ]


def may_empty_statements(vendor: str, table: str) -> list[str]:
    """SQL that takes this guard away, for undoing a migration."""
    if vendor != "postgresql":
        return []
    return [
        f"DROP TRIGGER {table}_never_emptied ON {table}",
        f"DROP FUNCTION {table}_never_emptied()",
    ]


def written_once(*tables: str) -> migrations.RunPython:
    """The step of a migration after which rows of tables cannot be changed nor deleted."""
    return _step(tables, guard_statements, unguard_statements)


def open_for_change(*tables: str) -> migrations.RunPython:
    """The step of a migration that changes columns of guarded tables; :func:`written_once` ends it.

    SQLite makes such a table anew and would lose the guard without a word.
    """
    return _step(tables, unguard_statements, guard_statements)


def never_emptied(*tables: str) -> migrations.RunPython:
    """The step of a migration after which tables cannot be emptied at one stroke."""
    return _step(tables, emptying_statements, may_empty_statements)


def _step(
    tables: tuple[str, ...],
    forth: Callable[[str, str], list[str]],
    back: Callable[[str, str], list[str]],
) -> migrations.RunPython:
    def run(statements: Callable[[str, str], list[str]]) -> Callable[[Any, Any], None]:
        def execute(_apps: Any, schema_editor: Any) -> None:
            for table in tables:
                for statement in statements(schema_editor.connection.vendor, table):
                    schema_editor.execute(statement)

        return execute

    return migrations.RunPython(run(forth), run(back))


def _position_given(vendor: str) -> str:
    """Condition that an update gives a leaf its position and changes nothing else."""
    given = "OLD.position IS NULL AND NEW.position IS NOT NULL"
    if vendor == "postgresql":
        # jsonb has an equality of its own; a row comparison leaves no column out that is named here
        columns = ", ".join(f"OLD.{name}" for name in _KEPT)
        others = columns.replace("OLD.", "NEW.")
        return f"{given} AND ROW({columns}) IS NOT DISTINCT FROM ROW({others})"
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)
    return f"{given} AND {same}"
