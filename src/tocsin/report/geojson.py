"""Encounters for a map: GeoJSON (RFC 7946) with realm and provenance in every feature."""

from __future__ import annotations

import json
import math
from typing import Any

from tocsin.detection.analysis import Analysis, Encounter
from tocsin.report.inert import inert
from tocsin.report.wording import SENSITIVE, headline

# Mean radius of the Earth (IUGG); a circle of the 95 % radius needs no ellipsoid.
EARTH_RADIUS_m = 6_371_008.8
CIRCLE_CORNERS = 48


def render_geojson(analysis: Analysis) -> str:
    """Feature collection of the encounters of one analysis.

    Each encounter is one feature with the fields of the contract ``tocsin.analysis/1`` as its
    properties and the estimated place as a point; ``geometry`` is null where no place is known. A
    place with a finite radius has a second feature, the polygon of its 95 % region.

    Parameters
    ----------
    analysis : Analysis
        The answer.

    Returns
    -------
    str
        JSON text; longitude before latitude, WGS 84, as RFC 7946 (Butler et al. 2016) demands. The
        same analysis gives the same text.
    """
    answer = analysis.to_json()
    origin = {
        "realm": analysis.realm,
        "file": inert(analysis.file),
        "sha256": analysis.sha256,
        "tocsin": analysis.versions.get("tocsin", ""),
    }
    features: list[dict[str, Any]] = []
    for number, (encounter, said) in enumerate(
        zip(analysis.encounters, answer["encounters"], strict=True), start=1
    ):
        properties = {
            **origin,
            "encounter": number,
            "title": f"{analysis.realm} {number}: {headline(encounter)}",
            "alarm": encounter.is_alarm,
            **{key: value for key, value in said.items() if key != "position"},
        }
        radius_m = None if said["position"] is None else said["position"]["radius_m_95"]
        features.append(_feature(_point(encounter), properties | {"radius_m_95": radius_m}))
        if radius_m is not None and radius_m > 0:
            region = {**origin, "encounter": number, "title": "95 % region of the place"}
            features.append(_feature(_circle(encounter, radius_m), region))
    collection = {
        "type": "FeatureCollection",
        "name": f"{analysis.realm} {inert(analysis.file, limit=200)}",
        "tocsin": {
            "schema": answer["schema"],
            "realm": analysis.realm,
            "file": answer["file"],
            "sha256": answer["sha256"],
            "versions": answer["versions"],
            "warnings": answer["warnings"],
            "note": SENSITIVE,
        },
        "features": features,
    }
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _feature(geometry: dict[str, Any] | None, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _point(encounter: Encounter) -> dict[str, Any] | None:
    place = encounter.location
    if place is None:
        return None
    at = [round(place.longitude_deg, 6), round(place.latitude_deg, 6)]
    return {"type": "Point", "coordinates": at}


def _circle(encounter: Encounter, radius_m: float) -> dict[str, Any] | None:
    """Polygon around the place, anticlockwise; nothing within a radius of the poles."""
    place = encounter.location
    if place is None:
        return None
    north_deg = math.degrees(radius_m / EARTH_RADIUS_m)
    if abs(place.latitude_deg) + north_deg >= 90:
        return None
    east_deg = north_deg / math.cos(math.radians(place.latitude_deg))
    ring = []
    for corner in range(CIRCLE_CORNERS):
        angle = 2 * math.pi * corner / CIRCLE_CORNERS
        ring.append(
            [
                round(place.longitude_deg + east_deg * math.cos(angle), 7),
                round(place.latitude_deg + north_deg * math.sin(angle), 7),
            ]
        )
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
