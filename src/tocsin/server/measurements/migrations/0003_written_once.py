"""The database itself refuses to change or delete rows that are written once."""

from django.db import migrations

from tocsin.server.audit.guard import written_once


class Migration(migrations.Migration):
    dependencies = [("measurements", "0002_answers")]
    operations = [
        written_once(
            "measurements_measurement",
            "measurements_chunk",
            "measurements_analysis",
            "measurements_encounter",
        )
    ]
