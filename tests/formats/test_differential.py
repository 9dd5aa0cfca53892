"""Two readers of N42-2012, ours and the library's, on the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from recordings_by_hand import small_survey

from tocsin.formats import Limits, Reader, write_n42
from tocsin.formats.parse import parse
from tocsin.spectra import Recording, SourceType

KINDS = {
    SpecUtils.SourceType.Foreground: SourceType.FOREGROUND,
    SpecUtils.SourceType.Background: SourceType.BACKGROUND,
    SpecUtils.SourceType.Calibration: SourceType.CALIBRATION,
    SpecUtils.SourceType.IntrinsicActivity: SourceType.INTRINSIC,
    SpecUtils.SourceType.UnknownSourceType: SourceType.UNKNOWN,
}

# Hand-written pieces in the ways of different writers: prefixes, two detectors in one measurement
# and in two, neutron counts, edges, deviation pairs, derived data, missing references.
HEAD = (
    '<?xml version="1.0"?><RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42" '
    'n42DocUUID="d72b7fa7-4a20-43d4-b1b2-7e3b8c6620c1">'
    '<RadInstrumentInformation id="i">'
    "<RadInstrumentManufacturerName>M</RadInstrumentManufacturerName>"
    "<RadInstrumentModelName>X 1</RadInstrumentModelName>"
    "<RadInstrumentClassCode>Backpack</RadInstrumentClassCode></RadInstrumentInformation>"
    '<RadDetectorInformation id="Aa1"><RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode>'
    "<RadDetectorKindCode>NaI</RadDetectorKindCode></RadDetectorInformation>"
    '<RadDetectorInformation id="Aa2"><RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode>'
    "<RadDetectorKindCode>NaI</RadDetectorKindCode></RadDetectorInformation>"
    '<RadDetectorInformation id="Nn1"><RadDetectorCategoryCode>Neutron</RadDetectorCategoryCode>'
    "<RadDetectorKindCode>He3</RadDetectorKindCode></RadDetectorInformation>"
    '<EnergyCalibration id="c"><CoefficientValues>-2.5 3.0 0.0001</CoefficientValues>'
    "</EnergyCalibration>"
    '<EnergyCalibration id="e"><EnergyBoundaryValues>'
    + " ".join(str(3 * n) for n in range(17))
    + "</EnergyBoundaryValues></EnergyCalibration>"
)


def spectrum(detector: str, counts: str, *, calibration: str = "c", extra: str = "") -> str:
    return (
        f'<Spectrum id="s" radDetectorInformationReference="{detector}" '
        f'energyCalibrationReference="{calibration}"><LiveTimeDuration>PT0.9S</LiveTimeDuration>'
        f"<ChannelData{extra}>{counts}</ChannelData></Spectrum>"
    )


def measurement(at: int, inner: str, *, kind: str = "Foreground") -> str:
    return (
        f'<RadMeasurement id="Sample{at + 1}-{abs(hash(inner))}">'
        f"<MeasurementClassCode>{kind}</MeasurementClassCode>"
        f"<StartDateTime>2024-01-01T00:00:{at:02d}Z</StartDateTime>"
        f"<RealTimeDuration>PT1S</RealTimeDuration>{inner}</RadMeasurement>"
    )


SIXTEEN = " ".join(str(n) for n in range(1, 17))
NEUTRONS = (
    '<GrossCounts id="g{}" radDetectorInformationReference="Nn1">'
    "<LiveTimeDuration>PT1S</LiveTimeDuration><CountData>3</CountData></GrossCounts>"
)
DOCUMENTS = {
    "one detector": [measurement(n, spectrum("Aa1", SIXTEEN)) for n in range(5)],
    "two detectors in one measurement": [
        measurement(n, spectrum("Aa1", SIXTEEN) + spectrum("Aa2", SIXTEEN[::-1].replace("61", "9")))
        for n in range(3)
    ],
    "two detectors in two measurements": [
        measurement(n, spectrum(detector, SIXTEEN)) for n in range(3) for detector in ("Aa1", "Aa2")
    ],
    "neutrons beside": [
        measurement(n, spectrum("Aa1", SIXTEEN) + NEUTRONS.format(n)) for n in range(3)
    ],
    "edges": [measurement(0, spectrum("Aa1", SIXTEEN, calibration="e"))],
    "counted zeroes": [
        measurement(n, spectrum("Aa1", "0 3 5 0 12", extra=' compressionCode="CountedZeroes"'))
        for n in range(2)
    ],
    "fractions": [measurement(0, spectrum("Aa1", " ".join(f"{n}.25" for n in range(16))))],
    "background first": [
        measurement(0, spectrum("Aa1", SIXTEEN), kind="Background"),
        measurement(1, spectrum("Aa1", SIXTEEN)),
        measurement(2, spectrum("Aa1", SIXTEEN), kind="IntrinsicActivity"),
    ],
}


def agree(data: bytes, ours: Recording, folder: Path) -> None:
    """Same slices, counts, times, places, kinds and energies in both readers."""
    path = folder / "both.n42"
    path.write_bytes(data)
    spec = SpecUtils.SpecFile()
    spec.loadFile(str(path), SpecUtils.ParserType.N42_2012)
    theirs = [m for m in spec.measurements() if m.derivedDataProperties() == 0]
    slices = [[m for m in theirs if m.sampleNumber() == n] for n in sorted(spec.sampleNumbers())]
    assert len(slices) == len(ours.records)
    for group, record in zip(slices, ours.records, strict=True):
        gamma = {m.detectorName(): m for m in group if m.numGammaChannels() > 0}
        assert set(gamma) == {s.detector for s in record.spectra}
        for s in record.spectra:
            m = gamma[s.detector]
            assert np.array_equal(np.float32(s.counts), np.array(m.gammaCounts()))
            assert np.float32(s.live_time_s) == m.liveTime()
            assert np.float32(s.real_time_s) == m.realTime()
            assert KINDS[m.sourceType()] == record.source_type
            assert s.calibration is not None
            theirs_keV = np.array(m.channelEnergies())
            ours_keV = s.calibration.edges_keV(s.n_channel)[: theirs_keV.size]
            assert np.allclose(theirs_keV, ours_keV, rtol=1e-5, atol=1e-3)
        assert record.start is not None
        assert {m.startTime() for m in group} == {record.start.replace(tzinfo=None)}
        neutrons = [m.neutronCountsSum() for m in group if m.containedNeutron()]
        assert (sum(neutrons) if neutrons else None) == record.neutron_counts
        if group[0].hasGpsInfo():
            assert record.position is not None
            assert group[0].latitude() == record.position.latitude_deg
            assert group[0].longitude() == record.position.longitude_deg
        else:
            assert record.position is None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_hand_written_documents(name: str, tmp_path: Path) -> None:
    data = (HEAD + "".join(DOCUMENTS[name]) + "</RadInstrumentData>").encode()
    parsed = parse(data, path="", limits=Limits())
    assert parsed.expected == parsed.found
    agree(data, parsed.recording, tmp_path)


def test_our_own_survey(tmp_path: Path) -> None:
    data = write_n42(small_survey())
    agree(data, parse(data, path="", limits=Limits()).recording, tmp_path)


@pytest.mark.recordings
def test_every_real_file(reader: Reader, recording_paths: list[Path], tmp_path: Path) -> None:
    compared = 0
    for path in recording_paths:
        data = path.read_bytes()
        if b"<RadInstrumentData" in data and "invalid" not in path.name:
            agree(data, reader.read(path), tmp_path)
            compared += 1
    assert compared == 2
