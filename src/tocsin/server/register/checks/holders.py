"""Holders that stand in the register under two names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from django.utils.translation import gettext as _

from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.models import Holder, Source

LEFT_OUT = frozenset(
    {"the", "ltd", "limited", "inc", "llc", "plc", "co", "company", "corp", "corporation"}
    | {"gmbh", "ag", "sa", "sarl", "sas", "srl", "bv", "nv", "oy", "ab", "as", "pty"}
    | {"le", "la", "les", "der", "die", "das", "no", "nr"}
)
"""Articles, legal forms, and the word before a number."""
LEAST_TYPED = 5
"""Letters of a word in which one wrong key is told; shorter words are often one key apart."""
LEAST_SHORT = 2
"""Letters of an abbreviation."""


def twice(sources: Sequence[Source]) -> Iterator[Finding]:
    """Sources of a holder whose name is that of another, written in another way."""
    of_holder: dict[Holder, list[Source]] = defaultdict(list)
    for row in sources:
        of_holder[row.holder].append(row)
    alike: dict[str, list[Holder]] = defaultdict(list)
    for holder in of_holder:
        for words in (words_of(holder.name), all_words(holder.name)):
            alike["".join(sorted(w[0] for w in words))].append(holder)
    done: set[frozenset[object]] = set()
    for group in alike.values():
        for one, other in combinations(dict.fromkeys(group), 2):
            pair = frozenset((one.pk, other.pk))
            if pair not in done and same_name(one.name, other.name):
                done.add(pair)
                few, many = sorted((one, other), key=lambda h: (len(of_holder[h]), str(h.pk)))
                text = _("“{a}” is probably “{b}”").format(a=few.name, b=many.name)
                for row in of_holder[few]:
                    yield Finding("holder_twice", row, text)


def words_of(name: str) -> list[str]:
    """Words of a name that tell it from others, with the point of an abbreviation."""
    found = all_words(name)
    return [word for word in found if word.rstrip(".") not in LEFT_OUT] or found


def all_words(name: str) -> list[str]:
    """All words of a name."""
    plain = re.sub(r"['’`]", "", name.casefold()).replace("&", " and ")
    return re.findall(r"[^\W_]+\.?", plain)


def same_name(one: str, other: str) -> bool:
    """Whether two names are one: in another order, abbreviated, or with one wrong key."""
    # a legal form may itself be mistyped, and is then a word like others
    return _same_words(words_of(one), words_of(other)) or _same_words(
        all_words(one), all_words(other)
    )


def _same_words(a: list[str], b: list[str]) -> bool:
    if len(a) != len(b):
        return False
    rest = list(b)
    open_: list[str] = []
    for word in a:
        bare = next((w for w in rest if w.rstrip(".") == word.rstrip(".")), None)
        if bare is None:
            open_.append(word)
        else:
            rest.remove(bare)
    typed = 0
    for word in open_:
        short = next((w for w in rest if _abbreviates(word, w) or _abbreviates(w, word)), None)
        if short is None:
            short = next((w for w in rest if _one_key(word, w)), None)
            typed += 1
        if short is None or typed > 1:
            return False
        rest.remove(short)
    return True


def _abbreviates(short: str, long: str) -> bool:
    """Whether a word with a point stands for another: its letters in their order, the first too."""
    if not short.endswith("."):
        return False
    letters = short.rstrip(".")
    if len(letters) < LEAST_SHORT or len(letters) >= len(long) or letters[0] != long[0]:
        return False
    rest = iter(long)
    return all(c in rest for c in letters)


def _one_key(one: str, other: str) -> bool:
    """Whether a letter is wrong, too many or too few, or two are exchanged."""
    short, long = sorted((one, other), key=len)
    if (
        len(short) < LEAST_TYPED
        or len(long) - len(short) > 1
        or any(c.isdigit() for c in one + other)
    ):
        return False
    at = next((i for i, c in enumerate(short) if c != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    exchanged = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return exchanged or short[at + 1 :] == long[at + 1 :]
