"""The hash of simulated matrices follows all code and data that they come from."""

from __future__ import annotations

import ast
import re
from importlib import resources
from pathlib import Path

from tocsin.detectors.simulated_digest import CODE, DATA

ROOM = Path(str(resources.files("tocsin.detectors")))
PREFIX = "tocsin.detectors."
WITHOUT_CODE = {
    # names whose code decides no number: their values are in the key of a matrix, or they only keep
    # or refuse
    "array_cache": {"Arrays", "cache_folder", "cached_arrays"},
    "construction": {"Construction"},
    "construction_check": {"LARGEST_DENSITY_G_CM3", "VACUUM"},
    "simulated_digest": {"transport_digest"},
    "slab": {"Shield"},
}
ONLY_THESE = {"response": {"PHOTON_CENTRES_KEV", "PHOTON_EDGES_KEV"}}
"""Hashed, but what it imports is not: made of ``compton.photon_grid_keV``, which is."""


def imported(path: Path) -> list[tuple[str, set[str]]]:
    """Modules of the room and the names that a file takes from them."""
    out = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PREFIX):
            module = str(node.module).removeprefix(PREFIX)
            out.append((module, {alias.name for alias in node.names}))
        elif isinstance(node, ast.ImportFrom):
            assert node.module != "tocsin.detectors", f"{path.name} hides where a name comes from"
            assert node.level == 0, path.name
        elif isinstance(node, ast.Import):
            assert not any(a.name.startswith("tocsin") for a in node.names), path.name
    return out


def test_all_code_that_a_matrix_follows_from_is_hashed() -> None:
    waiting = sorted((ROOM / "transport").glob("*.py"))
    waiting += [ROOM / "photon_matrix_build.py", ROOM / "shield_matrix.py"]
    reached = {path.name for path in waiting[-2:]}
    while waiting:
        path = waiting.pop()
        for module, names in imported(path):
            if module.startswith("transport"):
                continue
            if module in WITHOUT_CODE:
                assert names <= WITHOUT_CODE[module], f"{path.name} takes more of {module}"
                continue
            assert f"{module}.py" in CODE, f"{path.name} follows from {module}.py, not hashed"
            assert names <= ONLY_THESE.get(module, names), f"{path.name} takes more of {module}"
            if f"{module}.py" not in reached:
                reached.add(f"{module}.py")
                if module not in ONLY_THESE:
                    waiting.append(ROOM / f"{module}.py")
    assert reached == set(CODE)


def test_all_data_that_this_code_reads_is_hashed() -> None:
    files = [ROOM / name for name in CODE] + sorted((ROOM / "transport").glob("*.py"))
    found: set[str] = set()
    for path in files:
        found |= set(re.findall(r'"(\w+\.(?:csv|json))"', path.read_text(encoding="utf-8")))
    assert found == set(DATA)
