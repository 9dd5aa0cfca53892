"""The screen beside the agent: the same records, shown while they are heard, kept and sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tocsin.errors import InvalidInput
from tocsin.field.records import Feed
from tocsin.field.screen.server import Screen
from tocsin.field.watch import Watch
from tocsin.spectra import Record

Waiting = Callable[[], int]
Say = Callable[[str], None]

ASK_SPOOL_EVERY_S = 5.0


@contextmanager
def screen_beside(
    feed: Feed, *, host: str, port: int, title: str, say: Say
) -> Iterator[Callable[[Iterable[Record], Waiting | None], Iterator[Record]]]:
    """Run the screen for a feed; gives the function that shows records on their way.

    Parameters
    ----------
    feed : Feed
        For the instrument, its background and the realm.
    host, port : str, int
        To listen on; port 0 takes a free one.
    title : str
        Stands above all; empty for a measurement of now.
    say : callable
        Told the address, and again for each further device where a token is needed.

    Raises
    ------
    InvalidInput
        When the address cannot be listened on.
    """
    watch = Watch(feed.instrument, feed.background)

    def told(address: str) -> None:
        say(f"Screen: {address}")

    try:
        screen = Screen(watch, host=host, port=port, title=title, realm=feed.realm, say=told)
    except OSError as error:
        raise InvalidInput(f"--screen {port}: {host} cannot be listened on ({error})") from error
    told(screen.address)

    def shown(records: Iterable[Record], waiting: Waiting | None) -> Iterator[Record]:
        asked_s = -ASK_SPOOL_EVERY_S
        for record in records:
            watch.push(record)
            if waiting is not None and time.monotonic() - asked_s >= ASK_SPOOL_EVERY_S:
                asked_s = time.monotonic()
                watch.note_waiting(waiting())
            yield record
        watch.finish()

    with screen:
        yield shown
