"""Own reader of ``RADDATA://`` URIs, the text of spectra in QR codes.

``RADDATA://G0/`` options, number of URIs - 1, number of this one (or, in a single one, of spectra
- 1), ``/``, and with several URIs a check sum and ``/``; then the data. Options (hexadecimal): 1
not compressed, 2 not in base 45 or 64, 4 channels as text, 8 no counted zeroes, 0x10 base 64 in
place of base 45. The data: fields ``I:`` purpose, ``T:`` real and live time, ``C:`` energy
calibration, ``D:`` deviation pairs, ``M:`` model, ``P:`` start, ``G:`` place, ``N:`` neutrons,
``O:`` notes, and last ``S:`` the channels; ``:0A:`` begins a further spectrum.

The compressed data bear a check sum, the header none: of an option digit that was damaged into
another one that fits, nothing is seen.

A file holds one URI per line: parts of one spectrum in any order, or URIs of their own.

References
----------
Johnson et al., "Spectra in a QR code" (SpecUtils/InterSpec, Sandia National Laboratories), whose
reader is the second opinion in the tests.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import raddata_codec as codec
from tocsin.formats.limits import Limits
from tocsin.formats.n42_reader import position_of
from tocsin.formats.n42_values import MAX_CHANNELS, expand_counted_zeroes
from tocsin.formats.notes import Notes
from tocsin.formats.strict_text import Calibrations, printable, real, text_counts, whole
from tocsin.spectra import (
    DetectorInfo,
    GrossCounts,
    Instrument,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

NO_DEFLATE, NO_BASE, AS_TEXT, NO_ZEROES, BASE64, MAIL = 1, 2, 4, 8, 0x10, 0x20
NEXT = b":0A:"
PURPOSES = {
    "I": SourceType.INTRINSIC,
    "C": SourceType.CALIBRATION,
    "B": SourceType.BACKGROUND,
    "F": SourceType.FOREGROUND,
}
HEADER = re.compile(rb"(?:raddata|interspec):(?://)?G0/([0-9A-F]{1,2})([0-9A-F])([0-9A-F])/", re.I)
_SHORT = re.compile(rb"(?:raddata|interspec):(?://)?G0/([0-9A-F])([0-9A-F])([0-9A-F])/", re.I)
_LONG = re.compile(rb"(?:raddata|interspec):(?://)?G0/([0-9A-F]{2})([0-9A-F])([0-9A-F])/", re.I)
_CRC = re.compile(rb"([0-9]{1,5})/")
_FIELD = re.compile(r"(?:^| )([A-Z]):(.*?)(?= [A-Z]:|\Z)", re.S)
_MOST_BYTES = 16 * MAX_CHANNELS


@dataclass(frozen=True, slots=True)
class _Uri:
    """One URI: its header and its data as they stand after it."""

    options: int
    parts: int
    number: int
    spectra: int
    crc: int
    payload: bytes


def read_raddata(data: bytes, limits: Limits) -> Recording:
    """Read the spectra of all URIs of a file.

    Raises
    ------
    ParseError
        When a part of a spectrum is missing, a check sum is wrong or the data are damaged.
    """
    notes = Notes()
    records: list[Record] = []
    model = ""
    room = limits.max_values
    for group in _groups(data):
        of_group: list[Record] = []
        for fields, counts in _spectra(group):
            model = model or printable(fields.get("M", ""))
            room -= counts.size
            if room < 0:
                raise ParseError(
                    "the spectra hold more channels than the limit allows", code="too_large"
                )
            of_group.append(_record(fields, counts, notes))
        records += _inherited(of_group)
    return Recording(
        records=tuple(records),
        instrument=Instrument(model=model, detectors=(DetectorInfo("", "Gamma"),)),
        warnings=notes.warnings(),
        file_format="raddata-uri",
    )


def _groups(data: bytes) -> list[list[_Uri]]:
    """URIs that belong together: single ones, and the parts of one spectrum in their order."""
    found = [_uri(line.strip(b" \t\r\n\x00")) for line in _lines(data)]
    groups: list[list[_Uri]] = []
    open_parts: dict[tuple[int, int, int], dict[int, _Uri]] = {}
    for uri in found:
        if uri.parts == 1:
            groups.append([uri])
            continue
        parts = open_parts.setdefault((uri.options, uri.parts, uri.crc), {})
        if uri.number in parts:
            raise ParseError(f"part {uri.number + 1} of a spectrum occurs twice")
        parts[uri.number] = uri
        if len(parts) == uri.parts:
            groups.append([parts[n] for n in range(uri.parts)])
            del open_parts[(uri.options, uri.parts, uri.crc)]
    for (_options, n, _crc), parts in open_parts.items():
        raise ParseError(
            f"{len(parts)} of the {n} parts of a spectrum are there: scan the others, too",
            code="truncated",
        )
    return groups


def _lines(data: bytes) -> list[bytes]:
    """One piece of the file for every URI in it; the data of a URI may hold any byte."""
    starts = [match.start() for match in HEADER.finditer(data)]
    if not starts:
        raise ParseError("no spectrum URI (RADDATA://G0/...) is in the file")
    ends = [*starts[1:], len(data)]
    return [data[a:b] for a, b in zip(starts, ends, strict=True)]


def _uri(line: bytes) -> _Uri:
    match = _SHORT.match(line) or _LONG.match(line)
    if match is None:
        raise ParseError("the header of a spectrum URI is damaged")
    options, parts, last = int(match[1], 16) & ~MAIL, int(match[2], 16) + 1, int(match[3], 16)
    if options & ~(NO_DEFLATE | NO_BASE | AS_TEXT | NO_ZEROES | BASE64):
        raise ParseError(f"the options {options:#x} of a spectrum URI are not known")
    at, crc = match.end(), 0
    if parts > 1:
        if last >= parts:
            raise ParseError("a part of a spectrum has a number beyond the last")
        stated = _CRC.match(line, at)
        if stated is None or int(stated[1]) > 0xFFFF:
            raise ParseError("the check sum of a spectrum in several parts is missing")
        crc, at = int(stated[1]), stated.end()
    spectra = last + 1 if parts == 1 else 1
    return _Uri(options, parts, last if parts > 1 else 0, spectra, crc, line[at:])


def _spectra(group: list[_Uri]) -> list[tuple[dict[str, str], NDArray[np.int64]]]:
    """Fields and channels of every spectrum that a group of URIs holds."""
    first = group[0]
    wires = [_wire_bytes(uri) for uri in group]
    if first.parts > 1 and codec.crc16_arc(b"".join(w[0] for w in wires)) != first.crc:
        raise ParseError("the check sum of the spectrum is wrong: a part of it is damaged")
    bodies = [body for _raw, body in wires]
    found: list[tuple[dict[str, str], NDArray[np.int64]]] = []
    rest: bytes | None = bodies[0]
    while rest is not None:
        head, mark, channels = rest.partition(b"S:")
        # The channels begin behind the first " S:", or at the very front.
        while mark and head and not head.endswith(b" "):
            more, mark, channels = channels.partition(b"S:")
            head = head + b"S:" + more
        if not mark:
            raise ParseError("a spectrum URI holds no channels", code="truncated")
        counts, rest = _channels(channels, first.options)
        if first.parts > 1:
            if rest is not None:
                raise ParseError("several spectra in a URI of several parts")
            for body in bodies[1:]:
                more_counts, tail = _channels(body, first.options)
                if tail is not None:
                    raise ParseError("several spectra in a URI of several parts")
                counts = np.concatenate((counts, more_counts))
        if not first.options & NO_ZEROES:
            counts = expand_counted_zeroes(counts)
        if counts.size == 0:
            raise ParseError("a spectrum URI holds no channels", code="truncated")
        found.append((_fields(head, first.options), counts))
    if len(found) != first.spectra:
        raise ParseError(
            f"{first.spectra} spectra are stated in a URI, {len(found)} are there",
            code="truncated",
        )
    return found


def _wire_bytes(uri: _Uri) -> tuple[bytes, bytes]:
    """Data of a URI as they were checked (in base 45 or 64), and as fields and channels.

    A program hands on a URI with its percent signs, a QR scanner without: both are tried.
    """
    errors: list[ParseError] = []
    decoded = codec.percent_decoded(uri.payload)
    for raw in dict.fromkeys((decoded, uri.payload)):
        for tail in (raw, raw.rstrip(b" ")):  # scanners add blanks, which base 45 takes for digits
            try:
                return tail, _body(tail, uri.options)
            except ParseError as error:
                errors.append(error)
    raise errors[0]


def _body(raw: bytes, options: int) -> bytes:
    body = raw
    if options & BASE64:
        body = codec.base64_decoded(raw.decode("latin-1"))
    elif not options & NO_BASE:
        body = codec.base45_decoded(raw.decode("latin-1").replace("\r", "").replace("\n", ""))
    if not options & NO_DEFLATE:
        body = codec.inflated(body, most=_MOST_BYTES)
    return body


def _channels(data: bytes, options: int) -> tuple[NDArray[np.int64], bytes | None]:
    """Numbers at the front, and what follows the mark of a further spectrum."""
    if options & AS_TEXT:
        text, mark, rest = data.partition(NEXT)
        counts = text_counts(text.decode("latin-1").replace("$", " ").replace(",", " "))
        if counts.dtype != np.int64 or (counts.size and counts.min() < 0):
            raise ParseError("a channel is no whole number of counts")
        return counts.astype(np.int64), rest if mark else None
    numbers, end = codec.unpacked(data)
    rest = data[end:]
    if rest[:4].upper() == NEXT:
        return numbers, rest[4:]
    if rest.strip(b"\x00"):
        raise ParseError("bytes are left over behind the channels of a spectrum")
    return numbers, None


def _fields(head: bytes, options: int) -> dict[str, str]:
    text = head.decode("utf-8", "replace").rstrip()
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        fields.setdefault(match[1], match[2].strip())
    if options & (NO_DEFLATE | NO_BASE | AS_TEXT) == NO_DEFLATE | NO_BASE | AS_TEXT:
        for name in ("M", "O"):
            if name in fields:
                raw = codec.percent_decoded(fields[name].encode("utf-8"))
                fields[name] = raw.decode("utf-8", "replace")
    return fields


def _numbers(text: str, what: str) -> tuple[float, ...]:
    return tuple(real(word, what) for word in text.replace("$", ",").split(","))


def _record(fields: dict[str, str], counts: NDArray[np.int64], notes: Notes) -> Record:
    times = _numbers(fields["T"], "a time") if "T" in fields else ()
    if len(times) != 2 or min(times) < 0:
        raise ParseError("a spectrum URI states no real and live time")
    pairs: tuple[tuple[float, float], ...] = ()
    if "D" in fields:
        flat = _numbers(fields["D"], "a deviation pair")
        if len(flat) % 2:
            raise ParseError("deviation pairs of an odd number of values")
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
    calibration = None
    if "C" in fields:
        calibration = Calibrations(notes).polynomial(_numbers(fields["C"], "a coefficient"), pairs)
    position = None
    if "G" in fields:
        place = _numbers(fields["G"], "a coordinate")
        if len(place) != 2:
            raise ParseError("a place in a spectrum URI is not made of two coordinates")
        position = position_of(place[0], place[1], notes)
    neutrons: tuple[GrossCounts, ...] = ()
    if "N" in fields:
        neutrons = (GrossCounts("", float(whole(fields["N"], "number of neutrons"))),)
    purpose = fields.get("I", "")
    if purpose and purpose not in PURPOSES:
        raise ParseError(f"the purpose {printable(purpose[:10])!r} of a spectrum is not known")
    try:
        spectrum = Spectrum(counts, times[1], times[0], calibration)
    except InvalidInput as error:
        raise ParseError(f"a spectrum is not readable ({error})") from error
    return Record(
        spectra=(spectrum,),
        start=_start(fields.get("P", ""), notes),
        real_time_s=times[0],
        source_type=PURPOSES.get(purpose, SourceType.UNKNOWN),
        position=position,
        gross_counts=neutrons,
        title=printable(fields.get("O", "")),
    )


def _start(text: str, notes: Notes) -> dt.datetime | None:
    """Start as ``20240131T235959``, of an unknown zone."""
    if not text:
        notes.add("time_missing", "a record has no start time that can be read")
        return None
    try:
        return dt.datetime.fromisoformat(text[:15])
    except ValueError:
        notes.add("time_unreadable", "a record has no start time that can be read")
        return None


def _inherited(records: list[Record]) -> list[Record]:
    """Further spectra of a URI leave out what they share with the first."""
    first = records[0]
    found = []
    for record in records:
        (spectrum,) = record.spectra
        (model,) = first.spectra
        if spectrum.calibration is None and spectrum.n_channel == model.n_channel:
            record = replace(record, spectra=(spectrum.with_calibration(model.calibration),))
        if record.position is None:
            record = replace(record, position=first.position)
        found.append(record)
    return found
