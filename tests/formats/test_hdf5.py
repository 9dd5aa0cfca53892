"""Our own HDF5 reader beside h5py, and the spectra of becquerel in it."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from attacks import field
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tocsin.errors import ParseError
from tocsin.formats import Limits, Reader
from tocsin.formats.becquerel_h5 import read_becquerel_h5
from tocsin.formats.hdf5_file import Hdf5File

LIMITS = Limits()
TYPES = ("<f8", ">f8", "<f4", "<i8", ">i4", "<u2", "|u1", "|i1")
arrays = st.sampled_from(TYPES).flatmap(
    lambda code: hnp.arrays(
        np.dtype(code),
        st.integers(0, 300),
        elements=st.integers(0, 100),
    )
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


def file_of(fill: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", **options) as file:
        fill(file)
    return out.getvalue()


def odd_type(standard: Any) -> Any:
    """Numbers of the same size with a bit less of content."""
    odd = standard.copy()
    if isinstance(odd, h5py.h5t.TypeFloatID):
        odd.set_ebias(1000)
    else:
        odd.set_precision(31)
    return h5py.Datatype(odd)


@settings(max_examples=80, deadline=None)
@given(
    arrays,
    st.sampled_from((None, 1, 7, 64)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(("earliest", "v108")),
)
def test_arrays_are_those_of_h5py(
    values: np.ndarray[Any, Any], chunk: int | None, squeezed: bool, shuffled: bool, version: str
) -> None:
    packed: dict[str, Any] = {}
    if squeezed and values.size:
        packed = {"compression": "gzip", "shuffle": shuffled}
    if chunk is not None and values.size:
        packed["chunks"] = (min(chunk, values.size),)

    def fill(file: h5py.File) -> None:
        file.create_dataset("inner/values", data=values, **packed)
        file.create_dataset("values", data=values, **packed)

    file = Hdf5File(file_of(fill, libver=(version, "v110")), max_values=1000)
    assert np.array_equal(file.dataset("values"), values)
    inner = file.object(file.root.members["inner"])
    assert np.array_equal(file.dataset("values", inner), values)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(texts.filter(bool), texts | st.floats(allow_nan=False) | st.integers(-9, 9),
                    max_size=8),
    st.lists(texts, max_size=5),
)  # fmt: skip
def test_attributes_are_those_of_h5py(single: dict[str, Any], several: list[str]) -> None:
    def fill(file: h5py.File) -> None:
        file.attrs.update(single)
        file.attrs["several"] = np.array(several, dtype=h5py.string_dtype())
        file.attrs["fixed"] = np.bytes_("abc")
        file.create_dataset("text", data="p[0] + p[1] * x")

    data = file_of(fill)
    file = Hdf5File(data, max_values=1000)
    with h5py.File(io.BytesIO(data)) as theirs:
        for name, value in theirs.attrs.items():
            ours = file.root.attributes[name]
            if isinstance(value, np.ndarray):
                assert ours == value.tolist()
            elif isinstance(value, bytes):
                assert ours == value.decode()
            else:
                assert ours == value
    assert file.dataset("text") == "p[0] + p[1] * x"


@pytest.mark.parametrize("size", [1, 5, 200])
def test_many_members(size: int) -> None:
    def fill(file: h5py.File) -> None:
        for n in range(size):
            file.create_dataset(f"d{n}", data=np.arange(n))

    file = Hdf5File(file_of(fill), max_values=1000)
    assert sorted(file.root.members) == sorted(f"d{n}" for n in range(size))
    for n in range(0, size, 7):
        assert file.dataset(f"d{n}").tolist() == list(range(n))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=300), st.sampled_from((None, 1, 16)))
def test_spectra_come_back(counts: list[int], chunk: int | None) -> None:
    chunk = None if chunk is None else min(chunk, len(counts))
    (record,) = read_becquerel_h5(field.h5(counts, chunk=chunk), LIMITS).records
    assert record.spectra[0].counts.tolist() == counts


def test_values_of_a_spectrum() -> None:
    recording = read_becquerel_h5(field.h5(), LIMITS)
    (record,) = recording.records
    (spectrum,) = record.spectra
    assert record.start == dt.datetime(2024, 3, 1, 12)  # noqa: DTZ001 - no zone is stated
    assert (spectrum.live_time_s, record.real_time_s) == (95.5, 100.0)
    assert spectrum.calibration is not None
    assert spectrum.calibration.kind == "polynomial"
    assert spectrum.calibration.coefficients == (0.25, 0.5)
    assert recording.remarks == ("SPEC_ID: a sample", "PRESETS: None | 0")
    assert recording.warnings == ()


def test_a_formula_that_is_no_polynomial_gives_the_edges() -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("counts", data=np.array([1.0, 2.0]))
        file.create_dataset("bin_edges_kev", data=np.array([0.0, 1.0, 4.0]))
        group = file.create_group("energy_cal")
        group.create_dataset("expression", data="p[0] * x ** 2")
        group.create_dataset("params", data=np.array([1.0]))

    (record,) = read_becquerel_h5(file_of(fill), LIMITS).records
    assert record.spectra[0].calibration is not None
    assert record.spectra[0].calibration.kind == "lower_channel_edges"
    assert record.spectra[0].edges_keV.tolist() == [0.0, 1.0, 4.0]


def test_every_cut_is_refused_or_whole() -> None:
    data = field.h5(chunk=3)
    whole = read_becquerel_h5(data, LIMITS).records
    for length in range(8, len(data)):
        try:
            assert read_becquerel_h5(data[:length], LIMITS).records == whole
        except ParseError:
            continue


def counts_by_h5py(data: bytes, otherwise: Any) -> Any:
    try:
        with h5py.File(io.BytesIO(data)) as file:
            return file["counts"][()]
    except Exception:  # noqa: BLE001 - h5py refuses: there is no second opinion
        return otherwise


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 10**6), st.integers(0, 255))
def test_damage_is_refused_or_read_as_h5py_does(
    at: int, value: int, second: int, other: int
) -> None:
    data = bytearray(field.h5(chunk=3))
    data[at % len(data)] = value
    data[second % len(data)] = other
    try:
        recording = read_becquerel_h5(bytes(data), LIMITS)
    except ParseError:
        return
    counts = recording.records[0].spectra[0].counts
    assert np.all(np.isfinite(counts))
    assert counts.tolist() == counts_by_h5py(bytes(data), counts).tolist()


@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        (lambda f: f.create_dataset("x", data=1), "no dataset 'counts'"),
        (lambda f: f.create_dataset("counts", data=np.zeros((2, 2))), "list of numbers|dimension"),
        (lambda f: f.create_dataset("counts", (9,), "f8", chunks=(3,)), "never written"),
        (lambda f: f.create_dataset("counts", data=np.zeros(4), fletcher32=True), "filter 3"),
        (lambda f: f.create_dataset("counts", data=np.array([1.0, np.nan])), "no finite number"),
        (lambda f: f.create_dataset("counts", data=np.array([1 + 1j])), "not supported"),
        (lambda f: f.create_dataset("counts", (4,), odd_type(h5py.h5t.IEEE_F64LE)), "not IEEE"),
        (lambda f: f.create_dataset("counts", (4,), odd_type(h5py.h5t.STD_I32LE)), "a part of"),
        (lambda f: f.create_dataset("counts", data=np.zeros(200_000)), "larger than the limit"),
        (lambda f: f.__setitem__("counts", h5py.ExternalLink("/etc/passwd", "/x")), "."),
        (lambda f: f.__setitem__("counts", h5py.SoftLink("/elsewhere")), "."),
    ],
)
def test_what_is_not_supported_is_refused(fill: Any, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        read_becquerel_h5(file_of(fill), LIMITS)


@pytest.mark.recordings
def test_kelp_in_two_formats(reader: Reader, recordings: Path) -> None:
    folder = recordings / "becquerel"
    h5 = reader.read(folder / "Mendocino_07-10-13_Acq-10-10-13.h5")
    spe = reader.read(folder / "Mendocino_07-10-13_Acq-10-10-13.Spe")
    ours, theirs = h5.records[0], spe.records[0]
    assert h5.file_format == "becquerel-h5"
    assert np.array_equal(ours.spectra[0].counts, theirs.spectra[0].counts)
    assert ours.spectra[0].live_time_s == theirs.spectra[0].live_time_s
    assert ours.start == theirs.start
    assert ours.real_time_s == theirs.real_time_s == 595_798
    assert np.allclose(ours.spectra[0].edges_keV, theirs.spectra[0].edges_keV, atol=0.01)
