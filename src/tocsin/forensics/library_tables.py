"""Libraries and cases from files: strict tables (CSV) and JSON, everything wrong named by its line.

A library is a folder with ``library.json`` (name, stage, realm, provenance) and tables beside it,
one JSON file with its entries inside, or an export of SFCOMPO-2.0 (``library_sfcompo``).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tocsin.errors import InvalidInput, ParseError
from tocsin.forensics.library_entries import Entry, Library, MeasuredValue, combine_results
from tocsin.forensics.library_sfcompo import is_sfcompo_header, sfcompo_library
from tocsin.forensics.library_units import conversion_factor, parse_unit, standard_uncertainty

SCHEMA = "tocsin.library/1"
MAX_BYTES = 64 * 1024 * 1024
REQUIRED_COLUMNS = ("sample", "source", "characteristic", "value", "unit")
OPTIONAL_COLUMNS = (
    *("lot", "class", "uncertainty", "uncertainty_unit", "k", "less_than"),
    *("method", "laboratory", "date"),
)
FACT_PREFIX = "fact_"
_HEAD_KEYS = frozenset({"schema", "name", "stage", "realm", "provenance", "units", "entries"})
_VALUE_KEYS = frozenset({"characteristic", "value", "unit", *OPTIONAL_COLUMNS[2:]})
_ENTRY_KEYS = frozenset({"sample", "source", "lot", "class", "facts", "values"})


def read_library(path: Path) -> Library:
    """Read a library.

    Parameters
    ----------
    path : Path
        A folder with ``library.json`` and ``*.csv``, one ``.json``, or a ``.csv`` in the layout of
        the SFCOMPO-2.0 export.

    Raises
    ------
    ParseError
        With file and line of the first thing that is wrong; nothing is skipped silently.
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        raise ParseError("is neither a file nor a folder", code="absent", file=str(path))
    if path.suffix.lower() == ".json":
        head = read_json(path)
        _only(head, _HEAD_KEYS, file=path.name)
        entries = head.get("entries")
        if not isinstance(entries, list):
            raise ParseError("has no list `entries`", code="layout", file=path.name)
        rows = _json_rows(entries, file=path.name)
        return _assemble(head, rows, file=path.name)
    rows_of_file = _rows(path)
    if rows_of_file and is_sfcompo_header(rows_of_file[0][1]):
        return sfcompo_library(rows_of_file, file=path.name)
    raise ParseError(
        "a table alone does not say what it is: put it into a folder with library.json",
        code="layout",
        file=path.name,
    )


