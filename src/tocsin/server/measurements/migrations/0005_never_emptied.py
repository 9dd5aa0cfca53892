"""The database itself refuses to empty at one stroke the tables whose rows are written once."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied


class Migration(migrations.Migration):
    dependencies = [("measurements", "0004_failures")]
    operations = [
        never_emptied(
            "measurements_measurement",
            "measurements_chunk",
            "measurements_analysis",
            "measurements_encounter",
        )
    ]
