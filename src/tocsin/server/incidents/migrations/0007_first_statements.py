"""Incidents of earlier versions get the statements that their columns held."""

import datetime as dt

from django.db import migrations

from tocsin.server.incidents.words import words_in

BATCH = 1000
ORIGIN = "earlier version"
KINDS = ("loss", "theft")


def first_statements(apps, _schema_editor):
    Incident = apps.get_model("incidents", "Incident")
    Statement = apps.get_model("incidents", "IncidentStatement")
    Word = apps.get_model("incidents", "IncidentWord")
    statements, words, rows = [], [], []
    for row in Incident.objects.order_by("opened_at", "id"):
        kind = "detection" if row.alarm_id else ""
        if row.source_id:
            kind = next((k for k in KINDS if row.title.endswith(f": {k}")), "")
        values = {"title": row.title, "status": "notified"}
        if kind:
            values["kind"] = kind
        if row.happened_at:
            at = row.happened_at.astimezone(dt.UTC)
            values["interval"] = {"from": at.isoformat(), "to": at.isoformat()}
            row.started_at = row.ended_at = at
            row.year = at.year
        if row.state == "withdrawn":
            values["status"] = "withdrawn"
        row.kind, row.status, row.changed_at = kind, values["status"], row.opened_at
        rows.append(row)
        statements += [
            Statement(
                incident=row,
                field=name,
                value=value,
                known_at=row.opened_at,
                recorded_at=row.created_at,
                by=row.created_by,
                origin=ORIGIN,
                reason="as it was entered",
                audience="private",
            )
            for name, value in values.items()
        ]
        name = f"I-{row.pk.hex[:8].upper()}"
        words += [Word(incident=row, word=word) for word in words_in((name, row.title))]
    Incident.objects.bulk_update(
        rows, ["kind", "status", "started_at", "ended_at", "year", "changed_at"], batch_size=BATCH
    )
    Statement.objects.bulk_create(statements, batch_size=BATCH)
    Word.objects.bulk_create(words, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0006_objects_and_work")]
    operations = [migrations.RunPython(first_statements, migrations.RunPython.noop)]
