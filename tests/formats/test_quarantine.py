"""Bytes that could not be read are kept, and not tried for ever."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from recordings_by_hand import small_survey

from tocsin.errors import ParseError
from tocsin.formats import Quarantine, Reader, write_n42

BROKEN = write_n42(small_survey())[:-40]


def code(reader: Reader, data: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        reader.read_bytes(data, file_name="some/where/broken.n42")
    return caught.value.code


def test_bytes_reason_and_count_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with Reader(quarantine=folder) as reader:
        assert code(reader, BROKEN) == "truncated"
        digest = hashlib.sha256(BROKEN).hexdigest()
        assert (folder / f"{digest}.bytes").read_bytes() == BROKEN
        (entry,) = Quarantine(folder)
        assert (entry.sha256, entry.failures, entry.code) == (digest, 1, "truncated")
        assert entry.file_name == "broken.n42"
        assert entry.path.read_bytes() == BROKEN
        assert code(reader, BROKEN) == "truncated"
        assert code(reader, BROKEN) == "quarantined"
        (entry,) = Quarantine(folder)
        assert entry.failures == 2
        Quarantine(folder).release(digest)
        assert code(reader, BROKEN) == "truncated"
    assert not list(folder.glob(".*"))


def test_a_file_that_is_read_is_not_kept(tmp_path: Path) -> None:
    with Reader(quarantine=tmp_path) as reader:
        reader.read_bytes(write_n42(small_survey()))
    assert list(tmp_path.iterdir()) == []


def test_a_lost_sandbox_is_no_fault_of_the_file(tmp_path: Path) -> None:
    good = write_n42(small_survey())
    with Reader(quarantine=tmp_path) as reader:
        reader.status()
        assert reader._zygote is not None
        reader._zygote._control.close()  # as if the process had vanished under us
        assert code(reader, good) == "sandbox"
        assert list(tmp_path.iterdir()) == []


def test_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    Quarantine(folder)
    assert folder.stat().st_mode & 0o077 == 0


def test_bytes_are_synced_before_they_get_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def watched_fsync(fd: int) -> None:
        order.append("fsync")
        fsync(fd)

    def watched_rename(self: Path, target: Path) -> Path:
        order.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_rename)
    store = Quarantine(tmp_path)
    store.keep(b"x", sha256="00", error=ParseError("why", code="crashed"), file_name="x")
    assert order == ["fsync", "rename", "fsync"] * 2


def test_a_damaged_note_is_an_error_and_not_a_licence_to_try_again(tmp_path: Path) -> None:
    digest = hashlib.sha256(BROKEN).hexdigest()
    (tmp_path / f"{digest}.json").write_text(json.dumps({"failures": "many"}))
    with Reader(quarantine=tmp_path) as reader:
        assert code(reader, BROKEN) == "quarantined"
