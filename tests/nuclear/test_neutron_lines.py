"""Neutron-induced lines: customary anchors, agreement with decays, provenance."""

from __future__ import annotations

import json
import math
from importlib import resources

import pytest

from tocsin.errors import InvalidInput, ParseError
from tocsin.nuclear import companions, load_library, neutron_lines
from tocsin.nuclear.companions import companion_rows, companions_manifest


@pytest.mark.parametrize(
    ("energy_keV", "reaction", "kind"),
    [
        # customary energies, to half a keV
        (2223.2, "H-1(n,g)", "capture"),
        (7631.1, "Fe-56(n,g)", "capture"),
        (7645.5, "Fe-56(n,g)", "capture"),
        (846.8, "Fe-56(n,n')", "scatter"),
        (803.1, "Pb-206(n,n')", "scatter"),
        (2614.5, "Pb-208(n,n')", "scatter"),
        (7367.8, "Pb-207(n,g)", "capture"),
        (4438.9, "Be-9(a,n), C-12(n,n')", "scatter"),
        (477.6, "B-10(n,a), Li-7(n,n')", "scatter"),
        (1164.9, "Cl-35(n,g)", "capture"),
        (6110.8, "Cl-35(n,g)", "capture"),
        (10829.1, "N-14(n,g)", "capture"),
        (5269.2, "N-14(n,g)", "capture"),
        (3539.0, "Si-28(n,g)", "capture"),
        (4933.9, "Si-28(n,g)", "capture"),
        (7724.0, "Al-27(n,g)", "capture"),
        (1779.0, "Al-27(n,g), Si-28(n,p)", "activation"),
        (595.85, "Ge-73(n,g)", "capture"),
        (691.0, None, None),  # Ge-72 loses it to electrons: no gamma line
        (869.2, "Na-23(n,g)", "capture"),
        (133.6, "I-127(n,g)", "capture"),
        (558.3, "Cd-113(n,g)", "capture"),
        (1274.5, "F-19(a,p)", "scatter"),
        (870.7, "N-14(a,p)", "scatter"),
        (6128.6, "O-16(n,n')", "scatter"),
        (442.9, "I-127(n,g)", "activation"),
    ],
)
def test_customary_lines(energy_keV: float, reaction: str | None, kind: str | None) -> None:
    near = neutron_lines(low_keV=energy_keV - 0.5, high_keV=energy_keV + 0.5)
    found = {(line.reaction, line.kind) for line in near}
    if reaction is None:
        assert not found
    else:
        assert (reaction, kind) in found


def test_hydrogen_has_the_whole_cross_section() -> None:
    """All capture in hydrogen goes by the one gamma: 332.6(7) mb (Mughabghab)."""
    (line,) = neutron_lines(element="h")
    assert line.strength == pytest.approx(0.3326, rel=0.005)
    assert line.strength_unit == "barn per atom of the natural element"
    assert line.verification == "read"


def test_scattered_lines_are_those_of_decays_to_the_same_level() -> None:
    """The nuclide library, built from other data sets too, has them at the same energy."""
    library = load_library()
    for energy_keV, decay in ((846.76, "Co-56"), (2614.51, "Tl-208"), (569.7, "Bi-207")):
        near = neutron_lines(low_keV=energy_keV - 0.3, high_keV=energy_keV + 0.3)
        (line,) = (x for x in near if x.kind == "scatter")
        twin = min(library.lines(decay), key=lambda x: abs(x.energy_keV - line.energy_keV))
        assert twin.energy_keV == pytest.approx(line.energy_keV, abs=0.02)


def test_activation_lines_are_those_of_the_library() -> None:
    library = load_library()
    made = [line for line in neutron_lines() if line.kind == "activation"]
    assert len(made) >= 20
    for line in made:
        assert any(
            x.energy_keV == line.energy_keV and x.intensity == line.strength
            for x in library.lines(line.nuclide, progeny=False)
        ), line


def test_every_row_names_source_and_verification() -> None:
    lines = neutron_lines()
    sources = set(companions_manifest()["sources"]) | set(load_library().sources)
    assert [x.energy_keV for x in lines] == sorted(x.energy_keV for x in lines)
    for line in lines:
        assert line.source in sources
        assert line.origin
        assert line.place
        assert line.reaction
        assert (line.verification == "read") == (line.kind == "capture")
        assert 0.0 < line.energy_keV < 12_000.0
        assert (line.strength is None) == (line.kind == "scatter")


def test_choice_by_element_and_energy() -> None:
    iron = neutron_lines(element="fe", low_keV=7000.0)
    assert [round(line.energy_keV) for line in iron] == [7631, 7646]
    assert {line.nuclide.split("-")[0] for line in iron} == {"Fe"}
    with pytest.raises(InvalidInput, match="no element"):
        neutron_lines(element="He")
    with pytest.raises(InvalidInput, match="rise"):
        neutron_lines(low_keV=2.0, high_keV=1.0)


def test_tables_belong_to_the_library_they_were_computed_with() -> None:
    """Who rebuilds the library rebuilds the tables beside it."""
    folder = resources.files("tocsin.nuclear") / "data"
    of_library = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert companions_manifest()["computed_with"] == of_library
    for source in companions_manifest()["sources"].values():
        assert source["edition"]
        assert source["licence"]
        assert source["verification"]


def test_a_changed_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = companions_manifest() | {"files": {"betas.csv": "0" * 64}}
    monkeypatch.setattr(companions, "companions_manifest", lambda: manifest)
    with pytest.raises(ParseError, match="manifest"):
        companion_rows("betas.csv")


@pytest.mark.parametrize(
    ("reaction", "energy_keV", "decay"),
    [
        ("Te-123(n,g)", 602.7, "Sb-124"),
        ("Te-123(n,g)", 722.8, "Sb-124"),
        ("Cr-53(n,g)", 834.85, "Mn-54"),
        ("Ge-73(n,g)", 595.85, "As-74"),
        ("Mg-25(n,g)", 1808.66, "Al-26"),
        ("Zn-67(n,g)", 1077.3, "Ga-68"),
        ("Fe-56(n,g)", 14.41, "Co-57"),
    ],
)
def test_capture_lines_agree_with_decays_to_the_same_nuclide(
    reaction: str, energy_keV: float, decay: str
) -> None:
    """Two evaluations of one transition: within three of their joint standard uncertainties."""
    near = neutron_lines(low_keV=energy_keV - 0.3, high_keV=energy_keV + 0.3)
    (captured,) = (line for line in near if line.reaction == reaction)
    gammas = [x for x in load_library().lines(decay) if x.kind == "gamma"]
    decayed = min(gammas, key=lambda x: abs(x.energy_keV - captured.energy_keV))
    assert captured.energy_uncertainty_keV is not None
    assert decayed.energy_uncertainty_keV is not None
    joint_keV = math.hypot(captured.energy_uncertainty_keV, decayed.energy_uncertainty_keV)
    assert abs(captured.energy_keV - decayed.energy_keV) < 3.0 * joint_keV
