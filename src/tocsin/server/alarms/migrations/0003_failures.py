"""How often an outgoing event could not be read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column for it."""

    dependencies = (("alarms", "0002_written_once"),)

    operations = (
        migrations.AddField(
            model_name="outgoing",
            name="failures",
            field=models.PositiveIntegerField(default=0),
        ),
    )
