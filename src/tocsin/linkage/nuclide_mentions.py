"""Nuclides named in running text, in the many spellings that people use."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources

from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.nuclear.names import SYMBOLS

SHORTEST_HALF_LIFE_S = 60.0
"""Nuclides that decay faster than in a minute are not met as sources."""

_LETTERS_ALONE = {
    *("H-3", "C-11", "C-14", "N-13", "O-15", "F-18", "P-32", "P-33", "S-35", "K-40", "K-42"),
    *("Y-86", "Y-88", "Y-90", "I-123", "I-124", "I-125", "I-129", "I-131", "I-132", "I-133"),
    *("U-232", "U-233", "U-234", "U-235", "U-236", "U-238", "W-181", "W-188"),
}
"""Symbols of one letter are also pumps, rooms and paragraphs: only these nuclides are read."""

_NEEDS_CONTEXT = {"C", "N", "O", "F", "P", "S", "K", "W"}
_RADIATION = re.compile(
    r"curie|\b[mukMG]?Ci\b|becquerel|\b[kMGT]?Bq\b|radio|isotop|tracer|tritium|seed|\bPET\b|dpm\b"
    r"|nuclear medicine|misadministration|sealed source|patient|microsphere|brachytherapy",
    re.I,
)
_COMMON_WORDS = {"in", "as", "at", "no", "be", "he", "i", "am", "pa", "co", "la", "ne", "al"}

_SEPARATOR = r"[ ]?[-:]?[ ]?"
_MASS = r"(?P<mass>\d{1,3})[ -]?(?P<isomer>[mM](?![a-zA-Z0-9]))?"
_END = r"(?![\d])(?!\.\d)(?!-\d)"
_SYMBOL_FORM = re.compile(
    r"(?<![A-Za-z0-9\-])(?P<symbol>[A-Z][A-Za-z]?|[a-z]{1,2})(?P<gap>[ ]?[-:][ ]?|[ ]|\(|"
    r")(?P<mass>\d{1,3})"
    r"\)?(?:(?:[ -]?(?P<isomer>m))(?![a-zA-Z0-9])|(?P<isomer2>M)(?![a-zA-Z0-9]))?"
    r"(?P<more>(?:/\d{2,3}m?(?![\d/]))*)(?![\d])(?!\.\d)(?P<tail>[A-Za-z-]?)"
)
_MASS_FIRST = re.compile(
    r"(?<![A-Za-z0-9.\-/#])(?P<mass>\d{1,3})(?P<isomer>m)?-?(?P<symbol>[A-Z][a-z]?)(?![A-Za-z0-9])"
)
_WORD_FORM = re.compile(
    r"(?<![A-Za-z])(?P<word>[A-Za-z]{3,13})[ ]?(?:[\[(][ ]?[A-Za-z]{1,2}[ ]?[\])])?[ ]?[-:]?[ "
    r"]?\(?(?P<mass>\d{1,3})\)?"
    r"(?:[ -]?(?P<isomer>[mM])(?![a-zA-Z0-9]))?(?P<more>(?:/\d{2,3}m?(?![\d/]))*)(?![\d])(?!\.\d)"
)
_MASS_BEFORE_WORD = re.compile(
    r"(?<![A-Za-z0-9.\-])(?P<mass>\d{2,3})(?P<isomer>m)?[ -]?(?P<word>[A-Za-z]{4,13})\b"
)
_BERYLLIUM = re.compile(
    r"(?<![A-Za-z])(?P<word>Americium|Am|Radium|Ra|Plutonium|Pu)[ ]?[-/:\\]?[ ]?(?:Beryllium|"
    r"Be)(?![a-z])",
    re.I,
)
_TRITIUM = re.compile(r"\btriti(?:um|ated)\b|(?<![A-Za-z0-9])H-?3(?![A-Za-z0-9.])", re.I)
_MODEL_BEFORE = re.compile(r"(?:#|\bmodels?(?: no\.?| number)?:?) ?$", re.I)
_NEAR_A_SOURCE = re.compile(
    r"^[ ]?(?:/|\(|sealed|source|seed|needle|vial|dial|gauge|button|foil|tube|capsule|plaque|"
    r"device|paint|"
    r"check|contamin|salt|material|bead|rod|chloride|compass|watch|standard)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class NuclideMention:
    """A nuclide where it stands in a text.

    Attributes
    ----------
    nuclide : str
        Canonical name, for example ``"Cs-137"``.
    start, end : int
        Where its words stand in the text.
    said : bool
        Whether the mass number is said; otherwise the bare name is taken for its usual isotope.
    """

    nuclide: str
    start: int
    end: int
    said: bool = True


@functools.lru_cache(maxsize=1)
def _elements() -> tuple[dict[str, str], dict[str, str]]:
    """Symbols by lower-case English name, and usual isotopes by symbol."""
    text = resources.files("tocsin.linkage").joinpath("data/elements.json").read_text("utf-8")
    document = json.loads(text)
    names = {name: symbol for symbol, names in document["names"].items() for name in names}
    return names, {symbol: row["nuclide"] for symbol, row in document["usual"].items()}


def _one_slip_apart(written: str, name: str) -> bool:
    """Whether one letter is missing, added, wrong, or two neighbours changed places."""
    if abs(len(written) - len(name)) > 1 or written[0] != name[0]:
        return False
    at = 0
    while at < min(len(written), len(name)) and written[at] == name[at]:
        at += 1
    a, b = written[at:], name[at:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1:2] + a[:1] + a[2:] == b)


@functools.lru_cache(maxsize=4096)
def symbol_of(word: str) -> str | None:
    """Symbol of an element's name; long names may carry one slip of the typist."""
    names, _ = _elements()
    lowered = word.lower()
    if lowered in names:
        return names[lowered]
    if len(lowered) < 5:
        return None
    near = {
        symbol for name, symbol in names.items() if len(name) > 5 and _one_slip_apart(lowered, name)
    }
    return near.pop() if len(near) == 1 else None


