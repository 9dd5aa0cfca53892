"""The text of a notice made ready for reading: signs, parts by update, sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

PartKind: TypeAlias = Literal["first", "update", "retraction"]

LONGEST_TEXT = 100_000
"""Characters read of one notice; the longest of the public feed 1999-2014 has 26,000."""

# The micro sign as it arrives: itself, the Greek letter, what code pages 437 and 850 made of it.
_MICRO = re.compile(
    r"[\u00b5\u03bc\ufffd\u00e6\u00c1](?=\s?(?:Ci|ci|CI|Curie|curie|Bq|R/|R\b|Sv|rem))"
)
# Control and format characters, surrogates, private use: nothing a reader sees.
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ue000-\uf8ff\ufeff]"
)
_DASHES = str.maketrans({c: "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2212\u00ad"})
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
# "I-I31" and "I-l25": the one of iodine-131 typed or read as a letter.
_IODINE = re.compile(r"\bI ?- ?[Il](?=[23]\d\b)")
_LINE_END = re.compile(r"(?<!\n)[ ]*\n[ ]*(?!\s*\n)")
_BLANKS = re.compile(r"[^\S\n]+")

# Newer pages put a header before the text and say where the text starts.
_REVISED = re.compile(r"\A\s*EN Revision Imported Date.*?EN Revision Text\s*:", re.S | re.I)

# Sentences that the operations centre adds to every notice of a kind: they describe no event.
_STANDING = (
    re.compile(r"THIS MATERIAL EVENT CONTAINS[^\n]*?(?:LEVEL|quantity)[^\n]*", re.I),
    re.compile(
        r"Sources that are [\"']?Less than IAEA Category 3.*?(?=\n\s*\n|\* ?\* ?\*|\Z)", re.S
    ),
    re.compile(r"Category \d sources, if not safely managed.*?(?=\n\s*\n|\* ?\* ?\*|\Z)", re.S),
    re.compile(r"For (?:some|additional information) (?:on|go to)[^\n]*http\S+"),
    re.compile(r"A [\"']?Medical Event[\"']? may indicate potential problems[^\n]*"),
    re.compile(r"THIS IS NOT A NEW REPORT\. This event report was originally withheld[^*]*"),
    re.compile(r"(?:\* ){4,}\*?"),
)

_STARS = r"\*[ ]?\*[ ]?\*(?:[ ]?\*)*"
_HEADER = re.compile(
    rf"{_STARS}\s*(?P<head>[^*\n]*(?:\n[^*\n]+){{0,2}}?)\s*\*[ ]?\*(?:[ ]?\*)*", re.I
)
_HEADER_WORDS = re.compile(
    r"\b(UPDATE|UPDATED|RETRACT|RETRACTED|RETRACTION|WITHDRAWN|CORRECTION|ADDENDUM|SUPPLEMENT)\b",
    re.I,
)
_RETRACTING_HEADER = re.compile(r"\bRETRACT(?:ED|ION)?\b", re.I)
_WHAT = (
    r"(?:(?:this|the|its|their|that|above|original|initial|previous|EN)\s+){1,3}(?:\S+\s+){0,3}?"
)
_RETRACTING = re.compile(
    r"\b(?:is|are|was|were|has been|have been|be|being|hereby)\s+(?:hereby\s+|formally\s+)?"
    r"(?:retracted|withdrawn|rescinded)\b(?!\s+(?:into|to|back|from|fully))"
    rf"|\b(?:retract(?:s|ed|ing)?|withdr(?:aws?|ew|awing)|rescind(?:s|ed|ing)?)\s+{_WHAT}"
    r"(?:event|report|notification|notice|EN\b|#?\s?\d{5})"
    r"|\bEVENT\s+RETRACT(?:ED|ION)\b|\bretraction of (?:this|the)\b",
    re.I,
)
_SOURCE_BEFORE = re.compile(
    r"\b(?:source|camera|rod|pigtail|wire|seed|gauge)s?\b[^.]{0,60}\Z", re.I
)
_SENTENCE_END = re.compile(
    r"(?<=[a-z0-9)\]\"'%])[.;!?][\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9\[])|\n\s*\n|"
    r"(?<=[A-Z]{3})[.!?]\s+(?=[A-Z\"])"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a notice that was written at one time.

    Attributes
    ----------
    kind : {"first", "update", "retraction"}
        Why it was written.
    text : str
        Its words, without the header of the update.
    """

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The text of a notice in parts.

    Attributes
    ----------
    title : str
        First line or sentence.
    parts : tuple of Part
        In the order of writing; at least one.
    retracted : bool
        Whether the last part that says something about it takes the notice back.
    """

    title: str
    parts: tuple[Part, ...]
    retracted: bool

    @property
    def body(self) -> str:
        """All parts, one after the other."""
        return "\n\n".join(part.text for part in self.parts)


def clean(text: str) -> str:
    """One spelling for signs that several exist of; the words stay as they are."""
    shown = text[:LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    shown = _UNSEEN.sub(" ", shown)
    shown = _MICRO.sub("u", shown).translate(_DASHES).translate(_QUOTES)
    shown = _IODINE.sub("I-1", shown)
    return _BLANKS.sub(" ", shown).strip()


def sentences(text: str) -> list[str]:
    """The sentences of a text; headings and list items count as sentences."""
    return [s.strip() for s in _SENTENCE_END.split(text) if s and s.strip()]


def read_wording(text: str) -> Wording:
    """Clean a notice and split it into what was first said, updates and retractions.

    Parameters
    ----------
    text : str
        The text of a notice as published, in the older or the newer form.

    Returns
    -------
    Wording
        Title, parts and whether the notice was taken back.
    """
    shown = _REVISED.sub("", clean(text))
    for standing in _STANDING:
        shown = standing.sub(" ", shown)
    parts: list[Part] = []
    start, kind = 0, "first"
    for header in _HEADER.finditer(shown):
        if not _HEADER_WORDS.search(header["head"]):
            continue
        _append(parts, kind, shown[start : header.start()])
        kind = "retraction" if _RETRACTING_HEADER.search(header["head"]) else "update"
        start = header.end()
    _append(parts, kind, shown[start:])
    if not parts:
        parts = [Part("first", "")]
    return Wording(_title(shown), tuple(parts), _is_retracted(parts))


def _append(parts: list[Part], kind: str, text: str) -> None:
    text = text.strip()
    if not text and kind != "retraction":
        return
    if kind == "update" and _takes_back(text):
        kind = "retraction"
    shown: PartKind = "retraction" if kind == "retraction" else "update" if parts else "first"
    parts.append(Part(shown, _LINE_END.sub(" ", text)))


def _takes_back(text: str) -> bool:
    """Whether the words take a report back; a source that is retracted into its shield does not."""
    for match in _RETRACTING.finditer(text):
        if re.match(r"\s*EVENT|retraction", match[0], re.I):
            return True
        if not _SOURCE_BEFORE.search(text[max(0, match.start() - 70) : match.start()]) or re.search(
            r"report|event|notif|notice|EN", match[0]
        ):
            return True
    return False


def _is_retracted(parts: list[Part]) -> bool:
    if any(part.kind == "retraction" for part in parts):
        return True
    return bool(
        re.match(r"\W*(?:\w+\W+){0,6}RETRACT(?:ED|ION)\b(?! MECH)", parts[0].text[:120])
    ) and (_takes_back(parts[0].text))


def _title(text: str) -> str:
    """The first line that says something; a title may run over two lines."""
    lines = [line.strip(" -\"'") for line in text.split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        return ""
    title = lines[0]
    if len(lines) > 1 and title.isupper() and lines[1].isupper() and len(title) < 120:
        title += " " + lines[1]
    if len(title) > 240:
        title = sentences(title)[0][:240]
    return title
