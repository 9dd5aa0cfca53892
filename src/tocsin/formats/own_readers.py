"""Formats that only our own readers take: how each is known, and how its parts are counted.

The count is taken from the bytes by a search that knows nothing of the format's grammar and shares
no code with its reader; a reader that returns another number is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tocsin.errors import ParseError
from tocsin.formats import (
    atomfast,
    becquerel_h5,
    bgeigie,
    ers,
    hdf5_file,
    iec1455,
    list_mode,
    pei_csv,
    qr_image,
    raddata,
    radiacode_log,
    radiacode_track,
)
from tocsin.formats.limits import Limits
from tocsin.spectra import Recording

_HEAD = 4096
_FIRST_LINE = 65_536


@dataclass(frozen=True, slots=True)
class OwnFormat:
    """One format.

    Attributes
    ----------
    matches : callable
        True when the bytes begin as this format does (a name hints at nothing).
    read : callable
        The reader.
    expected : callable
        Number of parts in the bytes.
    found : callable
        The same number from what was read.
    """

    name: str
    matches: Callable[[bytes], bool]
    read: Callable[[bytes, Limits], Recording]
    expected: Callable[[bytes], int]
    found: Callable[[Recording], int]


def reader_for(data: bytes) -> OwnFormat | None:
    """The format that the bytes belong to, or None."""
    return next((own for own in FORMATS if own.matches(data)), None)


def read_own(own: OwnFormat, data: bytes, limits: Limits) -> tuple[Recording, int, int]:
    """A recording, the number of parts in the bytes, and the number that was read.

    Raises
    ------
    ParseError
        ``"too_large"`` before anything is read, where the bytes hold more parts than the limit.
    """
    expected = own.expected(data)
    if expected > limits.max_records and own.name != "ortec-list-mode":
        raise ParseError("more records than the limit allows", code="too_large")
    recording = own.read(data, limits)
    return recording, expected, own.found(recording)


# ------------------------------------------------------------------------------ how it begins


def _head(data: bytes) -> bytes:
    return data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(signatures)


def _head_fits(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern)
    return lambda data: compiled.match(_head(data)) is not None


_ERS_VERSION = re.compile(rb"^V[ \t]+[0-9.]+[ \t]*\r?$", re.M)
_TRACK_JSON = re.compile(rb'"(?:markers|periods|devices|sv|isSievert)"\s*:')
_ATOMFAST = re.compile(rb'"(?:d|lng|t)"\s*:')
_POLL_LINE = re.compile(rb'\{"?[^{}\[\]\r\n]*"(?:gnss|serial_number)"\s*:')


def _is_ers(data: bytes) -> bool:
    head = _head(data)
    return head.startswith((b"/*", b"V ", b"V\t")) and _ERS_VERSION.search(head) is not None


def _is_pei(data: bytes) -> bool:
    first = re.split(rb"[\r\n]", data[:_FIRST_LINE].removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0]
    if not (b"RECS" in first and b"Lat" in first and b"_1" in first):
        return False
    return pei_csv.columns_of(first.decode("latin-1")) is not None


def _is_track_json(data: bytes) -> bool:
    # Names stand in any order: those of the top may come behind all markers.
    if not _head(data).startswith(b"{") or b'"countRate"' not in data:
        return False
    return _TRACK_JSON.search(data) is not None and b'"doseRate"' in data


def _is_atomfast(data: bytes) -> bool:
    head = _head(data)
    if not head.startswith((b"[", b"{")):
        return False
    return {match[0].split(b'"')[1] for match in _ATOMFAST.finditer(head)} == {b"d", b"lng", b"t"}


def _is_poll_log(data: bytes) -> bool:
    return _POLL_LINE.match(_head(data)) is not None


def _is_raddata(data: bytes) -> bool:
    head = _head(data)
    return head[:7].lower() in (b"raddata", b"mailto:") and raddata.HEADER.search(head) is not None


# --------------------------------------------------------------------------- how it is counted


def _matches(pattern: bytes) -> Callable[[bytes], int]:
    compiled = re.compile(pattern, re.M)
    return lambda data: sum(1 for _ in compiled.finditer(data))


def _filled_lines(data: bytes) -> int:
    return sum(1 for line in re.split(rb"\r\n|\n|\r", data) if line.strip())


def _after_header(lines: int) -> Callable[[bytes], int]:
    return lambda data: max(0, _filled_lines(data) - lines)


def _records(recording: Recording) -> int:
    return len(recording.records)


def _with_spectra(recording: Recording) -> int:
    return len(recording.records) + sum(len(r.spectra) for r in recording.records)


def _poll_lines(recording: Recording) -> int:
    """Lines with spectra (differences as many as totals); 0 for a log of readings only."""
    return sum(1 for r in recording.records if r.spectra)


def _pulses(data: bytes) -> int:
    """Words of list mode that are pulses, by their top bits."""
    words = np.frombuffer(data[256 : len(data) - (len(data) - 256) % 4], "<u4")
    style = int.from_bytes(data[4:8], "little")
    return int(np.count_nonzero(words < 1 << 31 if style == 1 else words >= 3 << 30))


def _counts(recording: Recording) -> int:
    return round(sum(r.total_counts for r in recording.records))


def _one(_data: bytes) -> int:
    return 1


def _one_or_more(recording: Recording) -> int:
    """How many codes a picture holds, nobody but its decoder can tell."""
    return min(1, len(recording.records))


def _uri_spectra(data: bytes) -> int:
    """Spectra that the headers of all URIs announce."""
    single = parts = 0.0
    for match in raddata.HEADER.finditer(data):
        total, last = int(match[2], 16) + 1, int(match[3], 16)
        if total == 1:
            single += last + 1
        else:
            parts += 1.0 / total
    return round(single + parts)


def _read_picture(data: bytes, limits: Limits) -> Recording:
    return raddata.read_raddata(qr_image.uris_in_image(data), limits)


FORMATS: tuple[OwnFormat, ...] = (
    OwnFormat(
        "becquerel-h5",
        _begins(hdf5_file.SIGNATURE),
        becquerel_h5.read_becquerel_h5,
        _one,
        _records,
    ),
    OwnFormat(
        "ortec-list-mode", _begins(list_mode.MAGIC), list_mode.read_list_mode, _pulses, _counts
    ),
    OwnFormat("qr-image", _begins(*qr_image.SIGNATURES), _read_picture, _one, _one_or_more),
    OwnFormat(
        "ers",
        _is_ers,
        ers.read_ers,
        _matches(rb"^[ \t]*(?:N|PA)[ \t]|(?:^|;)[ \t]*#S(?:_D[0-9]+)?[ \t]"),
        _with_spectra,
    ),
    OwnFormat(
        "bgeigie-log",
        _head_fits(rb"# NEW LOG|\$[A-Z][A-Z0-9]{3,6},[0-9]{1,6},"),
        bgeigie.read_bgeigie,
        _matches(rb"^[ \t]*\$"),
        _records,
    ),
    OwnFormat(
        "radiacode-track",
        _head_fits(rb"Track:"),
        radiacode_track.read_track_text,
        _after_header(2),
        _records,
    ),
    OwnFormat(
        "iec-1455", _head_fits(rb"A004[^\r\n]{0,76}[\r\n]"), iec1455.read_iec1455, _one, _records
    ),
    OwnFormat("raddata-uri", _is_raddata, raddata.read_raddata, _uri_spectra, _records),
    OwnFormat(
        "radiacode-poll-log",
        _is_poll_log,
        radiacode_log.read_poll_log,
        _matches(rb'"counts"\s*:'),
        _poll_lines,
    ),
    OwnFormat(
        "radiacode-track-json",
        _is_track_json,
        radiacode_track.read_track_json,
        _matches(rb'"countRate"\s*:'),
        _records,
    ),
    OwnFormat(
        "atomfast-json", _is_atomfast, atomfast.read_atomfast, _matches(rb'"lng"\s*:'), _records
    ),
    OwnFormat("pei-csv", _is_pei, pei_csv.read_pei_csv, _after_header(1), _records),
)
