"""Every real recording that loads: to N42-2012 and back, by our reader and by the library."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from lxml import etree

from tocsin.errors import ParseError
from tocsin.formats import Reader, write_n42
from tocsin.spectra import Record, Recording, Spectrum

pytestmark = pytest.mark.recordings

# So many of the shared recordings are of a format that is read; fewer means that a reader was lost.
LOADS = 120
# Tracks: rates and counts without any spectrum, which the library does not read from N42.
WITHOUT_SPECTRA = 6
MANY = 2000  # records; larger files are not written a third time
CONTENT = ("records", "derived", "instrument", "results", "remarks", "realm")


@pytest.fixture(scope="module")
def loaded(reader: Reader, recording_paths: list[Path]) -> list[tuple[Path, Recording]]:
    """Every recording that loads."""
    found = [
        (path, answer)
        for path, answer in reader.read_many(recording_paths)
        if not isinstance(answer, ParseError)
    ]
    assert len(found) == LOADS
    return found


def test_every_recording_comes_back_as_it_was(
    loaded: list[tuple[Path, Recording]], reader: Reader, n42_schema: etree.XMLSchema
) -> None:
    for path, recording in loaded:
        data = write_n42(recording)
        assert n42_schema.validate(etree.fromstring(data)), (path, n42_schema.error_log)
        again = reader.read_bytes(data, file_name="again.n42")
        for name in CONTENT:
            assert getattr(again, name) == getattr(recording, name), (path, name)
        for before, after in zip(recording.records, again.records, strict=True):
            assert zone(before) == zone(after), path
        if len(recording.records) <= MANY:
            named = dataclasses.replace(recording, uuid=again.uuid)
            twice = write_n42(dataclasses.replace(again, sha256=recording.sha256))
            assert twice == (data if recording.uuid else write_n42(named)), path


def zone(record: Record) -> object:
    """Equal times of different zones compare equal: look at the zone too."""
    return None if record.start is None else record.start.utcoffset()


def test_the_library_reads_the_same_back(
    loaded: list[tuple[Path, Recording]], tmp_path: Path
) -> None:
    written = tmp_path / "written.n42"
    without = 0
    for path, recording in loaded:
        if not any(r.spectra for r in recording.records):
            without += 1
            continue
        written.write_bytes(write_n42(recording))
        spec = SpecUtils.SpecFile()
        spec.loadFile(str(written), SpecUtils.ParserType.N42_2012)
        theirs = [
            m
            for m in spec.measurements()
            if m.numGammaChannels() > 0 and m.derivedDataProperties() == 0
        ]
        ours = [(record, s) for record in recording.records for s in record.spectra]
        for (record, spectrum), m in zip(ours, theirs, strict=True):
            compare(path, record, spectrum, m)
    assert without == WITHOUT_SPECTRA


def compare(path: Path, record: Record, spectrum: Spectrum, m: SpecUtils.Measurement) -> None:
    assert np.array_equal(np.array(m.gammaCounts()), spectrum.counts), path
    # Where no live time is stated the schema still wants one: the clock time stands there.
    live = spectrum.live_time_s
    live = next(t for t in (live, spectrum.real_time_s, record.real_time_s, 0.0) if t is not None)
    assert m.liveTime() == np.float32(live), path
    when = m.startTime()
    if record.start is None:
        assert when.year == 1970, path
    else:
        assert when == record.start.replace(tzinfo=None), path
    assert m.hasGpsInfo() == (record.position is not None), path
    if record.position is not None:
        assert m.latitude() == record.position.latitude_deg, path
        assert m.longitude() == record.position.longitude_deg, path
