"""A recording as one plain table, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io

from tocsin.spectra import Record, Recording

COLUMNS = (
    "record",
    "start",
    "real_time_s",
    "live_time_s",
    "source_type",
    "latitude_deg",
    "longitude_deg",
    "elevation_m",
    "gamma_counts",
    "neutron_counts",
    "count_rate_cps",
    "dose_rate_uSv_h",
    "detector",
)
# A cell that begins like this is a formula to a spreadsheet program.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def write_csv(recording: Recording) -> bytes:
    """Write the measured records as a table: UTF-8, commas, one row per record and detector.

    The columns are ``record`` (zero-based), ``start`` (ISO 8601 as written by the instrument),
    ``real_time_s``, ``live_time_s``, ``source_type``, ``latitude_deg``, ``longitude_deg``,
    ``elevation_m``, ``gamma_counts`` (sum of the row's channels; of a record without a spectrum
    the counts that are not of neutrons), ``neutron_counts``, ``count_rate_cps`` and
    ``dose_rate_uSv_h`` (of the whole record, in its first row only, so that sums are right),
    ``detector``, then ``channel_0``, ``channel_1`` and so on. A record without a spectrum has one
    row without channels. Derived records and energy calibrations are not written: use N42 where
    nothing may be lost.

    Parameters
    ----------
    recording : Recording
        The records to write; an empty recording gives the header alone.

    Returns
    -------
    bytes
        The table, lines ended by CR LF (RFC 4180).
    """
    n = max((s.n_channel for r in recording.records for s in r.spectra), default=0)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow([*COLUMNS, *(f"channel_{c}" for c in range(n))])
    for number, record in enumerate(recording.records):
        _rows(table, number, record)
    return out.getvalue().encode("utf-8")


def _rows(table: object, number: int, record: Record) -> None:
    p = record.position
    dose = [d.dose_rate_uSv_h for d in record.dose_rates]
    place = ("", "", "") if p is None else (p.latitude_deg, p.longitude_deg, _cell(p.elevation_m))
    rates = [r.count_rate_cps for r in record.count_rates]
    whole: tuple[object, object, object] = (
        _cell(record.neutron_counts),
        _cell(max(rates, default=None)),
        _cell(max(dose, default=None)),
    )
    start = "" if record.start is None else record.start.isoformat()
    for spectrum in record.spectra or (None,):
        real, live, detector = record.real_time_s, None, ""
        total = None if record.spectra else record.other_counts
        channels: list[float] = []
        if spectrum is not None:
            real = spectrum.real_time_s if spectrum.real_time_s is not None else real
            live, total = spectrum.live_time_s, spectrum.total
            detector, channels = spectrum.detector, spectrum.counts.tolist()
        table.writerow(  # type: ignore[attr-defined]
            [
                number,
                start,
                _cell(real),
                _cell(live),
                record.source_type.value,
                *place,
                _cell(total),
                *whole,
                _text(detector),
                *channels,
            ]
        )
        whole = ("", "", "")


def _cell(value: float | None) -> float | int | str:
    """Empty for "not stated"; whole numbers without a point."""
    if value is None:
        return ""
    return int(value) if float(value).is_integer() and abs(value) < 1 << 53 else value


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