@functools.lru_cache(maxsize=8192)
def _known(symbol: str, mass: str, isomer: str) -> str | None:
    """Canonical name if such a nuclide is met as a source."""
    library: NuclideLibrary = load_library()
    name = f"{symbol}-{int(mass)}{isomer}"
    if name in library and library[name].half_life_s >= SHORTEST_HALF_LIFE_S:
        return name
    return None


def _proper(symbol: str) -> str:
    """``CS`` and ``cs`` as ``Cs``; ``TI`` and ``l`` where only ``Tl`` and ``I`` can be meant."""
    return symbol[:1].upper() + symbol[1:].lower()


def _from_symbol(match: re.Match[str]) -> Iterator[str]:
    written, gap, tail = match["symbol"], match["gap"], match["tail"]
    if tail and tail not in "-s" and not (tail.isalpha() and gap):
        return
    if written.islower() and (written in _COMMON_WORDS or "-" not in gap):
        return
    if gap == "" and _MODEL_BEFORE.search(match.string[max(0, match.start() - 12) : match.start()]):
        return
    if gap == " " and (
        len(written) == 1 or (written.lower() in _COMMON_WORDS and written.isupper())
    ):
        return
    isomer = "m" if match["isomer"] or match["isomer2"] else ""
    for symbol in dict.fromkeys(
        (_proper(written), {"Ti": "Tl", "L": "I"}.get(_proper(written), ""))
    ):
        if symbol not in SYMBOLS:
            continue
        name = _known(symbol, match["mass"], isomer)
        if name is None or (len(symbol) == 1 and name not in _LETTERS_ALONE):
            continue
        yield name
        for other in match["more"].split("/")[1:]:
            more = _known(symbol, other.rstrip("m"), "m" if other.endswith("m") else "")
            if more is not None:
                yield more
        return


def _from_word(match: re.Match[str]) -> Iterator[str]:
    symbol = symbol_of(match["word"])
    if symbol is None:
        return
    name = _known(symbol, match["mass"], "m" if match["isomer"] else "")
    if name is None:
        return
    yield name
    more = match.groupdict().get("more") or ""
    for other in more.split("/")[1:]:
        further = _known(symbol, other.rstrip("m"), "m" if other.endswith("m") else "")
        if further is not None:
            yield further


