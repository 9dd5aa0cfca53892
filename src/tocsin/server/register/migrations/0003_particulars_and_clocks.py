"""All that laws ask of a source, what its reports say, and until when they were due."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tocsin.server.audit.guard import open_for_change, written_once


class Migration(migrations.Migration):
    dependencies = [
        ("register", "0002_written_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="sheet",
            field=models.CharField(blank=True, max_length=120, verbose_name="sheet"),
        ),
        migrations.AddField(
            model_name="import",
            name="sheets",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="source",
            name="ansi_class",
            field=models.CharField(blank=True, max_length=60, verbose_name="ANSI class"),
        ),
        migrations.AddField(
            model_name="source",
            name="arrival_on",
            field=models.DateField(blank=True, null=True, verbose_name="expected arrival"),
        ),
        migrations.AddField(
            model_name="source",
            name="capsule_type",
            field=models.CharField(blank=True, max_length=120, verbose_name="type of capsule"),
        ),
        migrations.AddField(
            model_name="source",
            name="check_due",
            field=models.DateField(blank=True, null=True, verbose_name="to be checked by"),
        ),
        migrations.AddField(
            model_name="source",
            name="checked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="checked and correct"),
        ),
        migrations.AddField(
            model_name="source",
            name="checked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="correction_due",
            field=models.DateField(blank=True, null=True, verbose_name="to be corrected by"),
        ),
        migrations.AddField(
            model_name="source",
            name="elsewhere_place",
            field=models.CharField(blank=True, max_length=200, verbose_name="used elsewhere"),
        ),
        migrations.AddField(
            model_name="source",
            name="elsewhere_until",
            field=models.DateField(blank=True, null=True, verbose_name="elsewhere until"),
        ),
        migrations.AddField(
            model_name="source",
            name="end_of_life",
            field=models.CharField(
                blank=True,
                choices=[
                    ("maker", "return to the maker"),
                    ("storage", "storage"),
                    ("disposal", "disposal"),
                    ("recycling", "recycling"),
                    ("export", "export"),
                ],
                max_length=9,
                verbose_name="end of life",
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="importer",
            field=models.CharField(blank=True, max_length=200, verbose_name="importer"),
        ),
        migrations.AddField(
            model_name="source",
            name="iso_class",
            field=models.CharField(blank=True, max_length=60, verbose_name="ISO class"),
        ),
        migrations.AddField(
            model_name="source",
            name="leaking",
            field=models.BooleanField(default=False, verbose_name="failed its leak test"),
        ),
        migrations.AddField(
            model_name="source",
            name="material_form",
            field=models.CharField(
                blank=True, max_length=120, verbose_name="chemical and physical form"
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="mistake_since",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="neutron",
            field=models.BooleanField(blank=True, null=True, verbose_name="neutron source"),
        ),
        migrations.AddField(
            model_name="source",
            name="neutron_flux_per_s",
            field=models.FloatField(blank=True, null=True, verbose_name="neutrons per second"),
        ),
        migrations.AddField(
            model_name="source",
            name="neutron_target",
            field=models.CharField(blank=True, max_length=40, verbose_name="neutron target"),
        ),
        migrations.AddField(
            model_name="source",
            name="other_id",
            field=models.CharField(blank=True, max_length=200, verbose_name="other identification"),
        ),
        migrations.AddField(
            model_name="source",
            name="receipt_due",
            field=models.DateField(
                blank=True, null=True, verbose_name="receipt to be confirmed by"
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="received_from",
            field=models.CharField(blank=True, max_length=200, verbose_name="received from"),
        ),
        migrations.AddField(
            model_name="source",
            name="received_on",
            field=models.DateField(blank=True, null=True, verbose_name="received"),
        ),
        migrations.AddField(
            model_name="source",
            name="remarks",
            field=models.CharField(blank=True, max_length=1000, verbose_name="remarks"),
        ),
        migrations.AddField(
            model_name="source",
            name="source_type",
            field=models.CharField(blank=True, max_length=120, verbose_name="type of source"),
        ),
        migrations.AddField(
            model_name="source",
            name="special_form",
            field=models.CharField(
                blank=True, max_length=80, verbose_name="special form certificate"
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="special_form_on",
            field=models.DateField(blank=True, null=True, verbose_name="certificate issued"),
        ),
        migrations.AddField(
            model_name="source",
            name="special_form_until",
            field=models.DateField(blank=True, null=True, verbose_name="certificate valid until"),
        ),
        migrations.AddField(
            model_name="source",
            name="supplier",
            field=models.CharField(blank=True, max_length=200, verbose_name="supplier"),
        ),
        migrations.AddField(
            model_name="source",
            name="unchecked_since",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="use_kind",
            field=models.CharField(
                blank=True,
                choices=[("fixed", "fixed"), ("storage", "storage"), ("mobile", "mobile")],
                max_length=7,
                verbose_name="kind of use",
            ),
        ),
        open_for_change("register_transaction"),
        migrations.AddField(
            model_name="transaction",
            name="corrects",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="corrected_by",
                to="register.transaction",
            ),
        ),
        migrations.AddField(
            model_name="transaction",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="transaction",
            name="facts",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="transaction",
            name="late",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="transaction",
            name="law",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("registration", "registration"),
                    ("manufacture", "manufacture"),
                    ("import", "import from abroad"),
                    ("find", "find of a source that nobody had registered"),
                    ("transfer", "transfer to another holder"),
                    ("receipt", "receipt"),
                    ("installation", "installation in a device"),
                    ("move", "moved to another place"),
                    ("elsewhere", "used elsewhere for a time"),
                    ("return", "back from elsewhere"),
                    ("leak_test", "leak test"),
                    ("disuse", "taken out of use"),
                    ("reuse", "taken into use again"),
                    ("disposal", "disposal"),
                    ("export", "export"),
                    ("loss", "loss"),
                    ("theft", "theft"),
                    ("recovery", "recovery"),
                    ("exemption", "decayed below exemption"),
                    ("check", "checked and correct"),
                    ("mistake", "mistake found in what is written"),
                    ("correction", "correction"),
                    ("withdrawal", "entry withdrawn"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                condition=models.Q(("late", True)), fields=["at"], name="register_late"
            ),
        ),
        written_once("register_transaction"),
    ]
