"""Decay and ingrowth against published values, an independent solver and conservation."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import load_library
from tocsin.nuclear.bateman import Branch, Member, aged_ratios, equilibrium_ratios, solve
from tocsin.nuclear.decay import activities

DAY_s = 86400.0
YEAR_s = 365.2422 * DAY_s


def test_radium_after_thirty_days() -> None:
    """Values of radioactivedecay 0.6.1 (ICRP-107), 1 kBq Ra-226."""
    grown = activities({"Ra-226": 1000.0}, elapsed_s=30 * DAY_s)
    assert grown["Rn-222"] == pytest.approx(995.6, abs=0.1)
    assert grown["Pb-214"] == pytest.approx(995.4, abs=0.1)
    assert grown["Bi-214"] == pytest.approx(995.6, abs=0.1)
    assert grown["Pb-210"] == pytest.approx(2.09, abs=0.01)


def test_thorium_after_forty_years() -> None:
    """Values of radioactivedecay 0.6.1 (ICRP-107), 1 Bq Th-232."""
    grown = activities({"Th-232": 1.0}, elapsed_s=40 * YEAR_s)
    assert grown["Ac-228"] == pytest.approx(0.992, abs=0.001)
    assert grown["Tl-208"] == pytest.approx(0.355, abs=0.001)


@pytest.mark.parametrize(
    ("parent", "elapsed_s"),
    [
        ("U-238", 1e3 * YEAR_s),
        ("U-235", 1e6 * YEAR_s),
        ("Th-232", 5 * YEAR_s),
        ("Np-237", 1e7 * YEAR_s),
        ("Pu-241", 30 * YEAR_s),
        ("Mo-99", 2 * DAY_s),
        ("Sr-90", 10 * DAY_s),
        ("Ac-225", 1 * DAY_s),
        ("Te-132", 3 * DAY_s),
    ],
)
def test_chains_agree_with_an_independent_library(parent: str, elapsed_s: float) -> None:
    """radioactivedecay on ICRP-107: other half-lives and branches, so within 3 %."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = pytest.importorskip("radioactivedecay")
    theirs = oracle.InventoryHP({parent: 1.0}, "Bq").decay(elapsed_s, "s").activities("Bq")
    ours = activities({parent: 1.0}, elapsed_s=elapsed_s)
    compared = 0
    for name, activity in theirs.items():
        if name in ours and activity > 1e-4:
            assert ours[name] == pytest.approx(activity, rel=0.03), name
            compared += 1
    assert compared >= 2


def _matrix_solution(members: dict[str, Member], start: str, elapsed_s: float) -> dict[str, float]:
    names = list(members)
    rates = np.zeros((len(names), len(names)))
    for i, name in enumerate(names):
        constant = math.log(2.0) / members[name].half_life_s
        rates[i, i] = -constant
        for branch in members[name].branches:
            rates[names.index(branch.daughter), i] += branch.fraction * constant
    amounts = np.zeros(len(names))
    amounts[names.index(start)] = 1.0 / -rates[names.index(start), names.index(start)]
    after = expm(rates * elapsed_s) @ amounts
    return {name: float(after[i] * -rates[i, i]) for i, name in enumerate(names)}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.1, 100.0), min_size=2, max_size=5),
    st.floats(0.0, 1.0),
    st.floats(0.0, 300.0),
    st.booleans(),
)
def test_small_chains_agree_with_the_matrix_exponential(
    half_lives: list[float], split: float, elapsed_s: float, all_equal: bool
) -> None:
    if all_equal:
        half_lives = [half_lives[0]] * len(half_lives)
    names = [chr(ord("a") + i) for i in range(len(half_lives))]
    members = {}
    for i, name in enumerate(names):
        branches = []
        if i + 1 < len(names):
            branches.append(Branch(names[i + 1], split))
        if i + 2 < len(names):
            branches.append(Branch(names[i + 2], 1.0 - split))
        members[name] = Member(half_lives[i], tuple(branches))
    solved = solve(members, {"a": 1.0}, elapsed_s=elapsed_s)
    expected = _matrix_solution(members, "a", elapsed_s)
    for name in names:
        assert float(solved[name]) == pytest.approx(expected[name], rel=1e-8, abs=1e-12)


def test_nearly_equal_half_lives_lose_no_digits() -> None:
    """For equal constants the daughter's activity is lambda t exp(-lambda t), exactly."""
    for apart in (0.0, 1e-15, 1e-12, 1e-8):
        members = {
            "a": Member(10.0, (Branch("b", 1.0),)),
            "b": Member(10.0 * (1.0 + apart), ()),
        }
        x = math.log(2.0) / 10.0 * 25.0
        solved = solve(members, {"a": 1.0}, elapsed_s=25.0)
        assert float(solved["b"]) == pytest.approx(x * math.exp(-x), rel=max(1e-14, 3 * apart))


