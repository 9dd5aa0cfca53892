"""What a reader sees of licences and orders: lists with filters, limits used and left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tocsin.server.licensing.holding import arrived, holding_of
from tocsin.server.licensing.limits import Bound, Holding, Limit, usage
from tocsin.server.licensing.models import Licence, Order, OrderState, Reason, State, Version
from tocsin.server.licensing.wording import becquerels, name_of
from tocsin.server.marking.policy import Reader, for_figures, may, visible
from tocsin.server.register.models import Holder

LONGEST_TEXT = 100
SOON_d = 90
"""Days before its end from which a licence is shown as ending soon: a choice."""
ENDS = ("soon", "over")
NEARLY_FULL = 0.8
"""Part of a limit from which its bar warns: a choice."""


def licences_for(reader: Reader) -> QuerySet[Licence]:
    """Licences that a reader may see."""
    return visible(reader, Licence.objects.select_related("holder", "current", "originator"))


def licence_figures_for(reader: Reader) -> QuerySet[Licence]:
    """The same for counts."""
    return for_figures(reader, Licence.objects.all())


def orders_for(reader: Reader) -> QuerySet[Order]:
    """Orders that a reader may see."""
    return visible(
        reader,
        Order.objects.select_related("vendor", "buyer", "licence", "originator", "created_by"),
    )


def is_officer(reader: Reader, row: Licence | Order | Holder) -> bool:
    """Whether somebody reads a row of the own register as its officer."""
    return may(reader, "licences.write") and row.originator_id == reader.person.organisation_id


def buyer_shown(reader: Reader, order: Order) -> Holder | None:
    """The buyer of an order; of a refused one for officers alone: the sheet may be another's."""
    shown = order.state != OrderState.REFUSED or is_officer(reader, order)
    return order.buyer if shown else None


@dataclass(frozen=True, slots=True)
class LicenceFilter:
    """What a list of licences is narrowed to.

    Parameters
    ----------
    text : str
        Words that stand in number or holder.
    state : str
    ends : str
        ``soon`` or ``over``.
    waiting : bool
        Only what waits for a second officer.
    """

    text: str = ""
    state: str = ""
    ends: str = ""
    waiting: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str]) -> LicenceFilter:
        """Filter of the fields of a form; what makes no sense narrows nothing."""
        state, ends = given.get("state", ""), given.get("ends", "")
        return cls(
            text=given.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT],
            state=state if state in State.values else "",
            ends=ends if ends in ENDS else "",
            waiting=given.get("waiting") == "1",
        )

    def apply(self, rows: QuerySet[Licence], today: dt.date) -> QuerySet[Licence]:
        """The rows that it leaves."""
        if self.state:
            rows = rows.filter(state=self.state)
        if self.ends:
            rows = rows.filter(state__in=(State.IN_FORCE, State.SUSPENDED))
        if self.ends == "over":
            rows = rows.filter(valid_until__lt=today)
        elif self.ends == "soon":
            last = today + dt.timedelta(days=SOON_d)
            rows = rows.filter(valid_until__gte=today, valid_until__lte=last)
        if self.waiting:
            rows = rows.filter(undecided())
        for word in self.text.split():
            rows = rows.filter(Q(number__icontains=word) | Q(holder__name__icontains=word))
        return rows


