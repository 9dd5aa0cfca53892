"""What apps above know that the records of a survey are needed for, asked before they go.

An app above adds a question when Django starts it; it is asked in the transaction that lets go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

Question = Callable[[Collection[UUID]], bool]
NEEDED: list[Question] = []
"""Each gets the keys of a survey, of its measurement, encounters, messages and alarms."""


def is_needed(keys: Collection[UUID]) -> bool:
    """Whether an app above needs what stands under one of these keys."""
    return any(question(keys) for question in NEEDED)
