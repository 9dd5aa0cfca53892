"""Escape peaks of annihilation photons and of the crystal's own K X-rays."""

from __future__ import annotations

import pytest

from tocsin.detectors import escape_positions
from tocsin.errors import InvalidInput, NotFound


def test_annihilation_photons_of_the_thallium_line() -> None:
    """2614.5 keV: escape peaks at 2103.5 and 1592.5 keV, as every germanium spectrum shows."""
    found = {p.kind: p.energy_keV for p in escape_positions(2614.511, "Ge")}
    assert found["single escape"] == pytest.approx(2103.51, abs=0.01)
    assert found["double escape"] == pytest.approx(1592.51, abs=0.01)


def test_pairs_need_twice_the_mass_of_the_electron() -> None:
    assert not [p for p in escape_positions(1021.9, "Ge") if p.kind != "x-ray escape"]
    assert len([p for p in escape_positions(1022.1, "Ge") if p.kind != "x-ray escape"]) == 2


@pytest.mark.parametrize(
    ("crystal", "lost", "lost_keV"),
    [
        # K-alpha energies, mean of both lines by intensity (X-Ray Data Booklet), 0.1 keV
        ("Ge", "Ge K-alpha", 9.88),
        ("NaI", "I K-alpha", 28.5),
        ("CsI", "I K-alpha", 28.5),
        ("CsI", "Cs K-alpha", 30.9),
        ("CZT", "Cd K-alpha", 23.1),
        ("CZT", "Te K-alpha", 27.4),
        ("LaBr3", "La K-alpha", 33.3),
        ("LaBr3", "Br K-alpha", 11.9),
        ("NaI", "I K-beta", 32.4),
    ],
)
def test_x_rays_that_leave_a_crystal(crystal: str, lost: str, lost_keV: float) -> None:
    (found,) = (p for p in escape_positions(59.541, crystal) if p.lost == lost)
    assert found.lost_keV == pytest.approx(lost_keV, abs=0.1)
    assert found.energy_keV == pytest.approx(59.541 - found.lost_keV)


def test_below_the_edge_nothing_escapes() -> None:
    assert escape_positions(33.0, "NaI") == ()
    assert [p.lost for p in escape_positions(33.3, "NaI")] == ["I K-alpha", "I K-beta"]


def test_they_come_from_the_highest_down() -> None:
    energies = [p.energy_keV for p in escape_positions(1500.0, "CZT")]
    assert energies == sorted(energies, reverse=True)
    assert len(energies) == 6


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="above zero"):
        escape_positions(0.0, "Ge")
    with pytest.raises(NotFound, match="NaI"):
        escape_positions(100.0, "cheese")
