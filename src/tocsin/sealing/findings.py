"""What a verifier finds in a log, each with the positions it concerns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "changed",
    "removed",
    "inserted",
    "moved",
    "altered",
    "truncated",
    "rolled back",
    "fork",
    "forged",
    "other log",
    "unwitnessed",
]
"""``altered``: leaves in a range are not those that were signed, and nothing says which nor how."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        What was done.
    first, last : int or None
        Positions from 0 between which it lies, both included; equal where it is exact; None where
        it concerns no position (another log, a forged checkpoint).
    message : str
        One sentence for a person.
    """

    kind: Kind
    first: int | None
    last: int | None
    message: str

    @property
    def exact(self) -> bool:
        """True when one position is named."""
        return self.first is not None and self.first == self.last


@dataclass(frozen=True, slots=True)
class Verdict:
    """Answer of the verifier.

    Attributes
    ----------
    origin : str
        Identity of the log that was checked against.
    size : int
        Leaves in the file.
    findings : tuple of Finding
        Empty when the log is what its checkpoints say.
    pinned : bool
        True when the key came from the caller, not from the file.
    held : int
        Greatest size among the checkpoints that hold, over all; leaves beyond it are signed by
        nobody yet.
    held_outside : int or None
        The same among the checkpoints that the caller kept; None when there is none.
    disclosed : int
        Leaves whose content is in the file and opens its commitment.
    witnessed : dict
        For each witness: greatest size it co-signed and the time in seconds since 1970.
    """

    origin: str
    size: int
    findings: tuple[Finding, ...]
    pinned: bool
    held: int
    held_outside: int | None
    disclosed: int
    witnessed: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        """True when nothing was found."""
        return not self.findings


def where(first: int, last: int) -> str:
    """Positions in words: ``at position 17``, ``between positions 17 and 40``."""
    return f"at position {first}" if first == last else f"between positions {first} and {last}"
