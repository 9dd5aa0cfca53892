"""What a server needs before its first request: tables, an administrator, a link for them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import django

from tocsin.errors import TocsinError


class NotOurs(TocsinError):
    """A folder that cannot be used as a data folder; the message says why."""


def prepare_folder(data: Path) -> None:
    """The data folder with its parts, open to its owner alone, also where it was there before."""
    for part in ("", "keys", "files", "log"):
        folder = data / part
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise NotOurs(
                f"{folder} cannot be made readable for its owner alone ({error.strerror}): "
                "it must belong to the user who runs the server"
            ) from None


def forget_settings() -> None:
    """Take every setting of an installation out of the environment, so that none is met by chance.

    The place of computed arrays is no setting of an installation.
    """
    for name in list(os.environ):
        if name.startswith(("TOCSIN_", "DATABASE_URL")) and name != "TOCSIN_CACHE":
            del os.environ[name]


def start_django(data: Path, **environment: str) -> None:
    """Set up Django on a data folder."""
    os.environ["TOCSIN_DATA"] = str(data)
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.server.settings"
    django.setup()


def start_reading(data: Path) -> None:
    """Set up Django on a data folder without making anything in it, not even a missing key."""
    key = data / "keys" / "session-key"
    given = any(os.environ.get(n) for n in ("TOCSIN_SECRET_KEY", "TOCSIN_SECRET_KEY_FILE"))
    if given or key.exists():
        start_django(data)
    else:
        start_django(data, TOCSIN_SECRET_KEY=secrets.token_urlsafe(64))


def migrate() -> None:
    """Bring the database to this version."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def first_administrator_link() -> str | None:
    """Path of the one-time link by which the first administrator comes in; None if one is there."""
    from tocsin.server.accounts.services import invite_first_administrator

    token = invite_first_administrator()
    return None if token is None else f"/account/invitation/{token}/"
