"""The database itself refuses to change or delete rows that are written once."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once


class Migration(migrations.Migration):
    dependencies = [("register", "0001_initial")]
    operations = [written_once("register_transaction"), never_emptied("register_transaction")]
