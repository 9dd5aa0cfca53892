"""A RadiaCode: the real library, and an instrument that speaks its bytes."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
from radiacode_bytes import FakeUsb

from tocsin.errors import InvalidInput
from tocsin.field.radiacode import (
    MOST_CHANNELS,
    MOST_CPS,
    MOST_WORD,
    NoInstrument,
    RadiaCodeSource,
    connection,
    model_of,
)
from tocsin.spectra import Record

core = pytest.importorskip("usb.core", reason="the extra radiacode is not installed")

NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


class Time(threading.Event):
    """Time that passes only where somebody waits for it; what happens meanwhile is played."""

    def __init__(self, happens: Callable[[float], None]) -> None:
        super().__init__()
        self.at_s = 0.0
        self._happens = happens

    def wait(self, timeout: float | None = None) -> bool:
        self.at_s += timeout or 0.0
        self._happens(self.at_s)
        return self.is_set()

    def now(self) -> dt.datetime:
        return NOW + dt.timedelta(seconds=self.at_s)


class Bus:
    """What hangs on USB."""

    def __init__(self) -> None:
        self.device: FakeUsb | None = FakeUsb()
        self.refuses: Exception | None = None

    def find(self, **asked: object) -> FakeUsb | None:
        assert (asked["idVendor"], asked["idProduct"]) == (0x0483, 0xF123)
        if self.refuses is not None:
            raise self.refuses
        if self.device is not None and asked.get("serial_number") in (None, self.device.serial):
            return self.device
        return None


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr("usb.core.find", bus.find)
    monkeypatch.setattr("usb.util.dispose_resources", lambda _device: None)
    return bus


def spectrum(rate: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, 1024)


def taken(
    bus: Bus, happens: Callable[[float], None], *, until_s: float
) -> tuple[list[Record], list[str], RadiaCodeSource]:
    """All records of some seconds, and what was told."""
    told: list[str] = []

    def on(at_s: float) -> None:
        happens(at_s)
        if at_s >= until_s:
            time.set()

    time = Time(on)
    source = RadiaCodeSource(
        connection(), tell=told.append, stop=time, monotonic=lambda: time.at_s, now=time.now
    )
    return list(source.feed().records), told, source


@pytest.mark.parametrize("packed", [False, True])
def test_what_was_counted_between_two_questions_is_a_record(bus: Bus, packed: bool) -> None:
    device = bus.device = FakeUsb(packed=packed)
    device.count(spectrum(50.0, 0), 3000)  # from earlier measurements
    device.show(rate_cps=12.0, dose=1.1e-5, celsius=21.5, battery=80.0)
    given: list[np.ndarray] = []

    def happens(_at_s: float) -> None:
        given.append(spectrum(0.05, len(given) + 1))
        device.count(given[-1], 1)
        device.show(rate_cps=13.0, dose=1.2e-5, celsius=22.0, battery=79.0)

    records, told, _ = taken(bus, happens, until_s=5.0)
    assert told == []
    assert len(records) == 4
    for k, record in enumerate(records):
        (one,) = record.spectra
        assert np.array_equal(one.counts, given[k])
        assert record.real_time_s == 1.0
        assert one.live_time_s is None  # the instrument does not state it
        assert record.start == NOW + dt.timedelta(seconds=k)
        assert one.calibration is not None
        energies = one.calibration.energies_keV(np.array([100.0]), n_channel=1024)
        assert energies[0] == pytest.approx(-4 + 240 + 4, abs=0.01)
        assert record.dose_rates[0].dose_rate_uSv_h == pytest.approx(0.12)
        assert record.count_rates[0].count_rate_cps == pytest.approx(13.0)
        assert record.remarks == ("22.0 °C, battery 79 %",)


def test_the_instrument_is_known_by_its_serial_number(bus: Bus) -> None:
    source = RadiaCodeSource(connection(), tell=print, stop=threading.Event())
    instrument = source.feed().instrument
    assert (instrument.model, instrument.serial) == ("RadiaCode-102", "RC-102-001234")
    assert instrument.versions == (("firmware", "4.12"),)
    assert model_of("RC-103G-000001") == "RadiaCode-103G"
    assert model_of("?") == "RadiaCode"


def test_a_lost_connection_is_told_and_found_again_without_a_lost_count(bus: Bus) -> None:
    device = bus.device
    assert device is not None
    asked, before_s = [0], 0.0

    def happens(at_s: float) -> None:
        nonlocal before_s
        asked.append(int(device.counts.sum()))
        for k in range(int(before_s), int(at_s)):
            device.count(spectrum(0.05, k), 1)
        before_s = at_s
        if at_s == 3.0:
            device.fails = core.USBError("No such device", errno=19)
            bus.device = None
        if at_s >= 6.0:
            device.fails = None
            bus.device = device

    records, told, _ = taken(bus, happens, until_s=30.0)
    assert told[0].startswith("the connection to the instrument is lost (")
    assert "no RadiaCode is connected by USB" in told
    assert told[-1] == "RC-102-001234 is there again"
    # the seconds without connection are in the first record after them; asked before the last wait
    assert sum(int(r.spectra[0].counts.sum()) for r in records) == asked[-1] > 0
    assert max(r.real_time_s or 0.0 for r in records) > 2.0


def test_bytes_that_make_no_sense_are_a_lost_connection(bus: Bus) -> None:
    device = bus.device
    assert device is not None

    def happens(at_s: float) -> None:
        device.count(spectrum(0.05, int(at_s)), 1)
        device.garbage = 2.0 <= at_s < 4.0

    records, told, _ = taken(bus, happens, until_s=20.0)
    assert any("is lost" in line for line in told)
    assert any("there again" in line for line in told)
    assert len(records) > 5


def cannot_be(kind: str) -> np.ndarray | list[object]:
    """Counts as no instrument has them."""
    one = np.ones(1024, dtype=np.int64)
    counts: dict[str, np.ndarray | list[object]] = {
        "channels": np.ones(MOST_CHANNELS + 1, dtype=np.int64),
        "no channel": [],
        "negative": one - 2,
        "too many": one + MOST_WORD,
        "not finite": [float("nan")] * 1024,
        "no whole numbers": [0.5] * 1024,
        "no numbers": ["1"] * 1024,
        "beyond any integer": [10**30] * 1024,
    }
    return counts[kind]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("channels", f"{MOST_CHANNELS + 1} channels"),
        ("no channel", "0 channels"),
        ("negative", "-1 counts in a channel"),
        ("too many", f"{MOST_WORD + 1} counts in a channel"),
        ("not finite", "counts that are no whole numbers"),
        ("no whole numbers", "counts that are no whole numbers"),
        ("no numbers", "counts that are no whole numbers"),
        ("beyond any integer", "counts that are no whole numbers"),
    ],
)
def test_counts_that_cannot_be_are_told_and_flagged_and_not_used(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    device = bus.device
    assert device is not None
    library = importlib.import_module("radiacode").RadiaCode
    real, asked = library.spectrum, [0]

    def answered(unit: object) -> object:
        answer = real(unit)
        asked[0] += 1
        if asked[0] in (3, 4):
            answer.counts = cannot_be(kind)
        return answer

    monkeypatch.setattr(library, "spectrum", answered)
    records, told, _ = taken(
        bus, lambda at_s: device.count(spectrum(0.05, int(at_s)), 1), until_s=7.0
    )
    # the connection is kept, and the next answer holds what was counted meanwhile
    assert told == [f"instrument fault: {said}: the answer is not used"]
    assert [r.real_time_s for r in records] == [1.0, 3.0, 1.0, 1.0]
    assert [r.remarks for r in records] == [(), (f"instrument fault: {said}",), (), ()]
    given = sum(int(spectrum(0.05, k).sum()) for k in range(1, 7))
    assert sum(int(r.spectra[0].counts.sum()) for r in records) == given


@pytest.mark.parametrize("seconds", [-1.0, MOST_WORD + 1.0])
def test_a_counting_time_that_cannot_be_is_told(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    device = bus.device
    assert device is not None
    library = importlib.import_module("radiacode").RadiaCode
    real = library.spectrum

    def answered(unit: object) -> object:
        answer = real(unit)
        if device.duration_s == 2:
            answer.duration = dt.timedelta(seconds=seconds)
        return answer

    monkeypatch.setattr(library, "spectrum", answered)
    records, told, _ = taken(
        bus, lambda at_s: device.count(spectrum(0.05, int(at_s)), 1), until_s=5.0
    )
    assert [line.split(":")[0] for line in told] == ["instrument fault"]
    assert [r.real_time_s for r in records] == [1.0, 2.0, 1.0]


def test_more_counts_than_light_can_give_are_told_and_not_used(bus: Bus) -> None:
    device = bus.device
    assert device is not None

    def happens(at_s: float) -> None:
        flood = np.zeros(1024, dtype=np.int64)
        flood[7] = int(MOST_CPS) + 1 if at_s == 3.0 else 1
        device.count(flood, 1)

    records, told, _ = taken(bus, happens, until_s=6.0)
    assert told == [
        f"instrument fault: {int(MOST_CPS) + 1} counts in 1.0 s: the answer is not used"
    ]
    assert [int(r.spectra[0].counts.sum()) for r in records] == [1, 1, 1, 1]
    assert "instrument fault" in records[2].remarks[0]


@pytest.mark.parametrize("scale", [(float("nan"), 2.4, 0.0), (0.0, 1e30, 0.0), (0.0, -2.4, 0.0)])
def test_an_energy_scale_that_cannot_be_names_nothing(
    bus: Bus, scale: tuple[float, float, float]
) -> None:
    device = bus.device
    assert device is not None
    device.scale = scale
    records, _told, _ = taken(
        bus, lambda at_s: device.count(spectrum(0.05, int(at_s)), 1), until_s=3.0
    )
    assert [r.spectra[0].calibration for r in records] == [None, None]
    assert "no energy scale" in records[0].remarks[0]


def test_a_serial_number_is_what_can_be_printed_of_it(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = importlib.import_module("radiacode").RadiaCode
    monkeypatch.setattr(library, "serial_number", lambda _unit: "RC-102-\x1b[2J" + 1000 * "9")
    source = RadiaCodeSource(connection(), tell=print, stop=threading.Event())
    assert source.feed().instrument.serial == "RC-102-[2J" + 54 * "9"


def test_another_instrument_does_not_take_the_place_of_the_first(bus: Bus) -> None:
    first, other = bus.device, FakeUsb("RC-103-009999")
    assert first is not None

    def happens(at_s: float) -> None:
        if at_s == 2.0:
            first.fails, bus.device = core.USBError("gone", errno=19), other
        if at_s >= 8.0:
            first.fails, bus.device = None, first

    _records, told, source = taken(bus, happens, until_s=20.0)
    assert "RC-103-009999 is another instrument: RC-102-001234 is waited for" in told
    assert told[-1] == "RC-102-001234 is there again"
    assert source._serial == "RC-102-001234"


def test_a_reset_is_told_and_gives_no_negative_counts(bus: Bus) -> None:
    device = bus.device
    assert device is not None
    device.count(spectrum(2.0, 1), 100)

    def happens(at_s: float) -> None:
        device.count(spectrum(0.05, int(at_s)), 1)
        if at_s == 3.0:
            device.counts, device.duration_s = np.zeros(1024, dtype=np.int64), 0

    records, told, _ = taken(bus, happens, until_s=8.0)
    assert told == ["the instrument was set back to zero: it is counted from there"]
    assert all(int(r.spectra[0].counts.min()) >= 0 for r in records)
    assert len(records) == 6


def test_what_was_counted_in_a_long_gap_is_left_out_and_told(bus: Bus) -> None:
    device = bus.device
    assert device is not None

    def happens(at_s: float) -> None:
        device.fails = core.USBError("gone", errno=19) if 2.0 <= at_s < 100.0 else None
        device.duration_s = int(at_s)

    records, told, _ = taken(bus, happens, until_s=140.0)
    assert any("without connection is left out" in line for line in told)
    assert max(r.real_time_s or 0.0 for r in records) <= 60.0


def test_the_time_of_the_counter_holds_where_the_device_was_asleep(bus: Bus) -> None:
    device = bus.device
    assert device is not None

    def happens(_at_s: float) -> None:
        device.count(spectrum(0.05, 1), 9)  # one second here, nine there

    records, _told, _ = taken(bus, happens, until_s=4.0)
    assert {r.real_time_s for r in records} == {9.0}


@pytest.mark.parametrize(
    ("refuses", "said"),
    [
        (None, "no RadiaCode is connected by USB"),
        (core.USBError("Access denied", errno=13), "udev rule"),
        (core.USBError("busy", errno=16), "another program"),
        (core.NoBackendError("No backend available"), "install libusb"),
    ],
)
def test_why_there_is_no_instrument_says_what_to_do(
    bus: Bus, refuses: Exception | None, said: str
) -> None:
    bus.device, bus.refuses = None, refuses
    with pytest.raises(NoInstrument, match=said):
        RadiaCodeSource(connection(), tell=print, stop=threading.Event()).feed()


def test_an_instrument_of_an_old_program_is_refused_in_words(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = bus.device
    assert device is not None
    monkeypatch.setattr(
        FakeUsb,
        "_answer",
        lambda _self, command, _a, real=FakeUsb._answer: (
            b"\x01\x00\x04\x00\x00\x02\x00\x04\x00\x00"
            if command == 0x000A
            else real(_self, command, _a)
        ),
    )
    with pytest.raises(NoInstrument, match=r"4\.2"):
        RadiaCodeSource(connection(), tell=print, stop=threading.Event()).feed()


def test_without_bluetooth_it_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(_self: object, *_a: object, **_k: object) -> None:
        raise OSError("no adapter")

    monkeypatch.setattr("bleak.BleakClient.connect", refused)
    with pytest.raises(NoInstrument, match="no RadiaCode answers at 52:43:01:02:03:04"):
        connection("52:43:01:02:03:04")()


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "radiacode", None)
    with pytest.raises(InvalidInput, match=r"tocsin\[radiacode\]"):
        connection()
