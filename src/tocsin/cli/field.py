"""``tocsin field``: the agent beside the instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import check_readable, console

app = typer.Typer(
    no_args_is_help=True,
    help="The agent beside the instrument: it works without a network and loses nothing.",
)


@app.command("replay")
def replay_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recorded survey.")],
    speed: Annotated[
        float, typer.Option(min=0.0, help="1 is true speed, 10 ten times as fast, 0 at once.")
    ] = 1.0,
) -> None:
    """Walk a recorded survey once more, record by record, as if it were measured now."""
    from tocsin import formats
    from tocsin.field.listening import Listener, sentence
    from tocsin.field.records import from_recording, paced

    check_readable(file)
    feed = from_recording(formats.read(file))
    listener = Listener(feed.instrument, feed.background)
    for record in paced(feed.records, speed):
        for heard in listener.hear(record):
            console.print(sentence(heard), soft_wrap=True)
    for heard in listener.end():
        console.print(sentence(heard), soft_wrap=True)
