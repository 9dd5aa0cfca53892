from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0008_gone_only_with_its_row"),
    ]

    operations = [
        migrations.AlterField(
            model_name="shedding",
            name="what",
            field=models.CharField(
                choices=[
                    ("map", "the map is drawn less often"),
                    ("background", "records wait on their devices; alarms are taken"),
                    (
                        "one",
                        "alarms beyond the share of one device wait on it; "
                        "those of all others are taken",
                    ),
                ],
                max_length=10,
            ),
        ),
    ]
