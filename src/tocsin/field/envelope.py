"""One signed envelope around a message of a device.

Layout: ``TOCSIN-E`` and the version byte 1, length of the header (uint32, little-endian), header
(JSON, ASCII, keys sorted, no spaces: one spelling only), 64 bytes of Ed25519 signature, body. The
signature covers :data:`CONTEXT` and the header; the header holds length and SHA-256 of the body.

A device is known by the fingerprint of its key: the first 32 hexadecimal digits of the SHA-256 of
the 32 public bytes. Messages of one run of the agent (``boot``) are numbered in two lanes:
``records`` by record, from 0 without a gap, and ``alarms`` by message, so that alarms overtake.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from tocsin.errors import ParseError
from tocsin.field.faults import CODES
from tocsin.sealing import SigningKey, VerifierKey

MAGIC = b"TOCSIN-E\x01"
CONTEXT = b"tocsin field envelope 1\n"
SIGNATURE_BYTES = 64
MOST_HEADER = 64 << 10
MOST_FAULTS = 2_000
_LENGTH = struct.Struct("<I")
_DEVICE = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NUMBER_LIMIT = 1 << 40

Lane = Literal["records", "alarms"]
LANES: tuple[Lane, ...] = get_args(Lane)


@dataclass(frozen=True, slots=True)
class Header:
    """What a device says of a message, under its signature.

    Attributes
    ----------
    device : str
        Fingerprint of its key.
    boot : str
        One run of the agent: 32 hexadecimal digits.
    lane : {"records", "alarms"}
    first, last : int
        Numbers in the lane; ``last`` is ``first - 1`` for an end without a record.
    ends : bool
        No further record of this boot will come.
    device_time : str
        The device's own clock when the message was closed, ISO 8601 (may be wrong).
    monotonic_s : float
        Of the clock that nobody can set, since an arbitrary beginning.
    faults : tuple of (int, str)
        Number of a record and what is wrong with its time or place (:mod:`tocsin.field.faults`).
    """

    device: str
    boot: str
    lane: Lane
    first: int
    last: int
    ends: bool
    device_time: str
    monotonic_s: float
    sha256: str
    size: int
    faults: tuple[tuple[int, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it came, not yet believed: see :meth:`is_by` and :attr:`is_whole`."""

    header: Header
    signed: bytes
    signature: bytes
    body: bytes

    def is_by(self, key: VerifierKey) -> bool:
        """Whether this key signed the header."""
        return key.verifies(self.signature, CONTEXT + self.signed)

    @property
    def is_whole(self) -> bool:
        """Whether the body is the one that was signed for."""
        body = self.body
        return len(body) == self.header.size and (
            hashlib.sha256(body).hexdigest() == self.header.sha256
        )


def fingerprint(key: VerifierKey) -> str:
    """What a device is known by."""
    return hashlib.sha256(key.public).hexdigest()[:32]


def seal(
    key: SigningKey,
    body: bytes,
    *,
    boot: str,
    lane: Lane,
    first: int,
    last: int,
    ends: bool,
    device_time: str,
    monotonic_s: float,
    faults: tuple[tuple[int, str], ...] = (),
) -> bytes:
    """Sign a message and put everything together."""
    header = {
        "boot": boot,
        "device": fingerprint(key.verifier),
        "device_time": device_time,
        "ends": ends,
        "faults": [list(f) for f in faults],
        "first": first,
        "lane": lane,
        "last": last,
        "monotonic_s": monotonic_s,
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
    }
    signed = _spelled(header)
    signature = key.sign(CONTEXT + signed)
    return MAGIC + _LENGTH.pack(len(signed)) + signed + signature + body


def open_envelope(raw: bytes) -> Envelope:
    """Take an envelope apart.

    Raises
    ------
    ParseError
        When it is no envelope. Nothing is verified here.
    """
    start = len(MAGIC) + _LENGTH.size
    if len(raw) < start or not raw.startswith(MAGIC):
        raise ParseError("no envelope of a device")
    (length,) = _LENGTH.unpack(raw[len(MAGIC) : start])
    if length > MOST_HEADER or len(raw) < start + length + SIGNATURE_BYTES:
        raise ParseError("the envelope is cut off", code="truncated")
    signed = raw[start : start + length]
    body_at = start + length + SIGNATURE_BYTES
    return Envelope(
        header=_header(signed),
        signed=signed,
        signature=raw[start + length : body_at],
        body=raw[body_at:],
    )


def _spelled(header: dict[str, Any]) -> bytes:
    text = json.dumps(header, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def _header(signed: bytes) -> Header:
    try:
        said = json.loads(signed)
        if not isinstance(said, dict) or _spelled(said) != signed:
            raise ParseError("the header is not spelled as it must be")
        header = Header(
            device=_matching(said.pop("device"), _DEVICE),
            boot=_matching(said.pop("boot"), _DEVICE),
            lane=_lane(said.pop("lane")),
            first=_number(said.pop("first"), 0),
            last=_number(said.pop("last"), -1),
            ends=_truth(said.pop("ends")),
            device_time=_short(said.pop("device_time")),
            monotonic_s=_seconds(said.pop("monotonic_s")),
            sha256=_matching(said.pop("sha256"), _SHA256),
            size=_number(said.pop("size"), 0),
            faults=_faults(said.pop("faults")),
        )
    except ParseError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParseError("the header is no header of a message") from error
    if said:
        raise ParseError("the header says more than a header does")
    return _in_itself(header)


def _in_itself(header: Header) -> Header:
    """What the parts of a header must be to each other."""
    count = header.last - header.first + 1
    wanted = count == 1 and not header.ends if header.lane == "alarms" else count >= 1
    if not (wanted or (count == 0 and header.ends and header.lane == "records")):
        raise ParseError("the numbers of the header do not fit together")
    if any(not header.first <= n <= header.last for n, _code in header.faults):
        raise ParseError("a fault is told of a record that is not in the message")
    return header


def _matching(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ValueError("not of the form it must have")
    return value


def _lane(value: object) -> Lane:
    for lane in LANES:
        if value == lane:
            return lane
    raise ValueError("no lane")


def _number(value: object, least: int) -> int:
    if type(value) is not int or not least <= value < _NUMBER_LIMIT:
        raise ValueError("no number in range")
    return value


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def _short(value: object) -> str:
    if (
        not isinstance(value, str)
        or len(value) > 40
        or not (value.isascii() and value.isprintable())
    ):
        raise ValueError("no short text")
    return value


def _seconds(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(cast(float, value)):
        raise ValueError("no number of seconds")
    return float(cast(float, value))


def _faults(value: object) -> tuple[tuple[int, str], ...]:
    if not isinstance(value, list) or len(value) > MOST_FAULTS:
        raise ValueError("no list of faults")
    found = tuple((_number(number, 0), str(code)) for number, code in value)
    if any(code not in CODES for _number_of, code in found):
        raise ValueError("a fault that is not known")
    return found
