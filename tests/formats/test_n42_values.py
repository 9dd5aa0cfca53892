"""Numbers, counted zeroes, durations and times of N42."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import ParseError
from tocsin.formats.n42_values import (
    compress_zeroes,
    decimal_text,
    duration_s,
    duration_text,
    expand_counted_zeroes,
    moment,
    numbers,
)
from tocsin.formats.notes import Notes


def expand_slowly(values: list[float]) -> list[float]:
    """The obvious way, after the wording of the standard."""
    out: list[float] = []
    at = 0
    while at < len(values):
        if values[at] == 0 and at + 1 < len(values) and values[at + 1] != 0:
            out += [0] * int(values[at + 1])
            at += 2
        else:
            out.append(values[at])
            at += 1
    return out


sparse = st.lists(st.just(0) | st.integers(0, 9) | st.integers(0, 2**52), max_size=200)


@given(sparse)
def test_compressing_and_expanding_gives_the_same_spectrum(counts: list[int]) -> None:
    array = np.array(counts, dtype=np.int64)
    squeezed = compress_zeroes(array)
    assert np.array_equal(expand_counted_zeroes(squeezed), array)
    assert not np.any((squeezed[:-1] == 0) & (squeezed[1:] == 0))


@given(st.lists(st.sampled_from([0, 0, 1, 2, 3, 7]), max_size=60))
def test_fast_expansion_is_the_slow_one_on_any_stream(values: list[int]) -> None:
    fast = expand_counted_zeroes(np.array(values, dtype=np.int64))
    assert fast.tolist() == expand_slowly(values)


def test_expansion_is_bounded_before_it_takes_memory() -> None:
    with pytest.raises(ParseError, match="more than 131072 channels"):
        expand_counted_zeroes(np.array([1, 0, 2**52, 5]))
    with pytest.raises(ParseError, match="more than 10 channels"):
        expand_counted_zeroes(np.array([0, 6, 1, 0, 6]), max_channels=10)


@pytest.mark.parametrize("run", [-3.0, 1.5, 0.5])
def test_a_run_of_no_whole_positive_length_is_refused(run: float) -> None:
    with pytest.raises(ParseError, match="run of counted zeroes"):
        expand_counted_zeroes(np.array([4.0, 0.0, run, 4.0]))


def test_a_zero_without_its_run_is_noted() -> None:
    notes = Notes()
    expand_counted_zeroes(np.array([5, 0, 2, 3]), notes=notes)
    assert notes.warnings() == ()
    assert expand_counted_zeroes(np.array([5, 0]), notes=notes).tolist() == [5, 0]
    assert [w.code for w in notes.warnings()] == ["zero_without_run"]


@given(st.lists(st.integers(0, 2**53 - 2), max_size=50))
def test_whole_numbers_are_read_exactly(values: list[int]) -> None:
    read = numbers(" \n\t".join(map(str, values)))
    assert read.dtype == np.int64
    assert read.tolist() == values


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_real_numbers_are_read_exactly(values: list[float]) -> None:
    assert numbers(" ".join(map(repr, values))).tolist() == values


@pytest.mark.parametrize(
    "text",
    ["1 2 x", "1,5 2", "1_000", "nan", "1 inf", "0x10", "1 2 3\u00a04", "1e400", "--1", "1-2"],
)
def test_what_is_no_list_of_finite_numbers_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        numbers(text)


def test_numbers_beyond_the_exact_range_are_not_clipped() -> None:
    assert numbers("99999999999999999999").tolist() == [1e20]


@given(st.floats(0, 1e15))
def test_durations_come_back_exactly_and_without_exponent(seconds: float) -> None:
    text = duration_text(seconds)
    assert "e" not in text.lower()
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1S", 1.0),
        ("PT0.999990S", 0.99999),
        ("PT1M30S", 90.0),
        ("P1DT2H", 93600.0),
        ("PT1H0.5S", 3600.5),
        ("PT1E-3S", 0.001),
        (" PT5S ", 5.0),
    ],
)
def test_durations_as_instruments_write_them(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1.0", "PT-1S", "PTnanS", "PTinfS", "P1Y", "PT1,5S"]
)
def test_what_is_no_duration_has_none(text: str) -> None:
    assert duration_s(text) is None


def test_times_keep_the_zone_they_name_and_no_other() -> None:
    zulu = moment("2024-10-20T15:35:55.000Z")
    assert zulu is not None
    assert zulu.utcoffset() == dt.timedelta(0)
    shifted = moment("2024-10-20T15:35:55.5+02:00")
    assert shifted is not None
    assert shifted.utcoffset() == dt.timedelta(hours=2)
    assert shifted.microsecond == 500_000
    naive = moment("2024-10-20T15:35:55")
    assert naive is not None
    assert naive.tzinfo is None


@pytest.mark.parametrize(
    "text", ["", "1970-01-01T00:00:00Z", "1970-01-01T00:05:00", "2024-10-20", "yesterday", "15:35"]
)
def test_no_time_is_no_time(text: str) -> None:
    assert moment(text) is None


@given(st.floats(-180, 180))
def test_decimals_come_back_exactly(value: float) -> None:
    text = decimal_text(value)
    assert "e" not in text.lower()
    assert float(text) == value
