"""Columns of incidents, and the ties between the three records."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0005_three_records"),
        ("accounts", "0004_register_roles"),
        ("files", "0002_no_unused_fields"),
        ("marking", "0004_agreement_realm"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
        migrations.AddField(
            model_name="fieldrelease",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="fieldrelease",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="fieldrelease",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="releases",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="incidentimport",
            name="compartments",
            field=models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
        ),
        migrations.AddField(
            model_name="incidentimport",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="incidentimport",
            name="file",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="files.storedfile"
            ),
        ),
        migrations.AddField(
            model_name="incidentimport",
            name="originator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
                verbose_name="originator",
            ),
        ),
        migrations.AddField(
            model_name="incidentstatement",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="incidentstatement",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="incidentword",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="words",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="compartments",
            field=models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
        ),
        migrations.AddField(
            model_name="notification",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notifications",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="originator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
                verbose_name="originator",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="sent_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="object",
            name="compartments",
            field=models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
        ),
        migrations.AddField(
            model_name="object",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="object",
            name="originator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
                verbose_name="originator",
            ),
        ),
        migrations.AddField(
            model_name="objectincident",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="objectincident",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="with_objects",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="objectincident",
            name="object",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="in_incidents",
                to="incidents.object",
            ),
        ),
        migrations.AddField(
            model_name="objectstatement",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="objectstatement",
            name="object",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="incidents.object",
            ),
        ),
        migrations.AddField(
            model_name="personnote",
            name="compartments",
            field=models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
        ),
        migrations.AddField(
            model_name="personnote",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="personnote",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="personnote",
            name="originator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
                verbose_name="originator",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="compartments",
            field=models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
        ),
        migrations.AddField(
            model_name="report",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="files.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="originator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
                verbose_name="originator",
            ),
        ),
        migrations.AddField(
            model_name="objectstatement",
            name="report",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="incidents.report",
            ),
        ),
        migrations.AddField(
            model_name="incidentstatement",
            name="report",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="incidents.report",
            ),
        ),
        migrations.AddField(
            model_name="reportincident",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="reportincident",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_reports",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="reportincident",
            name="report",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_incidents",
                to="incidents.report",
            ),
        ),
        migrations.AddField(
            model_name="reportobject",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="reportobject",
            name="object",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_reports",
                to="incidents.object",
            ),
        ),
        migrations.AddField(
            model_name="reportobject",
            name="report",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="of_objects",
                to="incidents.report",
            ),
        ),
        migrations.AddField(
            model_name="sameness",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="compartments",
            field=models.ManyToManyField(blank=True, related_name="+", to="marking.compartment"),
        ),
        migrations.AddField(
            model_name="task",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="done_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tasks",
                to="incidents.incident",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="originator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
                verbose_name="originator",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="who",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who",
            ),
        ),
        migrations.AddField(
            model_name="watch",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
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
