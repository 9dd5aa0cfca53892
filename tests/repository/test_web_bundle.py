"""The browser's part: built from these sources, pinned, free of what the policy forbids."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
BUNDLE = ROOT / "src" / "tocsin" / "server" / "static" / "tocsin"
SCREEN = ROOT / "src" / "tocsin" / "field" / "screen" / "static"
FILES = ("app.js", "app.css", "survey.js", "survey.css", "maplibre-gl-worker.mjs", "world.json")


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bundle_is_there_and_of_these_sources(hook: ModuleType) -> None:
    missing = [name for name in FILES if not (BUNDLE / name).is_file()]
    missing += [n for n in ("field.js", "field.css", "icon.svg") if not (SCREEN / n).is_file()]
    assert missing == [], "the browser's part is not built: run `python hatch_build.py`"
    built = (BUNDLE / hook.STAMP).read_text()
    assert built == hook.digest_of_sources(WEB), "web/ changed: run `python hatch_build.py`"


def test_a_changed_source_asks_for_a_new_bundle(hook: ModuleType, tmp_path: Path) -> None:
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("node_modules"))
    before = hook.digest_of_sources(copy)
    assert before == hook.digest_of_sources(WEB)
    (copy / "node_modules").mkdir()
    (copy / "node_modules" / "anything.js").write_text("x")
    assert hook.digest_of_sources(copy) == before
    (copy / "src" / "app" / "main.ts").write_text("")
    assert hook.digest_of_sources(copy) != before


def test_the_bundle_is_no_part_of_the_repository() -> None:
    done = subprocess.run(
        ["git", "ls-files", str(BUNDLE), str(SCREEN)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip("not a git checkout: the list of tracked files is not available")
    assert done.stdout == ""


def test_every_package_is_pinned_by_its_hash_and_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    packages = {name: p for name, p in lock["packages"].items() if name}
    assert len(packages) > 20
    assert [n for n, p in packages.items() if not p["integrity"].startswith("sha512-")] == []
    assert "resolved" not in (WEB / "package-lock.json").read_text()
    wanted = json.loads((WEB / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned exactly"


def test_styles_load_nothing_from_elsewhere() -> None:
    for sheet in BUNDLE.glob("*.css"):
        urls = re.findall(r"url\(\s*['\"]?([^'\")]+)", sheet.read_text())
        assert [u for u in urls if not u.startswith(("data:", "./", "#"))] == []


def test_no_source_of_ours_evaluates_text_or_writes_markup() -> None:
    """Text of files and people reaches the page as text alone."""
    forbidden = re.compile(
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write"
        r"|setTimeout\(\s*['\"]|https?://"
    )
    sources = [*WEB.glob("src/**/*.ts"), *WEB.glob("src/**/*.css")]
    assert len(sources) > 20
    assert [p.name for p in sources if forbidden.search(p.read_text())] == []


def test_countries_are_cut_at_the_antimeridian() -> None:
    """No edge of a country crosses the map: those that do smear it over the whole world."""
    world = json.loads((BUNDLE / "world.json").read_text())
    names = {f["properties"]["name"] for f in world["features"]}
    assert {"Russia", "Fiji", "Antarctica", "France"} <= names
    longest = 0.0
    for each in world["features"]:
        shape = each["geometry"]
        polygons = (
            shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        )
        for ring in (ring for polygon in polygons for ring in polygon):
            for (x, y), (x2, y2) in itertools.pairwise(ring):
                assert -180 <= x <= 180
                assert -90 <= y <= 90
                if (
                    abs(y) < 89 and abs(y2) < 89
                ):  # the closing edge of Antarctica runs along the pole
                    longest = max(longest, abs(x2 - x))
    assert longest < 30
