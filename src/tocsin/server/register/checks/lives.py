"""The steps of a source as the checks see them: what is impossible in them, and what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from tocsin.nuclear import source_category
from tocsin.server.register.checks.finding import Finding
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source
from tocsin.server.register.overdue import RECEIPT_DAYS

WRITTEN = frozenset({Kind.CHECK, Kind.MISTAKE, Kind.CORRECTION, Kind.WITHDRAWAL})
"""Steps that write something down and do not happen to the source."""
ENDS = frozenset({Kind.DISPOSAL, Kind.EXPORT, Kind.EXEMPTION})
LOST = frozenset({Kind.LOSS, Kind.THEFT})
ARRIVED = frozenset({Kind.MANUFACTURE, Kind.IMPORT, Kind.RECEIPT, Kind.FIND})
"""Beginnings before which the holder did not have the source."""
REFERENCE_AHEAD_d = 14
"""Makers give the activity of the day on which a source is to arrive, some days ahead."""
REFERENCE_BEFORE_d = 30
"""And sometimes that of the material, measured before the source was closed; months before, hardly
ever: a choice."""
ONE_DAY = dt.timedelta(days=1)
"""A day begins earlier elsewhere than in UTC."""
CROSSED_d = 30
"""Reports of one transfer may come in the wrong order, but not months apart: a choice."""


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A step that was not declared wrong.

    Parameters
    ----------
    number : int
    kind : str
    day, reported : date
    facts : dict
    """

    number: int
    kind: str
    day: dt.date
    reported: dt.date
    facts: dict[str, Any]


@dataclass(slots=True)
class Life:
    """The steps of a source in the order of reporting."""

    steps: list[SeenStep] = field(default_factory=list)

    def left_on(self) -> dt.date | None:
        """The last day on which it went out of the register."""
        return max((s.day for s in self.steps if s.kind in ENDS), default=None)

    def since(self, number: int) -> Life:
        """What people of a holder know to whom the source came with a step: that and later ones.

        What the former holder said with it is not theirs.
        """
        came = [replace(step, facts={}) for step in self.steps if step.number == number]
        return Life(came + [step for step in self.steps if step.number > number])

    def by_day(self) -> list[SeenStep]:
        """Steps that happen to the source, in the order in which they happened."""
        return sorted(
            (s for s in self.steps if s.kind not in WRITTEN), key=lambda s: (s.day, s.number)
        )


def dates(row: Source, life: Life, today: dt.date) -> Iterator[Finding]:
    """The first contradiction between the days of a source."""
    text = next(_contradictions(row, life, today), None)
    if text is not None:
        yield Finding("impossible_date", row, text)


def _contradictions(row: Source, life: Life, today: dt.date) -> Iterator[str]:
    made = row.made_on
    if made is not None and made > today:
        yield _("made on {a}, which lies ahead").format(a=made)
    if made is not None and row.leak_test_on is not None and row.leak_test_on < made:
        yield _("leak test on {a}, made on {b}").format(a=row.leak_test_on, b=made)
    measured = [dt.date.fromisoformat(item["reference_date"]) for item in row.contents]
    for day in measured:
        if day > today:
            yield _("a reference date lies in the future")
        if made is not None and (made - day).days > REFERENCE_BEFORE_d:
            yield _("activity of {a}, made on {b}").format(a=day, b=made)
    if not life.steps:
        return
    first = life.steps[0]
    for day in measured:
        if (day - first.day).days > REFERENCE_AHEAD_d:
            yield _("activity of {a}, in the register since {b}").format(a=day, b=first.day)
    for step in life.steps:
        name = Kind(step.kind).label
        if made is not None and step.day < made:
            yield _("{step} on {a}, made on {b}").format(step=name, a=step.day, b=made)
        if step.day > step.reported + ONE_DAY:
            yield _("{step} on {a}, reported before, on {b}").format(
                step=name, a=step.day, b=step.reported
            )
        if first.kind in ARRIVED and step.day < first.day and step.kind not in WRITTEN:
            yield _("{step} on {a}, it came on {b}").format(step=name, a=step.day, b=first.day)
    yield from _crossed(life)


def _crossed(life: Life) -> Iterator[str]:
    """Receipts before their transfer, recoveries before their loss."""
    before: SeenStep | None = None
    lost: SeenStep | None = None
    for step in life.steps:
        if step.kind == Kind.TRANSFER:
            before = step
        elif step.kind == Kind.RECEIPT and before is not None:
            if step.day < before.day:
                yield _("received on {a}, sent on {b}").format(a=step.day, b=before.day)
            before = None
        elif step.kind in LOST:
            lost = step
        elif step.kind == Kind.RECOVERY and lost is not None:
            if step.day < lost.day:
                yield _("recovered on {a}, missing since {b}").format(a=step.day, b=lost.day)
            lost = None


def order(row: Source, life: Life) -> Iterator[Finding]:
    """Something that happened to a source after it was gone, or while it was missing."""
    gone: SeenStep | None = None
    for step in life.by_day():
        back = step.kind in {Kind.IMPORT, Kind.FIND} or (
            gone is not None and gone.kind in LOST and step.kind in {Kind.RECOVERY, *LOST}
        )
        if gone is not None and not back and step.day > gone.day:
            text = _("{a} on {day}, after {b} on {before}").format(
                a=Kind(step.kind).label,
                day=step.day,
                b=Kind(gone.kind).label,
                before=gone.day,
            )
            yield Finding("after_the_end", row, text)
            return
        if back:
            gone = step if step.kind in LOST else None
        elif step.kind in ENDS or step.kind in LOST:
            gone = step


def legs(row: Source, life: Life, today: dt.date) -> Iterator[Finding]:
    """Transfers of which one side was never reported."""
    sent: list[SeenStep] = []
    orphans: list[SeenStep] = []
    waiting: SeenStep | None = None
    for step in life.steps[1:] if life.steps and life.steps[0].kind == Kind.RECEIPT else life.steps:
        if step.kind == Kind.TRANSFER:
            if waiting is not None:
                sent.append(waiting)
            waiting = step
        elif step.kind == Kind.RECEIPT:
            if waiting is None:
                orphans.append(step)
            waiting = None
        elif step.kind in LOST:
            waiting = None  # lost on the way
    if waiting is not None and _overdue(row, waiting, today):
        sent.append(waiting)
    for receipt in list(orphans):
        late = next((s for s in sent if abs((s.day - receipt.day).days) <= CROSSED_d), None)
        if late is not None:
            sent.remove(late)
            orphans.remove(receipt)
    for step in sent[:1]:
        yield Finding("sent_never_received", row, _("sent on {day}").format(day=step.day))
    for step in orphans[:1]:
        yield Finding("received_never_sent", row, _("received on {day}").format(day=step.day))


def _overdue(row: Source, waiting: SeenStep, today: dt.date) -> bool:
    due = row.receipt_due or waiting.day + dt.timedelta(days=RECEIPT_DAYS)
    return due < today


def exemptions(row: Source, life: Life) -> Iterator[Finding]:
    """Sources that were reported as below exemption and are not."""
    for step in life.steps:
        if step.kind == Kind.EXEMPTION:
            found = source_category(row.activities(), on=step.day)
            if found.category is not None:
                text = _("category {c} by decay on {day}").format(c=found.category, day=step.day)
                yield Finding("not_exempt", row, text)
                return