def _read_folder(folder: Path) -> Library:
    tables = sorted(folder.glob("*.csv"))
    if not tables:
        raise ParseError("holds no .csv", code="absent", file=str(folder))
    manifest = folder / "library.json"
    contents = [(table.name, _rows(table)) for table in tables]
    if not manifest.is_file():
        if len(contents) == 1 and contents[0][1] and is_sfcompo_header(contents[0][1][0][1]):
            return sfcompo_library(contents[0][1], file=contents[0][0])
        raise ParseError("holds no library.json", code="absent", file=str(folder))
    head = read_json(manifest)
    _only(head, _HEAD_KEYS - {"entries"}, file="library.json")
    rows = [row for name, table in contents for row in _table_rows(table, file=name)]
    return _assemble(head, rows, file=folder.name)


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object of a file; keys that occur twice, NaN and infinity are refused."""

    def object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ParseError(f"key {key!r} occurs twice", code="layout", file=path.name)
            found[key] = value
        return found

    def no_constant(name: str) -> float:
        raise ParseError(f"{name} is no number", code="value", file=path.name)

    try:
        value = json.loads(
            _text(path), object_pairs_hook=object_without_repeats, parse_constant=no_constant
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise ParseError(f"is no JSON: {error}", code="layout", file=path.name) from error
    if not isinstance(value, dict):
        raise ParseError("holds no JSON object", code="layout", file=path.name)
    return value


def values_of_json(
    items: object, units: Mapping[str, str], *, file: str, where: str
) -> dict[str, MeasuredValue]:
    """Characteristics of one sample from JSON, in the units given (own units where absent)."""
    if not isinstance(items, list) or not items:
        raise ParseError(f"{where} has no list `values`", code="layout", file=file)
    found: dict[str, list[MeasuredValue]] = {}
    for item in items:
        if not isinstance(item, dict):
            raise ParseError(f"a value of {where} is no object", code="layout", file=file)
        _only(item, _VALUE_KEYS, file=file)
        name, value = _measured(item, units, file=file, where=where)
        found.setdefault(name, []).append(value)
    return {name: combine_results(results) for name, results in found.items()}


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise ParseError(f"is larger than {MAX_BYTES} bytes", code="size", file=path.name)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError("is not UTF-8", code="encoding", file=path.name) from error


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """``(line, row)`` of a table with a header; rows of another width are refused."""
    lines = _text(path).splitlines(keepends=True)
    reader = csv.reader(lines, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = next(reader, None)
        if header is None:
            raise ParseError("is empty", code="layout", file=path.name)
        if len(set(header)) != len(header):
            raise ParseError("a column name occurs twice", code="layout", file=path.name)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise ParseError(
                    f"line {reader.line_num} has {len(cells)} cells instead of {len(header)}",
                    code="layout",
                    file=path.name,
                )
            rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise ParseError(str(error), code="layout", file=path.name) from error
    if not rows:
        raise ParseError("holds no row", code="layout", file=path.name)
    return rows


def _only(found: Mapping[str, object], allowed: frozenset[str], *, file: str) -> None:
    extra = sorted(set(found) - allowed)
    if extra:
        raise ParseError(
            f"{extra[0]!r} is not known here: {', '.join(sorted(allowed))}",
            code="layout",
            file=file,
        )


Row = tuple[str, dict[str, Any]]


def _table_rows(rows: list[tuple[int, dict[str, str]]], *, file: str) -> Iterator[Row]:
    header = list(rows[0][1])
    missing = [c for c in REQUIRED_COLUMNS if c not in header]
    extra = [
        c
        for c in header
        if c not in REQUIRED_COLUMNS + OPTIONAL_COLUMNS and not c.startswith(FACT_PREFIX)
    ]
    if missing or extra:
        what = f"lacks column {missing[0]!r}" if missing else f"has unknown column {extra[0]!r}"
        raise ParseError(what, code="layout", file=file)
    for line, row in rows:
        where = f"{file} line {line}"
        found: dict[str, Any] = {k: v for k, v in row.items() if v != ""}
        found["facts"] = {
            k.removeprefix(FACT_PREFIX): found.pop(k)
            for k in list(found)
            if k.startswith(FACT_PREFIX)
        }
        for key in ("value", "uncertainty", "k"):
            if key in found:
                found[key] = _number(found[key], file=file, where=where)
        found["facts"] = {k: _number(v, file=file, where=where) for k, v in found["facts"].items()}
        if "less_than" in found:
            words = {"true": True, "1": True, "false": False, "0": False}
            if found["less_than"].lower() not in words:
                raise ParseError(
                    f"{where}: less_than must be true or false", code="value", file=file
                )
            found["less_than"] = words[found["less_than"].lower()]
        yield where, found


def _json_rows(entries: list[Any], *, file: str) -> Iterator[Row]:
    for number, entry in enumerate(entries, start=1):
        where = f"entry {number}"
        if not isinstance(entry, dict):
            raise ParseError(f"{where} is no object", code="layout", file=file)
        _only(entry, _ENTRY_KEYS, file=file)
        values = entry.get("values")
        if not isinstance(values, list) or not values:
            raise ParseError(f"{where} has no list `values`", code="layout", file=file)
        head = {k: v for k, v in entry.items() if k != "values"}
        facts = head.get("facts", {})
        if not isinstance(facts, dict):
            raise ParseError(f"{where}: facts is no object", code="layout", file=file)
        head["facts"] = {k: _number(v, file=file, where=where) for k, v in facts.items()}
        for value in values:
            if not isinstance(value, dict):
                raise ParseError(f"a value of {where} is no object", code="layout", file=file)
            _only(value, _VALUE_KEYS, file=file)
            yield where, {**head, **value}


def _number(value: object, *, file: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ParseError(f"{where}: {value!r} is no number", code="value", file=file)
    try:
        number = float(value)
    except ValueError:
        raise ParseError(f"{where}: {value!r} is no number", code="value", file=file) from None
    if not math.isfinite(number):
        raise ParseError(f"{where}: {value!r} is no number", code="value", file=file)
    return number


def _measured(
    row: Mapping[str, Any], units: Mapping[str, str], *, file: str, where: str
) -> tuple[str, MeasuredValue]:
    """Name and value of one row, converted to the unit of ``units`` if that has the name."""
    name, unit = (_word(row, key, file=file, where=where) for key in ("characteristic", "unit"))
    if "value" not in row:
        raise ParseError(f"{where}: {name} has no value", code="value", file=file)
    value = _number(row["value"], file=file, where=where)
    less_than = row.get("less_than", False)
    if not isinstance(less_than, bool):
        raise ParseError(f"{where}: less_than must be true or false", code="value", file=file)
    uncertainty_unit = row.get("uncertainty_unit", unit)
    if uncertainty_unit not in (unit, "%"):
        raise ParseError(f"{where}: uncertainty_unit must be % or {unit}", code="value", file=file)
    try:
        factor = conversion_factor(unit, units[name]) if name in units else parse_unit(unit) and 1.0
        stated = row.get("uncertainty")
        u = standard_uncertainty(
            None if stated is None else _number(stated, file=file, where=where),
            relative_percent=uncertainty_unit == "%",
            k=_number(row["k"], file=file, where=where) if "k" in row else None,
            value=value,
        )
        return name, MeasuredValue(
            value * factor,
            None if u is None or less_than else u * factor,
            less_than,
            str(row.get("method", "")),
            str(row.get("laboratory", "")),
            str(row.get("date", "")),
        )
    except InvalidInput as error:
        raise ParseError(f"{where}: {name}: {error}", code="value", file=file) from error


def _word(row: Mapping[str, Any], key: str, *, file: str, where: str) -> str:
    word = row.get(key)
    if not isinstance(word, str) or not word.strip():
        raise ParseError(f"{where}: {key} is missing", code="value", file=file)
    return word.strip()


def _assemble(head: Mapping[str, Any], rows: Iterator[Row] | list[Row], *, file: str) -> Library:
    if head.get("schema") != SCHEMA:
        raise ParseError(f"schema is not {SCHEMA!r}", code="layout", file=file)
    stated = head.get("units", {})
    if not isinstance(stated, dict):
        raise ParseError("units is no object", code="layout", file=file)
    units: dict[str, str] = {str(k): str(v) for k, v in stated.items()}
    samples: dict[str, dict[str, list[MeasuredValue]]] = {}
    heads: dict[str, tuple[str, str, str, dict[str, float]]] = {}
    for where, row in rows:
        sample, source = (_word(row, key, file=file, where=where) for key in ("sample", "source"))
        # A sample without a stated lot is taken to be a lot of its own.
        this = (source, str(row.get("lot") or sample), str(row.get("class", "")), row["facts"])
        if heads.setdefault(sample, this) != this:
            raise ParseError(
                f"{where}: sample {sample!r} has another source, lot, class or fact elsewhere",
                code="value",
                file=file,
            )
        name, value = _measured(row, units, file=file, where=where)
        units.setdefault(name, str(row["unit"]))
        samples.setdefault(sample, {}).setdefault(name, []).append(value)
    combined = sum(len(r) > 1 for s in samples.values() for r in s.values())
    notes = []
    if combined:
        notes.append(f"{combined} characteristics with several results combined (mean of logs)")
    entries = tuple(
        Entry(
            sample,
            *heads[sample][:3],
            {name: combine_results(results) for name, results in values.items()},
            heads[sample][3],
        )
        for sample, values in samples.items()
    )
    try:
        return Library(
            _word(head, "name", file=file, where="library"),
            _word(head, "stage", file=file, where="library"),
            _word(head, "realm", file=file, where="library"),
            _word(head, "provenance", file=file, where="library"),
            units,
            entries,
            tuple(notes),
        )
    except InvalidInput as error:
        raise ParseError(str(error), code="value", file=file) from error
