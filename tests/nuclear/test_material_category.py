"""Categories of nuclear material: every row of the table with its edges."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tocsin.errors import InvalidInput
from tocsin.nuclear import material_category

CASES = [
    # plutonium and U-233: I from 2 kg, II above 500 g, III above 15 g
    *(
        (material, mass, None, category)
        for material in ("Pu", "U-233")
        for mass, category in (
            (2000.0, "I"), (1999.999, "II"), (500.001, "II"), (500.0, "III"), (15.001, "III"),
            (15.0, None), (0.0, None),
        )
    ),
    *(
        ("U-235", mass, share, category)
        for share in (20.0, 93.0)
        for mass, category in (
            (5000.0, "I"), (4999.9, "II"), (1000.1, "II"), (1000.0, "III"), (15.1, "III"),
            (15.0, None),
        )
    ),
    *(
        ("U-235", mass, share, category)
        for share in (10.0, 19.99)
        for mass, category in (
            (1e6, "II"), (10000.0, "II"), (9999.9, "III"), (1000.1, "III"), (1000.0, None),
        )
    ),
    *(
        ("U-235", mass, share, category)
        for share in (0.73, 4.0, 9.99)
        for mass, category in ((1e6, "III"), (10000.0, "III"), (9999.9, None))
    ),
    ("U-235", 1e6, 0.711, None),
    ("U-235", 1e6, 0.2, None),
]  # fmt: skip


@pytest.mark.parametrize(("material", "mass_g", "share", "category"), CASES)
def test_edges(material: str, mass_g: float, share: float | None, category: str | None) -> None:
    found = material_category(material, mass_g, u235_percent=share)
    assert found.category == category
    assert found.reason


def test_plutonium_that_is_mostly_238_is_not_in_the_table() -> None:
    assert material_category("Pu", 5000.0, pu238_percent=80.0).category == "I"
    excluded = material_category("Pu", 5000.0, pu238_percent=80.1)
    assert (excluded.category, excluded.row) == (None, None)


def test_the_table_is_that_of_the_reference(shared_data: Path) -> None:
    path = shared_data / "tables" / "nuclear_material_categories_infcirc225r5.csv"
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        if row["form"] != "unirradiated":
            continue
        share = {"enriched >=20%": 20.0, "enriched >=10%": 10.0, "enriched abov": 5.0}
        grade = next((v for k, v in share.items() if row["grade"].startswith(k)), None)
        for name in ("I", "II", "III"):
            written = row[f"category_{name}_g"].split(" and ")[0]
            if not written:
                continue
            bound = float(written.lstrip(">="))
            included = written.startswith(">=")
            at = material_category(row["material"], bound, u235_percent=grade).category
            above = material_category(row["material"], bound + 0.1, u235_percent=grade).category
            below = material_category(row["material"], bound - 0.1, u235_percent=grade).category
            assert above == name
            assert below != name
            assert (at == name) == included


@pytest.mark.parametrize(
    ("material", "mass_g", "share"),
    [("Am", 1.0, None), ("U-235", 1.0, None), ("Pu", -1.0, None), ("Pu", float("nan"), None),
     ("U-235", 1.0, 101.0)],
)  # fmt: skip
def test_what_cannot_be_is_refused(material: str, mass_g: float, share: float | None) -> None:
    with pytest.raises(InvalidInput):
        material_category(material, mass_g, u235_percent=share)
