"""``tocsin detectors build``: a library of expected spectra in one file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

from tocsin.cli.output import bad_usage, check_target, counted, progress_bar, remark, write_file
from tocsin.errors import ParseError, TocsinError


def build_command(
    detector: Annotated[
        str,
        typer.Option(
            "--detector", metavar="NAME", help="A name of the list, or a path to a .json."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Library to write: .npz.")],
    nuclides: Annotated[
        str,
        typer.Option(metavar="NAME,NAME", help="By commas; all usual ones when not given."),
    ] = "",
    shieldings: Annotated[
        str,
        typer.Option(metavar="NAME,NAME", help="By commas; all of the list when not given."),
    ] = "",
    distance: Annotated[
        str, typer.Option(metavar="CLASS", help="near (10 cm), room (1 m) or far (10 m).")
    ] = "room",
    age_d: Annotated[
        float | None,
        typer.Option("--age-d", metavar="DAYS", help="Since pure; else progeny in equilibrium."),
    ] = None,
    channels: Annotated[int, typer.Option(help="Channels, 16 to 16384.")] = 1024,
    highest_keV: Annotated[
        float, typer.Option("--highest-keV", metavar="KEV", help="Upper end of the channels.")
    ] = 3072.0,
    histories: Annotated[int, typer.Option(help="Photons simulated for each energy.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 20261127,
    surroundings: Annotated[
        bool,
        typer.Option("--surroundings", help="Also what ground and a body scatter, by itself."),
    ] = False,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="PER_S", help="As recorded at this true rate of pulses."),
    ] = None,
    threshold_keV: Annotated[
        float | None, typer.Option("--threshold-keV", metavar="KEV", help="With --rate.")
    ] = None,
    dead_time_us: Annotated[
        float | None, typer.Option("--dead-time-us", metavar="US", help="With --rate.")
    ] = None,
    pile_up_us: Annotated[
        float | None,
        typer.Option("--pile-up-us", metavar="US", help="Resolving time, with --rate."),
    ] = None,
    paralysable: Annotated[
        bool, typer.Option("--paralysable", help="Pulses prolong the dead time, with --rate.")
    ] = False,
    gain: Annotated[
        float, typer.Option("--gain", help="Height over energy, with --rate; 0.99 is 1 % low.")
    ] = 1.0,
    models: Annotated[
        Path | None,
        typer.Option("--models", metavar="FOLDER", help="Folder of detector files of your own."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Build a template library: expected counts per decay of nuclides behind layers, one file."""
    if out.suffix.lower() != ".npz":
        bad_usage(f"{out.name}: the ending must be .npz")
    check_target(out, force=force)
    if not 16 <= channels <= 16384:
        bad_usage(f"--channels must be 16 to 16384, got {channels}")
    if not 100 <= highest_keV <= 10_000:
        bad_usage(f"--highest-keV must be 100 to 10000, got {highest_keV:g}")
    if age_d is not None and not (math.isfinite(age_d) and age_d >= 0):
        bad_usage(f"--age-d must be a number of days, zero or more, got {age_d:g}")
    import numpy as np

    from tocsin.cli.detectors_rate import counting_at, left_out_remarks
    from tocsin.detectors.construction import named_construction
    from tocsin.detectors.irradiation import SHIELDINGS
    from tocsin.detectors.photon_matrix_build import MatrixSettings
    from tocsin.detectors.template_library_build import build_library, usual_nuclides
    from tocsin.nuclear import load_library

    try:
        one = named_construction(detector, folder=models)
        library = load_library()
        names = _names(nuclides) or usual_nuclides(library)
        layers = _names(shieldings) or tuple(SHIELDINGS)
        electronics = {
            "threshold_keV": threshold_keV,
            "dead_time_us": dead_time_us,
            "pile_up_us": pile_up_us,
        }
        counting, unknown = counting_at(
            one, rate, given=electronics, paralysable=paralysable, gain=gain
        )
        with progress_bar() as bar:
            tasks: dict[str, TaskID] = {}

            def told(word: str, done: int, of: int) -> None:
                if word not in tasks:
                    tasks[word] = bar.add_task(word, total=of)
                bar.update(tasks[word], completed=done)

            built = build_library(
                one,
                np.linspace(0.0, highest_keV, channels + 1),
                library=library,
                nuclides=names,
                shieldings=layers,
                distance=distance,
                age_s=None if age_d is None else age_d * 86_400.0,
                settings=MatrixSettings(histories=histories, seed=seed),
                counting=counting,
                left_out=unknown,
                surroundings=surroundings,
                progress=told,
            )
    except ParseError:
        raise
    except TocsinError as error:
        bad_usage(str(error))
    write_file(out, built.to_bytes(), force=force)
    many = f"{counted(len(names), 'nuclide')}, {counted(len(layers), 'shielding')}"
    remark(f"library of {many}, {counted(channels, 'channel')} written to {out}")
    for warning in (*built.manifest["warnings"], *left_out_remarks(one, unknown)):
        remark(warning)
    if not one.checked_by:
        remark(f"{one.name}: no data to check it against")


def _names(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in written.split(",") if part.strip())
