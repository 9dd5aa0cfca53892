"""Own reader of tables exported from the PEI files of Pico Envirotec airborne spectrometers.

One row per record; the first line names the columns. A spectrum is a run of columns ``NAME_1`` to
``NAME_n``. The fields are those of the PEI record definition, whose spectra are counts per second;
its units stand in a file of their own, so that only what needs no unit is read as a value and the
rest is kept as text.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import dataclass

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.n42_values import MAX_CHANNELS
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import (
    decoded,
    numbered_lines,
    printable,
    real,
    since_1970,
    text_counts,
    wrong,
)
from tocsin.spectra import (
    DetectorInfo,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Recording,
    Spectrum,
)

_CHANNEL = re.compile(r"(.+?)(?:_|(?<=[A-Za-z]))0*([1-9][0-9]*)", re.ASCII)
_LEAST_CHANNELS = 16
_GEIGER = re.compile(r"CpsL?_GM.*", re.ASCII)
_USED = frozenset("RECS Epoch GPSFix Lat Lon GAlt".split())
_RECORD_S = 1.0  # the record definition states its spectra in counts per second


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the values of a row stand."""

    names: tuple[str, ...]
    spectra: tuple[tuple[str, int, int], ...]  # name, first column, one behind the last
    others: tuple[int, ...]  # neither channels nor read as what they are
    delimiter: str

    def find(self, name: str) -> int | None:
        """Place of a column, or None."""
        return self.names.index(name) if name in self.names else None

    @property
    def number(self) -> int:
        """Place of the record number, which every table has."""
        return self.names.index("RECS")


def columns_of(first_line: str) -> _Columns | None:
    """Columns of a PEI table, or None where the line does not name any."""
    delimiter = max(";\t,", key=first_line.count)
    names = tuple(name.strip().strip('"') for name in first_line.split(delimiter))
    if not {"RECS", "Lat", "Lon"} <= set(names) or len(set(names)) != len(names):
        return None
    spectra: list[tuple[str, int, int]] = []
    at = 0
    while at < len(names):
        start = _CHANNEL.fullmatch(names[at])
        end = at
        while start is not None and start[2] == "1" and end < len(names):
            channel = _CHANNEL.fullmatch(names[end])
            if channel is None or channel[1] != start[1] or int(channel[2]) != end - at + 1:
                break
            end += 1
        if end - at >= _LEAST_CHANNELS:
            spectra.append((names[at][: start.end(1)] if start else "", at, end))
        at = max(end, at + 1)
    if not spectra:
        return None
    channels = {at for _name, first, end in spectra for at in range(first, end)}
    others = (at for at, name in enumerate(names) if at not in channels and name not in _USED)
    return _Columns(names, tuple(spectra), tuple(others), delimiter)


def read_pei_csv(data: bytes, limits: Limits) -> Recording:
    """Read a table.

    Raises
    ------
    ParseError
        When a row has another number of cells than the first line, or a cell holds no number.
    """
    notes = Notes()
    lines = numbered_lines(decoded(data, notes))
    columns = columns_of(lines[0][1]) if lines else None
    if columns is None:
        raise ParseError("the first line does not name the columns of a PEI table")
    _refuse_strays(columns)
    if any(end - at > MAX_CHANNELS for _name, at, end in columns.spectra):
        raise ParseError("a spectrum holds more channels than is believed", code="too_large")
    if len(lines) < 2:
        raise ParseError("the table holds no record", code="truncated")
    if len(columns.names) * (len(lines) - 1) > limits.max_values:
        raise ParseError("the spectra hold more channels than the limit allows", code="too_large")
    notes.add("length_unknown", "this format does not state its length: a cut-off file looks whole")
    notes.add("calibration_missing", "the table states no energy calibration: no energies")
    rows = [_cells(line, columns, number) for number, line in lines[1:]]
    starts = _starts(columns, rows, notes)
    _note_gaps(columns, rows, notes)
    records = tuple(
        _record(columns, row, start, number, notes)
        for (number, _), row, start in zip(lines[1:], rows, starts, strict=True)
    )
    return Recording(
        records=records,
        instrument=Instrument(
            detectors=tuple(DetectorInfo(name, "Gamma") for name, _, _ in columns.spectra)
        ),
        warnings=notes.warnings(),
        file_format="pei-csv",
    )


