"""The tree for proofs on pages: built once in a process, then only grown."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tocsin.sealing import (
    Checkpoint,
    MerkleTree,
    ProofRefused,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tocsin.server.audit import models
from tocsin.server.audit.export import written_note
from tocsin.server.audit.identity import log_key
from tocsin.server.audit.keeping import LogAltered
from tocsin.server.audit.models import Leaf

_lock = threading.Lock()
_held = MerkleTree()


@dataclass(frozen=True)
class Inclusion:
    """A proof that a leaf stands in the log that a checkpoint states.

    Parameters
    ----------
    checkpoint : Checkpoint
        Signed statement.
    position : int
        Of the leaf.
    proof : list of bytes
        Audit path.
    """

    checkpoint: Checkpoint
    position: int
    proof: list[bytes]


def newest_checkpoint(*, at_least: int = 0) -> Checkpoint | None:
    """The newest checkpoint with its co-signatures, its signature checked; None before the first.

    Raises
    ------
    NoteRefused
        When the one in the database is not signed by the log's key.
    """
    row = models.Checkpoint.objects.filter(size__gte=at_least).order_by("-size").first()
    return None if row is None else Checkpoint.open(written_note(row), log_key().verifier)


def inclusion_of(leaf: Leaf) -> Inclusion | None:
    """Proof for a leaf against the newest checkpoint; None while it is newer than all of them.

    Raises
    ------
    LogAltered
        When the leaf, as the database holds it now, is not in the log that was signed.
    NoteRefused
        When the checkpoint is not signed by the log's key.
    """
    if leaf.position is None:
        return None
    checkpoint = newest_checkpoint(at_least=leaf.position + 1)
    if checkpoint is None:
        return None
    tree = _tree_of(checkpoint)
    proof = tree.inclusion_proof(leaf.position, checkpoint.size)
    try:
        verify_inclusion(
            leaf=leaf_hash(bytes(leaf.commitment)),
            position=leaf.position,
            size=checkpoint.size,
            proof=proof,
            root=checkpoint.root,
        )
    except ProofRefused as error:
        raise LogAltered(f"leaf {leaf.position} is not the one that was signed") from error
    return Inclusion(checkpoint, leaf.position, proof)


def consistency_with(kept: Checkpoint) -> tuple[Checkpoint, list[bytes]]:
    """The newest checkpoint and the proof that it begins with one that somebody kept.

    Raises
    ------
    LogAltered
        When it does not: the log was altered, or put back to an older state.
    """
    newest = newest_checkpoint()
    if newest is None or newest.size < kept.size:
        raise LogAltered(
            f"your checkpoint states {kept.size} leaves, the log has only "
            f"{0 if newest is None else newest.size}: an older state was put back"
        )
    tree = _tree_of(newest)
    proof = tree.consistency_proof(kept.size, newest.size)
    try:
        verify_consistency(
            old=kept.size,
            new=newest.size,
            old_root=kept.root,
            new_root=newest.root,
            proof=proof,
        )
    except ProofRefused as error:
        raise LogAltered(
            f"the first {kept.size} leaves are not those that your checkpoint states"
        ) from error
    return newest, proof


def _tree_of(checkpoint: Checkpoint) -> MerkleTree:
    """A tree that has the checkpoint's root; built anew once where the held one has another."""
    global _held
    with _lock:
        for tree in (_held, MerkleTree()):
            _grow(tree, checkpoint.size)
            if tree.size >= checkpoint.size and tree.root(checkpoint.size) == checkpoint.root:
                _held = tree
                return tree
    raise LogAltered(f"the first {checkpoint.size} leaves are not those that were signed")


def _grow(tree: MerkleTree, size: int) -> None:
    rows = (
        Leaf.objects.filter(position__gte=tree.size, position__lt=size)
        .order_by("position")
        .values_list("commitment", flat=True)
    )
    for commitment in rows.iterator(chunk_size=10_000):
        tree.append(leaf_hash(bytes(commitment)))
