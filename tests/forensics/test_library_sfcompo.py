"""Importer of the SFCOMPO export: its rules on a table made by hand, its counts on the real one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tocsin.errors import ParseError
from tocsin.forensics.library_tables import read_library

HEADER = (
    "ReactorName,ReactorType,Fuel type,Burnup,BurnupUnit,Enrichment,EnrichmentUnit,SampleRef,"
    "Measurement,Isotope,Value,Unit,Concentration,ConcentrationUnit,Sigma,Uncertainty,"
    "UncertaintyUnit"
)


def row(isotope: str, concentration: str, sigma: str = "", uncertainty: str = "") -> str:
    unit = "%" if uncertainty else ""
    return (
        f"Invented-1,PWR,UO2,30.0,GW*d/tUi,3.0,wt%,INV-1|A1|R1|S1,Isotopic Concentration,{isotope},"
        f"1,mg/gUi,{concentration},mg/gUi,{sigma},{uncertainty},{unit}"
    )


def written(path: Path, *rows: str) -> Path:
    file = path / "export.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    return file


def test_rules_of_the_importer(tmp_path: Path) -> None:
    library = read_library(
        written(
            tmp_path,
            row("U235", "8.0", "2.0", "4.0"),
            row("U236", "4.0", "", "3.0"),
            row("Pu239", "5.0", "1.0", "0.0"),
            row("Pu236", "0.0"),
            row("U232", "2e-07"),
            row("Pu", "9.0"),
            row("Pu240", "2.0", "1.0", "1.0"),
            row("Pu240", "2.2", "1.0", "1.0"),
        )
    )
    (entry,) = library.entries
    assert (library.realm, library.stage) == ("PUBLIC", "spent_fuel")
    assert entry.lot == "INV-1|A1|R1"
    assert entry.facts == {"burnup_GWd_t": 30.0, "enrichment_percent": 3.0}
    assert entry.values["U235"].standard_uncertainty == pytest.approx(0.16)
    assert entry.values["U236"].standard_uncertainty == pytest.approx(0.12)
    assert entry.values["Pu239"].standard_uncertainty is None
    assert "Pu236" not in entry.values
    assert entry.values["U232"].less_than
    assert entry.values["U232"].value == pytest.approx(3e-7)
    assert "Pu" not in entry.values
    assert entry.values["Pu240"].results == 2


def test_a_folder_with_the_export_alone_is_a_library(tmp_path: Path) -> None:
    written(tmp_path, row("U235", "8.0"))
    assert read_library(tmp_path).name == "SFCOMPO-2.0"


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("GW*d/tUi", "MW*d/kgUi", "BurnupUnit"),
        ("8.0,mg/gUi", "-8.0,mg/gUi", "no number"),
        ("8.0,mg/gUi", "8.0,g/gUi", "ConcentrationUnit"),
        ("PWR,UO2,30.0", "PWR,UO2,nan", "no number"),
    ],
)
def test_an_export_of_another_kind_is_refused(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    text = row("U235", "8.0").replace(old, new, 1)
    with pytest.raises(ParseError, match=word):
        read_library(written(tmp_path, text))


def test_the_real_export_is_read_whole(shared_data: Path) -> None:
    file = shared_data / "forensics" / "sfcompo_dev.csv"
    library = read_library(file)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    samples = {(r["ReactorName"], r["SampleRef"]) for r in rows}
    assert (len(rows), len(samples)) == (8704, 482)
    assert len(library.entries) == 482
    assert len(library.sources) == 32
    results = sum(v.results for e in library.entries for v in e.values.values())
    # All rows but zeros and element totals stand behind some value; non-detects beside a
    # detected result of the same nuclide do not.
    assert 8704 - 17 - 47 - 23 <= results <= 8704 - 17 - 47
    assert any(e.source == "Gösgen-1" for e in library.entries)
    limits = [v for e in library.entries for v in e.values.values() if v.less_than]
    assert 0 < len(limits) <= 23
