"""The task process: imports, analyses and mail that people do not wait for."""

from __future__ import annotations

import os

import django


def main() -> None:
    """Start as a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
    django.setup()
    from django.core.management import call_command

    from tocsin.server.all_addresses import read_all_addresses

    read_all_addresses()
    call_command(
        "db_worker", queue_name="*", interval=0.5, startup_delay=False, reload=False, verbosity=1
    )


if __name__ == "__main__":
    main()
