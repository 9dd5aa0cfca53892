"""Serial numbers: none, twice, of a strange form, and one source in two entries."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from django.utils.translation import gettext as _

from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.checks.groups import ModelKey, bare, odd_ones
from tocsin.server.register.checks.lives import Life
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source

LOOK_ALIKE = str.maketrans("oilsbz", "011582")
"""Letters that are read as digits, and the other way round."""
LEAST_DIGITS = 3
"""Numbers that are shorter, without what stands before them, are alike by chance."""
SAME_ACTIVITY = 0.02
"""Relative difference of activities that are written twice and rounded in two ways."""
MOST_COMPARED = 60
"""Sources of one certificate that are compared with each other; whole deliveries have one."""


def no_serial(sources: Sequence[Source]) -> Iterator[Finding]:
    """Sources that have no number, nor their device; those that are gone may be found one day."""
    for row in sources:
        if not is_number(row.serial) and not is_number(row.device_serial):
            written = f" “{row.serial}”" if row.serial else ""
            yield Finding("no_serial", row, f"{row.title}{written}")


def is_number(text: str) -> bool:
    """Whether a text can tell a source from another: it has a digit that is not zero."""
    return any(c.isdigit() and c != "0" for c in text)


def forms(groups: Mapping[ModelKey, Sequence[Source]]) -> Iterator[Finding]:
    """Numbers one keystroke away from the form that the numbers of the model have."""
    for rows in groups.values():
        told = [(row, form_of(row.serial)) for row in rows if is_number(row.serial)]
        odd, usual = odd_ones([form for _row, form in told])
        near = {form: next((u for u in usual if one_apart(form, u)), "") for form in odd}
        for row, form in told:
            if near.get(form):
                text = _("“{a}”; numbers of this model look like {b}").format(
                    a=row.serial, b=near[form].upper()
                )
                yield Finding("serial_mistyped", row, text)


def form_of(serial: str) -> str:
    """The number with each digit written as 9."""
    return re.sub(r"\d", "9", bare(serial))


def one_apart(one: str, other: str) -> bool:
    """Whether one character was changed, left out or added."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    short, long = sorted((one, other), key=len)
    at = next((i for i, c in enumerate(short) if c != long[i]), len(short))
    rest = short[at + 1 :] if len(short) == len(long) else short[at:]
    return rest == long[at + 1 :]


def twice(
    groups: Mapping[ModelKey, Sequence[Source]], lives: Mapping[object, Life]
) -> Iterator[Finding]:
    """Numbers that two sources of a model have, and sources that are entered twice."""
    for rows in groups.values():
        told = [row for row in rows if is_number(row.serial)]
        same: dict[str, list[Source]] = defaultdict(list)
        certificates: dict[tuple[object, ...], list[Source]] = defaultdict(list)
        for row in told:
            same[bare(row.serial)].append(row)
            certificates[_certificate(row)].append(row)
        done: set[frozenset[object]] = set()
        for alike in same.values():
            for one, other in combinations(alike[:MOST_COMPARED], 2):
                done.add(frozenset((one.pk, other.pk)))
                yield from _pair(one, other, lives)
        for alike in certificates.values():
            for one, other in combinations(alike[:MOST_COMPARED], 2):
                if frozenset((one.pk, other.pk)) not in done and _read_alike(one, other):
                    yield from _pair(one, other, lives)


def _read_alike(one: Source, other: Source) -> bool:
    """Whether two numbers differ by look-alikes, or by what stands before them."""
    a, b = (bare(row.serial).translate(LOOK_ALIKE) for row in (one, other))
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    digits = sum(c.isdigit() for c in short)
    return len(short) < len(long) and digits >= LEAST_DIGITS and long.endswith(short)


def _certificate(row: Source) -> tuple[object, ...]:
    return tuple((c["nuclide"], c["reference_date"]) for c in row.contents)


def _same_contents(one: Source, other: Source) -> bool:
    if _certificate(one) != _certificate(other):
        return False
    pairs = zip(one.contents, other.contents, strict=True)
    return all(
        abs(a["activity_Bq"] - b["activity_Bq"]) <= SAME_ACTIVITY * float(a["activity_Bq"])
        for a, b in pairs
    )


def _pair(one: Source, other: Source, lives: Mapping[object, Life]) -> Iterator[Finding]:
    """What two entries with one number are: a source twice, one that moved, a copied number."""
    kind, why = "duplicate_serial", _("as {other}")
    if _same_contents(one, other):
        first, second = sorted((one, other), key=lambda r: (_span(r, lives)[0], str(r.pk)))
        left = _span(first, lives)[1]
        if left is not None and left <= _span(second, lives)[0]:
            return  # it went away and came back
        life = lives.get(second.pk)
        began = life.steps[0].kind if life and life.steps else ""
        if began == Kind.RECEIPT and second.holder_id != first.holder_id:
            kind, why = "received_never_sent", _("as {other}, which its former holder still has")
        else:
            kind, why = "entered_twice", _("the same certificate as {other}")
    for row, twin in ((one, other), (other, one)):
        yield Finding(kind, row, why.format(other=f"{twin.name} {twin.serial} ({twin.holder})"))


def _span(row: Source, lives: Mapping[object, Life]) -> tuple[dt.date, dt.date | None]:
    """From when on the entry tells of a source in the country, and until when."""
    life = lives.get(row.pk)
    began = life.steps[0].day if life and life.steps else row.since
    gone = life.left_on() if life else None
    return began, gone
