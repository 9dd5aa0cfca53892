"""What leaves, spelled: Cursor on Target, KML and GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from tocsin.server.accounts.models import Realm
from tocsin.server.outlets.composing import Leaving, Thing
from tocsin.server.outlets.models import Operation

COT_VERSION = "2.0"
COT_TYPES = {"device": "a-f-G-E-S", "alarm": "b-m-p-s-m"}
"""Friendly sensor on the ground, of MITRE's list of types (CoTtypes.xml 1.80, 2009); a spot mark,
of what ATAK and its kin add to that list and draw. The text of an event says what it is."""
COT_HOW = {"device": "m-g", "alarm": "m-f"}
"""By a receiver of satellites; fused by a machine from many measurements (same list)."""
STALE_AFTER = timedelta(seconds=120)
UNKNOWN = "9999999.0"
"""What the schema says for an error or a height that nobody knows."""
OPEX = {Realm.LIVE: "o", Realm.EXERCISE: "e", Realm.SYNTHETIC: "s"}
"""Operation, exercise or simulation; anything else is told as a simulation."""
KML = "http://www.opengis.net/kml/2.2"


def cot_events(operation: Operation, things: Sequence[Thing], at: datetime) -> list[bytes]:
    """One event of Cursor on Target for each thing.

    References
    ----------
    The MITRE Corporation, Event-PUBLIC.xsd (CoT event 2.0, case 11-3895).
    """
    return [_cot(operation, thing, at) for thing in things]


def _cot(operation: Operation, thing: Thing, at: datetime) -> bytes:
    realm = Realm(operation.realm)
    event = etree.Element(
        "event",
        version=COT_VERSION,
        uid=f"tocsin.{thing.kind}.{thing.id}",
        type=COT_TYPES[thing.kind],
        how=COT_HOW[thing.kind],
        time=_zulu(at),
        start=_zulu(datetime.fromisoformat(thing.at)),
        stale=_zulu(at + STALE_AFTER),
        opex=OPEX.get(realm, "s"),
        access=f"TLP-{operation.tlp}",
    )
    etree.SubElement(
        event,
        "point",
        lat=f"{thing.latitude:.6f}",
        lon=f"{thing.longitude:.6f}",
        hae=UNKNOWN,
        ce=UNKNOWN if thing.radius_m is None else f"{thing.radius_m:.1f}",
        le=UNKNOWN,
    )
    detail = etree.SubElement(event, "detail")
    etree.SubElement(detail, "contact", callsign=_told(operation, thing.name))
    etree.SubElement(detail, "remarks").text = _told(operation, thing.text)
    return bytes(etree.tostring(event, encoding="UTF-8", xml_declaration=True))


def geojson(operation: Operation, gone: Leaving, at: datetime) -> dict[str, Any]:
    """All of it as one collection of features (RFC 7946)."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": thing.id,
                "geometry": {"type": "Point", "coordinates": [thing.longitude, thing.latitude]},
                "properties": {
                    "kind": thing.kind,
                    "name": _told(operation, thing.name),
                    "text": thing.text,
                    "radius_m_95": thing.radius_m,
                    "at": thing.at,
                },
            }
            for thing in gone.things
        ],
        "tocsin": {
            "operation": operation.name,
            "realm": operation.realm,
            "level": gone.mark.level,
            "tlp": gone.mark.tlp,
            "at": at.isoformat(),
        },
    }


def kml(operation: Operation, gone: Leaving) -> bytes:
    """All of it as a document of KML 2.2."""
    root = etree.Element("kml", xmlns=KML)
    document = etree.SubElement(root, "Document")
    marking = f"{operation.realm} TLP:{gone.mark.tlp}"
    etree.SubElement(document, "name").text = f"{_told(operation, operation.name)} ({marking})"
    for thing in gone.things:
        mark = etree.SubElement(document, "Placemark", id=f"tocsin.{thing.kind}.{thing.id}")
        etree.SubElement(mark, "name").text = _told(operation, thing.name)
        etree.SubElement(mark, "description").text = _plain(thing.text)
        etree.SubElement(etree.SubElement(mark, "TimeStamp"), "when").text = thing.at
        point = etree.SubElement(mark, "Point")
        etree.SubElement(point, "coordinates").text = f"{thing.longitude:.6f},{thing.latitude:.6f}"
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def kml_link(operation: Operation, address: str) -> bytes:
    """A small KML file that makes a globe ask for the places again every 15 s."""
    root = etree.Element("kml", xmlns=KML)
    link = etree.SubElement(root, "NetworkLink")
    etree.SubElement(link, "name").text = _told(operation, operation.name)
    inner = etree.SubElement(link, "Link")
    etree.SubElement(inner, "href").text = address
    etree.SubElement(inner, "refreshMode").text = "onInterval"
    etree.SubElement(inner, "refreshInterval").text = "15"
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _told(operation: Operation, text: str) -> str:
    """Outside the LIVE realm every name says so: a receiver must not take it for the real one."""
    return _plain(text if operation.realm == Realm.LIVE else f"{operation.realm} {text}")


def _plain(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _zulu(at: datetime) -> str:
    at = at.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
