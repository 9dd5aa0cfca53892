"""ERS, PEI tables, list mode: surveys with spectra that only our own readers take."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from attacks import field
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ParseError
from tocsin.formats import Limits
from tocsin.formats.own_readers import read_own, reader_for
from tocsin.spectra import Recording

LIMITS = Limits()
channels = st.lists(st.integers(0, 60_000), min_size=16, max_size=40)


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


def counts(recording: Recording) -> list[list[float]]:
    return [r.spectra[0].counts.tolist() for r in recording.records]


# --------------------------------------------------------------------------------------- ERS


@settings(max_examples=60, deadline=None)
@given(st.lists(channels, min_size=1, max_size=5), st.sampled_from((1, 2)))
def test_ers_counts_come_back(spectra: list[list[int]], version: int) -> None:
    recording = read(field.ers(spectra, version=version))
    assert recording.file_format == f"ers-{version}.0"
    assert counts(recording) == spectra


def test_ers_version_1() -> None:
    recording = read(field.ers(version=1, dose="1.9e-05"))
    first, second, _third = recording.records
    assert first.start == dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
    assert first.position is not None
    assert (first.position.latitude_deg, first.position.longitude_deg) == (47.25, 8.0)
    assert first.position.elevation_m is None  # 80 m above ground are no elevation
    assert first.remarks == ("PH 80; DHSR 1.9e-05",)
    assert first.title == "point-1"
    assert first.dose_rates == ()
    assert (second.real_time_s, second.spectra[0].live_time_s) == (1.0, None)
    assert recording.instrument.detectors[0].material == "NaI"
    assert recording.remarks == ('HORG "TEST"'.replace('"', ""), "IAP NaI 4 l")
    assert codes(recording) == [
        "duration_from_clock",
        "unit_unknown",
        "calibration_missing",
        "length_unknown",
    ]


def test_ers_version_2() -> None:
    recording = read(field.ers(version=2, header="HMODE EXERCISE"))
    first = recording.records[0]
    assert recording.realm == "EXERCISE"
    assert first.start == dt.datetime(2024, 3, 1, 12)  # noqa: DTZ001 - no zone is stated
    assert first.position is not None
    assert first.position.elevation_m == 500.0
    assert (first.real_time_s, first.spectra[0].live_time_s) == (1.0, 0.99)
    assert first.dose_rates[0].dose_rate_uSv_h == 0.05
    assert codes(recording) == ["calibration_missing", "length_unknown"]


def test_ers_zone_grid_and_missing_values() -> None:
    recording = read(field.ers(version=2, header="HTZ 2\nIPC CH1903\nMND -999", dose="-999"))
    first = recording.records[0]
    assert first.start == dt.datetime(2024, 3, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert first.position is None
    assert first.dose_rates == ()
    assert "coordinates_unknown" in codes(recording)


def test_ers_check_sum_and_several_detectors() -> None:
    text = field.ers([[1, 2, 3]] * 2, version=2)
    two = text.replace("#S 1 2 3;", "#S_D01 1 2 3;#S_D02 4 5 6;").replace("#SC 6", "#SC 21")
    recording = read(two)
    assert [s.detector for s in recording.records[0].spectra] == ["D01", "D02"]
    assert "checksum_wrong" not in codes(recording)
    assert "checksum_wrong" in codes(read(text.replace("#SC 6", "#SC 7")))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("V 1.0", "V 7.0", "version"),
        ("0 3 12", "0 3 x12", "line 6"),
        ("PN 47.25", "PN north", "PN 'north' is no number"),
        ('"point-2"', '"point-2" CD "2024-03-01Z"', "CD stands twice"),
        ('#S "0', '#T_+ "0', "continues nothing"),
    ],
)
def test_ers_that_cannot_be_read_says_where(old: str, new: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        read(field.ers().replace(old, new, 1))


def test_ers_with_results_alone_is_refused() -> None:
    text = "\n".join(line for line in field.ers().splitlines() if not line.startswith("#S"))
    with pytest.raises(ParseError, match="neither spectra nor a dose rate"):
        read(text)


def test_ers_states_its_number_of_channels() -> None:
    with pytest.raises(ParseError, match="9 channels are stated, 8 are there") as caught:
        read(field.ers(header="ISC 9"))
    assert caught.value.code == "truncated"


# --------------------------------------------------------------------------------------- PEI


@settings(max_examples=40, deadline=None)
@given(st.lists(channels, min_size=1, max_size=4))
def test_pei_counts_come_back(spectra: list[list[int]]) -> None:
    width = min(map(len, spectra))
    cut = [s[:width] for s in spectra]
    assert counts(read(field.pei(cut))) == cut


def test_pei_values() -> None:
    recording = read(field.pei())
    first = recording.records[0]
    assert first.position is not None
    assert first.position.latitude_deg == 48.80112
    assert first.position.elevation_m == 176.5
    assert (first.start, first.real_time_s, first.title) == (None, 1.0, "RECS 1")
    assert (first.gross_counts[0].counts, first.gross_counts[0].kind) == (2.0, "gamma")
    assert first.remarks == ("Temp -1.5",)
    assert first.spectra[0].calibration is None
    assert codes(recording) == ["length_unknown", "calibration_missing", "time_missing"]


def test_pei_other_dialects() -> None:
    with_commas = field.pei().replace(",", ".").replace(";", ",")
    with_tabs = field.pei().replace(";", "\t")
    assert read(with_commas).records == read(with_tabs).records == read(field.pei()).records


def test_pei_faults_are_said() -> None:
    assert "no_fix" in codes(read(field.pei(fix=0)))
    missing = field.pei().replace("\r\n2;", "\r\n5;")
    assert "records_missing" in codes(read(missing))
    for old, new, code in (
        (";3;4;", ";3;;", "unreadable"),
        (";3;4;", ";3;-4;", "unreadable"),
        (";14;15\r\n", ";14\r\n", "truncated"),
    ):
        with pytest.raises(ParseError, match="line 2") as caught:
            read(field.pei().replace(old, new, 1))
        assert caught.value.code == code


# --------------------------------------------------------------------------------- list mode

pulses = st.lists(
    st.tuples(st.integers(0, 2_990_000).map(lambda us: us / 1e6), st.integers(0, 1000)),
    min_size=1,
    max_size=40,
).map(sorted)


@settings(max_examples=60, deadline=None)
@given(pulses, st.sampled_from((0.0, 1.0, 2147.0)), st.sampled_from((1, 4)))
def test_every_pulse_is_in_its_second(
    made: list[tuple[float, int]], clock_s: float, style: int
) -> None:
    recording = read(field.list_mode(made, style=style, clock_s=clock_s))
    assert [r.real_time_s for r in recording.records][:2] == [1.0, 1.0]
    for n, record in enumerate(recording.records):
        expected = [channel for t, channel in made if int(t) == n]
        found = np.repeat(np.arange(record.spectra[0].n_channel), record.spectra[0].counts)
        assert sorted(expected) == found.tolist()


@settings(max_examples=15, deadline=None)
@given(pulses, st.sampled_from((1, 4)))
def test_the_library_sees_the_same_sum(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[float, int]], style: int
) -> None:
    path = tmp_path_factory.mktemp("list") / "sum.lis"
    path.write_bytes(field.list_mode(made, style=style))
    spec = SpecUtils.SpecFile()
    spec.loadFile(str(path), SpecUtils.ParserType.OrtecListMode)
    (m,) = spec.measurements()
    ours = read(path.read_bytes())
    total = np.sum([r.spectra[0].counts for r in ours.records], axis=0)
    theirs = np.array(m.gammaCounts())
    assert np.array_equal(np.trim_zeros(theirs, "b"), np.trim_zeros(total, "b"))
    assert ours.records[0].start is not None
    # The library cuts the start to milliseconds by another way of rounding.
    assert abs(m.startTime() - ours.records[0].start) < dt.timedelta(seconds=0.01)


def test_live_time_of_list_mode() -> None:
    extended = read(field.list_mode(style=4))
    assert [r.spectra[0].live_time_s for r in extended.records] == pytest.approx([0.9] * 3)
    assert {r.spectra[0].live_time_s for r in read(field.list_mode(style=1)).records} == {None}


def test_long_lists_are_cut_into_longer_slices() -> None:
    data = field.list_mode(length_s=40.0)
    own = reader_for(data)
    assert own is not None
    recording = own.read(data, Limits(max_values=1024 * 10))
    assert [r.real_time_s for r in recording.records][:5] == [8.0] * 5
    assert "slices_long" in codes(recording)
    assert sum(r.total_counts for r in recording.records) == 4


def test_list_mode_that_is_not_supported() -> None:
    data = field.list_mode()
    with pytest.raises(ParseError, match="style 2"):
        read(data[:4] + b"\x02\x00\x00\x00" + data[8:])
    with pytest.raises(ParseError, match="inside a word"):
        read(data[:-1])


@pytest.mark.recordings
def test_the_helicopter_survey(recordings: Path) -> None:
    (path,) = (recordings / "airborne_ers_italy").glob("*.ers")
    survey = read(path.read_bytes())
    assert len(survey.records) == 2692
    assert {s.n_channel for r in survey.records for s in r.spectra} == {256}
    peak = survey.records[737]
    assert peak.total_counts == 11_010  # README: 10,925 without the overflow channel
    assert peak.spectra[0].counts[:-1].sum() == 10_925
    assert peak.position is not None
    assert (peak.position.latitude_deg, peak.position.longitude_deg) == (38.3853, 14.95361)
    steps = {
        (b.start - a.start).total_seconds()
        for a, b in zip(survey.records, survey.records[1:], strict=False)
        if a.start is not None and b.start is not None
    }
    assert steps == {1.0}
    assert all(r.position is not None for r in survey.records)


@pytest.mark.recordings
def test_the_drone_survey(recordings: Path) -> None:
    (path,) = (recordings / "uav_lednice").glob("*data_rev3.csv")
    survey = read(path.read_bytes())
    assert len(survey.records) == 1558
    assert float(np.median([r.total_counts for r in survey.records])) == 102
    empty = [n for n, r in enumerate(survey.records) if r.total_counts == 0]
    assert empty == list(range(1280, 1304))
    assert all(r.position is not None for r in survey.records)
