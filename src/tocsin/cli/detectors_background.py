"""``tocsin detectors background``: a measured background taken apart into its natural parts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import (
    EXIT_UNREADABLE,
    bad_usage,
    check_readable,
    check_target,
    complain,
    console,
    counted,
    error_json,
    print_json,
    progress_bar,
    remark,
    write_file,
)
from tocsin.errors import InvalidInput, ParseError, TocsinError, Uncalibrated

if TYPE_CHECKING:
    from tocsin.detectors.background import BackgroundFit, SimulatedField
    from tocsin.detectors.construction import Construction
    from tocsin.detectors.model import DetectorModel
    from tocsin.spectra import Recording, Spectrum
    from tocsin.spectrometry.measured import MeasuredSpectrum

SHOWN_SHARE = 0.001  # components of fewer counts are left out of the table
TAKEN = {
    "named": "as named by --record",
    "declared_background": "declared as background by the file",
    "measured": "all that was measured: the file declares no background with counts",
}
RESPONSES = {
    "simulated": "photons followed through the whole detector",
    "deterministic": "the bare crystal behind its layers, worked out without simulation",
}


@dataclass(frozen=True)
class _Taken:
    """What of a file is fitted: counts, the model for them, and where they come from."""

    spectrum: MeasuredSpectrum
    model: DetectorModel
    built: Construction | None
    records: tuple[int, ...]
    why: str
    crystal: str
    realm: str

    @property
    def words(self) -> str:
        """Records and crystal for a reader."""
        of = f" of {self.crystal}" if self.crystal else ""
        first, last, n = self.records[0], self.records[-1], len(self.records)
        if n == 1:
            which = f"record {first}"
        elif last - first == n - 1:
            which = f"records {first} to {last}"
        else:
            which = f"{n} records from {first} to {last}"
        return f"{which}{of}, {TAKEN[self.why]}"


def background_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Recording of a background.")],
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            metavar="NAME",
            help="A name of the list or of an instrument, or a path to a .json.",
        ),
    ] = None,
    record: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Only this record, as numbered by tocsin show; repeatable."),
    ] = None,
    crystal: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which of several detectors in the file, by its name."),
    ] = None,
    altitude_m: Annotated[
        float, typer.Option("--altitude-m", metavar="M", help="Above the sea, for cosmic rays.")
    ] = 0.0,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="NUCLIDE", help="Known to be near, as a check source; repeatable."
        ),
    ] = None,
    low_keV: Annotated[
        float, typer.Option("--from-kev", metavar="KEV", help="Lower end of the fit, from 30.")
    ] = 50.0,
    high_keV: Annotated[
        float, typer.Option("--to-kev", metavar="KEV", help="Upper end of the fit, to 3000.")
    ] = 2800.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without simulating the detector: rougher, in seconds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="OUT", help="Write .svg.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Take a measured background apart: potassium, both series, radon, cosmic rays, the crystal."""
    if plot is not None:
        if plot.suffix.lower() != ".svg":
            bad_usage(f"{plot.name}: the ending must be .svg")
        check_target(plot, force=force)
    try:
        check_readable(source)
        from tocsin.detectors.background import (
            BackgroundComponents,
            counts_to_fit,
            fit_background,
        )
        from tocsin.nuclear import load_library

        taken = _taken(source, tuple(record or ()), crystal, detector)
        spectrum = taken.spectrum
        seconds = float(spectrum.live_time_s or 0.0)
        # before the detector is simulated, which takes a while
        counts_to_fit(
            spectrum.edges_keV, spectrum.counts, seconds, low_keV=low_keV, high_keV=high_keV
        )
        with progress_bar() as bar:
            background = BackgroundComponents(
                taken.model,
                spectrum.edges_keV,
                library=load_library(),
                altitude_m=altitude_m,
                beside=tuple(beside or ()),
                simulated=None if quick else _simulated(taken, bar),
            )
        fit = fit_background(
            background,
            spectrum.counts,
            seconds,
            low_keV=low_keV,
            high_keV=high_keV,
        )
    except TocsinError as error:
        if as_json:
            print_json(error_json(error, file=source.name))
        if isinstance(error, ParseError):
            complain(str(error))
            raise typer.Exit(EXIT_UNREADABLE) from None
        text = str(error)
        bad_usage(text if source.name in text else f"{source.name}: {text}")
    if as_json:
        print_json(_document(source, taken, fit))
    else:
        _print(source, taken, fit)
    if plot is not None:
        from tocsin.report.background_plot import draw_background

        drawn = draw_background(
            background, spectrum.counts, fit, title=source.name, realm=taken.realm
        )
        write_file(plot, drawn.svg, force=force)
        remark(f"{counted(1, 'picture')} written to {plot}: {drawn.caption}")


