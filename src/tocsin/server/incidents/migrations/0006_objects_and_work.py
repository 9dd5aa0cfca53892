"""Objects, notifications and work; what a row of an incident repeats."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_register_roles"),
        ("accounts", "__first__"),
        ("files", "0002_no_unused_fields"),
        ("incidents", "0005_three_records"),
        ("marking", "0004_agreement_realm"),
    ]

    operations = [
        migrations.CreateModel(
            name="Task",
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
                ("what", models.CharField(max_length=400, verbose_name="what")),
                ("until", models.DateField(verbose_name="until")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done")),
                ("result", models.CharField(blank=True, max_length=400, verbose_name="result")),
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
                    "done_by",
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
                        related_name="tasks",
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
                    "who",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "ordering": ("until", "id"),
            },
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("realm", models.CharField(max_length=9)),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("incident", "incident"),
                            ("serial", "serial number"),
                            ("nuclide", "nuclide"),
                        ],
                        max_length=8,
                        verbose_name="what",
                    ),
                ),
                ("value", models.CharField(max_length=100, verbose_name="which")),
                ("created_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("of", "value"),
            },
        ),
        migrations.CreateModel(
            name="IncidentStatement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(max_length=16)),
                ("value", models.JSONField(null=True)),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("origin", models.CharField(blank=True, max_length=40)),
                ("reason", models.CharField(blank=True, max_length=400)),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("private", "private: the own authority and whom it lets see"),
                            ("partners", "partners: States and organisations that take part"),
                            ("public", "public"),
                        ],
                        default="private",
                        max_length=8,
                    ),
                ),
                (
                    "by",
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
                        related_name="statements",
                        to="incidents.incident",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.report",
                    ),
                ),
            ],
            options={
                "ordering": ("known_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="ObjectIncident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holds", models.BooleanField(default=True)),
                (
                    "evidence",
                    models.CharField(blank=True, max_length=400, verbose_name="what shows it"),
                ),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
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
                        related_name="with_objects",
                        to="incidents.incident",
                    ),
                ),
                (
                    "object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="in_incidents",
                        to="incidents.object",
                    ),
                ),
            ],
            options={
                "ordering": ("known_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="ObjectStatement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(max_length=20)),
                ("value", models.JSONField(null=True)),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("origin", models.CharField(blank=True, max_length=40)),
                ("reason", models.CharField(blank=True, max_length=400)),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("private", "private: the own authority and whom it lets see"),
                            ("partners", "partners: States and organisations that take part"),
                            ("public", "public"),
                        ],
                        default="private",
                        max_length=8,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="incidents.object",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.report",
                    ),
                ),
            ],
            options={
                "ordering": ("known_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="ReportIncident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "says",
                    models.CharField(
                        choices=[
                            ("tells", "tells of it"),
                            ("supports", "supports it"),
                            ("contradicts", "speaks against it"),
                            ("unrelated", "is about something else after all"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "evidence",
                    models.CharField(blank=True, max_length=400, verbose_name="what shows it"),
                ),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
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
                        related_name="of_reports",
                        to="incidents.incident",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="of_incidents",
                        to="incidents.report",
                    ),
                ),
            ],
            options={
                "ordering": ("known_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="ReportObject",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "says",
                    models.CharField(
                        choices=[
                            ("tells", "tells of it"),
                            ("supports", "supports it"),
                            ("contradicts", "speaks against it"),
                            ("unrelated", "is about something else after all"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "evidence",
                    models.CharField(blank=True, max_length=400, verbose_name="what shows it"),
                ),
                ("known_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="of_reports",
                        to="incidents.object",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="of_objects",
                        to="incidents.report",
                    ),
                ),
            ],
            options={
                "ordering": ("known_at", "id"),
            },
        ),
        migrations.AlterModelOptions(
            name="incident",
            options={"ordering": ("-opened_at", "id")},
        ),
        migrations.AddField(
            model_name="incident",
            name="category",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="category"),
        ),
        migrations.AddField(
            model_name="incident",
            name="changed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="country",
            field=models.CharField(blank=True, max_length=2, verbose_name="country"),
        ),
        migrations.AddField(
            model_name="incident",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="until"),
        ),
        migrations.AddField(
            model_name="incident",
            name="external_id",
            field=models.CharField(blank=True, max_length=100, verbose_name="number elsewhere"),
        ),
        migrations.AddField(
            model_name="incident",
            name="group",
            field=models.CharField(blank=True, max_length=16, verbose_name="group"),
        ),
        migrations.AddField(
            model_name="incident",
            name="group_edition",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddField(
            model_name="incident",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("theft", "theft"),
                    ("loss", "loss"),
                    ("possession", "unauthorised possession"),
                    ("sale", "sale or offer"),
                    ("disposal", "unauthorised disposal"),
                    ("detection", "detection at a border or in scrap"),
                    ("find", "find"),
                    ("sabotage", "sabotage"),
                    ("scam", "scam"),
                    ("attempt", "failed attempt"),
                    ("other", "other"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="latitude",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="longitude",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="nuclides",
            field=models.CharField(blank=True, max_length=300, verbose_name="nuclides"),
        ),
        migrations.AddField(
            model_name="incident",
            name="place",
            field=models.CharField(blank=True, max_length=200, verbose_name="place"),
        ),
        migrations.AddField(
            model_name="incident",
            name="recovered",
            field=models.CharField(
                blank=True,
                choices=[("all", "all of it"), ("part", "a part"), ("none", "nothing")],
                max_length=4,
                verbose_name="recovered",
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="recovered_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="from"),
        ),
        migrations.AddField(
            model_name="incident",
            name="status",
            field=models.CharField(
                blank=True,
                choices=[
                    ("claimed", "claimed"),
                    ("notified", "notified"),
                    ("confirmed", "confirmed"),
                    ("denied", "denied"),
                    ("amended", "amended"),
                    ("withdrawn", "withdrawn"),
                ],
                max_length=10,
                verbose_name="standing",
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="transport",
            field=models.BooleanField(blank=True, null=True, verbose_name="in transport"),
        ),
        migrations.AddField(
            model_name="incident",
            name="year",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="year"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["realm", "-opened_at", "id"], name="incidents_i_realm_1d2b4f_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["realm", "kind", "-opened_at"], name="incidents_i_realm_c4b2c0_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["realm", "year"], name="incidents_i_realm_b365ea_idx"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["realm", "country"], name="incidents_i_realm_c990d8_idx"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["external_id"], name="incidents_i_externa_87a4a1_idx"),
        ),
        migrations.AddConstraint(
            model_name="fieldrelease",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    ("audience", "private"),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="incidents_release_two_persons",
            ),
        ),
        migrations.AddIndex(
            model_name="incidentword",
            index=models.Index(
                fields=["word", "incident"],
                name="incidents_word",
                opclasses=("varchar_pattern_ops", "uuid_ops"),
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                fields=("incident", "number"), name="incidents_notification_number"
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["external_id"], name="incidents_r_externa_14d591_idx"),
        ),
        migrations.AddIndex(
            model_name="objectstatement",
            index=models.Index(
                fields=["object", "known_at"], name="incidents_o_object__5e45bb_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="incidentstatement",
            index=models.Index(
                fields=["incident", "known_at"], name="incidents_i_inciden_7cc20d_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["who", "until"], name="incidents_t_who_id_cbbb60_idx"),
        ),
        migrations.AddIndex(
            model_name="watch",
            index=models.Index(
                fields=["realm", "of", "value"], name="incidents_w_realm_830b96_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="watch",
            constraint=models.UniqueConstraint(
                fields=("person", "realm", "of", "value"), name="incidents_watch_once"
            ),
        ),
    ]
