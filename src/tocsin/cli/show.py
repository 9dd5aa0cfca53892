"""``tocsin show``: what is in a file, before anything is analysed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import bad_usage, console, print_json
from tocsin.formats import read
from tocsin.spectra import Record, Recording

SHOWN_RECORDS = 20


def show_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Recording to read.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    all_records: Annotated[
        bool, typer.Option("--all", help=f"Every record, not only the first {SHOWN_RECORDS}.")
    ] = False,
) -> None:
    """Show what a recording holds: instrument, records, positions, warnings."""
    if not source.is_file():
        bad_usage(f"{source} is no file")
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
        ),
        "Class": instrument.instrument_class,
        "Detectors": detectors,
        "Document": recording.uuid,
        "Kind": f"{recording.kind}, {len(recording.records)} records"
        + (f", {len(recording.derived)} derived" if recording.derived else ""),
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(value))
    console.print(table)


def _print_records(recording: Recording, *, limit: int | None) -> None:
    table = Table(title="Records", title_justify="left")
    for heading in ("#", "kind", "start", "live s", "real s", "spectra", "gamma", "n", "position"):
        table.add_column(heading, justify="left" if heading in ("kind", "start") else "right")
    shown = recording.records[:limit]
    for number, record in enumerate(shown):
        table.add_row(*(Text(cell) for cell in _record_cells(number, record)))
    console.print(table)
    hidden = len(recording.records) - len(shown)
    if hidden:
        console.print(f"... and {hidden} more records (--all shows them)")


def _record_cells(number: int, record: Record) -> tuple[str, ...]:
    channels = "+".join(str(s.n_channel) for s in record.spectra)
    neutrons = record.neutron_counts
    place = record.position
    return (
        str(number),
        record.source_type.value,
        record.start.isoformat(sep=" ", timespec="milliseconds") if record.start else "",
        _seconds(record.live_time_s),
        _seconds(record.real_time_s),
        channels,
        f"{record.total_counts:.0f}",
        "" if neutrons is None else f"{neutrons:g}",
        "" if place is None else f"{place.latitude_deg:.5f} {place.longitude_deg:.5f}",
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


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
