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
