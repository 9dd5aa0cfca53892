"""Records as kept arrays: what comes back is what the instrument wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.server.measurements.conftest import NATURAL, SURVEY

from tocsin.errors import InvalidInput
from tocsin.formats import read
from tocsin.server.measurements.records import (
    COLUMNS,
    PART_RECORDS,
    Axis,
    axis_of,
    narrowest,
    packed,
    packed_table,
    parts_of,
    table_of,
    unpacked,
    unpacked_table,
)
from tocsin.spectra import (
    EnergyCalibration,
    GrossCounts,
    Position,
    Record,
    Recording,
    Spectrum,
)


def kept(recording: Recording) -> tuple[dict[str, np.ndarray], np.ndarray]:
    records = recording.measured
    parts = list(parts_of(records, np.arange(float(len(records))), axis_of(records)))
    assert [p.first_record for p in parts] == list(range(0, len(records), PART_RECORDS))
    summaries = [unpacked(p.summary) for p in parts]
    columns = {n: np.concatenate([s[n] for s in summaries]) for n in summaries[0]}
    counts = [unpacked(p.spectra)["counts"].astype(float) for p in parts if p.spectra]
    return columns, np.concatenate(counts) if counts else np.zeros((0, 0))


@pytest.mark.parametrize("name", [SURVEY, NATURAL])
def test_real_surveys_come_back_channel_by_channel(recordings: Path, name: str) -> None:
    recording = read(recordings / name)
    columns, counts = kept(recording)
    for number, record in enumerate(recording.measured):
        expected = np.sum([s.counts for s in record.spectra], axis=0)
        assert np.array_equal(counts[number], expected)
        assert columns["gross"][number] == record.total_counts
        assert columns["live_s"][number] == record.live_time_s
        assert columns["neutron"][number] == record.neutron_counts
        assert record.position is not None
        assert columns["latitude"][number] == record.position.latitude_deg


def spectrum(counts: list[float], gain: float | None, live_s: float = 1.0) -> Spectrum:
    scale = None if gain is None else EnergyCalibration.polynomial((0.0, gain))
    return Spectrum(np.array(counts), live_time_s=live_s, calibration=scale)


def test_channels_of_another_crystal_move_as_a_whole_and_keep_their_counts() -> None:
    first = spectrum([0, 1, 2, 3], 100.0)
    double = spectrum([10, 20], 200.0)  # centres at 100 and 300 keV: channels 1 and 3
    beyond = spectrum([1, 1, 1, 1, 7, 7], 100.0)
    _columns, counts = kept(Recording((Record((first, double, beyond)),)))
    assert counts.tolist() == [[1, 12, 3, 24]]


def test_without_a_calibration_channels_are_added_by_number() -> None:
    records = (Record((spectrum([1, 2], None), spectrum([1, 1, 5], None))),)
    assert axis_of(records).edges_keV is None
    _columns, counts = kept(Recording(records))
    assert counts.tolist() == [[2, 3, 5]]


def test_what_has_no_calibration_beside_calibrated_spectra_is_left_out() -> None:
    records = (Record((spectrum([1, 2, 3], 100.0), spectrum([9, 9, 9], None))),)
    _columns, counts = kept(Recording(records))
    assert counts.tolist() == [[1, 2, 3]]


def test_what_is_missing_is_no_zero() -> None:
    bare = Record(gross_counts=(GrossCounts("n", 3.0),))
    placed = Record((spectrum([1, 2, 3], 100.0),), position=Position(46.2, 119.2))
    columns, counts = kept(Recording((bare, placed)))
    assert np.isnan(columns["gross"][0])
    assert np.isnan(columns["latitude"]).tolist() == [True, False]
    assert columns["neutron"][0] == 3.0
    assert np.isnan(columns["neutron"][1])
    assert counts.sum() == 6


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 255], np.uint8),
        ([0, 256], np.uint16),
        ([0, 65_536], np.uint32),
        ([0, 2.0**32], np.float64),
        ([0.5, 1], np.float64),
        ([-1, 1], np.float64),
    ],
)
def test_the_smallest_type_that_holds_the_numbers_exactly(
    values: list[float], kind: type[np.generic]
) -> None:
    held = narrowest(np.array(values, dtype=np.float64))
    assert held.dtype == kind
    assert held.tolist() == values


@pytest.mark.parametrize("spoil", [lambda b: b[:-20], lambda b: b"", lambda b: b"PK" + b[2:40]])
def test_damaged_arrays_are_said_to_be_damaged(spoil: object) -> None:
    blob = packed({"counts": np.arange(5)})
    with pytest.raises(InvalidInput, match="damaged"):
        unpacked(spoil(blob))  # type: ignore[operator]


def test_an_array_of_objects_is_never_read() -> None:
    import io

    out = io.BytesIO()
    np.savez(out, counts=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidInput):
        unpacked(out.getvalue())


def test_columns_of_a_few_records_come_back_and_those_of_before_are_read(
    recordings: Path,
) -> None:
    some = read(recordings / SURVEY).measured[:10]
    (part,) = parts_of(some, np.arange(10.0), Axis(0, None))
    table = packed_table(table_of(some, np.arange(10.0)))
    assert len(table) < len(part.summary)
    now, before = unpacked_table(table), unpacked_table(part.summary)
    assert list(now) == list(before) == list(COLUMNS)
    for name, column in now.items():
        assert column.dtype == before[name].dtype == np.float64
        assert np.array_equal(column, before[name], equal_nan=True)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x93NUMPY",
        packed_table(np.zeros((len(COLUMNS), 3)))[:-1],
        packed_table(np.zeros((len(COLUMNS) + 1, 3))),
        packed_table(np.zeros(len(COLUMNS))),
        packed_table(np.zeros((len(COLUMNS), 3), dtype=np.float32)),  # type: ignore[arg-type]
    ],
)
def test_columns_that_are_damaged_are_said_to_be(blob: bytes) -> None:
    with pytest.raises(InvalidInput, match="stored"):
        unpacked_table(blob)
