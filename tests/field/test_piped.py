"""The pipe: lines as they come, and an end although nothing comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tocsin.field.piped import lines_until
from tocsin.field.records import LONGEST_LINE
from tocsin.field.stopping import SignalStop

PIPE = [sys.executable, "-m", "tocsin", "field", "pipe"]
LONG_S = 60.0
ONE = b'{"counts": [1, 2], "real_time_s": 1.0}\n'


def test_lines_come_whole_however_they_are_written() -> None:
    out, into = os.pipe()
    text = b"one\ntw\xffo\n" + b"x" * (3 << 20) + b"\n\nlast"
    writer = threading.Thread(target=lambda: (os.write(into, text[:5]), _all(into, text[5:])))
    writer.start()
    lines = list(lines_until(SignalStop(), out))
    writer.join()
    os.close(out)
    assert lines[:2] == ["one", "tw�o"]
    assert LONGEST_LINE < len(lines[2]) < LONGEST_LINE + (1 << 17)
    assert lines[3:] == ["", "last"]


def _all(into: int, text: bytes) -> None:
    while text:
        text = text[os.write(into, text) :]
    os.close(into)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "said", [b"", ONE * 2 + b"nonsense\n" + ONE], ids=["before a record", "between records"]
)
def test_a_silent_program_holds_up_no_end(tmp_path: Path, asked: int, said: bytes) -> None:
    with subprocess.Popen(
        PIPE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        # what it says at its start, and of a bad line, tells that it listens
        child.stdin.write(said)
        child.stdin.flush()
        while (b"record 3" if said else b"Waiting") not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(asked)
        assert child.wait(LONG_S) == 0