def _simulated(taken: _Taken, bar: Progress) -> SimulatedField | None:
    """The detector for the simulation, where it is known how it is built; says when it runs."""
    built = taken.built
    if built is None:
        return None
    from tocsin.detectors.background import SimulatedField

    tasks: list[TaskID] = []

    def told(done: int, of: int) -> None:
        if not tasks:
            remark("the detector is simulated, once: what is found is kept; --quick goes without")
            tasks.append(bar.add_task(built.name, total=of))
        bar.update(tasks[0], completed=done)

    return SimulatedField(built, progress=told)


def _taken(
    source: Path, records: tuple[int, ...], crystal: str | None, detector: str | None
) -> _Taken:
    from tocsin.detectors import model_for, named_model
    from tocsin.detectors.catalogue import construction_of
    from tocsin.detectors.construction import named_construction
    from tocsin.formats import Reader
    from tocsin.spectrometry.measured import measured_spectrum

    with Reader() as reader:
        recording = reader.read(source)
    chosen, why = _chosen(recording, records)
    spectra = _of_one_crystal([s for r in chosen for s in recording.records[r].spectra], crystal)
    if not all(s.is_calibrated for s in spectra):
        raise Uncalibrated(
            "the spectrum has no usable energy calibration: make one with tocsin peaks --line first"
        )
    spectrum = measured_spectrum(spectra, in_channels=False)
    if not spectrum.live_time_s:
        raise InvalidInput("the file states no live time: rates cannot be given")
    built: Construction | None = None
    if detector is None:
        model = model_for(
            recording.instrument, n_channel=spectrum.n_channel, edges_keV=spectrum.edges_keV
        )
        if model.assumed:
            remark(
                f"the instrument is not recognised: {model.name} stands in; name one by --detector"
            )
    elif detector.endswith(".json"):
        built = named_construction(detector)
        model = built.model
    else:
        model = named_model(detector)
    of = tuple(r for r in chosen if any(s in spectra for s in recording.records[r].spectra))
    built = built or construction_of(model)
    return _Taken(spectrum, model, built, of, why, spectra[0].detector, recording.realm)


def _chosen(recording: Recording, records: tuple[int, ...]) -> tuple[list[int], str]:
    """Numbers of the records that are fitted, and why these: a key of ``TAKEN``."""
    wrong = [r for r in records if not 0 <= r < len(recording.records)]
    if wrong:
        last = len(recording.records) - 1
        raise InvalidInput(f"there is no record {wrong[0]}: they are numbered 0 to {last}")
    if records:
        return sorted(set(records)), "named"
    declared = [r for r in recording.background if any(s.total > 0 for s in r.spectra)]
    wanted = {id(r) for r in (declared or recording.measured)}
    found = [k for k, r in enumerate(recording.records) if id(r) in wanted]
    return found, "declared_background" if declared else "measured"


def _of_one_crystal(spectra: list[Spectrum], crystal: str | None) -> list[Spectrum]:
    """Spectra with counts of one detector: a model stands for one, and so does a live time."""
    filled = [s for s in spectra if s.total > 0]
    if not filled:
        raise InvalidInput("the recording holds no gamma spectrum with counts in what was chosen")
    names = list(dict.fromkeys(s.detector for s in filled))
    listed = ", ".join(name or "(without a name)" for name in names)
    if crystal is None:
        if len(names) > 1:
            raise InvalidInput(
                f"there are {len(names)} detectors in what was chosen, and a background is fitted "
                f"for one: name it by --crystal. They are {listed}"
            )
        return filled
    if crystal not in names:
        raise InvalidInput(f"there is no detector {crystal!r} in what was chosen: it has {listed}")
    return [s for s in filled if s.detector == crystal]


def _known(value: float) -> float | None:
    """A number for JSON; null for one that the range of the fit does not tell."""
    return value if math.isfinite(value) else None


