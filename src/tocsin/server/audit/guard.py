"""SQL by which the database itself refuses to change the log.

A leaf gets its position once and is never changed nor deleted; checkpoints and co-signatures are
written once. Who administers the database can take these triggers away: against that stand the
checkpoints kept elsewhere.
"""

from __future__ import annotations

LEAF = "audit_leaf"
WRITTEN_ONCE = ("audit_checkpoint", "audit_cosignature")
_KEPT = (
    *("id", "at", "actor", "action", "subject_kind", "subject_id", "realm", "level"),
    *("organisation", "content", "salt", "commitment"),
)


def guard_statements(vendor: str) -> list[str]:
    """Statements that put the triggers in place."""
    if vendor == "postgresql":
        return _postgresql()
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)
    fine = f"OLD.position IS NULL AND NEW.position IS NOT NULL AND {same}"
    statements = [
        f"CREATE TRIGGER {LEAF}_positioned_once BEFORE UPDATE ON {LEAF} WHEN NOT ({fine}) "
        f"BEGIN SELECT RAISE(ABORT, '{LEAF} is append-only'); END",
        f"CREATE TRIGGER {LEAF}_no_delete BEFORE DELETE ON {LEAF} "
        f"BEGIN SELECT RAISE(ABORT, '{LEAF} is append-only'); END",
    ]
    for table in WRITTEN_ONCE:
        for verb in ("UPDATE", "DELETE"):
            statements.append(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    return statements


def _postgresql() -> list[str]:
    # jsonb has an equality of its own; a row comparison leaves no column out that is named here
    columns = ", ".join(f"OLD.{name}" for name in _KEPT)
    others = columns.replace("OLD.", "NEW.")
    same = f"ROW({columns}) IS NOT DISTINCT FROM ROW({others})"
    statements = [
        f"CREATE FUNCTION {LEAF}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position IS NOT NULL AND {same} "
        f"THEN RETURN NEW; END IF; RAISE EXCEPTION '{LEAF} is append-only'; END $$",
        f"CREATE TRIGGER {LEAF}_guard BEFORE UPDATE OR DELETE ON {LEAF} "
        f"FOR EACH ROW EXECUTE FUNCTION {LEAF}_guard()",
    ]
    for table in WRITTEN_ONCE:
        statements += [
            f"CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
            f"CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_guard()",
        ]
    return statements


def unguard_statements(vendor: str) -> list[str]:
    """Statements that take the triggers away, for undoing a migration."""
    if vendor == "postgresql":
        return [
            statement
            for table in (LEAF, *WRITTEN_ONCE)
            for statement in (
                f"DROP TRIGGER {table}_guard ON {table}",
                f"DROP FUNCTION {table}_guard()",
            )
        ]
    return [
        f"DROP TRIGGER {LEAF}_positioned_once",
        f"DROP TRIGGER {LEAF}_no_delete",
        *(f"DROP TRIGGER {t}_no_{v}" for t in WRITTEN_ONCE for v in ("update", "delete")),
    ]
