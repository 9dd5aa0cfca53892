"""How many spectra the bytes of a non-XML file must hold, from their own lengths."""

from __future__ import annotations

import re
import struct

from tocsin.errors import ParseError

_PCF_BLOCK = 256
_PCF_DEVIATIONS = 4 * 8 * 8 * 20 * 2 * 2  # columns, panels, counters, pairs, two 16-bit numbers


def expected_spectra(data: bytes, file_format: str) -> int | None:
    """Number of spectra by file length or by lines; None where the format does not tell."""
    if file_format == "pcf":
        return _pcf_records(data)
    if file_format in ("chn", "spe"):
        return 1
    return None


def check_whole(data: bytes, file_format: str) -> None:
    """Refuse a file that is shorter than it says.

    Raises
    ------
    ParseError
        ``"truncated"``.
    """
    if file_format == "chn":
        (channels,) = struct.unpack_from("<H", data, 30)
        if len(data) < 32 + 4 * channels:
            raise _cut(f"{channels} channels are stated, {(len(data) - 32) // 4} are there")
    elif file_format == "pcf":
        _pcf_records(data)
    elif file_format == "spe":
        _check_spe(data)
    elif file_format == "radiacode-spectrogram":
        _check_spectrogram(data)


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
        count += channels > 0
    return count


def _check_spe(data: bytes) -> None:
    """The channels between ``$DATA:`` and the next keyword are as many as its first line says."""
    block = re.search(
        rb"^\$DATA:\s*?\r?\n\s*(\d{1,7})\s+(\d{1,7})\s*\r?\n((?:\s*[-+.\d eE]+\r?\n?)*+)",
        data,
        re.M,
    )
    if block is None:
        return
    first, last = int(block.group(1)), int(block.group(2))
    values = len(block.group(3).split())
    if values < last - first + 1:
        raise _cut(f"{last - first + 1} channels are stated, {values} are there")


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
