"""Planted defects stay plantable: each says what it imitates, names its tests and still applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted((ROOT / "tests" / "defects").glob("*.patch"))
ROOMS = (
    *("nuclear", "spectra", "sealing", "formats", "detectors", "detection", "scenario", "report"),
    "cli",
)


def fields(patch: Path) -> dict[str, str]:
    head = patch.read_text().partition("\n--- ")[0]
    pairs = (line.partition(":") for line in head.splitlines() if ":" in line)
    return {name: text.strip() for name, _, text in pairs}


@pytest.mark.parametrize("patch", PATCHES, ids=lambda p: p.stem)
def test_a_defect_says_why_names_its_tests_and_applies(patch: Path) -> None:
    said = fields(patch)
    assert len(said["why"]) > 20
    for name in said["tests"].split():
        assert (ROOT / name.partition("::")[0]).is_file(), f"{name} is no test file"
    applied = subprocess.run(
        ["git", "apply", "--check", str(patch)], cwd=ROOT, capture_output=True, text=True
    )
    assert applied.returncode == 0, f"renew the patch: {applied.stderr}"


def test_every_room_has_a_defect() -> None:
    text = "".join(p.read_text() for p in PATCHES)
    assert [room for room in ROOMS if f"--- a/src/tocsin/{room}/" not in text] == []
