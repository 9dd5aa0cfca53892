"""The ingrowth solver against slow and independent solutions."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
import radioactivedecay
from hypothesis import given
from hypothesis import strategies as st

from tocsin.forensics.chronometry_chain import Chain, direct_chain, find_chain
from tocsin.forensics.chronometry_growth import exponential_difference
from tocsin.forensics.chronometry_kinetics import LONGEST_MEAN_LIVES, Kinetics
from tocsin.forensics.halflives import DAYS_PER_YEAR, SECONDS_PER_YEAR, half_life_set
from tocsin.nuclear import load_library
from tocsin.nuclear.bateman import Branch, Member, solve

PAIRS = [
    ("U-234", "Th-230"),
    ("U-234", "Ra-226"),
    ("U-234", "Bi-214"),
    ("U-235", "Pa-231"),
    ("U-235", "Ac-227"),
    ("U-236", "Th-232"),
    ("U-238", "U-234"),
    ("U-232", "Th-228"),
    ("U-233", "Th-229"),
    ("Pu-238", "U-234"),
    ("Pu-239", "U-235"),
    ("Pu-240", "U-236"),
    ("Pu-241", "Am-241"),
    ("Pu-241", "Np-237"),
    ("Pu-242", "U-238"),
    ("Am-241", "Np-237"),
    ("Am-243", "Pu-239"),
    ("Cm-244", "Pu-240"),
    ("Ra-226", "Pb-210"),
    ("Ra-226", "Po-210"),
    ("Ra-228", "Th-228"),
    ("Cs-137", "Ba-137"),
    ("Sr-90", "Zr-90"),
    ("Co-60", "Ni-60"),
    ("Eu-152", "Sm-152"),
    ("Eu-152", "Gd-152"),
    ("Eu-154", "Gd-154"),
    ("U-238", "Pb-206"),
]
# Sixteen paths of up to sixteen members: once each where it matters, not at every age.
QUICK = [p for p in PAIRS if p != ("U-238", "Pb-206")]


def kinetics(chain: Chain) -> Kinetics:
    values = half_life_set()
    return Kinetics.of_values(chain, {n: values[n].constant_per_y for n in chain.members})


def at(value: float) -> np.ndarray:
    return np.array([float(value)])


def lost_digits(numbers: Kinetics, age: np.ndarray) -> np.ndarray:
    """Relative error of an age that the last digit of its ratio makes; infinite at equilibrium."""
    with np.errstate(divide="ignore"):
        return np.finfo(float).eps * numbers.grown(age) / (age * numbers.growth_rate(age))


def oracle_difference(nodes: list[float]) -> float:
    """Newton's table in 600-digit decimals; equal nodes are moved apart by 1e-40."""
    with localcontext() as context:
        context.prec = 600
        exact = [Decimal(x) + k * Decimal("1e-40") for k, x in enumerate(sorted(nodes))]
        level = [x.exp() for x in exact]
        for width in range(1, len(exact)):
            level = [
                (level[i + 1] - level[i]) / (exact[i + width] - exact[i])
                for i in range(len(level) - 1)
            ]
        return float(level[0])


@given(
    st.lists(
        st.one_of(
            st.floats(-5.0, 5.0), st.floats(-1e6, 300.0), st.sampled_from([0.0, -1.0, -3.0, 1e-9])
        ),
        min_size=1,
        max_size=10,
    )
)
def test_divided_differences_are_right_to_many_digits(nodes: list[float]) -> None:
    expected = oracle_difference(nodes)
    found = float(exponential_difference(np.array(nodes)[:, None])[0])
    if expected < 1e-300:
        assert found <= 1e-299
    else:
        assert found == pytest.approx(expected, rel=2e-12)