def _refuse_strays(columns: _Columns) -> None:
    """No channel of a spectrum stands outside its run: a name in between may be damaged."""
    bases = {name for name, _first, _end in columns.spectra}
    for at in columns.others:
        channel = _CHANNEL.fullmatch(columns.names[at])
        if channel is not None and channel[1] in bases:
            raise ParseError(
                f"line 1: {printable(columns.names[at], limit=40)!r} does not follow the channel "
                "before it: a name is missing or damaged"
            )


def _cells(line: str, columns: _Columns, number: int) -> list[str]:
    """Cells of a row, with a point for the decimal sign."""
    if '"' in line:
        line = line.replace('"', "")
    if columns.delimiter != ",":
        line = line.replace(",", ".")
    cells = line.split(columns.delimiter)
    if len(cells) != len(columns.names):
        raise ParseError(
            f"line {number}: {len(columns.names)} cells are named, {len(cells)} are there",
            code="truncated",
        )
    return cells


def _starts(
    columns: _Columns, rows: list[list[str]], notes: Notes
) -> list[dt.datetime] | list[None]:
    """Start of every record from the column Epoch, where it runs (in UTC)."""
    at = columns.find("Epoch")
    if at is not None:
        seconds = [real(row[at], "Epoch", line=n) for n, row in enumerate(rows, 2)]
        if all(b > a for a, b in itertools.pairwise(seconds)):
            return [since_1970(s, "Epoch", line=n) for n, s in enumerate(seconds, 2)]
    notes.add("time_missing", "the column Epoch is absent or does not run: no record has a time")
    return [None] * len(rows)


def _note_gaps(columns: _Columns, rows: list[list[str]], notes: Notes) -> None:
    """Numbers of records that are left out, or do not rise."""
    stated = [real(row[columns.number], "RECS", line=n) for n, row in enumerate(rows, 2)]
    for a, b in itertools.pairwise(stated):
        if b != a + 1:
            notes.add("records_missing", f"the record numbers jump from {a:g} to {b:g}")


def _record(
    columns: _Columns, row: list[str], start: dt.datetime | None, line: int, notes: Notes
) -> Record:
    spectra = []
    for name, first, end in columns.spectra:
        text = "\t".join(row[first:end])
        counts = text_counts(text, line=line)
        # Blanks beside a number are as good as none; inside a cell they would make two of one.
        if counts.size != end - first or (" " in text and not all(map(_one_word, row[first:end]))):
            raise wrong(f"a channel of {name} is empty, or holds more than one number", line)
        if counts.min() < 0:
            raise wrong(f"a channel of {name} is below zero", line)
        spectra.append(Spectrum(counts, None, _RECORD_S, None, name))
    gross = []
    rest = []
    for at in columns.others:
        name, cell = columns.names[at], row[at].strip()
        if _GEIGER.fullmatch(name):
            value = real(cell, name, line=line)
            gross.append(
                GrossCounts(name, value if value >= 0 else None, _RECORD_S, _RECORD_S, kind="gamma")
            )
        elif cell:
            rest.append(f"{name} {cell}")
    return Record(
        spectra=tuple(spectra),
        start=start,
        real_time_s=_RECORD_S,
        position=_position(columns, row, line, notes),
        gross_counts=tuple(gross),
        title=f"RECS {printable(row[columns.number])}",
        remarks=(printable("; ".join(rest)),) if rest else (),
    )


def _one_word(cell: str) -> bool:
    return len(cell.split()) == 1


def _position(columns: _Columns, row: list[str], line: int, notes: Notes) -> Position | None:
    fix = columns.find("GPSFix")
    if fix is not None and real(row[fix], "GPSFix", line=line) == 0:
        notes.add("no_fix", "a record has no satellite fix: no position")
        return None
    values = {}
    for name in ("Lat", "Lon", "GAlt"):
        at = columns.find(name)
        values[name] = (
            real(row[at], name, line=line) if at is not None and row[at].strip() else None
        )
    return position_of(values["Lat"], values["Lon"], notes, elevation_m=values["GAlt"])
