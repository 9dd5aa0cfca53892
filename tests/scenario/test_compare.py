from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tocsin.detection.analysis import Encounter, Location, NuclideFinding
from tocsin.scenario import Anchor, TrueSource, Truth, compare

ANCHOR = Anchor(-75.0, 60.0)

GAUGE = TrueSource(
    name="gauge",
    kind="point",
    nuclides=("Cs-137",),
    accepted_names=("Cs-137", "Ba-137m"),
    source_class="industrial",
    latitude_deg=-75.0,
    longitude_deg=60.0,
    moves=False,
    closest_record=100,
    closest_time="2026-01-15T10:01:40.500Z",
    closest_distance_m=8.0,
    activity_Bq={"Cs-137": 1e9},
    massic_activity_Bq_kg={},
    layers=(),
    peak_record=101,
    peak_net_cps=900.0,
    first_record=95,
    last_record=107,
    net_counts_expected=9000.0,
    net_counts_total=15000.0,
)
HEAP = replace(
    GAUGE,
    name="heap",
    kind="heap",
    nuclides=("K-40", "Th-232"),
    accepted_names=("K-40", "Th-232", "Tl-208"),
    source_class="norm",
    peak_record=200,
    first_record=190,
    last_record=210,
)


def truth_of(*sources) -> Truth:
    return Truth(
        scene="test",
        seed=1,
        start="2026-01-15T10:00:00Z",
        records=300,
        anchor=(-75.0, 60.0),
        place_note="",
        sources=sources,
        background_rate_cps=(1.0, 2.0, 3.0),
        perturbation={},
        track_deg=((-75.0, 60.0),) * 300,
        versions={},
    )


def seen(peak, *names, cls="industrial", first=None, last=None, statistic=9.0, location=None):
    return Encounter(
        first_record=peak - 3 if first is None else first,
        last_record=peak + 3 if last is None else last,
        peak_record=peak,
        start=None,
        end=None,
        statistic=statistic,
        threshold=5.0,
        false_alarm_rate_per_h=1.0,
        source_class=cls,
        nuclides=tuple(NuclideFinding(n, "industrial", 0.9, "") for n in names),
        location=location,
    )


def verdicts(rows):
    return [(r.verdict, r.encounter) for r in rows]


@pytest.mark.parametrize(
    ("peak", "verdict"), [(90, "found"), (89, "missed"), (112, "found"), (113, "missed")]
)
def test_an_encounter_belongs_where_its_peak_lies(peak, verdict):
    rows = compare([seen(peak, "Cs-137")], truth_of(GAUGE))
    assert rows[0].verdict == verdict
    assert len(rows) == (1 if verdict == "found" else 2)
    if verdict == "missed":
        assert rows[1].verdict == "false"
        assert rows[1].named == ("Cs-137",)


def test_a_long_encounter_that_covers_the_source_finds_it():
    rows = compare([seen(150, "Cs-137", first=98, last=160)], truth_of(GAUGE))
    assert verdicts(rows) == [("found", 0)]


def test_the_strongest_of_several_answers_and_none_of_them_is_false():
    rows = compare(
        [seen(97, "Co-60", statistic=6.0), seen(102, "Cs-137", statistic=30.0)], truth_of(GAUGE)
    )
    assert verdicts(rows) == [("found", 1)]
    assert rows[0].right
    assert rows[0].extra_encounters == 1


@pytest.mark.parametrize(
    ("names", "cls", "nuclide", "class_right"),
    [
        (("Cs-137",), "industrial", True, True),
        (("Ba-137m",), "industrial", True, True),
        (("Co-60",), "industrial", False, True),
        (("Cs-137", "U-235"), "snm", False, False),
        ((), "unknown", False, False),
    ],
)
def test_names_and_classes_are_judged_apart(names, cls, nuclide, class_right):
    (row,) = compare([seen(100, *names, cls=cls)], truth_of(GAUGE))
    assert (row.nuclide_right, row.class_right) == (nuclide, class_right)
    assert row.right == (nuclide and class_right)


def test_natural_material_needs_no_name():
    (row,) = compare([seen(200, cls="norm")], truth_of(HEAP))
    assert row.nuclide_right is None
    assert row.right
    (row,) = compare([seen(200, "Tl-208", cls="norm")], truth_of(HEAP))
    assert row.nuclide_right is True
    (row,) = compare([seen(200, "Cs-137", cls="norm")], truth_of(HEAP))
    assert not row.right


@pytest.mark.parametrize(("off_m", "inside"), [(9.0, True), (11.0, False)])
def test_the_place_is_measured_against_its_radius(off_m, inside):
    latitude, longitude = ANCHOR.to_degrees(np.array([off_m * 0.6]), np.array([off_m * 0.8]))
    location = Location(float(latitude[0]), float(longitude[0]), 10.0)
    (row,) = compare([seen(100, "Cs-137", location=location)], truth_of(GAUGE))
    assert row.location_error_m == pytest.approx(off_m, abs=1e-3)
    assert row.inside_95 is inside


def test_nothing_seen_and_nothing_there():
    assert verdicts(compare([], truth_of(GAUGE, HEAP))) == [("missed", None), ("missed", None)]
    assert verdicts(compare([seen(50)], truth_of())) == [("false", 0)]
    assert compare([], truth_of()) == ()
