"""What was opened to a holder's people ends with their work for it, as that of the register does."""

from __future__ import annotations

from typing import Any

from django.db import migrations

BEFORE, AFTER = "concerns the holder's own sources", "holder of the source"


def renamed(apps: Any, schema: Any) -> None:
    """Give the releases the reason by which the register ends them."""
    releases = apps.get_model("marking", "Release").objects.using(schema.connection.alias)
    releases.filter(reason=BEFORE).update(reason=AFTER)


class Migration(migrations.Migration):
    dependencies = [
        ("oversight", "0003_written_once"),
        ("register", "0002_written_once"),
    ]
    operations = [migrations.RunPython(renamed, migrations.RunPython.noop)]
