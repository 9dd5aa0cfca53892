"""Every family of attacks hurts a reader without protection; else it would show nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacks import ATTACKS, unprotected

FAMILIES = sorted({a.family for a in ATTACKS})
OWN = ("codes", "containers", "surveys", "tracks")  # formats that the library does not read
PROBES = 60  # per family and reader; every bite found ends the search


@pytest.mark.verify
@pytest.mark.parametrize("family", FAMILIES)
def test_family_bites_an_unprotected_reader(family: str, tmp_path: Path) -> None:
    cases = [a for a in ATTACKS if a.family == family]
    for case in cases[:PROBES]:
        for reader in ("specutils", "lxml", "naive"):
            if reader == "lxml" and not case.file_name.endswith((".n42", ".xml")):
                continue
            if reader == "naive" and family not in OWN:
                continue
            if unprotected.bite(case, tmp_path, reader):
                return
    pytest.fail(f"no attack of the family {family!r} does anything to an unprotected reader")
