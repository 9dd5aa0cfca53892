"""A walk with the agent: the options that every source of records shares, and the run itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from tocsin.cli.output import complain, console, remark

if TYPE_CHECKING:
    from tocsin.field.agent import SendingThread
    from tocsin.field.listening import Heard
    from tocsin.field.records import Feed
    from tocsin.field.stopping import Stop
    from tocsin.field.watch import Watch
    from tocsin.spectra import Record

Device = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Folder of the device: its key and its spool.")
]
To = Annotated[
    str, typer.Option("--to", metavar="ADDRESS", help="Server to send to: https://host:port.")
]
Pin = Annotated[
    str,
    typer.Option(
        "--certificate",
        metavar="SHA256",
        help="Fingerprint of the server's certificate, as tocsin serve prints it.",
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        "--wait", min=0.0, metavar="SECONDS", help="How long to go on sending after the end."
    ),
]
ScreenPort = Annotated[
    int | None,
    typer.Option(
        "--screen",
        min=0,
        max=65535,
        metavar="PORT",
        help="Show what is measured in a browser on this device; 0 takes a free port.",
    ),
]
ScreenHost = Annotated[
    str,
    typer.Option(
        "--screen-host",
        metavar="ADDRESS",
        help="Address of the screen: another than 127.0.0.1 opens it to that network, by a token.",
    ),
]
HERE = Path("tocsin-field")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Run:
    """How a walk is kept, sent and shown.

    Attributes
    ----------
    to, pin : str
        Server and fingerprint of its certificate; empty where nothing is sent.
    at : Path
        Folder of the device.
    wait : float
        Seconds to go on sending after the end.
    screen : int or None
        Port of the screen.
    screen_host : str
    """

    to: str
    pin: str
    at: Path
    wait: float
    screen: int | None
    screen_host: str


def walk(
    feed: Feed, records: Iterable[Record], run: Run, *, live: bool, title: str = "", stop: Stop
) -> None:
    """Take all records: heard, kept, sent and shown as the run says, until they end or are ended.

    Parameters
    ----------
    feed : Feed
        What measures.
    records : iterable of Record
        Its records in their pace.
    run : Run
    live : bool
        Records come from an instrument now.
    title : str
        Stands above the screen; empty for a measurement of now.
    stop : Stop
        Set when somebody ends the run.
    """
    from tocsin.field.agent import KEY_FILE, Agent, device_key, open_spool
    from tocsin.field.stopping import until

    opened = None
    if run.to or (run.at / KEY_FILE).is_file():
        opened = partial(open_spool, run.at, device_key(run.at))
    else:
        remark(f"{run.at} holds no key of a device: nothing is kept (tocsin field enroll)")
    with _screen(feed, run, title, stop) as watch:
        sending = sending_to(run.at, run.to, run.pin) if run.to else None
        agent = Agent(feed, live=live, spool=None, tell=complain, watch=watch, opened=opened)
        try:
            agent.run(_telling_refused(until(stop, records), feed, complain), _print)
        finally:
            agent.close()
        if sending is not None:
            drained(sending, run.wait, run.at)


@contextmanager
def _screen(feed: Feed, run: Run, title: str, stop: Stop) -> Iterator[Watch | None]:
    """The screen, where one is wanted; it stays open until it is closed."""
    if run.screen is None:
        yield None
        return
    from tocsin.field.screen.beside import screen_beside

    with screen_beside(
        feed, host=run.screen_host, port=run.screen, title=title, say=remark
    ) as watch:
        yield watch
        remark("The records have ended. Ctrl-C closes the screen.")
        with suppress(KeyboardInterrupt):
            while not stop.is_set():
                time.sleep(0.2)


def _telling_refused(
    records: Iterable[Record], feed: Feed, tell: Callable[[str], None]
) -> Iterable[Record]:
    """The records; what could not be read between them is told."""
    for record in records:
        while feed.refused:
            tell(feed.refused.pop(0))
        yield record
    while feed.refused:
        tell(feed.refused.pop(0))


def _print(heard: Heard) -> None:
    from tocsin.field.listening import sentence

    console.print(Text(sentence(heard)), soft_wrap=True)


def sending_to(at: Path, to: str, pin: str) -> SendingThread:
    """Begin to send what the device keeps."""
    from tocsin.field.agent import SendingThread, device_key
    from tocsin.field.sending import Https

    device_key(at)
    thread = SendingThread(at, Https(to, pin), complain)
    thread.start()
    return thread


def drained(sending: SendingThread, wait: float, at: Path) -> bool:
    """Send what is left, and say whether all of it got through."""
    done = sending.drain(wait)
    remark(
        "Everything is with the server."
        if done
        else f"Not everything was sent; it stays in {at}: tocsin field send"
    )
    return done
