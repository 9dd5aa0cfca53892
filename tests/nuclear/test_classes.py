"""Classes of nuclides and of what was found together."""

from __future__ import annotations

import pytest

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear.classes import GRAVITY, classify, gravest, nuclide_classes, primary_class
from tocsin.nuclear.library import load_library

REFERENCE = {
    "snm": "U-233 U-235 Np-237 Pu-238 Pu-239 Pu-240 Pu-241 Pu-242",
    "industrial": "Co-57 Co-60 Ba-133 Cs-137 Ir-192 Se-75 Am-241 Eu-152 Ra-226 U-238",
    "medical": "F-18 Ga-67 Cr-51 Tc-99m I-123 I-125 I-131 In-111 Tl-201 Xe-133 Pd-103",
    "norm": "K-40 Ra-226 Th-232",
}


@pytest.mark.parametrize("kind", REFERENCE)
def test_the_reference_list_is_covered(kind: str) -> None:
    for name in REFERENCE[kind].split():
        assert kind in nuclide_classes(name), name


def test_class_list_is_marked_unverified() -> None:
    lib = load_library()
    assert lib.class_bases["n42.34"]["verification"] == "unverified"
    for name in lib:
        assert lib[name].class_basis in lib.class_bases
        assert set(lib[name].classes) <= set(GRAVITY) - {"unknown"}


def test_gravity() -> None:
    assert gravest(["norm", "medical"]) == "medical"
    assert gravest(["medical", "industrial"]) == "industrial"
    assert gravest(["industrial", "unknown"]) == "unknown"
    assert gravest(["unknown", "snm", "norm"]) == "snm"
    with pytest.raises(InvalidInput, match="no classes"):
        gravest(["secret"])
    with pytest.raises(InvalidInput, match="no classes"):
        gravest([])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ir-192", "industrial"),
        ("I-131", "medical"),
        ("Ra-226", "norm"),
        ("U-238", "industrial"),
        ("Pu-239", "snm"),
        ("K-40", "norm"),
        ("Pb-209", "medical"),
        ("Po-217", "unknown"),
    ],
)
def test_primary_class(name: str, expected: str) -> None:
    assert primary_class(name) == expected


@pytest.mark.parametrize(
    ("names", "expected", "nuclear_material"),
    [
        (["Pa-234m"], "industrial", True),
        (["U-238", "Pa-234m"], "industrial", True),
        (["Pa-234m", "Bi-214"], "norm", False),
        (["U-238", "Ra-226", "Bi-214"], "norm", False),
        (["Ra-226"], "industrial", False),
        (["Ra-226", "Pb-214"], "norm", False),
        (["Th-232", "Tl-208"], "norm", False),
        (["K-40", "Tc-99m"], "medical", False),
        (["Cs-137", "Tc-99m"], "industrial", False),
        (["U-235", "Bi-214", "K-40"], "snm", True),
        (["U-236"], "industrial", True),
    ],
)
def test_company_decides(names: list[str], expected: str, nuclear_material: bool) -> None:
    found = classify(names)
    assert found.gravest == expected
    assert found.nuclear_material is nuclear_material
    assert set(found.by_nuclide) == set(names)


def test_unexplained_radiation_is_graver_than_industrial() -> None:
    assert classify(["Cs-137"], unknown=True).gravest == "unknown"
    assert classify([], unknown=True).gravest == "unknown"
    assert classify(["Pu-239"], unknown=True).gravest == "snm"
    with pytest.raises(InvalidInput, match="nothing"):
        classify([])
    with pytest.raises(NotFound):
        classify(["Md-258"])
