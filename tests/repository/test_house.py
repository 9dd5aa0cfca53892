"""Rules of the house that no linter checks: sizes, names, paths, lock files, documents."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import tocsin

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PYTHON = sorted(
    p for d in ("src", "tests", "scripts", "benchmarks") for p in (ROOT / d).rglob("*.py")
)


def test_there_are_sources_to_check() -> None:
    assert len(SOURCES) > 20


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_eight_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 800


def test_no_room_is_called_by_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "misc"}
    assert [p for p in PYTHON if p.stem in empty or p.parent.name in empty] == []


def test_nothing_is_left_behind() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [p for p in SOURCES if words.search(p.read_text())] == []


def test_no_path_of_one_machine() -> None:
    """Absolute homes and work folders have no place in a project that others clone."""
    pattern = re.compile(r"(?<![\w.])/(work|root|farm)/")
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("not a git checkout: the list of tracked files is not available")
    names = [n for n in tracked.stdout.split("\0") if n]
    found = []
    for name in names:
        path = ROOT / name
        if path == Path(__file__) or not path.is_file() or name.startswith(".ci/"):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if pattern.search(text):
            found.append(name)
    assert found == []


def test_every_dependency_is_locked_with_hashes() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for lock, wanted in {
        "run": project["dependencies"],
        "dev": project["dependencies"] + project["optional-dependencies"]["dev"],
    }.items():
        text = (ROOT / "requirements" / f"{lock}.lock").read_text()
        for requirement in wanted:
            name = re.split(r"[<>=\[; ]", requirement)[0].lower()
            pinned = re.search(rf"^{re.escape(name)}==\S+.*\\\n\s+--hash=sha256:", text, re.M)
            assert pinned, f"{name} is not pinned with a hash in {lock}.lock"
        assert "http" not in text


def test_the_changelog_tells_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(tocsin.__version__)}\b", text, re.M)


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_relative_links_in_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert broken == []


def test_science_rooms_import_without_network_code_or_django() -> None:
    """A fresh interpreter without Django and HTTP clients still loads the science."""
    code = (
        "import sys\n"
        "for name in ('django', 'requests', 'urllib3', 'httpx', 'http.client'):\n"
        "    sys.modules[name] = None\n"
        "import tocsin.nuclear, tocsin.spectra, tocsin.detectors, tocsin.detection\n"
    )
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_imported_package_is_a_declared_dependency() -> None:
    """What the product imports is installed with it, not only present where it was written."""
    import ast
    import importlib.metadata
    import sys
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    declared = {
        re.split(r"[<>=\[; ]", requirement)[0].lower().replace("_", "-")
        for name, group in zip(("run", *project["optional-dependencies"]), groups, strict=True)
        if name not in ("build", "dev")
        for requirement in group
    }
    distributions = importlib.metadata.packages_distributions()
    missing = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            for top in {name.partition(".")[0] for name in names}:
                if top in sys.stdlib_module_names or top == "tocsin":
                    continue
                owners = {d.lower().replace("_", "-") for d in distributions.get(top, [top])}
                if not owners & declared:
                    missing.add(f"{path.relative_to(ROOT)}: {top}")
    assert missing == set()


def test_every_room_is_a_package() -> None:
    """Without ``__init__.py`` a folder escapes the import contract and the type check of tests."""
    rooms = {path.parent for path in SOURCES}
    assert [r for r in sorted(rooms) if not (r / "__init__.py").is_file()] == []


def test_the_notice_names_every_folder_of_third_party_data() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for manifest in sorted((ROOT / "src").rglob("data/**/manifest.json")):
        parts = manifest.relative_to(ROOT).parts
        folder = "/".join(parts[: parts.index("data") + 1])
        assert folder in notice, f"NOTICE says nothing of {folder}"
