"""``tocsin demo``: a synthetic walk, analysed, with the answer set beside the truth."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import bad_usage, console, progress_bar, remark, write_file

if TYPE_CHECKING:
    from tocsin.detection import Analysis
    from tocsin.scenario import ComparisonRow

DEFAULT_SEED = 20260101


def demo_command(
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for walk, truth and report.")
    ] = Path("demo"),
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed makes another walk.")
    ] = DEFAULT_SEED,
    headless: Annotated[
        bool, typer.Option("--headless", help="Run to the end and open no browser.")
    ] = False,
    no_server: Annotated[
        bool, typer.Option("--no-server", help="The walk and its report alone.")
    ] = False,
) -> None:
    """Simulate a street walk past three sources, analyse it, and work with it on a server."""
    if out.exists() and not out.is_dir():
        bad_usage(f"{out} is a file: name a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        bad_usage(f"{out} cannot be made ({error.strerror or error})")
    import numpy as np

    from tocsin.detection import analyze
    from tocsin.formats import read
    from tocsin.report import render_html, terminal_report
    from tocsin.scenario import compare, demo_scene, simulate_walk, write_scenario

    scene = demo_scene()
    with progress_bar() as bar:
        remark("1/4 Simulating a walk past a lost gauge, a patient and a granite heap ...")
        recording, truth = simulate_walk(
            scene, np.random.default_rng(seed), seed=seed, progress=_advance(bar, "walking")
        )
        written = write_scenario(out, recording, truth=truth)
        remark(f"2/4 Reading {written.walk} back as a stranger's file ...")
        reread = read(written.walk)
        remark(f"3/4 Analysing {len(reread.records)} records; the truth stays closed ...")
        analysis = analyze(reread, progress=_advance(bar, "analysing"))
        remark("4/4 Drawing the report ...")
        report = out / "report.html"
        write_file(report, render_html(analysis, reread).encode(), force=True)
    console.print(terminal_report(analysis))
    console.print()
    console.print(comparison_table(compare(analysis.encounters, truth), analysis))
    console.print(Text(false_alarm_note(analysis)))
    for name, path in (("Walk", written.walk), ("Truth", written.truth), ("Report", report)):
        console.print(Text(f"{name + ':':8}{path}"), soft_wrap=True)
    if not headless and not webbrowser.open(report.resolve().as_uri()):
        console.print("Open the report in a browser.")
    if no_server:
        return
    if find_spec("django") is None:
        remark("The server's parts are not installed (pip install tocsin[server]): no server.")
        return
    from tocsin.cli.demo_server import serve_state

    serve_state(written.walk.resolve(), (out / "server").resolve(), headless=headless)


def _advance(bar: Progress, words: str) -> Callable[[int, int], None]:
    task: TaskID = bar.add_task(words, total=None)

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return advance


def false_alarm_note(analysis: Analysis) -> str:
    """How many false encounters the threshold allows in a walk of this length."""
    rates = {e.false_alarm_rate_per_h for e in analysis.encounters} - {None}
    if len(rates) != 1 or analysis.live_time_s is None:
        return ""
    rate = next(r for r in rates if r is not None)
    expected = rate * analysis.live_time_s / 3600.0
    return (
        f"The threshold is set for {rate:g} false alarm per hour: {expected:.1f} are to be "
        f"expected in a walk of {analysis.live_time_s / 60.0:.0f} minutes. --seed makes another "
        "walk."
    )


def comparison_table(rows: Sequence[ComparisonRow], analysis: Analysis) -> Table:
    """Answer beside truth, one row for each source and each false encounter."""
    table = Table(title=f"Answer beside the truth ({analysis.realm})", title_justify="left")
    table.add_column("truth", overflow="fold", ratio=4)
    table.add_column("answer", overflow="fold", ratio=3)
    table.add_column("place", overflow="fold", ratio=3)
    table.add_column("verdict", overflow="fold", ratio=2)
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    return table


def _cells(row: ComparisonRow) -> tuple[str, ...]:
    truth = "nothing there"
    if row.source is not None:
        truth = (
            f"{row.source.name}: {', '.join(row.source.nuclides)} ({row.source.source_class}), "
            f"passed at {row.source.closest_distance_m:.0f} m"
        )
    if row.encounter is None:
        answer = "no encounter"
    else:
        named = ", ".join(row.named) or "no nuclide named"
        answer = f"{named} ({row.answered_class})"
    place = ""
    if row.location_error_m is not None:
        inside = {True: "inside its 95 % radius", False: "OUTSIDE its 95 % radius", None: ""}
        place = f"off by {row.location_error_m:.0f} m, {inside[row.inside_95]}".rstrip(", ")
    return truth, answer, place, _verdict(row)


def _verdict(row: ComparisonRow) -> str:
    """What is right and what is not, in words: nothing is called right that was not answered."""
    if row.verdict == "missed":
        return "MISSED"
    if row.verdict == "false":
        return "FALSE"
    wrong = [
        words
        for words, right in (("nuclide", row.nuclide_right), ("class", row.class_right))
        if right is False
    ]
    if wrong:
        return f"found, {' and '.join(wrong)} WRONG"
    if row.nuclide_right is None:
        return "found, class right, no nuclide named"
    return "found, nuclide and class right"
