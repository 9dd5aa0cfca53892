"""Who wants to write waits for the one who writes, and is told where that never ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from tocsin.server.configuration import database_of

pytestmark = pytest.mark.django_db

HANDLER_ALIAS = "default"


@pytest.fixture
def handler(tmp_path: Path) -> Iterator[ConnectionHandler]:
    """Connections to a file of their own, one for each thread."""
    description = database_of("", tmp_path)
    description["OPTIONS"]["timeout"] = 0.3
    made = ConnectionHandler({HANDLER_ALIAS: description})
    made[HANDLER_ALIAS].cursor().execute("CREATE TABLE word (said TEXT)")
    yield made
    made[HANDLER_ALIAS].close()


class Writer:
    """Another connection that holds the turn until it is told to let go."""

    def __init__(self, handler: ConnectionHandler) -> None:
        self._handler = handler
        self.has_it, self.lets_go = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        assert self.has_it.wait(10)

    def _run(self) -> None:
        own = self._handler[HANDLER_ALIAS]
        own.cursor().execute("BEGIN IMMEDIATE")
        own.cursor().execute("INSERT INTO word VALUES ('first')")
        self.has_it.set()
        self.lets_go.wait(10)
        own.cursor().execute("COMMIT")
        own.close()


def words(connection: Any) -> list[str]:
    """What is in the table."""
    with connection.cursor() as cursor:
        return [row[0] for row in cursor.execute("SELECT said FROM word ORDER BY rowid")]


def begin(connection: Any) -> None:
    """As the outermost ``atomic`` does."""
    connection._start_transaction_under_autocommit()


def test_it_begins_once_the_one_before_has_ended(handler: ConnectionHandler) -> None:
    connection = handler[HANDLER_ALIAS]
    other = Writer(handler)
    tries: list[str] = []
    connection.ensure_connection()
    connection.connection.set_trace_callback(
        lambda said: tries.append(said) if said.startswith("BEGIN") else None
    )
    timer = threading.Timer(0.1, other.lets_go.set)
    timer.start()
    begin(connection)
    connection.connection.set_trace_callback(None)
    assert len(tries) > 5  # the library's own way would ask once
    assert words(connection) == ["first"]  # it sees what was written before its turn
    connection.cursor().execute("INSERT INTO word VALUES ('second')")
    connection.cursor().execute("COMMIT")
    other.thread.join()
    assert words(connection) == ["first", "second"]


def test_a_turn_that_never_comes_is_told_as_django_tells_it(handler: ConnectionHandler) -> None:
    connection = handler[HANDLER_ALIAS]
    other = Writer(handler)
    with pytest.raises(OperationalError, match="locked"):
        begin(connection)
    other.lets_go.set()
    other.thread.join()
    begin(connection)  # nothing is left of the vain try
    connection.cursor().execute("ROLLBACK")


def test_other_statements_keep_their_patience(handler: ConnectionHandler) -> None:
    connection = handler[HANDLER_ALIAS]
    begin(connection)
    connection.cursor().execute("ROLLBACK")
    (patience_ms,) = connection.cursor().execute("PRAGMA busy_timeout").fetchone()
    assert patience_ms == 300


def test_another_fault_is_not_waited_for(handler: ConnectionHandler) -> None:
    connection = handler[HANDLER_ALIAS]
    begin(connection)
    with pytest.raises(OperationalError, match="within a transaction"):
        begin(connection)
    connection.cursor().execute("ROLLBACK")


def test_the_server_uses_it(tmp_path: Path) -> None:
    assert database_of("", tmp_path)["ENGINE"] == "tocsin.server.sqlite_turns"
