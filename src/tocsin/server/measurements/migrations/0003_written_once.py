"""The database itself refuses to change or delete rows that are written once."""

from django.db import migrations

from tocsin.server.duties.immutable import guard_statements, unguard_statements

TABLES = (
    "measurements_measurement",
    "measurements_chunk",
    "measurements_analysis",
    "measurements_encounter",
)


def guard(apps, schema_editor):
    for table in TABLES:
        for statement in guard_statements(schema_editor.connection.vendor, table):
            schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for table in TABLES:
        for statement in unguard_statements(schema_editor.connection.vendor, table):
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("measurements", "0002_answers")]
    operations = [migrations.RunPython(guard, unguard)]
