"""The log file: what is written comes back, and nothing else is taken for a log."""

from __future__ import annotations

import pytest
from logs_by_hand import LOG_KEY, ORIGIN, honest, seeded

from tocsin.errors import ParseError
from tocsin.sealing import (
    LoggedLeaf,
    read_kept_commitments,
    read_log_file,
    write_lines,
)

HEAD = f'{{"schema": "tocsin.log/1", "origin": "{ORIGIN}", "key": "k"}}\n'
LEAF = f'{{"leaf": 0, "commitment": "{"ab" * 32}"}}\n'


def test_what_was_written_comes_back() -> None:
    leaves = [
        LoggedLeaf(0, bytes(32)),
        LoggedLeaf(1, bytes([1] * 32), bytes([2] * 32), {"a": [None, "é\u2028"]}),
        LoggedLeaf(2, bytes([3] * 32), bytes([4] * 32), None),
    ]
    lines = write_lines(
        origin=ORIGIN,
        key=str(LOG_KEY.verifier),
        leaves=leaves,
        checkpoints=["note\n"],
        marking="EXERCISE - RESTRICTED",
    )
    log = read_log_file("".join(lines).encode())
    assert log.leaves == tuple(leaves)
    assert log.checkpoints == ("note\n",)
    assert log.counted == (3, 1)
    assert (log.origin, log.key, log.marking) == (
        ORIGIN,
        str(LOG_KEY.verifier),
        "EXERCISE - RESTRICTED",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "no json\n",
        "[1]\n",
        '{"schema": "tocsin.log/2", "origin": "o", "key": "k"}\n',
        '{"schema": "tocsin.log/1", "origin": "", "key": "k"}\n',
        '{"schema": "tocsin.log/1", "origin": "o"}\n',
        '{"schema": "tocsin.log/1", "origin": "o", "key": 5}\n',
        HEAD + '{"leaf": -1, "commitment": "' + "ab" * 32 + '"}\n',
        HEAD + '{"leaf": true, "commitment": "' + "ab" * 32 + '"}\n',
        HEAD + '{"leaf": 0, "commitment": "' + "AB" * 32 + '"}\n',
        HEAD + '{"leaf": 0}\n',
        HEAD + '{"leaf": 0, "commitment": "' + "ab" * 32 + '", "salt": "' + "ab" * 32 + '"}\n',
        HEAD + '{"leaf": 0, "commitment": "' + "ab" * 32 + '", "content": 1}\n',
        HEAD + '{"leaf": 0, "commitment": "' + "ab" * 32 + '", "note": 1}\n',
        HEAD + '{"leaf": 0, "leaf": 1, "commitment": "' + "ab" * 32 + '"}\n',
        HEAD + '{"checkpoint": 5}\n',
        HEAD + '{"checkpoint": "a", "b": 1}\n',
        HEAD + '{"other": 1}\n',
        HEAD + '{"end": {"leaves": 1}}\n',
        HEAD + '{"end": {"leaves": true, "checkpoints": 0}}\n',
        HEAD + '{"end": {"leaves": 0, "checkpoints": 0}}\n' + LEAF,
        HEAD + '{"leaf": 0, "commitment": "' + "ab" * 32 + '", "salt": NaN, "content": 1}\n',
        HEAD + "[" * 100_000 + "\n",
        HEAD + LEAF[:-10],
    ],
)
def test_what_is_no_log_file_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ParseError):
        read_log_file(text.encode(), file="log.jsonl")


def test_a_line_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.sealing.logfile.MOST_LINE_BYTES", 1000)
    with pytest.raises(ParseError, match="line 2: the line is too long"):
        read_log_file((HEAD + '{"checkpoint": "' + "a" * 1000 + '"}\n').encode())


def test_kept_commitments_come_from_a_list_or_from_an_older_log_file() -> None:
    made = honest(seeded(8))
    text = "\n".join(c.hex() for c in made.commitments) + "\n"
    assert read_kept_commitments(text.encode()) == tuple(made.commitments)
    assert read_kept_commitments(made.file()) == tuple(made.commitments)
    for wrong in ("ab\n", "\u00e9" * 64, text.upper()):
        with pytest.raises(ParseError):
            read_kept_commitments(wrong.encode())
