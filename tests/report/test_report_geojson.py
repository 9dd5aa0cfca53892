"""GeoJSON of the encounters: valid by RFC 7946, with realm and provenance in every feature."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from typing import Any

import pytest
from hostile import hostile_survey
from made_by_hand import Made

from tocsin.detection.analysis import Location
from tocsin.report import render_geojson
from tocsin.report.track_map import LocalPlane


@pytest.fixture
def collection(survey: Made) -> dict[str, Any]:
    parsed = json.loads(render_geojson(survey.analysis))
    assert isinstance(parsed, dict)
    return parsed


def test_every_encounter_is_a_feature_with_realm_and_origin(
    survey: Made, collection: dict[str, Any]
) -> None:
    assert collection["type"] == "FeatureCollection"
    assert collection["tocsin"]["realm"] == "SYNTHETIC"
    assert collection["tocsin"]["sha256"] == survey.analysis.sha256
    assert "sensitive" in collection["tocsin"]["note"]
    features = collection["features"]
    assert [f["properties"]["encounter"] for f in features] == [1, 1, 2]
    for feature in features:
        assert feature["type"] == "Feature"
        assert feature["properties"]["realm"] == "SYNTHETIC"
        assert feature["properties"]["sha256"] == survey.analysis.sha256
    first, _region, second = features
    assert first["properties"]["title"] == "SYNTHETIC 1: Cs-137 (industrial)"
    assert first["properties"]["alarm"] is True
    assert first["properties"]["radius_m_95"] == 21.0
    assert second["geometry"] is None
    assert second["properties"]["alarm"] is False


def test_properties_are_those_of_the_contract(survey: Made, collection: dict[str, Any]) -> None:
    said = survey.analysis.to_json()["encounters"][0]
    properties = collection["features"][0]["properties"]
    for key, value in said.items():
        if key != "position":
            assert properties[key] == value, key


def test_longitude_comes_first_and_the_circle_has_its_radius(
    survey: Made, collection: dict[str, Any]
) -> None:
    point, region = collection["features"][0]["geometry"], collection["features"][1]["geometry"]
    place = survey.analysis.encounters[0].location
    assert place is not None
    assert point["coordinates"] == [place.longitude_deg, round(place.latitude_deg, 6)]
    (ring,) = region["coordinates"]
    assert ring[0] == ring[-1]
    plane = LocalPlane(place.latitude_deg, place.longitude_deg)
    for longitude, latitude in ring:
        x, y = plane.metres(latitude, longitude)
        assert math.hypot(x, y) == pytest.approx(21.0, abs=0.05)
    # Anticlockwise, as the outer ring of RFC 7946 is: the signed area is positive.
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
    assert area > 0


@pytest.mark.parametrize("latitude", [-89.99999, 0.0, 89.99999])
def test_a_region_over_a_pole_is_left_out_and_nothing_fails(survey: Made, latitude: float) -> None:
    moved = dataclasses.replace(
        survey.analysis.encounters[0], location=Location(latitude, 179.9999, 500.0)
    )
    analysis = dataclasses.replace(survey.analysis, encounters=(moved,))
    features = json.loads(render_geojson(analysis))["features"]
    assert len(features) == 2
    assert (features[1]["geometry"] is None) == (abs(latitude) > 89)


def test_no_encounter_gives_an_empty_collection(survey: Made) -> None:
    quiet = dataclasses.replace(survey.analysis, encounters=())
    assert json.loads(render_geojson(quiet))["features"] == []


def test_hostile_text_is_plain_text() -> None:
    text = render_geojson(hostile_survey().analysis)
    names = json.loads(text)["features"][0]["properties"]
    assert "\\x1b[2J" in names["file"]
    for dangerous in ("\x1b", "\x00", "\x07"):
        assert dangerous not in text
