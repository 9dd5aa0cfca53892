"""Mistakes as people make them in registers, put in one by one, with what was done kept beside.

What finds them is elsewhere and knows nothing of this file; what can be found is settled here and
before: a mistake can be found if the register itself holds something that contradicts it. Where
nothing does, or where it is smaller than what is normal, it is called undetectable, with why.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.scenario.register.lives import Item, LifeMaker, Step, decayed_Bq

LEAST_SIBLINGS = 5
"""Other sources of a model without a mistake, from which one can tell what is usual for it."""
TELLING = 1.5
"""A factor between activities that no measurement within a tenth explains; less can be an error of
measurement and is not called detectable."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What was done.

    Parameters
    ----------
    kind : str
        Key of ``RATES``.
    shape : str
        How it came about, in words.
    references : tuple of str
        Numbers in the register of the sources in which it is.
    parties : tuple of str
        Sources without a mistake of their own that are concerned, as the twin of a copied number.
    undetectable : str
        Why nothing can find it; empty where something can.
    """

    kind: str
    shape: str
    references: tuple[str, ...]
    parties: tuple[str, ...] = ()
    undetectable: str = ""


class Book:
    """The sources of a register while mistakes are put in; each gets one at most.

    Parameters
    ----------
    maker : LifeMaker
    items : list of Item
        Changed in place, and added to.
    """

    def __init__(self, maker: LifeMaker, items: list[Item]) -> None:
        self.maker, self.items, self.random = maker, items, maker.random
        self.today = maker.today
        self.touched: set[str] = set()
        self.of_model: dict[tuple[str, str], list[Item]] = defaultdict(list)
        for item in items:
            self.of_model[item.model.maker, item.model.model].append(item)

    def pick(self, fits: Callable[[Item], bool]) -> Item | None:
        """A source without a mistake that fits, now touched."""
        for at in self.random.permutation(len(self.items)):
            item = self.items[int(at)]
            if item.reference not in self.touched and fits(item):
                self.touched.add(item.reference)
                return item
        return None

    def one_of(self, choices: tuple[tuple[float, str], ...]) -> str:
        """One of several shapes by weight."""
        weights = np.array([w for w, _name in choices])
        return choices[int(self.random.choice(len(choices), p=weights / weights.sum()))][1]

    def siblings(self, item: Item) -> list[Item]:
        """Others of its model without a mistake."""
        same = self.of_model[item.model.maker, item.model.model]
        return [i for i in same if i is not item and i.reference not in self.touched]

    def alone(self, item: Item) -> str:
        """Why its model tells nothing, or nothing."""
        few = len(self.siblings(item)) < LEAST_SIBLINGS
        return "too few sources of the model to tell what is usual" if few else ""

    def days(self, low: int, high: int) -> dt.timedelta:
        """A span of days."""
        return dt.timedelta(days=int(self.random.integers(low, max(low + 1, high))))

    def copy(self, item: Item) -> Item:
        """A second entry of the same source, touched, with a registration of its own."""
        twin = deepcopy(item)
        twin.model = item.model
        twin.reference = f"R-{len(self.items) + 1:06d}"
        first = item.steps[0]
        later = min(first.reported_on + self.days(1, 500), self.today)
        twin.steps = [Step("registration", later, later, note="second list")]
        twin.holder = item.last_holder()
        self.items.append(twin)
        self.touched.add(twin.reference)
        return twin


UNIT_SLIPS = (
    (0.30, "1000"),
    (0.15, "0.001"),
    (0.20, repr(1 / 37)),
    (0.12, "37"),
    (0.14, repr(1 / 0.037)),
    (0.05, "1000000"),
    (0.04, "10"),
)
"""Factors between what is meant and what is written: megabecquerel or terabecquerel in a column of
gigabecquerel, curie or millicurie for gigabecquerel and the other way round, kilobecquerel, and a
decimal point in the wrong place."""


def unit_slip(book: Book) -> list[Mistake]:
    """An activity in another unit: of one source, of a whole list, or in a later report."""
    how = book.one_of(((0.6, "source"), (0.2, "list"), (0.2, "report")))
    factor = float(book.one_of(UNIT_SLIPS))
    if how == "report":
        item = book.pick(lambda i: any(s.stated_Bq for s in i.steps))
        if item is None:
            return []
        step = _some(book, [s for s in item.steps if s.stated_Bq])
        step.stated_Bq = tuple(a * factor for a in step.stated_Bq or ())
        return [Mistake("unit_slip", f"report times {factor:.4g}", (item.reference,))]
    first = book.pick(lambda i: i.steps[0].note == "inventory" or how == "source")
    if first is None:
        return []
    chosen = [first]
    while how == "list" and len(chosen) < 5:
        more = book.pick(lambda i: i.holder == first.holder and i.steps[0].note == "inventory")
        if more is None:
            break
        chosen.append(more)
    for item in chosen:
        item.activity_Bq = tuple(a * factor for a in item.activity_Bq)
    return [
        Mistake(
            "unit_slip",
            f"{how} times {factor:.4g}",
            (item.reference,),
            undetectable=_slip_hides(book, item, factor),
        )
        for item in chosen
    ]


def _slip_hides(book: Book, item: Item, factor: float) -> str:
    if any(s.stated_Bq for s in item.steps):
        return ""
    if item.model.spans(item.activity_Bq[0]):
        return "such an activity is usual for the model, and no later report tells another"
    return book.alone(item)


OTHER_HALF_LIVES = ("Cs-137", "Co-60", "Ir-192", "Co-57", "Cd-109")


def decay_mismatch(book: Book) -> list[Mistake]:
    """A stated activity or a reference date that decay contradicts."""
    how = book.one_of(
        (
            (0.40, "certificate copied"),
            (0.15, "half-life of another nuclide"),
            (0.35, "reference date"),
            (0.10, "digits swapped"),
        )
    )
    if how == "reference date":
        return _reference_date(book)
    item = book.pick(lambda i: any(s.stated_Bq for s in i.steps))
    if item is None:
        return []
    step = _some(book, [s for s in item.steps if s.stated_Bq])
    right = step.stated_Bq or ()
    days = (step.happened_on - item.reference_date).days
    if how == "certificate copied":
        wrong = item.activity_Bq
    elif how == "half-life of another nuclide":
        other = OTHER_HALF_LIVES[int(book.random.integers(len(OTHER_HALF_LIVES)))]
        wrong = tuple(decayed_Bq(other, a, days) for a in item.activity_Bq)
    else:
        wrong = tuple(_swapped(a) for a in right)
    step.stated_Bq = wrong
    told = max(
        abs(math.log(a / decayed_Bq(n, b, days)))
        for n, a, b in zip(item.nuclides, wrong, item.activity_Bq, strict=True)
    )
    hidden = "" if told > math.log(TELLING) else "decay has changed too little to tell"
    return [Mistake("decay_mismatch", how, (item.reference,), undetectable=hidden)]


def _reference_date(book: Book) -> list[Mistake]:
    item = book.pick(lambda i: True)
    if item is None:
        return []
    right, options = item.reference_date, []
    for years in (-10, -1, 1, 10):
        options.append(_years(right, years))
    if right.day <= 12 and right.day != right.month:
        options.append(dt.date(right.year, right.day, right.month))
    options = [day for day in options if day <= book.today]
    wrong = item.reference_date = _some(book, options)
    shift = (wrong - right).days
    apart = max(abs(math.log(decayed_Bq(n, 1.0, shift))) for n in item.nuclides)
    seen = apart > math.log(TELLING) and any(s.stated_Bq for s in item.steps)
    too_early = item.made_on is not None and (item.made_on - wrong).days > 60
    too_late = wrong > item.steps[0].happened_on
    hidden = "" if seen or too_early or too_late else "no later activity and no date contradicts it"
    return [Mistake("decay_mismatch", f"reference date {shift} d", (item.reference,), (), hidden)]


IMPOSSIBLE = (
    (0.22, "tested before made"),
    (0.15, "made after it came"),
    (0.15, "received before sent"),
    (0.20, "happened after it was reported"),
    (0.10, "recovered before lost"),
    (0.10, "future made"),
    (0.08, "future step"),
)


def impossible_date(book: Book) -> list[Mistake]:
    """A date that cannot be, as a slip of a year or a month brings it about."""
    how = book.one_of(IMPOSSIBLE)
    made = {
        "tested before made": _tested_before_made,
        "made after it came": _made_after,
        "received before sent": _received_before,
        "happened after it was reported": _after_report,
        "recovered before lost": _recovered_before,
        "future made": _future_made,
        "future step": _future_step,
    }[how](book)
    return [Mistake("impossible_date", how, (made.reference,))] if made else []


def _tested_before_made(book: Book) -> Item | None:
    item = book.pick(lambda i: i.made_on is not None and _has(i, "leak_test"))
    if item is None or item.made_on is None:
        return None
    step = _some(book, [s for s in item.steps if s.kind == "leak_test"])
    back = step.happened_on.year - item.made_on.year + int(book.random.integers(1, 10))
    step.happened_on = _years(step.happened_on, -back)
    return item


def _made_after(book: Book) -> Item | None:
    def fits(i: Item) -> bool:
        if i.made_on is None:
            return False
        return i.steps[0].happened_on < _years(i.made_on, 1) < book.today

    item = book.pick(fits)
    if item is not None and item.made_on is not None:
        item.made_on = _years(item.made_on, 1)
    return item


def _received_before(book: Book) -> Item | None:
    item = book.pick(lambda i: _pair(i) is not None)
    pair = _pair(item) if item else None
    if item is None or pair is None:
        return None
    sent, came = pair
    slip = dt.timedelta(days=365) if book.random.random() < 0.4 else book.days(3, 40)
    came.happened_on = sent.happened_on - slip
    return item


def _after_report(book: Book) -> Item | None:
    def steps(i: Item) -> list[Step]:
        return [s for s in i.steps[1:] if (book.today - s.reported_on).days > 60]

    item = book.pick(lambda i: bool(steps(i)))
    if item is None:
        return None
    step = _some(book, steps(item))
    most = min(300, (book.today - step.reported_on).days)
    step.happened_on = step.reported_on + book.days(5, most)
    return item


def _recovered_before(book: Book) -> Item | None:
    item = book.pick(lambda i: _has(i, "recovery"))
    if item is None:
        return None
    lost = next(s for s in item.steps if s.kind in {"loss", "theft"})
    back = next(s for s in item.steps if s.kind == "recovery")
    back.happened_on = lost.happened_on - book.days(2, 400)
    return item


def _future_made(book: Book) -> Item | None:
    item = book.pick(lambda i: i.made_on is not None)
    if item is not None and item.made_on is not None:
        ahead = book.today.year - item.made_on.year + 1
        item.made_on = _years(item.made_on, 10 * math.ceil(ahead / 10))
    return item


def _future_step(book: Book) -> Item | None:
    item = book.pick(lambda i: _has(i, "leak_test"))
    if item is None:
        return None
    step = _some(book, [s for s in item.steps if s.kind == "leak_test"])
    step.happened_on = _years(step.happened_on, book.today.year - step.happened_on.year + 1)
    return item


def after_the_end(book: Book) -> list[Mistake]:
    """Something is reported of a source that was gone by then, or missing."""
    item = book.pick(lambda i: _gone(i, book.today) is not None)
    gone = _gone(item, book.today) if item else None
    if item is None or gone is None:
        return []
    kind = book.one_of(((0.7, "leak_test"), (0.2, "move"), (0.1, "disuse")))
    day = gone + book.days(15, (book.today - gone).days)
    place = "line 2" if kind == "move" else ""
    item.steps.append(Step(kind, day, min(day + book.days(0, 9), book.today), place=place))
    return [Mistake("after_the_end", f"{kind} of what is gone", (item.reference,))]


def _gone(item: Item, today: dt.date) -> dt.date | None:
    last = max(item.steps, key=lambda s: s.happened_on)
    out = last.kind in {"disposal", "export", "exemption", "loss", "theft"}
    return last.happened_on if out and (today - last.happened_on).days > 30 else None


def sent_never_received(book: Book) -> list[Mistake]:
    """The receiver never confirmed."""

    def fits(i: Item) -> bool:
        pair = _pair(i)
        return pair is not None and (book.today - pair[0].happened_on).days > 30

    item = book.pick(fits)
    pair = _pair(item) if item else None
    if item is None or pair is None:
        return []
    item.steps.remove(pair[1])
    return [Mistake("sent_never_received", "no receipt", (item.reference,))]


def received_never_sent(book: Book) -> list[Mistake]:
    """The sender never reported: a receipt alone, or the receiver enters the source anew."""
    item = book.pick(lambda i: _pair(i) is not None and bool(i.serial))
    pair = _pair(item) if item else None
    if item is None or pair is None:
        return []
    sent, came = pair
    if book.random.random() < 0.6:
        item.steps.remove(sent)
        return [Mistake("received_never_sent", "no transfer", (item.reference,))]
    twin = book.copy(item)
    twin.steps = [Step("receipt", came.happened_on, came.reported_on)]
    twin.holder, twin.place = came.holder, came.place
    twin.latitude = twin.longitude = None
    item.steps = item.steps[: item.steps.index(sent)]
    both = (item.reference, twin.reference)
    return [Mistake("received_never_sent", "entered anew by the receiver", both)]


def not_exempt(book: Book) -> list[Mistake]:
    """Reported as decayed below exemption, years too early."""

    def fits(i: Item) -> bool:
        last = i.steps[-1]
        waits = (book.today - last.happened_on).days
        return last.kind == "disuse" and waits > 30 and i.activity_Bq[0] > 1e8

    item = book.pick(fits)
    if item is None:
        return []
    day = item.steps[-1].happened_on + dt.timedelta(days=25)
    item.steps.append(Step("exemption", day, day))
    return [Mistake("not_exempt", "half-life mistaken", (item.reference,))]


def _pair(item: Item | None) -> tuple[Step, Step] | None:
    """The last transfer with its receipt."""
    steps = item.steps if item else []
    for at in range(len(steps) - 1, 0, -1):
        if steps[at].kind == "receipt":
            sent = [s for s in steps[:at] if s.kind == "transfer"]
            if sent and sent[-1].happened_on <= steps[at].happened_on:
                return sent[-1], steps[at]
    return None


def _has(item: Item, kind: str) -> bool:
    return any(s.kind == kind for s in item.steps)


def _some(book: Book, choices: list[Any]) -> Any:
    return choices[int(book.random.integers(len(choices)))]


def _years(day: dt.date, years: int) -> dt.date:
    year = day.year + years
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _swapped(activity: float) -> float:
    """The first two digits exchanged."""
    digits, power = f"{activity:.2e}".split("e")
    plain = digits.replace(".", "")
    return float(f"{plain[1]}.{plain[0]}{plain[2]}e{power}")
