"""Makers and models of sources and devices in running text."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from importlib import resources

_ALONE = {
    "SPEC",
    "HP",
    "AEA",
    "QSA",
    "ABB",
    "IPL",
    "LFE",
    "NDC",
    "NRD",
    "CPN",
    "SRB",
    "VEGA",
    "AECL",
    "AEAT",
    "SRBT",
}
"""Short names that are other words in other letters: read in capitals only."""

_CODE = (
    r"(?:[A-Z]{1,5}-[A-Z]{1,3}\d\w*(?:-\w+)*|[A-Z]{1,6}[ -]?\d[A-Za-z0-9]*(?:[-./]\w+)*(?: "
    r"[A-Z]{1,2}(?![A-Za-z.\d]))?"
    r"|\d{2,6}[A-Z]{0,4}\d{0,3}(?:[-.]\w+)*)"
)
_MODEL = re.compile(
    rf"\bmodels?\s*(?:numbers?|nos?\b\.?|#s?|num\b\.?)?\s*(?:\(s\))?\s*(?:is\b|are\b|:|#|"
    rf",(?=\s[A-Z\d])|=)?\s*(?P<code>{_CODE})"
)
_MODEL_LOOSE = re.compile(
    r"\bmodel\s*(?:numbers?|no\b\.?|#)?\s*(?:(?:of|for) [^.;:]{3,40}? is\b|is\b|:|#|=)?\s*"
    r"(?P<code>[A-Za-z]{0,6}[- ]?\d[\w.-]*)",
    re.I,
)
_NO_MODEL = re.compile(
    r"^(?:AND|THE|OF|WAS|IS|WITH|GAUGE|NR|N/?A|UNKNOWN|SERIAL|S/?N|SN|NUMBER|NO|CFR|FOR|IN|AN?|"
    r"TO|ON|OR|HAD|MOISTURE|TROXLER|CPN|SERIES|DENSITY|TEL)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker of sources or devices.

    Attributes
    ----------
    name : str
        Canonical name.
    family : str
        Name of the family of makers whose lines passed to each other; the own name if none is
        known.
    """

    name: str
    family: str


@functools.lru_cache(maxsize=1)
def _table() -> dict[str, Maker]:
    """Makers by spelling in lower case with single blanks."""
    text = resources.files("tocsin.linkage").joinpath("data/makers.json").read_text("utf-8")
    return {
        " ".join(spelling.lower().split()): Maker(row["name"], row["family"])
        for row in json.loads(text)["makers"]
        for spelling in (row["name"], *row["spellings"])
    }


@functools.lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    spellings = sorted(_table(), key=len, reverse=True)
    capitals = {name.lower() for name in _ALONE}
    free = "|".join(re.escape(s).replace(r"\ ", r"\s+") for s in spellings if s not in capitals)
    fixed = "|".join(re.escape(s) for s in sorted(_ALONE, key=len, reverse=True))
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:(?P<free>(?i:{free}))|(?P<fixed>{fixed}))(?![A-Za-z0-9])"
    )


def maker_named(name: str) -> Maker | None:
    """The maker of a spelling, in any letters.

    Parameters
    ----------
    name : str
        A maker as a register or a notice writes it; a legal form after the name is ignored.

    Returns
    -------
    Maker or None
        None where the spelling is not in the table.
    """
    plain = " ".join(re.sub(r"[.,]", " ", name.lower()).split())
    for spelling in (
        name.lower().strip(),
        plain,
        re.sub(r"\s(?:inc|llc|ltd|gmbh|corp\w*|co|company|technologies|international)$", "", plain),
    ):
        found = _table().get(spelling)
        if found is not None:
            return found
    return None


def find_makers(text: str) -> list[tuple[Maker, int, int]]:
    """Makers named in a text, each once, with where its first mention stands."""
    found: dict[str, tuple[Maker, int, int]] = {}
    for match in _pattern().finditer(text):
        maker = _table()[" ".join(match[0].lower().split())]
        if match[0] == "SPEC" and not re.match(
            r"[ -]?(?:\d|model|camera|inc|g-?\d|,)", text[match.end() : match.end() + 8], re.I
        ):
            continue
        if match[0] == "HP" and re.search(r"\b(?:the|staff|state) ?$", text[: match.start()], re.I):
            continue
        found.setdefault(maker.name, (maker, match.start(), match.end()))
    return list(found.values())


def find_models(text: str) -> list[tuple[str, int, int]]:
    """Model designations in a text, each once.

    Parameters
    ----------
    text : str
        Cleaned running text.

    Returns
    -------
    list of tuple of str, int, int
        Designation in capitals, and where it stands. Read after the word "model" and directly after
        the name of a maker ("Troxler 3430").
    """
    found: dict[str, tuple[str, int, int]] = {}
    spans = [(m["code"], m.start("code"), m.end("code")) for m in _MODEL.finditer(text)]
    spans += [(m["code"], m.start("code"), m.end("code")) for m in _MODEL_LOOSE.finditer(text)]
    for match in _pattern().finditer(text):
        behind = re.compile(rf"\s*(?:{_CODE})").match(text, match.end())
        if behind is not None and any(c.isdigit() for c in behind[0]):
            spans.append((behind[0].strip(), behind.end() - len(behind[0].strip()), behind.end()))
    for code, start, end in spans:
        code = code.strip(" -.,").upper()
        if _NO_MODEL.match(code) or len(code) < 2 or not any(c.isdigit() for c in code):
            continue
        if re.match(r"[ ]?(?:mCi|Ci\b|milli|curie|uCi)", text[end : end + 8]):
            continue
        if any(start < e and s < end for _, s, e in found.values()):
            continue
        found.setdefault(normal_model(code), (code, start, end))
    return sorted(found.values(), key=lambda item: item[1])


def normal_model(code: str) -> str:
    """A model designation with its letters and digits only, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", code.upper())
