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
    MANUFACTURE = "manufacture", _("manufacture")
    IMPORT = "import", _("import from abroad")
    FIND = "find", _("find of a source that nobody had registered")
    TRANSFER = "transfer", _("transfer to another holder")
    RECEIPT = "receipt", _("receipt")
    INSTALLATION = "installation", _("installation in a device")
    MOVE = "move", _("moved to another place")
    ELSEWHERE = "elsewhere", _("used elsewhere for a time")
    RETURN = "return", _("back from elsewhere")
    LEAK_TEST = "leak_test", _("leak test")
    DISUSE = "disuse", _("taken out of use")
    REUSE = "reuse", _("taken into use again")
    DISPOSAL = "disposal", _("disposal")
    EXPORT = "export", _("export")
    LOSS = "loss", _("loss")
    THEFT = "theft", _("theft")
    RECOVERY = "recovery", _("recovery")
    EXEMPTION = "exemption", _("decayed below exemption")
    CHECK = "check", _("checked and correct")
    MISTAKE = "mistake", _("mistake found in what is written")
    CORRECTION = "correction", _("correction")
    WITHDRAWAL = "withdrawal", _("entry withdrawn")


HELD = frozenset({Status.IN_USE, Status.STORED})
"""Statuses in which a holder has the source."""
MISSING = frozenset({Status.LOST, Status.STOLEN})
"""Statuses in which nobody who should has it."""
FIRST = frozenset({Kind.REGISTRATION, Kind.MANUFACTURE, Kind.IMPORT, Kind.RECEIPT, Kind.FIND})
"""Transactions with which the life of a source in the register begins."""
DANGER = frozenset({Kind.LOSS, Kind.THEFT})
"""Transactions that open an incident at once."""
FREQUENT = DANGER | {Kind.TRANSFER, Kind.RECEIPT, Kind.RETURN, Kind.RECOVERY, Kind.CHECK}
"""What pages offer first; the rest stands behind it."""
KNOWN = frozenset(Status) - {Status.WITHDRAWN}
"""Statuses of entries that stand."""


class EndOfLife(models.TextChoices):
    """What is to become of a source that is no longer used."""

    MAKER = "maker", _("return to the maker")
    STORAGE = "storage", _("storage")
    DISPOSAL = "disposal", _("disposal")
    RECYCLING = "recycling", _("recycling")
    EXPORT = "export", _("export")


class TestResult(models.TextChoices):
    """What a leak test has shown."""

    TIGHT = "tight", _("tight")
    LEAKING = "leaking", _("leaking")


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
    Kind.INSTALLATION: Rule(HELD, Status.IN_USE, by_holder=True),
    Kind.MOVE: Rule(HELD, by_holder=True),
    Kind.ELSEWHERE: Rule(HELD, by_holder=True),
    Kind.RETURN: Rule(HELD, by_holder=True),
    Kind.LEAK_TEST: Rule(HELD, by_holder=True),
    Kind.DISUSE: Rule(frozenset({Status.IN_USE}), Status.STORED, by_holder=True),
    Kind.REUSE: Rule(frozenset({Status.STORED}), Status.IN_USE, by_holder=True),
    Kind.DISPOSAL: Rule(HELD, Status.DISPOSED),
    Kind.EXPORT: Rule(HELD, Status.EXPORTED),
    Kind.LOSS: Rule(HELD, Status.LOST, by_holder=True),
    Kind.THEFT: Rule(HELD | {Status.LOST}, Status.STOLEN, by_holder=True),
    Kind.RECOVERY: Rule(MISSING, Status.STORED, by_holder=True),
    Kind.EXEMPTION: Rule(HELD, Status.EXEMPT),
    Kind.IMPORT: Rule(frozenset({Status.EXPORTED}), Status.IN_USE),
    Kind.CHECK: Rule(KNOWN),
    Kind.MISTAKE: Rule(KNOWN, by_holder=True),
    Kind.CORRECTION: Rule(KNOWN),
    Kind.WITHDRAWAL: Rule(HELD, Status.WITHDRAWN),
}
"""Registration, manufacture and find are not here: they are the first transaction and only that."""


def possible(
    status: Status,
    *,
    officer: bool,
    awaits_receipt: bool,
    elsewhere: bool = False,
    checked: bool = False,
) -> list[Kind]:
    """What may be reported of a source in a status.

    Parameters
    ----------
    status : Status
    officer : bool
        Whether an officer of the register asks, or else the holder.
    awaits_receipt : bool
        Whether a transfer has not been confirmed by its receiver.
    elsewhere : bool
        Whether it is used at another place for a time.
    checked : bool
        Whether all that was reported bears the mark of the authority.
    """
    asked_for = {
        Kind.RECEIPT: awaits_receipt,
        Kind.TRANSFER: not awaits_receipt,
        Kind.ELSEWHERE: not (elsewhere or awaits_receipt),
        Kind.RETURN: elsewhere,
        Kind.CHECK: not checked,
    }
    return [
        kind
        for kind, rule in RULES.items()
        if status in rule.possible and (officer or rule.by_holder) and asked_for.get(kind, True)
    ]
