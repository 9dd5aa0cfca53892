from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.scenario import Anchor, Stop, Walk

metres = st.floats(-2000, 2000)


@given(st.floats(-80, 80), st.floats(-180, 180), metres, metres)
def test_metres_to_degrees_and_back(latitude, longitude, x, y):
    anchor = Anchor(latitude, longitude)
    lat, lon = anchor.to_degrees(np.array([x]), np.array([y]))
    assert abs(lon[0]) <= 180
    back_x, back_y = anchor.to_metres(lat, lon)
    assert back_x[0] == pytest.approx(x, abs=1e-5)
    assert back_y[0] == pytest.approx(y, abs=1e-5)


def test_a_degree_has_its_published_length():
    # Snyder 1987, table of lengths of a degree on an ellipsoid near WGS 84: at 45 degrees one
    # degree of latitude is 111.13 km and of longitude 78.85 km; at the equator 110.57 and 111.32.
    for latitude, north, east in ((45.0, 111_131.7, 78_846.8), (0.0, 110_574.3, 111_319.5)):
        anchor = Anchor(latitude, 10.0)
        x, y = anchor.to_metres(np.array([latitude + 1.0]), np.array([11.0]))
        assert y[0] == pytest.approx(north, rel=2e-5)
        assert x[0] == pytest.approx(east, rel=2e-5)


def test_walk_stops_where_it_is_told_and_turns_at_the_corner():
    walk = Walk(((0.0, 0.0), (100.0, 0.0), (100.0, 50.0)), speed_m_s=2.0, stops=(Stop(20.0, 30.0),))
    assert walk.length_m == pytest.approx(150.0)
    assert walk.duration_s == pytest.approx(75.0 + 30.0)
    times = np.array([0.0, 10.0, 25.0, 40.0, 41.0, 90.0, 500.0])
    assert walk.distance_at_m(times).tolist() == pytest.approx([0, 20, 20, 20, 22, 120, 150])
    x, y = walk.position_at_m(np.array([90.0]))
    assert (x[0], y[0]) == pytest.approx((100.0, 20.0))
    east, north = walk.heading_at(np.array([25.0, 90.0, 500.0]))
    assert east.tolist() == pytest.approx([1, 0, 0])
    assert north.tolist() == pytest.approx([0, 1, 1])


@given(st.lists(st.tuples(metres, metres), min_size=2, max_size=6, unique=True), st.floats(0.2, 20))
def test_nobody_walks_faster_than_the_speed(corners, speed):
    steps = np.hypot(*np.diff(np.array(corners), axis=0).T)
    if np.any(steps <= 1e-3):
        return
    walk = Walk(tuple(corners), speed_m_s=speed)
    x, y = walk.position_at_m(np.linspace(0, walk.duration_s, 200))
    step_s = walk.duration_s / 199
    assert np.all(np.hypot(np.diff(x), np.diff(y)) <= speed * step_s * (1 + 1e-6) + 1e-6)
    assert math.dist((x[-1], y[-1]), corners[-1]) < 1e-3


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Anchor(89.0, 0.0),
        lambda: Anchor(0.0, 181.0),
        lambda: Walk(((0.0, 0.0),)),
        lambda: Walk(((0.0, 0.0), (0.0, 0.0))),
        lambda: Walk(((0.0, 0.0), (math.nan, 0.0))),
        lambda: Walk(((0.0, 0.0), (9.0, 0.0)), speed_m_s=0.0),
        lambda: Walk(((0.0, 0.0), (9.0, 0.0)), stops=(Stop(10.0, 1.0),)),
    ],
)
def test_what_is_out_of_range_is_refused(bad):
    with pytest.raises(InvalidInput):
        bad()
