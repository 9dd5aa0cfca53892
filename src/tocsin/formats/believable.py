"""What no instrument counts: the last look at a recording, whatever reader gave it."""

from __future__ import annotations

from dataclasses import replace

from tocsin.errors import ParseError
from tocsin.formats.notes import Notes
from tocsin.spectra import Record, Recording

_EXACT = 2.0**53  # a double counts no further, and no detector gets there
LONGEST_S = 1e12
"""Thirty thousand years: longer than any clock of an instrument runs."""


def believable(recording: Recording) -> Recording:
    """The recording, with a warning where channels hold less than nothing or a time is endless.

    A real or live time of thirty thousand years and more, as a simulation of an overloaded
    instrument writes it, is left out: the counts are as good as without it.

    Raises
    ------
    ParseError
        When a channel holds more counts than any instrument can: a damaged number, whose sum would
        be infinite.
    """
    notes = Notes()
    recording = replace(
        recording,
        records=tuple(_within_time(r, notes) for r in recording.records),
        derived=tuple(_within_time(r, notes) for r in recording.derived),
    )
    for where, records in (("record", recording.records), ("derived record", recording.derived)):
        for at, record in enumerate(records):
            for spectrum in record.spectra:
                if spectrum.counts.size == 0:
                    continue
                low, high = float(spectrum.counts.min()), float(spectrum.counts.max())
                if max(-low, high) >= _EXACT:
                    raise ParseError(f"{where} {at} has a channel with more than 2**53 counts")
                if where == "record" and low < 0:
                    notes.add(
                        "counts_negative",
                        f"record {at} has channels below zero: a difference, or damaged",
                    )
    found = notes.warnings()
    return replace(recording, warnings=recording.warnings + found) if found else recording


def _within_time(record: Record, notes: Notes) -> Record:
    """The record without times that no clock shows."""
    times = [record.real_time_s]
    times += [t for s in record.spectra for t in (s.real_time_s, s.live_time_s)]
    if all(t is None or t < LONGEST_S for t in times):
        return record
    notes.add("duration_endless", "a real or live time of over thirty thousand years is left out")
    return replace(
        record,
        real_time_s=_kept(record.real_time_s),
        spectra=tuple(
            replace(s, real_time_s=_kept(s.real_time_s), live_time_s=_kept(s.live_time_s))
            for s in record.spectra
        ),
    )


def _kept(time_s: float | None) -> float | None:
    return time_s if time_s is None or time_s < LONGEST_S else None
