"""The second half of the demo: a server for a fictional State, with the walk and an event in it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from tocsin.cli.output import bad_usage, console, remark

if TYPE_CHECKING:
    from tocsin.server.fiction.event import Event
    from tocsin.server.fiction.population import SignIn

DEMO_PORT = 8440
MARK = "made-by-tocsin-demo"
"""File by which a demo knows a folder that a demo made: it takes away no other."""


def serve_state(walk: Path, folder: Path, *, headless: bool) -> None:
    """Start the server on a fictional State and upload the walk.

    Parameters
    ----------
    walk : Path
        The recording to be uploaded.
    folder : Path
        Data folder, made anew.
    headless : bool
        Play the flow to its end, print a summary and stop; else leave the server running.
    """
    from tocsin.server.serving.first_start import forget_settings, migrate, start_django
    from tocsin.server.serving.processes import processes_of, supervise

    fresh_folder(folder)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    forget_settings()  # a demonstration never touches a real database, mail server or copy
    start_django(
        folder, TOCSIN_HTTPS="0", TOCSIN_DEMONSTRATION="1", TOCSIN_HOSTS="127.0.0.1 localhost"
    )
    remark("Making the server's database and a fictional State ...")
    migrate()
    from tocsin.server.fiction.population import populate

    password = secrets.token_urlsafe(9)
    people = populate(password)
    work = _Work(
        address, walk, folder / "devices", headless=headless, people=people, password=password
    )
    work.start()
    remark(f"Starting the server on {address} ...")
    supervise(
        processes_of(host="127.0.0.1", port=port, key=None, certificate=None),
        os.environ,
        say=remark,
        until=work.is_over,
    )
    work.tell()


def fresh_folder(folder: Path) -> None:
    """An empty data folder in the place of that of an earlier demo, and of no other."""
    from tocsin.server.serving.first_start import prepare_folder

    if folder.exists():
        if not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
            bad_usage(
                f"{folder} was made by no demo and is left alone: name another --out, or remove it"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)
    (folder / MARK).write_text("Removed and made anew by the next tocsin demo.\n")
    prepare_folder(folder)


class _Work(threading.Thread):
    """What happens while the server runs."""

    def __init__(
        self,
        address: str,
        walk: Path,
        devices: Path,
        *,
        headless: bool,
        people: Sequence[SignIn],
        password: str,
    ) -> None:
        super().__init__(daemon=True)
        self.address, self.walk, self.devices, self.headless = address, walk, devices, headless
        self.people, self.password = people, password
        self.fault: Exception | None = None
        self.played: dict[str, Any] = {}
        self.event: dict[str, Any] = {}
        self.walking: Event | None = None

    def run(self) -> None:
        """Play, or bring the walk, send the backpacks out and show how to sign in."""
        from tocsin.server.fiction.event import LONG_S, Event
        from tocsin.server.fiction.playing import bring_walk, caller, play, wait_until_up
        from tocsin.server.fiction.searching import begin, play_event

        try:
            wait_until_up(self.address)
            if self.headless:
                self.played = play(self.address, self.walk, say=remark)
                self.event = play_event(self.address, self.devices, say=remark)
                return
            bring_walk(caller(self.address, "officer@customs.example"), self.walk, say=remark)
            console.print(sign_in_table(self.people))
            console.print(Text(f"Address:  {self.address}\nPassword: {self.password} (for all)"))
            console.print("Ctrl-C stops the server.")
            webbrowser.open(self.address)
            _source, backpacks = begin(self.address, self.devices, say=remark)
            self.walking = Event(backpacks, self.address, duration_s=LONG_S, speed=1.0)
            self.walking.start()
            remark(
                f"{len(backpacks)} backpacks walk through the city for {LONG_S / 60:.0f} minutes: "
                "sign in as the Shift Supervisor and see who finds it."
            )
        except Exception as error:  # noqa: BLE001 - told by the main thread, after the server's stop
            self.fault = error

    def is_over(self) -> bool:
        """Whether the server may stop."""
        if self.walking is not None:
            self.fault = self.fault or self.walking.fault
        return self.fault is not None or (self.headless and not self.is_alive())

    def tell(self) -> None:
        """Raise what went wrong, or print the summary."""
        if self.fault is not None:
            raise self.fault
        if self.headless:
            played = self.played
            told = [
                f"{played['alarms']} alarms",
                f"{played['closed']} medical ones closed by one officer",
                f"{played['incidents']} incidents from an expert's verdict",
            ]
            if played["traced"]:
                told.append("a stolen source found by the walk and recovered")
            if played["refused"]:
                told.append("a grave one refused to an officer alone")
            console.print(f"Server: {', '.join(told)}.", highlight=False)
            event = self.event
            console.print(
                f"Event: {event['backpacks']} backpacks, {event['records']} records, "
                f"{event['alarms']} alarms, {event['medical']} patients closed by one officer; the "
                f"stolen source found, confirmed, matched ({event['candidate']['zone']}) and "
                f"recovered, {len(event['closed'])} incidents closed.",
                highlight=False,
            )


def sign_in_table(people: Sequence[SignIn]) -> Table:
    """Who may sign in."""
    table = Table("Sign in by", "Who", "Organisation", "Roles", title="A fictional State")
    for person in people:
        table.add_row(person.login, person.name, person.organisation, person.roles)
    return table


def _free_port() -> int:
    for wanted in (DEMO_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free on 127.0.0.1")
