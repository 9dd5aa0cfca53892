"""An instrument that is not there: it speaks the bytes of a RadiaCode to the real library by USB.

Frames are a length (uint32) and then two bytes of command, a zero, a number and what belongs to it;
the answer begins with the same four bytes. Layout from the openly published library.
"""

from __future__ import annotations

import array
import importlib
import struct

import numpy as np
from numpy.typing import NDArray

SET_EXCHANGE, GET_VERSION, SET_TIME = 0x0007, 0x000A, 0x0A04
READ_STRING, WRITE_REGISTER = 0x0826, 0x0825
CONFIGURATION, SERIAL, DATA_BUF, SPECTRUM = 2, 8, 0x100, 0x200


class FakeUsb:
    """One instrument on the bus, as ``usb.core`` gives it out.

    Parameters
    ----------
    serial : str
    packed : bool
        Counts are sent as differences (format 1), as newer instruments do.
    """

    def __init__(self, serial: str = "RC-102-001234", *, packed: bool = True) -> None:
        self.serial = serial
        self.packed = packed
        self.counts: NDArray[np.int64] = np.zeros(1024, dtype=np.int64)
        self.duration_s = 0
        self.scale = (-4.0, 2.4, 0.0004)
        self.readings = b""
        self.fails: Exception | None = None
        self.garbage = False
        self.asked: list[int] = []
        self._out = b""

    def write(self, _endpoint: int, frame: bytes) -> None:
        """A question of the host."""
        if self.fails is not None:
            raise self.fails
        (length,) = struct.unpack_from("<I", frame)
        request = frame[4:]
        assert length == len(request)
        (command, zero, _number) = struct.unpack_from("<HBB", request)
        assert zero == 0
        self.asked.append(command)
        body = self._answer(command, request[4:])
        if self.garbage:
            body = body[: len(body) // 2]
        answer = request[:4] + body
        self._out += struct.pack("<I", len(answer)) + answer

    def read(self, _endpoint: int, size: int, timeout: int | None = None) -> array.array[int]:
        """What the host reads next."""
        if self.fails is not None:
            raise self.fails
        if not self._out:
            raise importlib.import_module("usb.core").USBTimeoutError("timed out")
        part, self._out = self._out[:size], self._out[size:]
        return array.array("B", part)

    def _answer(self, command: int, arguments: bytes) -> bytes:
        if command == GET_VERSION:
            return struct.pack("<HHB0sHHB0s", 1, 4, 0, b"", 12, 4, 0, b"")
        if command == WRITE_REGISTER:
            return struct.pack("<I", 1)
        if command == READ_STRING:
            (what,) = struct.unpack("<I", arguments)
            content = self._string(what)
            return struct.pack("<II", 1, len(content)) + content
        return b""

    def _string(self, what: int) -> bytes:
        if what == CONFIGURATION:
            return f"DeviceParams=1\nSpecFormatVersion={int(self.packed)}\n".encode("cp1251")
        if what == SERIAL:
            return self.serial.encode()
        if what == DATA_BUF:
            content, self.readings = self.readings, b""
            return content
        if what == SPECTRUM:
            head = struct.pack("<Ifff", self.duration_s, *self.scale)
            return head + (self._packed() if self.packed else self.counts.astype("<u4").tobytes())
        raise AssertionError(f"nobody asks for {what}")

    def _packed(self) -> bytes:
        steps = np.diff(self.counts, prepend=0).astype("<i4")
        return struct.pack("<H", (steps.size << 4) | 5) + steps.tobytes()

    def count(self, counts: NDArray[np.int64], seconds: int) -> None:
        """Something was counted."""
        self.counts = self.counts + counts
        self.duration_s += seconds

    def show(self, *, rate_cps: float, dose: float, celsius: float, battery: float) -> None:
        """Rates, temperature and battery to be given out with the next question."""
        rates = struct.pack("<BBBi", 0, 0, 0, 0) + struct.pack(
            "<ffHHHB", rate_cps, dose, 50, 50, 0, 0
        )
        rare = struct.pack("<BBBi", 1, 0, 3, 0) + struct.pack(
            "<IfHHH", 60, 0.0, round(100 * celsius) + 2000, round(100 * battery), 0
        )
        self.readings = rates + rare
