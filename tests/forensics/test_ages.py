"""Model ages: round trips, GUM against GTC and Monte Carlo, bounds, and what is refused."""

from __future__ import annotations

import datetime as dt
import math

import GTC
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput, NotFound, OutOfDomain
from tocsin.forensics import (
    Amount,
    Amounts,
    Initial,
    Measurement,
    ModelAge,
    Ratio,
    SharedPart,
    chronometers,
    convert_amount,
    date_material,
    growth_ratio,
    half_life_set,
    parse_unit,
)
from tocsin.forensics.chronometry_data import atomic_mass_u
from tocsin.forensics.chronometry_model import AgeModel
from tocsin.forensics.halflives import DAYS_PER_YEAR, SECONDS_PER_YEAR

PAIRS = [(c.parent, c.daughter) for c in chronometers()]
RADIOACTIVE = {
    (p, d)
    for p, d in PAIRS
    if not AgeModel(Measurement(p, d, Ratio(1, 0, "atom")), half_life_set()).chain.stable_daughter
}
FEW = 10_000
# The chain of Ac-227 to lead has sixteen paths; it is left to the tests that run once per pair.
QUICK = [p for p in PAIRS if p != ("Ac-227", "Pb-207")]


def model_of(pair: tuple[str, str], kind: str, initial: float = 0.0) -> AgeModel:
    ratio = Ratio(1.0, 0.0, kind)
    return AgeModel(Measurement(*pair, ratio, None, Initial(initial)), half_life_set())


def useful_age(pair: tuple[str, str], part: float) -> float:
    """A part of the shortest of the two half-lives: the daughter is far from equilibrium."""
    halves = half_life_set()
    known = [halves[n].value_y for n in pair if (n != pair[1] or pair in RADIOACTIVE)]
    return part * min(known)


@settings(max_examples=100, deadline=None)
@given(
    pair=st.sampled_from(QUICK),
    log_part=st.floats(-7.0, 0.0),
    kind=st.sampled_from(["atom", "mass", "activity"]),
    kept=st.sampled_from([0.0, 0.0, 0.3]),
)
def test_age_of_the_ratio_of_an_age_is_that_age(
    pair: tuple[str, str], log_part: float, kind: str, kept: float
) -> None:
    if kind == "activity" and pair not in RADIOACTIVE:
        kind = "mass"
    age = useful_age(pair, 10**log_part)
    initial = kept * model_of(pair, kind).ratio_at(age)
    model = model_of(pair, kind, initial)
    ratio = model.ratio_at(age)
    if kept and ratio < initial:
        # a fading daughter: two times give this ratio, and that is refused
        with pytest.raises(OutOfDomain, match="two ages"):
            model.age_of(ratio)
        return
    # with an initial daughter the last digit of the sum limits the age
    assert model.age_of(ratio) == pytest.approx(age, rel=1e-9)


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_kinds_are_converted_by_mass_and_decay_constant(pair: tuple[str, str]) -> None:
    parent, daughter = pair
    age = useful_age(pair, 0.1)
    atoms = growth_ratio(parent, daughter, age)
    mass = growth_ratio(parent, daughter, age, kind="mass")
    assert mass == pytest.approx(atoms * atomic_mass_u(daughter) / atomic_mass_u(parent), rel=1e-12)
    if pair in RADIOACTIVE:
        halves = half_life_set()
        expected = atoms * halves[parent].value_y / halves[daughter].value_y
        assert growth_ratio(parent, daughter, age, kind="activity") == pytest.approx(
            expected, rel=1e-12
        )
    else:
        with pytest.raises(InvalidInput, match="stable"):
            growth_ratio(parent, daughter, age, kind="activity")


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_monte_carlo_agrees_with_gum(pair: tuple[str, str]) -> None:
    """Within 2 % of u, plus three standard errors of the standard deviation of the draws."""
    samples = 20_000
    ratio = growth_ratio(*pair, useful_age(pair, 0.2))
    measured = Measurement(*pair, Ratio(ratio, 0.003 * ratio, "atom"), None, Initial(0.0))
    found = date_material(measured, samples=samples)
    spread, sigma = found.monte_carlo, found.standard_uncertainty_y
    assert spread is not None
    assert sigma is not None
    assert found.age_y is not None
    assert spread.standard_deviation == pytest.approx(sigma, rel=0.02 + 3 / math.sqrt(2 * samples))
    assert spread.mean == pytest.approx(
        found.age_y, abs=4 * sigma / math.sqrt(samples) + 0.01 * sigma
    )
    assert sum(line.share for line in found.budget) == pytest.approx(1.0, abs=1e-4)
    assert "nonlinear" not in [w.code for w in found.warnings]


