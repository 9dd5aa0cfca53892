"""One connection to the database for a thread that asks again and again.

Django lets a connection go after each request. A thread that writes or looks some twenty times a
second would spend a good part of its time in making it anew.
"""

from __future__ import annotations

from django.db import connections


def keep_connection() -> None:
    """Keep the connection of this thread; one that broke is found at the next turn and made anew.

    ``close_old_connections`` begins a turn, as before.
    """
    for alias in connections:
        connection = connections[alias]
        # of this thread alone: the settings themselves are those of all
        connection.settings_dict = {
            **connection.settings_dict,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
        }
        # asked for anew under these
        connection.close()
