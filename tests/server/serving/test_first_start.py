"""What is done before the first request: a folder closed to others, an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer

from tocsin.cli.demo_server import MARK, fresh_folder
from tocsin.server.serving.first_start import NotOurs, forget_settings, prepare_folder


def test_a_folder_that_was_open_is_closed_to_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    for folder in (data, data / "keys"):
        folder.chmod(0o755)
    prepare_folder(data)
    for folder in (data, *(data / p for p in ("keys", "files", "log"))):
        assert folder.stat().st_mode & 0o777 == 0o700, folder


def test_a_folder_of_somebody_else_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(NotOurs, match="must belong to the user"):
        prepare_folder(tmp_path / "data")


def test_a_demo_takes_no_setting_of_an_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {
        "DATABASE_URL": "postgres://real/one",
        "DATABASE_URL_FILE": "/run/secrets/url",
        "TOCSIN_EMAIL_URL": "smtp://real",
        "TOCSIN_CHECKPOINT_COPIES": "/mnt/stick",
        "TOCSIN_SECRET_KEY_FILE": "/run/secrets/key",
    }
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "TOCSIN_CACHE": "/cache"} | held)
    forget_settings()
    assert os.environ == {"PATH": "/bin", "TOCSIN_CACHE": "/cache"}


def test_a_demo_removes_only_what_a_demo_made(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    fresh_folder(folder)
    assert (folder / MARK).is_file()
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "tocsin.sqlite3").write_text("of the last demo")
    fresh_folder(folder)
    assert not (folder / "tocsin.sqlite3").exists()
    (folder / MARK).unlink()
    (folder / "tocsin.sqlite3").write_text("of a real server")
    with pytest.raises(typer.Exit):
        fresh_folder(folder)
    assert (folder / "tocsin.sqlite3").read_text() == "of a real server"
