"""The answer to a case: outcome, sensitivity, contrary evidence, realms, contract, command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tocsin.errors import InvalidInput, ParseError
from tocsin.forensics.compare import Comparison, compare
from tocsin.forensics.compare_case import (
    ANSWER_SCHEMA,
    Case,
    answer_case,
    as_json,
    joint_realm,
    read_case,
)
from tocsin.forensics.compare_plot import draw
from tocsin.forensics.library_entries import Entry, Library, MeasuredValue
from tocsin.forensics.library_synthetic import (
    ELEMENTS,
    OreWorld,
    synthetic_ores,
    write_case,
    write_library,
)
from tocsin.report.compare_terminal import comparison_report

NAMES = ELEMENTS[:10]
WORLD = OreWorld(mines=12, lots=6, between=1.0, within=0.25, missing=0.15)


def narrowed(entry: Entry) -> Entry:
    return replace(entry, values={n: v for n, v in entry.values.items() if n in NAMES})


@pytest.fixture(scope="module")
def ores() -> tuple[Library, list[Entry], list[Entry]]:
    """A library of ten elements, two held-out samples of mine 04, and unknown mines."""
    library, unknown = synthetic_ores(np.random.default_rng(11), WORLD, unknown_mines=3)
    entries = [narrowed(e) for e in library.entries]
    held = [e for e in entries if e.source.endswith("04") and e.lot in ("01", "02")]
    kept = tuple(e for e in entries if e not in held)
    units = {n: library.units[n] for n in NAMES}
    return replace(library, entries=kept, units=units), held, [narrowed(e) for e in unknown]


@pytest.fixture(scope="module")
def known(ores: tuple[Library, list[Entry], list[Entry]]) -> Comparison:
    return compare(ores[1], ores[0])


def test_material_of_a_known_mine_is_consistent_with_it(known: Comparison) -> None:
    assert known.outcome == "consistent"
    assert known.consistent_sources[0] == "synthetic mine 04"
    best = known.sources[0]
    assert (best.source, best.outcome) == ("synthetic mine 04", "consistent")
    assert best.log10_lr >= 1.0
    assert known.p_in_library > 0.05
    assert sum(s.outcome == "not consistent" for s in known.sources) >= 8
    assert known.self_consistency_log10_lr is not None
    assert known.self_consistency_log10_lr > 0
    assert any("outside the library passes as known" in line for line in known.contrary)


def test_material_of_a_mine_outside_is_not_in_library(
    ores: tuple[Library, list[Entry], list[Entry]],
) -> None:
    library, _, unknown = ores
    found = compare([unknown[0]], library)
    assert found.outcome == "not in library"
    assert found.consistent_sources == ()
    assert found.p_in_library <= 0.05
    assert any("looks this strange" in line for line in found.contrary)


def test_samples_of_two_mines_do_not_belong_together(
    ores: tuple[Library, list[Entry], list[Entry]],
) -> None:
    library, held, _ = ores
    other = next(e for e in library.entries if e.source.endswith("09"))
    found = compare([held[0], replace(other, sample="x")], library)
    assert found.self_consistency_log10_lr is not None
    assert found.self_consistency_log10_lr < -1
    assert any("different sources" in line for line in found.contrary)


def test_one_altered_characteristic_is_named_as_contrary(
    ores: tuple[Library, list[Entry], list[Entry]], known: Comparison
) -> None:
    library, held, _ = ores
    name = next(n for n in held[0].values if not held[0].values[n].less_than)
    value = held[0].values[name]
    # Three times too much is 4.4 standard deviations of this world within a mine.
    altered = MeasuredValue(3.0 * value.value, 3.0 * (value.standard_uncertainty or 0.0))
    found = compare([replace(held[0], values={**held[0].values, name: altered})], library)
    about_mine = [c for c in found.sensitivity if c.source == "synthetic mine 04"]
    assert about_mine, "the altered sample is no longer closest to its mine"
    worst = min(about_mine, key=lambda c: c.contribution)
    assert worst.characteristic == name
    assert worst.z is not None
    assert worst.z > 3
    if found.outcome == "consistent":
        assert any(line.startswith(f"{name} speaks against") for line in found.contrary)


def test_little_material_is_inconclusive_not_named(
    ores: tuple[Library, list[Entry], list[Entry]],
) -> None:
    """A single value near the middle of the library cannot decide."""
    library, _, _ = ores
    median = float(
        np.median(
            [
                v.value
                for e in library.entries
                if (v := e.values.get("Fe", e.values.get(NAMES[0]))) and not v.less_than
            ]
        )
    )
    name = "Fe" if "Fe" in NAMES else NAMES[0]
    sample = Entry("one value", "", "", "", {name: MeasuredValue(median, 0.05 * median)})
    found = compare([sample], library)
    assert found.outcome in ("inconclusive", "consistent")
    assert found.characteristics == (name,)
    assert abs(found.sources[0].log10_lr) < 1.5
    assert found.validation.cllr_calibrated > 0.5


def test_what_the_library_lacks_is_left_out_aloud(
    ores: tuple[Library, list[Entry], list[Entry]],
) -> None:
    library, held, _ = ores
    extra = replace(held[0], values={**held[0].values, "Xx": MeasuredValue(1.0)})
    found = compare([extra], library)
    assert "Xx" not in found.characteristics
    assert any("Xx" in w for w in found.warnings)
    with pytest.raises(InvalidInput, match="no characteristic in common"):
        compare([replace(held[0], values={"Xx": MeasuredValue(1.0)})], library)
    with pytest.raises(InvalidInput, match="no sample"):
        compare([], library)
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        compare(held, library, false_rejection=1.5)


def test_realms_do_not_mix() -> None:
    assert joint_realm("LIVE", "PUBLIC") == "LIVE"
    assert joint_realm("EXERCISE", "SYNTHETIC") == "EXERCISE"
    assert joint_realm("SYNTHETIC", "LIVE") == "SYNTHETIC"
    for library in ("SYNTHETIC", "EXERCISE"):
        with pytest.raises(InvalidInput, match="cannot be compared"):
            joint_realm("LIVE", library)


def test_contract_and_picture(ores: tuple[Library, list[Entry], list[Entry]]) -> None:
    library, held, _ = ores
    answer = answer_case(Case("case", "SYNTHETIC", tuple(held)), library)
    found = json.loads(json.dumps(as_json(answer), allow_nan=False))
    assert found["schema"] == ANSWER_SCHEMA == "tocsin.compare/1"
    assert found["realm"] == "SYNTHETIC"
    assert found["outcome"] == "consistent"
    assert len(found["sources"]) == 12
    assert {s["outcome"] for s in found["sources"]} <= {
        "consistent",
        "not consistent",
        "inconclusive",
    }
    assert found["library"]["sha256"] == library.sha256
    assert "unverified" in found["verbal_scale"]
    assert "no probability" in found["statement"]
    assert found["reactor_types"] == found["burnups"] == []
    picture = draw(answer, "svg")
    assert picture.startswith(b"<?xml")
    assert b"SYNTHETIC" not in picture or b"<script" not in picture
    assert draw(answer, "svg") == picture
    with pytest.raises(InvalidInput, match="not one of"):
        draw(answer, "exe")


def case_file(path: Path, **changes: object) -> Path:
    value = {"characteristic": "La", "value": 2.0, "unit": "mg/gU", "uncertainty": 10}
    base = {
        "schema": "tocsin.compare-case/1",
        "case": "c",
        "realm": "SYNTHETIC",
        "samples": [
            {"sample": "s", "values": [value | {"uncertainty_unit": "%", "k": 2}]},
        ],
    }
    file = path / "case.json"
    file.write_text(json.dumps(base | changes))
    return file


def test_a_case_is_read_in_the_units_of_the_library(
    tmp_path: Path, ores: tuple[Library, list[Entry], list[Entry]]
) -> None:
    library = replace(ores[0], units={"La": "ug/gU"})
    case = read_case(case_file(tmp_path), library)
    assert case.samples[0].values["La"].value == pytest.approx(2000.0)
    assert case.samples[0].values["La"].standard_uncertainty == pytest.approx(100.0)
    for changes, word in (
        ({"schema": "x"}, "schema"),
        ({"realm": "x"}, "realm"),
        ({"samples": []}, "samples"),
        ({"colour": 1}, "not known here"),
        ({"samples": [{"sample": "s", "values": [], "x": 1}]}, "not known here"),
        ({"samples": [{"sample": "s", "values": []}]}, "no list"),
        ({"samples": [{"sample": "s", "values": [{"characteristic": "La"}]}]}, "unit is missing"),
    ):
        with pytest.raises(ParseError, match=word):
            read_case(case_file(tmp_path, **changes), library)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", "compare", *arguments],
        cwd=folder,
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_report_for_a_terminal(ores: tuple[Library, list[Entry], list[Entry]]) -> None:
    library, held, _ = ores
    answer = answer_case(Case("case \x1b[2J", "SYNTHETIC", tuple(held)), library)
    screen = Console(width=80, record=True, file=io.StringIO())
    screen.print(comparison_report(answer))
    text = screen.export_text()
    for words in ("SYNTHETIC", "Consistent with synthetic mine 04", "What speaks against it"):
        assert words in text
    assert "\x1b" not in text


def test_command(tmp_path: Path, ores: tuple[Library, list[Entry], list[Entry]]) -> None:
    library, held, _ = ores
    write_library(library, tmp_path / "ores")
    write_case(tuple(held), tmp_path / "case.json", units=dict(library.units))
    done = run(tmp_path, "case.json", "--library", "ores", "--json", "--plot", "a.svg")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["consistent_sources"][0] == "synthetic mine 04"
    assert (tmp_path / "a.svg").stat().st_size > 1000
    again = run(tmp_path, "case.json", "--library", "ores", "--plot", "a.svg")
    assert again.returncode == 2
    assert "--force" in again.stderr
    absent = run(tmp_path, "case.json", "--library", "absent", "--json")
    assert absent.returncode == 3
    assert json.loads(absent.stdout)["error"]["code"] == "absent"
    assert absent.stderr.count("\n") == 1
