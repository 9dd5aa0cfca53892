"""What apps above say of an encounter before it is handed on: that it was presented already.

A live device raises its alarms while it measures. When the whole survey is analysed later, the
encounters that people know already call nobody again. An app above adds a question here when Django
starts it; it is asked in the transaction that writes the encounter.
"""

from __future__ import annotations

from collections.abc import Callable

from tocsin.server.measurements.models import Encounter

Question = Callable[[Encounter], bool]
PRESENTED: list[Question] = []


def register(question: Question) -> None:
    """Add a question once."""
    if question not in PRESENTED:
        PRESENTED.append(question)


def was_presented(encounter: Encounter) -> bool:
    """Whether an app above has presented this encounter, or a graver one of the same records."""
    # each is asked: it may have something to link
    return any([question(encounter) for question in PRESENTED])
