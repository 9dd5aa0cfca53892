"""What no instrument counts: the last look at a recording, whatever reader gave it."""

from __future__ import annotations

from dataclasses import replace

from tocsin.errors import ParseError
from tocsin.formats.notes import Notes
from tocsin.spectra import Recording

_EXACT = 2.0**53  # a double counts no further, and no detector gets there


def believable(recording: Recording) -> Recording:
    """The recording, with a warning where channels hold less than nothing.

    Raises
    ------
    ParseError
        When a channel holds more counts than any instrument can: a damaged number, whose sum would
        be infinite.
    """
    notes = Notes()
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
