"""Checkpoints: a log's signed statement of how many leaves it has and what their root is.

References
----------
C2SP tlog-checkpoint v1.0.0, https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from tocsin.errors import InvalidInput
from tocsin.sealing.keys import LOG, WITNESS, SigningKey, VerifierKey
from tocsin.sealing.merkle import HASH_BYTES
from tocsin.sealing.note import Note, NoteRefused

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Statement of a log about itself.

    Attributes
    ----------
    origin : str
        Identity of the log; equal to the name of the key that signs for it.
    size : int
        Number of leaves.
    root : bytes
        Root of the tree over them.
    note : Note
        The signed note that it stands in.
    """

    origin: str
    size: int
    root: bytes
    note: Note

    @classmethod
    def sign(cls, *, size: int, root: bytes, key: SigningKey) -> Checkpoint:
        """Sign size and root with a log's key, whose name is the origin."""
        if key.kind != LOG:
            raise InvalidInput("a checkpoint is signed by the key of a log")
        if size < 0 or len(root) != HASH_BYTES:
            raise InvalidInput("a checkpoint needs a size and a root of 32 bytes")
        text = f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\n"
        return cls(key.name, size, root, Note(text, ()).signed(key))

    @classmethod
    def unverified(cls, written: bytes | str) -> Checkpoint:
        """Read a checkpoint without believing it.

        Raises
        ------
        NoteRefused
            When it is no checkpoint in its one spelling.
        """
        note = Note.parse(written)
        lines = note.text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise NoteRefused("a checkpoint has an origin, a size and a root")
        if not _SIZE.fullmatch(lines[1]):
            raise NoteRefused("the size in a checkpoint is a whole number without leading zeros")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise NoteRefused("the root in a checkpoint is damaged") from error
        if len(root) != HASH_BYTES or base64.b64encode(root).decode() != lines[2]:
            raise NoteRefused("the root in a checkpoint is damaged")
        return cls(lines[0], int(lines[1]), root, note)

    @classmethod
    def open(cls, written: bytes | str, key: VerifierKey) -> Checkpoint:
        """Read a checkpoint and demand that it is of the log whose key is trusted.

        The key pins the identity too: the origin must be the key's name, so that a checkpoint
        of another log of the same operator is not taken for one of this log.

        Raises
        ------
        NoteRefused
            When it is malformed, of another log, or not signed by the key.
        """
        found = cls.unverified(written)
        if found.origin != key.name:
            raise NoteRefused(f"the checkpoint is of {found.origin}, not of {key.name}")
        if key.kind != LOG or not found.note.is_signed_by(key):
            raise NoteRefused(f"the checkpoint is not signed by the key of {key.name}")
        return found

    def written(self) -> str:
        """The text that is kept, sent and printed."""
        return self.note.written()

    def cosigned(self, witness: SigningKey, *, time_s: int) -> Checkpoint:
        """The checkpoint with the co-signature of a witness at a time in seconds since 1970.

        The witness must have checked that this tree begins with the one it signed before.
        """
        note = self.note.signed(witness, time_s=time_s)
        return Checkpoint(self.origin, self.size, self.root, note)

    def witnessed_at(self, witness: VerifierKey) -> list[int]:
        """Times in seconds since 1970 at which a witness signed; empty when it did not.

        Raises
        ------
        NoteRefused
            When a signature in the name of the witness does not hold.
        """
        if witness.kind != WITNESS:
            raise InvalidInput(f"the key of {witness.name} is not the key of a witness")
        return self.note.times_of(witness)


def with_cosignatures(mine: Checkpoint, theirs: Checkpoint) -> Checkpoint:
    """A kept checkpoint with the signature lines added that a copy of it came back with.

    Raises
    ------
    NoteRefused
        When the copy says something else than the kept one.
    """
    if theirs.note.text != mine.note.text:
        raise NoteRefused("the text differs from the checkpoint that was handed out")
    added = tuple(s for s in theirs.note.signatures if s not in mine.note.signatures)
    note = Note(mine.note.text, (*mine.note.signatures, *added))
    return Checkpoint(mine.origin, mine.size, mine.root, note)
