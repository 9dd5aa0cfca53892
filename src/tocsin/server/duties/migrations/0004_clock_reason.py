"""Why a clock was started, in the words of the person who did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("duties", "0003_never_emptied")]
    operations = [
        migrations.AddField(
            model_name="clock",
            name="reason",
            field=models.CharField(default="", max_length=400, verbose_name="reason"),
            preserve_default=False,
        ),
    ]
