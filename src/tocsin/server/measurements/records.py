"""A recording as arrays that can be read again without parsing: summary columns and spectra.

Records are kept in parts of a few minutes, so that a page which shows some of them reads no more
than those. Each part is a compressed NPZ without pickles.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.spectra import EnergyCalibration, Record, Spectrum

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.generic]

PART_RECORDS = 256
COLUMNS = (
    "t_s",
    "live_s",
    "real_s",
    "gross",
    "count_rate_cps",
    "neutron",
    "dose_rate_uSv_h",
    "latitude",
    "longitude",
)


@dataclass(frozen=True, slots=True)
class Axis:
    """Channels that all spectra of a measurement are shown on.

    Parameters
    ----------
    channels : int
        Number of channels; zero where the recording holds no spectrum.
    edges_keV : (channels + 1,) float, optional
        Channel edges of the first calibrated spectrum; None where no spectrum is calibrated.
    """

    channels: int
    edges_keV: FloatArray | None


@dataclass(frozen=True, slots=True)
class Part:
    """Some records in a row.

    Parameters
    ----------
    first_record, records : int
        Number of the first, and how many.
    summary : bytes
        NPZ with one array for each of ``COLUMNS``; NaN where the instrument wrote nothing.
    spectra : bytes
        NPZ with ``counts`` of shape (records, channels), all crystals together; empty bytes where
        the recording holds no spectrum.
    """

    first_record: int
    records: int
    summary: bytes
    spectra: bytes


def axis_of(records: Sequence[Record]) -> Axis:
    """The axis of the first calibrated spectrum; channel numbers where there is none."""
    most = 0
    for record in records:
        for spectrum in record.spectra:
            if spectrum.n_channel > 1 and spectrum.is_calibrated:
                return Axis(spectrum.n_channel, spectrum.edges_keV)
            most = max(most, spectrum.n_channel)
    return Axis(most if most > 1 else 0, None)


def parts_of(records: Sequence[Record], time_s: FloatArray, axis: Axis) -> Iterator[Part]:
    """The records in parts.

    Parameters
    ----------
    records : sequence of Record
        In the order of time.
    time_s : (n,) float
        Seconds from the first record to the start of each.
    axis : Axis
        Whole channels of other crystals or calibrations are moved to the channel of this axis in
        which their centre lies, never split: counts stay as the instrument wrote them. What lies
        outside, and spectra without a calibration beside calibrated ones, is left out.
    """
    places = _Places(axis)
    for first in range(0, len(records), PART_RECORDS):
        some = records[first : first + PART_RECORDS]
        table = table_of(some, time_s[first : first + len(some)])
        columns = dict(zip(COLUMNS, table, strict=True))
        spectra = b""
        if axis.channels:
            counts = np.zeros((len(some), axis.channels))
            for row, record in enumerate(some):
                for spectrum in record.spectra:
                    places.add(counts[row], spectrum)
            spectra = packed({"counts": narrowest(counts)})
        yield Part(first, len(some), packed(columns), spectra)


def table_of(records: Sequence[Record], time_s: FloatArray) -> FloatArray:
    """The summary columns.

    Parameters
    ----------
    records : sequence of Record
        In the order of time.
    time_s : (n,) float
        Seconds from the first record to the start of each.

    Returns
    -------
    (len(COLUMNS), n) float
        A row for each of ``COLUMNS``; NaN where the instrument wrote nothing.
    """
    table = np.full((len(COLUMNS), len(records)), np.nan)
    table[0] = time_s
    for column, record in enumerate(records):
        place = record.position
        values = (
            record.live_time_s,
            record.real_time_s,
            record.total_counts if record.spectra else record.other_counts,
            max((c.count_rate_cps for c in record.count_rates), default=None),
            record.neutron_counts,
            max((d.dose_rate_uSv_h for d in record.dose_rates), default=None),
            None if place is None else place.latitude_deg,
            None if place is None else place.longitude_deg,
        )
        for row, value in enumerate(values, start=1):
            if value is not None and math.isfinite(value):
                table[row, column] = value
    return table


class _Places:
    """Where the channels of each calibration go on the axis."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self._known: dict[tuple[EnergyCalibration | None, int], NDArray[np.int64] | None] = {}

    def add(self, row: FloatArray, spectrum: Spectrum) -> None:
        """Add a spectrum to a row of the table."""
        n = spectrum.n_channel
        key = (spectrum.calibration, n)
        if key not in self._known:
            self._known[key] = self._places(spectrum)
        places = self._known[key]
        if places is None:
            row[:n] += spectrum.counts
            return
        inside = places >= 0
        row += np.bincount(
            places[inside], weights=spectrum.counts[inside], minlength=self._axis.channels
        )

    def _places(self, spectrum: Spectrum) -> NDArray[np.int64] | None:
        """Place on the axis of each channel, -1 where it lies outside; None: one by one."""
        edges = self._axis.edges_keV
        if edges is None:
            return None
        if not spectrum.is_calibrated:
            return np.full(spectrum.n_channel, -1)
        own = spectrum.edges_keV
        if np.array_equal(own, edges):
            return None
        centre = 0.5 * (own[1:] + own[:-1])
        places = np.searchsorted(edges, centre, side="right") - 1
        places[places >= self._axis.channels] = -1
        return places.astype(np.int64)


def narrowest(counts: FloatArray) -> CountArray:
    """The same numbers in the smallest type that holds them exactly."""
    top = float(counts.max(initial=0.0))
    if counts.min(initial=0.0) >= 0 and np.array_equal(counts, np.rint(counts)):
        for kind in (np.uint8, np.uint16, np.uint32):
            if top <= np.iinfo(kind).max:
                return counts.astype(kind)
    return counts


def packed(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as a compressed NPZ."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def unpacked(blob: bytes | memoryview) -> dict[str, NDArray[np.generic]]:
    """Arrays of a compressed NPZ.

    Raises
    ------
    InvalidInput
        If the bytes are not what :func:`packed` wrote.
    """
    try:
        with np.load(io.BytesIO(bytes(blob)), allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InvalidInput("stored arrays are damaged") from error


def packed_table(table: FloatArray) -> bytes:
    """The summary columns of a few records as one plain NPY: no more bytes than they have."""
    out = io.BytesIO()
    np.save(out, table, allow_pickle=False)
    return out.getvalue()


def unpacked_table(blob: bytes | memoryview) -> dict[str, FloatArray]:
    """The columns of a table, or of the NPZ that was written in its place before.

    Raises
    ------
    InvalidInput
        If the bytes are neither.
    """
    raw = bytes(blob)
    if not raw.startswith(np.lib.format.MAGIC_PREFIX):
        return {name: column.astype(np.float64) for name, column in unpacked(raw).items()}
    try:
        table = np.load(io.BytesIO(raw), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInput("stored columns are damaged") from error
    if table.ndim != 2 or len(table) != len(COLUMNS) or table.dtype != np.float64:
        raise InvalidInput("stored columns are not those that are known")
    return dict(zip(COLUMNS, table, strict=True))
