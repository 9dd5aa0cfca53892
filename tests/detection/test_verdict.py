"""Rules for nuclides that are easily mistaken, on proofs made by hand."""

from __future__ import annotations

from dataclasses import replace

from tocsin.detection.candidates import Candidate, Tier
from tocsin.detection.evidence import LineGroup, Proof
from tocsin.detection.verdict import Judgement, VerdictSettings, judge

SETTINGS = VerdictSettings(contrast=0.0, contrast_single=0.0)


def line(energy_keV: float, counts: float, *, significance: float = 20.0) -> LineGroup:
    return LineGroup(
        energy_keV=energy_keV,
        intensity=0.5,
        emitter="",
        expected=counts,
        counts=counts,
        uncertainty=counts / significance,
        contrast=2.0,
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
