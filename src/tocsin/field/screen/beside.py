"""The screen beside the agent: it shows the records while they are heard, kept and sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tocsin.errors import InvalidInput
from tocsin.field.records import Feed
from tocsin.field.screen.server import Screen
from tocsin.field.watch import Watch

Say = Callable[[str], None]


@contextmanager
def screen_beside(feed: Feed, *, host: str, port: int, title: str, say: Say) -> Iterator[Watch]:
    """Run the screen for a feed; gives the picture that the agent is to fill.

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
    with screen:
        yield watch
