"""``tocsin age``: answers, reports, errors and exit statuses as a user meets them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app

CASE: dict[str, Any] = {
    "parent": "U-234",
    "daughter": "Th-230",
    "ratio": {"value": 4.288e-6, "standard_uncertainty": 8e-9, "kind": "atom"},
    "measured_on": "2014-01-15",
    "initial_daughter": 0,
}
SEVERAL: dict[str, Any] = {
    "title": "\x1b[31mred\u202e <b>case</b>",
    "realm": "EXERCISE",
    "measured_on": "2013-07-14",
    "chronometers": [
        {
            "parent": "Pu-241",
            "daughter": "Am-241",
            "ratio": {"value": 0.272575, "standard_uncertainty": 0.0008, "kind": "atom"},
        },
        {
            "parent": "Pu-238",
            "daughter": "U-234",
            "ratio": {"value": 0.0459, "standard_uncertainty": 0.0002, "kind": "atom"},
            "initial_daughter": 0,
        },
        {
            "parent": "Pu-239",
            "daughter": "U-235",
            "ratio": {"value": 1.6e-4, "kind": "atom", "less_than": True},
            "initial_daughter": 0,
        },
    ],
    "sealed_source": {
        "nuclide": "Cs-137",
        "activity": {"value": 3.2, "standard_uncertainty": 0.1, "unit": "TBq"},
        "candidates": [
            {
                "label": "[bold]A",
                "activity": {"value": 5, "standard_uncertainty": 0.2, "unit": "TBq"},
            }
        ],
    },
}


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, cwd: Path) -> Done:
    """In this process: starting another takes longer than most answers."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        done = CliRunner().invoke(app, ["age", *arguments])
    finally:
        os.chdir(before)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "case.json").write_text(json.dumps(CASE))
    (tmp_path / "several.json").write_text(json.dumps(SEVERAL))
    return tmp_path


def test_json_is_the_contract(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tocsin", "age", "case.json", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["schema"] == "tocsin.age/1"
    assert told["date"] == "2012-07-09"
    assert (told["k"], told["limit"], told["warnings"]) == (2, None, [])
    assert run("case.json", "--json", cwd=folder).stdout == done.stdout


def test_terminal_says_age_budget_and_half_lives(folder: Path) -> None:
    done = run("case.json", cwd=folder)
    assert done.returncode == 0
    for words in ("1.5195 ± 0.0059 y", "2012-07-09", "Budget", "92.55 %", "245620 ± 130"):
        assert words in done.stdout
    several = run("several.json", cwd=folder).stdout
    for words in (
        "EXERCISE",
        "DISCORDANT",
        "UNVERIFIED",
        "upper_bound",
        "younger than",
        "category 2",
    ):
        assert words in several
    assert "[bold]A" in several
    assert "\x1b" not in several
    assert "\u202e" not in several


def test_reports_are_whole_and_inert(folder: Path) -> None:
    done = run("several.json", "--html", "r.html", "--pdf", "r.pdf", cwd=folder)
    assert done.returncode == 0
    page = (folder / "r.html").read_text()
    assert "<script" not in page
    assert "<b>case" not in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "EXERCISE" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert (folder / "r.pdf").read_bytes().startswith(b"%PDF")
    again = run("several.json", "--html", "r.html", cwd=folder)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert run("several.json", "--html", "r.html", "--force", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("text", "status", "code", "words"),
    [
        ('{"parent": ', 3, "json", "no valid JSON at line 1"),
        ('{"parent": "U-234", "x": 1}', 2, "invalidinput", "x: unknown key"),
        (json.dumps(CASE | {"daughter": "Pa-231"}), 2, "notfound", "does not grow"),
        (
            json.dumps(CASE | {"ratio": {"value": 1.0, "kind": "atom"}}),
            2,
            "outofdomain",
            "beyond secular equilibrium",
        ),
    ],
)
def test_errors_say_where_and_stand_in_the_place_of_the_answer(
    folder: Path, text: str, status: int, code: str, words: str
) -> None:
    (folder / "bad.json").write_text(text)
    done = run("bad.json", "--json", cwd=folder)
    assert done.returncode == status
    assert done.stderr.startswith("tocsin: bad.json: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["file"]) == (code, "bad.json")
    assert words in error["message"]


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    missing = run("none.json", cwd=folder)
    assert (missing.returncode, missing.stderr) == (
        3,
        "tocsin: none.json: No such file or directory\n",
    )
    (folder / "latin.json").write_bytes(b'{"title": "\xe9"}')
    assert "not UTF-8" in run("latin.json", cwd=folder).stderr
    assert run(".", cwd=folder).returncode == 3


def test_wrong_calls_are_told(folder: Path) -> None:
    for arguments in ((), ("case.json", "--validation"), ("--chronometers", "--force")):
        assert run(*arguments, cwd=folder).returncode == 2
    assert run("case.json", "--sfcompo", "x.csv", cwd=folder).returncode == 2


def test_validation_prints_every_case(folder: Path, shared_data: Path) -> None:
    fuel = shared_data / "forensics" / "sfcompo_dev.csv"
    done = run("--validation", "--sfcompo", str(fuel), "--json", cwd=folder)
    assert done.returncode == 0, done.stdout
    checks = json.loads(done.stdout)["checks"]
    assert {c["case"].split()[0] for c in checks} == {f"G{n}" for n in range(1, 11)}
    assert all(c["passed"] for c in checks)
    assert all(c[k] != "" for c in checks for k in ("inputs", "quantity", "expected", "source"))


def test_validation_without_fuel_data_says_what_is_not_shown(folder: Path) -> None:
    done = run("--validation", cwd=folder)
    assert done.returncode == 0
    assert "1 not shown for want of data" in done.stdout
    assert "FAIL" not in done.stdout


def test_chronometers_are_listed(folder: Path) -> None:
    told = json.loads(run("--chronometers", "--json", cwd=folder).stdout)["chronometers"]
    pairs = {(c["parent"], c["daughter"]) for c in told}
    assert pairs >= {
        ("U-234", "Th-230"),
        ("Pu-241", "Am-241"),
        ("Cs-137", "Ba-137"),
        ("Ra-226", "Pb-210"),
    }
    assert "UNVERIFIED" in run("--chronometers", cwd=folder).stdout
