"""``tocsin compare``: found material against a library of known material."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import (
    EXIT_BAD_USAGE,
    EXIT_UNREADABLE,
    bad_usage,
    complain,
    console,
    error_json,
    messages,
    print_json,
    write_file,
)
from tocsin.errors import ParseError, TocsinError
from tocsin.forensics.calibration_scale import SCALE_NAME
from tocsin.forensics.compare import FALSE_REJECTION, Comparison, SourceAnswer
from tocsin.forensics.compare_case import (
    STATEMENT,
    CaseComparison,
    answer_case,
    as_json,
    read_case,
)
from tocsin.forensics.library_tables import read_library
from tocsin.report.inert import inert

_SHOWN_SOURCES = 8
_SHOWN_CHARACTERISTICS = 6
_TONE = {
    "consistent": "bold",
    "not consistent": "bold",
    "inconclusive": "bold yellow",
    "not in library": "bold yellow",
}


def compare_command(
    case: Annotated[Path, typer.Argument(metavar="CASE.json", help="Samples of found material.")],
    library: Annotated[Path, typer.Option("--library", help="Folder or file of known material.")],
    json_wanted: Annotated[
        bool, typer.Option("--json", help="The contract tocsin.compare/1.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture: .svg, .png or .pdf.")] = None,
    false_rejection: Annotated[
        float, typer.Option(help="Share of known material that may be called not in library.")
    ] = FALSE_REJECTION,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing picture.")] = False,
) -> None:
    """Compare material with a library: by source, or not in the library."""
    if plot is not None:
        _check_plot(plot, force=force)
    try:
        known = read_library(library)
        found = read_case(case, known)
        with _progress(quiet=json_wanted) as progress:
            task = progress.add_task("validating on the library", total=None)

            def fold_done(done: int, folds: int) -> None:
                progress.update(TaskID(task), completed=done, total=folds)

            answer = answer_case(found, known, false_rejection=false_rejection, fold_done=fold_done)
    except TocsinError as error:
        complain(str(error))
        if json_wanted:
            print_json(error_json(error, file=case.name))
        unreadable = isinstance(error, ParseError)
        raise typer.Exit(EXIT_UNREADABLE if unreadable else EXIT_BAD_USAGE) from None
    if plot is not None:
        from tocsin.forensics.compare_plot import draw

        write_file(plot, draw(answer, plot.suffix.lower().removeprefix(".")), force=force)
    if json_wanted:
        print_json(as_json(answer))
    else:
        console.print(comparison_report(answer))


def _check_plot(plot: Path, *, force: bool) -> None:
    from tocsin.forensics.compare_plot import FORMATS

    if plot.suffix.lower().removeprefix(".") not in FORMATS:
        bad_usage(f"{plot.name}: the ending must be one of {', '.join(FORMATS)}")
    if plot.exists() and not force:
        bad_usage(f"{plot} exists already: add --force to replace it")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    with Progress(console=messages, transient=True, disable=quiet or not messages.is_terminal) as p:
        yield p


def comparison_report(answer: CaseComparison) -> RenderableType:
    """Report for a terminal: the outcome first, then reasons, what speaks against it, limits."""
    c = answer.comparison
    parts: list[RenderableType] = []
    if answer.realm != "LIVE":
        parts.append(Panel(Text(answer.realm, justify="center"), box=box.HEAVY))
    library = answer.library
    parts.append(
        Text(
            f"{inert(answer.case.name)}: {len(answer.case.samples)} sample(s) against "
            f"{inert(library.name)} ({len(library.entries)} entries of "
            f"{len(library.sources)} sources)"
        )
    )
    parts.append(Text(_headline(c), style=_TONE[c.outcome]))
    parts.append(
        Text(
            f"Material of a known source looks at least this strange in {c.p_in_library:.1%} of "
            f"trials; below {c.false_rejection:.0%} it is called not in library."
        )
    )
    parts += [Text(), _sources(c), *_fuel(answer), Text()]
    parts.append(_sensitivity(c))
    if c.self_consistency_log10_lr is not None:
        parts.append(
            Text(
                f"Samples of one source against samples of different ones: log10 LR "
                f"{c.self_consistency_log10_lr:+.1f} (not calibrated)"
            )
        )
    parts.append(Text())
    parts.append(Text("What speaks against it", style="bold"))
    parts += [Text(f"- {inert(line)}") for line in c.contrary] or [Text("- nothing found")]
    v = c.validation
    parts += [
        Text(),
        Text("How this comparison does on the library itself", style="bold"),
        Text(
            f"{len(v.known)} samples of known and {len(v.unknown)} of held-out sources, whole "
            f"sources and lots apart: Cllr {v.cllr_calibrated:.2f} (0 perfect, 1 useless), "
            f"unknown sources recognised {v.rejected(0.05):.0%} at 5 % false rejection."
        ),
    ]
    notes = [*library.notes, *c.warnings]
    if notes:
        parts.append(Text())
        parts += [Text(f"! {inert(line)}", style="yellow") for line in notes]
    parts += [Text(), Text(STATEMENT, style="dim")]
    parts.append(Text(f"Verbal scale: {SCALE_NAME}. Library {library.sha256[:16]}.", style="dim"))
    return Group(*parts)


def _headline(c: Comparison) -> str:
    if c.consistent_sources:
        return f"Consistent with {', '.join(inert(s) for s in c.consistent_sources)}"
    return {
        "not in library": "Not in library: none of its sources explains the material",
        "not consistent": "Not consistent with any source of the library",
        "inconclusive": "Inconclusive",
    }[c.outcome]


def _sources(c: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in (("source", "left"), ("log10 LR", "right"), ("±", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    table.add_column("supports")
    table.add_column("outcome")
    for s in c.sources[:_SHOWN_SOURCES]:
        table.add_row(*_source_cells(s))
    if len(c.sources) > _SHOWN_SOURCES:
        table.caption = f"{len(c.sources) - _SHOWN_SOURCES} more with lower ratios (--json)"
    return table


def _source_cells(s: SourceAnswer) -> tuple[Text, ...]:
    name = f"{inert(s.source)} ({inert(s.group)})" if s.group else inert(s.source)
    return (
        Text(name),
        Text(f"{s.log10_lr:+.2f}"),
        Text(f"{s.log10_lr_uncertainty:.2f}"),
        Text(s.words.replace(" support for", ",")),
        Text(s.outcome),
    )


def _sensitivity(c: Comparison) -> Table:
    best = c.sensitivity[0].source if c.sensitivity else ""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=Text(f"What each characteristic does to {inert(best)}"),
        title_justify="left",
    )
    table.add_column("characteristic")
    for heading in ("to log10 LR", "log10 LR without it", "standard deviations off"):
        table.add_column(heading, justify="right")
    for s in c.sensitivity[:_SHOWN_CHARACTERISTICS]:
        table.add_row(
            Text(inert(s.characteristic)),
            f"{s.contribution:+.2f}",
            f"{s.log10_lr_without:+.2f}",
            "" if s.z is None else f"{s.z:+.1f}",
        )
    return table


def _fuel(answer: CaseComparison) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for t in answer.reactor_types:
        ranked = sorted(t.probabilities.items(), key=lambda item: -item[1])[:3]
        shares = ", ".join(f"{inert(name)} {p:.0%}" for name, p in ranked)
        lines.append(Text(f"Reactor type of {inert(t.sample)}: {inert(t.indicated)} ({shares})"))
    for sample, found in answer.burnups:
        for b in found:
            lines.append(
                Text(
                    f"Burnup of {inert(sample)} from {b.method}: {b.value_GWd_t:.1f} GWd/t "
                    f"(95 %: {b.low_95_GWd_t:.1f} to {b.high_95_GWd_t:.1f}; {b.basis})"
                )
            )
    return lines
