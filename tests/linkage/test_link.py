"""Matching: serial slips, decay, vetoes, zones, and the labelled pairs of public notices."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.linkage.score_labels import records
from tests.linkage.test_notice_labels import FEED

from tocsin.errors import InvalidInput
from tocsin.linkage import read_notice
from tocsin.linkage.blocking import Index, keys_of
from tocsin.linkage.link import Linker, Pair, estimate_share, link
from tocsin.linkage.physics import decay_factor, veto
from tocsin.linkage.serial_likeness import likeness, slip_keys
from tocsin.linkage.things import Thing, read_thing
from tocsin.nuclear import activities as decayed

LABELS = Path(__file__).parent / "labels" / "pairs_1999_2014.csv"
TABLE = FEED.parents[1] / "tables" / "nrc_serial_pairs_labelled.csv"


def gauge(number: str, serial: str, **fields: Any) -> Thing:
    record: dict[str, Any] = {
        "event_number": number,
        "kind": "lost",
        "nuclides": ["Cs-137", "Am-241"],
        "activities": [{"nuclide": "Cs-137", "Bq": 2.96e8}, {"nuclide": "Am-241", "Bq": 1.48e9}],
        "manufacturers": ["Troxler"],
        "models": ["3430"],
        "serials": [{"value": serial, "of": "device"}],
        "place": "Draper, UT",
        "date": "2003-02-19",
    }
    return read_thing({**record, **fields})


def source(
    number: str, serial: str, nuclide: str, activity_Bq: float, date: str, **f: Any
) -> Thing:
    record = {
        "event_number": number,
        "nuclides": [nuclide],
        "activities": [{"nuclide": nuclide, "Bq": activity_Bq}],
        "serials": [{"value": serial, "of": "source"}],
        "date": date,
    }
    return read_thing({**record, **f})


def only(a: Thing, b: Thing) -> Pair:
    (pair,) = link([a], [b], keep_refused=True)
    return pair


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("23008", "23008", "same"),
        ("023819", "23819", "same"),
        ("2300B", "23008", "look-alike"),
        ("4640B", "46408", "look-alike"),
        ("OI5SZ", "01552", "look-alike"),
        ("23008", "23080", "one slip"),
        ("23008", "2308", "one slip"),
        ("23008", "23018", "one slip"),
        ("M330506989", "30506989", "part"),
        ("123", "124", "different"),
        ("23008", "31995", "different"),
    ],
)
def test_likeness(one: str, other: str, wanted: str) -> None:
    assert likeness(one, other) == wanted
    assert likeness(other, one) == wanted


serials = st.from_regex(r"[A-Z0-9]{4,12}", fullmatch=True)


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """A serial and what one slip makes of it."""
    serial = draw(serials)
    at = draw(st.integers(0, len(serial) - 2))
    kind = draw(st.sampled_from(["wrong", "missing", "added", "exchanged"]))
    letter = draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
    wrong = {
        "wrong": serial[:at] + letter + serial[at + 1 :],
        "missing": serial[:at] + serial[at + 1 :],
        "added": serial[:at] + letter + serial[at:],
        "exchanged": serial[:at] + serial[at + 1] + serial[at] + serial[at + 2 :],
    }[kind]
    return serial, wrong


@settings(max_examples=500, deadline=None)
@given(slips())
def test_every_slip_is_seen_and_found_by_the_index(pair: tuple[str, str]) -> None:
    serial, wrong = pair
    if len(wrong) < 4:
        return
    assert likeness(serial, wrong) != "different"
    if likeness(serial, wrong) != "part":
        assert set(slip_keys(serial)) & set(slip_keys(wrong))


@settings(max_examples=300, deadline=None)
@given(serials, serials)
def test_likeness_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)


def test_the_index_brings_whoever_shares_a_key() -> None:
    things = [gauge(str(n), f"{23008 + 7 * n}") for n in range(300)]
    index = Index(things)
    for place in (0, 17, 299):
        asked = {k for k in keys_of(things[place], asking=True)}
        slow = [i for i, t in enumerate(things) if asked & set(keys_of(t, asking=False))]
        strong, weak = index.candidates(things[place])
        assert {*strong, *weak} <= set(slow)
        assert place in strong


def test_the_same_gauge_is_a_link_and_says_why() -> None:
    pair = only(gauge("1", "23008"), gauge("2", "23008", kind="found", date="2009-01-19"))
    assert pair.zone == "link"
    assert {"serial", "nuclides", "maker", "model"} <= {w.field for w in pair.weights}
    assert all(w.why for w in pair.weights)
    document = pair.as_json()
    assert list(document) == ["a", "b", "probability", "zone", "weights"]


def test_a_find_before_the_report_of_the_loss_is_no_objection() -> None:
    found = gauge("1", "2813", kind="found", date="2002-10-13")
    assert only(found, gauge("2", "2813", date="2002-10-15")).zone == "link"


def test_a_four_digit_serial_of_another_maker_proves_little() -> None:
    other = gauge("2", "1140", manufacturers=["Humboldt"], models=["5001"], place="Mesa, AZ")
    ours = gauge("1", "1140", manufacturers=["CPN"], models=["MC-3"], place="Hartford, CT")
    assert only(ours, other).zone == "none"


def test_nuclides_that_no_chain_joins_are_refused() -> None:
    chromatograph = source("1", "1140", "Ni-63", 5.6e8, "2003-07-31")
    pair = only(chromatograph, gauge("2", "1140", date="2014-04-28"))
    assert (pair.zone, pair.probability) == ("none", 0.0)
    assert "Ni-63" in str(pair.refused)
    assert (
        veto(
            source("1", "A1", "Sr-90", 1e9, "2003-01-01"),
            source("2", "A1", "Y-90", 1e9, "2003-01-09"),
        )
        is None
    )


def test_an_activity_that_grew_is_refused_and_a_slip_of_the_unit_is_not() -> None:
    lost = source("1", "TT3427", "Ir-192", 3.7e12, "2010-01-01")
    assert only(lost, source("2", "TT3427", "Ir-192", 3.3e12, "2012-01-01")).refused
    assert only(lost, source("2", "TT3427", "Ir-192", 4.0e9, "2012-01-01")).refused is None
    assert only(lost, source("2", "TT3427", "Ir-192", 3.7e15, "2010-01-05")).refused is None


def test_a_camera_whose_source_was_changed_is_for_a_person() -> None:
    camera = {
        "manufacturers": ["QSA Global"],
        "models": ["880D"],
        "serials": [{"value": "D1234", "of": "device"}],
    }
    lost = source("1", "", "Ir-192", 3.7e12, "2010-01-01", **camera)
    later = source("2", "", "Ir-192", 3.3e12, "2012-01-01", **camera)
    pair = only(lost, later)
    assert pair.refused is not None
    assert pair.zone == "review"


def test_activity_is_compared_on_the_day() -> None:
    lost = source("1", "TT3427", "Ir-192", 3.7e12, "2010-01-01")
    left = 3.7e12 * 0.5 ** (365.0 / 73.83)
    (weight,) = [
        w
        for w in only(lost, source("2", "TT3427", "Ir-192", left, "2011-01-01")).weights
        if w.field == "activity"
    ]
    assert weight.level == "same"
    assert "decayed to the day" in weight.why


@pytest.mark.parametrize("nuclide", ["Cs-137", "Ir-192", "Co-60"])
def test_decay_agrees_with_the_chain_solver(nuclide: str) -> None:
    after = decayed({nuclide: 1.0}, elapsed_s=3.0e7)[nuclide]
    assert decay_factor(nuclide, 3.0e7) == pytest.approx(after, rel=1e-9)
    assert decay_factor(nuclide, -3.0e7) == pytest.approx(1.0 / after, rel=1e-9)


def test_a_label_read_again_is_for_a_person() -> None:
    """The very activity of the loss, years of half-lives later: no measurement, so no refusal."""
    lost = source("1", "TT3427", "Ir-192", 3.7e12, "2010-01-01")
    pair = only(lost, source("2", "TT3427", "Ir-192", 3.7e12, "2012-01-01"))
    assert pair.refused is not None
    assert pair.zone != "link"
    assert pair.probability <= 0.5


def test_a_device_number_that_differs_speaks_against_a_source_number_that_agrees() -> None:
    both = [{"value": "75-5374", "of": "source"}]
    ours = gauge("1", "", serials=[{"value": "23008", "of": "device"}, *both])
    same = gauge("2", "", serials=[{"value": "23008", "of": "device"}, *both])
    other = gauge("3", "", serials=[{"value": "61119", "of": "device"}, *both])
    assert only(ours, same).weights[0].bits > only(ours, other).weights[0].bits + 8.0


def test_the_day_of_a_registered_thing_says_nothing_about_a_loss() -> None:
    registered = gauge("2", "23008", kind="", date="1995-01-01")
    fields = {w.field for w in only(gauge("1", "23008", kind="found"), registered).weights}
    assert "time" not in fields
    assert "time" in {w.field for w in only(gauge("1", "23008"), gauge("2", "23008")).weights}


def test_two_gauges_of_one_holder_lost_on_one_day_stay_two() -> None:
    same = {"holder": "EXAMPLE TESTING INC", "licence": "UT-1400313"}
    for other in ("23009", "31995"):
        assert only(gauge("1", "23008", **same), gauge("2", other, **same)).zone != "link"


def test_a_list_against_itself_has_no_pair_with_itself_and_none_twice() -> None:
    things = [
        gauge("1", "23008"),
        gauge("2", "23008", date="2009-01-19"),
        gauge("3", "40001", date="2012-06-01", place="Hartford, CT"),
    ]
    pairs = [(p.a, p.b) for p in link(things, things)]
    assert sorted(map(sorted, pairs)) == [["1", "2"]]
    assert sorted(map(sorted, ((p.a, p.b) for p in link(things, list(things))))) == [["1", "2"]]


def test_pairs_come_best_first_and_the_zones_follow_the_probability() -> None:
    asked = [gauge("1", "23008"), gauge("2", "4001"), gauge("3", "9999")]
    known = [gauge("a", "23008"), gauge("b", "4OO1"), gauge("c", "9998"), gauge("d", "23080")]
    pairs = list(link(asked, known, keep_refused=True))
    assert [p.probability for p in pairs] == sorted((p.probability for p in pairs), reverse=True)
    assert all((p.zone == "none") == (p.probability < 0.02) for p in pairs)
    assert (pairs[0].a, pairs[0].b) == ("1", "a")


def test_the_expected_share_is_found_again() -> None:
    known = [gauge(f"r{n}", f"{20000 + 13 * n}") for n in range(600)]
    asked = [
        gauge(f"f{n}", f"{20000 + 13 * n}", kind="found", date="2009-01-19") for n in range(40)
    ]
    asked += [
        gauge(f"x{n}", f"{70000 + 17 * n}", kind="found", date="2009-01-19") for n in range(60)
    ]
    linker = Linker(known, asked)
    share = estimate_share(linker, [linker.score(t) for t in asked])
    assert 0.25 < share < 0.45


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, math.nan])
def test_a_share_outside_of_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(InvalidInput):
        Linker([], expected_share=share)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(max_size=6), x, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    [
        *("kind", "nuclides", "activities", "manufacturers", "models", "serials", "place", "state"),
        *("date", "reported", "holder", "licence", "device_types", "activity_date"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(names, json_values), st.dictionaries(names, json_values))
def test_fields_of_any_type_break_nothing(one: dict[str, Any], other: dict[str, Any]) -> None:
    a = read_thing({**one, "event_number": 1})
    b = read_thing({**other, "event_number": "2"})
    for pair in link([a], [b], keep_refused=True):
        assert 0.0 <= pair.probability <= 1.0
        assert all(math.isfinite(w.bits) for w in pair.weights)


@pytest.mark.parametrize("record", [{}, {"event_number": None}, {"event_number": True}, {"id": []}])
def test_a_thing_without_a_number_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="event_number"):
        read_thing(record)


@pytest.fixture(scope="module")
def pairs_of_notices() -> dict[frozenset[str], Pair]:
    if not FEED.is_file():
        pytest.skip(f"the public notices are not here ({FEED.name})")
    things = []
    for record in records(FEED):
        notice = read_notice(record)
        if notice.kind != "other" or notice.serials:
            things.append(read_thing(notice.as_json()))
    return {frozenset((p.a, p.b)): p for p in link(things, things, keep_refused=True)}


def test_the_labelled_pairs_come_out_in_the_right_zone(
    pairs_of_notices: dict[frozenset[str], Pair],
) -> None:
    if TABLE.is_file():
        with TABLE.open(newline="") as stream:
            for row in csv.DictReader(stream):
                pair = pairs_of_notices[frozenset((row["event_a"], row["event_b"]))]
                assert pair.zone == "link", row
    zones: dict[str, list[str]] = {"same": [], "chance": [], "unsure": []}
    with LABELS.open(newline="") as stream:
        for row in csv.DictReader(stream):
            found = pairs_of_notices.get(frozenset((row["event_a"], row["event_b"])))
            zones[row["label"]].append(found.zone if found else "none")
    assert zones["same"].count("none") == 0
    assert zones["same"].count("link") >= 33
    assert set(zones["chance"]) == {"none"}
