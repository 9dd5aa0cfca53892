"""The database itself refuses to empty at one stroke the tables whose rows are written once."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied


class Migration(migrations.Migration):
    dependencies = [("alarms", "0003_failures")]
    operations = [never_emptied("alarms_alarmevent", "alarms_responseentry")]
