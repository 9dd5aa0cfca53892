"""How many spectra the bytes of a non-XML file must hold, from their own lengths."""

from __future__ import annotations

import itertools
import math
import re
import struct

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ParseError
from tocsin.formats.notes import Notes

_PCF_BLOCK = 256
_PCF_DEVIATIONS = 4 * 8 * 8 * 20 * 2 * 2  # columns, panels, counters, pairs, two 16-bit numbers
_CHN_HEADER, _CHN_TAIL = 32, 512
_SPC_RECORD = 128
_TEXT_SPC = re.compile(rb"\s*SpectrumName[ \t]*:")
_EXPLORANIUM = frozenset({560, 2099, 2124, 2127})  # GR-130; GR-135 of three firmware versions
_NUMBER = re.compile(rb"[-+]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?")
# Formats that are a bare list: neither a length nor an end is written.
_OPEN_ENDED = frozenset({"text", "tka", "list-mode"})


def expected_spectra(data: bytes, file_format: str) -> int | None:
    """Number of spectra by file length or by lines; None where the format does not tell."""
    if file_format == "pcf":
        return _pcf_records(data)
    if file_format == "exploranium":
        return len(_exploranium_starts(data))
    if file_format in ("chn", "spe"):
        return 1
    return None


def check_whole(data: bytes, file_format: str, notes: Notes) -> None:
    """Refuse a file that is shorter than it says; note what may be missing.

    Parameters
    ----------
    data : bytes
        The whole file.
    file_format : str
        A name of ``library.PARSERS``.
    notes : Notes
        Takes what is doubtful and does not forbid reading.

    Raises
    ------
    ParseError
        ``"truncated"`` or ``"unreadable"``.
    """
    if file_format == "chn":
        _check_chn(data, notes)
    elif file_format == "pcf":
        _pcf_records(data)
    elif file_format == "spc":
        _check_spc(data, notes)
    elif file_format == "spe":
        _check_spe(data, notes)
    elif file_format == "exploranium":
        _check_exploranium(data, notes)
    elif file_format == "radiacode-spectrogram":
        _check_spectrogram(data)
    elif file_format in _OPEN_ENDED:
        notes.add(
            "length_unknown", "this format does not state its length: a cut-off file looks whole"
        )


def chn_counts(data: bytes) -> NDArray[np.int64] | None:
    """All channels of a CHN file; None where its header states none.

    The library empties the first two and the last two channels, which in some files hold times
    and in others counts.
    """
    (channels,) = struct.unpack_from("<H", data, 30)
    if channels == 0:
        return None
    return np.frombuffer(data, "<u4", channels, _CHN_HEADER).astype(np.int64)


def _cut(what: str) -> ParseError:
    return ParseError(f"the file is cut off: {what}", code="truncated")


def _pcf_records(data: bytes) -> int:
    """Records of a PCF file: blocks of 256 bytes, as many per record as the header says.

    A record may be shorter than its room in the last place only; its own count of channels says
    how much of it must be there.
    """
    (blocks,) = struct.unpack_from("<h", data, 0)
    start = _PCF_BLOCK
    if b"DeviationPairs" in data[_PCF_BLOCK : 2 * _PCF_BLOCK]:
        start += _PCF_BLOCK + _PCF_DEVIATIONS
    size = _PCF_BLOCK * blocks
    if size < 2 * _PCF_BLOCK or len(data) <= start:
        raise _cut("it ends before its first spectrum")
    count = 0
    for at in range(start, len(data), size):
        head = data[at : at + _PCF_BLOCK]
        if len(head) < _PCF_BLOCK:
            raise _cut("its last record is not complete")
        (channels,) = struct.unpack_from("<i", head, 252)
        if not 0 <= channels <= (size - _PCF_BLOCK) // 4 or len(data) < at + 256 + 4 * channels:
            raise _cut("its last record is not complete")
        if not np.all(np.isfinite(np.frombuffer(data, "<f4", channels, at + _PCF_BLOCK))):
            raise ParseError("a channel is no finite number")
        count += channels > 0
    return count


def _check_chn(data: bytes, notes: Notes) -> None:
    """Header of 32 bytes, 4 bytes a channel, 512 bytes of calibration and text."""
    if re.fullmatch(rb"[ 0-9A-Za-z\0]*", data[16:28]) is None:
        raise ParseError("the date of the CHN header is no text: this is no CHN file")
    (channels,) = struct.unpack_from("<H", data, 30)
    behind = len(data) - _CHN_HEADER - 4 * channels
    if behind < 0:
        there = (len(data) - _CHN_HEADER) // 4
        raise _cut(f"{channels} channels are stated, {there} are there")
    if channels == 0:
        notes.add("channels_guessed", "the file states 0 channels; their number was guessed")
    elif behind > _CHN_TAIL:
        notes.add("bytes_after_end", "more bytes follow the spectrum than the format has")
    elif behind < _CHN_TAIL:
        notes.add("tail_cut_off", "the file ends inside its calibration and descriptions")


