"""A worker that was taken over may send anything: the caller gets a ParseError or a recording."""

from __future__ import annotations

import copy
import dataclasses
import json
import struct
from typing import Any

import numpy as np
import pytest
from attacks import base

from tocsin.errors import ParseError
from tocsin.formats import Limits, wire
from tocsin.formats.n42_reader import read_n42
from tocsin.spectra import CountRate

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    10**400,
    float("inf"),
    float("nan"),
    1e308,
    "",
    "x" * 1000,
    "\ud800",
    [],
    [[]],
    {},
    {"a": 1},
    [None] * 10,
)
COUNT = 3_000


def honest() -> tuple[dict[str, Any], bytes]:
    """Header and arrays of an answer for a benign file with everything in it."""
    extra = (
        "<GrossCounts id='g' radDetectorInformationReference='d1'><CountData>5</CountData>"
        "</GrossCounts><DoseRate id='r'><DoseRateValue>0.1</DoseRateValue></DoseRate>"
        "<RadInstrumentState><StateVector><GeographicPoint><LatitudeValue>46</LatitudeValue>"
        "<LongitudeValue>7</LongitudeValue></GeographicPoint></StateVector></RadInstrumentState>"
    )
    body = "".join(base.measurement(i, extra=extra) for i in range(3))
    recording, parts = read_n42(base.n42(body).encode(), limits=Limits())
    rated = dataclasses.replace(recording.records[0], count_rates=(CountRate(2.5, "d1"),))
    recording = dataclasses.replace(recording, records=(rated, *recording.records[1:]))
    raw = b"".join(wire.encode(recording, expected=parts, found=parts))
    (length,) = struct.unpack("<I", raw[8:12])
    return json.loads(raw[12 : 12 + length]), raw[12 + length :]


def packed(header: Any, arrays: bytes) -> bytes:
    raw = json.dumps(header).encode("utf-8")
    return wire.MAGIC + struct.pack("<I", len(raw)) + raw + arrays


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container of a tree with each of its keys."""
    pairs: list[tuple[Any, Any]] = []
    keys = node.keys() if isinstance(node, dict) else range(len(node))
    for key in list(keys):
        pairs.append((node, key))
        if isinstance(node[key], dict | list):
            pairs += places(node[key])
    return pairs


def accept(raw: bytes) -> None:
    try:
        answer = wire.decode(raw, limits=Limits(), file="x")
    except ParseError:
        return
    for record in answer.recording.records:
        for spectrum in record.spectra:
            assert np.all(np.isfinite(spectrum.counts))
        numbers = [
            *(g.counts for g in record.gross_counts),
            *(d.dose_rate_uSv_h for d in record.dose_rates),
            *(r.count_rate_cps for r in record.count_rates),
        ]
        assert all(n is None or np.isfinite(n) for n in numbers)


def test_honest_answer_is_accepted() -> None:
    header, arrays = honest()
    answer = wire.decode(packed(header, arrays), limits=Limits())
    assert len(answer.recording.records) == 3
    assert answer.recording.records[0].dose_rates


def test_every_value_replaced_by_nonsense() -> None:
    header, arrays = honest()
    rng = np.random.default_rng(11)
    n = len(places(header))
    for _ in range(COUNT):
        lie = copy.deepcopy(header)
        container, key = places(lie)[rng.integers(n)]
        container[key] = VALUES[rng.integers(len(VALUES))]
        accept(packed(lie, arrays))


def test_every_value_removed() -> None:
    header, arrays = honest()
    for i in range(len(places(header))):
        lie = copy.deepcopy(header)
        container, key = places(lie)[i]
        del container[key]
        accept(packed(lie, arrays))


def test_bytes_cut_or_flipped() -> None:
    raw = packed(*honest())
    rng = np.random.default_rng(12)
    for at in rng.integers(0, len(raw), 300):
        accept(raw[:at])
        accept(raw[:at] + bytes([raw[at] ^ (1 << int(rng.integers(8)))]) + raw[at + 1 :])


@pytest.mark.parametrize("raw", [b"", b"TOCSIN\x00\x01", wire.MAGIC + b"\xff\xff\xff\xff" + b"{}"])
def test_no_answer(raw: bytes) -> None:
    with pytest.raises(ParseError):
        wire.decode(raw, limits=Limits())


def test_deep_or_large_header_is_refused() -> None:
    deep = b"[" * 200_000
    with pytest.raises(ParseError):
        wire.decode(wire.MAGIC + struct.pack("<I", len(deep)) + deep, limits=Limits())
    large = b'"' + b" " * Limits(max_records=10).max_header_bytes + b'"'
    with pytest.raises(ParseError):
        wire.decode(
            wire.MAGIC + struct.pack("<I", len(large)) + large, limits=Limits(max_records=10)
        )
