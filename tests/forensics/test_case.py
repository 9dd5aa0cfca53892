"""Cases: what is read, what is refused with which words, and the shape of the answer."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from tocsin.errors import InvalidInput, NotFound, OutOfDomain, ParseError, TocsinError
from tocsin.forensics import CaseAnswer, answer_case, growth_ratio, read_case

CONTRACT: dict[str, Any] = {
    "parent": "U-234",
    "daughter": "Th-230",
    "ratio": {"value": 4.288e-6, "standard_uncertainty": 8e-9, "kind": "atom"},
    "measured_on": "2014-01-15",
    "initial_daughter": 0,
}
PROTACTINIUM: dict[str, Any] = {
    "parent": "U-235",
    "daughter": "Pa-231",
    "ratio": {"value": 1.496e-9, "standard_uncertainty": 1.5e-11, "kind": "atom"},
    "initial_daughter": 0,
}
SOURCE: dict[str, Any] = {
    "nuclide": "Co-60",
    "activity": {"value": 15.7, "standard_uncertainty": 0.5, "unit": "TBq"},
    "candidates": [
        {"label": "plate", "activity": {"value": 196, "standard_uncertainty": 5, "unit": "TBq"}}
    ],
    "measured_on": "2000-02-15",
}
FEW = 10_000


def answered(case: object) -> CaseAnswer:
    return answer_case(read_case(json.dumps(case)), samples=FEW)


def changed(**changes: object) -> dict[str, Any]:
    return {k: v for k, v in (CONTRACT | changes).items() if v is not ...}


def ratio(**changes: object) -> dict[str, Any]:
    whole = CONTRACT["ratio"] | changes
    return changed(ratio={k: v for k, v in whole.items() if v is not ...})


def test_the_contract_gives_what_it_promises() -> None:
    told = answered(CONTRACT).to_json()
    assert told["age_y"] == pytest.approx(1.5195, abs=5e-5)
    assert told["expanded_uncertainty_y"] == pytest.approx(0.006, abs=5e-4)
    assert told["k"] == 2
    assert isinstance(told["k"], int)
    assert told["date"] == "2012-07-09"
    assert told["limit"] is None
    assert told["warnings"] == []
    assert told["budget"][0]["input"] == "ratio"
    assert told["budget"][0]["share"] == pytest.approx(0.9, abs=0.05)
    assert "concordance" not in told
    json.dumps(told, allow_nan=False)


def test_a_non_detect_is_a_limit() -> None:
    told = answered(ratio(less_than=True)).to_json()
    assert told["limit"] == "younger_than"
    assert told["age_y"] == pytest.approx(1.5195, abs=5e-5)
    assert told["expanded_uncertainty_y"] is None
    assert told["date"] == "2012-07-09"
    assert told["budget"] == []


@pytest.mark.parametrize("whole", [False, True], ids=["list", "object"])
def test_several_chronometers_give_a_list_and_a_concordance(whole: bool) -> None:
    entries = [CONTRACT, PROTACTINIUM | {"measured_on": "2014-01-15"}]
    told = answered({"chronometers": entries} if whole else entries).to_json()
    assert [c["daughter"] for c in told["chronometers"]] == ["Th-230", "Pa-231"]
    assert told["concordance"]["concordant"] is True
    assert told["concordance"]["compared"] == [0, 1]
    assert told["concordance"]["age_y"] == pytest.approx(1.52, abs=0.01)
    json.dumps(told, allow_nan=False)


def test_what_stands_above_holds_for_all() -> None:
    case = read_case(
        json.dumps(
            {
                "chronometers": [PROTACTINIUM, CONTRACT | {"measured_on": "2015-01-15"}],
                "measured_on": "2014-01-15",
                "k": 3,
                "half_lives": "ensdf",
                "title": "two",
                "realm": "EXERCISE",
            }
        )
    )
    assert [m.measured_on for m in case.chronometers] == [
        dt.date(2014, 1, 15),
        dt.date(2015, 1, 15),
    ]
    assert (case.k, case.half_lives.name, case.title, case.realm) == (
        3.0,
        "ensdf",
        "two",
        "EXERCISE",
    )


def test_an_unknown_initial_daughter_is_warned_of() -> None:
    for case in (changed(initial_daughter=...), changed(initial_daughter=None)):
        told = answered(case).to_json()
        assert [w["code"] for w in told["warnings"]] == ["upper_bound"]


def test_initial_daughter_may_have_an_uncertainty() -> None:
    told = answered(
        changed(initial_daughter={"value": 1e-6, "standard_uncertainty": 1e-7})
    ).to_json()
    assert told["age_y"] == pytest.approx(1.5195 * 3.288 / 4.288, rel=1e-3)
    assert told["budget"][0]["input"] == "initial daughter"


def test_an_expanded_uncertainty_is_divided_by_its_k() -> None:
    plain = answered(CONTRACT).to_json()
    expanded = ratio(standard_uncertainty=..., expanded_uncertainty=1.6e-8, k=2)
    told = answered(expanded).to_json()
    assert told["expanded_uncertainty_y"] == pytest.approx(plain["expanded_uncertainty_y"])


def test_amounts_in_units_give_the_published_source() -> None:
    """G1 of the reference as a case."""
    told = answered(
        {
            "parent": "Cs-137",
            "daughter": "Ba-137",
            "amounts": {
                "parent": {
                    "value": 0.7915,
                    "expanded_uncertainty": 0.0073,
                    "k": 2,
                    "unit": "nmol/g",
                },
                "daughter": {
                    "value": 1.546,
                    "expanded_uncertainty": 0.024,
                    "k": 2,
                    "unit": "nmol/g",
                },
            },
            "measured_on": "2011-07-07",
            "initial_daughter": 0,
        }
    ).to_json()
    assert told["age_y"] == pytest.approx(46.947, abs=0.005)
    assert told["expanded_uncertainty_y"] * 365.2422 == pytest.approx(210, abs=5)


def test_own_half_lives_are_used_and_named() -> None:
    case = changed(
        half_lives={
            "set": "ensdf",
            "override": {
                "U234": {"value_y": 491240, "standard_uncertainty_y": 10, "source": "a test"}
            },
        }
    )
    told = answered(case).to_json()
    assert told["age_y"] == pytest.approx(2 * 1.5195, rel=1e-3)
    values = {v["nuclide"]: v for v in told["half_lives"]["values"]}
    assert values["U-234"]["verification"] == "stated"
    assert values["U-234"]["source"] == "a test"
    assert values["Th-230"]["verification"] == "library"
    assert told["half_lives"]["set"] == "ensdf, changed by the case"


def test_a_sealed_source_has_dates_and_a_category() -> None:
    told = answered({"sealed_source": SOURCE}).to_json()["sealed_source"]
    assert told["source_category"]["category"] == 2
    (date,) = told["dates"]
    assert date["age_y"] == pytest.approx(19.2, abs=0.01)
    assert date["date"] == "1980-12-04"
    assert date["category_when_new"] == 1


def test_a_source_is_held_against_its_chronometer() -> None:
    """The half-life is shared: agreement is judged with the covariance."""
    value = growth_ratio("Cs-137", "Ba-137", 20.0)
    half = 30.05
    case = {
        "measured_on": "2020-01-01",
        "parent": "Cs-137",
        "daughter": "Ba-137",
        "ratio": {"value": value, "standard_uncertainty": 0.003 * value, "kind": "atom"},
        "initial_daughter": 0,
        "sealed_source": {
            "nuclide": "Cs-137",
            "activity": {
                "value": 2.0 ** (-20.0 / half),
                "standard_uncertainty": 0.002,
                "unit": "TBq",
            },
            "candidates": [
                {
                    "label": "right",
                    "activity": {"value": 1, "standard_uncertainty": 0.01, "unit": "TBq"},
                },
                {
                    "label": "wrong",
                    "activity": {"value": 2, "standard_uncertainty": 0.01, "unit": "TBq"},
                },
            ],
            "pairs": [
                {
                    "first": "Cs-134",
                    "second": "Cs-137",
                    "activity_ratio": {"value": 1e-4, "standard_uncertainty": 1e-5},
                    "initial_activity_ratio": {"value": 0.05, "standard_uncertainty": 0.01},
                }
            ],
        },
    }
    told = answered(case).to_json()
    assert told["chronometers"][0]["age_y"] == pytest.approx(20.0, abs=0.01)
    right, wrong, pair = told["sealed_source"]["dates"]
    assert abs(right["against_chronometers"][0]["zeta"]) < 0.1
    assert wrong["against_chronometers"][0]["zeta"] > 50
    assert pair["label"] == "Cs-134/Cs-137"


REFUSED: list[tuple[str, object, type[TocsinError], str]] = [
    ("unknown key", changed(rato=1), InvalidInput, "rato: unknown key; did you mean 'ratio'"),
    ("unknown key inside", ratio(unit="g"), InvalidInput, "ratio.unit: unknown key"),
    ("nothing", {}, InvalidInput, "nothing to date"),
    ("number instead", 7, InvalidInput, "the case: an object"),
    ("empty list", [], InvalidInput, "chronometers: a list"),
    ("no ratio", changed(ratio=...), InvalidInput, "ratio: state either ratio or amounts"),
    ("no parent", changed(parent=...), InvalidInput, "parent: missing"),
    ("no kind", ratio(kind=...), InvalidInput, "ratio.kind: missing; write one of atom, mass"),
    ("other kind", ratio(kind="atoms"), InvalidInput, "'atoms' is not one of atom, mass, activity"),
    ("negative", ratio(value=-1e-6), InvalidInput, "ratio: a ratio must be more than zero"),
    ("zero", ratio(value=0), InvalidInput, "less_than"),
    ("text", ratio(value="4e-6"), InvalidInput, "ratio.value: a number is expected, not '4e-6'"),
    ("truth", ratio(value=True), InvalidInput, "ratio.value: a number is expected, not true"),
    ("huge", ratio(value=10**400), InvalidInput, "ratio.value: the number is too large"),
    ("bad sigma", ratio(standard_uncertainty=-1), InvalidInput, "must be 0 or more, not -1"),
    ("two sigmas", ratio(expanded_uncertainty=1, k=2), InvalidInput, "not both"),
    ("k alone", ratio(k=2), InvalidInput, "k belongs to an expanded_uncertainty"),
    (
        "sigma without k",
        ratio(standard_uncertainty=..., expanded_uncertainty=1e-8),
        InvalidInput,
        "ratio.k: missing",
    ),
    ("flag", ratio(less_than="yes"), InvalidInput, "ratio.less_than: write true or false"),
    (
        "date order",
        changed(measured_on="15.01.2014"),
        InvalidInput,
        "measured_on: write a date like 2014-01-15",
    ),
    ("date week", changed(measured_on="2014-W03-1"), InvalidInput, "write a date like"),
    (
        "no such day",
        changed(measured_on="2014-02-30"),
        InvalidInput,
        "the calendar has no day 2014-02-30",
    ),
    ("future", changed(measured_on="2199-01-01"), InvalidInput, "lies in the future"),
    (
        "number date",
        changed(measured_on=2014),
        InvalidInput,
        "write a date like 2014-01-15, not 2014",
    ),
    ("initial", changed(initial_daughter=-1), InvalidInput, "initial_daughter: must be 0 or more"),
    ("initial text", changed(initial_daughter="none"), InvalidInput, "initial_daughter: a number"),
    ("set", changed(half_lives="icrp"), InvalidInput, "half_lives: 'icrp' is not one of forensic"),
    ("k", changed(k=0.5), InvalidInput, "k: must be 1 to 5"),
    ("schema", changed(schema="tocsin.age-case/9"), InvalidInput, "schema"),
    ("realm", changed(realm="REAL"), InvalidInput, "realm: 'REAL' is not one of LIVE"),
    ("pair", changed(daughter="Pa-231"), NotFound, "daughter: Pa-231 does not grow from U-234"),
    ("exchanged", changed(parent="Th-230", daughter="U-234"), NotFound, "exchange them"),
    ("name", changed(parent="Uranium"), InvalidInput, "names no nuclide"),
    (
        "stable",
        changed(parent="Cs-137", daughter="Ba-137", ratio={"value": 1, "kind": "activity"}),
        InvalidInput,
        "stable",
    ),
    ("place", [CONTRACT, ratio(value=-1)], InvalidInput, r"chronometers\[1\].ratio: a ratio must"),
    (
        "shared",
        ratio(shared=[{"name": "s", "relative_standard_uncertainty": 0.5}]),
        InvalidInput,
        "larger than the whole",
    ),
    (
        "shared twice",
        ratio(shared=[{"name": "s", "relative_standard_uncertainty": 1e-4}] * 2),
        InvalidInput,
        "a name stands twice",
    ),
    (
        "unit",
        changed(
            ratio=...,
            amounts={
                "parent": {"value": 1, "unit": "nMol"},
                "daughter": {"value": 1, "unit": "nmol"},
            },
        ),
        InvalidInput,
        "amounts.parent.unit: unit 'nMol' is not known",
    ),
    (
        "per",
        changed(
            ratio=...,
            amounts={
                "parent": {"value": 1, "unit": "nmol/g"},
                "daughter": {"value": 1, "unit": "nmol"},
            },
        ),
        InvalidInput,
        "per the same thing",
    ),
    ("both", changed(amounts={}), InvalidInput, "either ratio or amounts"),
    (
        "override",
        changed(half_lives={"override": {"U-234": {"value_y": 0}}}),
        InvalidInput,
        "half_lives.override.U-234.value_y: must be more than 0",
    ),
    (
        "override name",
        changed(half_lives={"override": {"U-999": {}}}),
        TocsinError,
        "half_lives.override: ",
    ),
    (
        "source unit",
        {"sealed_source": SOURCE | {"activity": {"value": 1, "unit": "g"}}},
        InvalidInput,
        "sealed_source.activity.unit: a unit of activity",
    ),
    (
        "source name",
        {"sealed_source": SOURCE | {"nuclide": "Co-99"}},
        TocsinError,
        "sealed_source.nuclide",
    ),
    (
        "source twice",
        {"sealed_source": SOURCE | {"candidates": SOURCE["candidates"] * 2}},
        InvalidInput,
        "'plate' stands twice",
    ),
]


@pytest.mark.parametrize(
    ("case", "error", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_is_wrong_is_refused_with_its_place(
    case: object, error: type[TocsinError], words: str
) -> None:
    with pytest.raises(error, match=words):
        answer_case(read_case(json.dumps(case), today=dt.date(2026, 1, 1)), samples=FEW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1, column 1"),
        ('{"parent": "U-234",}', "line 1"),
        ('{"parent": "U-234", "parent": "U-235"}', "'parent' stands twice"),
        ('{"ratio": {"value": NaN}}', "NaN is no number"),
        ('{"ratio": {"value": -Infinity}}', "-Infinity is no number"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5000, "nested too deeply, or a number too long"),
        ("{}" + " " * 1_000_001, "longer than 1000000 characters"),
    ],
)
def test_what_is_no_json_is_told(text: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read_case(text, file="case.json")


def test_beyond_equilibrium_is_an_error_alone_and_an_entry_in_a_list() -> None:
    beyond = ratio(value=0.9)
    with pytest.raises(OutOfDomain, match="beyond secular equilibrium"):
        answered(beyond)
    told = answered([beyond, PROTACTINIUM]).to_json()
    first = told["chronometers"][0]
    assert first["age_y"] is None
    assert first["warnings"][-1]["code"] == "no_age"
    assert told["chronometers"][1]["age_y"] is not None


def test_too_many_chronometers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 50"):
        read_case(json.dumps([CONTRACT] * 51))
