"""The database itself refuses to change or delete rows that are written once."""

from django.db import migrations

from tocsin.server.audit.guard import written_once


class Migration(migrations.Migration):
    dependencies = [("duties", "0001_initial")]
    operations = [written_once("duties_clockend", "duties_takeover", "duties_acknowledgement")]
