"""The street plan of the fictional city."""

from __future__ import annotations

import json

from tocsin.scenario.city import City
from tocsin.server.configuration import FICTIONAL_PLAN, read_configuration
from tocsin.server.fiction.plan import text_of_plan


def test_the_file_is_what_the_city_gives() -> None:
    assert FICTIONAL_PLAN.read_text(encoding="utf-8") == text_of_plan()


def test_every_street_of_the_walks_is_on_the_plan() -> None:
    features = json.loads(FICTIONAL_PLAN.read_text(encoding="utf-8"))["features"]
    lines = [
        f["geometry"]["coordinates"] for f in features if f["geometry"]["type"] == "LineString"
    ]
    assert len({f["properties"]["name"] for f in features if "name" in f["properties"]}) >= 20
    for (latitude, longitude), (to_latitude, to_longitude) in City().streets_deg():
        near = 2e-6  # the plan is rounded to a decimetre
        assert any(
            a[0] <= longitude + near
            and b[0] >= to_longitude - near
            and a[1] <= latitude + near
            and b[1] >= to_latitude - near
            for a, b in lines
        )


def test_a_demonstration_has_the_plan_unless_the_operator_gives_another() -> None:
    given = {"TOCSIN_DATA": "/tmp/none", "TOCSIN_SECRET_KEY": "k" * 50}  # noqa: S108 - never made
    assert read_configuration(given).map_plan is None
    assert read_configuration(given | {"TOCSIN_DEMONSTRATION": "1"}).map_plan == FICTIONAL_PLAN
    own = read_configuration(given | {"TOCSIN_DEMONSTRATION": "1", "TOCSIN_MAP_PLAN": "own.json"})
    assert str(own.map_plan) == "own.json"
