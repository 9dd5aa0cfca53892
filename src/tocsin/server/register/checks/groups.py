"""What is usual among sources of one maker and model, told from the register itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from tocsin.server.register.models import Source

LEAST_OTHERS = 5
"""Sources of a model from which one can tell what is usual for it: with fewer, one that differs is
as likely the first of its kind."""
RARE = 0.05
"""Share of a model up to which something is rare; one source alone is always rare."""
USUAL_COVERS = 0.8
"""What is not rare must make up so much of a model: where nearly each source differs from the next,
to differ means nothing."""

T = TypeVar("T", bound=Hashable)
ModelKey = tuple[str, str]


def bare(text: str) -> str:
    """Letters and digits alone, without regard to case."""
    return "".join(c for c in text.casefold() if c.isalnum())


def model_of(source: Source) -> ModelKey | None:
    """Maker and model, however they are written; None where nothing is written."""
    key = bare(source.manufacturer), bare(source.model)
    return key if any(key) else None


def by_model(sources: Iterable[Source]) -> dict[ModelKey, list[Source]]:
    """Sources by maker and model."""
    groups: dict[ModelKey, list[Source]] = defaultdict(list)
    for source in sources:
        key = model_of(source)
        if key is not None:
            groups[key].append(source)
    return groups


def odd_ones(values: Sequence[T]) -> tuple[set[T], list[T]]:
    """Values that are rare where others are usual, and the usual ones, the most usual first."""
    counted = Counter(values)
    most = max(1.0, RARE * len(values))
    usual = [value for value, n in counted.most_common() if n > most]
    covered = sum(counted[value] for value in usual)
    if covered < LEAST_OTHERS or covered < USUAL_COVERS * len(values):
        return set(), usual
    return set(counted) - set(usual), usual
