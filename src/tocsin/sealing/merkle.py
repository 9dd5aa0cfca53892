"""Merkle tree of RFC 6962, section 2.1: hashes of leaves and nodes, roots, and proofs.

A leaf is hashed with a leading 0x00 and a node with a leading 0x01, so that no node can be
shown as a leaf. The tree over ``n`` leaves splits at the largest power of two below ``n``.

References
----------
B. Laurie, A. Langley, E. Kasper, "Certificate Transparency", RFC 6962, 2013,
doi:10.17487/RFC6962; the same tree with algorithms in words: RFC 9162, 2021, section 2.1,
doi:10.17487/RFC9162.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tocsin.errors import InvalidInput

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: SHA-256 of 0x00 and its bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node: SHA-256 of 0x01 and the hashes of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """Append-only tree that keeps every complete node, so that each proof costs O(log n).

    ``levels[k][i]`` is the hash over the leaves ``i * 2**k`` to ``(i + 1) * 2**k - 1``; only
    complete nodes are kept, which never change. Memory is some 64 bytes of hash per leaf.

    Parameters
    ----------
    leaf_hashes : iterable of bytes
        Hashes (:func:`leaf_hash`) of the leaves that are there already, in order.
    """

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for one in leaf_hashes:
            self.append(one)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def append(self, one: bytes) -> int:
        """Add the hash of a leaf at the end.

        Returns
        -------
        int
            Position of the leaf, from 0.
        """
        if len(one) != HASH_BYTES:
            raise InvalidInput(f"the hash of a leaf has {HASH_BYTES} bytes, not {len(one)}")
        position = self.size
        level = 0
        self._levels[0].append(one)
        while len(self._levels[level]) % 2 == 0:
            left, right = self._levels[level][-2:]
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(node_hash(left, right))
        return position

    def leaf(self, position: int) -> bytes:
        """Hash of the leaf at a position."""
        self._check(position < self.size and position >= 0, f"there is no leaf {position}")
        return self._levels[0][position]

    def root(self, size: int | None = None) -> bytes:
        """Root over the first ``size`` leaves; over all of them without an argument."""
        size = self.size if size is None else size
        self._check(0 <= size <= self.size, f"the tree has {self.size} leaves, not {size}")
        return self._over(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, position: int, size: int | None = None) -> list[bytes]:
        """Audit path that shows a leaf in the tree of the first ``size`` leaves.

        RFC 6962, section 2.1.1; from the leaf upwards.
        """
        size = self.size if size is None else size
        self._check(
            0 <= position < size <= self.size,
            f"leaf {position} is not in a tree of {size} of {self.size} leaves",
        )
        path: list[bytes] = []
        first, last = 0, size
        while last - first > 1:
            middle = first + _split(last - first)
            if position < middle:
                path.append(self._over(middle, last))
                last = middle
            else:
                path.append(self._over(first, middle))
                first = middle
        return path[::-1]

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """Proof that the first ``old`` leaves of the tree of ``new`` leaves are unchanged.

        RFC 6962, section 2.1.2. Empty for ``old`` 0 (nothing to show) and ``old == new``.
        """
        new = self.size if new is None else new
        self._check(
            0 <= old <= new <= self.size,
            f"sizes must rise from {old} to {new} and lie within {self.size}",
        )
        if old in (0, new):
            return []
        path: list[bytes] = []
        first, last, whole = 0, new, True
        while old != last:
            middle = first + _split(last - first)
            if old <= middle:
                path.append(self._over(middle, last))
                last = middle
            else:
                path.append(self._over(first, middle))
                first, whole = middle, False
        if not whole:
            path.append(self._over(first, last))
        return path[::-1]

    def _over(self, first: int, last: int) -> bytes:
        """Hash over the leaves ``first`` to ``last - 1``: a subtree of the tree of some size."""
        width = last - first
        level = width.bit_length() - 1
        if width == 1 << level:
            return self._levels[level][first >> level]
        middle = first + _split(width)
        return node_hash(self._over(first, middle), self._over(middle, last))

    @staticmethod
    def _check(fine: bool, text: str) -> None:
        if not fine:
            raise InvalidInput(text)


def _split(width: int) -> int:
    """Largest power of two below a width of two or more."""
    return 1 << ((width - 1).bit_length() - 1)


class Frontier:
    """The right edge of a growing tree: enough for its root, O(log n) hashes, cheap to copy."""

    __slots__ = ("_stack", "size")

    def __init__(self) -> None:
        self._stack: list[tuple[int, bytes]] = []
        self.size = 0

    def append(self, one: bytes) -> None:
        """Add the hash of a leaf at the end."""
        level = 0
        while self._stack and self._stack[-1][0] == level:
            one = node_hash(self._stack.pop()[1], one)
            level += 1
        self._stack.append((level, one))
        self.size += 1

    def root(self) -> bytes:
        """Root over all leaves so far."""
        if not self._stack:
            return EMPTY_ROOT
        right = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            right = node_hash(left, right)
        return right

    def copy(self) -> Frontier:
        """Another one that grows on from here by itself."""
        other = Frontier()
        other._stack = list(self._stack)
        other.size = self.size
        return other


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root over hashes of leaves."""
    frontier = Frontier()
    for one in leaf_hashes:
        frontier.append(one)
    return frontier.root()
