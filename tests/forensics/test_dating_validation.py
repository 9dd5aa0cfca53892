"""The validation cases pass, are complete, and would fail if the science were off."""

from __future__ import annotations

import pytest

from tocsin.forensics import chronometry_validation as module
from tocsin.forensics import half_life_set, validation_checks


@pytest.fixture(scope="module")
def checks() -> tuple[module.Check, ...]:
    return validation_checks()


def test_every_check_is_within_its_tolerance(checks: tuple[module.Check, ...]) -> None:
    failed = [f"{c.case} {c.quantity}: {c.result} for {c.expected}" for c in checks if not c.passed]
    assert failed == []


def test_every_case_of_dating_is_there(checks: tuple[module.Check, ...]) -> None:
    assert {c.case.split()[0] for c in checks} >= {"G1", "G2", "G3", "G4", "G5", "G6", "G9", "G10"}
    assert all(c.source and c.inputs for c in checks)


def test_they_notice_other_half_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    other = half_life_set("ensdf")
    monkeypatch.setattr("tocsin.forensics.chronometry.half_life_set", lambda *_: other)
    monkeypatch.setattr(module, "half_life_set", lambda *_: other)
    failed = {c.case.split()[0] for case in module.CASES for c in case() if not c.passed}
    assert failed >= {"G1", "G4", "G5"}
