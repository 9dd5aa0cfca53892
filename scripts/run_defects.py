"""Apply each planted defect to a copy of the project and demand that its tests turn red.

A patch in ``tests/defects`` begins with lines of text before the diff: ``tests:`` names the test
files that must catch it and ``why:`` says what went wrong in the world that this defect imitates.
Exit status 1 when a defect survives or a patch no longer applies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATCHES = ROOT / "tests" / "defects"
COPIED = ("src", "tests", "pyproject.toml", "README.md", "CHANGELOG.md", "docs", "Makefile")


def header(patch: Path) -> dict[str, str]:
    """The ``name: text`` lines before the diff."""
    fields: dict[str, str] = {}
    for line in patch.read_text().splitlines():
        if line.startswith(("diff ", "--- ")):
            break
        name, colon, text = line.partition(":")
        if colon:
            fields[name.strip()] = text.strip()
    return fields


def copy_project(target: Path) -> None:
    """A bare copy beside the same shared data, so that paths in tests still lead there."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target / name)
    shared = ROOT.parent / "shared"
    if shared.exists():
        (target.parent / "shared").symlink_to(shared)


def survives(patch: Path) -> str | None:
    """None when the defect is caught, else one line that says why it was not."""
    tests = header(patch).get("tests", "").split()
    if not tests:
        return "names no tests: a line 'tests: PATH ...' must stand before the diff"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        copy.mkdir()
        copy_project(copy)
        applied = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(patch)],
            cwd=copy,
            capture_output=True,
            text=True,
        )
        if applied.returncode:
            return f"does not apply: {applied.stderr.strip()}"
        environment = os.environ | {"PYTHONPATH": str(copy / "src")}
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not verify", *tests],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
        )
    if run.returncode == 0:
        return f"SURVIVED: {' '.join(tests)} stayed green"
    if run.returncode != 1:
        return f"pytest could not run (exit {run.returncode}): {run.stdout[-500:]}"
    return None


def main() -> int:
    """Run every planted defect, or those whose file names are given."""
    chosen = [Path(a) for a in sys.argv[1:]] or sorted(PATCHES.glob("*.patch"))
    failures = 0
    for patch in chosen:
        problem = survives(patch.resolve())
        failures += problem is not None
        print(f"{'caught ' if problem is None else 'FAILED '} {patch.name}: {problem or ''}")
    print(f"{len(chosen) - failures} caught, {failures} failed")
    return 1 if failures or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
