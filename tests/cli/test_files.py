"""Writing files: all or nothing, and nothing is replaced by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from tocsin.cli.output import write_file


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    target = tmp_path / "a.n42"
    target.write_bytes(b"old")
    with pytest.raises(typer.Exit) as stopped:
        write_file(target, b"new", force=False)
    assert stopped.value.exit_code == 2
    assert target.read_bytes() == b"old"
    write_file(target, b"new", force=True)
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("target", ["missing/a.n42", "."])
def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        write_file(tmp_path / target, b"new", force=True)
    assert "folder" in capsys.readouterr().err
