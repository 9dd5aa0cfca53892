"""Reports and facts of incidents, each a record of its own."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_register_roles"),
        ("accounts", "__first__"),
        ("files", "0002_no_unused_fields"),
        ("incidents", "0004_source_lost"),
        ("marking", "0004_agreement_realm"),
    ]

    operations = [
        migrations.CreateModel(
            name="FieldRelease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fields", models.JSONField()),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("private", "private: the own authority and whom it lets see"),
                            ("partners", "partners: States and organisations that take part"),
                            ("public", "public"),
                        ],
                        max_length=8,
                        verbose_name="audience",
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=400, verbose_name="reason")),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("approved", models.BooleanField(null=True)),
                ("answer", models.CharField(blank=True, max_length=400)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="releases",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ("asked_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="IncidentImport",
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
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("header", models.JSONField(default=list)),
                ("mapping", models.JSONField(default=dict)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("good", models.PositiveIntegerField(default=0)),
                ("faults", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[("checked", "checked, not taken over"), ("applied", "taken over")],
                        default="checked",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
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
        migrations.CreateModel(
            name="IncidentWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.CharField(max_length=40)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="words",
                        to="incidents.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("initial", "first notification"),
                            ("update", "update"),
                            ("withdrawal", "withdrawal"),
                        ],
                        max_length=10,
                        verbose_name="which",
                    ),
                ),
                ("entries", models.JSONField(default=dict)),
                ("contact", models.CharField(blank=True, max_length=200, verbose_name="contact")),
                ("remarks", models.TextField(blank=True, max_length=4000, verbose_name="remarks")),
                (
                    "restriction",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="restriction of dissemination"
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("sent_to", models.CharField(blank=True, max_length=200, verbose_name="sent to")),
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
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="incidents.incident",
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
                (
                    "sent_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("incident", "number"),
            },
        ),
        migrations.CreateModel(
            name="Object",
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
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("source", "sealed source"),
                            ("device", "device with a source"),
                            ("nuclear", "nuclear material"),
                            ("material", "other radioactive material"),
                            ("contaminated", "contaminated item"),
                            ("benign", "not radioactive, offered as such"),
                            ("unknown", "not known"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "manufacturer",
                    models.CharField(blank=True, max_length=200, verbose_name="maker"),
                ),
                ("model", models.CharField(blank=True, max_length=200, verbose_name="model")),
                ("serials", models.JSONField(default=list)),
                (
                    "device_type",
                    models.CharField(blank=True, max_length=200, verbose_name="type of device"),
                ),
                ("contents", models.JSONField(default=list)),
                ("nuclides", models.CharField(blank=True, max_length=300, verbose_name="nuclides")),
                ("mass_g", models.FloatField(blank=True, null=True, verbose_name="mass in g")),
                (
                    "enrichment_percent",
                    models.FloatField(blank=True, null=True, verbose_name="enrichment in percent"),
                ),
                (
                    "form",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="form, packing, shielding"
                    ),
                ),
                ("marks", models.CharField(blank=True, max_length=200, verbose_name="marks")),
                (
                    "category",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="category"
                    ),
                ),
                (
                    "recovered",
                    models.CharField(
                        blank=True,
                        choices=[("all", "all of it"), ("part", "a part"), ("none", "nothing")],
                        max_length=4,
                        verbose_name="recovered",
                    ),
                ),
                ("recovered_on", models.DateField(blank=True, null=True)),
                ("recovered_where", models.CharField(blank=True, max_length=200)),
                ("source_id", models.UUIDField(blank=True, db_index=True, null=True)),
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
                "ordering": ("-created_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="PersonNote",
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
                    "part",
                    models.CharField(
                        choices=[
                            ("suspect", "suspect"),
                            ("witness", "witness"),
                            ("reporter", "reporter"),
                            ("exposed", "may have been exposed"),
                        ],
                        max_length=10,
                        verbose_name="part",
                    ),
                ),
                ("note", models.TextField(max_length=4000, verbose_name="note")),
                ("purpose", models.CharField(max_length=200, verbose_name="what it is kept for")),
                ("keep_until", models.DateField(verbose_name="kept until")),
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
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.incident",
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
            name="Report",
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
                    "channel",
                    models.CharField(
                        choices=[
                            ("person", "person"),
                            ("organisation", "organisation"),
                            ("alarm", "alarm of an instrument"),
                            ("register", "register"),
                            ("information", "information alert"),
                            ("web", "web form"),
                            ("import", "import of a table or of public notices"),
                            ("hand", "entered by hand"),
                        ],
                        max_length=12,
                        verbose_name="way",
                    ),
                ),
                (
                    "said_by",
                    models.CharField(blank=True, max_length=200, verbose_name="who said it"),
                ),
                ("said_at", models.DateTimeField(blank=True, null=True, verbose_name="said")),
                ("received_at", models.DateTimeField(db_index=True, verbose_name="received")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "original",
                    models.TextField(blank=True, max_length=20000, verbose_name="as it was said"),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True, max_length=400, verbose_name="where it is published"
                    ),
                ),
                (
                    "external_id",
                    models.CharField(blank=True, max_length=100, verbose_name="number elsewhere"),
                ),
                (
                    "reliability",
                    models.CharField(
                        choices=[
                            ("measured", "measured or seen by the authority itself"),
                            ("reliable", "from a reliable origin"),
                            ("unsure", "from an origin that is not always right"),
                            ("doubtful", "doubtful"),
                            ("unjudged", "not judged"),
                        ],
                        default="unjudged",
                        max_length=12,
                        verbose_name="reliability",
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
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
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
                "ordering": ("-received_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="Sameness",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("object", "object"),
                            ("incident", "incident"),
                            ("source", "object and source of the register"),
                        ],
                        max_length=8,
                    ),
                ),
                ("a_id", models.UUIDField(db_index=True)),
                ("b_id", models.UUIDField(db_index=True)),
                ("same", models.BooleanField()),
                ("evidence", models.JSONField(default=dict)),
                ("reason", models.CharField(max_length=400)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("known_at", "id"),
            },
        ),
    ]
