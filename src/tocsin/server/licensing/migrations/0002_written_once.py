"""The database itself refuses to change or delete rows that are written once."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = (
    "licensing_version",
    "licensing_decision",
    "licensing_event",
    "licensing_sheet",
    "licensing_orderevent",
)


class Migration(migrations.Migration):
    dependencies = [("licensing", "0001_initial")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
