"""A database administrator alters the log: found from the checkpoint kept outside, every time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from log_in_database import (
    TAMPERS,
    kept_copy,
    own_log,
    sealed,
    seeded,
    sequencer,
    tamper,
    undone,
    verdict,
    write_leaves,
)

from tocsin.server.accounts.models import Organisation
from tocsin.server.audit.keeping import LogAltered
from tocsin.server.clock import now

pytestmark = pytest.mark.django_db
LEAVES = 24


@pytest.fixture
def outside(
    organisation: Callable[..., Organisation], tmp_path: Path, settings: Any
) -> tuple[list[str], bytes]:
    """A signed log with newer leaves behind it; the checkpoint and copy that a second host has."""
    second = tmp_path / "second-host"
    second.mkdir()
    settings.TOCSIN = replace(settings.TOCSIN, checkpoint_copies=(second,))
    who = organisation()
    write_leaves(LEAVES // 2, organisation=who)
    sealed()
    write_leaves(LEAVES // 2, organisation=who, start=LEAVES // 2)
    sealed()
    notes = [next(second.glob("*/latest.txt")).read_text()]
    kept = kept_copy(second)
    write_leaves(3, organisation=who, start=LEAVES)
    sequencer().run(now())
    return notes, kept


def one_tamper(number: int, outside: tuple[list[str], bytes]) -> None:
    rng = seeded(number)
    how = TAMPERS[number % len(TAMPERS)]
    notes, kept = outside
    contents = rng.random() < 0.5 or how in ("edit", "swap salts")
    with undone():
        tamper(rng, how, sealed_size=LEAVES)
        found = verdict(outside=notes, contents=contents)
        exact = verdict(outside=notes, kept=kept, contents=contents)
    assert not found.intact, how
    assert not exact.intact, how
    if how == "delete and close the gap":
        assert {f.kind for f in exact.findings} <= {"removed", "changed", "truncated"}
        assert all(f.exact for f in exact.findings)


def test_an_untouched_database_is_intact(outside: tuple[list[str], bytes]) -> None:
    notes, kept = outside
    for contents in (False, True):
        found = verdict(outside=notes, kept=kept, contents=contents)
        assert found.intact, found.findings
        assert (found.size, found.held_outside) == (LEAVES + 3, LEAVES)
        assert found.disclosed == (LEAVES + 3 if contents else 0)


def test_sixty_random_tampers_are_found(outside: tuple[list[str], bytes]) -> None:
    for number in range(60):
        one_tamper(number, outside)
    assert verdict(outside=outside[0]).intact


@pytest.mark.verify
def test_a_thousand_random_tampers_of_the_database_are_found(
    outside: tuple[list[str], bytes],
) -> None:
    for number in range(1000):
        one_tamper(10_000 + number, outside)
    assert verdict(outside=outside[0]).intact


@pytest.mark.verify
def test_no_false_alarm_in_a_thousand_runs_of_the_server(
    organisation: Callable[..., Organisation],
) -> None:
    """Leaves come in, the sequencer stops and starts, checkpoints are kept: always intact."""
    rng = seeded(77)
    who = organisation()
    for _log in range(20):
        shutil.rmtree(own_log().parent, ignore_errors=True)
        with undone():
            for number in range(50):
                write_leaves(rng.randint(0, 2), organisation=who, start=10 * number)
                sequencer().run(now(), sign=rng.random() < 0.3)
                notes = [path.read_text() for path in sorted(own_log().glob("*/latest.txt"))]
                assert verdict(outside=notes, contents=rng.random() < 0.5).intact


@pytest.mark.parametrize("how", ["edit with a new commitment", "exchange", "truncate", "insert"])
def test_the_server_signs_nothing_more_once_it_starts_on_an_altered_log(
    how: str, outside: tuple[list[str], bytes]
) -> None:
    with undone():
        tamper(seeded(3), how, sealed_size=LEAVES)
        with pytest.raises(LogAltered):
            sequencer()
    sequencer()


def test_a_running_sequencer_signs_what_it_saw_and_not_what_was_put_in_later(
    outside: tuple[list[str], bytes], organisation: Callable[..., Organisation]
) -> None:
    running = sequencer()
    notes, _kept = outside
    with undone():
        tamper(seeded(5), "edit with a new commitment", sealed_size=LEAVES)
        write_leaves(1, organisation=organisation(), start=99)
        running.run(now(), sign=True)
        found = verdict(outside=notes)
    assert not found.intact
