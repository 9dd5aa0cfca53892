"""The database itself refuses to empty at one stroke the tables whose rows are written once."""

from django.db import migrations

from tocsin.server.audit.guard import LOG_TABLES, never_emptied


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_guard")]
    operations = [never_emptied(*LOG_TABLES)]
