"""A second opinion on how much a file holds, written apart from the readers under test.

Slow and plain on purpose. ``content`` answers with the number of spectra and the sum of all
counts, ``DAMAGED`` where the file cannot be whole, or None where this module does not know the
format well enough to say.
"""

from __future__ import annotations

import math
import re
import struct

import numpy as np
from lxml import etree

from .field_oracle import OPINIONS
from .verdict import DAMAGED, Answer, Content

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")


def content(kind: str, data: bytes) -> Answer:
    """Second opinion on the content of a file of one kind (a suffix such as ``".n42"``)."""
    if kind in (".n42", ".xml"):
        return _xml(data)
    if kind == ".chn":
        return _chn(data)
    if kind == ".pcf":
        return _pcf(data)
    if kind == ".spe":
        return _spe(data)
    return OPINIONS[kind](data) if kind in OPINIONS else None


def _xml(data: bytes) -> Answer:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return DAMAGED
    name = etree.QName(root).localname
    if name == "ResultDataFile":
        return _radiacode(root)
    if name not in ("RadInstrumentData", "N42InstrumentData", "Event"):
        return None
    spectra, total = 0, 0.0
    for element in root.iter():
        if not isinstance(element.tag, str) or etree.QName(element).localname != "ChannelData":
            continue
        words = "".join(element.itertext()).split()
        if not all(_NUMBER.match(w) for w in words):
            return DAMAGED
        values = [float(w) for w in words]
        code = next((v for k, v in element.attrib.items() if k.lower().endswith("compression")
                     or k.lower().endswith("compressioncode")), "None")  # fmt: skip
        if code.lower() == "countedzeroes":
            expanded = _counted_zeroes(values)
            if expanded is None:
                return DAMAGED
            total += expanded
        elif code.lower() != "none":
            return DAMAGED
        else:
            total += math.fsum(values)
        spectra += bool(values)
    return Content(spectra, total)


def _counted_zeroes(values: list[float]) -> float | None:
    total, at = 0.0, 0
    while at < len(values):
        if values[at] == 0:
            if at + 1 >= len(values) or values[at + 1] < 1 or values[at + 1] % 1:
                return None
            at += 2
        else:
            total += values[at]
            at += 1
    return total


def _radiacode(root: etree._Element) -> Answer:
    spectra, total = 0, 0.0
    for element in root.iter("Spectrum"):
        words = ["".join(point.itertext()).strip() for point in element.iter("DataPoint")]
        if not all(_NUMBER.match(w) for w in words):
            return DAMAGED
        total += math.fsum(float(w) for w in words)
        spectra += bool(words)
    return Content(spectra, total)


def _chn(data: bytes) -> Answer:
    if len(data) < 32 or data[:2] != b"\xff\xff":
        return None
    (channels,) = struct.unpack_from("<H", data, 30)
    if channels == 0:
        return None
    if len(data) < 32 + 4 * channels:
        return DAMAGED
    return Content(1, float(np.frombuffer(data, "<u4", channels, 32).sum(dtype=np.float64)))


def _pcf(data: bytes) -> Answer:
    if len(data) < 512 or b"DeviationPairs" in data[:256]:
        return None
    (blocks,) = struct.unpack_from("<h", data, 0)
    if blocks < 2:
        return None
    size = blocks * 256
    spectra, total, at = 0, 0.0, 256
    while at < len(data):
        if at + 256 > len(data):
            return DAMAGED
        (multiplier,) = struct.unpack_from("<f", data, at + 220)
        (channels,) = struct.unpack_from("<i", data, at + 252)
        if not 0 <= channels <= (blocks - 1) * 64 or multiplier not in (0.0, 1.0):
            return None
        if at + 256 + 4 * channels > len(data):
            return DAMAGED
        counts = np.frombuffer(data, "<f4", channels, at + 256).astype(np.float64)
        if not np.all(np.isfinite(counts)):
            return DAMAGED
        if data[at : at + 60].strip().lower() != b"energy":
            spectra += channels > 0
            total += float(counts.sum())
        at += size
    return Content(spectra, total)


def _spe(data: bytes) -> Answer:
    sections = re.split(rb"^\$DATA:[ \t]*\r?\n", data, flags=re.MULTILINE)
    if len(sections) != 2:
        return None
    lines = sections[1].splitlines()
    try:
        first, last = (int(w) for w in lines[0].split())
    except (ValueError, IndexError):
        return None
    body = []
    for line in lines[1:]:
        if line.lstrip().startswith(b"$"):
            break
        body += line.decode("latin-1").split()
    if len(body) != last - first + 1 or not all(_NUMBER.match(w) for w in body):
        return DAMAGED
    return Content(1, math.fsum(float(w) for w in body))
