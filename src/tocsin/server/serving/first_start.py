"""What a server needs before its first request: tables, an administrator, a link for them."""

from __future__ import annotations

import os
from pathlib import Path

import django


def prepare_folder(data: Path) -> None:
    """The data folder with its parts, open to its owner alone."""
    for part in ("", "keys", "files", "log"):
        (data / part).mkdir(parents=True, exist_ok=True, mode=0o700)


def start_django(data: Path, **environment: str) -> None:
    """Set up Django on a data folder."""
    os.environ["TOCSIN_DATA"] = str(data)
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.server.settings"
    django.setup()


def migrate() -> None:
    """Bring the database to this version."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def first_administrator_link() -> str | None:
    """Path of the one-time link by which the first administrator comes in; None if one is there."""
    from tocsin.server.accounts.services import invite_first_administrator

    token = invite_first_administrator()
    return None if token is None else f"/account/invitation/{token}/"
