"""``tocsin notice``: JSON lines in and out, broken lines told, exit status."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from typer.testing import CliRunner

from tocsin.cli.main import app

GOOD = {
    "event_number": 90001,
    "event_text": "LOST GAUGE\n\nA gauge, S/N 1234, 8 mCi Cs-137, is lost.",
}


def run(*arguments: str) -> tuple[int, list[dict[str, object]], str]:
    done = CliRunner().invoke(app, ["notice", *arguments])
    return done.exit_code, [json.loads(x) for x in done.stdout.splitlines()], done.stderr


def test_lines_come_out_in_order_and_gzip_is_read(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({**GOOD, "event_number": n}) for n in (3, "b", 1))
    plain, zipped = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_text(lines + "\n\n")
    zipped.write_bytes(gzip.compress(lines.encode()))
    code, answers, _ = run(str(plain), str(zipped), "--json")
    assert code == 0
    assert [a["event_number"] for a in answers] == ["3", "b", "1"] * 2
    assert answers[0]["kind"] == "lost"
    assert answers[0]["serials"] == [{"value": "1234", "of": "device"}]


def test_a_broken_line_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    deep = "[" * 100_000
    path.write_text(
        "\n".join((json.dumps(GOOD), "{no", "[1]", '{"event_number": 1}', deep, json.dumps(GOOD)))
    )
    code, answers, errors = run(str(path), "--json")
    assert code == 3
    assert [a.get("event_number", "-") for a in answers] == ["90001", "-", "-", "-", "-", "90001"]
    assert [a["error"]["line"] for a in answers if "error" in a] == [2, 3, 4, 5]  # type: ignore[index]
    assert len(errors.splitlines()) == 4
    assert "line 4" in errors
    assert "event_text" in errors


def test_a_gzip_cut_short_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(
        ("\n".join(json.dumps({**GOOD, "event_number": n}) for n in range(4000))).encode()
    )
    path.write_bytes(whole[: len(whole) * 3 // 4])
    code, answers, errors = run(str(path), "--json")
    assert code == 3
    assert len(answers) > 100
    assert answers[-1]["error"]["code"] == "truncated"  # type: ignore[index]
    assert "damaged" in errors


def test_a_file_that_is_not_there_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(GOOD))
    code, answers, _ = run(str(tmp_path / "none.jsonl"), str(path), "--json")
    assert code == 3
    assert [("error" in a) for a in answers] == [True, False]


def test_a_table_for_a_person(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        json.dumps(GOOD) + "\n" + json.dumps({"event_number": 2, "event_text": "Fire."})
    )
    done = CliRunner().invoke(app, ["notice", str(path)])
    assert done.exit_code == 0
    assert "1234" in done.stdout
    assert "1 lost, 1 other" in done.stderr
