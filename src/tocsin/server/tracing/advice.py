"""What an alert sheet tells people to do, from a data file; each line with where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "fr")
WORDS_OF_VERIFICATION = {
    "en": {"read": "read there", "unverified": "unverified", "default": "default of Tocsin"},
    "fr": {"read": "lu à cet endroit", "unverified": "non vérifié", "default": "choix de Tocsin"},
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of advice.

    Parameters
    ----------
    words : mapping
        Language to text.
    source, verification : str
        Where it comes from, and whether that was read.
    """

    words: Mapping[str, str]
    source: str
    verification: str

    def basis(self, language: str) -> str:
        """Source and state of verification in a language."""
        return f"{self.source} ({WORDS_OF_VERIFICATION[language][self.verification]})"


@cache
def _read() -> dict[str, Any]:
    text = files("tocsin.server.tracing").joinpath("data/advice.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def danger_of(category: int | None) -> Line:
    """How dangerous a source of a category is, in plain words."""
    data = _read()
    dangers = data["dangers"]
    words = dangers[str(category) if category is not None else "none"]
    return Line(words, str(data["dangers_source"]), str(data["dangers_verification"]))


def advice_for(category: int | None) -> list[Line]:
    """What to do, in the order of the sheet; a distance only where a text gives one."""
    data = _read()
    rows, distances = data["advice"], data["distances"]
    source, verification = str(data["advice_source"]), str(data["advice_verification"])
    found = [Line(row, source, verification) for row in rows]
    told = [
        Line(row, f"{row['source']}, {row['url']}", row["verification"])
        for row in distances
        if category in row["categories"]
    ]
    return found[:1] + told + found[1:]
