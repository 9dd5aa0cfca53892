"""The science note tells the figures of the data file that ships."""

from __future__ import annotations

from pathlib import Path

from tocsin.nuclear import classify, continua, load_library, neutron_lines
from tocsin.nuclear.companions import companion_rows

NOTE = Path(__file__).resolve().parents[2] / "docs" / "science" / "nuclide-library.md"


def test_figures_of_the_note_are_those_of_the_library() -> None:
    library = load_library()
    text = NOTE.read_text(encoding="utf-8")
    lines = [line for name in library for line in library[name].lines]
    gammas = [line for line in lines if line.kind == "gamma"]
    chosen = [name for name in library if library[name].classes]
    assert f"{len(library)} nuclides with {len(lines)} photon lines" in text
    assert f"{len(chosen)} nuclides are chosen" in text
    assert f"the other {len(library) - len(chosen)} are there" in text
    of_ensdf = sum(line.source == "ensdf" for line in gammas)
    assert f"({of_ensdf} of {len(gammas)} gammas)" in text
    assert f"{sum(bool(line.evaluations) for line in lines)} lines carry both" in text


def test_nuclides_named_as_wholly_of_the_second_source_are_so() -> None:
    library = load_library()
    wholly = [
        name
        for name in library
        if {x.source for x in library[name].lines if x.kind == "gamma"} == {"ukdd-12"}
    ]
    text = " ".join(NOTE.read_text(encoding="utf-8").split())
    assert ", ".join(wholly) + "." in text


def test_the_example_of_the_note_holds() -> None:
    found = classify(["U-238", "Pa-234m"])
    assert (found.gravest, found.nuclear_material) == ("industrial", True)


def test_figures_of_the_tables_are_those_of_the_note() -> None:
    library = load_library()
    text = " ".join(NOTE.read_text(encoding="utf-8").split())
    neutron = neutron_lines()
    captures = {n.nuclide.split("-")[0] for n in neutron if n.kind == "capture"}
    scattered = [n for n in neutron if n.kind == "scatter"]
    flagged = [n for n in library if any(c.kind == "bremsstrahlung" for c in continua(n))]
    assert f"`coincidences.csv`, {len(companion_rows('coincidences.csv'))} pairs" in text
    assert f"`betas.csv`, {len(companion_rows('betas.csv'))} nuclides" in text
    assert f"`beta_branches.csv`, {len(companion_rows('beta_branches.csv'))} branches" in text
    assert f"`weak_lines.csv`, {len(companion_rows('weak_lines.csv'))} lines" in text
    assert f"`neutron_lines.csv`, {len(neutron)} lines" in text
    assert f"thermal neutrons in {len(captures)} elements" in text
    assert f"on light nuclei, {len(scattered)} lines" in text
    assert f"Tl-204, Kr-85 and {len(flagged) - 6} others" in text
    facility = [n for n in library if library[n].class_basis == "facility"]
    assert f"The {len(facility)} nuclides of class basis `facility`" in text
