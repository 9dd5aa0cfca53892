"""The database itself refuses to change, delete or empty what its detector said."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = ("ingest_servermessage",)


class Migration(migrations.Migration):
    dependencies = [("ingest", "0004_server_detector")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
