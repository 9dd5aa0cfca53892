"""Facts of the real recordings that every reader must bring out, and the traps among them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tocsin.errors import ParseError
from tocsin.formats import Reader
from tocsin.spectra import Recording, SourceType

pytestmark = pytest.mark.recordings


def codes(recording: Recording) -> set[str]:
    return {w.code for w in recording.warnings}


def test_two_detectors_are_one_record_with_zone_and_elevation(
    reader: Reader, recordings: Path
) -> None:
    survey = reader.read(recordings / "mobile_nsdd" / "Q67_Mobile.N42")
    assert survey.file_format == "n42-2006"
    assert survey.kind == "survey"
    assert len(survey.records) == 490
    assert {tuple(s.detector for s in r.spectra) for r in survey.records} == {("VD1", "VD2")}
    first = survey.records[0]
    assert first.start == dt.datetime(2024, 8, 15, 19, 56, 49, tzinfo=dt.UTC)
    assert first.position is not None
    assert first.position.elevation_m == 137.00001
    assert first.position.time is None
    assert first.spectra[0].live_time_s == 0.99959
    assert sum(r.total_counts for r in survey.records) == 2_054_820
    neutrons = [r.neutron_counts for r in survey.records]
    assert None not in neutrons
    assert max(n for n in neutrons if n is not None) == 5


def test_what_the_library_drops_from_n42_2012_is_kept(reader: Reader, recordings: Path) -> None:
    survey = reader.read(recordings / "mobile_nsdd" / "Q345_Racetrack.n42")
    assert survey.file_format == "n42-2012"
    assert len(survey.records) == 153
    assert survey.uuid == "d72b7fa7-4a20-43d4-b1b2-7e3b8c6620c1"
    assert survey.instrument.instrument_class == "Mobile System"
    assert len(survey.instrument.detectors) == 5
    assert survey.instrument.versions[0] == ("Software", "AVID 2024.1.8955.30189")
    first = survey.records[0]
    assert first.start is not None
    assert first.start.utcoffset() == dt.timedelta(0)
    assert first.position is not None
    assert first.position.elevation_m == 133.187
    (neutron,) = first.gross_counts
    assert neutron.detector.endswith("Vnd00")
    assert neutron.live_time_s == 1.0
    assert survey.remarks == ("Avid Radiation Measurement",)


def test_purposes_of_records_are_kept(reader: Reader, recordings: Path) -> None:
    case = reader.read(recordings / "static_nsdd" / "Case_A_Petro.n42")
    assert [r.source_type for r in case.records] == [
        SourceType.INTRINSIC,
        SourceType.BACKGROUND,
        SourceType.FOREGROUND,
    ]
    assert [r.neutron_counts for r in case.records] == [None, 7.0, 1.0]
    assert len(case.measured) == 1
    assert case.kind == "static"
    assert case.instrument.instrument_class == "Radionuclide Identifier"
    assert case.records[2].start == dt.datetime(2018, 9, 19, 23, 50, 2, tzinfo=dt.UTC)


def test_eight_detectors_with_eight_calibrations_are_one_record(
    reader: Reader, recordings: Path
) -> None:
    portal = reader.read(recordings / "interspec" / "ba133_source_640s_20100317.n42")
    (record,) = portal.records
    assert len(record.spectra) == 8
    assert len({s.calibration for s in record.spectra}) == 8
    assert portal.remarks


@pytest.mark.parametrize("name", ["SGM102432", "digibase_5min_30_1", "nai_detector", "sim_spec"])
def test_an_invented_calibration_is_not_believed(
    name: str, reader: Reader, recordings: Path
) -> None:
    recording = reader.read(recordings / "becquerel" / f"{name}.spe")
    (spectrum,) = recording.records[0].spectra
    assert "calibration_assumed" in codes(recording)
    assert spectrum.calibration is not None
    assert spectrum.calibration.origin == "assumed"
    assert not spectrum.is_calibrated


def test_channel_numbers_are_no_energies(reader: Reader, recordings: Path) -> None:
    recording = reader.read(recordings / "crp2a_data-raw" / "Kromek_CZT.spe")
    assert "calibration_placeholder" in codes(recording)
    assert not recording.records[0].spectra[0].is_calibrated


def test_files_broken_on_purpose_are_refused_or_flagged(reader: Reader, recordings: Path) -> None:
    folder = recordings / "radiacode_tools"
    for name in ("data_invalid.n42", "data_invalid_spectrum.xml"):
        with pytest.raises(ParseError):
            reader.read(folder / name)
    for name in ("inconsistent", "incorrect"):
        recording = reader.read(folder / f"data_invalid_cal_{name}_order.xml")
        assert "calibration_inconsistent" in codes(recording)
        assert not recording.records[0].spectra[0].is_calibrated
    assert reader.read(folder / "data_am241.xml").records[0].spectra[0].is_calibrated


def test_a_live_time_that_no_file_states_is_unknown(reader: Reader, recordings: Path) -> None:
    recording = reader.read(recordings / "radiacode_tools" / "data_am241.xml")
    (record,) = recording.records
    assert record.spectra[0].live_time_s is None
    assert record.real_time_s == 613.0
    assert "live_time_unknown" in codes(recording)


def test_the_first_day_of_1970_is_no_time(reader: Reader, recordings: Path) -> None:
    (path,) = recordings.glob("suro_rc101/15*/15*/62*.xml")
    recording = reader.read(path)
    assert [r.start for r in recording.records] == [None, None]
    assert "time_missing" in codes(recording)
    assert [r.source_type for r in recording.records] == [
        SourceType.FOREGROUND,
        SourceType.BACKGROUND,
    ]


def test_a_spectrogram_is_a_survey(reader: Reader, recordings: Path) -> None:
    recording = reader.read(recordings / "radiacode_tools" / "K40.rcspg")
    assert len(recording.records) == 690
    assert recording.kind == "survey"
    total = sum(r.real_time_s or 0 for r in recording.records)
    assert total == 43_510  # as the file's first line says
    # That line: 2023-12-01 00:16:11 on the clock, 08:16:11.259 UTC; the first interval lasted 60 s
    # and ended at 08:17:11.496 UTC.
    first = recording.records[0].start
    assert first is not None
    assert first.utcoffset() == dt.timedelta(hours=-8)
    assert abs(first - dt.datetime(2023, 12, 1, 8, 16, 11, 496000, tzinfo=dt.UTC)) < dt.timedelta(
        seconds=0.5
    )
    assert not any("Spectrum:" in remark for remark in recording.remarks)


def test_one_measurement_in_several_formats_is_one_measurement(
    reader: Reader, recordings: Path
) -> None:
    folder = recordings / "becquerel"
    for stem in ("1110C NAA cave background May 2017", "Alcatraz14", "Mendocino_07-10-13"):
        found = [
            reader.read(p)
            for p in sorted(folder.glob(f"{stem}*"))
            if p.suffix.lower() in (".chn", ".spe", ".spc", ".pcf")
        ]
        assert len(found) > 1
        inner = {tuple(r.records[0].spectra[0].counts[2:-2].tolist()) for r in found}
        assert len(inner) == 1, stem


def test_the_hash_is_of_the_original_bytes(reader: Reader, recordings: Path) -> None:
    lines = (recordings / "MANIFEST.sha256").read_text().splitlines()
    stated = dict(reversed(line.split(maxsplit=1)) for line in lines)
    path = recordings / "mobile_nsdd" / "Q345_Racetrack.n42"
    name = str(path.relative_to(recordings))
    known = {k.lstrip("*./"): v for k, v in stated.items()}
    assert reader.read(path).sha256 == known[name]
