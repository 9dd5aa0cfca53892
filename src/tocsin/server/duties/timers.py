"""What the timer process does at every tick: apps above register their own steps here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
Step = Callable[[datetime], int]
STEPS: list[Step] = []
"""Steps of the apps above, in the order of registration; each tells how much it did."""
LAST_STEPS: list[Step] = []
"""Steps that come after all of these: calls for what the others have just found, deliveries."""
ENDS: list[Callable[[], None]] = []
"""What is done when the process is to end; each within some seconds."""


def register(step: Step, *, last: bool = False) -> None:
    """Add a step once."""
    steps = LAST_STEPS if last else STEPS
    if step not in steps:
        steps.append(step)


def register_end(end: Callable[[], None]) -> None:
    """Add once what is done when the process is to end."""
    if end not in ENDS:
        ENDS.append(end)


def each(rows: Iterable[T], work: Callable[[T], int]) -> int:
    """Do something for each row; one that fails is logged and does not hold up the others."""
    done = 0
    for row in rows:
        try:
            done += work(row)
        except Exception:
            log.exception("timer step failed for a row", extra={"row": str(row)})
    return done


def run_steps(at: datetime) -> int:
    """Run all steps; one that fails is logged and does not stop the others."""
    done = 0
    for step in (*STEPS, *LAST_STEPS):
        try:
            done += step(at)
        except Exception:
            log.exception("timer step failed", extra={"step": step.__qualname__})
    return done


def run_ends() -> None:
    """Bring to an end what is under way; one that fails is logged and does not stop the others."""
    for end in ENDS:
        try:
            end()
        except Exception:
            log.exception("end of the timers failed", extra={"step": end.__qualname__})