TWO_MEMBERS = [
    ("U-234", "Th-230"),
    ("U-236", "Th-232"),
    ("U-232", "Th-228"),
    ("Pu-238", "U-234"),
    ("Pu-240", "U-236"),
    ("Pu-236", "U-232"),
    ("Am-241", "Np-237"),
    ("Co-60", "Ni-60"),
]


@pytest.mark.parametrize("kind", ["atom", "mass", "activity"])
@pytest.mark.parametrize("with_initial", [False, True])
@pytest.mark.parametrize("pair", TWO_MEMBERS, ids="/".join)
def test_budget_is_that_of_the_gum_tree_calculator(
    pair: tuple[str, str], with_initial: bool, kind: str
) -> None:
    """GTC differentiates the textbook formula by itself."""
    parent, daughter = pair
    stable = pair not in RADIOACTIVE
    if kind == "activity" and stable:
        kind = "atom"
    halves = half_life_set()
    age = useful_age(pair, 0.25)
    start = 0.05 * growth_ratio(parent, daughter, age, kind=kind) if with_initial else 0.0
    value = growth_ratio(parent, daughter, age, kind=kind, initial=start)
    measured = Measurement(
        parent, daughter, Ratio(value, 0.002 * value, kind), None, Initial(start, 0.1 * start)
    )
    found = date_material(measured, samples=FEW)

    half = halves[parent]
    first = GTC.ureal(half.value_y, half.standard_uncertainty_y, label=f"half-life of {parent}")
    constant = math.log(2.0) / first
    other = 0.0
    if not stable:
        half = halves[daughter]
        second = GTC.ureal(
            half.value_y, half.standard_uncertainty_y, label=f"half-life of {daughter}"
        )
        other = math.log(2.0) / second
    ratio = GTC.ureal(value, 0.002 * value, label="ratio")
    initial = GTC.ureal(start, 0.1 * start, label="initial daughter") if start else 0.0
    if kind == "activity":
        factor = constant / other
    elif kind == "mass":
        factor = atomic_mass_u(parent) / atomic_mass_u(daughter)
    else:
        factor = 1.0
    growth = constant / (constant - other)
    answer = GTC.log((ratio * factor + growth) / (initial * factor + growth)) / (constant - other)

    assert found.age_y == pytest.approx(GTC.value(answer), rel=1e-9)
    assert found.standard_uncertainty_y == pytest.approx(GTC.uncertainty(answer), rel=1e-8)
    theirs = {line.label: line.u for line in GTC.rp.budget(answer, trim=0.0, max_number=None)}
    for line in found.budget:
        assert abs(line.contribution) == pytest.approx(
            theirs[line.name], rel=1e-6, abs=1e-9 * GTC.uncertainty(answer)
        )


def test_budget_through_an_intermediate_is_that_of_the_gum_tree_calculator() -> None:
    """Ra-226/U-234 through Th-230, where the three exponentials do not cancel."""
    names = ("U-234", "Th-230", "Ra-226")
    halves = half_life_set()
    value = growth_ratio("U-234", "Ra-226", 20_000.0)
    found = date_material(
        Measurement("U-234", "Ra-226", Ratio(value, 0.004 * value, "atom"), None, Initial(0.0)),
        samples=FEW,
    )
    inputs = [
        GTC.ureal(halves[n].value_y, halves[n].standard_uncertainty_y, label=f"half-life of {n}")
        for n in names
    ]
    p, i, d = (math.log(2.0) / x for x in inputs)
    ratio = GTC.ureal(value, 0.004 * value, label="ratio")

    def excess(t: object) -> object:
        parts = (
            GTC.exp(-p * t) / ((i - p) * (d - p))
            + GTC.exp(-i * t) / ((p - i) * (d - i))
            + GTC.exp(-d * t) / ((p - d) * (i - d))
        )
        return p * i * parts / GTC.exp(-p * t) - ratio

    answer = GTC.fn.implicit(excess, 15_000.0, 25_000.0, 1e-6)
    assert found.age_y == pytest.approx(GTC.value(answer), rel=1e-7)
    assert found.standard_uncertainty_y == pytest.approx(GTC.uncertainty(answer), rel=1e-6)
    theirs = {line.label: line.u for line in GTC.rp.budget(answer, trim=0.0, max_number=None)}
    assert {line.name for line in found.budget} == set(theirs)
    for line in found.budget:
        assert abs(line.contribution) == pytest.approx(theirs[line.name], rel=1e-5)


