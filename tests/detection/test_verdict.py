"""Rules for nuclides that are easily mistaken, on proofs made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

from tocsin.detection.candidates import Candidate, Tier
from tocsin.detection.evidence import LineGroup, Proof
from tocsin.detection.verdict import Judgement, VerdictSettings, judge

SETTINGS = VerdictSettings(contrast=0.0, contrast_single=0.0)


def line(
    energy_keV: float,
    counts: float,
    *,
    significance: float = 20.0,
    intensity: float = 0.5,
    contrast: float = 2.0,
) -> LineGroup:
    return LineGroup(
        energy_keV=energy_keV,
        intensity=intensity,
        emitter="",
        expected=counts,
        counts=counts,
        uncertainty=counts / significance,
        contrast=contrast,
        fwhm_keV=2.0,
    )


def proof(name: str, tier: Tier, gain: float, *lines: LineGroup, apparent: float = 1.0) -> Proof:
    candidate = Candidate(name, tier, True)
    return Proof(candidate, gain, lines, lines, (), 1.0, 1.0, apparent)


def names(judgement: Judgement) -> list[str]:
    return [p.name for p in judgement.proved]


def test_the_actinium_series_beside_radium_is_natures_until_there_is_more_of_it() -> None:
    radium = proof("Ra-226", "natural", 900.0, line(609.3, 9000.0), apparent=1000.0)
    actinium = proof("Ra-223", "uncommon", 100.0, line(269.5, 300.0), line(154.2, 200.0))
    little = judge([radium, replace(actinium, apparent=97.0)], SETTINGS)
    assert names(little) == ["Ra-226"]
    assert little.rejected[0].stays
    much = judge([radium, replace(actinium, apparent=500.0)], SETTINGS)
    assert names(much) == ["Ra-226", "Ra-223"]


def test_annihilation_radiation_of_hard_photons_is_no_positron_emitter() -> None:
    thorium = proof("Ra-224", "natural", 500.0, line(2614.5, 1300.0), line(583.2, 600.0))
    few = proof("F-18", "common", 60.0, line(511.0, 400.0))
    many = proof("F-18", "common", 300.0, line(511.0, 4000.0))
    assert names(judge([thorium, few], SETTINGS)) == ["Ra-224"]
    assert names(judge([thorium, many], SETTINGS)) == ["Ra-224", "F-18"]
    assert names(judge([few], SETTINGS)) == ["F-18"]


def test_the_line_at_185_kev_beside_uranium_is_not_that_of_copper() -> None:
    uranium = proof("U-238", "natural", 300.0, line(1001.0, 900.0), line(766.4, 300.0))
    copper = proof("Cu-67", "uncommon", 200.0, line(184.6, 2000.0))
    assert names(judge([copper], SETTINGS)) == ["Cu-67"]
    judgement = judge([uranium, copper], SETTINGS)
    assert names(judgement) == ["U-238"]
    assert "U-235" in judgement.rejected[0].reason


def test_three_weak_peaks_stand_for_a_strong_one_where_that_is_set() -> None:
    weak = [line(e, 100.0, significance=4.5) for e in (375.1, 413.7, 129.3)]
    plutonium = proof("Pu-239", "strategic", 60.0, *weak)
    assert names(judge([plutonium], SETTINGS)) == []
    assert names(judge([plutonium], replace(SETTINGS, many=3))) == ["Pu-239"]


def test_uranium_237_alone_is_not_named_from_one_peak() -> None:
    daughter = proof("U-237", "strategic", 90.0, line(208.0, 3000.0))
    plutonium = proof("Pu-239", "strategic", 900.0, line(413.7, 9000.0), line(375.1, 9000.0))
    assert names(judge([daughter], SETTINGS)) == []
    assert names(judge([plutonium, daughter], SETTINGS)) == ["Pu-239", "U-237"]


def test_uranium_235_is_named_from_its_line_where_that_line_is_the_spectrum() -> None:
    """Behind a shield nothing but 186 keV comes through: it must not be lost to Cu-67."""
    uranium = proof("U-235", "strategic", 340.0, line(187.8, 16_000.0, contrast=1.0))
    assert names(judge([uranium], SETTINGS)) == ["U-235"]
    for doubtful in (
        replace(uranium, gain=200.0),
        proof("U-235", "strategic", 340.0, line(187.8, 16_000.0, significance=9.0, contrast=1.0)),
        proof("U-235", "strategic", 340.0, line(187.8, 16_000.0, contrast=0.4)),
    ):
        assert names(judge([doubtful], SETTINGS)) == []
    radium = proof("Ra-226", "natural", 900.0, line(609.3, 9000.0), line(1764.5, 900.0))
    assert names(judge([radium, uranium], SETTINGS)) == ["Ra-226"]
    assert names(judge([uranium], replace(SETTINGS, leading_alone=math.inf))) == []


def test_one_line_of_uranium_235_is_enough_beside_uranium_238() -> None:
    light = proof("U-235", "strategic", 72.0, line(187.6, 18_000.0))
    heavy = proof("U-238", "natural", 63.0, line(1000.8, 97.0, significance=5.8))
    assert names(judge([light], SETTINGS)) == []
    assert names(judge([light, heavy], SETTINGS)) == ["U-235", "U-238"]


def test_a_faint_line_is_nothing_where_a_stronger_one_of_the_nuclide_is_not_seen() -> None:
    americium = proof("Am-241", "common", 160.0, line(656.3, 2600.0), line(726.2, 1000.0))
    seen, unseen = line(497.1, 16_000.0, intensity=4e-5, contrast=0.7), line(357.4, 3500.0)
    palladium = replace(
        proof("Pd-103", "common", 80.0, seen), groups=(seen, replace(unseen, intensity=2e-4))
    )
    judgement = judge([americium, palladium], SETTINGS)
    assert names(judgement) == ["Am-241"]
    assert "357" in judgement.rejected[0].reason
    high = replace(seen, contrast=1.5)
    clear = replace(palladium, groups=(high, palladium.groups[1]), confirmed=(high,))
    assert names(judge([americium, clear], SETTINGS)) == ["Am-241", "Pd-103"]
    only = replace(palladium, groups=(seen,))
    assert names(judge([americium, only], SETTINGS)) == ["Am-241", "Pd-103"]


def test_x_rays_beside_a_chain_of_heavy_elements_are_those_of_its_elements() -> None:
    settings = VerdictSettings()
    thorium = proof("Ra-224", "natural", 700.0, line(238.6, 50_000.0), line(2614.5, 1000.0))
    uranium = proof("U-238", "natural", 160.0, line(92.8, 14_000.0))
    assert names(judge([thorium, uranium], settings)) == ["Ra-224"]
    faint = line(1001.0, 300.0, contrast=0.1)
    assert names(
        judge([thorium, replace(uranium, confirmed=(line(92.8, 1.4e4), faint))], settings)
    ) == ["Ra-224"]
    own = line(1001.0, 300.0, contrast=1.0)
    both = replace(uranium, confirmed=(line(92.8, 1.4e4), own))
    assert names(judge([thorium, both], settings)) == ["Ra-224", "U-238"]
    radium = proof("Ra-226", "natural", 700.0, line(609.3, 13_000.0), line(351.9, 30_000.0))
    assert names(judge([radium, uranium], settings)) == ["Ra-226", "U-238"]
    thallium = proof("Tl-201", "common", 54.0, line(73.1, 14_000.0))
    assert names(judge([radium, thallium], settings)) == ["Ra-226"]
    potassium = proof("K-40", "natural", 700.0, line(1460.8, 9000.0))
    assert names(judge([potassium, uranium], settings)) == ["K-40", "U-238"]


def test_lithium_beside_americium_is_explained_without_a_name() -> None:
    americium = proof("Am-241", "common", 160.0, line(656.3, 2600.0), line(726.2, 1000.0))
    lithium = proof("Be-7", "uncommon", 100.0, line(477.6, 30_000.0))
    judgement = judge([americium, lithium], SETTINGS)
    assert names(judgement) == ["Am-241"]
    assert judgement.rejected[0].stays


def test_without_a_background_soft_peaks_of_the_ground_name_nothing() -> None:
    """93 and 186 keV of uranium in the ground look like Ga-67 to a scintillator."""
    soft = (line(93.2, 400.0, contrast=0.4), line(184.6, 200.0, contrast=0.3))
    gallium = proof("Ga-67", "common", 60.0, *soft)
    assert names(judge([gallium], SETTINGS)) == ["Ga-67"]
    assert names(judge([gallium], SETTINGS, has_background=False)) == []
    third = proof("Ga-67", "common", 60.0, *soft, line(300.2, 100.0, contrast=0.3))
    assert names(judge([third], SETTINGS, has_background=False)) == ["Ga-67"]
    high = proof("Ga-67", "common", 60.0, line(93.2, 4000.0, contrast=4.0), soft[1])
    assert names(judge([high], SETTINGS, has_background=False)) == ["Ga-67"]
    few = line(93.2, 180.0, significance=7.0, contrast=1.3)
    by_chance = proof("Ga-67", "common", 60.0, few, soft[1])
    assert names(judge([by_chance], SETTINGS, has_background=False)) == []