def test_short_times_keep_the_leading_term() -> None:
    """One second of U-238: Th-234 has lambda t, not rounding noise."""
    lib = load_library()
    grown = activities({"U-238": 1.0}, elapsed_s=1.0)
    assert grown["Th-234"] == pytest.approx(lib["Th-234"].decay_constant_per_s, rel=1e-6)
    assert 0.0 < grown["Bi-214"] < 1e-40


def test_atoms_are_conserved() -> None:
    """Atoms of a closed chain with a practically stable end add up to what was put in."""
    members = {
        "a": Member(3.0, (Branch("b", 0.4), Branch("c", 0.6))),
        "b": Member(50.0, (Branch("c", 1.0),)),
        "c": Member(1e30, ()),
    }
    solved = solve(members, {"a": 7.0}, elapsed_s=40.0)
    atoms = sum(float(solved[n]) * members[n].half_life_s / math.log(2.0) for n in members)
    assert atoms == pytest.approx(7.0 * 3.0 / math.log(2.0), rel=1e-12)


def test_superposition_and_spelling() -> None:
    both = activities({"cs137": 5.0, "60Co": 3.0}, elapsed_s=YEAR_s)
    assert both["Cs-137"] == activities({"Cs-137": 5.0}, elapsed_s=YEAR_s)["Cs-137"]
    assert both["Co-60"] == pytest.approx(
        3.0 * 2 ** (-YEAR_s / load_library()["Co-60"].half_life_s)
    )


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="elapsed_s"):
        activities({"Cs-137": 1.0}, elapsed_s=-1.0)
    with pytest.raises(InvalidInput, match="elapsed_s"):
        activities({"Cs-137": 1.0}, elapsed_s=math.nan)
    with pytest.raises(InvalidInput, match="activity"):
        activities({"Cs-137": -1.0}, elapsed_s=1.0)
    with pytest.raises(InvalidInput, match="twice"):
        activities({"Cs-137": 1.0, "cs137": 1.0}, elapsed_s=1.0)
    with pytest.raises(NotFound, match="Cs-13"):
        activities({"Cs-141": 1.0}, elapsed_s=1.0)
    with pytest.raises(InvalidInput, match="circle"):
        solve({"a": Member(1.0, (Branch("a", 1.0),))}, {"a": 1.0}, elapsed_s=1.0)
    with pytest.raises(NotFound, match="not a member"):
        solve({"a": Member(1.0, ())}, {"b": 1.0}, elapsed_s=1.0)
    with pytest.raises(InvalidInput, match="half-life"):
        solve({"a": Member(0.0, ())}, {"a": 1.0}, elapsed_s=1.0)


@pytest.mark.parametrize(
    ("parent", "inside", "outside"),
    [
        ("Cs-137", {"Ba-137m"}, set()),
        ("Ra-226", {"Rn-222", "Pb-214", "Bi-214"}, {"Pb-210", "Po-210"}),
        ("Th-232", {"Ra-228", "Ac-228", "Th-228", "Pb-212", "Bi-212", "Tl-208"}, set()),
        ("U-238", {"Th-234", "Pa-234m", "Pa-234"}, {"U-234", "Bi-214"}),
        ("U-235", {"Th-231"}, {"Pa-231", "Ac-227"}),
        ("U-232", {"Th-228", "Tl-208"}, set()),
        ("Np-237", {"Pa-233"}, {"U-233"}),
        ("Pu-241", {"U-237"}, {"Am-241"}),
        ("Am-243", {"Np-239"}, {"Pu-239"}),
        ("Mo-99", {"Tc-99m"}, {"Tc-99"}),
        ("Ge-68", {"Ga-68"}, set()),
        ("Sr-82", {"Rb-82"}, set()),
        ("Sn-113", {"In-113m"}, set()),
        ("Ru-106", {"Rh-106"}, set()),
        ("Cd-109", {"Ag-109m"}, set()),
        ("Zr-95", set(), {"Nb-95"}),
    ],
)
def test_progeny_in_equilibrium_in_practice(
    parent: str, inside: set[str], outside: set[str]
) -> None:
    ratios = load_library().activity_ratios(parent)
    assert ratios[parent] == 1.0
    assert inside <= set(ratios)
    assert not outside & set(ratios)


def test_equilibrium_is_what_the_solver_tends_to() -> None:
    lib = load_library()
    for parent, age_s in (("Mo-99", 10 * DAY_s), ("Cs-137", 1e5), ("Th-232", 200 * YEAR_s)):
        members = lib.members(parent)
        aged = aged_ratios(parent, members, age_s=age_s)
        for name, ratio in equilibrium_ratios(parent, members).items():
            assert aged[name] == pytest.approx(ratio, rel=1e-4, abs=1e-9), name


def test_age_outside_of_sense_is_refused() -> None:
    lib = load_library()
    with pytest.raises(InvalidInput, match="nothing of F-18 is left"):
        lib.lines("F-18", age_s=1e9)
    with pytest.raises(InvalidInput, match="age_s"):
        lib.lines("F-18", age_s=-1.0)