def test_columns_do_not_disturb_each_other() -> None:
    generator = np.random.default_rng(7)
    nodes = -(10 ** generator.uniform(-4, 4, size=(6, 50)))
    together = exponential_difference(nodes)
    alone = [exponential_difference(nodes[:, [k]])[0] for k in range(50)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


@pytest.mark.parametrize(("parent", "daughter"), PAIRS)
@pytest.mark.parametrize("age_y", [1e-3, 1.0, 40.0, 3000.0])
def test_growth_agrees_with_the_bateman_solver(parent: str, daughter: str, age_y: float) -> None:
    """The decimal solver of the nuclear room shares no formula with the divided differences."""
    chain = find_chain(parent, daughter)
    numbers = kinetics(chain)
    values = half_life_set()
    library = load_library()
    members = {
        name: Member(
            values[name].value_y * SECONDS_PER_YEAR,
            tuple(Branch(m.daughter, m.branching) for m in library[name].decay_modes if m.daughter),
        )
        for name in library.members(parent)
    }
    if chain.stable_daughter:
        # An observer that lives for ever in practice: what grows is its amount.
        members[daughter] = Member(1e40, ())
    grown = solve(members, {parent: 1.0}, elapsed_s=age_y * SECONDS_PER_YEAR)
    if grown[parent] == 0 or age_y > LONGEST_MEAN_LIVES / numbers.constants_per_y[parent][0]:
        pytest.skip("nothing of the parent is left at this age")
    atoms = {n: a * Decimal(members[n].half_life_s) for n, a in grown.items()}
    expected = float(atoms[daughter] / atoms[parent])
    assert numbers.grown(at(age_y))[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(
    ("parent", "daughter", "age_y"),
    [("U-234", "Th-230", 12.0), ("Pu-241", "Am-241", 5.0), ("U-234", "Bi-214", 18.9)],
)
def test_growth_agrees_with_radioactivedecay(parent: str, daughter: str, age_y: float) -> None:
    """Its half-lives and branches put into our chain: only the solution is compared."""
    chain = find_chain(parent, daughter)
    data = radioactivedecay.DEFAULTDATA
    year_d = float(data.float_year_conv)
    constants = {
        name: math.log(2.0) / (data.half_life(name, "d") / DAYS_PER_YEAR) for name in chain.members
    }
    numbers = Kinetics(
        chain,
        {n: at(c) for n, c in constants.items()},
        {edge: at(data.branching_fraction(*edge)) for edge in chain.fractions},
    )
    inventory = radioactivedecay.Inventory({parent: 1e30}, "num")
    after = inventory.decay(age_y * DAYS_PER_YEAR, "d").numbers()
    expected = after[daughter] / after[parent]
    assert year_d == pytest.approx(DAYS_PER_YEAR, abs=0.01)
    assert numbers.grown(at(age_y))[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("parent", "daughter"), QUICK)
def test_slope_and_sensitivities_are_derivatives(parent: str, daughter: str) -> None:
    chain = find_chain(parent, daughter)
    numbers = kinetics(chain)
    age = at(0.3 / numbers.constants_per_y[parent][0])
    step = 1e-6

    def grown(times: float = 1.0, name: str = "", factor: float = 1.0) -> float:
        constants = dict(numbers.constants_per_y)
        if name:
            constants[name] = constants[name] * factor
        return float(Kinetics(chain, constants, numbers.fractions).grown(age * times)[0])

    here = grown()
    slope = (grown(1 + step) - grown(1 - step)) / (2 * step * age[0])
    assert numbers.growth_rate(age)[0] == pytest.approx(slope, rel=1e-6)
    for name, found in numbers.constant_sensitivities(age).items():
        constant = numbers.constants_per_y[name][0]
        numeric = (grown(name=name, factor=1 + step) - grown(name=name, factor=1 - step)) / (
            2 * step * constant
        )
        assert found[0] * constant / here == pytest.approx(numeric * constant / here, abs=3e-8)


@pytest.mark.parametrize(("parent", "daughter"), QUICK)
@pytest.mark.parametrize("mean_lives", [1e-10, 1e-5, 0.01, 1.0, 8.0])
def test_age_is_the_inverse_of_growth(parent: str, daughter: str, mean_lives: float) -> None:
    numbers = kinetics(find_chain(parent, daughter))
    age = at(mean_lives / numbers.constants_per_y[parent][0])
    ratio = numbers.grown(age)
    # Near equilibrium the ratio itself no longer tells the age: its last digits limit the answer.
    digits = lost_digits(numbers, age)
    found = numbers.age_of_growth(ratio)
    if digits[0] > 0.01:
        assert found[0] > 5.0 / numbers.constants_per_y[daughter][0]
    else:
        assert found[0] == pytest.approx(age[0], rel=max(1e-11, 100 * float(digits[0])))


@given(
    pair=st.sampled_from(QUICK),
    log_age=st.floats(-9.0, 0.6),
    factor=st.floats(1.0001, 3.0),
)
def test_growth_rises(pair: tuple[str, str], log_age: float, factor: float) -> None:
    numbers = kinetics(find_chain(*pair))
    age = at(10**log_age / numbers.constants_per_y[pair[0]][0])
    earlier, later = numbers.grown(age)[0], numbers.grown(age * factor)[0]
    assert later >= earlier * (1 - 1e-14)
    assert later <= numbers.equilibrium()[0] * (1 + 1e-12)


@pytest.mark.parametrize(("parent", "daughter"), [p for p in PAIRS if p[1] != "Bi-214"])
def test_closed_form_and_search_agree(parent: str, daughter: str) -> None:
    numbers = kinetics(direct_chain(parent, daughter))
    fastest = max(c[0] for c in numbers.constants_per_y.values())
    ages = np.array([1e-6, 1e-2, 1.0, 3.0]) / fastest
    wide = Kinetics(
        numbers.chain,
        {n: np.repeat(v, 4) for n, v in numbers.constants_per_y.items()},
        {e: np.repeat(v, 4) for e, v in numbers.fractions.items()},
    )
    ratios = wide.grown(ages)
    closed, searched = wide.age_of_growth(ratios), wide._age_by_search(ratios)
    np.testing.assert_allclose(closed, searched, rtol=1e-12)
    np.testing.assert_allclose(closed, ages, rtol=1e-12)


def test_nothing_is_older_than_equilibrium() -> None:
    numbers = kinetics(find_chain("U-234", "Th-230"))
    limit = numbers.equilibrium()
    assert np.isinf(numbers.age_of_growth(limit * 1.0001))
    assert np.isfinite(numbers.age_of_growth(limit * 0.9999))
    assert np.isinf(kinetics(find_chain("U-235", "Pa-231")).age_of_growth(at(1.0)))


@pytest.mark.parametrize(("parent", "daughter"), QUICK)
def test_initial_daughter_is_taken_off(parent: str, daughter: str) -> None:
    numbers = kinetics(find_chain(parent, daughter))
    slow = sorted(c[0] for c in numbers.constants_per_y.values())[:2]
    age = at(0.2 / slow[-1])
    initial = 0.1 * numbers.grown(age)
    ratio = numbers.total(age, initial)
    assert numbers.age(ratio, initial)[0] == pytest.approx(age[0], rel=1e-9)
    assert numbers.age(ratio, np.zeros(1))[0] >= numbers.age(ratio, initial)[0] * (1 - 1e-9)


def test_lowest_point_of_a_fading_daughter() -> None:
    """Ra-226 left in uranium fades before the ingrowth through Th-230 wins."""
    numbers = kinetics(find_chain("U-234", "Ra-226"))
    initial = at(1e-7)
    bottom = numbers.lowest_point_y(initial)
    around = np.array([0.99, 1.0, 1.01])
    values = [numbers.total(bottom * f, initial)[0] for f in around]
    assert values[1] < values[0]
    assert values[1] < values[2]
    assert numbers.lowest_point_y(np.zeros(1))[0] == 0.0
