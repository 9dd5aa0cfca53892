"""RadiaCode, bGeigie and AtomFast: tracks of rates, and logs of cumulative spectra."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from attacks import field
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ParseError
from tocsin.formats import Limits
from tocsin.formats.own_readers import read_own, reader_for
from tocsin.spectra import Record, Recording

LIMITS = Limits()
START = dt.datetime.fromtimestamp(field.START_S, tz=dt.UTC)
rates = st.lists(st.integers(0, 100_000).map(lambda c: c / 64), min_size=1, max_size=12)
totals = st.lists(st.lists(st.integers(0, 500), min_size=4, max_size=4), min_size=2, max_size=8)


def read(data: str | bytes) -> Recording:
    """Read in this process; the two counts of parts must agree."""
    raw = data.encode() if isinstance(data, str) else data
    own = reader_for(raw)
    assert own is not None
    recording, expected, found = read_own(own, raw, LIMITS)
    assert expected == found
    return recording


def codes(recording: Recording) -> list[str]:
    return [w.code for w in recording.warnings]


def shown(recording: Recording) -> list[float]:
    return [r.count_rates[0].count_rate_cps for r in recording.records]


# ------------------------------------------------------------------------- RadiaCode tracks


@settings(max_examples=40, deadline=None)
@given(rates, st.booleans())
def test_rates_come_back_in_the_order_of_time(made: list[float], shuffled: bool) -> None:
    assert shown(read(field.track_json(made, shuffled=shuffled))) == made
    assert shown(read(field.track_text(made))) == pytest.approx(made, rel=1e-5)


def test_track_text_values() -> None:
    recording = read(field.track_text(local_hours=2))
    first, second, _ = recording.records
    assert first.start == START
    assert first.start is not None
    assert first.start.utcoffset() == dt.timedelta(hours=2)
    assert second.start == START + dt.timedelta(seconds=5)
    assert first.position is not None
    assert first.position.accuracy_m == 3.5
    assert first.dose_rates[0].dose_rate_uSv_h == 1.5  # 150 microroentgen per hour
    assert first.real_time_s is None
    assert first.spectra == ()
    assert recording.instrument.model == "RadiaCode-102"
    assert recording.instrument.serial == "RC-102-000001"
    assert recording.remarks == ("a walk", "EC")


def test_track_text_of_later_editions() -> None:
    lines = field.track_text().splitlines()
    lines[1] = lines[1].replace("Accuracy", "Altitude\tAccuracy\tTemperature")
    body = [line.replace("\t8.5\t", "\t8.5\t431.5\t").split("\t") for line in lines[2:]]
    later = "\n".join(
        [*lines[:2], *("\t".join([*cells[:6], "21.5", *cells[6:]]) for cells in body)]
    )
    record = read(later).records[0]
    assert record.position is not None
    assert record.position.elevation_m == 431.5
    assert record.remarks == ("Temperature 21.5",)


def test_units_of_track_json() -> None:
    def dose(sv: bool | None) -> float:
        return read(field.track_json(sv=sv)).records[0].dose_rates[0].dose_rate_uSv_h

    assert (dose(None), dose(True), dose(False)) == (0.015, 0.015, pytest.approx(0.00015))


def test_markers_out_of_order_are_sorted_and_said() -> None:
    shuffled = read(field.track_json(shuffled=True))
    assert codes(shuffled) == ["out_of_order"]
    assert shuffled.records == read(field.track_json()).records


@pytest.mark.parametrize("name", ["date", "lat", "lon", "countRate", "doseRate"])
def test_a_marker_without_a_value_is_refused(name: str) -> None:
    document = json.loads(field.track_json())
    del document["markers"][1][name]
    with pytest.raises(ParseError, match=rf"marker 1 has no {name}|understands"):
        read(json.dumps(document))


@pytest.mark.parametrize("value", ["NaN", "1e999", "true", "null", '"5"', "[1]"])
def test_a_marker_with_a_value_that_is_no_number_is_refused(value: str) -> None:
    text = field.track_json().replace('"countRate": 1.75', f'"countRate": {value}')
    with pytest.raises(ParseError):
        read(text)


# ------------------------------------------------------------------------------- poll logs


@settings(max_examples=60, deadline=None)
@given(totals)
def test_spectra_are_differences(steps: list[list[int]]) -> None:
    running = [[sum(s[c] for s in steps[: n + 1]) for c in range(4)] for n in range(len(steps))]
    recording = read(field.poll_log(running))
    found = [r.spectra[0].counts.tolist() for r in recording.records]
    assert found == [[0, 0, 0, 0], *steps[1:]]
    assert [r.real_time_s for r in recording.records] == [0.0] + [1.0] * (len(steps) - 1)
    assert recording.derived[0].spectra[0].counts.tolist() == steps[0]
    assert recording.derived[0].real_time_s == 10.0


def test_poll_log_values() -> None:
    recording = read(field.poll_log())
    _first, second, third, _ = recording.records
    assert third.start == START + dt.timedelta(seconds=1)
    assert third.position is not None
    assert third.position.time == START + dt.timedelta(seconds=1)  # nearest to 1.5 s, the earlier
    assert third.speed_m_s == 1.25
    assert third.dose_rates[0].dose_rate_uSv_h == pytest.approx(0.1)
    assert third.count_rates[0].count_rate_cps == 5.5
    assert third.spectra[0].calibration is not None
    assert third.spectra[0].calibration.coefficients == (0.0, 2.5, 0.001)
    assert third.spectra[0].calibration is second.spectra[0].calibration
    assert codes(recording) == ["length_unknown", "total_before"]
    assert recording.remarks == (
        "lines of the log: 3 readings of type RealTimeData, 3 satellite fixes, 4 spectra",
    )


def test_a_reset_begins_anew() -> None:
    recording = read(
        field.poll_log([[100, 5], [110, 9], [2, 3], [4, 3]], durations=[50.0, 51.0, 1.0, 2.0])
    )
    assert [r.spectra[0].counts.tolist() for r in recording.records][1:] == [
        [10, 4],
        [2, 3],
        [2, 0],
    ]
    assert "counter_reset" in codes(recording)


def test_silence_after_a_high_rate_is_no_calm() -> None:
    high = read(field.poll_log([[0, 0], [500, 500], [500, 500], [501, 500]]))
    assert codes(high)[-1] == "overload"
    assert high.records[2].remarks == (
        "no counts while the clock ran: overload or drop-out, not calm",
    )
    low = read(field.poll_log([[0, 0], [5, 5], [5, 5], [6, 5]]))
    assert "overload" not in codes(low)


def test_clocks_that_part_are_said() -> None:
    recording = read(field.poll_log([[0], [5], [9]], durations=[0.0, 1.0, 600.0]))
    assert recording.records[2].real_time_s == 599.0
    assert "clocks_differ" in codes(recording)


def test_one_total_alone_is_the_spectrum() -> None:
    (record,) = read(field.poll_log([[5, 6, 7]])).records
    assert record.spectra[0].counts.tolist() == [5, 6, 7]
    assert record.real_time_s == 10.0


def test_a_log_of_readings_alone_is_a_track() -> None:
    lines = field.poll_log().splitlines()
    track = read("\n".join(line for line in lines if "counts" not in line))
    assert shown(track) == [5.5, 5.5, 5.5]
    assert all(r.position is not None for r in track.records)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"counts": [5, 5, 5]', '"counts": [5, -5, 5]'),
        ('"counts": [5, 5, 5]', '"counts": [5, 5.5, 5]'),
        ('"counts": [5, 5, 5]', '"counts": [5, true, 5]'),
        ('"counts": [5, 5, 5]', '"counts": []'),
        ('"duration": 10.0', '"duration": -10.0'),
        ('"duration": 10.0', '"duration": NaN'),
        ('"duration": 10.0', '"duration": 1e300'),
        ('"timestamp": 1700000000', '"timestamp": 1e200'),
        ('"calibration": [0.0', '"calibration": ["0.0"'),
        ('"duration": 10.0', '"duration": 10.0, "duration": 11.0'),
    ],
)
def test_lines_that_cannot_be_read_are_refused(old: str, new: str) -> None:
    with pytest.raises(ParseError):
        read(field.poll_log().replace(old, new, 1))


# -------------------------------------------------------------------------------- bGeigie


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=11))
def test_counts_of_a_log_come_back(made: list[int]) -> None:
    recording = read(field.bgeigie(made))
    assert [r.gross_counts[0].counts for r in recording.records] == made


def test_bgeigie_values() -> None:
    recording = read(field.bgeigie(place="4715.3000,S,00830.6000,W"))
    first = recording.records[0]
    assert first.start == dt.datetime(2024, 3, 1, 11, 59, 55, tzinfo=dt.UTC)  # 5 s before the stamp
    assert (first.real_time_s, first.gross_counts[0].live_time_s) == (5.0, 5.0)
    assert first.gross_counts[0].kind == "gamma"
    assert first.position is not None
    assert first.position.latitude_deg == pytest.approx(-47.255)
    assert first.position.longitude_deg == pytest.approx(-8.51)
    assert first.position.elevation_m == 450.5
    assert first.remarks == ("counts in 60 s 36 (A), total 3, satellites 7, HDOP 1.3",)
    assert recording.instrument.serial == "BNRDD 1234"


def damaged(record: Record) -> bool:
    return record.gross_counts[0].counts is None and record.start is None


def test_a_wrong_check_sum_costs_one_record_and_no_number() -> None:
    lines = field.bgeigie((3, 0, 7)).splitlines()
    lines[4] = lines[4].replace(",0,", ",9,", 1)
    recording = read("\r\n".join(lines) + "\r\n")
    assert [damaged(r) for r in recording.records] == [False, True, False]
    assert recording.records[1].remarks[0].startswith("damaged line: $BNRDD")
    assert recording.records[1].position is None
    assert "checksum_wrong" in codes(recording)


def test_a_last_line_that_is_cut_is_said() -> None:
    recording = read(field.bgeigie((3, 0, 7))[:-20])
    assert [damaged(r) for r in recording.records] == [False, False, True]
    assert "line_damaged" in codes(recording)


def test_lost_fix_and_lost_clock() -> None:
    no_fix = read(field.bgeigie(fix="V", place="0000.0000,N,0000.0000,E"))
    assert {r.position for r in no_fix.records} == {None}
    assert "no_fix" in codes(no_fix)
    lost = read(field.bgeigie(time="2000-01-01T00:00:{:02d}Z"))
    assert {r.start for r in lost.records} == {None}
    assert "clock_lost" in codes(lost)
    back = read(field.bgeigie((1, 2, 3), time="2024-03-01T12:{0:02d}:00Z").replace("$", "$"))
    assert "time_backwards" not in codes(back)
    lines = field.bgeigie((1, 2, 3)).splitlines()
    swapped = read("\n".join([*lines[:3], lines[4], lines[3], lines[5]]) + "\n")
    assert "time_backwards" in codes(swapped)
    assert [r.gross_counts[0].counts for r in swapped.records] == [2.0, 1.0, 3.0]


def test_a_log_without_one_good_line_is_refused() -> None:
    with pytest.raises(ParseError, match="no line of the log"):
        read(field.bgeigie().replace("*", "#"))
    with pytest.raises(ParseError, match="neither a header nor a sentence"):
        read(field.bgeigie() + "some text\r\n")


def test_other_loggers_of_the_format() -> None:
    line = field.sentence(
        "CZRA1,0159,2024-04-21T05:16:31Z,42,7,32804,A,5001.1094,N,01420.7866,E,384.69,A,5,193"
    )
    assert line.endswith("*1C")  # as the maker's own description of the format has it
    (record,) = read(f"# NEW LOG\n{line}\n").records
    assert record.gross_counts[0].counts == 7.0


# -------------------------------------------------------------------------------- AtomFast


@settings(max_examples=30, deadline=None)
@given(rates)
def test_dose_rates_of_a_track_come_back(made: list[float]) -> None:
    recording = read(field.atomfast(made))
    assert [r.dose_rates[0].dose_rate_uSv_h for r in recording.records] == made


def test_atomfast_values() -> None:
    recording = read(field.atomfast())
    first = recording.records[0]
    assert first.start == START
    assert first.position is not None
    assert first.position.accuracy_m == 4.0
    assert first.count_rates == ()
    assert recording.instrument.serial == "7"
    wrapped = json.dumps({"markers": json.loads(field.atomfast())})
    assert read(wrapped).records == recording.records


# ---------------------------------------------------------------------------------- IEC 1455


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=40))
def test_iec_counts_come_back(made: list[int]) -> None:
    (record,) = read(field.iec(made)).records
    assert record.spectra[0].counts.tolist() == made


def test_iec_values() -> None:
    recording = read(field.iec())
    (record,) = recording.records
    assert record.start == dt.datetime(2021, 9, 22, 10, 54, 31)  # noqa: DTZ001 - no zone is stated
    assert (record.spectra[0].live_time_s, record.real_time_s) == (3564.0, 3600.0)
    assert record.spectra[0].calibration is not None
    assert record.spectra[0].calibration.coefficients == (-0.5, 0.75, 0.0, 0.0)
    assert recording.remarks == ("a sample", "acquisition started 09/22/21 10:54:31")


@pytest.mark.parametrize(
    ("date", "start", "code"),
    [
        ("22/09/21 10:54:31", dt.datetime(2021, 9, 22, 10, 54, 31), None),  # noqa: DTZ001
        ("09/12/21 10:54:31", None, "time_ambiguous"),
        ("09/12/21 10:54:31 08/25/21 11:34:36", dt.datetime(2021, 9, 12, 10, 54, 31), None),  # noqa: DTZ001
        ("31/31/21 10:54:31", None, "time_unreadable"),
        ("", None, "time_missing"),
        ("07/07/21 10:54:31", dt.datetime(2021, 7, 7, 10, 54, 31), None),  # noqa: DTZ001
    ],
)
def test_day_and_month(date: str, start: dt.datetime | None, code: str | None) -> None:
    recording = read(field.iec(date=date))
    assert recording.records[0].start == start
    assert codes(recording) == ([] if code is None else [code])


def test_iec_calibration_from_pairs() -> None:
    recording = read(
        field.iec(coefficients=(0.0,) * 4, pairs=(100.5, 200.0, 300.5, 600.0, 500.5, 1000.0))
    )
    (record,) = recording.records
    assert codes(recording) == ["calibration_from_points"]
    assert record.spectra[0].calibration is not None
    assert record.spectra[0].calibration.coefficients == pytest.approx((0.5, 0.5, 0.0), abs=1e-9)


def test_an_iec_line_that_is_missing_is_seen() -> None:
    lines = field.iec().splitlines(keepends=True)
    for without in (59, 62, len(lines) - 1):
        with pytest.raises(ParseError) as caught:
            read("".join(lines[:without] + lines[without + 1 :]))
        assert caught.value.code == "truncated"


# ---------------------------------------------------------------------------- real recordings


@pytest.mark.recordings
def test_the_shared_tracks(recordings: Path) -> None:
    folder = recordings / "tracks"
    one = read((folder / "radiacode-101-english-json-1.rctrk").read_bytes())
    two = read((folder / "radiacode-101-english-json-2.rctrk").read_bytes())
    table = read((folder / "radiacode-101-csv-english.rctrk").read_bytes())
    walk = read((recordings / "radiacode_tools" / "walk.rctrk").read_bytes())
    assert [len(r.records) for r in (one, two, table, walk)] == [6364, 941, 1365, 223]
    assert one.records[6307].count_rates[0].count_rate_cps == 862
    assert one.records[6307].start == dt.datetime(2024, 10, 5, 15, 45, 49, tzinfo=dt.UTC)
    place = [r.count_rates[0].count_rate_cps for r in one.records[6237:6241]]
    assert place == [86, 99.33, 124.21, 76]
    times = [r.start for r in one.records if r.start is not None]
    assert times == sorted(times)
    assert max(shown(two)) == 36.62
    assert max(shown(table)) == 3.04
    assert all(r.position is not None for r in walk.records)


@pytest.mark.recordings
def test_the_shared_logs(recordings: Path) -> None:
    one, two = (
        read(path.read_bytes()) for path in sorted((recordings / "tracks").glob("safecast*.log"))
    )
    assert [len(r.records) for r in (one, two)] == [3062, 15_850]
    assert codes(one) == ["length_unknown"]
    assert sum(r.position is None for r in two.records) == 882
    assert sum(r.start is None for r in two.records) == 863
    assert {w.code: w.message for w in two.warnings}["clock_lost"].endswith("(863 times)")
    minutes = [int(r.remarks[0].split()[4]) for r in two.records]
    assert max(minutes) == 76


@pytest.mark.recordings
def test_the_shared_poll_logs(recordings: Path) -> None:
    folder = recordings / "radiacode_tools"
    airport = read((folder / "broken_arrow_errrr_airplane.ndjson").read_bytes())
    xray = read((folder / "xray.ndjson").read_bytes())
    assert [len(r.records) for r in (airport, xray)] == [625, 149]
    assert airport.derived[0].real_time_s == 29_379_910
    assert [r.total_counts for r in airport.records[:2]] == [0, 0]
    assert "counter_reset" in codes(airport)
    assert sum(r.position is not None for r in airport.records) >= 622
    silent = [n for n, r in enumerate(xray.records) if r.remarks]
    assert silent == list(range(46, 55))
    assert all(xray.records[n].total_counts == 0 for n in silent)
    assert xray.records[56].total_counts == 124_579


@pytest.mark.recordings
def test_the_shared_dummies_of_iec_1455(recordings: Path) -> None:
    found = [read(p.read_bytes()) for p in sorted((recordings / "becquerel").glob("*.iec"))]
    assert len(found) == 6
    assert {r.records[0].spectra[0].n_channel for r in found} == {2048}
    assert {r.records[0].total_counts for r in found} == {74_305_419}
    assert all(r.records[0].spectra[0].is_calibrated for r in found)