def find_nuclides(text: str) -> list[NuclideMention]:
    """Every nuclide that a text names, in the order of the text.

    Parameters
    ----------
    text : str
        Running text, cleaned (see ``tocsin.linkage.wording``).

    Returns
    -------
    list of NuclideMention
        Without overlaps; the longer words win.

    Notes
    -----
    Read are element name or symbol before or after the mass number (``cesium-137``, ``Cs137``,
    ``137Cs``, ``Am-241/Be``, ``Iridium (Ir) -192``, ``Tc 99m``), tritium, and neutron sources
    such as AmBe. A name of five letters or more may carry one slip. A bare name (``a cesium
    source``) stands for its usual isotope only where the whole text gives no mass number
    with that element.
    """
    found: list[NuclideMention] = []
    for match in _WORD_FORM.finditer(text):
        found += [NuclideMention(n, match.start(), match.end()) for n in _from_word(match)]
    for match in _MASS_BEFORE_WORD.finditer(text):
        found += [NuclideMention(n, match.start(), match.end()) for n in _from_word(match)]
    for match in _SYMBOL_FORM.finditer(text):
        end = match.end() - len(match["tail"])
        found += [NuclideMention(n, match.start(), end) for n in _from_symbol(match)]
    for match in _MASS_FIRST.finditer(text):
        symbol = match["symbol"]
        name = _known(symbol, match["mass"], match["isomer"] or "") if symbol in SYMBOLS else None
        if name is not None and (len(symbol) > 1 or name in _LETTERS_ALONE):
            found.append(NuclideMention(name, match.start(), match.end()))
    for match in _TRITIUM.finditer(text):
        found.append(NuclideMention("H-3", match.start(), match.end()))
    if not _RADIATION.search(text):
        found = [m for m in found if m.nuclide.partition("-")[0] not in _NEEDS_CONTEXT]
    if any(m.nuclide == "Tc-99m" for m in found):
        # A notice that says Tc-99m once means it where it leaves the m out.
        found = [replace(m, nuclide="Tc-99m") if m.nuclide == "Tc-99" else m for m in found]
    found += _neutron_sources(text, found)
    return _without_overlaps(found + list(_bare_names(text, found)))


def _neutron_sources(text: str, found: list[NuclideMention]) -> list[NuclideMention]:
    usual = {"a": "Am-241", "r": "Ra-226", "p": "Pu-239"}
    said = {mention.nuclide for mention in found}
    mentions = []
    for match in _BERYLLIUM.finditer(text):
        nuclide = usual[match["word"][0].lower()]
        if nuclide == "Pu-239" and "Pu-238" in said:
            nuclide = "Pu-238"
        mentions.append(NuclideMention(nuclide, match.start(), match.end()))
    return mentions


def _bare_names(text: str, found: list[NuclideMention]) -> Iterator[NuclideMention]:
    names, usual = _elements()
    said = {mention.nuclide.partition("-")[0] for mention in found}
    for match in re.finditer(r"\b[A-Za-z]{5,10}\b", text):
        symbol = names.get(match[0].lower())
        if symbol in usual and symbol not in said:
            after = text[match.end() : match.end() + 20]
            before = text[max(0, match.start() - 40) : match.start()]
            if _NEAR_A_SOURCE.search(after.lstrip()) or re.search(
                r"(?:curies?|Ci|Bq)\)?(?: of)? $|(?:containing|identified as|contains?|"
                r"indicating) $",
                before,
                re.I,
            ):
                yield NuclideMention(usual[symbol], match.start(), match.end(), said=False)


def _without_overlaps(found: list[NuclideMention]) -> list[NuclideMention]:
    kept: list[NuclideMention] = []
    for mention in sorted(set(found), key=lambda m: (m.start, -m.end, m.nuclide)):
        if kept and mention.start < kept[-1].end:
            same_words = (mention.start, mention.end) == (kept[-1].start, kept[-1].end)
            if not same_words or mention.nuclide == kept[-1].nuclide:
                continue
        kept.append(mention)
    return kept
