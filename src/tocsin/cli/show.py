"""``tocsin show``: what is in a file, before anything is analysed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import check_readable, console, counted, print_json

if TYPE_CHECKING:
    from tocsin.spectra import Record, Recording

SHOWN_RECORDS = 20
_TO_THE_RIGHT = frozenset(
    {"#", "live s", "real s", "gamma", "cps", "µSv/h", "neutrons", "channels"}
)


def show_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Recording to read.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    all_records: Annotated[
        bool, typer.Option("--all", help=f"Every record, not only the first {SHOWN_RECORDS}.")
    ] = False,
) -> None:
    """Show what a recording holds: instrument, records, positions, warnings."""
    check_readable(source)
    from tocsin.formats import read

    recording = read(source)
    if as_json:
        print_json(_as_json(recording))
        return
    _print_header(recording)
    _print_records(recording, limit=None if all_records else SHOWN_RECORDS)
    _print_notes(recording)


def _print_header(recording: Recording) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    instrument = recording.instrument
    detectors = ", ".join(
        " ".join(x for x in (d.name, d.kind, d.material, d.description) if x)
        for d in instrument.detectors
    )
    rows = {
        "File": recording.file_name,
        "Format": recording.file_format,
        "SHA-256": recording.sha256,
        "Realm": recording.realm,
        "Instrument": " ".join(
            x for x in (instrument.manufacturer, instrument.model, instrument.serial) if x
        )
        or "not stated",
        "Class": instrument.instrument_class,
        "Detectors": detectors,
        "Document": recording.uuid,
        "Kind": f"{recording.kind}, {counted(len(recording.records), 'record')}"
        + (f", {len(recording.derived)} derived" if recording.derived else ""),
        "Time": _span(recording.records),
        "Calibrated": _calibrated(recording.records),
        "Positions": _positions(recording.records),
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(value))
    console.print(table)


def _span(records: Sequence[Record]) -> str:
    """From the first start to the last, the zone once; empty where no record has a time."""
    starts = [r.start for r in records if r.start is not None]
    if not starts:
        return "not stated"
    first, last = starts[0], starts[-1]
    zone = first.strftime("%z") or "(zone not stated)"
    text = f"{first:%Y-%m-%d %H:%M:%S}"
    if last != first:
        text += f" to {last:%H:%M:%S}" if last.date() == first.date() else f" to {last:%F %T}"
    return f"{text} {'UTC' if zone == '+0000' else zone}"


def _calibrated(records: Sequence[Record]) -> str:
    spectra = [s for r in records for s in r.spectra]
    if not spectra:
        return "no spectrum in the file"
    good = sum(s.is_calibrated for s in spectra)
    if good == len(spectra):
        return "yes"
    return "no: no nuclide can be named" if not good else f"{good} of {len(spectra)} spectra"


def _positions(records: Sequence[Record]) -> str:
    placed = sum(r.position is not None for r in records)
    return f"{placed} of {counted(len(records), 'record')}" if placed else "none"


def _print_records(recording: Recording, *, limit: int | None) -> None:
    """Table of the first records, without columns that are empty or the same in every row."""
    shown = recording.records[:limit]
    starts = [r.start for r in shown if r.start is not None]
    one_day = len({s.date() for s in starts}) <= 1
    digits = "milliseconds" if any(s.microsecond for s in starts) else "seconds"
    columns: dict[str, list[str]] = {
        "#": [str(n) for n in range(len(shown))],
        "purpose": [r.source_type.value for r in shown],
        "start": [_start(r.start, one_day=one_day, digits=digits) for r in shown],
        "live s": [_seconds(r.live_time_s) for r in shown],
        "real s": [_seconds(r.real_time_s) for r in shown],
        "channels": [_channels(r) for r in shown],
        "gamma": [_gamma(r) for r in shown],
        "cps": [_largest([c.count_rate_cps for c in r.count_rates]) for r in shown],
        "µSv/h": [_largest([d.dose_rate_uSv_h for d in r.dose_rates]) for r in shown],
        "neutrons": ["" if r.neutron_counts is None else f"{r.neutron_counts:g}" for r in shown],
        "position": [_place(r) for r in shown],
    }
    same = {n for n in ("purpose", "channels") if len(set(columns[n])) == 1 and len(shown) > 2}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Records", title_justify="left")
    kept = [n for n, cells in columns.items() if any(cells) and n not in same]
    for name in kept:
        table.add_column(name, justify="right" if name in _TO_THE_RIGHT else "left")
    for row in zip(*(columns[n] for n in kept), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    each = [f"{n}: {columns[n][0]}" for n in ("purpose", "channels") if n in same and columns[n][0]]
    if each:
        console.print(Text(f"Each record shown has {', '.join(each)}."))
    hidden = len(recording.records) - len(shown)
    if hidden:
        console.print(f"... and {counted(hidden, 'more record')} (--all shows them)")


def _start(moment: dt.datetime | None, *, one_day: bool, digits: str) -> str:
    """Time of day where the header names the day, date and time else."""
    if moment is None:
        return ""
    clock = moment.time().isoformat(timespec=digits)
    return clock if one_day else f"{moment.date()} {clock}"


def _gamma(record: Record) -> str:
    """Counts of the spectra, or of counters without one; empty where nothing was counted."""
    if record.spectra:
        return f"{record.total_counts:.0f}"
    return "" if record.other_counts is None else f"{record.other_counts:.0f}"


def _largest(values: Sequence[float]) -> str:
    return f"{max(values):.3g}" if values else ""


def _channels(record: Record) -> str:
    """``1024``, ``2 x 1024`` or ``1024+512``: channels of each crystal."""
    sizes = [s.n_channel for s in record.spectra]
    if len(sizes) > 1 and len(set(sizes)) == 1:
        return f"{len(sizes)} x {sizes[0]}"
    return "+".join(str(n) for n in sizes)


def _place(record: Record) -> str:
    place = record.position
    return "" if place is None else f"{place.latitude_deg:.5f} {place.longitude_deg:.5f}"


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if value < 1000 else f"{value:.0f}"


def _print_notes(recording: Recording) -> None:
    for result in recording.results:
        names = ", ".join(f"{n.name} {n.confidence}".strip() for n in result.nuclides)
        who = " ".join(x for x in (result.algorithm_name, result.algorithm_version) if x)
        said = "; ".join(x for x in (names, *result.alarms, result.description) if x)
        console.print(Text(f"The instrument's own result ({who or 'unnamed'}): {said or 'none'}"))
    for warning in recording.warnings:
        console.print(Text(f"Warning {warning.code}: {warning.message}", style="yellow"))


def _as_json(recording: Recording) -> dict[str, Any]:
    instrument = recording.instrument
    return {
        "schema": "tocsin.recording/1",
        "realm": recording.realm,
        "file": recording.file_name,
        "format": recording.file_format,
        "sha256": recording.sha256,
        "uuid": recording.uuid,
        "kind": recording.kind,
        "instrument": {
            "manufacturer": instrument.manufacturer,
            "model": instrument.model,
            "serial": instrument.serial,
            "class": instrument.instrument_class,
            "detectors": [d.name for d in instrument.detectors],
        },
        "records": [_record_json(record) for record in recording.records],
        "derived_records": len(recording.derived),
        "warnings": [{"code": w.code, "message": w.message} for w in recording.warnings],
    }


def _record_json(record: Record) -> dict[str, Any]:
    place = record.position
    return {
        "source_type": record.source_type.value,
        "start": record.start.isoformat() if record.start else None,
        "real_time_s": record.real_time_s,
        "live_time_s": record.live_time_s,
        "spectra": [
            {
                "detector": s.detector,
                "channels": s.n_channel,
                "counts": s.total,
                "live_time_s": s.live_time_s,
                "calibrated": s.is_calibrated,
            }
            for s in record.spectra
        ],
        "neutron_counts": record.neutron_counts,
        "position": None
        if place is None
        else {
            "latitude": place.latitude_deg,
            "longitude": place.longitude_deg,
            "elevation_m": place.elevation_m,
        },
    }
