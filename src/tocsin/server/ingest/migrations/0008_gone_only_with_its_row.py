"""The database deletes records of a device only where a row says that they are gone."""

from typing import Any

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLE = "ingest_batch"
SAID = "EXISTS (SELECT 1 FROM ingest_gone WHERE ingest_gone.survey_id = OLD.survey_id)"
REFUSED = f"{TABLE} is append-only"


def statements(vendor: str, passing: bool) -> list[str]:
    """The guard of the records, with or without a way for what is gone."""
    if vendor == "postgresql":
        way = f"IF TG_OP = 'DELETE' AND {SAID} THEN RETURN OLD; END IF; " if passing else ""
        return [
            f"CREATE OR REPLACE FUNCTION {TABLE}_written_once() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {way}RAISE EXCEPTION '{REFUSED}'; END $$"
        ]
    when = f" WHEN NOT {SAID}" if passing else ""
    return [
        f"DROP TRIGGER {TABLE}_no_delete",
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE}{when} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    ]


def opened(_apps: Any, schema_editor: Any) -> None:
    for statement in statements(schema_editor.connection.vendor, passing=True):
        schema_editor.execute(statement)


def closed(_apps: Any, schema_editor: Any) -> None:
    for statement in statements(schema_editor.connection.vendor, passing=False):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ingest", "0007_retention")]
    operations = [
        written_once("ingest_gone"),
        never_emptied("ingest_gone"),
        migrations.RunPython(opened, closed),
    ]
