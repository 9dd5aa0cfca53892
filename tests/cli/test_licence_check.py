"""``tocsin licence-check``: exit status, words and JSON for genuine and for other sheets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli.main import app
from tocsin.errors import InvalidInput, ParseError
from tocsin.sealing import LicenceSheet, SigningKey, sheet_code, sign_sheet, write_key_file

KEY = SigningKey("authority.example/licences", bytes(range(32)))
CONTENT: dict[str, Any] = {
    "number": "L-2026-0001",
    "version": 1,
    "realm": "EXERCISE",
    "holder": "Harbour Works 7",
    "issuer": "Authority of the Exercise State",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
    "acts": ["hold", "use"],
    "practices": [],
    "places": ["Pier 4"],
    "limits": [
        {"nuclides": ["Ir-192"], "form": "sealed", "total_Bq": 1e13},
        {"category": 2, "form": "any"},
    ],
    "issued_at": "2026-01-01T08:00:00+00:00",
    "nonce": "ABCDEFGHIJKLMNOPQRSTUVWX",
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a sheet in several forms, an altered one, and the key."""
    sheet = sign_sheet(CONTENT, KEY)
    more = {
        **sheet.content,
        "limits": [{"nuclides": ["Ir-192"], "form": "sealed", "total_Bq": 9e13}],
    }
    (tmp_path / "sheet.json").write_bytes(sheet.document())
    (tmp_path / "altered.json").write_bytes(LicenceSheet(more, sheet.signature).document())
    (tmp_path / "code.txt").write_text(sheet.code())
    picture = io.BytesIO()
    sheet_code(sheet).save(picture, kind="png", scale=4)
    (tmp_path / "photo.png").write_bytes(picture.getvalue())
    (tmp_path / "authority.vkey").write_text(f"{KEY.verifier}\n")
    return tmp_path


def run(kept: Path, sheet: str, *more: str) -> Result:
    key = str(kept / "authority.vkey")
    given = sheet if sheet.startswith("TOCSIN") else str(kept / sheet)
    arguments = ["licence-check", given, "--key", key, "--on", "2026-06-01", *more]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("form", ["sheet.json", "code.txt", "photo.png"])
def test_a_genuine_sheet_is_shown(kept: Path, form: str) -> None:
    done = run(kept, form)
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "GENUINE on 2026-06-01" in text
    assert "EXERCISE: no licence" in text
    assert "Ir-192 sealed - 1e+13 Bq" in text
    assert "category 2 at most" in text


def test_the_text_of_the_code_itself_is_taken(kept: Path) -> None:
    assert run(kept, (kept / "code.txt").read_text()).exit_code == 0


def test_an_altered_sheet_says_nothing_of_what_stands_in_it(kept: Path) -> None:
    done = run(kept, "altered.json")
    assert done.exit_code == 1
    assert "ALTERED" in done.stdout
    assert "Ir-192" not in done.stdout


def test_another_key_is_not_trusted(kept: Path) -> None:
    other = SigningKey("authority.example/licences", bytes(32)).verifier
    (kept / "authority.vkey").write_text(f"{other}\n")
    done = run(kept, "sheet.json", "--json")
    assert (done.exit_code, json.loads(done.stdout)["code"]) == (1, "unknown_key")


def test_days_are_judged(kept: Path) -> None:
    done = run(kept, "sheet.json", "--on", "2027-01-01", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (found["code"], found["good"]) == ("expired", False)
    assert found["content"]["number"] == "L-2026-0001"
    assert run(kept, "sheet.json", "--on", "tomorrow").exit_code == 2


def test_what_is_no_sheet_and_what_is_no_public_key(kept: Path) -> None:
    (kept / "nothing.json").write_text("{}")
    assert isinstance(run(kept, "nothing.json").exception, ParseError)
    write_key_file(kept / "secret.key", KEY)
    (kept / "authority.vkey").write_text((kept / "secret.key").read_text())
    assert isinstance(run(kept, "sheet.json").exception, InvalidInput)
