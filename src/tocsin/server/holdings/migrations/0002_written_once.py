"""Steps and lineages are written once; the database itself refuses to change them."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = ("holdings_step", "holdings_lineage")


class Migration(migrations.Migration):
    dependencies = [("holdings", "0001_initial")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
