"""From the bytes of a file to an answer, without a database: read in the sandbox, then analysed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detection import Analysis, AnalysisSettings, DetectorSettings, analyze
from tocsin.detection.analysis import EncounterSpectrum
from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import default_reader
from tocsin.report import render_geojson
from tocsin.report.inert import inert
from tocsin.report.timeline import times_s
from tocsin.server.measurements.records import Axis, Part, axis_of, packed, parts_of
from tocsin.spectra import Recording

Progress = Callable[[int, int], None]
FloatArray = NDArray[np.float64]

# A recording that says it was computed or played must not become an alarm of the real world.
REAL = frozenset({"LIVE", "PUBLIC"})


class Unanswerable(ValueError):
    """No answer can be given; ``code`` and text say why, for people.

    Parameters
    ----------
    code : str
        Stable and machine-readable: a code of the reader, ``realm``, or ``invalidinput``.
    message : str
        What is wrong and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Answer:
    """What one analysis of one recording gives.

    Parameters
    ----------
    analysis : Analysis
        As the science gives it, with the realm of the row.
    json : dict
        The contract ``tocsin.analysis/1``.
    statistic_name : str
        What the detector's statistic is called; empty where it was not run.
    threshold : float, optional
        What it had to exceed.
    arrays : bytes
        NPZ: ``background_cps`` and ``statistic`` for each record, and the spectra behind the
        encounters; see :func:`spectra_behind`.
    geojson : str
        The encounters for a map.
    """

    analysis: Analysis
    json: dict[str, Any]
    statistic_name: str
    threshold: float | None
    arrays: bytes
    geojson: str


def read_recording(content: bytes, name: str) -> Recording:
    """Read a file in the sandbox.

    Raises
    ------
    Unanswerable
        With the reader's own code; the bytes stay where they are kept.
    """
    try:
        return default_reader().read_bytes(content, file_name=name)
    except ParseError as error:
        raise Unanswerable(error.code, error.reason) from error


def kind_of(recording: Recording) -> str:
    """``survey``, ``static``, or ``track`` where no record holds a spectrum or a count."""
    if not any(r.spectra or r.gross_counts for r in recording.measured):
        return "track"
    return recording.kind


def check_realm(recording: Recording, realm: str) -> None:
    """Refuse what was computed or played where real measurements belong.

    Raises
    ------
    Unanswerable
        With code ``realm``.
    """
    if realm in REAL and recording.realm not in REAL:
        raise Unanswerable(
            "realm",
            f"the file says that it belongs to the realm {recording.realm}: it is no measurement "
            f"of the realm {realm}. Work in the realm of the file and upload it there.",
        )


def answer(
    recording: Recording,
    *,
    realm: str,
    background: Recording | None = None,
    false_alarm_rate_per_h: float | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Analyse a recording.

    Parameters
    ----------
    recording : Recording
        As read.
    realm : str
        Realm of the row that the answer is for.
    background : Recording, optional
        Of the same instrument, without a source.
    false_alarm_rate_per_h : float, optional
        Another nominal rate of false alarms for a survey.
    progress : callable, optional
        Called with records done and all records.

    Raises
    ------
    Unanswerable
        If the recording holds nothing that can be analysed.
    """
    detector = DetectorSettings()
    if false_alarm_rate_per_h is not None:
        detector = dataclasses.replace(detector, false_alarm_rate_per_h=false_alarm_rate_per_h)
    try:
        found = analyze(
            recording,
            background=background,
            settings=AnalysisSettings(detector=detector),
            progress=progress,
        )
    except InvalidInput as error:
        raise Unanswerable("invalidinput", inert(error)) from error
    found = dataclasses.replace(found, realm=realm)
    strip = found.strip
    run = strip is not None and strip.threshold > 0
    return Answer(
        analysis=found,
        json=found.to_json(),
        statistic_name="largest of spectrum, rate and neutrons" if run else "",
        threshold=float(strip.threshold) if strip is not None and run else None,
        arrays=_arrays(found, run=run),
        geojson=render_geojson(found),
    )


def _arrays(found: Analysis, *, run: bool) -> bytes:
    arrays: dict[str, NDArray[np.generic]] = {}
    if found.strip is not None and run:
        arrays["background_cps"] = found.strip.background_rate_cps.astype(np.float32)
        arrays["statistic"] = found.strip.statistic.astype(np.float32)
    spectra = [e.spectrum for e in found.encounters]
    if found.kind == "static":
        spectra = [found.spectrum]
    for number, spectrum in enumerate(spectra):
        if spectrum is not None and spectrum.background_counts.any():
            arrays |= _spectrum_arrays(number, spectrum)
    return packed(arrays)


def _spectrum_arrays(number: int, spectrum: EncounterSpectrum) -> dict[str, NDArray[np.generic]]:
    return {
        f"edges_keV_{number}": spectrum.edges_keV,
        f"background_{number}": spectrum.background_counts,
        f"live_s_{number}": np.array([spectrum.live_time_s]),
    }


@dataclass(frozen=True, slots=True)
class Background:
    """Background behind an encounter, in the encounter's live time."""

    edges_keV: FloatArray
    counts: FloatArray
    live_time_s: float


def background_behind(arrays: dict[str, NDArray[np.generic]], number: int) -> Background | None:
    """Background of the encounter with a zero-based number (0: of a static recording)."""
    if f"background_{number}" not in arrays:
        return None
    return Background(
        arrays[f"edges_keV_{number}"].astype(np.float64),
        arrays[f"background_{number}"].astype(np.float64),
        float(arrays[f"live_s_{number}"][0]),
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """Records of a recording as they are kept, and what lists show of it."""

    kind: str
    axis: Axis
    parts: tuple[Part, ...]
    records: int
    places: tuple[int, ...]
    """See :func:`places_of`."""


def stored(recording: Recording, found: Analysis) -> Stored:
    """The measured records as arrays."""
    records = recording.measured
    axis = axis_of(records)
    time_s = times_s(found, records)
    return Stored(
        kind=kind_of(recording),
        axis=axis,
        parts=tuple(parts_of(records, time_s, axis)),
        records=len(records),
        places=places_of(recording),
    )


def places_of(recording: Recording) -> tuple[int, ...]:
    """Of a static recording the number of each measured record among all records of the file.

    The answer counts all records of a static file and the measured ones of a survey; what is kept
    are the measured ones.
    """
    if recording.kind == "survey":
        return ()
    chosen = {id(r) for r in recording.measured}
    return tuple(i for i, r in enumerate(recording.records) if id(r) in chosen)


def finite(value: float | None) -> float | None:
    """The value, or None where it is no number."""
    return None if value is None or not math.isfinite(value) else float(value)
