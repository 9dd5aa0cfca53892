"""Examples in documents run: every ``$ tocsin`` line and every ``python`` block.

The commands of a page run in order in one empty folder that holds ``walk.n42``, a short synthetic
walk. A line ``# exit 3`` after a command states another exit status than 0. What a page shows as
output is for the reader's eye and is not compared; lines that name a ``FILE`` or ``FOLDER`` are
forms, not examples, and are left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FORM = re.compile(r"\b(FILE|FOLDER|IN|OUT)\b|\.\.\.")


def examples(page: Path) -> list[tuple[str, str, int]]:
    """``(kind, text, expected exit status)`` of each example of a page, in order."""
    found = []
    for kind, text in BLOCK.findall(page.read_text()):
        if kind == "python":
            found.append(("python", text, 0))
            continue
        for line in text.splitlines():
            if line.startswith("$ tocsin") and not FORM.search(line):
                command, _, status = line[2:].partition("  # exit ")
                found.append(("console", command, int(status or 0)))
    return found


PAGES_WITH_EXAMPLES = [page for page in PAGES if examples(page)]


@pytest.mark.parametrize(
    "page", PAGES_WITH_EXAMPLES, ids=lambda p: str(p.relative_to(ROOT)).replace("/", "-")
)
def test_examples_of_a_page_run(page: Path, tmp_path: Path, short_walk: Path) -> None:
    (tmp_path / "walk.n42").write_bytes(short_walk.read_bytes())
    for kind, text, expected in examples(page):
        done = run_example(kind, text, tmp_path)
        assert done.returncode == expected, f"{text}\n{done.stdout}\n{done.stderr}"


def run_example(kind: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one example in the folder, warnings of Python code as errors."""
    if kind == "python":
        command = [sys.executable, "-W", "error", "-c", text]
    else:
        command = [sys.executable, "-m", "tocsin", *shlex.split(text)[1:]]
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_wrong_example_would_be_seen(tmp_path: Path) -> None:
    """Control: a page with two right examples and three wrong ones."""
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ tocsin nuclide Cs-137\n$ tocsin nuclide Xx-1  # exit 2\n"
        "$ tocsin nuclide --bogus\n$ tocsin analyze nowhere.n42\n```\n"
        "```python\nfrom tocsin.formats import read\nread('nowhere.n42')\n```\n"
    )
    found = examples(page)
    assert [kind for kind, _, _ in found] == ["console"] * 4 + ["python"]
    right = [run_example(k, t, tmp_path).returncode == expected for k, t, expected in found]
    assert right == [True, True, False, False, False]


def test_warnings_that_the_guide_explains_exist() -> None:
    guide = (ROOT / "docs" / "guide" / "analyze.md").read_text()
    table = guide[guide.index("## Warnings that change") :]
    codes = {c for row in re.findall(r"^\| (`.*?`) \|", table, re.M) for c in row.split("`")[1::2]}
    sources = "\n".join(p.read_text() for p in (ROOT / "src" / "tocsin").rglob("*.py"))
    assert len(codes) >= 6
    assert {c for c in codes if f'"{c}"' not in sources} == set()


def test_there_are_examples() -> None:
    assert len(PAGES_WITH_EXAMPLES) >= 2


def test_every_command_is_in_the_guide() -> None:
    from tocsin.cli.main import app

    guide = "\n".join(page.read_text() for page in sorted((ROOT / "docs" / "guide").glob("*.md")))
    for command in app.registered_commands:
        assert f"tocsin {command.name}" in guide, f"`tocsin {command.name}` is in no guide page"
