"""Counts that no instrument has are refused whatever the format; counts below zero are marked."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from tocsin.errors import ParseError
from tocsin.formats import Reader

N42 = (
    '<RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42"><RadMeasurement id="m">'
    "<MeasurementClassCode>Foreground</MeasurementClassCode>"
    "<StartDateTime>2020-01-01T00:00:00Z</StartDateTime><RealTimeDuration>PT1S</RealTimeDuration>"
    '<Spectrum id="s"><LiveTimeDuration>PT1S</LiveTimeDuration><ChannelData>{}</ChannelData>'
    "</Spectrum></RadMeasurement></RadInstrumentData>"
)


def n42(counts: list[float]) -> bytes:
    return N42.format(" ".join(repr(v) for v in counts)).encode()


def hdf5(counts: list[float]) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        file["counts"] = np.array(counts)
        file["livetime"] = 1.0
    return target.getvalue()


@pytest.mark.parametrize("make", [n42, hdf5])
@pytest.mark.parametrize("value", [1e308, -1e308, 2.0**53])
def test_a_channel_beyond_every_instrument_is_refused(make, value, reader: Reader):
    with pytest.raises(ParseError, match="more than 2\\*\\*53 counts"):
        reader.read_bytes(make([1.0, 2.5, value, value]))


@pytest.mark.parametrize("make", [n42, hdf5])
def test_counts_below_zero_are_kept_and_marked(make, reader: Reader):
    recording = reader.read_bytes(make([4.5, -3.0, 0.0]))
    assert recording.records[0].spectra[0].counts.tolist() == [4.5, -3.0, 0.0]
    assert "counts_negative" in {w.code for w in recording.warnings}
    plain = reader.read_bytes(make([4.5, 3.0, 0.0]))
    assert "counts_negative" not in {w.code for w in plain.warnings}


def test_a_time_that_no_clock_shows_is_left_out_and_the_counts_stay(reader: Reader):
    """As GADRAS writes an overloaded instrument: 1800 s alive in 6e25 s."""
    endless = n42([4.0, 3.0, 0.0]).replace(b"<RealTimeDuration>PT1S", b"<RealTimeDuration>PT6E25S")
    uri = b"RADDATA://G0/F00/T:5.9E25,1800 C:0,3 S:4,3,0"
    for data, live_s in ((endless, 1.0), (uri, 1800.0)):
        recording = reader.read_bytes(data)
        (record,) = recording.records
        assert record.real_time_s is None
        assert record.spectra[0].real_time_s is None
        assert record.spectra[0].live_time_s == live_s
        assert record.spectra[0].counts.tolist() == [4, 3, 0]
        assert "duration_endless" in {w.code for w in recording.warnings}
