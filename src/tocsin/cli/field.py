"""``tocsin field``: the agent beside the instrument."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tocsin.cli.field_walk import (
    HERE,
    LOOPBACK,
    Device,
    Pin,
    Run,
    ScreenHost,
    ScreenPort,
    To,
    Wait,
    drained,
    sending_to,
    walk,
)
from tocsin.cli.output import check_readable, complain, console, remark

app = typer.Typer(
    no_args_is_help=True,
    help="The agent beside the instrument: it works without a network and loses nothing.",
)
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
    from tocsin.field.stopping import stopping

    check_readable(file)
    feed = from_recording(formats.read(file))
    run = Run(to, certificate, device, wait, screen, screen_host)
    with stopping() as stop:
        records = paced(feed.records, speed, sleep=stop.wait)
        walk(feed, records, run, live=False, title=f"REPLAY {file.name}", stop=stop)


@app.command("simulate")
def simulate_command(
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another city.")] = 1,
    walker: Annotated[
        int, typer.Option(min=1, max=1000, help="Which walker; the first meets a lost gauge.")
    ] = 1,
    minutes: Annotated[
        float, typer.Option(min=1.0, max=600.0, help="How long the walk is.")
    ] = 15.0,
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
    """Walk through a made-up city without an instrument: a lost gauge, patients, granite."""
    from tocsin.field.records import paced
    from tocsin.field.simulated import simulated
    from tocsin.field.stopping import stopping

    feed = simulated(seed=seed, walker=walker, duration_s=60.0 * minutes)
    run = Run(to, certificate, device, wait, screen, screen_host)
    with stopping() as stop:
        records = paced(feed.records, speed, sleep=stop.wait)
        walk(feed, records, run, live=False, title=f"SIMULATED walker {walker}", stop=stop)


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
    from tocsin.field.piped import lines_until
    from tocsin.field.records import from_lines
    from tocsin.field.stopping import stopping

    run = Run(to, certificate, device, wait, screen, screen_host)
    with stopping() as stop:
        remark("Waiting for the first line on standard input. Ctrl-C ends the run.")
        try:
            feed = from_lines(lines_until(stop, sys.stdin.fileno()))
        except io.UnsupportedOperation:  # text that lies in memory: nobody is waited for
            feed = from_lines(sys.stdin)
        walk(feed, feed.records, run, live=True, stop=stop)


@app.command("folder")
def folder_command(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Into which the program of an instrument writes."),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Take what lies there already as well.")
    ] = False,
    to: To = "",
    certificate: Pin = "",
    device: Device = HERE,
    wait: Wait = 30.0,
    screen: ScreenPort = None,
    screen_host: ScreenHost = LOOPBACK,
) -> None:
    """Take records from files of any readable format that a program writes into a folder."""
    from tocsin.field.folder import FolderSource
    from tocsin.field.stopping import stopping

    run = Run(to, certificate, device, wait, screen, screen_host)
    with stopping() as stop:
        source = FolderSource(folder, tell=complain, stop=stop, everything=everything)
        remark(f"Waiting for the first record in {folder}. Ctrl-C ends the run.")
        feed = source.feed()
        walk(feed, feed.records, run, live=True, stop=stop)


@app.command("radiacode")
def radiacode_command(
    bluetooth: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Its Bluetooth address; without it by USB.")
    ] = "",
    serial: Annotated[
        str, typer.Option(metavar="SERIAL", help="Which one, where several hang on USB.")
    ] = "",
    to: To = "",
    certificate: Pin = "",
    device: Device = HERE,
    wait: Wait = 30.0,
    screen: ScreenPort = None,
    screen_host: ScreenHost = LOOPBACK,
) -> None:
    """Measure with a RadiaCode by USB or Bluetooth (needs tocsin[radiacode])."""
    from tocsin.field.radiacode import RadiaCodeSource, connection
    from tocsin.field.stopping import stopping

    run = Run(to, certificate, device, wait, screen, screen_host)
    with stopping() as stop:
        feed = RadiaCodeSource(connection(bluetooth, serial), tell=complain, stop=stop).feed()
        walk(feed, feed.records, run, live=True, stop=stop)


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
    if not drained(sending_to(device, to, certificate), wait, device):
        raise typer.Exit(EXIT_NOT_SENT)


@app.command("status")
def status_command(device: Device = HERE) -> None:
    """Say how much waits to be sent, and since when."""
    from tocsin.field.agent import device_key, open_spool
    from tocsin.field.envelope import fingerprint

    key = device_key(device)
    spool = open_spool(device, key)
    held, aside = spool.status(), spool.aside()
    spool.close()
    lines = (
        ("Device", f"{key.name}, fingerprint {fingerprint(key.verifier)}"),
        ("Waiting", f"{held.alarms} alarm messages, {held.batches} batches of records"),
        ("Open", f"{held.records_open} records not yet in a batch"),
        ("Refused", f"{held.refused} messages that the server will not take"),
        ("Set aside", f"{aside} files with what the spool does not take, which is not sent"),
        ("Size", f"{held.bytes} bytes"),
        ("Oldest", held.oldest or "nothing waits"),
        ("Last sent", held.last_acknowledged or "never"),
    )
    for word, value in lines:
        console.print(Text(f"{word:<12}{value}"), soft_wrap=True)
