"""The database itself refuses to change or delete rows that are written once."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = (
    "oversight_inspectionevent",
    "oversight_check",
    "oversight_seen",
    "oversight_findingevent",
    "oversight_assessment",
    "oversight_confirmation",
    "oversight_settlement",
    "oversight_lead",
    "oversight_leadend",
    "oversight_search",
    "oversight_discovery",
)


class Migration(migrations.Migration):
    dependencies = [("oversight", "0002_reconciliation")]
    operations = [make(table) for table in TABLES for make in (written_once, never_emptied)]
