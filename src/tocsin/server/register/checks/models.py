"""Nuclides and practices that do not fit the model of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import gettext as _

from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.checks.groups import ModelKey, odd_ones
from tocsin.server.register.life import Status
from tocsin.server.register.models import Source
from tocsin.server.register.practices import NAMES, usual_category

CATEGORY_APART = 2
"""Categories by which A/D and practice must differ to be shown; the table of practices is rough."""
FEW = 3
"""Usual values that are named."""


def nuclides(groups: Mapping[ModelKey, Sequence[Source]]) -> Iterator[Finding]:
    """Nuclides that nearly no other source of the model has."""
    for rows in groups.values():
        odd, usual = odd_ones([row.nuclides for row in rows])
        for row in rows:
            if row.nuclides in odd:
                text = _("{a}; sources of this model have {b}").format(
                    a=row.nuclides, b=", ".join(usual[:FEW])
                )
                yield Finding("nuclide_and_model", row, text)


def practices(groups: Mapping[ModelKey, Sequence[Source]]) -> Iterator[Finding]:
    """Practices in which nearly no other source of the model is used."""
    for rows in groups.values():
        told = [row for row in rows if row.practice]
        odd, usual = odd_ones([row.practice for row in told])
        for row in told:
            if row.practice in odd:
                text = _("{a}; sources of this model are used for {b}").format(
                    a=NAMES.get(row.practice, row.practice),
                    b=", ".join(str(NAMES.get(p, p)) for p in usual[:FEW]),
                )
                yield Finding("practice_and_category", row, text)


def categories(sources: Sequence[Source]) -> Iterator[Finding]:
    """Sources in use whose A/D is far from what is usual for the practice."""
    for row in sources:
        usual = usual_category().get(row.practice)
        if row.status != Status.IN_USE or usual is None or row.category is None:
            continue
        if abs(usual - row.category) >= CATEGORY_APART:
            text = _("category {a} by A/D, {b} is usual (unverified)").format(
                a=row.category, b=usual
            )
            yield Finding("practice_and_category", row, text)
