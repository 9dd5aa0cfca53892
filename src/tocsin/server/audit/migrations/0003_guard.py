"""The database itself refuses to change or delete what was logged."""

from django.db import migrations

from tocsin.server.audit.guard import LOG_TABLES, written_once


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_checkpoint_cosignature")]
    operations = [written_once(*LOG_TABLES)]
