"""What was found, among the sources of the register that nobody misses.

A find may be a source whose loss its holder has not noticed, or one that was disposed of or sent
abroad on paper. Such a list is the whole register; it is sought by the index of words, for the
numbers on the find, each also with one sign written otherwise, left out, added or changed with its
neighbour. Numbers stand whole and with nothing but their letters and digits in the index of the
register, so that blanks and dashes do not matter on either side.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from uuid import UUID

from tocsin.server.register.life import MISSING, Status
from tocsin.server.register.models import Source, Word
from tocsin.server.register.words import LONGEST, bare
from tocsin.server.tracing.describing import Side, as_held
from tocsin.server.tracing.matching import Against

LEAST_SIGNS = 4
"""Signs of a number from which it is sought: a shorter one belongs to many sources."""
LEAST_FOR_SLIPS = 5
"""Signs of a number from which it is sought with a slip too."""
MOST_SOURCES = 200
"""Sources that are compared with one find; those that agree without a slip come first."""
SIGNS = string.digits + string.ascii_lowercase
_LAST_DIGITS = re.compile(rf"\d{{{LEAST_SIGNS},}}$")


def registered_as(found: Side) -> Against:
    """Sources of the register, not missing, that carry a number of a find, prepared to be asked."""
    exact, alike = sought_by(serial for serial, _of in found.thing.serials)
    rows = Source.objects.filter(realm=found.row.realm).exclude(
        status__in=(*MISSING, Status.WITHDRAWN)
    )
    pks: list[UUID] = []
    for words in (exact, alike - exact):
        if words and len(pks) < MOST_SOURCES:
            told = Word.objects.order_by().filter(word__in=words).values("source_id")
            fresh = rows.filter(pk__in=told).exclude(pk__in=pks).order_by("pk")
            pks += fresh.values_list("pk", flat=True)[: MOST_SOURCES - len(pks)]
    held = Source.objects.select_related("holder").filter(pk__in=pks).order_by("pk")
    sides = [as_held(source) for source in held]
    size = rows.count() if sides else 0
    return Against(sides, found.row.realm, drawn_from=size)


def sought_by(serials: Iterable[str]) -> tuple[set[str], set[str]]:
    """Words of the register by which numbers are sought: as they are written, and with a slip."""
    exact: set[str] = set()
    alike: set[str] = set()
    for serial in serials:
        number = bare(serial)[:LONGEST]
        if len(number) < LEAST_SIGNS:
            continue
        exact.add(number)
        # of "SN 12345" the register keeps two words
        if (digits := _LAST_DIGITS.search(number)) is not None:
            exact.add(digits[0])
        if len(number) >= LEAST_FOR_SLIPS:
            alike |= slips_of(number)
    return exact, alike


def slips_of(number: str) -> set[str]:
    """Numbers that differ from one by a slip: another sign, one fewer, one more, two exchanged."""
    made: set[str] = set()
    for at in range(len(number) + 1):
        before, after = number[:at], number[at:]
        made.update(before + sign + after for sign in SIGNS)
        if after:
            made.add(before + after[1:])
            made.update(before + sign + after[1:] for sign in SIGNS)
        if len(after) > 1:
            made.add(before + after[1] + after[0] + after[2:])
    made.discard(number)
    return made
