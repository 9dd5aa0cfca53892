"""Merkle tree against published values and against RFC 6962 written down word by word."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs_by_hand import seeded
from published import CONSISTENCY, INCLUSION, LEAVES, ROOTS

from tocsin.errors import InvalidInput
from tocsin.sealing import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    ProofRefused,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# ------------------------------------------------------------ the oracle: sections 2.1 to 2.1.2


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = split(len(data))
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def audit_path(m: int, data: list[bytes]) -> list[bytes]:
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*audit_path(m, data[:k]), mth(data[k:])]
    return [*audit_path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: list[bytes], whole: bool) -> list[bytes]:
    n = len(data)
    if m == n:
        return [] if whole else [mth(data)]
    k = split(n)
    if m <= k:
        return [*subproof(m, data[:k], whole), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


# ----------------------------------------------------------------------------- published values


def tree_of(data: list[bytes]) -> MerkleTree:
    return MerkleTree(leaf_hash(d) for d in data)


def hexes(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(h) for h in proof]


def test_roots_are_the_published_ones() -> None:
    tree = tree_of(LEAVES)
    assert tree.root(0) == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for size, root in enumerate(ROOTS, start=1):
        assert tree.root(size) == root
        assert root_of(leaf_hash(d) for d in LEAVES[:size]) == root


@pytest.mark.parametrize(("position", "size", "proof"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(
    position: int, size: int, proof: list[str]
) -> None:
    assert tree_of(LEAVES).inclusion_proof(position, size) == hexes(proof)
    verify_inclusion(
        leaf=leaf_hash(LEAVES[position]),
        position=position,
        size=size,
        proof=hexes(proof),
        root=ROOTS[size - 1],
    )


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, proof: list[str]) -> None:
    assert tree_of(LEAVES).consistency_proof(old, new) == hexes(proof)
    verify_consistency(
        old=old, new=new, old_root=ROOTS[old - 1], new_root=ROOTS[new - 1], proof=hexes(proof)
    )


# ------------------------------------------------------------------------------------ properties

leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


@given(data=leaves, draw=st.data())
@settings(max_examples=120, deadline=None)
def test_every_proof_is_that_of_the_standard_and_holds(
    data: list[bytes], draw: st.DataObject
) -> None:
    tree = tree_of(data)
    size = draw.draw(st.integers(1, len(data)))
    old = draw.draw(st.integers(1, size))
    position = draw.draw(st.integers(0, size - 1))
    root = tree.root(size)
    assert root == mth(data[:size])
    path = tree.inclusion_proof(position, size)
    assert path == audit_path(position, data[:size])
    verify_inclusion(
        leaf=leaf_hash(data[position]), position=position, size=size, proof=path, root=root
    )
    proof = tree.consistency_proof(old, size)
    assert proof == subproof(old, data[:size], True)
    verify_consistency(old=old, new=size, old_root=mth(data[:old]), new_root=root, proof=proof)


@given(data=leaves)
@settings(max_examples=60, deadline=None)
def test_a_tree_that_grows_is_the_tree_that_was_built_at_once(data: list[bytes]) -> None:
    grown, edge = MerkleTree(), Frontier()
    for position, one in enumerate(data):
        assert grown.append(leaf_hash(one)) == position
        before = edge.copy()
        edge.append(leaf_hash(one))
        assert edge.root() == grown.root() == mth(data[: position + 1])
        assert before.size == position
        assert before.root() == mth(data[:position])


def test_every_pair_of_sizes_up_to_forty() -> None:
    data = [bytes([i]) for i in range(40)]
    tree = tree_of(data)
    roots = [tree.root(n) for n in range(41)]
    for new in range(41):
        for old in range(new + 1):
            verify_consistency(
                old=old,
                new=new,
                old_root=roots[old],
                new_root=roots[new],
                proof=tree.consistency_proof(old, new),
            )
        for position in range(new):
            verify_inclusion(
                leaf=tree.leaf(position),
                position=position,
                size=new,
                proof=tree.inclusion_proof(position, new),
                root=roots[new],
            )


def test_a_node_is_not_taken_for_a_leaf() -> None:
    """Without the leading bytes a tree of two leaves could be shown as a tree of one."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert MerkleTree([left, right]).root() != leaf_hash(left + right)


def test_what_is_not_in_the_tree_is_refused() -> None:
    tree = tree_of(LEAVES)
    for position, size in ((8, 8), (-1, 8), (0, 9), (3, 3)):
        with pytest.raises(InvalidInput):
            tree.inclusion_proof(position, size)
    for old, new in ((5, 4), (-1, 4), (2, 9)):
        with pytest.raises(InvalidInput):
            tree.consistency_proof(old, new)
    with pytest.raises(InvalidInput):
        tree.append(b"short")
    for position in (-1, 8):
        with pytest.raises(InvalidInput):
            tree.leaf(position)


# --------------------------------------------------------------------------------- forged proofs


