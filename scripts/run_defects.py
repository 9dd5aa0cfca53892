"""Apply each planted defect to a copy of the project and demand that its tests turn red.

A patch in ``tests/defects`` begins with lines of text before the diff: ``why:`` says what went
wrong in the world that this defect imitates, ``tests:`` names the tests that must catch it. All
named tests first run on an untouched copy: a test that is red anyway catches nothing.
Exit status 1 when a defect survives, a patch no longer applies or a named test is not green.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATCHES = ROOT / "tests" / "defects"
BUNDLE = Path("src/tocsin/server/static/tocsin")
BUILT = (BUNDLE, Path("src/tocsin/field/screen/static"))


def header(patch: Path) -> dict[str, str]:
    """The ``name: text`` lines before the diff."""
    fields: dict[str, str] = {}
    for line in patch.read_text(encoding="utf-8").splitlines():
        if line.startswith(("diff ", "--- ")):
            break
        name, colon, text = line.partition(":")
        if colon:
            fields[name.strip()] = text.strip()
    return fields


def copy_project(target: Path) -> None:
    """What git holds or would add, beside the same shared data, so that paths still lead there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        sys.exit("make defects needs a git checkout: it copies the files that git knows")
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    for built in BUILT:
        # a checkout built before the second bundle was there has only the first
        if (ROOT / built).is_dir():
            shutil.copytree(ROOT / built, target / built, dirs_exist_ok=True)
    if (ROOT / BUNDLE).is_dir():
        (target / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    shared = ROOT.parent / "shared"
    if shared.exists():
        (target.parent / "shared").symlink_to(shared)


def run_tests(copy: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """Run tests on the sources of a copy, not the installed ones; web/ is built if it differs."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
    if (copy / BUNDLE).is_dir():
        subprocess.run([sys.executable, "hatch_build.py"], cwd=copy, check=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def survives(patch: Path, tests: list[str]) -> str | None:
    """None when the defect is caught, else one line that says why it was not."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        copy.mkdir()
        copy_project(copy)
        applied = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(patch)],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        if applied.returncode:
            return f"does not apply: {applied.stderr.strip()}"
        run = run_tests(copy, tests)
    if run.returncode == 0:
        return f"SURVIVED: {' '.join(tests)} stayed green"
    if run.returncode != 1:
        return f"pytest could not run (exit {run.returncode}): {run.stdout[-500:]}"
    return None


def named_tests(chosen: list[Path]) -> dict[Path, list[str]]:
    """Tests of each patch; stops where a patch names none or does not say why."""
    tests = {}
    for patch in chosen:
        fields = header(patch)
        tests[patch] = fields.get("tests", "").split()
        if not tests[patch] or not fields.get("why"):
            sys.exit(f"{patch.name}: lines 'why: ...' and 'tests: PATH ...' must precede the diff")
    return tests


def check_untouched(tests: list[str], jobs: int) -> None:
    """Stop unless all named tests are green without any defect."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        copy.mkdir()
        copy_project(copy)
        run = run_tests(copy, ["-n", str(jobs), *tests])
    if run.returncode:
        print(run.stdout[-3000:])
        sys.exit("the named tests are not green without a defect: nothing can be shown")
    print(f"untouched: {run.stdout.strip().splitlines()[-1]}", flush=True)


def main() -> int:
    """Run every planted defect, or those whose file names are given."""
    parser = argparse.ArgumentParser(description="Planted defects must turn the suite red.")
    parser.add_argument("patches", nargs="*", type=Path, help="all of tests/defects by default")
    parser.add_argument("--jobs", type=int, default=2, help="defects at the same time")
    given = parser.parse_args()
    chosen = [p.resolve() for p in given.patches] or sorted(PATCHES.glob("*.patch"))
    tests = named_tests(chosen)
    check_untouched(sorted({t for names in tests.values() for t in names}), given.jobs)
    failures = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        for patch, problem in zip(chosen, pool.map(survives, chosen, tests.values()), strict=True):
            failures += problem is not None
            print(f"{'FAILED' if problem else 'caught'} {patch.stem} {problem or ''}".rstrip())
            sys.stdout.flush()
    print(f"{len(chosen) - failures} caught, {failures} failed")
    return 1 if failures or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
