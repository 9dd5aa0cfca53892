"""Group-wise folds: whole sources and whole lots, never single samples at random.

Samples of one source resemble each other. A split at random puts such relatives on both sides and
flatters every method (reactor type on the development part of SFCOMPO: 0.83 right at random, 0.43
with whole reactors held out, same classifier). So a split without groups is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput

Index = NDArray[np.intp]


def source_folds(sources: Sequence[str], groups: Sequence[str], folds: int) -> Index:
    """Fold of each sample, whole sources together, each class spread over the folds.

    Parameters
    ----------
    sources : sequence of str
        Source of each sample.
    groups : sequence of str
        Class of each sample.
    folds : int
        Number of folds, at least 2 and at most the number of sources.

    Returns
    -------
    int array, shape (n,)
        Deterministic: the same names give the same folds.

    Raises
    ------
    InvalidInput
        When the sources do not group the samples: a random split under another name.
    """
    refuse_random_split(sources)
    counts = Counter(sources)
    if not 2 <= folds <= len(counts):
        raise InvalidInput(f"folds must lie between 2 and {len(counts)} sources, not {folds}")
    group_of = dict(zip(sources, groups, strict=True))
    # Within a class the largest sources first, each to the fold that holds fewest samples so far.
    load, fold_of = [0] * folds, {}
    for source in sorted(counts, key=lambda s: (group_of[s], -counts[s], s)):
        fold = min(range(folds), key=lambda f: (load[f], f))
        fold_of[source] = fold
        load[fold] += counts[source]
    return np.array([fold_of[s] for s in sources], dtype=np.intp)


def lot_folds(sources: Sequence[str], lots: Sequence[str], folds: int) -> Index:
    """Fold of each sample within its source, whole lots together; -1 where it has one lot only.

    A source with fewer lots than folds appears in as many folds as it has lots.
    """
    if len(sources) != len(lots) or not all(lots):
        raise InvalidInput("each sample needs a lot: random splits are refused")
    answer = np.full(len(sources), -1, dtype=np.intp)
    for offset, source in enumerate(sorted(set(sources))):
        rows = [i for i, s in enumerate(sources) if s == source]
        counts = Counter(lots[i] for i in rows)
        if len(counts) < 2:
            continue
        # Each source begins at another fold, so that small sources do not crowd the first.
        order = sorted(counts, key=lambda x: (-counts[x], x))
        fold_of = {lot: (offset + n) % folds for n, lot in enumerate(order)}
        for i in rows:
            answer[i] = fold_of[lots[i]]
    return answer


def refuse_random_split(groups: Sequence[str]) -> None:
    """Raise if groups are absent or every sample is a group of its own."""
    if not groups or not all(groups):
        raise InvalidInput("each sample needs a source: random splits are refused")
    if len(set(groups)) == len(groups):
        raise InvalidInput(
            "every sample is its own source: that is a random split, and random splits are refused"
        )
