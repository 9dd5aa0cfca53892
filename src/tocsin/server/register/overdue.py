"""What is overdue in the register, by kind, and what was reported too late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.policy import Reader
from tocsin.server.register.life import HELD, KNOWN
from tocsin.server.register.models import Source, Transaction

RECEIPT_DAYS = 7
"""Days after which a transfer without a receipt is shown as late where no law has a period: a
default of Tocsin, to be set by the State; it follows no law."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A kind of what can be overdue.

    Parameters
    ----------
    label : str
    condition : callable
        Condition on sources, on a day.
    since : str
        Field of the source that holds the day by which it should have been done.
    """

    label: str | Promise
    condition: Callable[[dt.date], Q]
    since: str


KINDS: dict[str, Overdue] = {
    "leaking": Overdue(
        _("failed its leak test, and no later test is good"),
        lambda _day: Q(status__in=HELD, leaking=True),
        "leak_test_on",
    ),
    "receipt": Overdue(
        _("sent, and the receipt is not confirmed in time"),
        lambda day: (
            Q(status__in=HELD, sent_on__isnull=False)
            & (
                Q(receipt_due__lt=day)
                | Q(receipt_due=None, sent_on__lt=day - dt.timedelta(days=RECEIPT_DAYS))
            )
        ),
        "receipt_due",
    ),
    "storage": Overdue(
        _("stored longer than permitted"),
        lambda day: Q(status__in=HELD, storage_until__lt=day),
        "storage_until",
    ),
    "elsewhere": Overdue(
        _("used elsewhere for longer than said"),
        lambda day: Q(status__in=HELD, elsewhere_until__lt=day),
        "elsewhere_until",
    ),
    "correction": Overdue(
        _("a mistake was found and is not corrected in time"),
        lambda day: Q(status__in=KNOWN, correction_due__lt=day),
        "correction_due",
    ),
    "check": Overdue(
        _("reported by the holder and not checked by the authority in time"),
        lambda day: Q(status__in=KNOWN, check_due__lt=day),
        "check_due",
    ),
}


def overdue(today: dt.date) -> Q:
    """Condition that something of a source is overdue.

    Each kind is asked by itself, of the index of its own day: little is overdue among much.
    """
    first, *others = (
        Source.objects.filter(kind.condition(today)).order_by().values("pk")
        for kind in KINDS.values()
    )
    return Q(pk__in=first.union(*others))


def counts(rows: QuerySet[Source], today: dt.date) -> dict[str, int]:
    """How many sources are overdue, by kind; a source may be so in several ways."""
    asked = {
        name: Count("pk", filter=kind.condition(today), distinct=True)
        for name, kind in KINDS.items()
    }
    return dict(rows.order_by().aggregate(**asked))


def overdue_of(source: Source, today: dt.date) -> list[tuple[str | Promise, dt.date | None]]:
    """What is overdue of one source, and since when, by the same conditions as the list."""
    found = counts(Source.objects.filter(pk=source.pk), today)
    return [
        (kind.label, getattr(source, kind.since)) for name, kind in KINDS.items() if found[name]
    ]


def late_reports(reader: Reader, sources: QuerySet[Source], days: int) -> QuerySet[Transaction]:
    """Reports of the last days that came after the law's period, of sources that are seen.

    People of a holder see only what was reported since they hold the source: those of an earlier
    holder are not theirs.
    """
    rows = Transaction.objects.filter(
        late=True, at__gte=reader.at - dt.timedelta(days=days), source__in=sources.values("pk")
    )
    own = reader.person.organisation_id
    mine = Q(source__originator=own) | Q(by__organisation=own)
    return rows.filter(mine).select_related("source", "source__holder", "by").order_by("-at")
