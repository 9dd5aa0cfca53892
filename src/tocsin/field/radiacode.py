"""A RadiaCode by USB or Bluetooth: what it has counted between two questions becomes a record.

The byte protocol is that of the library ``radiacode`` (extra ``tocsin[radiacode]``). The instrument
gives the sum of all its counts and for how many whole seconds it has counted; the difference of two
answers is one record. It states neither live time nor dead time, so a record has none. When asked
for the first time the library sets the instrument's clock to that of this device.

The library takes the bytes apart in this process. What it makes of them is believed only within
bounds; an answer outside is told, noted in the next record, and not used.
"""

from __future__ import annotations

import datetime as dt
import importlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, TocsinError
from tocsin.field.records import Feed
from tocsin.field.stopping import Stop
from tocsin.spectra import (
    CountRate,
    DoseRate,
    EnergyCalibration,
    Instrument,
    Record,
    Spectrum,
)

EVERY_S = 1.0
CLOCK_SLACK_S = 2.5
"""The counter shows whole seconds at both ends and answers with delay: so far the time of this
device is the better one, as :mod:`tocsin.formats.radiacode_log` takes it too."""
LONGEST_RECORD_S = 60.0
"""What was counted over a longer gap says too little about any place in it."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
USV_H = 1e4
"""Dose rates of the instrument are in units of 10 mSv/h (openly published logs and library)."""
MOST_CHANNELS = 1 << 14
"""Sixteen times what the instruments of today have; our choice."""
MOST_WORD = (1 << 32) - 1
"""Counts of a channel and seconds of counting are words of 32 bits in the protocol."""
MOST_CPS = 1e7
"""The light of GAGG(Ce), the fastest of their crystals, lasts some 0.1 microseconds (of CsI(Tl) ten
times as long): more pulses a second cannot be told apart."""
MOST_KEV = 100_000.0
"""The instruments are made for some 3,000 keV; no nuclide has a line that high. Our choice."""
LONGEST_NAME = 64
MOST_SHOWN = 1000.0
"""Degrees and percent from which a figure is no temperature and no charge, and is not shown."""
MOST_FAULTS = 4
"""So many are noted in one record, the last ones."""
PERMISSION, BUSY = 13, 16
_INSTALL = "the library for it is not installed: pip install 'tocsin[radiacode]'"
_RULE = (
    "this user may not open it: add the udev rule "
    'SUBSYSTEM=="usb", ATTR{idVendor}=="0483", ATTR{idProduct}=="f123", TAG+="uaccess" '
    "and plug it in again"
)

Tell = Callable[[str], None]


class NoInstrument(TocsinError):
    """The instrument cannot be reached; the message says why and what to do."""


class Implausible(TocsinError):
    """What the instrument says cannot be; the message says what it was."""


class Unit(Protocol):
    """What is used of the library's connection to an instrument."""

    def serial_number(self) -> str:
        """Such as RC-103-001234."""
        ...

    def fw_version(self) -> Any:
        """Of the boot loader and of the program: (major, minor, date) each."""
        ...

    def spectrum(self) -> Any:
        """All counts since the last reset, for how long, and the energy scale."""
        ...

    def data_buf(self) -> list[Any]:
        """Rates, and now and then temperature and battery, since the last question."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


Connect = Callable[[], Unit]


def connection(bluetooth: str = "", serial: str = "") -> Connect:
    """How to connect to an instrument.

    Parameters
    ----------
    bluetooth : str
        Its Bluetooth address; empty for USB.
    serial : str
        Which one, where several hang on USB.

    Raises
    ------
    InvalidInput
        When the library is not installed.
    """
    try:
        library = importlib.import_module("radiacode")
    except ImportError as error:
        raise InvalidInput(f"RadiaCode: {_INSTALL} ({error})") from error

    def connect() -> Unit:
        try:
            unit: Unit = library.RadiaCode(
                bluetooth_mac=bluetooth or None, serial_number=serial or None
            )
        except Exception as error:  # the library raises its own and those of three others
            raise NoInstrument(_why(error, bluetooth)) from error
        return unit

    return connect


def _why(error: Exception, bluetooth: str) -> str:
    """Why there is no connection, and what to do."""
    name, number = type(error).__name__, getattr(error, "errno", None)
    if name == "DeviceNotFound":
        if bluetooth:
            return (
                f"no RadiaCode answers at {bluetooth}: switch it and Bluetooth on, come nearer, "
                "and close the telephone's program that holds it"
            )
        return "no RadiaCode is connected by USB"
    if name == "NoBackendError":
        return "libusb is missing on this device: install libusb-1.0"
    if number == PERMISSION:
        return _RULE
    if number == BUSY:
        return "another program holds the instrument: close it"
    return str(error) or name


@dataclass(frozen=True, slots=True)
class _Total:
    """All counts of the instrument at a moment."""

    at_s: float
    end: dt.datetime
    duration_s: float
    counts: NDArray[np.int64]
    calibration: EnergyCalibration | None


class RadiaCodeSource:
    """Records of one instrument, through any number of lost connections.

    Parameters
    ----------
    connect : callable
        Of :func:`connection`.
    tell : callable
        Takes a line for a person.
    stop : Stop
        Set when no further record is wanted.
    monotonic : callable, optional
        Seconds on a clock that cannot be set.
    now : callable, optional
        The device's own clock, aware.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        tell: Tell,
        stop: Stop,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._stop = stop
        self._monotonic = monotonic
        self._now = now
        self._before: _Total | None = None
        self._unit: Unit | None = None
        self._serial = ""
        self._fault = ""
        self._remarks: tuple[str, ...] = ()

    def feed(self) -> Feed:
        """Connect, and give the records as they are counted.

        Raises
        ------
        NoInstrument
            When there is none at the start; later it is waited for.
        """
        self._unit = self._connect()
        try:
            self._serial = _serial(self._unit)
            _boot, (major, minor, _date) = self._unit.fw_version()
            versions = (("firmware", f"{int(major):d}.{int(minor):d}"[:LONGEST_NAME]),)
        except Exception as error:
            self._let_go()
            raise NoInstrument(f"the instrument does not answer ({_why(error, '')})") from error
        instrument = Instrument(
            "Radiacode",
            model_of(self._serial),
            self._serial,
            "Spectroscopic Personal Radiation Detector",
            versions=versions,
        )
        return Feed(instrument, self._records())

    def _records(self) -> Iterator[Record]:
        due_s = self._monotonic()
        try:
            while not self._stop.is_set():
                record = self._asked()
                if record is not None:
                    yield record
                due_s = max(due_s + EVERY_S, self._monotonic() - EVERY_S)
                self._stop.wait(max(0.0, due_s - self._monotonic()))
        finally:
            self._let_go()

    def _asked(self) -> Record | None:
        """One question; a lost connection is told, and sought again until it is there."""
        try:
            unit = self._unit or self._again()
            if unit is None:
                return None
            total = self._total(unit.spectrum())
            readings = unit.data_buf()
        except Implausible as error:
            self._flag(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - the library's, or bytes it cannot take apart
            self._let_go()
            self._tell(
                f"the connection to the instrument is lost ({_why(error, '')}): trying again"
            )
            return None
        record = self._difference(total, readings)
        if record is not None:
            self._fault = ""
        return record

    def _flag(self, fault: str) -> None:
        """Tell once that an answer cannot be, and note it for the next record."""
        if fault != self._fault:
            self._fault = fault
            self._tell(f"instrument fault: {fault}: the answer is not used")
            self._remarks = (*self._remarks, f"instrument fault: {fault}")[-MOST_FAULTS:]

    def _again(self) -> Unit | None:
        """The instrument once more, tried ever more seldom; None when no record is wanted."""
        wait_s, said = FIRST_WAIT_S, ""
        while not self._stop.is_set():
            try:
                unit = self._connect()
            except NoInstrument as error:
                if str(error) != said:
                    said = str(error)
                    self._tell(said)
            else:
                self._unit = unit
                serial = _serial(unit)
                if serial == self._serial:
                    self._tell(f"{serial} is there again")
                    return unit
                self._let_go()
                if serial != said:
                    said = serial
                    self._tell(f"{serial} is another instrument: {self._serial} is waited for")
            self._stop.wait(wait_s)
            wait_s = min(2.0 * wait_s, LONGEST_WAIT_S)
        return None

    def _let_go(self) -> None:
        unit, self._unit = self._unit, None
        if unit is not None:
            with suppress(Exception):  # what is lost cannot be closed in good order
                unit.close()

    def _total(self, answer: Any) -> _Total:
        counts = _counts(answer.counts)
        duration_s = answer.duration.total_seconds()
        if not 0.0 <= duration_s <= MOST_WORD:
            raise Implausible(f"a counting time of {duration_s:.6g} s")
        calibration = _scale((answer.a0, answer.a1, answer.a2), counts.size)
        return _Total(self._monotonic(), self._now(), duration_s, counts, calibration)

    def _difference(self, now: _Total, readings: list[Any]) -> Record | None:
        before, self._before = self._before, now
        if before is None:
            return None
        if (
            now.counts.size != before.counts.size
            or now.duration_s < before.duration_s
            or bool((now.counts < before.counts).any())
        ):
            self._tell("the instrument was set back to zero: it is counted from there")
            return None
        counted_s, passed_s = now.duration_s - before.duration_s, now.at_s - before.at_s
        length_s = passed_s if abs(passed_s - counted_s) <= CLOCK_SLACK_S else counted_s
        if length_s > LONGEST_RECORD_S:
            self._tell(f"what was counted in the {length_s:.0f} s without connection is left out")
            return None
        if length_s <= 0.0:
            return None
        counted = now.counts - before.counts
        if counted.sum() > MOST_CPS * max(length_s, counted_s):
            self._flag(f"{counted.sum()} counts in {length_s:.1f} s")
            return None
        rates, remarks = _shown(readings)
        if now.calibration is None:
            remarks = (*remarks, "the instrument gives no energy scale that can be")
        faults, self._remarks = self._remarks, ()
        return Record(
            spectra=(Spectrum(counted, None, length_s, now.calibration),),
            start=now.end - dt.timedelta(seconds=length_s),
            real_time_s=length_s,
            dose_rates=tuple(
                DoseRate(USV_H * r.dose_rate) for r in rates if 0 <= r.dose_rate < math.inf
            ),
            count_rates=tuple(
                CountRate(r.count_rate) for r in rates if 0 <= r.count_rate <= MOST_CPS
            ),
            remarks=(*remarks, *faults),
        )


def _serial(unit: Unit) -> str:
    """What can be printed of a serial number, which has a dozen characters."""
    said = unit.serial_number()[: 2 * LONGEST_NAME]
    return "".join(c for c in said if c.isascii() and c.isprintable())[:LONGEST_NAME]


def _counts(said: Any) -> NDArray[np.int64]:
    """The counts of all channels.

    Raises
    ------
    Implausible
        When they are none, too many, no whole numbers, or outside what the protocol has room for.
    """
    if not 0 < len(said) <= MOST_CHANNELS:
        raise Implausible(f"{len(said)} channels")
    counts = np.asarray(said)
    if counts.ndim != 1 or counts.dtype.kind not in "iu":
        raise Implausible("counts that are no whole numbers")
    least, most = int(counts.min()), int(counts.max())
    if least < 0 or most > MOST_WORD:
        raise Implausible(f"{least if least < 0 else most} counts in a channel")
    return counts.astype(np.int64)


def _scale(coefficients: tuple[float, float, float], n_channel: int) -> EnergyCalibration | None:
    """The energy scale; None where it is none: rates are then judged and nothing is named."""
    try:
        scale = EnergyCalibration.polynomial(coefficients)
    except InvalidInput:
        return None
    top_keV = float(scale.energies_keV(np.array([float(n_channel)]), n_channel=n_channel)[0])
    return scale if 0.0 < top_keV <= MOST_KEV else None


def _shown(readings: list[Any]) -> tuple[list[Any], tuple[str, ...]]:
    """The newest rates that the instrument shows, and its temperature and battery in words."""
    rates = [r for r in readings if type(r).__name__ == "RealTimeData"]
    rare = [r for r in readings if type(r).__name__ == "RareData"]
    words = tuple(
        f"{r.temperature:.1f} °C, battery {r.charge_level:.0f} %"
        for r in rare[-1:]
        if abs(r.temperature) < MOST_SHOWN and abs(r.charge_level) < MOST_SHOWN
    )
    return rates[-1:], words


def model_of(serial: str) -> str:
    """The model that stands in a serial number: RC-103G-001234 is a RadiaCode-103G."""
    parts = serial.split("-")
    return f"RadiaCode-{parts[1]}" if len(parts) == 3 and parts[0] == "RC" else "RadiaCode"
