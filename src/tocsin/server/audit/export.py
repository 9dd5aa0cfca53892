"""The log in one file, for the independent verifier."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.sealing import LoggedLeaf, write_lines
from tocsin.server.audit.identity import log_key
from tocsin.server.audit.models import Checkpoint, Leaf


def log_lines(*, contents: bool, marking: str) -> Iterator[str]:
    """Lines of a log file as the database holds it now.

    Parameters
    ----------
    contents : bool
        With salts and contents of all leaves, for whoever may read everything.
    marking : str
        What the first line says to whoever handles the file.
    """
    key = log_key().verifier
    # Checkpoints first: leaves only become more while the file is written.
    notes = [written_note(row) for row in Checkpoint.objects.order_by("size")]
    return write_lines(
        origin=key.name,
        key=str(key),
        leaves=_leaves(contents=contents),
        checkpoints=notes,
        marking=marking,
    )


def written_note(row: Checkpoint) -> str:
    """A checkpoint with the co-signatures that came back."""
    return row.note + "".join(row.cosignatures.values_list("line", flat=True))


def _leaves(*, contents: bool) -> Iterator[LoggedLeaf]:
    rows = Leaf.objects.exclude(position=None).order_by("position")
    for leaf in rows.iterator(chunk_size=2000):
        yield LoggedLeaf(
            position=int(leaf.position or 0),
            commitment=bytes(leaf.commitment),
            salt=bytes(leaf.salt) if contents else None,
            content=leaf.content if contents else None,
        )
