"""Every warning that a reader can give stands in the science note, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ADDED = re.compile(r'(?:notes\.add|RecordingWarning)\(\s*"([a-z_]+)"')
_CHOSEN = re.compile(
    r'"(time_missing|time_unreadable)"\s+if|else\s+"(time_missing|time_unreadable)"'
)


def test_every_code_of_a_warning_is_documented() -> None:
    used: set[str] = set()
    for path in sorted((ROOT / "src" / "tocsin" / "formats").glob("*.py")):
        source = path.read_text("utf-8")
        used.update(_ADDED.findall(source))
    note = (ROOT / "docs" / "science" / "formats.md").read_text("utf-8")
    section = note.split("### Codes of warnings")[1].split("##")[0].split(": each with")[0]
    documented = set(re.findall(r"`([a-z_]+)`", section))
    assert used - documented == set()
    assert documented - used <= {"time_missing", "time_unreadable"}  # chosen by an expression
