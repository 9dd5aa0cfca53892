"""``tocsin serve``: the server, from an empty folder to an address."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tocsin.cli.output import bad_usage, console, remark

DEFAULT_PORT = 8443


def serve_command(
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder that holds everything; made if absent.")
    ] = Path("tocsin-data"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = DEFAULT_PORT,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Further name or address under which browsers reach it."),
    ] = None,
    no_https: Annotated[
        bool, typer.Option("--no-https", help="Plain HTTP; on the loopback address alone.")
    ] = False,
) -> None:
    """Start the server: keys, certificate, database, first administrator, all processes."""
    if data.exists() and not data.is_dir():
        bad_usage(f"{data} is a file: name a folder")
    local = host in {"127.0.0.1", "::1", "localhost"}
    if no_https and not local:
        bad_usage("--no-https is for the loopback address alone; leave it out")
    if _taken(host, port):
        bad_usage(f"{host}:{port} is taken: end what runs there or choose another --port")
    try:
        from tocsin.server.serving.certificate import ensure_certificate, fingerprint
        from tocsin.server.serving.first_link import hand_over
        from tocsin.server.serving.first_start import (
            first_administrator_link,
            migrate,
            prepare_folder,
            start_django,
        )
        from tocsin.server.serving.processes import processes_of, supervise
    except ImportError as error:
        bad_usage(
            f"the server's parts are not installed ({error.name}): pip install tocsin[server]"
        )
    prepare_folder(data.absolute())
    hosts = list(dict.fromkeys(["localhost", "127.0.0.1", "::1", *([] if local else [host])]))
    hosts += [n for n in name or [] if n not in hosts]
    start_django(
        data.absolute(),
        TOCSIN_HOSTS=" ".join(f"[{h}]" if ":" in h else h for h in hosts),
        TOCSIN_HTTPS="0" if no_https else "1",
    )
    from tocsin.server.clock import now

    remark("Bringing the database to this version ...")
    migrate()
    key = certificate = None
    if not no_https:
        key, certificate = ensure_certificate(data.absolute() / "keys", hosts, now())
    address = f"{'http' if no_https else 'https'}://{host}:{port}"
    link = first_administrator_link()
    console.print(f"Tocsin listens on {address}", soft_wrap=True, highlight=False)
    if certificate is not None:
        console.print(
            f"Certificate SHA-256 {fingerprint(certificate)}", soft_wrap=True, highlight=False
        )
    said = hand_over(
        None if link is None else f"{address}{link}",
        data.absolute(),
        terminal=sys.stdout.isatty(),
    )
    if said:
        console.print(Text(said), soft_wrap=True)
    supervise(
        processes_of(host=host, port=port, key=key, certificate=certificate),
        os.environ,
        say=remark,
    )


def _taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
