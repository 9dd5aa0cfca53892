"""Serial numbers in running text, and whether they belong to a device or to a source in it."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tocsin.linkage.nuclide_mentions import NuclideMention

Owner: TypeAlias = Literal["device", "source", "unknown"]

LONGEST_SERIAL = 24

_LEAD = re.compile(
    r"(?P<whose>\b(?:source|seal(?:ed)? source|device|gauge|unit|instrument|camera|housing|"
    r"holder|head)s?(?: holder)?[ -]{1,2})?"
    r"(?P<lead>\bserial(?:\s+(?:numbers?|nos?\b\.?|nbrs?\b\.?|num\b\.?|nr\b\.?|#s?|"
    r"id\b))*(?:\s?\(s\)|'?s\b)?"
    r"|\bS\s?/\s?N(?:'s|s|os?)?\b|\bS\.\s?N\.|(?<![A-Za-z])SNs?(?=\s?[#:.]|\s[A-Z]{0,4}-?\d)|"
    r"(?<=\bs)/n(?=\d)|\bs/n(?=[\d#:])|\bser\b\.?(?=\s?(?:#|nos?\b))"
    r"|\b(?:source|device) (?:numbers?:|ID(?: number)?s?:?|#)(?=\s?[A-Z]{0,4}\d))"
    r"\s*(?:#s?|nos?\.|numbers?)?",
    re.I,
)
_BRIDGE = re.compile(
    r"(?:[\s:#=,\]]|--|\((?=[A-Z]{0,6}-?\d)|\bis\b|\bare\b|\bwas\b|\bwere\b|"
    r"\bof\b(?=\s+[A-Z]{0,4}\d)|\bas\b"
    r"|\b(?:for|on|of) (?:(?!\b(?:is|are|was|were)\b)[^.;:]){2,60}?(?:\bis\b|\bare\b|\bwas\b|"
    r"\bwere\b|:))*",
    re.I,
)
_VALUE = re.compile(
    r"(?P<value>\d{2}[ ]\d{4,5}(?!\w|\.\d)|[A-Z]{1,2}[ ]\d{3,7}(?!\w|\.\d)"
    r"|[A-Z0-9][A-Za-z0-9]*(?:(?:[ ]?[-\u00c0][ ]?(?=[A-Za-z]{0,3}\d)|[-\u00c0./_])[A-Za-z0-9]+)*)"
)
_JOIN = re.compile(
    r"\??\"?\s*(?P<join>,\s*(?:and|&|or)\b|,|;(?=\s*[A-Z]{0,4}\d)|\band\b|&|\bor\b|/|"
    r"\bthrough\b|\bthru\b|\bto\b(?=\s+[A-Z]{0,4}\d))\s*"
    r"(?:(?:serial (?:numbers?|nos?\.?)|s/n|sn)\s*[#:]?\s*)?#?",
    re.I,
)
_DATE = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{4}")
_AMOUNT = re.compile(r"[\d.]+ ?[mukMGT]?(?:Ci|Bq)", re.I)
_UNIT_AFTER = re.compile(
    r"^[ ]?-?(?:[mukMGT]?Ci\b|milli|micro|curie|[kMG]?Bq\b|%|days?\b|years?\b|inch|feet|hours?\b)",
    re.I,
)
_SOURCE_MARK = re.compile(
    r"\b(?:sealed[ -]?)?sources?\b(?! (?:holder|rod|changer|housing|head|material))|\bseeds?\b|"
    r"\bpigtail\b",
    re.I,
)
_DEVICE_MARK = re.compile(
    r"\bmodels?\b|\bgau?ges?\b|\bdevices?\b|\bcameras?\b|\banaly[sz]ers?\b|\bdetectors?\b|"
    r"\bsigns?\b|\bunits?\b"
    r"|\bholders?\b|\birradiators?\b|\bgun\b|\beliminators?\b|\bionizers?\b|\bmonitors?\b|"
    r"\bhousing\b|\bmeters?\b"
    r"|\bchromatographs?\b|\bprojector\b|\bafterloaders?\b|\bHDR\b|\bmachine\b|\bmarkers?\b|"
    r"\bcontainer\b|\bchanger\b"
    r"|\bgenerators?\b|\binstruments?\b|\bequipment\b|\bshutter\b|\btroxler\b|\bhumboldt\b|"
    r"\bcpn\b|\bpacemaker\b",
    re.I,
)
_SENTENCE = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]*[A-Z])|\n\s*\n")


@dataclass(frozen=True, slots=True)
class SerialMention:
    """A serial number where it stands in a text.

    Attributes
    ----------
    value : str
        As written, blanks around dashes taken out.
    of : {"device", "source", "unknown"}
        What it belongs to.
    start, end : int
        Where the words stand, from the word "serial" on.
    at : int
        Where the number itself starts.
    """

    value: str
    of: Owner
    start: int
    end: int
    at: int


def find_serials(text: str, nuclides: list[NuclideMention]) -> list[SerialMention]:
    """Every serial number that a text gives, each value once.

    Parameters
    ----------
    text : str
        Cleaned running text.
    nuclides : list of NuclideMention
        What ``find_nuclides`` found in the same text: the number after a nuclide is the source's.

    Returns
    -------
    list of SerialMention
        In the order of the text. A number is read after "serial number", "S/N", "SN" and the like,
        with lists ("29922, 35106, and 35474"); it holds a digit and is no date and no quantity.
    """
    found: dict[str, SerialMention] = {}
    starts = [mention.start for mention in nuclides]
    for lead in _LEAD.finditer(text):
        bridge = _BRIDGE.match(text, lead.end())
        at = bridge.end() if bridge else lead.end()
        low = bisect.bisect_left(starts, lead.start() - 400)
        near = nuclides[low : bisect.bisect_right(starts, at + 1500)]
        values = _values(text, at, near)
        of = _owner(text, lead, text[lead.end() : at], near) if values else "unknown"
        for value, first, end in values:
            key = normal_serial(value)
            if not key:
                continue
            mention = SerialMention(value, of, lead.start(), end, first)
            if key not in found or (found[key].of == "unknown" and of != "unknown"):
                found[key] = mention
    return sorted(found.values(), key=lambda mention: mention.start)


def normal_serial(value: str) -> str:
    """A serial number with nothing but its letters and digits, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", value.upper())


