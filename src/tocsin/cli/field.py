"""``tocsin field``: the agent beside the instrument."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from tocsin.cli.output import check_readable, complain, console, remark

if TYPE_CHECKING:
    from tocsin.field.agent import SendingThread
    from tocsin.field.listening import Heard
    from tocsin.field.records import Feed
    from tocsin.field.spool import Spool
    from tocsin.spectra import Record

    Shown = Callable[[Iterable[Record], Callable[[], int] | None], Iterator[Record]]

app = typer.Typer(
    no_args_is_help=True,
    help="The agent beside the instrument: it works without a network and loses nothing.",
)
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
EXIT_NOT_SENT = 1


@app.command("enroll")
def enroll_command(
    name: Annotated[str, typer.Argument(help="Name of the device, without a space: backpack-7.")],
    device: Device = HERE,
) -> None:
    """Make the key of this device; print what the server's officer needs, and as a QR code."""
    import segno

    from tocsin.field.agent import KEY_FILE
    from tocsin.field.envelope import fingerprint
    from tocsin.sealing import SigningKey, read_key_file, write_key_file

    path = device / KEY_FILE
    if path.exists():
        key = read_key_file(path)
        remark(f"{path} is there already: a key is made once")
    else:
        key = SigningKey.generate(name)
        device.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_key_file(path, key)
    public = str(key.verifier)
    console.print(Text(f"Public key  {public}"), soft_wrap=True)
    console.print(Text(f"Fingerprint {fingerprint(key.verifier)}"), soft_wrap=True)
    segno.make(public, micro=False).terminal(sys.stdout, compact=True)


@app.command("replay")
def replay_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recorded survey.")],
    speed: Annotated[
        float, typer.Option(min=0.0, help="1 is true speed, 10 ten times as fast, 0 at once.")
    ] = 1.0,
    to: To = "",
    certificate: Pin = "",
    device: Device = HERE,
    wait: Wait = 30.0,
    screen: ScreenPort = None,
    screen_host: ScreenHost = LOOPBACK,
) -> None:
    """Walk a recorded survey once more, record by record, as if it were measured now."""
    from tocsin import formats
    from tocsin.field.records import from_recording, paced

    check_readable(file)
    feed = from_recording(formats.read(file))
    with _shown(feed, screen, screen_host, f"REPLAY {file.name}") as shown:
        _walk(
            feed,
            paced(feed.records, speed),
            live=False,
            to=to,
            pin=certificate,
            at=device,
            wait=wait,
            shown=shown,
        )


@app.command("pipe")
def pipe_command(
    to: To = "",
    certificate: Pin = "",
    device: Device = HERE,
    wait: Wait = 30.0,
    screen: ScreenPort = None,
    screen_host: ScreenHost = LOOPBACK,
) -> None:
    """Take records as lines of JSON from standard input, as a program of an instrument writes."""
    from tocsin.field.records import from_lines

    feed = from_lines(sys.stdin)
    with _shown(feed, screen, screen_host, "") as shown:
        _walk(
            feed, feed.records, live=True, to=to, pin=certificate, at=device, wait=wait, shown=shown
        )


@app.command("send")
def send_command(
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="https://host:port")],
    certificate: Pin = "",
    device: Device = HERE,
    wait: Wait = 3600.0,
) -> None:
    """Send what the spool still holds; what an earlier run left open is closed first."""
    from tocsin.field.agent import device_key, open_spool

    spool = open_spool(device, device_key(device))
    spool.close_earlier("")
    spool.close()
    if not _drained(_sending(device, to, certificate), wait, device):
        raise typer.Exit(EXIT_NOT_SENT)


@app.command("status")
def status_command(device: Device = HERE) -> None:
    """Say how much waits to be sent, and since when."""
    from tocsin.field.agent import device_key, open_spool
    from tocsin.field.envelope import fingerprint

    key = device_key(device)
    spool = open_spool(device, key)
    held = spool.status()
    spool.close()
    lines = (
        ("Device", f"{key.name}, fingerprint {fingerprint(key.verifier)}"),
        ("Waiting", f"{held.alarms} alarm messages, {held.batches} batches of records"),
        ("Open", f"{held.records_open} records not yet in a batch"),
        ("Refused", f"{held.refused} messages that the server will not take"),
        ("Size", f"{held.bytes} bytes"),
        ("Oldest", held.oldest or "nothing waits"),
        ("Last sent", held.last_acknowledged or "never"),
    )
    for word, value in lines:
        console.print(Text(f"{word:<12}{value}"), soft_wrap=True)


def _walk(
    feed: Feed,
    records: Iterable[Record],
    *,
    live: bool,
    to: str,
    pin: str,
    at: Path,
    wait: float,
    shown: Shown,
) -> None:
    from tocsin.field.agent import KEY_FILE, Agent, device_key, open_spool

    keeps = bool(to) or (at / KEY_FILE).is_file()
    spool = open_spool(at, device_key(at)) if keeps else None
    if spool is None:
        remark(f"{at} holds no key of a device: nothing is kept (tocsin field enroll)")
    sending = _sending(at, to, pin) if to else None
    agent = Agent(feed, live=live, spool=spool, tell=complain)
    try:
        waiting = None if spool is None else partial(_waiting, spool)
        agent.run(shown(_telling_refused(records, feed, complain), waiting), _print)
    finally:
        if spool is not None:
            spool.close()
    if sending is not None:
        _drained(sending, wait, at)


@contextmanager
def _shown(feed: Feed, port: int | None, host: str, title: str) -> Iterator[Shown]:
    """The records pass by the screen, where one is wanted; it stays open until it is closed."""
    if port is None:
        yield lambda records, _: iter(records)
        return
    from tocsin.field.screen.beside import screen_beside

    with screen_beside(feed, host=host, port=port, title=title, say=remark) as shown:
        yield shown
        remark("The records have ended. Ctrl-C closes the screen.")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _waiting(spool: Spool) -> int:
    """Messages that wait in the spool to be sent."""
    held = spool.status()
    return held.batches + held.alarms


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


def _sending(at: Path, to: str, pin: str) -> SendingThread:
    from tocsin.field.agent import SendingThread, device_key
    from tocsin.field.sending import Https

    device_key(at)
    thread = SendingThread(at, Https(to, pin), complain)
    thread.start()
    return thread


def _drained(sending: SendingThread, wait: float, at: Path) -> bool:
    done = sending.drain(wait)
    remark(
        "Everything is with the server."
        if done
        else f"Not everything was sent; it stays in {at}: tocsin field send"
    )
    return done
