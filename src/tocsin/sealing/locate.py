"""Where a log was altered, and how: from a kept copy exactly, from roots as far as they allow."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from tocsin.sealing.findings import Finding, where
from tocsin.sealing.merkle import Frontier, leaf_hash

# A root over W unknown leaves is tried against W insertions and against W * W moves of one leaf:
# below these widths that takes well under a second each.
MOST_TRIED_INSERTIONS = 1024
MOST_TRIED_MOVES = 48


def against_copy(kept: Sequence[bytes], found: Sequence[bytes]) -> list[Finding]:
    """Differences of the commitments found from those that were kept elsewhere.

    What the log holds beyond the end of the copy is newer than it and no difference.

    Parameters
    ----------
    kept : sequence of bytes
        Commitments of a copy that was shown to be good.
    found : sequence of bytes
        Commitments of the log to be judged.

    Returns
    -------
    list of Finding
        Positions are those of the kept copy, except of what was inserted.
    """
    start = 0
    while start < min(len(kept), len(found)) and kept[start] == found[start]:
        start += 1
    if start == len(kept):
        return []
    matcher = SequenceMatcher(None, kept[start:], found[start:], autojunk=False)
    removed: dict[int, bytes] = {}
    inserted: dict[int, bytes] = {}
    changed: dict[int, bytes] = {}
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        i1, i2, j1, j2 = (n + start for n in (i1, i2, j1, j2))
        if tag == "replace":
            both = min(i2 - i1, j2 - j1)
            changed |= {i1 + n: found[j1 + n] for n in range(both)}
            i1, j1 = i1 + both, j1 + both
        if tag in ("replace", "delete"):
            removed |= {i: kept[i] for i in range(i1, i2)}
        if tag in ("replace", "insert") and i2 < len(kept):
            inserted |= {j: found[j] for j in range(j1, j2)}
    return _told(kept, found, changed=changed, removed=removed, inserted=inserted)


def _told(
    kept: Sequence[bytes],
    found: Sequence[bytes],
    *,
    changed: dict[int, bytes],
    removed: dict[int, bytes],
    inserted: dict[int, bytes],
) -> list[Finding]:
    """Differences in words: what went at one place and came at another was moved."""
    at_home = {commitment: position for position, commitment in enumerate(kept)}
    now_at = {commitment: position for position, commitment in enumerate(found)}
    findings = []
    moved: set[int] = set()
    for i in [*changed, *removed]:
        if (j := now_at.get(kept[i])) is not None and j != i:
            moved.add(i)
            findings.append(Finding("moved", i, i, f"the leaf {where(i, i)} now stands at {j}"))
    for i, instead in changed.items():
        if i not in moved and instead not in at_home:
            findings.append(
                Finding("changed", i, i, f"the leaf {where(i, i)} is not the one that was kept")
            )
    end = len(kept)
    while end - 1 in removed and end - 1 not in moved:
        end -= 1
    if end < len(kept):
        findings.append(
            Finding(
                "truncated",
                end,
                len(kept) - 1,
                f"the end is missing: leaves {where(end, len(kept) - 1)}",
            )
        )
    for i in removed:
        if i < end and i not in moved:
            findings.append(Finding("removed", i, i, f"the leaf {where(i, i)} is missing"))
    for j, commitment in inserted.items():
        if commitment not in at_home:
            findings.append(Finding("inserted", j, j, f"the leaf {where(j, j)} was not there"))
    return sorted(findings, key=lambda f: (f.first or 0, f.kind))


def against_root(found: Sequence[bytes], *, good: int, size: int, root: bytes) -> Finding:
    """What makes the leaves ``good`` to ``size - 1`` miss a signed root, as exactly as it shows.

    A leaf that was put in, or one that was moved, is found by undoing it everywhere until the
    root is met. A leaf that was replaced or taken away cannot be guessed: then the range between
    two checkpoints is all that roots can say, and a kept copy says more.

    Parameters
    ----------
    found : sequence of bytes
        Commitments in the log.
    good, size : int
        Sizes of the last checkpoint that holds and of the one that does not.
    root : bytes
        Root that the latter states.
    """
    hashes = [leaf_hash(c) for c in found[: size + 1]]
    before = Frontier()
    for one in hashes[:good]:
        before.append(one)
    if len(found) > size and size - good <= MOST_TRIED_INSERTIONS:
        position = _inserted(before, hashes[good:], root)
        if position is not None:
            at = good + position
            return Finding("inserted", at, at, f"the leaf {where(at, at)} was put in afterwards")
    if size - good <= MOST_TRIED_MOVES and len(found) >= size:
        move = _moved(before, hashes[good:size], root)
        if move is not None:
            now, home = good + move[0], good + move[1]
            return Finding("moved", home, home, f"the leaf {where(home, home)} now stands at {now}")
    return Finding(
        "altered",
        good,
        size - 1,
        f"leaves {where(good, size - 1)} are not those that were signed (changed, removed or "
        "inserted; a kept copy of the commitments tells which)",
    )


def _inserted(before: Frontier, hashes: list[bytes], root: bytes) -> int | None:
    """Place of the one leaf without which the root is met."""
    prefix = before.copy()
    for place in range(len(hashes)):
        trial = prefix.copy()
        for one in hashes[place + 1 :]:
            trial.append(one)
        if trial.root() == root:
            return place
        prefix.append(hashes[place])
    return None


def _moved(before: Frontier, hashes: list[bytes], root: bytes) -> tuple[int, int] | None:
    """``(now, home)`` of the one leaf that meets the root when it is put back."""
    for now in range(len(hashes)):
        rest = hashes[:now] + hashes[now + 1 :]
        for home in range(len(hashes)):
            if home == now:
                continue
            trial = before.copy()
            for one in [*rest[:home], hashes[now], *rest[home:]]:
                trial.append(one)
            if trial.root() == root:
                return now, home
    for first in range(len(hashes)):
        for second in range(first + 2, len(hashes)):
            trial = before.copy()
            swapped = list(hashes)
            swapped[first], swapped[second] = swapped[second], swapped[first]
            for one in swapped:
                trial.append(one)
            if trial.root() == root:
                return second, first
    return None