def test_correlated_amounts_are_those_of_the_gum_tree_calculator() -> None:
    unit = parse_unit("nmol/g")
    amounts = Amounts(Amount(1.546, 0.012, unit), Amount(0.7915, 0.0037, unit), correlation=0.6)
    found = date_material(
        Measurement("Sr-90", "Zr-90", amounts, None, Initial(0.0)), samples=200_000
    )
    half = half_life_set()["Sr-90"]
    daughter = GTC.ureal(1.546, 0.012, independent=False)
    parent = GTC.ureal(0.7915, 0.0037, independent=False)
    GTC.set_correlation(0.6, daughter, parent)
    constant = math.log(2.0) / GTC.ureal(half.value_y, half.standard_uncertainty_y)
    answer = GTC.log(1.0 + daughter / parent) / constant
    # Y-90 in between holds back 2.7 d of growth and is in our chain
    assert found.age_y == pytest.approx(GTC.value(answer), abs=0.02)
    assert found.standard_uncertainty_y == pytest.approx(GTC.uncertainty(answer), rel=2e-3)
    assert found.monte_carlo is not None
    assert found.monte_carlo.standard_deviation == pytest.approx(
        found.standard_uncertainty_y, rel=0.01
    )


@pytest.mark.parametrize(
    ("parent_unit", "daughter_unit"),
    [("kBq/g", "nmol/g"), ("pg/g", "kBq/kg"), ("ug", "ng"), ("mCi", "atoms"), ("Bq", "Bq")],
)
def test_amounts_in_any_units_give_the_same_age(parent_unit: str, daughter_unit: str) -> None:
    """Am-241 in Pu-241 after ten years, each amount written in its own unit."""
    halves = half_life_set()
    ratio = growth_ratio("Pu-241", "Am-241", 10.0)
    per = "/g" if "/" in parent_unit else ""
    written = []
    for name, moles, unit in (("Am-241", ratio, daughter_unit), ("Pu-241", 1.0, parent_unit)):
        value = convert_amount(
            moles, f"nmol{per}", unit, nuclide=name, half_life_y=halves[name].value_y
        )
        written.append(Amount(value, 0.001 * value, parse_unit(unit)))
    found = date_material(
        Measurement("Pu-241", "Am-241", Amounts(*written), None, Initial(0.0)), samples=FEW
    )
    assert found.age_y == pytest.approx(10.0, rel=1e-9)


