"""Chains of notices: whom to call next while nobody has acknowledged.

A chain is a list of links: a role, and how long its people have before the next role is called as
well. Nobody on duty for a role costs no time: the next is called at the same moment. A chain that
ends without an acknowledgement repeats its last link.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Link:
    """A role of a chain and the minutes it has to acknowledge."""

    role: str
    wait_min: float

    def __post_init__(self) -> None:
        if not self.wait_min > 0:
            raise InvalidInput(f"chain: {self.role} needs more than zero minutes to answer")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a chain: when, which role, which people; none where nobody is there."""

    at: datetime
    step: int
    role: str
    people: tuple[str, ...]


def next_calls(
    chain: Sequence[Link],
    since: datetime,
    step: int,
    now: datetime,
    people: Callable[[str, datetime], tuple[str, ...]],
) -> tuple[tuple[Call, ...], datetime]:
    """Calls that fall due until now, and when the next one does.

    Parameters
    ----------
    chain : sequence of Link
        The chain.
    since : datetime
        When step ``step`` is due: the start of the notice for step 0.
    step : int
        The first step that was not made yet.
    now : datetime
        The moment of looking.
    people : callable
        Who is on duty for a role at a moment.

    Returns
    -------
    tuple of Call, datetime
        The calls in order, stamped with the moments they were due, and the moment of the next.
    """
    if not chain:
        raise InvalidInput("a chain without links calls nobody")
    calls = []
    due = since
    while due <= now:
        last = step >= len(chain) - 1
        link = chain[min(step, len(chain) - 1)]
        if last:
            # of the repeats that are due only the latest tells anybody anything
            due += (
                (now - due) // timedelta(minutes=link.wait_min) * timedelta(minutes=link.wait_min)
            )
        call = Call(due, step, link.role, people(link.role, due))
        calls.append(call)
        # Nobody there: the next role is called at once, but the end of the chain keeps its pace.
        if call.people or last:
            due += timedelta(minutes=link.wait_min)
        step += 1
    return tuple(calls), due
