"""Checking of proofs by someone who has only roots: nothing here knows a tree.

The algorithms are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Every length and every bound is
checked: a proof that is too long, too short or of the wrong size is refused, never cut to fit.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from tocsin.errors import TocsinError
from tocsin.sealing.merkle import EMPTY_ROOT, HASH_BYTES, node_hash


class ProofRefused(TocsinError):
    """A proof does not show what it claims; the message says what is wrong with it."""


def verify_inclusion(
    *, leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Demand that a leaf stands at a position of the tree with a root.

    Parameters
    ----------
    leaf : bytes
        Hash of the leaf (:func:`tocsin.sealing.merkle.leaf_hash`), computed by the caller from
        the content, never taken from whoever gives the proof.
    position, size : int
        Position from 0, and number of leaves of the tree.
    proof : sequence of bytes
        Audit path from the leaf upwards.
    root : bytes
        Root of the tree, from a checkpoint whose signature holds.

    Raises
    ------
    ProofRefused
        When the proof does not lead from this leaf at this position to this root.
    """
    _check_hashes([leaf, root, *proof])
    if not 0 <= position < size:
        raise ProofRefused(f"position {position} is outside a tree of {size} leaves")
    index, last = position, size - 1
    found = leaf
    for step in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if index & 1 or index == last:
            found = node_hash(step, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, step)
        index, last = index >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
    if not hmac.compare_digest(found, root):
        raise ProofRefused("the proof leads to another root")


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Demand that the tree of ``new`` leaves begins with the tree of ``old`` leaves.

    Parameters
    ----------
    old, new : int
        Numbers of leaves, ``old <= new``.
    old_root, new_root : bytes
        Roots, from checkpoints whose signatures hold.
    proof : sequence of bytes
        Consistency proof of RFC 6962, section 2.1.2.

    Raises
    ------
    ProofRefused
        When the proof does not lead to both roots.
    """
    _check_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new:
        raise ProofRefused(f"sizes {old} and {new} do not rise")
    if old in (0, new):
        if proof:
            raise ProofRefused("the proof is too long")
        if old == 0 and not hmac.compare_digest(old_root, EMPTY_ROOT):
            raise ProofRefused("a tree without leaves has another root")
        if old == new and not hmac.compare_digest(old_root, new_root):
            raise ProofRefused("two roots are claimed for one size")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofRefused("the proof is too short")
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    found_old = found_new = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if index & 1 or index == last:
            found_old = node_hash(step, found_old)
            found_new = node_hash(step, found_new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found_new = node_hash(found_new, step)
        index, last = index >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
    if not hmac.compare_digest(found_old, old_root):
        raise ProofRefused("the proof leads to another old root")
    if not hmac.compare_digest(found_new, new_root):
        raise ProofRefused("the proof leads to another new root")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofRefused(f"a hash in a proof has {HASH_BYTES} bytes")