def forged_inclusion(rng: random.Random) -> dict[str, object]:
    """A true proof, changed in one way so that it claims something else."""
    data = [rng.randbytes(8) for _ in range(rng.randint(2, 60))]
    tree = tree_of(data)
    size = rng.randint(2, len(data))
    position = rng.randrange(size)
    claim = {
        "leaf": tree.leaf(position),
        "position": position,
        "size": size,
        "proof": tree.inclusion_proof(position, size),
        "root": tree.root(size),
    }
    proof = list(claim["proof"])
    way = rng.randrange(10)
    if way == 0:
        claim["leaf"] = leaf_hash(rng.randbytes(8))
    elif way == 1:
        claim["position"] = (position + rng.randint(1, size - 1)) % size
    elif way == 2:
        claim["root"] = rng.randbytes(32)
    elif way == 3:
        claim["proof"] = [*proof, rng.randbytes(32)]
    elif way == 4:
        claim["proof"] = proof[:-1]
    elif way == 5:
        k = rng.randrange(len(proof))
        flipped = bytearray(proof[k])
        flipped[rng.randrange(32)] ^= 1 << rng.randrange(8)
        claim["proof"] = [*proof[:k], bytes(flipped), *proof[k + 1 :]]
    elif way == 6:
        claim["position"] = size + rng.randrange(3)
    elif way == 7:
        claim["root"] = claim["root"][:-1]
    elif way == 8:
        claim["position"] = -1
    else:
        claim["proof"] = [*proof, b""]
    return claim


def forged_consistency(rng: random.Random) -> dict[str, object]:
    data = [rng.randbytes(8) for _ in range(rng.randint(3, 60))]
    tree = tree_of(data)
    new = rng.randint(3, len(data))
    old = rng.randint(1, new - 1)
    claim = {
        "old": old,
        "new": new,
        "old_root": tree.root(old),
        "new_root": tree.root(new),
        "proof": tree.consistency_proof(old, new),
    }
    proof = list(claim["proof"])
    way = rng.randrange(10)
    if way == 0:  # an old leaf was altered and the tree built anew
        data[rng.randrange(old)] = rng.randbytes(9)
        altered = tree_of(data)
        claim |= {"new_root": altered.root(new), "proof": altered.consistency_proof(old, new)}
    elif way == 1:
        claim["old_root"] = rng.randbytes(32)
    elif way == 2:
        claim["new_root"] = rng.randbytes(32)
    elif way == 3:
        claim |= {"old_root": claim["new_root"], "new_root": claim["old_root"]}
    elif way == 4:
        claim["proof"] = [*proof, rng.randbytes(32)]
    elif way == 5:
        claim["proof"] = proof[:-1]
    elif way == 6:
        claim["proof"] = []
    elif way == 7:
        k = rng.randrange(len(proof))
        flipped = bytearray(proof[k])
        flipped[rng.randrange(32)] ^= 1 << rng.randrange(8)
        claim["proof"] = [*proof[:k], bytes(flipped), *proof[k + 1 :]]
    elif way == 8:
        claim |= {"old": new, "new": old}
    else:
        claim["proof"] = [b"", *proof]
    return claim


def test_a_hundred_forged_inclusion_proofs_are_refused() -> None:
    rng = seeded(6962)
    for _ in range(100):
        with pytest.raises(ProofRefused):
            verify_inclusion(**forged_inclusion(rng))


def test_a_hundred_forged_consistency_proofs_are_refused() -> None:
    rng = seeded(9162)
    for _ in range(100):
        with pytest.raises(ProofRefused):
            verify_consistency(**forged_consistency(rng))


def test_the_list_of_corruptions_of_the_published_vectors_is_refused() -> None:
    """What github.com/transparency-dev/merkle changes in its vectors before it expects an error."""
    some = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")
    for position, size, text in INCLUSION[1:]:
        proof, root, leaf = hexes(text), ROOTS[size - 1], leaf_hash(LEAVES[position])
        wrong = [
            {"position": position - 1},
            {"position": position + 1},
            {"position": position ^ 2},
            {"size": size * 2},
            {"size": size // 2},
            {"leaf": b"WrongLeaf"},
            {"root": EMPTY_ROOT},
            {"root": some},
            {"proof": [*proof, b""]},
            {"proof": [*proof, root]},
            {"proof": [b"", *proof]},
            {"proof": [root, *proof]},
            {"proof": proof[:-1]},
        ]
        for change in wrong:
            claim = {
                "leaf": leaf,
                "position": position,
                "size": size,
                "proof": proof,
                "root": root,
            } | change
            with pytest.raises(ProofRefused):
                verify_inclusion(**claim)


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root", "proof"),
    [
        (0, 0, EMPTY_ROOT, ROOTS[0], []),
        (0, 0, ROOTS[0], EMPTY_ROOT, []),
        (0, 1, ROOTS[0], ROOTS[0], []),
        (1, 1, ROOTS[0], ROOTS[1], []),
        (1, 0, ROOTS[0], EMPTY_ROOT, []),
        (2, 1, ROOTS[1], ROOTS[0], []),
        (1, 2, ROOTS[0], ROOTS[1], []),
        (0, 1, EMPTY_ROOT, ROOTS[0], [EMPTY_ROOT]),
        (1, 1, ROOTS[0], ROOTS[0], [EMPTY_ROOT]),
    ],
)
def test_sizes_without_a_proof_still_need_their_roots(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(ProofRefused):
        verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, proof=proof)
