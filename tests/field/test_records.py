"""Records from a file and from lines, and their pace."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tocsin.errors import InvalidInput
from tocsin.field.records import from_lines, from_recording, paced
from tocsin.spectra import Record, Recording, SourceType, Spectrum

BEGAN = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


def walk(n: int, length_s: float = 1.0) -> list[Record]:
    return [
        Record(
            spectra=(Spectrum([1, 2, 3], length_s, length_s),),
            start=BEGAN + dt.timedelta(seconds=k * length_s),
            real_time_s=length_s,
        )
        for k in range(n)
    ]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def times(records: list[Record], speed: float) -> list[float]:
    clock = Clock()
    seen = paced(records, speed, clock=clock, sleep=clock.sleep)
    return [round(clock.at - 100.0, 6) for _ in seen]


def test_a_record_comes_at_the_end_of_its_slice() -> None:
    assert times(walk(4), 1.0) == [1.0, 2.0, 3.0, 4.0]
    assert times(walk(4), 10.0) == [0.1, 0.2, 0.3, 0.4]
    assert times(walk(4), 0.0) == [0.0] * 4


def test_a_pause_is_waited_for_and_a_clock_that_runs_backwards_is_not_believed() -> None:
    records = walk(4)
    late = [*records[:2], *walk(10)[7:9]]
    assert times(late, 1.0) == [1.0, 2.0, 8.0, 9.0]
    back = [records[2], records[3], records[0], records[1]]
    assert times(back, 1.0) == [1.0, 2.0, 3.0, 4.0]


def test_a_survey_is_fed_with_its_background_and_all_else_beside_it() -> None:
    series = walk(12)
    long = Record(
        spectra=(Spectrum([5, 5, 5], 300.0, 300.0),),
        real_time_s=300.0,
        source_type=SourceType.BACKGROUND,
    )
    other = Record(real_time_s=1.0, source_type=SourceType.CALIBRATION)
    feed = from_recording(Recording((long, other, *series), realm="SYNTHETIC"))
    assert list(feed.records) == series
    assert feed.background == (long,)
    assert feed.others == (long, other)
    assert feed.realm == "SYNTHETIC"


def test_a_single_spectrum_is_not_replayed() -> None:
    with pytest.raises(InvalidInput, match="no survey"):
        from_recording(Recording((Record(spectra=(Spectrum([1, 2], 60.0, 60.0),)),)))


def test_lines_become_records() -> None:
    lines = [
        json.dumps({"instrument": {"manufacturer": "M", "model": "B", "class": "Backpack"}}),
        "",
        json.dumps(
            {
                "start": "2026-05-01T09:00:00Z",
                "real_time_s": 1.0,
                "live_time_s": 0.9,
                "counts": [0, 3, 1],
                "calibration_keV": [0, 3.0],
                "latitude": 46.2,
                "longitude": -119.0,
                "neutrons": 2,
                "dose_rate_uSv_h": 0.1,
            }
        ),
    ]
    feed = from_lines(lines)
    assert (feed.instrument.model, feed.instrument.instrument_class) == ("B", "Backpack")
    (record,) = feed.records
    assert record.start == BEGAN
    assert record.spectra[0].counts.tolist() == [0, 3, 1]
    assert record.spectra[0].is_calibrated
    assert record.neutron_counts == 2
    assert record.position is not None
    assert record.position.latitude_deg == 46.2


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[1]",
        "{}",
        '{"counts": "many"}',
        '{"counts": [NaN]}',
        '{"counts": [[1, 2]]}',
        '{"counts": [1], "real_time_s": -1}',
        '{"counts": [1], "calibration_keV": [1]}',
        '{"counts": [1], "neutrons": 1e999}',
        "[" * 2000,
    ],
)
def test_a_bad_line_is_told_and_stops_nothing(line: str) -> None:
    feed = from_lines(['{"counts": [1, 2]}', line, '{"counts": [3]}'])
    records = list(feed.records)
    assert [r.total_counts for r in records] == [3, 3]
    assert len(feed.refused) == 1
    assert feed.refused[0].startswith("record 2: ")


def test_counts_are_not_lost_because_clock_or_receiver_are_wrong() -> None:
    feed = from_lines(
        [
            '{"counts": [1], "start": "yesterday"}',
            '{"counts": [1], "start": 12}',
            '{"counts": [1], "latitude": 91, "longitude": 0}',
            '{"counts": [1], "start": "2016-12-31T23:59:60Z"}',
        ]
    )
    text, number, place, leap = feed.records
    assert (text.start, text.remarks) == (None, ("start cannot be read: yesterday",))
    assert number.remarks == ("start cannot be read: 12",)
    assert (place.position, place.remarks) == (None, ("position cannot be: 91 0",))
    assert leap.start == dt.datetime(2016, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert feed.refused == []
