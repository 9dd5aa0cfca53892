"""U-235 beside U-238 with a scintillator: named by its own peak, with the class of the uranium."""

from __future__ import annotations

from dataclasses import replace

from tocsin.detection.candidates import Candidate, Tier
from tocsin.detection.evidence import LineGroup, Proof
from tocsin.detection.findings import tell
from tocsin.detection.templates import EnergyScale
from tocsin.detection.uranium_share import uranium_line
from tocsin.nuclear import load_library


def line(energy_keV: float, emitter: str, significance: float) -> LineGroup:
    return LineGroup(
        energy_keV=energy_keV,
        intensity=0.5,
        emitter=emitter,
        expected=10_000.0,
        counts=10_000.0,
        uncertainty=10_000.0 / significance,
        contrast=2.0,
        fwhm_keV=20.0,
    )


def proof(name: str, tier: Tier, *lines: LineGroup) -> Proof:
    return Proof(Candidate(name, tier, True), 245.0, lines, lines, (), 1.0, 1.0, 1.0)


THORIUM = line(93.8, "Th-234", 5.2)
PROTACTINIUM = line(1001.0, "Pa-234m", 7.3)


def uranium(light_sigma: float) -> Proof:
    light = line(185.7, "U-235", light_sigma)
    return proof("U-238", "common", light, THORIUM, PROTACTINIUM)


def told(proofs: list[Proof]) -> dict[str, str]:
    report = tell(
        proofs,
        (),
        (),
        EnergyScale(),
        load_library(),
        uranium=uranium_line(proofs, has_background=True),
    )
    assert report.nuclear_material
    return {f.name: f.nuclide_class for f in report.findings}


def test_a_clear_peak_of_its_own_names_it_and_leaves_the_class_of_the_uranium() -> None:
    assert told([uranium(8.2)]) == {"U-238": "industrial", "U-235": "industrial"}


def test_a_faint_peak_does_not() -> None:
    assert told([uranium(3.0)]) == {"U-238": "industrial"}


def test_radium_or_an_unknown_background_may_make_the_peak() -> None:
    radium = proof("Ra-226", "natural", line(609.3, "Bi-214", 30.0))
    assert uranium_line([uranium(8.2), radium], has_background=True) is None
    assert uranium_line([uranium(8.2)], has_background=False) is None


def test_what_was_found_for_itself_keeps_its_own_class() -> None:
    light = replace(proof("U-235", "strategic", line(185.7, "U-235", 20.0)))
    assert told([light, uranium(8.2)])["U-235"] == "snm"
