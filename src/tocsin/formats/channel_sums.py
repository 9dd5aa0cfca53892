"""Sum of all channels of an XML file, taken from its bytes and not from the reader of its format.

A second opinion: damaged XML can be read in part by a reader that is kind to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from lxml import etree

from tocsin.errors import ParseError
from tocsin.formats.n42_values import MAX_CHANNELS, expand_counted_zeroes, numbers
from tocsin.formats.notes import Notes

_HOLDERS = ("ChannelData", "DataPoint")
# For files that are not well-formed: text up to the next tag, whatever that is.
_CHANNELS = re.compile(
    rb"<(?:[\w.-]+:)?(ChannelData|DataPoint)\b([^<>]*+)(?<!/)>([^<]*+)<", re.ASCII
)
_COUNTED_ZEROES = re.compile(r"countedzeroe?s", re.I)


@dataclass(frozen=True, slots=True)
class ChannelSum:
    """Sum over all channels, and whether the XML around them is well-formed."""

    total: float
    well_formed: bool


def channel_sum(data: bytes, notes: Notes) -> ChannelSum:
    """Sum of everything in ``ChannelData`` and ``DataPoint`` elements.

    Raises
    ------
    ParseError
        When a channel is no finite number.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root: Any = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return ChannelSum(_sum_of_bytes(data, notes), well_formed=False)
    total = 0.0
    points: list[str] = []
    for element in root.iter(*(f"{{*}}{name}" for name in _HOLDERS)):
        text = "".join(element.itertext(with_tail=False))
        if etree.QName(element).localname == "DataPoint":
            points.append(text)
        else:
            total += _total(text, " ".join(map(str, element.attrib.values())), notes)
    return ChannelSum(total + _points_total(points), well_formed=True)


def _sum_of_bytes(data: bytes, notes: Notes) -> float:
    found = [(m[1], m[2], m[3]) for m in _CHANNELS.finditer(data)]
    points = [text.decode("latin-1") for name, _, text in found if name == b"DataPoint"]
    lists = [(head, text) for name, head, text in found if name == b"ChannelData"]
    return _points_total(points) + sum(
        _total(text.decode("latin-1"), head.decode("latin-1"), notes) for head, text in lists
    )


def _points_total(points: list[str]) -> float:
    """Sum of elements that hold one channel each."""
    values = numbers(" ".join(points))
    if values.size != len(points):
        raise ParseError("a channel is empty, or holds more than one number")
    return float(values.sum(dtype=np.float64))


def _total(text: str, attributes: str, notes: Notes) -> float:
    values = numbers(text)
    if values.size > MAX_CHANNELS:
        raise ParseError("a spectrum holds more channels than is believed", code="too_large")
    if _COUNTED_ZEROES.search(attributes):
        values = expand_counted_zeroes(values, notes=notes)
    return float(values.sum(dtype=np.float64))
