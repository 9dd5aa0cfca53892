"""A link is written once: nothing ends it, and the database itself refuses to change it."""

from django.db import migrations

from tocsin.server.audit.guard import never_emptied, written_once


class Migration(migrations.Migration):
    dependencies = [("links", "0001_initial")]
    operations = [
        migrations.RemoveField("link", "ended_at"),
        written_once("links_link"),
        never_emptied("links_link"),
    ]
