"""Second look at RadiaCode spectrograms: when each interval began, and in which zone.

Every line carries the time at which its interval ended. The first line of the file names one moment
twice: as local clock time, and as a count of 100 ns since 1601 (UTC); their difference is the zone.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from tocsin.spectra import Record, Recording

_FIRST_LINE = re.compile(
    rb"Spectrogram:[^\r\n]*?\bTime: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
    rb"[^\r\n]*?\bTimestamp: (\d{15,19})\b"
)
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_QUARTER = dt.timedelta(minutes=15)  # zones are whole quarters of an hour
_SLACK = dt.timedelta(minutes=1)
# The second line, a spectrum in hexadecimal, is taken for a comment by some readers.
_NO_COMMENT = "Comment: Spectrum:"


def corrected(recording: Recording, data: bytes) -> Recording:
    """The recording with starts at the beginning of each interval, and aware of their zone."""
    zone = _zone(data)
    return replace(
        recording,
        records=tuple(_begun(record, zone) for record in recording.records),
        remarks=tuple(r for r in recording.remarks if not r.startswith(_NO_COMMENT)),
    )


def _begun(record: Record, zone: dt.tzinfo | None) -> Record:
    if record.start is None or record.real_time_s is None:
        return record
    start = record.start - dt.timedelta(seconds=record.real_time_s)
    return replace(record, start=start if zone is None else start.replace(tzinfo=zone))


def _zone(data: bytes) -> dt.tzinfo | None:
    match = _FIRST_LINE.match(data[:1000])
    if match is None:
        return None
    try:
        clock = dt.datetime.fromisoformat(match[1].decode("ascii"))
        moment = _EPOCH + dt.timedelta(microseconds=int(match[2]) // 10)
    except (ValueError, OverflowError):
        return None
    ahead = clock - moment.replace(tzinfo=None)
    quarters = round(ahead / _QUARTER)
    if abs(ahead - quarters * _QUARTER) > _SLACK or abs(quarters) > 14 * 4:
        return None
    return dt.timezone(quarters * _QUARTER)