def _document(source: Path, taken: _Taken, fit: BackgroundFit) -> dict[str, Any]:
    m = fit.misfit
    instrument = zip(
        fit.parameters, fit.instrument.values().tolist(), fit.instrument_sigma.tolist(), strict=True
    )
    return {
        "schema": "tocsin.background/1",
        "file": source.name,
        "realm": taken.realm,
        "records": list(taken.records),
        "records_taken": taken.why,
        "crystal": taken.crystal,
        "detector": taken.model.key,
        "response": fit.response,
        "live_time_s": taken.spectrum.live_time_s,
        "low_keV": fit.range_keV[0],
        "high_keV": fit.range_keV[1],
        "counts": m.counts,
        "origins": [
            {
                "name": name,
                "counts_per_s": _known(
                    rate.counts_per_s if math.isfinite(rate.sigma) else math.nan
                ),
                "uncertainty": _known(rate.sigma),
                "below_counts_per_s": _known(rate.below_counts_per_s) if rate.absent else None,
            }
            for name, rate in fit.origin_rates.items()
        ],
        "components": [
            {
                "name": c.name,
                "origin": c.origin,
                "amount": _known(float(amount) if math.isfinite(sigma) else math.nan),
                "uncertainty": _known(float(sigma)),
                "unit": c.unit,
                "counts": float(counts),
            }
            for c, amount, sigma, counts in zip(
                fit.components, fit.amounts, fit.amount_sigma, fit.counts_of, strict=True
            )
        ],
        "instrument": {
            name: {"value": value, "uncertainty": sigma} for name, value, sigma in instrument
        },
        "reduced_chi_square": m.reduced_chi_square,
        "misfit_rms": m.rms,
        "misfit_rms_with_noise": m.rms_with_noise,
        "worst_band": {
            "low_keV": m.worst.low_keV,
            "high_keV": m.worst.high_keV,
            "misfit": m.worst.misfit,
            "noise": m.worst.noise,
        },
        "holds": m.holds,
        "converged": fit.converged,
        "warnings": [{"code": w.code, "message": w.message} for w in taken.spectrum.warnings],
    }


def _print(source: Path, taken: _Taken, fit: BackgroundFit) -> None:
    from tocsin.report.inert import inert

    m, (low, high) = fit.misfit, fit.range_keV
    text = (
        f"{source.name}, {taken.model.name}: {m.counts:.0f} counts in "
        f"{taken.spectrum.live_time_s:g} s from {low:.0f} to {high:.0f} keV"
    )
    if taken.realm != "LIVE":
        console.print(Text(inert(taken.realm), style="bold yellow"))
    console.print(Text(text, style="bold"))
    console.print(Text(inert(taken.words)), soft_wrap=True)
    console.print(Text(f"response {fit.response}: {RESPONSES[fit.response]}"), soft_wrap=True)
    for w in taken.spectrum.warnings:
        console.print(
            Text(f"! {inert(w.code)}: {inert(w.message)}", style="yellow"), soft_wrap=True
        )
    table = Table(box=None, pad_edge=False)
    table.add_column("origin")
    for column in ("counts/s", "±", "%"):
        table.add_column(column, justify="right")
    seconds = float(taken.spectrum.live_time_s or 1.0)
    for name, rate in fit.origin_rates.items():
        if not math.isfinite(rate.sigma):
            table.add_row(Text(name), "not in the range", "", "")
            continue
        if rate.absent:
            share = 100 * rate.below_counts_per_s * seconds / m.counts
            table.add_row(Text(name), f"< {rate.below_counts_per_s:.2g}", "", f"< {share:.1f}")
            continue
        share = 100 * rate.counts_per_s * seconds / m.counts
        table.add_row(Text(name), f"{rate.counts_per_s:.4g}", f"{rate.sigma:.2g}", f"{share:.1f}")
    console.print(table)
    table = Table(box=None, pad_edge=False)
    table.add_column("component")
    for column in ("amount", "±", "unit", "%"):
        table.add_column(column, justify="right")
    rows = zip(fit.components, fit.amounts, fit.amount_sigma, fit.counts_of, strict=True)
    for c, amount, sigma, counts in rows:
        if counts > SHOWN_SHARE * m.counts:
            share = 100 * counts / m.counts
            table.add_row(Text(c.name), f"{amount:.4g}", f"{sigma:.2g}", c.unit, f"{share:.1f}")
    console.print(table)
    numbers = zip(fit.parameters, fit.instrument.values(), fit.instrument_sigma, strict=True)
    words = ", ".join(f"{n} {v:.3g} ± {s:.2g}" for n, v, s in numbers)
    console.print(Text(f"instrument: {words}"))
    console.print(
        Text(
            f"reduced chi-square {m.reduced_chi_square:.2f}; misfit per 10 keV {100 * m.rms:.1f} % "
            f"beyond noise; worst band {m.worst.low_keV:.0f} to {m.worst.high_keV:.0f} keV: "
            f"{100 * m.worst.misfit:+.1f} ± {100 * m.worst.noise:.1f} %"
        )
    )
    if not m.holds:
        remark("the components do not hold here: there may be more than background, or the model "
               "of the detector does not fit")  # fmt: skip
    if not fit.converged:
        remark("the fit did not settle: take the numbers as rough")
