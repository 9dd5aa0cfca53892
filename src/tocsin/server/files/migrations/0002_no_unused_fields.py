"""Takes away fields that nothing ever set."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial")]
    operations = [
        migrations.RemoveField(model_name="blob", name="erased_at"),
        migrations.RemoveField(model_name="storedfile", name="media_type"),
        migrations.AlterField(
            model_name="blob", name="key", field=models.BinaryField(max_length=32)
        ),
    ]
