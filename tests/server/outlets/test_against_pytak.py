"""Events of Cursor on Target beside PyTAK: what it writes itself, and what its receiver takes."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from tocsin.server.clock import now
from tocsin.server.outlets.addresses import SCHEMES
from tocsin.server.outlets.composing import Thing, leaving
from tocsin.server.outlets.drawing import COT_HOW, COT_TYPES, STALE_AFTER, cot_events
from tocsin.server.outlets.models import Operation, Way

with warnings.catch_warnings():
    # it names what it would need to sign a device in at a TAK server, which nothing here does
    warnings.filterwarnings("ignore", message=".*aiohttp.*")
    import pytak

pytestmark = pytest.mark.django_db
Make = Callable[..., Operation]
# MITRE Corporation, CoTtypes.xml, revision 1.80 of 2009-06-10: "a-.-G-E-S" is SENSOR, the dot is
# the affiliation, and the ways of knowing a place are named "gps" and "fused". The spot mark is of
# the products that draw (ATAK and its kin), which extend that list.
PUBLISHED = {"device": ("a-f-G-E-S", "m-g"), "alarm": ("b-m-p-s-m", "m-f")}


def drawn(row: Operation) -> list[tuple[Thing, Any, bytes]]:
    """Each thing with its event, as a parser of XML reads it."""
    things = leaving(row, now()).things
    events = cot_events(row, things, now())
    assert {thing.kind for thing in things} == {"device", "alarm"}
    return [(t, etree.fromstring(e), e) for t, e in zip(things, events, strict=True)]


def test_types_and_ways_are_of_the_published_lists(running: Make) -> None:
    assert {kind: (COT_TYPES[kind], COT_HOW[kind]) for kind in COT_TYPES} == PUBLISHED
    for thing, event, _raw in drawn(running()):
        assert (event.get("type"), event.get("how")) == PUBLISHED[thing.kind]


def test_an_event_has_what_one_of_pytak_has(running: Make) -> None:
    for thing, ours, _raw in drawn(running()):
        theirs = pytak.cot_event(
            lat=thing.latitude,
            lon=thing.longitude,
            ce=thing.radius_m,
            uid=f"tocsin.{thing.kind}.{thing.id}",
            cot_type=COT_TYPES[thing.kind],
            how=COT_HOW[thing.kind],
            stale=STALE_AFTER.total_seconds(),
            callsign=f"EXERCISE {thing.name}",
            opex="e",
            access="TLP-RED",
        )
        timeless = set(theirs.attrib) - {"time", "start", "stale"}
        assert {k: ours.get(k) for k in timeless} == {k: theirs.get(k) for k in timeless}
        point, other = ours.find("point"), theirs.find("point")
        assert point is not None
        assert other is not None
        assert {k: float(v) for k, v in point.attrib.items()} == pytest.approx(
            {k: float(v) for k, v in other.attrib.items()}, abs=1e-4
        )
        contact, named = ours.find("detail/contact"), theirs.find("detail/contact")
        assert contact is not None
        assert named is not None
        assert contact.attrib == named.attrib


def test_times_are_read_by_the_form_that_pytak_writes(running: Make) -> None:
    assert STALE_AFTER.total_seconds() == float(pytak.DEFAULT_COT_STALE)
    for _thing, event, _raw in drawn(running()):
        start, time, stale = (
            datetime.strptime(event.get(name, ""), pytak.W3C_XML_DATETIME).replace(tzinfo=UTC)
            for name in ("start", "time", "stale")
        )
        assert start <= time
        assert stale - time == STALE_AFTER


def test_the_receiver_of_pytak_takes_a_stream_apart(running: Make) -> None:
    """The very class that a program built on PyTAK reads a TCP or TLS connection with."""
    events = [raw for _thing, _event, raw in drawn(running())]

    async def received() -> list[bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(events))
        reader.feed_eof()
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        worker = pytak.RXWorker(queue, {"TAK_PROTO": "0"}, reader)
        while not reader.at_eof():
            await worker.run_once()
        return [queue.get_nowait() for _ in range(queue.qsize())]

    found = asyncio.run(received())
    assert [part.strip() for part in found] == [event.strip() for event in events]
    assert all(etree.fromstring(part).tag == "event" for part in found)


def test_the_ways_out_are_schemes_of_pytak() -> None:
    for scheme in SCHEMES[Way.COT]:
        assert pytak.parse_cot_scheme(scheme) == (scheme, False, False)
