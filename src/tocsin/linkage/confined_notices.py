"""Notices that people bring, read by the rules in a confined child process, line by line."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import confinement
from tocsin.formats.confined_child import say
from tocsin.formats.limits import Limits, MiB
from tocsin.linkage.feed import lines_of
from tocsin.linkage.kind import Kind
from tocsin.linkage.notice import read_notice

MOST_LINES = 200_000
"""Notices of one file; the public feed 1999-2014 has 6,011."""
LIMITS = Limits(max_bytes=64 * MiB, memory_bytes=1024 * MiB, cpu_s=1800, wall_s=3600)
"""The rules take some 5 ms a notice; the feed 1999-2014 is 3 MiB packed."""
_ADDRESS = "https://"
_SAMPLE = (
    "STOLEN GAUGE\n\nA Troxler 3430, S/N 23008, with 8 mCi of cesium-137 (source serial # 75-48) "
    "was stolen from a truck in Elko, Nevada.\n\n* * * UPDATE ON 1/2/03 * * *\n\nThe gauge was "
    "found.\n\n* * * RETRACTION * * *\n\nThe report is retracted."
)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line of the file.

    Parameters
    ----------
    line : int
        From one.
    notice : dict or None
        As ``tocsin notice --json`` writes it, with ``address`` and ``updated`` of the feed.
    fault : str
        What is wrong with the line; empty with a notice.
    """

    line: int
    notice: dict[str, Any] | None
    fault: str


def read_notices(data: bytes, *, limits: Limits = LIMITS) -> Iterator[ReadLine]:
    """The notices of a file of JSON lines, plain or gzipped, as they are read.

    Raises
    ------
    ParseError
        When it is empty, beyond the bounds, or its reader did not survive it.
    """
    if not data:
        raise ParseError("the file is empty", code="empty")
    if len(data) > limits.max_bytes:
        raise ParseError("the file is too large", code="too_large")
    with tempfile.TemporaryFile() as given:
        given.write(data)
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "tocsin.linkage.confined_notices"],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        watch = threading.Timer(limits.wall_s, child.kill)
        watch.start()
        try:
            yield from _told(child)
        finally:
            watch.cancel()
            child.kill()
            if child.stdout is not None:
                child.stdout.close()
            child.wait()


def _told(child: subprocess.Popen[bytes]) -> Iterator[ReadLine]:
    assert child.stdout is not None  # noqa: S101 - asked for as a pipe
    ended = False
    for number, raw in enumerate(child.stdout):
        if number > MOST_LINES:
            raise ParseError(f"more than {MOST_LINES:,} lines", code="too_large")
        try:
            said = json.loads(raw)
        except ValueError as error:
            raise ParseError("the reader of the file was cut off", code="crashed") from error
        if said == "end":
            ended = True
            break
        yield _believed(said)
    if not ended:
        raise ParseError("the file broke its reader, or took too long", code="crashed")


def _believed(said: Any) -> ReadLine:
    """What the child says of a line, if it has the form that it must have."""
    notice = said.get("notice") if isinstance(said, dict) else None
    sound = (
        isinstance(said, dict)
        and type(said.get("line")) is int
        and isinstance(said.get("fault"), str)
        and (notice is None or _is_notice(notice))
    )
    if not sound:
        raise ParseError("the reader of the file was cut off", code="crashed")
    return ReadLine(said["line"], notice, said["fault"][:400])


def _is_notice(said: Any) -> bool:
    """Whether it has every field of a notice, of its type; what it read may have led it astray."""
    return (
        isinstance(said, dict)
        and said.keys() == _FIELDS.keys()
        and all(sound(said[name]) for name, sound in _FIELDS.items())
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _perhaps_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _rows(**fields: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value is a list of objects with these fields at least."""

    def sound(value: Any) -> bool:
        return isinstance(value, list) and all(
            isinstance(row, dict) and all(test(row.get(name)) for name, test in fields.items())
            for row in value
        )

    return sound


_FIELDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("event_number", "place", "state", "updated"), _is_text),
    **dict.fromkeys(("date", "reported", "holder", "licence"), _perhaps_text),
    **dict.fromkeys(("nuclides", "manufacturers", "models", "device_types"), _texts),
    **dict.fromkeys(("retracted", "recovered"), _is_truth),
    "kind": lambda value: value in get_args(Kind),
    "activities": _rows(
        nuclide=_perhaps_text, Bq=lambda value: type(value) in (int, float), text=_is_text
    ),
    "serials": _rows(value=_is_text, of=lambda value: value in ("source", "device", "unknown")),
    "updates": lambda value: type(value) is int and value >= 0,
    "passages": _rows(field=_is_text, value=_is_text, text=_is_text),
    "address": lambda value: value == "" or _is_address(value),
}


def _read(line: int, record: dict[str, Any] | ParseError) -> dict[str, Any]:
    if isinstance(record, ParseError):
        return {"line": line, "notice": None, "fault": record.reason}
    try:
        notice = read_notice(record).as_json()
    except InvalidInput as error:
        return {"line": line, "notice": None, "fault": str(error)}
    address, updated = record.get("page_url"), record.get("last_update_date")
    notice["address"] = str(address)[:400] if _is_address(address) else ""
    notice["updated"] = updated[:10] if isinstance(updated, str) else ""
    return {"line": line, "notice": notice, "fault": ""}


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_ADDRESS) and value.isprintable()


def _warm_up() -> None:
    """Load what the rules load at their first notice: behind the fence no file can be opened."""
    sample = json.dumps({"event_number": 0, "event_text": _SAMPLE, "city": "ELKO", "state": "NV"})
    for content in (gzip.compress(sample.encode()), b"\xef\xbb\xbf" + sample.encode() + b"\n{"):
        for line, record in lines_of(io.BytesIO(content), "sample"):
            _read(line, record)


def main() -> int:
    """Life of the child: load the rules, confine, read, answer line by line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _warm_up()
    data = io.BytesIO(sys.stdin.buffer.read(LIMITS.max_bytes + 1))
    confinement.leave_network()
    confinement.confine(LIMITS)
    for line, record in lines_of(data, "notices"):
        _say(_read(line, record))
    _say("end")
    return 0


def _say(words: object) -> None:
    say(json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    # Nothing is flushed or closed behind the fence: a leave without ceremony.
    os._exit(main())
