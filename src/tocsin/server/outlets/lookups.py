"""Looking names up beside what waits for it: a name server that hangs holds nobody but its name."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any

LONGEST_S = 2.0
"""Longest time that anybody waits for a name: the resolver of the system knows no such limit."""

Address = tuple[int, tuple[Any, ...]]
"""Family, and address as a socket takes it."""


class Lookup:
    """A question that was asked; whoever waits for its answer waits from its beginning."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._until = time.monotonic() + LONGEST_S
        self.asked: Future[tuple[Address, ...]] = Future()

    def answer(self) -> tuple[Address, ...]:
        """The addresses, each once.

        Raises
        ------
        OSError
            When the name has none, or the answer does not come in time.
        ValueError
            For what cannot be a name.
        """
        try:
            return self.asked.result(max(0.0, self._until - time.monotonic()))
        except TooLate as error:
            raise OSError(f"{self._host} could not be looked up within {LONGEST_S:g} s") from error


class Lookups:
    """Questions under way: of one name and port never two at a time, however many ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Lookup] = {}

    def begin(self, host: str, port: int) -> Lookup:
        """Ask in a thread of its own; one that hangs holds up no end of the process."""
        own = host, port
        with self._lock:
            if (going := self._under_way.get(own)) is not None:
                return going
            lookup = self._under_way[own] = Lookup(host)
        thread = threading.Thread(
            target=self._ask, args=[own, lookup], name="outlets lookup", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            # no thread is to be had now: whoever waits is told, and the next one asks anew
            self._done(own)
            lookup.asked.set_exception(error)
        return lookup

    def _ask(self, own: tuple[str, int], lookup: Lookup) -> None:
        try:
            found = socket.getaddrinfo(*own, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
            self._done(own)
            lookup.asked.set_exception(error)
            return
        self._done(own)
        places = [(int(family), tuple(place)) for family, _k, _p, _n, place in found]
        lookup.asked.set_result(tuple(dict.fromkeys(places)))

    def _done(self, own: tuple[str, int]) -> None:
        with self._lock:
            del self._under_way[own]


LOOKUPS = Lookups()
