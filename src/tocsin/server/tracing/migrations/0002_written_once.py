"""Sheets, comparisons and judgements are written once; the database refuses to change them."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = ("tracing_alertsheet", "tracing_sheetend", "tracing_comparison", "tracing_judgement")


class Migration(migrations.Migration):
    dependencies = [("tracing", "0001_sheets_and_candidates")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
