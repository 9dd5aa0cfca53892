"""A thread that asks again and again keeps its connection, and finds out when it broke."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import close_old_connections, connection

from tocsin.server.kept_connection import keep_connection


def lasts() -> bool:
    """Whether Django will not let the connection go by the clock."""
    return connection.close_at is None


def turn() -> tuple[int, int]:
    close_old_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        (one,) = cursor.fetchone()
    return id(connection.connection), int(one)


@pytest.mark.django_db(transaction=True)
def test_it_is_the_same_at_every_turn_of_this_thread_alone() -> None:
    others = connection.settings_dict["CONN_MAX_AGE"]
    with ThreadPoolExecutor(1) as thread:
        thread.submit(keep_connection).result()
        first = thread.submit(turn).result()
        assert thread.submit(turn).result() == first
        assert thread.submit(lasts).result()
        assert connection.settings_dict["CONN_MAX_AGE"] == others
        if connection.vendor == "postgresql":
            # the database was started anew
            thread.submit(lambda: connection.connection.close()).result()
            assert thread.submit(turn).result()[1] == 1
        thread.submit(lambda: connection.close()).result()