def _values(text: str, at: int, nuclides: list[NuclideMention]) -> list[tuple[str, int, int]]:
    values: list[tuple[str, int, int]] = []
    while len(values) < 60:
        match = _VALUE.match(text, at)
        if match is None or any(n.start <= match.start() < n.end for n in nuclides):
            break
        written = re.sub(r"[ ]?[\u00c0_-][ ]?", "-", match["value"]).rstrip("-./").strip()
        joined = text[match.end() : match.end() + 14]
        if not _plausible(written) or _UNIT_AFTER.match(joined):
            break
        pieces = _pieces(written)
        values += [(piece, match.start(), match.end()) for piece in pieces]
        join = _JOIN.match(text, match.end())
        if join is None:
            break
        at = join.end()
        following = _VALUE.match(text, at)
        if following is None or not _alike(pieces[-1], following["value"]):
            break
    return values


def _pieces(written: str) -> list[str]:
    """``A2HE600A/A2HE601A`` are two numbers; a slash between unlike halves belongs to one."""
    halves = written.split("/")
    if len(halves) == 2 and all(len(h) >= 4 and any(c.isdigit() for c in h) for h in halves):
        return halves
    return [written]


def _plausible(written: str) -> bool:
    if not 1 < len(written) <= LONGEST_SERIAL or not any(c.isdigit() for c in written):
        return False
    if re.search(r"[a-z]{3,}", written) or _DATE.fullmatch(written) or _AMOUNT.fullmatch(written):
        return False
    return (
        not re.fullmatch(r"[A-Z][a-z]?-?\d{1,3}m?", written)
        or len(normal_serial(written)) > 4
        or (written.isupper() or written.isdigit())
    )


def _alike(one: str, other: str) -> bool:
    """Members of a list look alike: a digit in each, not a date, and not a far shorter word."""
    if not any(c.isdigit() for c in other) or _DATE.match(other) or re.search(r"[a-z]{3,}", other):
        return False
    long, short = sorted((len(one), len(other)), reverse=True)
    return short >= 3 or short == long


def _owner(text: str, lead: re.Match[str], bridge: str, nuclides: list[NuclideMention]) -> Owner:
    said = (lead["whose"] or "").lower()
    if "holder" in said or "housing" in said or "head" in said:
        return "device"
    if "source" in said or "source" in lead["lead"].lower():
        return "source"
    if said:
        return "device"
    if re.search(r"\b(?:for|of|on)\b", bridge):
        if _SOURCE_MARK.search(bridge):
            return "source"
        if _DEVICE_MARK.search(bridge):
            return "device"
    begin = max(0, lead.start() - 160)
    begin = max((m.end() for m in _SENTENCE.finditer(text, begin, lead.start())), default=begin)
    return (
        _nearest(text, begin, lead.start(), nuclides)
        or _nearest(text, max(0, lead.start() - 400), lead.start(), nuclides)
        or "unknown"
    )


def _nearest(text: str, begin: int, end: int, nuclides: list[NuclideMention]) -> Owner | None:
    """What the words before a serial number speak of last: a device or a source in it."""
    before = text[begin:end]
    source = max((m.start() for m in _SOURCE_MARK.finditer(before)), default=-1)
    device = -1
    for mention in nuclides:
        # A tritium sign has one number; its tubes have none of their own.
        if begin <= mention.start < end and mention.nuclide != "H-3":
            source = max(source, mention.start - begin)
    for match in _DEVICE_MARK.finditer(before):
        ahead = before[max(0, match.start() - 16) : match.start()].lower()
        if match[0].lower().startswith("model") and re.search(r"sources?[ ,(]*$", ahead):
            source = max(source, match.start())
        else:
            device = match.start()
    if source < 0 and device < 0:
        return None
    return "source" if source > device else "device"