def _check_spc(data: bytes, notes: Notes) -> None:
    """Channels fit into the records of 128 bytes that the header sets aside, and those exist."""
    if _TEXT_SPC.match(data) is not None:
        _check_text_spc(data, notes)
        return
    if len(data) < _SPC_RECORD:
        raise _cut("it ends inside its header")
    first, records, channels = struct.unpack_from("<3H", data, 60)
    if first and len(data) < (first - 1) * _SPC_RECORD + 4 * channels:
        raise _cut("it ends inside its spectrum")
    if records != -(-4 * channels // _SPC_RECORD):
        notes.add(
            "lengths_contradict",
            f"{channels} channels are stated and {records} blocks of 32 channels: one is wrong",
        )


def _check_text_spc(data: bytes, notes: Notes) -> None:
    """The text edition of SPC holds as many numbers behind ``SpectrumText`` as it states."""
    head, mark, body = data.partition(b"SpectrumText")
    stated = re.search(rb"^Length[ \t]*:[ \t]*([0-9]{1,7})[ \t]*\r?$", head, re.M)
    if not mark or stated is None:
        raise _cut("it ends inside its header")
    words = body.partition(b":")[2].replace(b",", b" ").split()
    values = sum(1 for _ in itertools.takewhile(_NUMBER.fullmatch, words))
    if values < int(stated[1]):
        raise _cut(f"{int(stated[1])} channels are stated, {values} are there")
    if not data[-1:].isspace():
        notes.add("length_unknown", "the last line does not end: its last number may be cut off")


def _exploranium_starts(data: bytes) -> list[int]:
    return [m.start() for m in re.finditer(b"ZZZZ", data)]


def _check_exploranium(data: bytes, notes: Notes) -> None:
    """Records are of one length; the last is not shorter than the others."""
    starts = _exploranium_starts(data)
    lengths = {b - a for a, b in itertools.pairwise(starts)}
    last = len(data) - starts[-1] if starts else 0
    if len(lengths) > 1:
        raise ParseError("the records of the file have different lengths", code="truncated")
    if (lengths and last < min(lengths)) or last < min(_EXPLORANIUM):
        raise _cut("its last record is not complete")
    if last not in _EXPLORANIUM:
        notes.add("length_unknown", "the last record has an unusual length: it may be cut off")


def _check_spe(data: bytes, notes: Notes) -> None:
    """The channels between ``$DATA:`` and the next keyword are as many as its first line says."""
    sections = re.split(rb"^\$DATA:[ \t]*\r?\n", data, flags=re.MULTILINE)
    if len(sections) == 1:
        return
    if len(sections) > 2:
        raise ParseError("the file holds more than one list of channels ($DATA)")
    head, _, body = sections[1].partition(b"\n")
    values = _spe_values(body)
    span = re.fullmatch(rb"\s*([0-9]{1,7})\s+([0-9]{1,7})\s*", head)
    stated = int(span.group(2)) - int(span.group(1)) + 1 if span is not None else 0
    if stated > values:
        raise _cut(f"{stated} channels are stated, {values} are there")
    if stated < values:
        notes.add(
            "lengths_contradict",
            f"{values} channels are there and {head[:40].decode('latin-1').strip()!r} is stated",
        )


def _spe_values(body: bytes) -> int:
    """Number of channels up to the next keyword; every one has to be a finite number."""
    words = re.split(rb"^[ \t]*\$", body, maxsplit=1, flags=re.MULTILINE)[0].split()
    for word in words:
        if _NUMBER.fullmatch(word) is None or not math.isfinite(float(word)):
            raise ParseError(f"a channel is no number: {word[:40].decode('latin-1')!r}")
    return len(words)


def _check_spectrogram(data: bytes) -> None:
    """The intervals of all lines add up to the time that the first line states."""
    stated = re.match(rb"Spectrogram:[^\r\n]*?\bAccumulation time:\s*(\d{1,9})", data)
    if stated is None:
        return
    if not data.endswith((b"\n", b"\r")):
        raise _cut("its last line does not end")
    intervals = re.findall(rb"^\d{15,20}\t(\d{1,9})(?=[\t\r\n])", data, re.M)
    total, lines = sum(int(i) for i in intervals), len(intervals)
    # Each interval is rounded to a second, and the one under way may not have been written.
    longest = max((int(i) for i in intervals), default=0)
    if total + longest + lines < int(stated.group(1)):
        raise _cut(f"{stated.group(1).decode()} s are stated, {total} s are there")
