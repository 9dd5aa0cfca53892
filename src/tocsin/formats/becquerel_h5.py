"""Own reader of spectra that becquerel (Lawrence Berkeley National Laboratory) stores in HDF5.

Datasets ``counts``, ``bin_edges_raw``, ``bin_edges_kev``, ``uncs``; attributes ``livetime``,
``realtime`` (s), ``start_time``, ``stop_time`` (ISO 8601, usually without a zone) and whatever the
first file had; a group ``energy_cal`` with ``expression`` and ``params``.

References
----------
becquerel, io/h5.py and core/calibration.py.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats.hdf5_file import Hdf5File, Value
from tocsin.formats.limits import Limits
from tocsin.formats.n42_values import MAX_CHANNELS
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import Calibrations, printable
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    Instrument,
    Record,
    Recording,
    Spectrum,
)

_TIMES = frozenset(("livetime", "realtime", "start_time", "stop_time"))
_TERM = re.compile(r"p\[([0-9])\](?:\*x(?:\*\*([0-9]))?)?")
_AGREES = 1e-9


def read_becquerel_h5(data: bytes, limits: Limits) -> Recording:
    """Read a spectrum.

    Raises
    ------
    ParseError
        When the file is no HDF5 of this layout, or a part of it is missing.
    """
    notes = Notes()
    file = Hdf5File(data, max_values=min(limits.max_values, MAX_CHANNELS + 1))
    members = file.root.members
    if "counts" not in members:
        raise ParseError("the HDF5 file holds no dataset 'counts': not a spectrum of becquerel")
    counts = _numbers(file, "counts")
    facts = dict(file.root.attributes)
    for name in _TIMES & members.keys():
        facts[name] = file.dataset(name)
    live, real = _seconds(facts, "livetime"), _seconds(facts, "realtime")
    if live is not None and real is not None and live > real:
        notes.add("lengths_contradict", "the live time is longer than the real time")
    if "uncs" in members and not np.allclose(
        _numbers(file, "uncs"), np.sqrt(np.maximum(counts, 1.0)), rtol=1e-6
    ):
        notes.add(
            "uncertainties_left_out",
            "the file states uncertainties that are not those of counts: not kept",
        )
    start = _moment(facts.get("start_time"), notes)
    if real is None:
        real = _between(start, _moment(facts.get("stop_time"), Notes()), live)
    try:
        spectrum = Spectrum(counts, live, real, _calibration(file, counts.size, notes))
    except InvalidInput as error:
        raise ParseError(f"a spectrum is not readable ({error})") from error
    rest = [
        printable(f"{name}: {_shown(value)}") for name, value in facts.items() if name not in _TIMES
    ]
    return Recording(
        records=(Record((spectrum,), start, real),),
        instrument=Instrument(detectors=(DetectorInfo("", "Gamma"),)),
        warnings=notes.warnings(),
        remarks=tuple(rest),
        file_format="becquerel-h5",
    )


def _numbers(file: Hdf5File, name: str) -> NDArray[np.float64]:
    values = file.dataset(name)
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.size == 0:
        raise ParseError(f"{name!r} is no list of numbers")
    found = values.astype(np.float64)
    if not np.all(np.isfinite(found)):
        raise ParseError(f"{name!r} holds a value that is no finite number")
    return found


def _seconds(facts: dict[str, Value], name: str) -> float | None:
    value = facts.get(name)
    if value is None or (isinstance(value, str) and value in ("", "None")):
        return None
    try:
        seconds = float(np.asarray(value).reshape(-1)[0])
    except (TypeError, ValueError, IndexError) as error:
        raise ParseError(f"{name} is no number of seconds") from error
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ParseError(f"{name} is no number of seconds")
    return seconds


def _moment(value: Value, notes: Notes) -> dt.datetime | None:
    if value is None:
        notes.add("time_missing", "a record has no start time that can be read")
        return None
    try:
        return dt.datetime.fromisoformat(str(value))
    except ValueError:
        notes.add("time_unreadable", "a record has no start time that can be read")
        return None


def _between(
    start: dt.datetime | None, stop: dt.datetime | None, live: float | None
) -> float | None:
    """Real time from start and end, where they can be compared and hold the live time."""
    if start is None or stop is None or (start.tzinfo is None) != (stop.tzinfo is None):
        return None
    seconds = (stop - start).total_seconds()
    return seconds if seconds > 0 and (live is None or seconds >= live) else None


def _calibration(file: Hdf5File, n: int, notes: Notes) -> EnergyCalibration | None:
    """The formula of the file where it gives the file's edges, else the edges."""
    members = file.root.members
    if "bin_edges_kev" not in members:
        notes.add("calibration_missing", "a spectrum has no energy calibration: no energies")
        return None
    edges = _numbers(file, "bin_edges_kev")
    if edges.size != n + 1:
        raise ParseError(f"{edges.size} channel edges for {n} channels", code="truncated")
    if "energy_cal" in members:
        group = file.object(members["energy_cal"])
        if {"expression", "params"} <= group.members.keys():
            formula = str(file.dataset("expression", group))
            terms = _polynomial(formula, file.dataset("params", group))
            if terms is not None:
                plain = Calibrations(notes).polynomial(terms)
                span = max(1.0, float(np.abs(edges).max()))
                if plain is not None and np.allclose(
                    plain.edges_keV(n), edges, rtol=0, atol=_AGREES * span
                ):
                    return plain
    try:
        return EnergyCalibration("lower_channel_edges", tuple(edges.tolist()))
    except InvalidInput:
        notes.add("calibration_unreadable", "an energy calibration cannot be read")
        return None


def _polynomial(formula: str, params: Any) -> tuple[float, ...] | None:
    """Coefficients of ``p[0] + p[1] * x + ...``; None for any other formula."""
    if not isinstance(params, np.ndarray) or not 2 <= params.size <= 8:
        return None
    terms = "".join(formula.split()).split("+")
    if len(terms) != params.size:
        return None
    for power, term in enumerate(terms):
        match = _TERM.fullmatch(term)
        seen = match and (1 if "x" in term and not match[2] else int(match[2] or 0))
        if match is None or int(match[1]) != power or seen != power:
            return None
    return tuple(float(p) for p in params)


def _shown(value: Value) -> str:
    if isinstance(value, list):
        return " | ".join(map(str, value))
    return str(value.tolist() if isinstance(value, np.ndarray) else value)
