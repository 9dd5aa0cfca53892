"""A log in one file: commitments in order, checkpoints, and contents where they are disclosed.

JSON Lines, UTF-8. The first line names the log, each further line is one leaf or one checkpoint,
the last line counts both, so that a copy that was cut off is seen to be one::

    {"schema": "tocsin.log/1", "origin": "...", "key": "name+id+key", "marking": "..."}
    {"leaf": 0, "commitment": "64 hex digits"}
    {"leaf": 1, "commitment": "...", "salt": "...", "content": {...}}
    {"checkpoint": "signed note"}
    {"end": {"leaves": 2, "checkpoints": 1}}

The leaf that the tree hashes is the commitment's 32 bytes. The reader believes nothing: it hands
over what stands in the file, and :mod:`tocsin.sealing.verifier` judges it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.errors import ParseError

SCHEMA = "tocsin.log/1"
MOST_LINE_BYTES = 4 * 1024 * 1024
_HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LoggedLeaf:
    """One leaf of a log file.

    Attributes
    ----------
    position : int
        Position that the file claims, from 0.
    commitment : bytes
        What the tree holds.
    salt : bytes or None
        Salt, where the content is disclosed.
    content : Any
        What JSON can hold; None where it is not disclosed (or where null was recorded).
    """

    position: int
    commitment: bytes
    salt: bytes | None = None
    content: Any = None


@dataclass(frozen=True, slots=True)
class LogFile:
    """What stands in a log file.

    Attributes
    ----------
    origin : str
        Identity that the file claims.
    key : str
        Verifier key that the file claims; proves nothing by itself.
    leaves : tuple of LoggedLeaf
        In the order of the file.
    checkpoints : tuple of str
        Signed notes as written.
    counted : tuple of int or None
        Leaves and checkpoints that the last line counts; None where the file is cut off.
    marking : str
        Marking for whoever handles the file; not part of the proof.
    """

    origin: str
    key: str
    leaves: tuple[LoggedLeaf, ...]
    checkpoints: tuple[str, ...]
    counted: tuple[int, int] | None
    marking: str = ""


def write_lines(
    *,
    origin: str,
    key: str,
    leaves: Iterable[LoggedLeaf],
    checkpoints: Iterable[str],
    marking: str = "",
) -> Iterator[str]:
    """Lines of a log file, one after the other, for logs that do not fit into memory."""
    yield _line({"schema": SCHEMA, "origin": origin, "key": key, "marking": marking})
    n_leaves = n_checkpoints = 0
    for leaf in leaves:
        row: dict[str, Any] = {"leaf": leaf.position, "commitment": leaf.commitment.hex()}
        if leaf.salt is not None:
            row |= {"salt": leaf.salt.hex(), "content": leaf.content}
        yield _line(row)
        n_leaves += 1
    for written in checkpoints:
        yield _line({"checkpoint": written})
        n_checkpoints += 1
    yield _line({"end": {"leaves": n_leaves, "checkpoints": n_checkpoints}})


def read_log_file(data: bytes, *, file: str = "") -> LogFile:
    """Read a log file.

    Raises
    ------
    ParseError
        When a line is not what it must be; its number is the error's offset.
    """
    head: dict[str, Any] | None = None
    leaves: list[LoggedLeaf] = []
    checkpoints: list[str] = []
    counted: tuple[int, int] | None = None
    for number, raw in enumerate(data.split(b"\n"), start=1):
        if not raw.strip():
            continue
        row = _row(raw, number, file)
        if head is None:
            head = _head(row, number, file)
        elif counted is not None:
            raise _wrong("something follows the last line of the log", number, file)
        elif "leaf" in row:
            leaves.append(_leaf(row, number, file))
        elif "checkpoint" in row:
            if set(row) != {"checkpoint"} or not isinstance(row["checkpoint"], str):
                raise _wrong("a checkpoint is one text", number, file)
            checkpoints.append(row["checkpoint"])
        elif set(row) == {"end"}:
            counted = _end(row["end"], number, file)
        else:
            raise _wrong("the line is neither a leaf nor a checkpoint", number, file)
    if head is None:
        raise ParseError("the file holds nothing", code="empty", file=file)
    return LogFile(
        head["origin"],
        head["key"],
        tuple(leaves),
        tuple(checkpoints),
        counted,
        head.get("marking", ""),
    )


def read_kept_commitments(data: bytes, *, file: str = "") -> tuple[bytes, ...]:
    """Commitments that were kept elsewhere: 64 hex digits a line, or another log file.

    Raises
    ------
    ParseError
        When a line is neither.
    """
    if data.lstrip().startswith(b"{"):
        return tuple(leaf.commitment for leaf in read_log_file(data, file=file).leaves)
    kept = []
    for number, raw in enumerate(data.split(b"\n"), start=1):
        text = raw.strip().decode("ascii", errors="replace")
        if not text:
            continue
        if not _HEX64.fullmatch(text):
            raise _wrong("a kept commitment has 64 hex digits", number, file)
        kept.append(bytes.fromhex(text))
    return tuple(kept)


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _row(raw: bytes, number: int, file: str) -> dict[str, Any]:
    if len(raw) > MOST_LINE_BYTES:
        raise _wrong("the line is too long", number, file)
    try:
        row = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _wrong("the line is no JSON, or cut off", number, file) from error
    if not isinstance(row, dict):
        raise _wrong("the line is no JSON object", number, file)
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once: two readers must not see two values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _head(row: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    if row.get("schema") != SCHEMA:
        raise _wrong(f"this is no log file ({SCHEMA})", number, file)
    if not all(isinstance(row.get(name, ""), str) for name in ("origin", "key", "marking")):
        raise _wrong("origin, key and marking are texts", number, file)
    if not row.get("origin") or not row.get("key"):
        raise _wrong("the first line names neither log nor key", number, file)
    return row


def _leaf(row: dict[str, Any], number: int, file: str) -> LoggedLeaf:
    position = row["leaf"]
    if not isinstance(position, int) or isinstance(position, bool) or position < 0:
        raise _wrong("the position of a leaf is a whole number", number, file)
    if ("salt" in row) != ("content" in row) or set(row) - {
        *("leaf", "commitment", "salt", "content")
    }:
        raise _wrong("a disclosed leaf has salt and content and nothing else", number, file)
    salt = _hash(row["salt"], number, file) if "salt" in row else None
    commitment = _hash(row.get("commitment"), number, file)
    return LoggedLeaf(position, commitment, salt, row.get("content"))


def _hash(value: object, number: int, file: str) -> bytes:
    if not isinstance(value, str) or not _HEX64.fullmatch(value):
        raise _wrong("salt and commitment have 64 hex digits", number, file)
    return bytes.fromhex(value)


def _end(value: object, number: int, file: str) -> tuple[int, int]:
    if isinstance(value, dict) and set(value) == {"leaves", "checkpoints"}:
        leaves, checkpoints = value["leaves"], value["checkpoints"]
        if type(leaves) is int and type(checkpoints) is int:
            return leaves, checkpoints
    raise _wrong("the last line counts leaves and checkpoints", number, file)


def _wrong(text: str, number: int, file: str) -> ParseError:
    return ParseError(f"line {number}: {text}", code="malformed", file=file, offset=number)
