"""Passages shown beside a field: the words it was read from, without names of persons."""

from __future__ import annotations

import functools
import re
from importlib import resources

REACH = 60
"""Characters shown on each side of the words that a field was read from."""

_TOKEN = re.compile(r"[A-Za-z][A-Za-z']*|[^A-Za-z\s]+|\s+")
_GAP = "\u2026"
_UNITS = {
    *(
        "mci",
        "uci",
        "ci",
        "nci",
        "gbq",
        "mbq",
        "kbq",
        "tbq",
        "bq",
        "milli",
        "micro",
        "curie",
        "curies",
    ),
    *(
        "millicuries",
        "microcuries",
        "millicurie",
        "microcurie",
        "sn",
        "s",
        "n",
        "no",
        "cs",
        "am",
        "be",
    ),
    *(
        "stolen",
        "theft",
        "lost",
        "missing",
        "found",
        "abandoned",
        "model",
        "serial",
        "scrap",
        "source",
    ),
    *(
        "licensee",
        "retraction",
        "retracted",
        "recovered",
        "landfill",
        "discarded",
        "agreement",
        "state",
    ),
}


@functools.lru_cache(maxsize=1)
def _shown_words() -> frozenset[str]:
    text = resources.files("tocsin.linkage").joinpath("data/passage_words.txt").read_text("utf-8")
    return frozenset(w for w in text.split("\n") if w and not w.startswith("#")) | _UNITS


def _without_names(text: str) -> str:
    """The words of the list and punctuation; everything else becomes an ellipsis."""
    shown: list[str] = []
    for token in _TOKEN.findall(text):
        if token.isspace():
            shown.append(" ")
        elif token[0].isalpha() and token.isascii():
            shown.append(token if token.lower() in _shown_words() else _GAP)
        elif any(c.isalnum() for c in token):
            shown.append(_GAP)
        else:
            shown.append(token)
    return "".join(shown)


def passage(text: str, start: int, end: int, *, keep: bool) -> str:
    """A stretch of a text fit to be shown.

    Parameters
    ----------
    text : str
        Cleaned text of a notice.
    start, end : int
        The words that a field was read from.
    keep : bool
        Show these words as they stand (a nuclide, an activity, a serial, a maker, a model);
        otherwise they are filtered like the words around them.

    Returns
    -------
    str
        One line. Around the kept words only words of a fixed list appear, so that no name of a
        person, address or telephone number can stand in it; an ellipsis marks what is left out.
    """
    left = text[max(0, start - REACH) : start]
    if start > REACH and left and not left[0].isspace():
        left = left.partition(" ")[2]
    right = text[end : end + REACH]
    if end + REACH < len(text):
        right = right.rpartition(" ")[0] if " " in right else right
    middle = text[start:end] if keep else _without_names(text[start:end])
    line = " ".join((_without_names(left) + middle + _without_names(right)).split())
    return re.sub(rf"(?:{_GAP}[\s.,'\"]*){{2,}}", _GAP + " ", line).strip()
