"""Both ends of a child process that reads one thing behind the fence: who asks, and who answers.

The child is a module with a ``main`` that loads what it needs, takes the bytes, confines itself
(:mod:`tocsin.formats.confinement`) and leaves by :func:`answered`. What it answers is believed by
nobody before it has been checked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits

_FAILED = 65
_LONGEST_REASON = 400


def asked(
    module: str, given: bytes, *, what: str, limits: Limits, most_answer: int | None = None
) -> bytes:
    """What a child makes of bytes that people brought.

    Parameters
    ----------
    module : str
        Of the child, as ``python -m`` takes it.
    what : str
        What is read, in words: ``the table``.
    most_answer : int, optional
        Longest answer that is looked at.

    Raises
    ------
    ParseError
        The child refused the bytes, took too long, or did not survive them.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a module of ours, named by its own code
            [sys.executable, "-m", module],
            input=given,
            capture_output=True,
            check=False,
            timeout=limits.wall_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ParseError(f"{what} took too long to read", code="timeout") from error
    if done.returncode == _FAILED:
        said = done.stdout.decode("utf-8", errors="replace")[:_LONGEST_REASON]
        code, _, text = said.partition(" ")
        raise ParseError(text, code=code)
    if done.returncode or (most_answer is not None and len(done.stdout) > most_answer):
        raise ParseError(f"{what} broke its reader", code="crashed")
    return done.stdout


def answered(make: Callable[[], bytes]) -> int:
    """Say what is made of the bytes, or why not; gives the exit status of the child."""
    try:
        answer, status = make(), 0
    except ParseError as error:
        answer, status = f"{error.code} {error.reason}".encode(), _FAILED
    say(answer)
    return status


def say(answer: bytes) -> None:
    """Write all of an answer; behind the fence there is no buffer to flush."""
    while answer:
        answer = answer[os.write(1, answer) :]
