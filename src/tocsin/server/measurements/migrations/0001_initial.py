import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_invitations_powers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("files", "0001_initial"),
        ("marking", "0003_proposals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Analysis",
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
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("said", models.JSONField()),
                ("settings", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=400, verbose_name="reason")),
                ("statistic_name", models.CharField(blank=True, max_length=80)),
                ("threshold", models.FloatField(null=True)),
                ("arrays", models.BinaryField()),
                ("geojson", models.TextField()),
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
                "ordering": ("measurement", "number"),
            },
        ),
        migrations.CreateModel(
            name="Encounter",
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
                ("number", models.PositiveIntegerField()),
                ("first_record", models.PositiveIntegerField()),
                ("last_record", models.PositiveIntegerField()),
                ("peak_record", models.PositiveIntegerField()),
                (
                    "source_class",
                    models.CharField(
                        choices=[
                            ("snm", "special nuclear material"),
                            ("unknown", "unknown"),
                            ("industrial", "industrial"),
                            ("medical", "medical"),
                            ("norm", "natural"),
                        ],
                        max_length=12,
                        verbose_name="class",
                    ),
                ),
                ("neutron", models.BooleanField(default=False)),
                ("said", models.JSONField()),
                ("reasons", models.JSONField(default=list)),
                ("statistic_name", models.CharField(blank=True, max_length=80)),
                (
                    "analysis",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="encounters",
                        to="measurements.analysis",
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
                "ordering": ("analysis", "number"),
            },
        ),
        migrations.CreateModel(
            name="Instrument",
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
                    "manufacturer",
                    models.CharField(blank=True, max_length=200, verbose_name="manufacturer"),
                ),
                ("model", models.CharField(blank=True, max_length=200, verbose_name="model")),
                (
                    "serial",
                    models.CharField(blank=True, max_length=100, verbose_name="serial number"),
                ),
                (
                    "instrument_class",
                    models.CharField(blank=True, max_length=100, verbose_name="kind"),
                ),
                ("detectors", models.JSONField(default=list)),
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
                "ordering": ("manufacturer", "model", "serial"),
            },
        ),
        migrations.CreateModel(
            name="Measurement",
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
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("survey", "survey"),
                            ("static", "spectrum"),
                            ("track", "track of rates"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("file_format", models.CharField(max_length=40, verbose_name="format")),
                (
                    "instrument_name",
                    models.CharField(blank=True, max_length=400, verbose_name="instrument"),
                ),
                (
                    "measured_at",
                    models.DateTimeField(
                        blank=True, db_index=True, null=True, verbose_name="measured"
                    ),
                ),
                ("start_text", models.CharField(blank=True, max_length=40)),
                ("duration_s", models.FloatField(blank=True, null=True, verbose_name="duration")),
                ("live_time_s", models.FloatField(blank=True, null=True, verbose_name="live time")),
                ("records", models.PositiveIntegerField(verbose_name="records")),
                ("has_positions", models.BooleanField(default=False)),
                ("channels", models.PositiveIntegerField(default=0)),
                ("edges_keV", models.BinaryField(blank=True, default=b"")),
                ("warnings", models.JSONField(default=list)),
                ("own_results", models.JSONField(default=list)),
                (
                    "source_class",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("snm", "special nuclear material"),
                            ("unknown", "unknown"),
                            ("industrial", "industrial"),
                            ("medical", "medical"),
                            ("norm", "natural"),
                        ],
                        max_length=12,
                        verbose_name="class",
                    ),
                ),
                ("nuclides", models.CharField(blank=True, max_length=400, verbose_name="nuclides")),
                (
                    "encounter_count",
                    models.PositiveIntegerField(default=0, verbose_name="encounters"),
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
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.storedfile",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measurements",
                        to="measurements.instrument",
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
            name="Chunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_record", models.PositiveIntegerField()),
                ("records", models.PositiveIntegerField()),
                ("summary", models.BinaryField()),
                ("spectra", models.BinaryField(blank=True, default=b"")),
                (
                    "measurement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="chunks",
                        to="measurements.measurement",
                    ),
                ),
            ],
            options={
                "ordering": ("measurement", "first_record"),
            },
        ),
    ]
