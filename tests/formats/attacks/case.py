"""One attack: bytes, a file name and the only verdicts that are right for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Build = Callable[[], bytes]

REGISTRY: dict[str, Attack] = {}


@dataclass(frozen=True, slots=True)
class Attack:
    """A hand-made file and what an honest reader may say about it.

    ``refused``
        a ``ParseError`` is a right answer.
    ``records``
        reading it is a right answer when exactly this many records come out (None: reading is
        wrong).
    ``total``
        counts over all records that a complete reading holds (None: not stated).
    ``flagged``
        a reading must carry at least one warning.
    """

    name: str
    family: str
    file_name: str
    build: Build
    refused: bool = True
    records: int | None = None
    total: float | None = None
    flagged: bool = False
    slow: bool = False

    def __post_init__(self) -> None:
        if not self.refused and self.records is None:
            raise ValueError(f"{self.name}: no verdict is right")


def attack(
    family: str,
    file_name: str = "attack.n42",
    *,
    refused: bool = True,
    records: int | None = None,
    total: float | None = None,
    flagged: bool = False,
    slow: bool = False,
) -> Callable[[Build], Build]:
    """Register the decorated builder as an attack; its name is the function's."""

    def register(build: Build) -> Build:
        add(
            Attack(
                f"{family}/{build.__name__}",
                family,
                file_name,
                build,
                refused=refused,
                records=records,
                total=total,
                flagged=flagged,
                slow=slow,
            )
        )
        return build

    return register


def add(case: Attack) -> None:
    """Put one attack into the corpus; a name is used once."""
    if case.name in REGISTRY:
        raise ValueError(f"attack {case.name} is defined twice")
    REGISTRY[case.name] = case
