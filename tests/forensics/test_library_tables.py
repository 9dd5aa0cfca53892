"""Libraries from files: units, coverage factors, limits, several results, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tocsin.errors import InvalidInput, ParseError
from tocsin.forensics.library_entries import MeasuredValue, combine_results
from tocsin.forensics.library_synthetic import OreWorld, synthetic_ores, write_library
from tocsin.forensics.library_tables import read_library
from tocsin.forensics.library_units import conversion_factor, parse_unit, standard_uncertainty

HEAD = {
    "schema": "tocsin.library/1",
    "name": "hand-made",
    "stage": "concentrate",
    "realm": "SYNTHETIC",
    "provenance": "this test",
}
TABLE = """sample,source,lot,characteristic,value,unit,uncertainty,uncertainty_unit,k,less_than
a1,mine A,1,La,12,ug/gU,10,%,2,false
a1,mine A,1,Ce,0.024,mg/gU,0.002,mg/gU,,false
a2,mine A,2,La,0.5,ug/gU,,,,true
b1,mine B,1,La,7000,ng/gU,1400,ng/gU,2,false
"""


def folder_of(path: Path, table: str = TABLE, **head: object) -> Path:
    (path / "library.json").write_text(json.dumps(HEAD | head))
    (path / "entries.csv").write_text(table)
    return path


def test_everything_comes_to_one_unit_and_to_one_standard_uncertainty(tmp_path: Path) -> None:
    library = read_library(folder_of(tmp_path, units={"Ce": "ug/gU"}))
    first, second, third = library.entries
    assert first.values["La"] == MeasuredValue(12.0, 0.6)
    assert first.values["Ce"].value == pytest.approx(24.0)
    # No k stated: the uncertainty is taken as k = 1, the wider reading.
    assert first.values["Ce"].standard_uncertainty == pytest.approx(2.0)
    assert second.values["La"] == MeasuredValue(0.5, less_than=True)
    assert "Ce" not in second.values
    assert third.values["La"].value == pytest.approx(7.0)
    assert third.values["La"].standard_uncertainty == pytest.approx(0.7)
    assert library.units == {"Ce": "ug/gU", "La": "ug/gU"}
    assert library.sources == ("mine A", "mine B")


def test_a_written_library_reads_back_the_same(tmp_path: Path) -> None:
    world = OreWorld(mines=3, lots=2)
    library, _ = synthetic_ores(np.random.default_rng(1), world, unknown_mines=1)
    write_library(library, tmp_path / "ores")
    again = read_library(tmp_path / "ores")
    assert again.sha256 == library.sha256
    assert again.entries == library.entries
    assert again.realm == "SYNTHETIC"


def test_json_and_table_say_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    from_table = read_library(folder_of(folder, units={"Ce": "ug/gU"}))
    entries = [
        {
            "sample": e.sample,
            "source": e.source,
            "lot": e.lot,
            "values": [
                {"characteristic": n, "value": v.value, "unit": "ug/gU", "less_than": v.less_than}
                | ({"uncertainty": v.standard_uncertainty} if v.standard_uncertainty else {})
                for n, v in e.values.items()
            ],
        }
        for e in from_table.entries
    ]
    (tmp_path / "one.json").write_text(json.dumps(HEAD | {"entries": entries}))
    assert read_library(tmp_path / "one.json").sha256 == from_table.sha256


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("value,unit", "amount,unit", "lacks column 'value'"),
        ("less_than", "below", "unknown column 'below'"),
        ("12,ug/gU", "twelve,ug/gU", "no number"),
        ("12,ug/gU", "nan,ug/gU", "no number"),
        ("12,ug/gU", "0,ug/gU", "must be positive"),
        ("12,ug/gU", "-3,ug/gU", "must be positive"),
        ("12,ug/gU", "12,ppm", "unit 'ppm' is not known"),
        ("0.5,ug/gU", "0.5,ug/gsample", "cannot become"),
        ("ng/gU,1400,ng/gU", "ng/gU,1400,ug/gU", "uncertainty_unit"),
        ("10,%,2", "10,%,0", "must be positive"),
        ("10,%,2", "-10,%,2", "must not be negative"),
        ("false\na1", "perhaps\na1", "less_than"),
        ("b1,mine B", "a1,mine B", "another source"),
        ("b1,mine B", "b1,", "source is missing"),
        (",true\n", ",true,more\n", "cells"),
        ("a1,mine A,1,La", '"a1,mine A,1,La', "end of data|cells"),
    ],
)
def test_what_is_wrong_is_refused_and_named(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in TABLE
    with pytest.raises(ParseError, match=word):
        read_library(folder_of(tmp_path, TABLE.replace(old, new, 1)))


def test_head_and_json_are_strict(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="stage"):
        read_library(folder_of(tmp_path, stage="kitchen"))
    with pytest.raises(ParseError, match="realm"):
        read_library(folder_of(tmp_path, realm="REAL"))
    with pytest.raises(ParseError, match="not known here"):
        read_library(folder_of(tmp_path, colour="yellow"))
    (tmp_path / "library.json").write_text('{"schema": "a", "schema": "b"}')
    with pytest.raises(ParseError, match="twice"):
        read_library(tmp_path)
    (tmp_path / "x.json").write_text('{"schema": NaN}')
    with pytest.raises(ParseError, match="NaN"):
        read_library(tmp_path / "x.json")
    with pytest.raises(ParseError, match="alone"):
        read_library(tmp_path / "entries.csv")
    with pytest.raises(ParseError, match="neither"):
        read_library(tmp_path / "absent")


def test_units_convert_only_within_their_basis() -> None:
    assert conversion_factor("kg/tUi", "mg/gUi") == pytest.approx(1.0)
    assert conversion_factor("ng/gU", "ug/gU") == pytest.approx(1e-3)
    assert conversion_factor("Bq/kg", "Bq/g") == pytest.approx(1e-3)
    assert parse_unit("g/tHMi")[0] == "mass per mass of HMi"
    for unit, wanted in (("ug/gU", "ug/gUi"), ("atom/atom", "Bq/Bq"), ("at%", "wt%")):
        with pytest.raises(InvalidInput, match="cannot become"):
            conversion_factor(unit, wanted)


def test_coverage_factors() -> None:
    assert standard_uncertainty(4.0, relative_percent=True, k=2.0, value=50.0) == 1.0
    assert standard_uncertainty(3.0, relative_percent=False, k=3.0, value=50.0) == 1.0
    assert standard_uncertainty(0.0, relative_percent=True, k=2.0, value=50.0) is None
    assert standard_uncertainty(None, relative_percent=True, k=None, value=50.0) is None


def test_several_results_become_one_and_disagreement_widens_it() -> None:
    alike = combine_results([MeasuredValue(100.0, 2.0), MeasuredValue(100.0, 2.0)])
    assert alike.value == pytest.approx(100.0)
    assert alike.standard_uncertainty == pytest.approx(2.0 / math.sqrt(2.0), rel=1e-3)
    apart = combine_results([MeasuredValue(90.0, 1.0), MeasuredValue(110.0, 1.0)])
    assert apart.value == pytest.approx(math.sqrt(9900.0))
    # Half the difference of two logarithms is the standard deviation of their mean.
    half = 0.5 * math.log(110.0 / 90.0)
    assert apart.log_uncertainty == pytest.approx(half, rel=1e-9)
    assert apart.results == 2
    mixed = combine_results([MeasuredValue(5.0, less_than=True), MeasuredValue(7.0, 0.1)])
    assert mixed == MeasuredValue(7.0, 0.1)
    limits = combine_results(
        [MeasuredValue(5.0, less_than=True), MeasuredValue(3.0, less_than=True)]
    )
    assert (limits.value, limits.less_than) == (3.0, True)


def test_values_without_sense_cannot_be_made() -> None:
    for value, u in ((0.0, None), (-1.0, None), (math.inf, None), (1.0, 0.0), (1.0, math.nan)):
        with pytest.raises(InvalidInput):
            MeasuredValue(value, u)
