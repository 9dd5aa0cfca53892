"""``tocsin notice``: from the text of notices to fields, with the passages shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import (
    EXIT_UNREADABLE,
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
    from tocsin.linkage import Notice


def notice_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.jsonl...", help="Notices, one JSON object a line.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, the contract tocsin.notice/1.")
    ] = False,
    all_kinds: Annotated[
        bool, typer.Option("--all", help="List notices of kind other too (without --json).")
    ] = False,
) -> None:
    """Read kind, nuclides, activities, makers, models, serials and place from notices."""
    failed = False
    kinds: Counter[str] = Counter()
    table = _table()
    for path in files:
        try:
            check_readable(path)
        except ParseError as error:
            failed = True
            complain(str(error))
            if as_json:
                print_json(error_json(error, file=path.name), lines=True)
            continue
        for answer in _answers(path):
            if isinstance(answer, ParseError):
                failed = True
                complain(f"{path.name} line {answer.offset}: {answer.reason}")
                if as_json:
                    document = error_json(answer, file=path.name)
                    document["error"]["line"] = answer.offset
                    print_json(document, lines=True)
            elif as_json:
                print_json(answer.as_json(), lines=True)
            else:
                kinds[answer.kind] += 1
                if all_kinds or answer.kind != "other":
                    _add(table, answer)
    if not as_json:
        if table.row_count:
            console.print(table)
        total = counted(sum(kinds.values()), "notice")
        parts = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        remark(f"{total}: {parts}" if parts else total)
    if failed:
        raise typer.Exit(EXIT_UNREADABLE)


def _answers(path: Path) -> Iterator[Notice | ParseError]:
    # Here and not above: help and the other commands need not wait for the rules to load.
    from tocsin.linkage import read_notice
    from tocsin.linkage.feed import read_lines

    with progress_bar() as progress:
        task = progress.add_task(path.name, total=path.stat().st_size)

        def moved(position: int) -> None:
            progress.update(task, completed=position)

        for number, record in read_lines(path, read_so_far=moved):
            if isinstance(record, ParseError):
                yield record
                continue
            try:
                yield read_notice(record)
            except InvalidInput as error:
                yield ParseError(str(error), code="invalid_notice", file=path.name, offset=number)


def _table() -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("event", "kind", "nuclides", "activities", "maker, model", "serials", "place"):
        table.add_column(heading, overflow="fold")
    return table


def _add(table: Table, notice: Notice) -> None:
    table.add_row(
        *(
            Text(words)
            for words in (
                notice.event_number,
                notice.kind,
                ", ".join(notice.nuclides),
                ", ".join(f"{a.nuclide or '?'} {a.text}" for a in notice.activities[:6]),
                ", ".join((*notice.manufacturers, *notice.models)),
                ", ".join(s.value for s in notice.serials[:6]),
                notice.place,
            )
        )
    )
