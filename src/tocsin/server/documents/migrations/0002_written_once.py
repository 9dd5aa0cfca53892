"""Documents and their withdrawal are written once; the database itself refuses to change them."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once

TABLES = ("documents_document", "documents_withdrawal")


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]
    operations = [written_once(*TABLES), never_emptied(*TABLES)]
