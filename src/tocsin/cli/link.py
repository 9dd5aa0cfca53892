"""``tocsin link``: candidate pairs of two lists of things, best first, with reasons."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import (
    EXIT_UNREADABLE,
    bad_usage,
    check_readable,
    complain,
    console,
    counted,
    error_json,
    print_json,
    progress_bar,
    remark,
)
from tocsin.errors import InvalidInput, ParseError

if TYPE_CHECKING:
    from tocsin.linkage.link import Pair
    from tocsin.linkage.things import Thing


def link_command(
    first: Annotated[
        Path,
        typer.Argument(metavar="A.jsonl", help="Things to ask for, for example what was found."),
    ],
    second: Annotated[
        Path, typer.Argument(metavar="B.jsonl", help="Things to ask, for example the register.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a pair, the contract tocsin.link/1.")
    ] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="Give candidates of the zone none too, with reasons.")
    ] = False,
    expected_share: Annotated[
        float | None,
        typer.Option(
            help="Share of A that is in B (estimated from the lists unless given).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Match found things to lost or registered ones, and reports of one thing to each other."""
    if expected_share is not None and not 0.0 < expected_share < 1.0:
        bad_usage(f"--expected-share {expected_share}: between 0 and 1 is wanted")
    # Here and not above: help and the other commands need not wait for the science to load.
    from tocsin.linkage.link import link

    lists: list[list[Thing]] = []
    failed = False
    for path in (first, second):
        try:
            check_readable(path)
        except ParseError as error:
            complain(str(error))
            if as_json:
                print_json(error_json(error, file=path.name), lines=True)
            raise typer.Exit(EXIT_UNREADABLE) from None
        things, broken = _things(path, as_json=as_json)
        failed |= broken
        lists.append(things)
    asked, known = lists
    gc.freeze()  # the lists stay until the end: the collector need not walk through them
    with progress_bar() as progress:
        task = progress.add_task("comparing", total=len(asked))
        pairs = list(
            link(
                asked,
                known,
                expected_share=expected_share,
                keep_refused=refused,
                done=lambda number: progress.update(task, completed=number),
            )
        )
    if as_json:
        for pair in pairs:
            print_json(pair.as_json(), lines=True)
    else:
        _show(pairs)
        zones = Counter(pair.zone for pair in pairs)
        words = ", ".join(f"{number} {zone}" for zone, number in zones.most_common())
        remark(f"{counted(len(asked), 'thing')} against {len(known)}: {words or 'no candidate'}")
    if failed:
        raise typer.Exit(EXIT_UNREADABLE)


def _things(path: Path, *, as_json: bool) -> tuple[list[Thing], bool]:
    """The things of a file, and whether a line could not be read."""
    from tocsin.linkage.feed import read_lines
    from tocsin.linkage.things import read_thing

    things: list[Thing] = []
    broken = False
    with progress_bar() as progress:
        task = progress.add_task(path.name, total=path.stat().st_size)
        for number, record in read_lines(
            path, read_so_far=lambda position: progress.update(task, completed=position)
        ):
            problem = record if isinstance(record, ParseError) else None
            if isinstance(record, dict):
                if "error" in record and "event_number" not in record:
                    continue  # tocsin notice has told about this line already
                try:
                    things.append(read_thing(record))
                except InvalidInput as error:
                    problem = ParseError(
                        str(error), code="invalid_thing", file=path.name, offset=number
                    )
            if problem is not None:
                broken = True
                complain(f"{path.name} line {number}: {problem.reason}")
                if as_json:
                    document = error_json(problem, file=path.name)
                    document["error"]["line"] = number
                    print_json(document, lines=True)
    return things, broken


def _show(pairs: list[Pair]) -> None:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("A", "B", "probability", "zone", "because"):
        table.add_column(heading, overflow="fold")
    for pair in pairs:
        because = [f"{w.bits:+.1f} {w.field}: {w.why}" for w in pair.weights[:4]]
        if pair.refused is not None:
            because.insert(0, f"refused: {pair.refused}")
        table.add_row(
            *(
                Text(words)
                for words in (
                    pair.a,
                    pair.b,
                    f"{pair.probability:.3f}",
                    pair.zone,
                    "\n".join(because),
                )
            )
        )
    if table.row_count:
        console.print(table)
