"""The database itself refuses to empty at one stroke the tables whose rows are written once."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_written_once")]
    operations = [never_emptied("incidents_incidentevent")]
