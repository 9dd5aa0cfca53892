import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_invitations_powers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("files", "0001_initial"),
        ("marking", "0003_proposals"),
        ("measurements", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="analysis",
            name="background",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="measurements.measurement",
            ),
        ),
        migrations.AddField(
            model_name="analysis",
            name="measurement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="analyses",
                to="measurements.measurement",
            ),
        ),
        migrations.CreateModel(
            name="Outgoing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                (
                    "encounter",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="measurements.encounter",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Reanalysis",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "realm",
                    models.CharField(
                        choices=[
                            ("LIVE", "Live"),
                            ("EXERCISE", "Exercise"),
                            ("SYNTHETIC", "Synthetic"),
                            ("PUBLIC", "Public"),
                        ],
                        max_length=9,
                        verbose_name="realm",
                    ),
                ),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Open"),
                            (1, "Restricted"),
                            (2, "Confidential"),
                            (3, "Secret"),
                        ],
                        default=1,
                        verbose_name="level",
                    ),
                ),
                (
                    "tlp",
                    models.CharField(
                        choices=[
                            ("CLEAR", "TLP:CLEAR"),
                            ("GREEN", "TLP:GREEN"),
                            ("AMBER", "TLP:AMBER"),
                            ("AMBER+STRICT", "TLP:AMBER+STRICT"),
                            ("RED", "TLP:RED"),
                        ],
                        default="RED",
                        max_length=12,
                        verbose_name="TLP",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("analysing", "being analysed"),
                            ("done", "done"),
                            ("failed", "not readable"),
                        ],
                        db_index=True,
                        default="queued",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("progress", models.FloatField(default=0.0, verbose_name="progress")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("task_id", models.UUIDField(blank=True, null=True)),
                ("touched_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("error_message", models.CharField(blank=True, max_length=1000)),
                ("settings", models.JSONField(default=dict)),
                ("reason", models.CharField(max_length=400, verbose_name="reason")),
                (
                    "analysis",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="request",
                        to="measurements.analysis",
                    ),
                ),
                (
                    "background",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="measurements.measurement",
                    ),
                ),
                (
                    "compartments",
                    models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "measurement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reanalyses",
                        to="measurements.measurement",
                    ),
                ),
                (
                    "originator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                        verbose_name="originator",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "realm",
                    models.CharField(
                        choices=[
                            ("LIVE", "Live"),
                            ("EXERCISE", "Exercise"),
                            ("SYNTHETIC", "Synthetic"),
                            ("PUBLIC", "Public"),
                        ],
                        max_length=9,
                        verbose_name="realm",
                    ),
                ),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Open"),
                            (1, "Restricted"),
                            (2, "Confidential"),
                            (3, "Secret"),
                        ],
                        default=1,
                        verbose_name="level",
                    ),
                ),
                (
                    "tlp",
                    models.CharField(
                        choices=[
                            ("CLEAR", "TLP:CLEAR"),
                            ("GREEN", "TLP:GREEN"),
                            ("AMBER", "TLP:AMBER"),
                            ("AMBER+STRICT", "TLP:AMBER+STRICT"),
                            ("RED", "TLP:RED"),
                        ],
                        default="RED",
                        max_length=12,
                        verbose_name="TLP",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("analysing", "being analysed"),
                            ("done", "done"),
                            ("failed", "not readable"),
                        ],
                        db_index=True,
                        default="queued",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("progress", models.FloatField(default=0.0, verbose_name="progress")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("task_id", models.UUIDField(blank=True, null=True)),
                ("touched_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("error_message", models.CharField(blank=True, max_length=1000)),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                (
                    "compartments",
                    models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.storedfile",
                    ),
                ),
                (
                    "originator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                        verbose_name="originator",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.AddField(
            model_name="measurement",
            name="upload",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="measurement",
                to="measurements.upload",
            ),
        ),
        migrations.AddConstraint(
            model_name="encounter",
            constraint=models.UniqueConstraint(
                fields=("analysis", "number"), name="one_encounter_per_number"
            ),
        ),
        migrations.AddIndex(
            model_name="instrument",
            index=models.Index(
                fields=["realm", "originator", "model", "serial"],
                name="measurement_realm_96778c_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="chunk",
            constraint=models.UniqueConstraint(
                fields=("measurement", "first_record"), name="one_chunk_per_first_record"
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.UniqueConstraint(
                fields=("measurement", "number"), name="one_analysis_per_number"
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                fields=["created_by", "created_at"], name="measurement_created_5a55c0_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="measurement",
            index=models.Index(
                fields=["realm", "originator", "created_at"], name="measurement_realm_0359b5_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="measurement",
            index=models.Index(
                fields=["source_class", "created_at"], name="measurement_source__d2fac4_idx"
            ),
        ),
    ]
