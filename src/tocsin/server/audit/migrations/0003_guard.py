"""The database itself refuses to change or delete what was logged."""

from django.db import migrations

from tocsin.server.audit.guard import guard_statements, unguard_statements


def guard(apps, schema_editor):
    for statement in guard_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in unguard_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_checkpoint_cosignature")]
    operations = [migrations.RunPython(guard, unguard)]
