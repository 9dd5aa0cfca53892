"""The sequencer: order, checkpoints and copies; crashes anywhere leave the same log."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from log_in_database import (
    as_administrator,
    own_log,
    sealed,
    sequencer,
    undone,
    verdict,
    write_leaves,
)

from tocsin.sealing import Checkpoint, opens
from tocsin.server.accounts.models import Organisation
from tocsin.server.audit import keeping, models
from tocsin.server.audit.identity import kept_folders, log_key, witness_keys
from tocsin.server.audit.keeping import LogAltered
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.sequencer import Step, seal_now
from tocsin.server.audit.services import OutsideTransaction, record

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def who(organisation: Callable[..., Organisation]) -> Organisation:
    return organisation()


# ------------------------------------------------------------------------------------ the leaves


def test_a_leaf_opens_after_the_database_has_read_and_written_it(who: Organisation) -> None:
    after = {
        "activity_Bq": 3.1e17,
        "tiny": 1e-9,
        "whole": 2.0,
        "minus": -0.0,
        "count": 10**20,
        "text": 'é "quoted" \u2028',
        "list": [None, True, {"b": 1, "a": [1e22]}],
    }
    with transaction.atomic():
        made = record(actor="system:test", action="a.b", subject=who, after=after)
    leaf = Leaf.objects.get(pk=made.pk)
    assert opens(bytes(leaf.commitment), leaf.content, bytes(leaf.salt))
    assert leaf.organisation == str(who.pk)


def test_a_leaf_belongs_into_the_transaction_of_its_change(
    who: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = SimpleNamespace(in_atomic_block=False)
    monkeypatch.setattr("tocsin.server.audit.services.connection", outside)
    with pytest.raises(OutsideTransaction):
        record(actor="system:test", action="a.b", subject=who)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_leaf",
        "UPDATE audit_leaf SET content = '{}'",
        "UPDATE audit_leaf SET position = 7 WHERE position = 0",
        "UPDATE audit_leaf SET position = NULL",
        "UPDATE audit_leaf SET actor = 'x', position = 9 WHERE position IS NULL",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET size = 99",
    ],
)
def test_the_database_itself_refuses_to_change_the_log(sql: str, who: Organisation) -> None:
    write_leaves(2, organisation=who)
    sealed()
    write_leaves(1, organisation=who)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


# ------------------------------------------------------------------------- positions, checkpoints


def test_positions_follow_the_order_of_writing_and_never_change(who: Organisation) -> None:
    write_leaves(3, organisation=who)
    running = sequencer()
    assert running.run(NOON) == 3
    assert running.run(NOON) == 0
    write_leaves(2, organisation=who, start=3)
    assert sequencer().run(NOON) == 2
    assert running.run(NOON) == 0
    assert running.tree.size == 5
    assert list(Leaf.objects.order_by("id").values_list("position", flat=True)) == [0, 1, 2, 3, 4]


def test_a_checkpoint_comes_after_a_minute_or_a_thousand_leaves(
    who: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.server.audit.sequencer.SIGN_AFTER_LEAVES", 5)
    running = sequencer()
    sizes = lambda: sorted(models.Checkpoint.objects.values_list("size", flat=True))  # noqa: E731
    running.run(NOON)
    assert sizes() == []
    write_leaves(1, organisation=who)
    running.run(NOON)
    assert sizes() == [1]
    write_leaves(2, organisation=who)
    running.run(NOON + timedelta(seconds=59))
    assert sizes() == [1]
    running.run(NOON + timedelta(seconds=60))
    assert sizes() == [1, 3]
    write_leaves(5, organisation=who)
    running.run(NOON + timedelta(seconds=61))
    assert sizes() == [1, 3, 8]
    running.run(NOON + timedelta(seconds=500))
    assert sizes() == [1, 3, 8]


def test_more_leaves_than_a_batch(who: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.server.audit.sequencer.BATCH", 4)
    write_leaves(10, organisation=who)
    assert sequencer().run(NOON) == 10
    assert seal_now(NOON).size == 10


def test_an_empty_log_is_not_signed() -> None:
    assert seal_now(NOON) is None


# ----------------------------------------------------------------------------------------- places


def test_checkpoints_and_commitments_go_to_every_place_that_is_there(
    who: Organisation, tmp_path: Path, settings: Any
) -> None:
    host, stick = tmp_path / "host", tmp_path / "stick"
    host.mkdir()
    settings.TOCSIN = replace(settings.TOCSIN, checkpoint_copies=(host, stick))
    write_leaves(3, organisation=who)
    running = sealed()
    assert running.missed == [f"{stick} is not there"]
    assert not stick.exists()
    stick.mkdir()
    write_leaves(2, organisation=who, start=3)
    running.run(NOON, sign=True)
    assert running.missed == []
    key = log_key().verifier
    for place in (own_log(), host, stick):
        folder = place / key.id.hex()
        assert (folder / "log.vkey").read_text().strip() == str(key)
        assert Checkpoint.open((folder / "latest.txt").read_bytes(), key).size == 5
        lines = (folder / "commitments.txt").read_text().splitlines()
        assert [bytes.fromhex(x) for x in lines] == [
            bytes(c) for c in Leaf.objects.order_by("position").values_list("commitment", flat=True)
        ]
    # The stick, which was not there at the first checkpoint, has the second one and every line.
    assert [p.name for p in sorted((stick / key.id.hex() / "checkpoints").iterdir())] == [
        "000000000005.txt"
    ]


def test_an_older_state_put_back_is_seen_from_the_second_host_alone(
    who: Organisation, tmp_path: Path, settings: Any
) -> None:
    """Database and data folder both come from an old backup: only the copy knows."""
    host = tmp_path / "host"
    host.mkdir()
    settings.TOCSIN = replace(settings.TOCSIN, checkpoint_copies=(host,))
    write_leaves(2, organisation=who)
    sealed()
    own = {p: p.read_bytes() for p in own_log().rglob("*") if p.is_file()}
    write_leaves(2, organisation=who, start=2)
    sealed()
    for path in own_log().rglob("*"):
        if path.is_file() and path not in own:
            path.unlink()
    for path, text in own.items():
        path.write_bytes(text)
    with undone():
        as_administrator(lambda c: c.execute("DELETE FROM audit_leaf WHERE position >= 2"))
        with pytest.raises(LogAltered, match="older state"):
            sequencer()


def test_a_line_that_a_crash_cut_short_is_written_again(who: Organisation) -> None:
    write_leaves(3, organisation=who)
    running = sealed()
    path = next(own_log().glob("*/commitments.txt"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    write_leaves(1, organisation=who)
    running.run(NOON, sign=True)
    assert path.read_bytes()[: len(whole)] == whole
    assert len(path.read_bytes()) == 4 * keeping.LINE_BYTES


def test_a_copy_is_not_fed_with_what_was_changed_since(
    who: Organisation, tmp_path: Path, settings: Any
) -> None:
    stick = tmp_path / "stick"
    settings.TOCSIN = replace(settings.TOCSIN, checkpoint_copies=(stick,))
    write_leaves(3, organisation=who)
    running = sealed()
    stick.mkdir()
    write_leaves(1, organisation=who)
    with undone():
        as_administrator(
            lambda c: c.execute(
                "UPDATE audit_leaf SET commitment = %s WHERE position = 1", [bytes(32)]
            )
        )
        with pytest.raises(LogAltered, match="leaf 1"):
            running.run(NOON, sign=True)


# ---------------------------------------------------------------------------------------- crashes


class Killed(BaseException):
    """Stands for a process that ends here."""


@pytest.mark.parametrize(
    "place",
    [
        "tocsin.server.audit.sequencer.Checkpoint.sign",
        "tocsin.server.audit.keeping.KeptFolder._append",
        "tocsin.server.audit.keeping._write",
        "tocsin.server.audit.sequencer.Sequencer._show",
        "tocsin.server.audit.sequencer.keep_everywhere",
        "tocsin.server.audit.sequencer.leaf_hash",
    ],
)
def test_killed_anywhere_the_next_start_goes_on_with_the_same_log(
    place: str, who: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_leaves(4, organisation=who)
    sealed()
    write_leaves(3, organisation=who, start=4)
    running = sequencer()

    def die(*_args: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, die)
        with pytest.raises(Killed):
            running.run(NOON, sign=True)
    again = sequencer()
    again.run(NOON, sign=True)
    assert again.tree.size == 7
    notes = [p.read_text() for p in own_log().glob("*/checkpoints/*.txt")]
    found = verdict(outside=notes)
    assert found.intact, found.findings
    assert found.held_outside == 7
    assert models.Checkpoint.objects.filter(size=7).exists()


def test_killed_before_the_commit_no_position_is_left(
    who: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_leaves(3, organisation=who)
    running = sequencer()

    def die(*_args: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("django.db.models.query.QuerySet.bulk_update", die)
        with pytest.raises(Killed):
            running.run(NOON)
    assert running.tree.size == 0
    assert not Leaf.objects.exclude(position=None).exists()
    assert running.run(NOON) == 3


# --------------------------------------------------------------------------------- step, identity


def test_the_step_refuses_an_altered_log_and_says_so_once_a_minute(
    who: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    write_leaves(3, organisation=who)
    step = Step()
    assert step.run(NOON) == 3
    assert step.refused == ""
    with undone():
        as_administrator(lambda c: c.execute("DELETE FROM audit_leaf WHERE position = 2"))
        assert step.run(NOON + timedelta(seconds=1)) == 0
        assert "sequenced" in step.refused
        assert step.run(NOON + timedelta(seconds=2)) == 0
        assert step.run(NOON + timedelta(seconds=62)) == 0
        assert len([r for r in caplog.records if r.levelname == "CRITICAL"]) == 2
    assert step.run(NOON + timedelta(seconds=200)) == 0
    assert step.refused == ""


def test_the_key_of_the_log_is_made_once_and_for_its_owner_alone() -> None:
    key = log_key()
    assert log_key() == key
    path = own_log().parent / "keys" / "log.key"
    assert os.stat(path).st_mode & 0o777 == 0o600
    path.unlink()
    assert log_key().name != key.name


def test_another_key_is_another_log_with_a_folder_of_its_own(who: Organisation) -> None:
    write_leaves(2, organisation=who)
    sealed()
    (own_log().parent / "keys" / "log.key").unlink()
    write_leaves(1, organisation=who)
    key = log_key().verifier
    assert kept_folders(key)[0].newest() is None
    assert sequencer().signed is None


def test_witnesses_are_named_in_a_file() -> None:
    assert witness_keys() == []
    path = own_log().parent / "keys" / "witnesses"
    path.parent.mkdir(parents=True, exist_ok=True)
    from tocsin.sealing import SigningKey

    witness = SigningKey("witness.example/w1", bytes(32), 4).verifier
    path.write_text(f"# partner\n\n{witness}\n")
    assert witness_keys() == [witness]
