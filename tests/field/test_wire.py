"""What goes out comes in again to the last bit; what is altered does not come in."""

from __future__ import annotations

import datetime as dt
import random
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from walks import INSTRUMENT, walk

from tocsin.errors import ParseError
from tocsin.field import wire
from tocsin.field.envelope import CONTEXT, MAGIC, Envelope, fingerprint, open_envelope, seal
from tocsin.sealing import SigningKey
from tocsin.spectra import EnergyCalibration, GrossCounts, Position, Record, SourceType, Spectrum

KEY = SigningKey("pack-7", bytes(range(32)))
BOOT = "0" * 31 + "1"

finite = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.none() | st.floats(0.0, 1e5)
calibrations = st.none() | st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5).map(
    EnergyCalibration.polynomial
)
counts = st.lists(st.integers(-(2**62), 2**62), max_size=40) | st.lists(
    st.floats(-1e12, 1e12), min_size=1, max_size=40
)
spectra = st.builds(Spectrum, counts, seconds, seconds, calibrations, st.text(max_size=10))
times = st.none() | st.datetimes(timezones=st.just(dt.UTC)) | st.datetimes()
records = st.builds(
    Record,
    spectra=st.lists(spectra, max_size=3).map(tuple),
    start=times,
    real_time_s=seconds,
    source_type=st.sampled_from(SourceType),
    position=st.none()
    | st.builds(Position, st.floats(-90, 90), st.floats(-180, 180), st.none() | finite),
    gross_counts=st.lists(
        st.builds(GrossCounts, st.text(max_size=5), st.none() | finite, seconds), max_size=2
    ).map(tuple),
    speed_m_s=st.none() | finite,
    occupied=st.none() | st.booleans(),
    title=st.text(max_size=10),
    remarks=st.lists(st.text(max_size=10), max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, max_size=4))
def test_records_come_back_to_the_last_bit(given_records: list[Record]) -> None:
    back = wire.unpack_records(wire.pack_records(given_records, INSTRUMENT, "EXERCISE"))
    assert back.records == tuple(given_records)
    assert (back.instrument, back.realm) == (INSTRUMENT, "EXERCISE")


def test_a_batch_is_small() -> None:
    body = wire.pack_records(walk(10, channels=1024), INSTRUMENT, "LIVE")
    # 2 counts in each channel have an entropy of 1.9 bits: 250 bytes a record at the very least
    assert len(body) < 10 * 600


def test_equal_calibrations_are_written_once() -> None:
    edges = tuple(float(k) for k in range(1025))

    def one() -> Record:
        own = EnergyCalibration("lower_channel_edges", edges)
        return Record(spectra=(Spectrum([0] * 1024, calibration=own),))

    single = len(wire.pack_records([one()], INSTRUMENT, "LIVE"))
    assert len(wire.pack_records([one() for _ in range(20)], INSTRUMENT, "LIVE")) < 2 * single


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        zlib.compress(b"no recording"),
        zlib.compress(b"x")[:-3],
        zlib.compress(b"") + b"x",
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        wire.unpack_records(body)
    with pytest.raises(ParseError):
        wire.unpack_json(body)


def test_a_small_message_that_unpacks_to_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_UNPACKED", 1 << 16)
    with pytest.raises(ParseError, match="larger than allowed"):
        wire.unpack_records(zlib.compress(bytes(1 << 20)))
    with pytest.raises(ParseError, match="at most"):
        wire.unpack_records(bytes(wire.MOST_PACKED + 1))


def test_more_records_than_a_message_holds_are_refused() -> None:
    many = [Record()] * (wire.MOST_RECORDS + 1)
    with pytest.raises(ParseError, match="at most"):
        wire.unpack_records(wire.pack_records(many, INSTRUMENT, "LIVE"))


def test_what_a_detector_says_comes_back() -> None:
    said = {"stage": "closed", "encounter": {"class": "snm", "nuclides": [{"name": "Pu-239 é"}]}}
    assert wire.unpack_json(wire.pack_json(said)) == said
    with pytest.raises(ParseError):
        wire.unpack_json(zlib.compress(b"[1]"))
    with pytest.raises(ParseError):
        wire.unpack_json(zlib.compress(b'{"a": NaN}'))


def message(body: bytes = b"body", **more: object) -> bytes:
    values: dict[str, object] = {
        "boot": BOOT,
        "lane": "records",
        "first": 10,
        "last": 19,
        "ends": False,
        "device_time": "2026-05-01T09:00:00+00:00",
        "monotonic_s": 12.5,
        "faults": ((11, "time-jump"),),
    }
    return seal(KEY, body, **{**values, **more})  # type: ignore[arg-type]


def test_an_envelope_says_who_and_what() -> None:
    held = open_envelope(message())
    assert held.is_by(KEY.verifier)
    assert held.is_whole
    assert held.header.device == fingerprint(KEY.verifier)
    assert (held.header.first, held.header.last, held.header.ends) == (10, 19, False)
    assert held.header.faults == ((11, "time-jump"),)
    assert not held.is_by(SigningKey("other", bytes(32)).verifier)


def test_the_same_message_is_the_same_bytes() -> None:
    assert message() == message()


def accepted(raw: bytes) -> Envelope | None:
    """What a server would go on with."""
    try:
        held = open_envelope(raw)
    except ParseError:
        return None
    return held if held.is_by(KEY.verifier) and held.is_whole else None


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """One change of the bytes: a flipped bit, a cut, an insertion, a swap, a repetition."""
    way, at = chance.randrange(5), chance.randrange(len(raw))
    if way == 0:
        flipped = raw[at] ^ (1 << chance.randrange(8))
        return raw[:at] + bytes([flipped]) + raw[at + 1 :]
    if way == 1:
        return raw[:at]
    if way == 2:
        return raw[:at] + chance.randbytes(1 + chance.randrange(8)) + raw[at:]
    if way == 3:
        other = chance.randrange(len(raw))
        low, high = sorted((at, other))
        return raw[:low] + raw[high:] + raw[low:high]
    return raw[:at] + raw[at : at + 9] + raw[at:]


@pytest.mark.parametrize("seed", range(400))
def test_a_changed_envelope_is_not_accepted(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed for tests
    raw = message(chance.randbytes(200))
    changed = mutate(raw, chance)
    assert changed == raw or accepted(changed) is None
    assert accepted(raw) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"first": 20},  # more than one too many
        {"first": 20, "last": 19},  # empty and no end
        {"lane": "alarms"},
        {"lane": "alarms", "first": 3, "last": 3, "ends": True, "faults": ()},
        {"lane": "other"},
        {"first": -1},
        {"boot": "X" * 32},
        {"faults": ((11, "no such fault"),)},
        {"faults": ((20, "time-jump"),)},
        {"monotonic_s": True},
        {"device_time": "x" * 41},
        {"device_time": "12:00\x00"},
        {"ends": 1},
    ],
)
def test_a_header_that_does_not_fit_in_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ParseError):
        open_envelope(message(**change))


def test_a_header_has_one_spelling_and_says_nothing_more() -> None:
    raw = message()
    start = len(MAGIC) + 4
    length = int.from_bytes(raw[start - 4 : start], "little")
    for signed in (
        raw[start : start + length].replace(b'"boot":', b'"boot": '),
        raw[start : start + length].replace(b'{"boot"', b'{"a":1,"boot"'),
    ):
        again = (
            MAGIC
            + len(signed).to_bytes(4, "little")
            + signed
            + KEY.sign(CONTEXT + signed)
            + raw[start + length + 64 :]
        )
        with pytest.raises(ParseError):
            open_envelope(again)
