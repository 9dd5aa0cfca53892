"""``tocsin field replay --screen``: what is wrong with the call is said in one line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.errors import InvalidInput


@pytest.mark.recordings
def test_a_port_that_is_taken_is_said_and_nothing_is_walked(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    survey = recordings / "mobile_nsdd" / "Q345_Racetrack.n42"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        call = ["field", "replay", str(survey), "--speed", "0", "--screen", str(port)]
        done = CliRunner().invoke(app, call)
    # main() turns it into one line and exit status 2
    assert isinstance(done.exception, InvalidInput)
    assert f"--screen {port}" in str(done.exception)
    assert "encounter" not in done.output
