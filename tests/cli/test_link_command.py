"""``tocsin link``: pairs as JSON lines, broken lines told, exit status."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from tocsin.cli.main import app

LOST = (
    "STOLEN GAUGE\n\nA Troxler Model 3430, S/N 23008, 8 mCi Cs-137 and 40 mCi Am-241, was stolen."
)
FOUND = "GAUGE FOUND IN SCRAP YARD\n\nA Troxler 3430 gauge, serial number 2300B, 8 mCi of Cs-137."


def notices(path: Path, *texts: str, start: int = 1) -> Path:
    feed = path.with_suffix(".feed")
    feed.write_text(
        "\n".join(
            json.dumps({"event_number": n, "event_text": t, "event_date": "2009-01-19"})
            for n, t in enumerate(texts, start=start)
        )
    )
    done = CliRunner().invoke(app, ["notice", str(feed), "--json"])
    path.write_text(done.stdout)
    return path


def test_what_notice_writes_is_what_link_reads(tmp_path: Path) -> None:
    a = notices(tmp_path / "a.jsonl", LOST)
    b = notices(tmp_path / "b.jsonl", FOUND, "FIRE\n\nA fire.", start=7)
    done = CliRunner().invoke(app, ["link", str(a), str(b), "--json"])
    assert done.exit_code == 0
    (pair,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (pair["a"], pair["b"]) == ("1", "7")
    assert pair["zone"] in ("link", "review")
    assert {"field", "bits", "why"} == set(pair["weights"][0])


def test_one_file_twice_and_a_table(tmp_path: Path) -> None:
    a = notices(tmp_path / "a.jsonl", LOST, LOST.replace("STOLEN", "MISSING"))
    done = CliRunner().invoke(app, ["link", str(a), str(a), "--json"])
    assert [(p["a"], p["b"]) for p in map(json.loads, done.stdout.splitlines())] in (
        [("1", "2")],
        [("2", "1")],
    )
    table = CliRunner().invoke(app, ["link", str(a), str(a)])
    assert table.exit_code == 0
    assert "serial" in table.stdout


def test_refused_candidates_are_kept_on_request(tmp_path: Path) -> None:
    a = notices(tmp_path / "a.jsonl", LOST)
    b = notices(tmp_path / "b.jsonl", "LOST SOURCE\n\nA 15 mCi Ni-63 source, S/N 23008, is lost.")
    assert CliRunner().invoke(app, ["link", str(a), str(b), "--json"]).stdout == ""
    done = CliRunner().invoke(app, ["link", str(a), str(b), "--json", "--refused"])
    (pair,) = map(json.loads, done.stdout.splitlines())
    assert pair["zone"] == "none"
    assert "Ni-63" in pair["refused"]


def test_broken_lines_are_told_and_a_wrong_share_is_a_wrong_call(tmp_path: Path) -> None:
    a = notices(tmp_path / "a.jsonl", LOST)
    a.write_text(a.read_text() + "{no\n" + json.dumps({"error": {"code": "x"}}) + "\n{}\n")
    done = CliRunner().invoke(app, ["link", str(a), str(a), "--json"])
    assert done.exit_code == 3
    assert len(done.stderr.splitlines()) == 4  # two lines, read twice
    wrong = CliRunner().invoke(app, ["link", str(a), str(a), "--expected-share", "1.5"])
    assert wrong.exit_code == 2
    gone = CliRunner().invoke(app, ["link", str(a), str(tmp_path / "none.jsonl")])
    assert gone.exit_code == 3
