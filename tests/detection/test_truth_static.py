"""Every real static spectrum held against the truth table: one setting for all files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tocsin.detection.identification import IdentificationSettings
from tocsin.detection.measured import rewritten_by
from tocsin.detection.static import analyze_static
from tocsin.errors import ParseError
from tocsin.formats import read
from tocsin.nuclear import load_library

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "recordings"
# The same measurement in other formats, which the tests of the readers compare count by count.
TWICE = (".pcf", ".h5", ".Spe", ".spe", ".chn", ".cnf", ".Spc")


def entries() -> list[dict[str, str]]:
    """Static rows of the truth table, one for each measurement."""
    table = RECORDINGS / "truth.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8") as stream:
        rows = [r for r in csv.DictReader(stream) if r["kind"] in ("static", "not_measured")]
    files = {r["file"] for r in rows}
    return [
        r
        for r in rows
        if not (
            Path(r["file"]).suffix in TWICE and str(Path(r["file"]).with_suffix(".CHN")) in files
        )
    ]


def faults(row: dict[str, str], names: dict[str, str]) -> list[str]:
    """What is wrong with an answer, names with their classes; empty where it is right."""
    must, one_of, may = (set(filter(None, row[k].split(";"))) for k in ("must", "one_of", "may"))
    forbidden = set(filter(None, row["must_not_classes"].split(";")))
    wrong = [
        f"{n} ({c}) named"
        for n, c in names.items()
        if n not in must | one_of | may and c in forbidden
    ]
    missed = [f"{n} not named" for n in sorted(must - set(names))]
    if one_of and not one_of & set(names):
        missed.append(f"none of {sorted(one_of)} named")
    return wrong + missed


ROWS = entries()


@pytest.mark.recordings
@pytest.mark.skipif(not ROWS, reason="the folder ../shared/data is absent")
@pytest.mark.parametrize("row", ROWS, ids=[r["file"] for r in ROWS])
def test_the_answer_goes_with_the_truth(row: dict[str, str]) -> None:
    try:
        recording = read(RECORDINGS / row["file"])
    except ParseError:
        assert row["kind"] == "not_measured" or not (row["must"] or row["one_of"])
        return
    behind = read(RECORDINGS / row["background"]) if row["background"] else None
    encounters, _, _, _ = analyze_static(
        recording, background=behind, settings=IdentificationSettings(), library=load_library()
    )
    names = {n.name: n.nuclide_class for e in encounters for n in e.nuclides}
    assert faults(row, names) == []


def test_the_judge_sees_what_is_missed_and_what_must_not_be() -> None:
    row = {"must": "Co-60", "one_of": "", "may": "K-40", "must_not_classes": "snm;industrial"}
    assert faults(row, {"Co-60": "industrial", "K-40": "norm"}) == []
    assert faults(row, {"K-40": "norm"}) == ["Co-60 not named"]
    assert faults(row, {"Co-60": "industrial", "U-235": "snm"}) == ["U-235 (snm) named"]
    either = {**row, "must": "", "one_of": "Ra-224;Th-228"}
    assert faults(either, {}) == ["none of ['Ra-224', 'Th-228'] named"]


def test_counts_that_a_program_put_together_are_known_from_counted_ones() -> None:
    """Ten times the counts in one stretch is no spectrum; in all channels it is an instrument."""
    rng = np.random.default_rng(11)
    counts = rng.poisson(5000.0, size=1024).astype(float)
    assert rewritten_by(counts) == 1
    assert rewritten_by(10.0 * counts) == 1
    part = counts.copy()
    part[:300] = 10.0 * rng.poisson(500.0, size=300)
    assert rewritten_by(part) == 10


def test_a_format_that_keeps_four_digits_is_no_forgery() -> None:
    rng = np.random.default_rng(12)
    counts = rng.poisson(np.geomspace(200_000.0, 500.0, 2048)).astype(float)
    digits = np.floor(np.log10(counts)) - 3.0
    step = 10.0 ** np.maximum(digits, 0.0)
    assert rewritten_by(np.rint(counts / step) * step) == 1
