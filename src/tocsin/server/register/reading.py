"""What a reader sees of the register: sources with filters, numbers, what is overdue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from tocsin.server.marking.policy import Reader, for_figures, visible
from tocsin.server.register.finding import of_nuclide, with_words
from tocsin.server.register.life import HELD, MISSING, Status
from tocsin.server.register.models import CATEGORIES, Holder, Import, Source, Transaction
from tocsin.server.register.overdue import overdue

LONGEST_TEXT = 100
NO_CATEGORY = "none"
GRAVE = "1-3"
"""Categories that a security level is given to."""
STATES = {"held": HELD, "missing": MISSING}
"""Groups of statuses that a list can be narrowed to."""


def sources_for(reader: Reader) -> QuerySet[Source]:
    """Sources that a reader may see."""
    return visible(reader, Source.objects.select_related("holder"))


def source_figures_for(reader: Reader) -> QuerySet[Source]:
    """The same for counts."""
    return for_figures(reader, Source.objects.all())


def holders_for(reader: Reader) -> QuerySet[Holder]:
    """Holders that a reader may see."""
    return visible(reader, Holder.objects.all())


def holder_choices_for(reader: Reader) -> QuerySet[Holder]:
    """The same to choose from in a form, which shows none: a long list of names is no reading."""
    return for_figures(reader, Holder.objects.all())


def imports_for(reader: Reader) -> QuerySet[Import]:
    """Tables that the reader's own register was brought."""
    rows = visible(reader, Import.objects.select_related("created_by", "file"))
    return rows.filter(originator=reader.person.organisation_id)


def came_with(sources: Sequence[UUID]) -> dict[UUID, int]:
    """Number of the step with which each source came to its present holder, where it had another.

    Mostly it is a transfer; a correction may name another holder, too.
    """
    handed = Transaction.objects.filter(source__in=sources, before__has_key="holder").order_by()
    return dict(handed.values_list("source").annotate(most=Max("number")))


def life_of(reader: Reader, source: Source) -> list[Transaction]:
    """Steps of a source that a reader may see.

    The register sees all. People of a holder see what was reported since they hold it: what a
    former holder wrote, and who, is not theirs.
    """
    rows = source.transactions.select_related("by", "holder", "corrects")
    if source.originator_id != reader.person.organisation_id:
        rows = rows.filter(number__gt=came_with([source.pk]).get(source.pk, 0))
    return list(rows)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of sources is narrowed to.

    Parameters
    ----------
    text : str
        Beginnings of words in maker, model, serial number, device, place, holder or number.
    status : str
        A status, or ``held`` or ``missing``; empty for all but withdrawn entries.
    category : str
        1 to 5, ``1-3``, or ``none``.
    nuclide : str
    late : bool
        Only what is overdue.
    """

    text: str = ""
    status: str = ""
    category: str = ""
    nuclide: str = ""
    late: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filter:
        """Filter of the fields of a form; what makes no sense narrows nothing."""
        status, category = given.get("status", ""), given.get("category", "")
        known = {*Status.values, *STATES}
        return cls(
            text=given.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT],
            status=status if status in known else "",
            category=category if category in {*map(str, CATEGORIES), NO_CATEGORY, GRAVE} else "",
            nuclide=given.get("nuclide", "").replace("\0", "").strip()[:20],
            late=given.get("late") == "1",
        )

    def apply(self, rows: QuerySet[Source], today: dt.date) -> QuerySet[Source]:
        """The rows that it leaves."""
        if self.status in STATES:
            rows = rows.filter(status__in=STATES[self.status])
        elif self.status:
            rows = rows.filter(status=self.status)
        else:
            rows = rows.exclude(status=Status.WITHDRAWN)
        if self.category == NO_CATEGORY:
            rows = rows.filter(category=None)
        elif self.category == GRAVE:
            rows = rows.filter(category__lte=3)
        elif self.category:
            rows = rows.filter(category=int(self.category))
        if self.nuclide:
            rows = rows.filter(of_nuclide(self.nuclide))
        if self.late:
            rows = rows.filter(overdue(today))
        return with_words(rows, self.text)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Figures of the register.

    Parameters
    ----------
    held : int
        Sources that a holder has.
    by_category : dict
        Of these, by category; None for those without one.
    missing, late : int
        Lost or stolen; with something overdue.
    """

    held: int
    by_category: dict[int | None, int]
    missing: int
    late: int


def numbers_for(reader: Reader) -> Numbers:
    """Figures of what a reader may see."""
    rows = source_figures_for(reader)
    held = rows.filter(status__in=HELD)
    # by status and category, in the order of the index of figures: it alone is read
    counted = held.order_by().values_list("status", "category").annotate(n=Count("*"))
    by_category: dict[int | None, int] = {}
    for _status, category, n in counted:
        by_category[category] = by_category.get(category, 0) + n
    return Numbers(
        held=sum(by_category.values()),
        by_category={c: by_category.get(c, 0) for c in (*CATEGORIES, None)},
        missing=rows.filter(status__in=MISSING).count(),
        late=rows.filter(overdue(reader.at.date())).count(),
    )
