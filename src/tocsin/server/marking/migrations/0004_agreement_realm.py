"""An agreement holds in one realm; those made before hold where they were made, in the exercise."""

from django.db import migrations, models

REALMS = [
    ("LIVE", "Live"),
    ("EXERCISE", "Exercise"),
    ("SYNTHETIC", "Synthetic"),
    ("PUBLIC", "Public"),
]


class Migration(migrations.Migration):
    dependencies = [("marking", "0003_proposals")]

    operations = [
        migrations.AddField(
            model_name="agreement",
            name="realm",
            field=models.CharField(
                choices=REALMS, default="EXERCISE", max_length=9, verbose_name="realm"
            ),
            preserve_default=False,
        ),
    ]