def undecided() -> Exists:
    """Condition that a version of a licence waits for a second officer."""
    return Exists(Version.objects.filter(licence=OuterRef("pk"), decision=None))


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What a list of orders is narrowed to.

    Parameters
    ----------
    text : str
        Words that stand in the numbers or the names of vendor and buyer.
    state, reason : str
    """

    text: str = ""
    state: str = ""
    reason: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> OrderFilter:
        """Filter of the fields of a form; what makes no sense narrows nothing."""
        state, reason = given.get("state", ""), given.get("reason", "")
        return cls(
            text=given.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT],
            state=state if state in OrderState.values else "",
            reason=reason if reason in Reason.values else "",
        )

    def apply(self, reader: Reader, rows: QuerySet[Order]) -> QuerySet[Order]:
        """The rows that it leaves; a buyer whom the reader is not told is not searched either."""
        told = ~Q(state=OrderState.REFUSED)
        if may(reader, "licences.write"):
            told |= Q(originator=reader.person.organisation_id)
        if self.state:
            rows = rows.filter(state=self.state)
        if self.reason:
            rows = rows.filter(reason=self.reason)
        for word in self.text.split():
            rows = rows.filter(
                Q(number__icontains=word)
                | Q(claimed__icontains=word)
                | Q(vendor__name__icontains=word)
                | (told & Q(buyer__name__icontains=word))
            )
        return rows


@dataclass(frozen=True, slots=True)
class Bar:
    """One bound of a licence with what of it is taken.

    Parameters
    ----------
    name : str
        Of the limit.
    bound : Bound
        Which of its bounds.
    label : str
        The bound in words.
    most, held, reserved, left : str
        As people read them; all but ``most`` are empty for the bound of a single source.
    share : float or None
        Part that is taken, held and reserved.
    """

    name: str
    bound: Bound
    label: str
    most: str
    held: str = ""
    reserved: str = ""
    left: str = ""
    share: float | None = None

    @property
    def tone(self) -> str:
        """How a page marks it."""
        if self.share is None or self.share <= NEARLY_FULL:
            return "calm"
        return "alarm" if self.over else "warn"

    @property
    def meter(self) -> str:
        """The part as a bar takes it."""
        return f"{min(1.0, self.share or 0.0):.4f}"

    @property
    def percent(self) -> str:
        """The part as people read it."""
        return f"{100.0 * (self.share or 0.0):.0f}"

    @property
    def over(self) -> bool:
        """Whether it is exceeded."""
        return self.share is not None and self.share > 1.0 + 1e-9


def bars_of(licence: Licence, day: dt.date) -> list[Bar]:
    """Limits of the version in force with what is held and reserved on a day."""
    if licence.current is None:
        return []
    holding = holding_of(licence.holder, day)
    return [bar for limit in licence.current.rows() for bar in _bars(limit, holding)]


def plain_bars(rows: list[Limit]) -> list[Bar]:
    """Limits alone, for a version that is not in force."""
    return [bar for limit in rows for bar in _bars(limit, None)]


def _bars(limit: Limit, holding: Holding | None) -> list[Bar]:
    name, found = name_of(limit), []
    if limit.source_Bq is not None:
        label = _("most activity of one source")
        found.append(Bar(name, Bound.SOURCE, label, becquerels(limit.source_Bq)))
    parts = (
        (Bound.TOTAL, _("most total activity"), limit.total_Bq, "total_Bq", becquerels),
        (Bound.SOURCES, _("most number of sources"), limit.sources, "sources", _count),
        (
            Bound.CATEGORY,
            _("A/D of all together, less than"),
            limit.least_ratio_beyond,
            "ratio_A_over_D",
            _ratio,
        ),
    )
    for bound, label, most, field, shown in parts:
        if most is None:
            continue
        if holding is None:
            found.append(Bar(name, bound, label, shown(most)))
            continue
        held = getattr(usage(limit, holding.held), field)
        reserved = getattr(usage(limit, holding.reserved), field)
        found.append(
            Bar(
                name,
                bound,
                label,
                shown(most),
                shown(held),
                shown(reserved),
                shown(max(0.0, most - held - reserved)),
                (held + reserved) / most,
            )
        )
    if not found:
        found.append(Bar(name, Bound.CATEGORY, _("no limit beside its category"), "–"))
    return found


def _count(value: float) -> str:
    return f"{value:.0f}"


def _ratio(value: float) -> str:
    return f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for officers of licences.

    Parameters
    ----------
    proposals, ends_soon, refusals, undelivered : int
        Versions without a decision; licences that end soon; orders refused in the last week; orders
        that are said to be delivered and do not stand in the register.
    """

    proposals: int
    ends_soon: int
    refusals: int
    undelivered: int


def waiting_for(reader: Reader) -> Waiting:
    """What waits, of what a reader may see."""
    rows, today = licence_figures_for(reader), reader.at.date()
    orders = for_figures(reader, Order.objects.all())
    week = reader.at - dt.timedelta(days=7)
    delivered = list(orders.filter(state=OrderState.DELIVERED).select_related("buyer"))
    return Waiting(
        proposals=rows.filter(undecided()).count(),
        ends_soon=LicenceFilter(ends="soon").apply(rows, today).count(),
        refusals=orders.filter(state=OrderState.REFUSED, created_at__gte=week).count(),
        undelivered=len(delivered) - len(arrived(delivered)),
    )
