"""The N42-2012 writer: valid, lossless, deterministic."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from hypothesis import HealthCheck, assume, given, settings
from lxml import etree
from recordings_by_hand import recordings, small_survey

from tocsin.errors import InvalidInput
from tocsin.formats import Limits, write_n42
from tocsin.formats.parse import parse
from tocsin.spectra import EnergyCalibration, Record, Recording, SourceType, Spectrum

LIMITS = Limits()
# What belongs to the file that was read and not to its content.
OF_THE_FILE = {"warnings": (), "file_name": "", "file_format": "", "sha256": ""}


def read_back(data: bytes) -> Recording:
    """Our own reader, in this process: the bytes are our own."""
    parsed = parse(data, path="", limits=LIMITS)
    assert parsed.expected == parsed.found
    return parsed.recording


def content(recording: Recording) -> Recording:
    return dataclasses.replace(recording, **OF_THE_FILE)


def by_library(data: bytes, folder: Path) -> list[SpecUtils.Measurement]:
    path = folder / "written.n42"
    path.write_bytes(data)
    spec = SpecUtils.SpecFile()
    spec.loadFile(str(path), SpecUtils.ParserType.N42_2012)
    return list(spec.measurements())


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(recordings())
def test_any_recording_comes_back_as_it_was(
    n42_schema: etree.XMLSchema, recording: Recording
) -> None:
    # Two records of one start are read as one slice of several detectors: that has its own test.
    starts = [r.start for r in recording.records if r.start is not None]
    assume(len({s.replace(tzinfo=None) for s in starts}) == len(starts))
    data = write_n42(recording)
    document = etree.fromstring(data)
    assert n42_schema.validate(document), str(n42_schema.error_log)[:500]
    again = content(read_back(data))
    for field in dataclasses.fields(Recording):
        if field.name not in ("records", "derived"):
            assert getattr(again, field.name) == getattr(recording, field.name), field.name
    for got, meant in zip(again.records, recording.records, strict=True):
        assert got == meant
    assert again.derived == recording.derived


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(recordings())
def test_the_same_recording_gives_the_same_bytes(recording: Recording) -> None:
    assert write_n42(recording) == write_n42(recording)


def test_compression_changes_the_size_and_nothing_else() -> None:
    survey = small_survey(counts_per_channel=0.3)
    plain, squeezed = write_n42(survey, counted_zeroes=False), write_n42(survey)
    assert b"CountedZeroes" in squeezed
    assert b"CountedZeroes" not in plain
    assert read_back(plain).records == read_back(squeezed).records


def test_the_library_reads_what_we_wrote(tmp_path: Path) -> None:
    survey = small_survey()
    measurements = by_library(write_n42(survey), tmp_path)
    assert len(measurements) == len(survey.records)
    for m, record in zip(measurements, survey.records, strict=True):
        spectrum = record.spectra[0]
        assert m.detectorName() == "Aa1"
        assert np.array_equal(np.array(m.gammaCounts()), spectrum.counts)
        assert m.liveTime() == np.float32(0.97)
        assert m.realTime() == 1.0
        assert record.start is not None
        assert m.startTime() == record.start.replace(tzinfo=None)
        assert record.position is not None
        assert m.latitude() == record.position.latitude_deg
        assert m.longitude() == record.position.longitude_deg
        assert m.neutronCountsSum() == record.neutron_counts
        assert spectrum.calibration is not None
        assert np.allclose(m.channelEnergies(), spectrum.calibration.edges_keV(32))


def test_a_calibration_that_is_not_believed_is_not_passed_on(tmp_path: Path) -> None:
    assumed = EnergyCalibration.polynomial([0.0, 3.0], origin="assumed")
    record = Record((Spectrum(np.arange(64), 1.0, 1.0, assumed, "g"),), real_time_s=1.0)
    data = write_n42(Recording((record,)))
    assert read_back(data).records[0].spectra[0].calibration == assumed
    (m,) = by_library(data, tmp_path)
    assert m.energyCalibrationModel() == SpecUtils.EnergyCalType.UnspecifiedUsingDefaultPolynomial


def test_a_quadratic_full_range_fraction_reaches_other_programs(tmp_path: Path) -> None:
    form = EnergyCalibration("full_range_fraction", (-12.0, 3000.0, 40.0))
    record = Record((Spectrum(np.arange(512), 1.0, 1.0, form, "g"),), real_time_s=1.0)
    data = write_n42(Recording((record,)))
    assert read_back(data).records[0].spectra[0].calibration == form
    (m,) = by_library(data, tmp_path)
    assert np.allclose(m.channelEnergies(), form.edges_keV(512)[:513], atol=1e-3)


def test_unknown_times_are_unknown_again() -> None:
    spectrum = Spectrum(np.array([1, 2, 3]), None, None, None, "")
    record = Record((spectrum,), source_type=SourceType.BACKGROUND)
    (again,) = read_back(write_n42(Recording((record,)))).records
    assert (again.start, again.real_time_s) == (None, None)
    assert (again.spectra[0].live_time_s, again.spectra[0].real_time_s) == (None, None)
    assert again.spectra[0].calibration is None


def test_a_detector_that_wrote_nothing_does_not_become_a_zero() -> None:
    survey = small_survey(records=1)
    silent = dataclasses.replace(survey.records[0].gross_counts[0], counts=None)
    record = dataclasses.replace(survey.records[0], gross_counts=(silent,))
    data = write_n42(dataclasses.replace(survey, records=(record,)))
    assert b"<CountData>" not in data
    assert read_back(data).records[0].gross_counts == (silent,)


def test_realm_uuid_and_time_of_writing() -> None:
    survey = small_survey(records=1)
    data = write_n42(survey)
    assert b"<Remark>Tocsin realm: SYNTHETIC</Remark>" in data
    assert read_back(data).realm == "SYNTHETIC"
    assert b"n42DocDateTime" not in data
    stamped = write_n42(survey, written=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    assert b'n42DocDateTime="2026-01-02T00:00:00+00:00"' in stamped
    assert str(uuid.UUID(read_back(data).uuid)) == read_back(data).uuid
    named = dataclasses.replace(survey, sha256="ab" * 32)
    assert read_back(write_n42(named)).uuid == "abababab-abab-abab-abab-abababababab"
    with pytest.raises(InvalidInput, match="realm"):
        write_n42(dataclasses.replace(survey, realm="WAR"))


def test_nothing_to_write_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="without any record"):
        write_n42(Recording(()))
