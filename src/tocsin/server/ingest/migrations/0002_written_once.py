"""The database itself refuses to change, delete or empty what devices sent."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = ("ingest_batch", "ingest_edgemessage", "ingest_refusal")


class Migration(migrations.Migration):
    dependencies = [("ingest", "0001_initial")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
