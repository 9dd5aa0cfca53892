"""What is kept of the log outside the database cannot be spoiled to hide an altered log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from log_in_database import as_administrator, own_log, sealed, sequencer, undone, write_leaves

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.audit import models
from tocsin.server.audit.keeping import LogAltered
from tocsin.server.audit.sequencer import Step, check_log

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def who(organisation: Callable[..., Organisation]) -> Organisation:
    return organisation()


def spoil_garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff garbage")


def spoil_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def spoil_empty(path: Path) -> None:
    path.write_bytes(b"")


def spoil_unreadable(path: Path) -> None:
    """Reading it fails, as without permission or on a broken disk; who runs tests may be root."""
    path.unlink()
    path.mkdir()


def spoil_renamed(path: Path) -> None:
    """The newest one is replaced by an older one under its name."""
    path.write_bytes(path.with_name("000000000002.txt").read_bytes())


@pytest.mark.parametrize("where", ["own", "copy"])
@pytest.mark.parametrize(
    "spoil", [spoil_garbage, spoil_cut, spoil_empty, spoil_unreadable, spoil_renamed]
)
def test_a_kept_checkpoint_that_cannot_be_read_stops_the_signing(
    spoil: Callable[[Path], None], where: str, who: Organisation, tmp_path: Path, settings: Any
) -> None:
    """Else an older state is put back by who spoils the newest checkpoint."""
    host = tmp_path / "host"
    host.mkdir()
    settings.TOCSIN = replace(settings.TOCSIN, checkpoint_copies=(host,))
    write_leaves(2, organisation=who)
    sealed()
    write_leaves(2, organisation=who, start=2)
    sealed()
    place = host if where == "copy" else own_log()
    spoil(next(place.glob("*/checkpoints/000000000004.txt")))
    step = Step()
    assert step.run(NOON) == 0
    assert "000000000004.txt" in step.refused
    assert "cannot be shown" in step.refused
    with pytest.raises(LogAltered, match="move it aside"):
        check_log()
    newest = models.Checkpoint.objects.first()
    assert newest is not None
    assert newest.size == 4


def test_the_newest_checkpoint_is_known_although_its_file_is_gone(who: Organisation) -> None:
    write_leaves(2, organisation=who)
    sealed()
    write_leaves(1, organisation=who, start=2)
    sealed()
    next(own_log().glob("*/checkpoints/000000000003.txt")).unlink()
    with undone():
        as_administrator(lambda c: c.execute("DELETE FROM audit_leaf WHERE position = 2"))
        with pytest.raises(LogAltered, match="older state"):
            sequencer()
    next(own_log().glob("*/latest.txt")).write_bytes(b"x")
    with pytest.raises(LogAltered, match=r"latest\.txt"):
        sequencer()


def test_without_the_key_nothing_is_shown(who: Organisation) -> None:
    assert check_log() is None
    write_leaves(2, organisation=who)
    sealed()
    found = check_log()
    assert found is not None
    assert found.size == 2
    (own_log().parent / "keys" / "log.key").unlink()
    with pytest.raises(LogAltered, match="key of the log is missing"):
        check_log()
    assert not (own_log().parent / "keys" / "log.key").exists()


def test_the_page_says_where_a_checkpoint_cannot_be_read(
    who: Organisation, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    write_leaves(2, organisation=who)
    sealed()
    browser = signed_in(person("auditor"))
    assert "cannot be read" not in browser.get("/log/checkpoints/").content.decode()
    spoil_cut(next(own_log().glob("*/checkpoints/000000000002.txt")))
    page = browser.get("/log/checkpoints/")
    assert page.status_code == 200
    assert "cannot be read" in page.content.decode()
