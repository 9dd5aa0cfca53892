"""``tocsin uranium`` on a spectrum of known enrichment, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app


def test_the_answer_as_json_and_in_words(shared_data: Path) -> None:
    folder = shared_data / "reference_spectra" / "Detective-EX"
    source = folder / "U235_Unshielded_2000.txt"
    if not source.is_file():
        pytest.skip("no reference spectra of uranium in ../shared/data/reference_spectra")
    behind = ["--background", str(folder / "background.txt")]
    done = CliRunner().invoke(app, ["uranium", str(source), *behind, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    low, high = answer["weight_interval_95"]
    assert low <= 20.0 <= high
    assert answer["schema"] == "tocsin.uranium/1"
    assert answer["atom_percent"] > answer["weight_percent"]
    assert answer["limit"] is None
    assert [w["code"] for w in answer["warnings"]] == ["equilibrium_assumed"]
    done = CliRunner().invoke(app, ["uranium", str(source), *behind, "--crystal", "5", "3"])
    assert done.exit_code == 0, done.output
    assert "% U-235 by weight, 95 % interval" in done.output


def test_a_scintillator_is_refused(short_walk: Path) -> None:
    done = CliRunner().invoke(app, ["uranium", str(short_walk), "--json"])
    assert done.exit_code == 2
    assert "germanium" in done.output
