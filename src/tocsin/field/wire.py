"""Records on their way to the server: the flat form of a recording, compressed.

The form is that in which a confined reader hands a recording over (:mod:`tocsin.formats.wire`): a
JSON header and raw number arrays, the counts in the narrowest whole type that holds them; zlib
packs it, and numbers come back to the last bit. The reading side believes nothing: the unpacked
size is bounded before a byte is unpacked, every length is checked, every object is built by its own
constructor.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tocsin.errors import ParseError
from tocsin.formats import wire
from tocsin.formats.limits import Limits
from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording

MOST_PACKED = 4 << 20
"""Bytes of one packed message."""
MOST_UNPACKED = 64 << 20
MOST_RECORDS = 2_000
MOST_VALUES = 1 << 22
LEVEL = 6
_MOST_JSON = 1 << 20
_LIMITS = Limits(max_values=MOST_VALUES, max_records=10 * MOST_RECORDS)


def pack_records(records: Sequence[Record], instrument: Instrument, realm: str) -> bytes:
    """Records with what measured them as compressed bytes."""
    recording = Recording(_shared(records), instrument, realm=realm)
    return zlib.compress(b"".join(wire.encode(recording, expected=None, found=None)), LEVEL)


def unpack_records(body: bytes) -> Recording:
    """Inverse of :func:`pack_records`.

    Raises
    ------
    ParseError
        When the bytes are no such message, or ask for more than allowed.
    """
    recording = wire.decode(_unpacked(body, MOST_UNPACKED), limits=_LIMITS).recording
    if len(recording.records) > MOST_RECORDS or recording.derived:
        raise ParseError(f"a message holds at most {MOST_RECORDS} records", code="too_large")
    return recording


def pack_json(value: dict[str, Any]) -> bytes:
    """A JSON object as compressed bytes."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), LEVEL)


def unpack_json(body: bytes) -> dict[str, Any]:
    """Inverse of :func:`pack_json`.

    Raises
    ------
    ParseError
        When the bytes are no such message.
    """
    try:
        value = json.loads(_unpacked(body, _MOST_JSON), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ParseError("the message is no JSON") from error
    if not isinstance(value, dict):
        raise ParseError("the message is no JSON object")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _unpacked(body: bytes, most: int) -> bytes:
    if len(body) > MOST_PACKED:
        raise ParseError(f"a message has at most {MOST_PACKED} bytes", code="too_large")
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(body, most)
    except zlib.error as error:
        raise ParseError("the message is not compressed as it should be") from error
    if not unpacker.eof:
        raise ParseError("the message is cut off, or larger than allowed", code="too_large")
    if unpacker.unused_data:
        raise ParseError("bytes follow the message")
    return raw


def _shared(records: Sequence[Record]) -> tuple[Record, ...]:
    """The same records; equal calibrations are one object, which is written once."""
    known: dict[EnergyCalibration, EnergyCalibration] = {}

    def one(record: Record) -> Record:
        spectra = tuple(
            s
            if s.calibration is None
            else s.with_calibration(known.setdefault(s.calibration, s.calibration))
            for s in record.spectra
        )
        return replace(record, spectra=spectra)

    return tuple(one(r) for r in records)
