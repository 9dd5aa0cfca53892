"""Who is on duty: planned shifts, and hand-overs that make them real.

A shift on paper puts nobody on duty. A person is on duty for a role from the moment of taking over
until another takes over, or until the own shift ends where no later shift is planned. So a relief
that does not come leaves the former person on duty, and the roster shows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.errors import InvalidInput

EARLIEST_TAKEOVER = timedelta(hours=1)
"""So long before the own shift a take-over counts for it: a relief comes early to hear what is
handed over. A default of Tocsin; an earlier one belongs to another shift."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned time of duty of one person in one role, from ``start`` up to before ``end``."""

    person: str
    role: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise InvalidInput("shifts carry a time zone")
        if not self.start < self.end:
            raise InvalidInput("a shift ends after it starts")

    def covers(self, at: datetime) -> bool:
        """Whether the moment lies within it."""
        return self.start <= at < self.end

    def taken_by(self, takeover: Takeover) -> bool:
        """Whether a take-over is one of this shift: its person's, in it or shortly before."""
        first = self.start - EARLIEST_TAKEOVER
        return takeover.person == self.person and first <= takeover.at < self.end


@dataclass(frozen=True, slots=True)
class Takeover:
    """A person took over a role at a moment, having read what the one before left."""

    person: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who answers for a role now.

    Parameters
    ----------
    people : tuple of str
        Those on duty; several where shifts overlap. Empty: nobody, and the chain goes on upward.
    taken : bool
        They have taken over; False where the plan names them but they have not yet.
    relief_missing : tuple of str
        Planned people who should have taken over by now.
    """

    people: tuple[str, ...]
    taken: bool
    relief_missing: tuple[str, ...]


def on_duty(
    shifts: Iterable[Shift], takeovers: Iterable[Takeover], role: str, at: datetime
) -> OnDuty:
    """Who is on duty for a role at a moment."""
    mine = sorted((s for s in shifts if s.role == role), key=lambda s: (s.start, s.person))
    planned = [s for s in mine if s.covers(at)]
    taken = sorted((t for t in takeovers if t.role == role and t.at <= at), key=lambda t: t.at)
    present = [s.person for s in planned if any(s.taken_by(t) for t in taken)]
    missing = tuple(dict.fromkeys(s.person for s in planned if s.person not in present))
    if present:
        return OnDuty(tuple(dict.fromkeys(present)), True, missing)
    last = taken[-1] if taken else None
    if last is not None and missing and _held_until_relief(mine, last, at):
        return OnDuty((last.person,), True, missing)
    return OnDuty(missing, False, missing)


def _held_until_relief(shifts: Sequence[Shift], last: Takeover, at: datetime) -> bool:
    """Whether the person who took over last stays because the shifts join without a gap."""
    own = [s for s in shifts if s.taken_by(last)]
    if not own:
        return False
    end = max(s.end for s in own)
    while end <= at:
        joining = [s.end for s in shifts if s.start <= end < s.end]
        if not joining:
            return False
        end = max(joining)
    return True


def gaps(
    shifts: Iterable[Shift], role: str, start: datetime, end: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """Stretches between two moments in which nobody is planned for a role."""
    mine = sorted((s for s in shifts if s.role == role), key=lambda s: s.start)
    found = []
    covered_until = start
    for shift in mine:
        if shift.end <= covered_until:
            continue
        if shift.start >= end:
            break
        if shift.start > covered_until:
            found.append((covered_until, shift.start))
        covered_until = shift.end
    if covered_until < end:
        found.append((covered_until, end))
    return tuple(found)
