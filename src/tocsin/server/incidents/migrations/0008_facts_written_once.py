"""The database itself refuses to change, delete or empty what was stated."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = (
    "incidents_incidentstatement",
    "incidents_objectstatement",
    "incidents_objectincident",
    "incidents_reportincident",
    "incidents_reportobject",
    "incidents_sameness",
)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0007_first_statements")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
