"""``tocsin demo``: a synthetic walk, analysed, with the answer set beside the truth."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import bad_usage, console, messages, write_file
from tocsin.detection import Analysis, analyze
from tocsin.formats import read
from tocsin.report import render_html, terminal_report
from tocsin.scenario import ComparisonRow, compare, demo_scene, simulate_walk, write_scenario

DEFAULT_SEED = 20260101


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for walk, truth and report.")] = Path("demo"),
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed makes another walk.")
    ] = DEFAULT_SEED,
    headless: Annotated[
        bool, typer.Option("--headless", help="Run to the end and open no browser.")
    ] = False,
) -> None:
    """Simulate a street walk past three sources, analyse it and compare with the truth."""
    if out.exists() and not out.is_dir():
        bad_usage(f"{out} is a file: name a folder")
    out.mkdir(parents=True, exist_ok=True)
    scene = demo_scene()
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task("walking", total=None)
        recording, truth = simulate_walk(
            scene,
            np.random.default_rng(seed),
            seed=seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        written = write_scenario(out, recording, truth=truth)
        reread = read(written.walk)
        task = bar.add_task("analysing", total=len(reread.records))
        analysis = analyze(
            reread, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    report = out / "report.html"
    write_file(report, render_html(analysis, reread).encode(), force=True)
    console.print(terminal_report(analysis))
    rows = compare(analysis.encounters, truth)
    console.print(comparison_table(rows, analysis))
    console.print(Text(f"Walk:   {written.walk}"))
    console.print(Text(f"Truth:  {written.truth}"))
    console.print(Text(f"Report: {report}"))
    if not headless and not webbrowser.open(report.resolve().as_uri()):
        console.print("Open the report in a browser.")


def comparison_table(rows: Sequence[ComparisonRow], analysis: Analysis) -> Table:
    """Answer beside truth, one row for each source and each false encounter."""
    table = Table(title=f"Answer beside the truth ({analysis.realm})", title_justify="left")
    table.add_column("truth", overflow="fold")
    table.add_column("answer", overflow="fold")
    for heading in ("nuclide", "class", "place"):
        table.add_column(heading)
    table.add_column("verdict")
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    return table


def _cells(row: ComparisonRow) -> tuple[str, ...]:
    truth = (
        "nothing there"
        if row.source is None
        else f"{row.source.name}: {'+'.join(row.source.nuclides)} ({row.source.source_class}), "
        f"{row.source.closest_distance_m:.0f} m"
    )
    answer = ", ".join(row.named) or row.answered_class or "nothing"
    if row.named:
        answer += f" ({row.answered_class})"
    place = ""
    if row.location_error_m is not None:
        inside = {True: ", inside its radius", False: ", OUTSIDE its radius", None: ""}
        place = f"off by {row.location_error_m:.0f} m{inside[row.inside_95]}"
    return truth, answer, _mark(row.nuclide_right), _mark(row.class_right), place, row.verdict


def _mark(right: bool | None) -> str:
    return {True: "right", False: "WRONG", None: ""}[right]
