"""Coincidence sums: known cascades, bounds for every pair, delayed levels, progeny."""

from __future__ import annotations

import pytest

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import SumLine, load_library, sum_lines

LIB = load_library()


def pair_at(name: str, low_keV: float, high_keV: float) -> SumLine | None:
    """The pair of these energies, whatever its probability."""
    near = [
        p
        for p in sum_lines(name)
        if abs(p.low_keV - low_keV) < 0.5 and abs(p.high_keV - high_keV) < 0.5
    ]
    return near[0] if near else None


@pytest.mark.parametrize(
    ("name", "low_keV", "high_keV", "per_decay"),
    [
        # both photons of simple cascades, from the intensities of the two lines: the upper one
        # always leads to the level of the lower one, which has no way around it
        ("Co-60", 1173.23, 1332.49, 0.9985 * 0.99987),
        ("Y-88", 898.04, 1836.06, 0.937 * 0.99985),
        ("In-111", 171.28, 245.35, 0.9066 * 0.9409),
        ("Tl-208", 583.19, 2614.51, 0.850 * 0.9975),
        ("Sc-46", 889.28, 1120.54, 0.9999 * 0.9998),
        ("Na-24", 1368.63, 2754.01, 0.99855 * 1.0),
        # two annihilation photons for each of 0.8986(9) positrons that lead to 1275 keV
        ("Na-22", 511.0, 1274.54, 2 * 0.8986),
        ("F-18", 511.0, 511.0, None),
    ],
)
def test_known_cascades(
    name: str, low_keV: float, high_keV: float, per_decay: float | None
) -> None:
    """Tolerance 1 %: the spread of the evaluations of these intensities."""
    found = pair_at(name, low_keV, high_keV)
    if per_decay is None:  # both annihilation photons of one positron leave in opposite directions
        assert found is None
        return
    assert found is not None
    assert found.per_decay == pytest.approx(per_decay, rel=0.01)
    assert found.energy_keV == pytest.approx(low_keV + high_keV, abs=0.05)


def test_no_pair_is_more_frequent_than_its_rarer_photon_allows() -> None:
    """In one cascade each level is left once; two annihilation photons come with each gamma."""
    compared = 0
    for name in LIB:
        intensity = {(x.energy_keV, x.kind): x.intensity for x in LIB[name].lines}
        for pair in sum_lines(name, progeny=False):
            if pair.per_decay is None:
                continue
            if pair.kind == "gamma + gamma":
                bound = min(intensity[pair.low_keV, "gamma"], intensity[pair.high_keV, "gamma"])
            else:
                gamma = pair.high_keV if pair.low_keV == 510.99895 else pair.low_keV
                bound = 2.0 * intensity[gamma, "gamma"]
            # a fifth more: a level scheme is balanced only within its uncertainties
            assert 0.0 < pair.per_decay <= 1.201 * bound, pair
            compared += 1
    assert compared > 5_000


def test_levels_that_linger_part_what_is_above_from_what_is_below() -> None:
    assert sum_lines("Cs-137") == ()  # Ba-137m lives 2.6 min
    assert pair_at("Mo-99", 140.5, 739.5) is None  # Tc-99m lives 6 h
    bismuth = {(p.low_keV, p.high_keV) for p in sum_lines("Bi-207")}
    assert (569.698, 1063.656) in bismuth  # one after the other
    # 1063.7 keV leaves a level of 0.8 s: the X-ray of the capture is long gone
    assert not any(low < 100.0 and high == 1063.656 for low, high in bismuth)
    assert any(low < 100.0 and high == 569.698 for low, high in bismuth)


def test_x_rays_have_positions_and_no_probability() -> None:
    iodine = sum_lines("I-125")
    assert {p.kind for p in iodine} == {"x-ray + x-ray", "x-ray + gamma"}
    assert all(p.per_decay is None for p in iodine)
    # 27.4 keV is tellurium's weighted K-alpha; hand-held instruments show the sums near 55 and 63
    assert sorted(round(p.energy_keV) for p in iodine) == [55, 63]


def test_progeny_are_scaled_to_the_named_nuclide() -> None:
    """Of 100 decays in the thorium chain 36 pass Tl-208."""
    own, chain = pair_at("Tl-208", 583.19, 2614.51), pair_at("Th-232", 583.19, 2614.51)
    assert own is not None
    assert chain is not None
    assert own.per_decay is not None
    assert chain.per_decay is not None
    assert chain.emitter == "Tl-208"
    assert chain.per_decay / own.per_decay == pytest.approx(0.3594, abs=0.002)
    assert pair_at("Ra-226", 609.32, 1120.29) is not None
    assert not [p for p in sum_lines("Ra-226", progeny=False) if p.emitter != "Ra-226"]
    assert not [p for p in sum_lines("Th-232", age_s=0.0) if p.emitter == "Tl-208"]


def test_the_most_frequent_come_first_and_the_rare_can_be_left_out() -> None:
    found = sum_lines("Eu-152")
    shares = [p.per_decay or 0.0 for p in found]
    assert shares == sorted(shares, reverse=True)
    few = sum_lines("Eu-152", min_per_decay=0.05)
    assert [p for p in few if p.per_decay] == [p for p in found if (p.per_decay or 0.0) >= 0.05]
    with pytest.raises(InvalidInput, match="min_per_decay"):
        sum_lines("Eu-152", min_per_decay=-1.0)
    with pytest.raises(NotFound, match="not in the nuclide library"):
        sum_lines("Cs-141")