def test_activity_of_a_mole_is_that_of_avogadro() -> None:
    halves = half_life_set()["Cs-137"]
    found = convert_amount(1.0, "mol", "Bq", nuclide="Cs-137", half_life_y=halves.value_y)
    expected = 6.02214076e23 * math.log(2.0) / (halves.value_y * SECONDS_PER_YEAR)
    assert found == pytest.approx(expected, rel=1e-12)
    assert convert_amount(
        1.0, "Ci", "Bq", nuclide="Cs-137", half_life_y=halves.value_y
    ) == pytest.approx(3.7e10)
    assert convert_amount(
        238.0507870, "g", "mol", nuclide="U-238", half_life_y=4.468e9
    ) == pytest.approx(1.0, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(pair=st.sampled_from(QUICK), log_part=st.floats(-5.0, -0.3))
def test_a_limit_is_the_age_of_the_detection_limit(pair: tuple[str, str], log_part: float) -> None:
    age = useful_age(pair, 10**log_part)
    limit = growth_ratio(*pair, age)
    measurement = Measurement(
        *pair, Ratio(limit, 0.0, "atom", less_than=True), dt.date(2020, 5, 1), Initial(0.0)
    )
    found = date_material(measurement, samples=FEW)
    assert found.limit == "younger_than"
    assert found.age_y == pytest.approx(age, rel=1e-9)
    assert found.expanded_uncertainty_y is None
    assert found.budget == ()
    assert found.date is None or found.date <= dt.date(2020, 5, 1)
    lower = date_material(
        Measurement(*pair, Ratio(0.9 * limit, 0.0, "atom", less_than=True), None, Initial(0.0)),
        samples=FEW,
    )
    assert lower.age_y is not None
    assert lower.age_y < age


def thorium(ratio: Ratio, initial: Initial | None = None) -> ModelAge:
    return date_material(
        Measurement("U-234", "Th-230", ratio, dt.date(2014, 1, 15), initial), samples=FEW
    )


def test_a_ratio_beyond_equilibrium_is_refused() -> None:
    with pytest.raises(OutOfDomain, match="beyond secular equilibrium"):
        thorium(Ratio(0.46, 0.001, "atom"))
    with pytest.raises(OutOfDomain, match="beyond secular equilibrium"):
        thorium(Ratio(1.46, 0.001, "activity"))


def test_a_ratio_at_equilibrium_bounds_the_age_from_below() -> None:
    found = thorium(Ratio(0.445, 0.002, "atom"))
    assert found.limit == "older_than"
    assert "at_equilibrium" in [w.code for w in found.warnings]
    model = model_of(("U-234", "Th-230"), "atom")
    assert found.age_y == pytest.approx(model.age_of(0.445 - 2 * 0.002), rel=1e-9)


def test_near_equilibrium_the_interval_has_no_upper_end() -> None:
    found = thorium(Ratio(0.443, 0.002, "atom"), Initial(0.0))
    assert found.limit is None
    assert "near_equilibrium" in [w.code for w in found.warnings]
    assert found.monte_carlo is not None
    assert math.isinf(found.monte_carlo.high_95)
    assert found.to_json()["monte_carlo"]["high_95_y"] is None


def test_a_bent_model_says_so() -> None:
    found = thorium(Ratio(0.35, 0.05, "atom"), Initial(0.0))
    assert {w.code for w in found.warnings} & {"nonlinear", "near_equilibrium"}


def test_an_age_that_may_be_zero_says_so() -> None:
    found = thorium(Ratio(1e-7, 6e-8, "atom"), Initial(0.0))
    assert "near_zero" in [w.code for w in found.warnings]
    assert found.monte_carlo is not None
    assert found.monte_carlo.low_95 < 0.0


def test_unknown_initial_daughter_makes_an_upper_bound() -> None:
    known = thorium(Ratio(2.9348e-5, 3e-8, "atom"), Initial(0.0))
    unknown = thorium(Ratio(2.9348e-5, 3e-8, "atom"))
    assert [w.code for w in known.warnings] == []
    assert [w.code for w in unknown.warnings] == ["upper_bound"]
    assert "upper bound" in known.assumes
    assert known.age_y == unknown.age_y


def test_initial_daughter_makes_it_younger_and_too_much_is_refused() -> None:
    ratio = Ratio(2.9348e-5, 3e-8, "atom")
    whole, less = thorium(ratio, Initial(0.0)), thorium(ratio, Initial(1e-5, 1e-7))
    assert whole.age_y is not None
    assert less.age_y is not None
    assert less.age_y == pytest.approx(whole.age_y * 1.9348 / 2.9348, rel=1e-3)
    assert "initial daughter" in [line.name for line in less.budget]
    with pytest.raises(OutOfDomain, match="below what is left of the initial daughter"):
        thorium(ratio, Initial(3e-5))


def test_two_answers_are_named_and_refused() -> None:
    start = growth_ratio("U-234", "Ra-226", 3000.0)
    between = 0.999 * start
    with pytest.raises(OutOfDomain, match=r"two ages .* 2\.3\d+ y and 2260"):
        date_material(
            Measurement("U-234", "Ra-226", Ratio(between, 0.0, "atom"), None, Initial(start)),
            samples=FEW,
        )


def test_dates_count_days_back() -> None:
    found = thorium(Ratio(4.288e-6, 8e-9, "atom"), Initial(0.0))
    assert found.date == dt.date(2012, 7, 9)
    assert found.age_y is not None
    earliest, latest = found.date_interval
    assert earliest is not None
    assert latest is not None
    assert earliest < found.date < latest
    assert (dt.date(2014, 1, 15) - found.date).days == round(found.age_y * DAYS_PER_YEAR)


def test_before_the_year_one_there_is_no_date() -> None:
    found = thorium(Ratio(0.01, 1e-5, "atom"), Initial(0.0))
    assert found.age_y is not None
    assert found.age_y > 2014.0
    assert found.date is None
    assert "before_calendar" in [w.code for w in found.warnings]


def test_shared_part_takes_from_the_own_part() -> None:
    plain = thorium(Ratio(4.288e-6, 8e-9, "atom"), Initial(0.0))
    shared = thorium(
        Ratio(4.288e-6, 8e-9, "atom", shared=(SharedPart("spike", -0.001),)), Initial(0.0)
    )
    assert shared.standard_uncertainty_y == pytest.approx(plain.standard_uncertainty_y, rel=1e-9)
    by_name = {line.name: line.contribution for line in shared.budget}
    assert by_name["spike"] == pytest.approx(-0.001 * (plain.age_y or 0.0), rel=1e-3)
    with pytest.raises(InvalidInput, match="larger than the whole"):
        Ratio(4.288e-6, 8e-9, "atom", shared=(SharedPart("spike", 0.01),))


def test_other_half_lives_move_the_age_as_told() -> None:
    found = thorium(Ratio(5.6e-5, 1e-7, "atom"), Initial(0.0))
    shifts = {a.half_life_set: a for a in found.alternatives}
    again = date_material(found.model.measurement, half_lives=half_life_set("ensdf"), samples=FEW)
    assert again.half_life_set == "ensdf"
    assert found.age_y is not None
    assert again.age_y == pytest.approx(shifts["ensdf"].age_y, rel=1e-12)
    assert shifts["ensdf"].shift_d == pytest.approx(
        (shifts["ensdf"].age_y - found.age_y) * DAYS_PER_YEAR
    )
    # A 20-y age: the reference gives -3.6 d for the ICRP-107 pair, which is that of ENSDF
    twenty = thorium(Ratio(growth_ratio("U-234", "Th-230", 20.0), 1e-8, "atom"), Initial(0.0))
    moved = {a.half_life_set: a.shift_d for a in twenty.alternatives}
    assert moved["ensdf"] == pytest.approx(-3.6, abs=0.05)


@pytest.mark.parametrize(
    ("parent", "daughter", "error", "words"),
    [
        ("U-234", "Pa-231", NotFound, "does not grow from"),
        ("Th-230", "U-234", NotFound, "exchange them"),
        ("U-234", "U-234", InvalidInput, "two different"),
        ("Xx-234", "Th-230", InvalidInput, "names no nuclide"),
        ("U-299", "Th-230", Exception, "U-299|names no nuclide"),
        ("Ba-137", "Cs-137", NotFound, "not in the nuclide library"),
    ],
)
def test_pairs_that_are_none_are_refused_with_a_hint(
    parent: str, daughter: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        growth_ratio(parent, daughter, 1.0)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_values_out_of_range_are_refused(value: float) -> None:
    with pytest.raises(InvalidInput):
        Ratio(value, 0.0, "atom")
    with pytest.raises(InvalidInput):
        growth_ratio("U-234", "Th-230", value if value else -1e-9)
    with pytest.raises(InvalidInput):
        Ratio(1.0, value if value else -1.0, "atom")
    with pytest.raises(InvalidInput):
        date_material(Measurement("U-234", "Th-230", Ratio(1e-5, 0, "atom")), k=value)


def test_the_same_case_gives_the_same_numbers_and_a_generator_is_used() -> None:
    measured = Measurement("U-234", "Th-230", Ratio(4.288e-6, 8e-9, "atom"))
    first, second = date_material(measured, samples=FEW), date_material(measured, samples=FEW)
    assert first.to_json() == second.to_json()
    other = date_material(measured, samples=FEW, generator=np.random.default_rng(3))
    assert other.monte_carlo != first.monte_carlo
    assert other.age_y == first.age_y
