"""The database itself refuses to change or delete sheets and approvals."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = ("statistics_factsheet", "statistics_approval")


class Migration(migrations.Migration):
    dependencies = [("statistics", "0001_initial")]
    operations = [make(table) for table in TABLES for make in (written_once, never_emptied)]
