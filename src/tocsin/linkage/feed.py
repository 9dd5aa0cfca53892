"""JSON lines, plain or gzipped, read one by one; a broken line is told and the others go on."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tocsin.errors import ParseError

LONGEST_LINE = 8_000_000
"""Bytes of one line; the longest record of the public feed 1999-2014 has 30,000."""

_GZIP = b"\x1f\x8b"


def read_lines(
    path: Path, *, read_so_far: Callable[[int], None] | None = None
) -> Iterator[tuple[int, dict[str, Any] | ParseError]]:
    """The objects of a file of JSON lines.

    Parameters
    ----------
    path : Path
        A file with one JSON object a line, UTF-8, perhaps gzipped (told by its first bytes).
    read_so_far : callable, optional
        Called after each line with the bytes of the file that have been read.

    Yields
    ------
    tuple of int and (dict or ParseError)
        Line number from one, and the object, or what is wrong with the line. Blank lines are passed
        over. After an error of the file itself (a broken end of a gzip stream) nothing follows.

    Notes
    -----
    One line is held at a time. Bytes that are not UTF-8 are read with the replacement sign.
    """
    with path.open("rb") as raw:
        yield from lines_of(raw, path.name, read_so_far=read_so_far)


def lines_of(
    raw: BinaryIO, name: str, *, read_so_far: Callable[[int], None] | None = None
) -> Iterator[tuple[int, dict[str, Any] | ParseError]]:
    """The objects of a stream of JSON lines that can be told where it stands; see ``read_lines``.

    Parameters
    ----------
    raw : binary file
        At its beginning.
    name : str
        What errors call it.
    """
    zipped = raw.read(2) == _GZIP
    raw.seek(0)
    stream: Any = gzip.GzipFile(fileobj=raw) if zipped else raw
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(LONGEST_LINE + 1)
            if len(line) > LONGEST_LINE:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST_LINE)
                line = None
        except (EOFError, OSError, zlib.error) as error:
            reason = f"the file ends in the middle or is damaged ({error})"
            yield number, ParseError(reason, code="truncated", file=name, offset=number)
            return
        if line == b"":
            return
        if line is None:
            reason = f"longer than {LONGEST_LINE:,} bytes"
            yield number, ParseError(reason, code="too_long", file=name, offset=number)
        elif line.strip():
            yield number, _object(line, name, number)
        if read_so_far is not None:
            read_so_far(raw.tell())


def _object(line: bytes, file: str, number: int) -> dict[str, Any] | ParseError:
    try:
        value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace"))
    except json.JSONDecodeError as error:
        reason = f"no JSON: {error.msg} at column {error.colno}"
        return ParseError(reason, code="not_json", file=file, offset=number)
    except (ValueError, RecursionError):
        reason = "JSON with a number too long or brackets too deep to be read"
        return ParseError(reason, code="not_json", file=file, offset=number)
    if not isinstance(value, dict):
        reason = f"a JSON object is wanted, this is a {type(value).__name__}"
        return ParseError(reason, code="not_an_object", file=file, offset=number)
    return value
