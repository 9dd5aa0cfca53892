"""Words by which sources are told: how texts are cut into them.

Letters with accents and small and large letters are the same, and of ``IR-1001`` both ``ir1001``
and ``1001`` are words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST = 40
NUCLIDE = "="
"""Before a word that is a nuclide of the source; in no other word."""
_PARTS = re.compile(r"[^\W_]+")
_LAST_DIGITS = re.compile(r"(?<=[^\W\d_])\d{3,}$")
TOLD_BY = (
    *("reference", "manufacturer", "model", "serial", "device", "device_serial"),
    *("place", "other_id"),
)
"""Fields of a source that people tell it by, beside its holder and its nuclides."""
NUMBERS = ("serial", "device_serial")
"""Those of them that are one number, however it is parted by blanks."""


def bare(text: str) -> str:
    """Letters and digits of a text as they are compared."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(_PARTS.findall(plain))


def words_of(texts: Iterable[str], nuclides: str = "") -> set[str]:
    """Words that are kept of a source."""
    found: set[str] = set()
    for text in texts:
        found |= _words(text)
    for nuclide in nuclides.split():
        found.add(bare(nuclide)[:LONGEST])
        found.add((NUCLIDE + bare(nuclide))[:LONGEST])
    found.discard("")
    return found


def words_of_numbers(texts: Iterable[str]) -> set[str]:
    """Words by which numbers are found whole: of ``SN 77 4813`` the number is ``774813``."""
    found: set[str] = set()
    for text in texts:
        if " " in text:
            found |= _words(bare(text))
    return found


@lru_cache(maxsize=20_000)
def _words(text: str) -> frozenset[str]:
    """Words of one text; makers, models and holders come again and again in a table."""
    found: set[str] = set()
    for chunk in text.split():
        whole = bare(chunk)
        found.add(whole[:LONGEST])
        parts = [bare(part) for part in _PARTS.findall(chunk)]
        found.update(part[:LONGEST] for part in parts if len(part) > 1)
        for part in (whole, *parts):
            digits = _LAST_DIGITS.search(part)
            if digits is not None:
                found.add(digits[0][:LONGEST])
    return frozenset(found)
