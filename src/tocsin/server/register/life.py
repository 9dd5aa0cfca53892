"""The life of a source: what may be reported of it when, and what it becomes.

A source is what its transactions make of it, one after the other. This file alone says which
transaction is possible in which status.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """Where a source stands in its life."""

    IN_USE = "in_use", _("in use")
    STORED = "stored", _("stored")
    LOST = "lost", _("lost")
    STOLEN = "stolen", _("stolen")
    DISPOSED = "disposed", _("disposed of")
    EXPORTED = "exported", _("left the country")
    EXEMPT = "exempt", _("below exemption")
    WITHDRAWN = "withdrawn", _("entry withdrawn")


class Kind(models.TextChoices):
    """What is reported of a source."""

    REGISTRATION = "registration", _("registration")
    TRANSFER = "transfer", _("transfer to another holder")
    RECEIPT = "receipt", _("receipt confirmed")
    MOVE = "move", _("moved to another place")
    LEAK_TEST = "leak_test", _("leak test")
    DISUSE = "disuse", _("taken out of use")
    REUSE = "reuse", _("taken into use again")
    DISPOSAL = "disposal", _("disposal")
    EXPORT = "export", _("export")
    LOSS = "loss", _("loss")
    THEFT = "theft", _("theft")
    RECOVERY = "recovery", _("recovery")
    EXEMPTION = "exemption", _("decayed below exemption")
    CORRECTION = "correction", _("correction")
    WITHDRAWAL = "withdrawal", _("entry withdrawn")


HELD = frozenset({Status.IN_USE, Status.STORED})
"""Statuses in which a holder has the source."""
MISSING = frozenset({Status.LOST, Status.STOLEN})
"""Statuses in which nobody who should has it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a transaction is possible and what the source is after it.

    Parameters
    ----------
    possible : frozenset of Status
        Statuses in which it may be reported.
    becomes : Status or None
        Status after it; None where it stays.
    by_holder : bool
        Whether the holder may report it; the register's officers may report every one.
    """

    possible: frozenset[Status]
    becomes: Status | None = None
    by_holder: bool = False


RULES: dict[Kind, Rule] = {
    Kind.TRANSFER: Rule(HELD, by_holder=True),
    Kind.RECEIPT: Rule(HELD, by_holder=True),
    Kind.MOVE: Rule(HELD, by_holder=True),
    Kind.LEAK_TEST: Rule(HELD, by_holder=True),
    Kind.DISUSE: Rule(frozenset({Status.IN_USE}), Status.STORED, by_holder=True),
    Kind.REUSE: Rule(frozenset({Status.STORED}), Status.IN_USE, by_holder=True),
    Kind.DISPOSAL: Rule(HELD, Status.DISPOSED),
    Kind.EXPORT: Rule(HELD, Status.EXPORTED),
    Kind.LOSS: Rule(HELD, Status.LOST, by_holder=True),
    Kind.THEFT: Rule(HELD | {Status.LOST}, Status.STOLEN, by_holder=True),
    Kind.RECOVERY: Rule(MISSING, Status.STORED, by_holder=True),
    Kind.EXEMPTION: Rule(HELD, Status.EXEMPT),
    Kind.CORRECTION: Rule(frozenset(Status) - {Status.WITHDRAWN}),
    Kind.WITHDRAWAL: Rule(HELD, Status.WITHDRAWN),
}
"""Registration is not here: it is the first transaction and only that."""


def possible(status: Status, *, officer: bool, awaits_receipt: bool) -> list[Kind]:
    """What may be reported of a source in a status.

    Parameters
    ----------
    status : Status
    officer : bool
        Whether an officer of the register asks, or else the holder.
    awaits_receipt : bool
        Whether a transfer has not been confirmed by its receiver.
    """
    return [
        kind
        for kind, rule in RULES.items()
        if status in rule.possible
        and (officer or rule.by_holder)
        and (kind is not Kind.RECEIPT or awaits_receipt)
        and (kind is not Kind.TRANSFER or not awaits_receipt)
    ]
