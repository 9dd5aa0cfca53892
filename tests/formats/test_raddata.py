"""Spectra in URIs and QR codes, read and written, beside the library's reader."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest
import SpecUtils
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recordings_by_hand import small_survey

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import Limits, Reader, write_qr, write_raddata
from tocsin.formats import raddata_codec as codec
from tocsin.formats.own_readers import read_own, reader_for
from tocsin.formats.qr_image import uris_in_image
from tocsin.formats.raddata import read_raddata
from tocsin.spectra import (
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

LIMITS = Limits()
counts = st.lists(st.just(0) | st.integers(0, 2**32 - 1), min_size=12, max_size=200)


def spectrum(values: list[int], *, live: float = 29.5) -> Record:
    return Record(
        spectra=(
            Spectrum(
                np.array(values),
                live,
                30.25,
                EnergyCalibration.polynomial((-1.5, 2.75, 1e-4), deviation_pairs=((60.0, 1.5),)),
            ),
        ),
        start=dt.datetime(2024, 1, 31, 23, 59, 58),  # noqa: DTZ001 - a URI has no zone
        real_time_s=30.25,
        source_type=SourceType.FOREGROUND,
        position=Position(47.123456, -8.5),
        gross_counts=(GrossCounts("", 7.0),),
        title="behind the door",
    )


def recording(*records: Record) -> Recording:
    return Recording(records, Instrument(model="Model 5"))


def test_codec_of_published_examples() -> None:
    # RFC 9285, section 4.3 and 4.4; CRC catalogue: CRC-16/ARC.
    assert codec.base45_encoded(b"AB") == "BB8"
    assert codec.base45_encoded(b"Hello!!") == "%69 VD92EX0"
    assert codec.base45_encoded(b"base-45") == "UJCLQE7W581"
    assert codec.base45_decoded("QED8WEX0") == b"ietf!"
    assert codec.crc16_arc(b"123456789") == 0xBB3D


@given(st.binary(max_size=200))
def test_codecs_come_back(data: bytes) -> None:
    assert codec.base45_decoded(codec.base45_encoded(data)) == data
    assert codec.base64_decoded(codec.base64_encoded(data)) == data
    text = codec.base45_encoded(data)
    assert codec.percent_decoded(codec.percent_encoded(text).encode()).decode() == text


@given(counts)
def test_packed_numbers_come_back(values: list[int]) -> None:
    packed = codec.packed(np.array(values, dtype=np.int64))
    found, end = codec.unpacked(packed + b"rest")
    assert found.tolist() == values
    assert end == len(packed)


@settings(max_examples=40, deadline=None)
@given(counts)
def test_a_spectrum_comes_back_from_its_uri(values: list[int]) -> None:
    made = spectrum(values)
    read = read_raddata(write_raddata(recording(made)), LIMITS)
    assert read.records == (made,)
    assert read.instrument.model == "Model 5"


@settings(max_examples=15, deadline=None)
@given(counts)
def test_the_library_reads_our_uri(
    tmp_path_factory: pytest.TempPathFactory, values: list[int]
) -> None:
    made = spectrum(values)
    path = tmp_path_factory.mktemp("uri") / "written.txt"
    path.write_bytes(write_raddata(recording(made)).strip())
    spec = SpecUtils.SpecFile()
    spec.loadFile(str(path), SpecUtils.ParserType.Uri)
    (m,) = spec.measurements()
    assert np.array_equal(m.gammaCounts(), np.float32(values))
    assert (m.liveTime(), m.realTime()) == (29.5, 30.25)
    assert m.title() == made.title
    assert m.startTime() == made.start
    assert m.neutronCountsSum() == 7.0
    assert m.latitude() == pytest.approx(47.123456, abs=1e-6)
    assert spec.instrumentModel() == "Model 5"
    assert made.spectra[0].calibration is not None
    assert np.allclose(m.calibrationCoeffs(), made.spectra[0].calibration.coefficients)


def uri(body: bytes, options: int = 0x10, last: int = 0) -> bytes:
    return f"RADDATA://G0/{options:02X}0{last}/{codec.base64_encoded(body)}".encode()


def test_options_of_other_writers() -> None:
    made = spectrum([0, 0, 5, 300, 70_000, 0, 1])
    plain = made.spectra[0].counts.tolist()
    fields = b"I:F T:30.25,29.5 S:"
    numbers = np.array(plain, dtype=np.int64)
    packed, squeezed = (
        codec.packed(numbers),
        codec.packed(np.array([0, 2, 5, 300, 70_000, 0, 1, 1])),
    )
    text = ",".join(map(str, plain)).encode()
    base45 = codec.base45_encoded
    variants = {
        "base 64": uri(codec.deflated(fields + squeezed)),
        "mail": b"mailto:a@b.c?subject=x&body=URI%0D%0Araddata:G0/3000/"
        + codec.base64_encoded(codec.deflated(fields + squeezed)).encode(),
        "not compressed": uri(fields + squeezed, 0x11),
        "all channels": uri(codec.deflated(fields + packed), 0x18),
        "base 45": b"RADDATA://G0/000/" + base45(codec.deflated(fields + squeezed)).encode(),
        "blanks behind": b"RADDATA://G0/000/"
        + base45(codec.deflated(fields + squeezed)).encode()
        + b"  ",
        "percent": b"raddata://G0/000/"
        + codec.percent_encoded(base45(codec.deflated(fields + squeezed))).encode(),
        "as text": b"RADDATA://G0/F00/" + fields + text,
        "with dollars": b"RADDATA://G0/F00/I:F T:30.25$29.5 S:" + text.replace(b",", b"$"),
        "bare": b"INTERSPEC://G0/300/" + fields + squeezed,
    }
    for name, data in variants.items():
        (record,) = read_raddata(data, LIMITS).records
        assert record.spectra[0].counts.tolist() == plain, name
        assert record.spectra[0].live_time_s == 29.5, name


def test_two_spectra_of_one_uri_share_what_is_left_out() -> None:
    first = b"I:F T:10,9 C:0,3 M:X G:47.5,8.5 S:" + codec.packed(np.array([1, 2, 3]))
    second = b"I:B T:20,19 S:" + codec.packed(np.array([4, 5, 6]))
    data = uri(codec.deflated(first + b":0A:" + second), 0x18, 1)
    one, two = read_raddata(data, LIMITS).records
    assert (one.source_type, two.source_type) == (SourceType.FOREGROUND, SourceType.BACKGROUND)
    assert two.spectra[0].counts.tolist() == [4, 5, 6]
    assert two.spectra[0].calibration == one.spectra[0].calibration
    assert two.position == one.position
    for stated in (0, 2):
        with pytest.raises(ParseError, match="spectra are stated"):
            read_raddata(uri(codec.deflated(first + b":0A:" + second), 0x18, stated), LIMITS)


def long_spectrum() -> Record:
    return spectrum(np.random.default_rng(7).poisson(40.0, 4096).tolist())


def parts_of(record: Record) -> list[bytes]:
    return [uris_in_image(image) for image in write_qr(recording(record))]


def test_a_long_spectrum_takes_several_codes_in_any_order() -> None:
    made = long_spectrum()
    parts = parts_of(made)
    assert len(parts) > 1
    assert read_raddata(b"\n".join(reversed(parts)), LIMITS).records == (made,)
    with pytest.raises(ParseError, match=f"{len(parts) - 1} of the {len(parts)} parts") as caught:
        read_raddata(b"\n".join(parts[1:]), LIMITS)
    assert caught.value.code == "truncated"
    with pytest.raises(ParseError, match="occurs twice"):
        read_raddata(b"\n".join([parts[0], *parts]), LIMITS)


def test_a_damaged_part_is_refused() -> None:
    parts = parts_of(long_spectrum())
    other = parts_of(spectrum(np.random.default_rng(8).poisson(40.0, 4096).tolist()))
    head = re.match(rb"RADDATA://G0/\w+/\d+/", parts[1])
    theirs = re.match(rb"RADDATA://G0/\w+/\d+/", other[1])
    assert head is not None
    assert theirs is not None
    forged = head[0] + other[1][theirs.end() :]
    with pytest.raises(ParseError, match="check sum"):
        read_raddata(b"\n".join([parts[0], forged, *parts[2:]]), LIMITS)


def test_every_cut_of_a_uri_is_refused() -> None:
    data = write_raddata(recording(spectrum(list(range(64))))).strip()
    for length in range(len(data) - 1):
        with pytest.raises(ParseError):
            read_raddata(data[:length], LIMITS)


OPTIONS = slice(len(b"RADDATA://G0/"), len(b"RADDATA://G0/10"))
"""Where the options of a written URI stand. The header bears no check sum in this format: other
options that fit the data are those of another writer."""


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
@example(2885, ord("a"))
def test_damage_is_refused(at: int, value: int) -> None:
    whole = write_raddata(recording(spectrum(list(range(64))))).strip()
    data = bytearray(whole)
    data[at % len(data)] = value
    try:
        read = read_raddata(bytes(data), LIMITS)
    except ParseError:
        return
    if data[OPTIONS] == whole[OPTIONS]:
        assert read.records == read_raddata(whole, LIMITS).records


def test_a_bomb_stays_small() -> None:
    bomb = codec.deflated(b"T:1,1 S:" + bytes(300_000_000))
    with pytest.raises(ParseError) as caught:
        read_raddata(uri(bomb), LIMITS)
    assert caught.value.code == "too_large"
    zeroes = codec.packed(np.array([0, 2**31]))
    with pytest.raises(ParseError, match="counted zeroes"):
        read_raddata(uri(codec.deflated(b"T:1,1 S:" + zeroes)), LIMITS)


@pytest.mark.parametrize("image", ["png", "svg"])
def test_codes_are_images(image: str) -> None:
    (data,) = write_qr(recording(spectrum(list(range(64)))), image=image)  # type: ignore[arg-type]
    assert data[:8] == b"\x89PNG\r\n\x1a\n" if image == "png" else b"<svg" in data
    assert data == write_qr(recording(spectrum(list(range(64)))), image=image)[0]  # type: ignore[arg-type]


def test_a_picture_is_read_through_the_sandbox(reader: Reader) -> None:
    made = spectrum(list(range(256)))
    (image,) = write_qr(recording(made))
    read = reader.read_bytes(image, file_name="photo.png")
    assert read.records == (made,)
    for damaged in (image[: len(image) // 2], image[:200] + bytes(50) + image[250:]):
        with pytest.raises(ParseError):
            reader.read_bytes(damaged, file_name="photo.png")


def test_what_no_uri_can_hold_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="without a spectrum"):
        write_raddata(Recording((Record(gross_counts=(GrossCounts("n", 1.0),)),)))
    for values in ([0.5, 1.0], [-1, 2], [2**32, 1]):
        with pytest.raises(InvalidInput, match="whole counts"):
            write_raddata(Recording((Record((Spectrum(np.array(values), 1.0, 1.0),)),)))
    with pytest.raises(InvalidInput, match="live or a real time"):
        write_raddata(Recording((Record((Spectrum(np.array([1, 2])),)),)))


def test_texts_cannot_forge_fields() -> None:
    made = dataclasses.replace(spectrum([1, 2, 3]), title="x T:9,9 C:1,1 S:")
    (record,) = read_raddata(write_raddata(recording(made)), LIMITS).records
    assert record.spectra[0].live_time_s == 29.5
    assert record.spectra[0].calibration == made.spectra[0].calibration
    assert record.title == "x T 9,9 C 1,1 S"


def test_a_survey_is_one_uri_per_spectrum() -> None:
    survey = small_survey(records=5)
    data = write_raddata(survey)
    own = reader_for(data)
    assert own is not None
    read, expected, found = read_own(own, data, LIMITS)
    assert expected == found == 5
    assert [r.spectra[0].counts.tolist() for r in read.records] == [
        r.spectra[0].counts.tolist() for r in survey.records
    ]


def test_every_reference_spectrum_is_read_as_by_the_library(shared_data: Path) -> None:
    paths = sorted((shared_data / "reference_spectra").glob("*/*.txt"))
    if not paths:
        pytest.skip("no reference spectra beside the recordings")
    for path in paths[::4]:
        recording = read_raddata(path.read_bytes(), LIMITS)
        spec = SpecUtils.SpecFile()
        spec.loadFile(str(path), SpecUtils.ParserType.Uri)
        for record, m in zip(recording.records, spec.measurements(), strict=True):
            (ours,) = record.spectra
            assert np.array_equal(np.float32(ours.counts), m.gammaCounts()), path
            assert (np.float32(ours.live_time_s), np.float32(ours.real_time_s)) == (
                m.liveTime(),
                m.realTime(),
            )
            assert ours.calibration is not None
            assert np.allclose(ours.calibration.coefficients, m.calibrationCoeffs(), rtol=1e-6)
            assert (record.title, record.start) == (m.title(), m.startTime())
