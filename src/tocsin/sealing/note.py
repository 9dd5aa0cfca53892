"""Signed notes: a text with signature lines below it.

A log signs the text itself (type 1). A witness signs ``cosignature/v1``, the time in seconds since
1970, and then the text (type 4): that it saw no other tree of this log until then.

References
----------
C2SP signed-note v1.0.0 and tlog-cosignature v1.0.0, https://c2sp.org.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from tocsin.errors import InvalidInput, TocsinError
from tocsin.sealing.keys import WITNESS, SigningKey, VerifierKey, check_name

MOST_BYTES = 64 * 1024
MOST_SIGNATURES = 100
_DASH = "— "
_TIME_BYTES = 8
_MOST_TIME = 2**63 - 1


class NoteRefused(TocsinError):
    """A signed note is malformed or not signed by the key that is trusted."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: name, key id, and the bytes that the key's type explains."""

    name: str
    key_id: bytes
    body: bytes

    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.body).decode()}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """True when name and key id are those of the key (which proves nothing yet)."""
        return self.name == key.name and self.key_id == key.id


@dataclass(frozen=True, slots=True)
class Note:
    """Text (ends in a newline) and signatures, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, written: bytes | str) -> Note:
        """Read a note.

        Raises
        ------
        NoteRefused
            When it is not a signed note in its one spelling.
        """
        if isinstance(written, bytes):
            if len(written) > MOST_BYTES:
                raise NoteRefused("the note is too long")
            try:
                written = written.decode("utf-8")
            except UnicodeDecodeError as error:
                raise NoteRefused("the note is not UTF-8 text") from error
        if any(c < " " and c != "\n" for c in written):
            raise NoteRefused("the note holds a control character")
        body, blank, lines = written.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise NoteRefused("the note has no signature below its text")
        split = lines[:-1].split("\n")
        if len(split) > MOST_SIGNATURES:
            raise NoteRefused("the note has too many signatures")
        return cls(body + "\n", tuple(_signature(line) for line in split))

    def written(self) -> str:
        """The note as it is kept and handed on."""
        return self.text + "\n" + "".join(s.line() for s in self.signatures)

    def is_signed_by(self, key: VerifierKey) -> bool:
        """True when a signature line of the key holds.

        Raises
        ------
        NoteRefused
            When a line bears the key's name and id, and its signature does not hold: the note
            was changed after it was signed.
        """
        held = False
        for signature in self.signatures:
            if not signature.is_by(key):
                continue
            message, raw = _signed(self.text, signature, key)
            if not key.verifies(raw, message):
                raise NoteRefused(f"the signature of {key.name} does not hold")
            held = True
        return held

    def times_of(self, witness: VerifierKey) -> list[int]:
        """Times (seconds since 1970) at which a witness signed; every signature is checked."""
        self.is_signed_by(witness)
        return [
            int.from_bytes(s.body[:_TIME_BYTES], "big") for s in self.signatures if s.is_by(witness)
        ]

    def signed(self, key: SigningKey, *, time_s: int | None = None) -> Note:
        """The note with a signature of the key added.

        Parameters
        ----------
        key : SigningKey
            Key of a log or of a witness.
        time_s : int, optional
            Seconds since 1970; needed by a witness and only by it.
        """
        verifier = key.verifier
        if (key.kind == WITNESS) != (time_s is not None):
            raise InvalidInput("a witness signs with a time, a log without one")
        head = b""
        if time_s is not None:
            if not 0 <= time_s <= _MOST_TIME:
                raise InvalidInput("the time of a witness is out of range")
            head = time_s.to_bytes(_TIME_BYTES, "big")
        unsigned = Signature(key.name, verifier.id, head)
        message = _message(self.text, time_s)
        done = Signature(key.name, verifier.id, unsigned.body + key.sign(message))
        return Note(self.text, (*self.signatures, done))


def _signed(text: str, signature: Signature, key: VerifierKey) -> tuple[bytes, bytes]:
    """What was signed, and the Ed25519 signature."""
    if key.kind != WITNESS:
        return _message(text, None), signature.body
    time_s = int.from_bytes(signature.body[:_TIME_BYTES], "big")
    if len(signature.body) < _TIME_BYTES or time_s > _MOST_TIME:
        raise NoteRefused(f"the signature of {key.name} has no time")
    return _message(text, time_s), signature.body[_TIME_BYTES:]


def _message(text: str, time_s: int | None) -> bytes:
    head = "" if time_s is None else f"cosignature/v1\ntime {time_s}\n"
    return (head + text).encode("utf-8")


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise NoteRefused("a line below the blank line is no signature")
    try:
        body = base64.b64decode(encoded, validate=True)
        check_name(name)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("a signature line is damaged") from error
    if len(body) <= 4 or base64.b64encode(body).decode() != encoded:
        raise NoteRefused("a signature line is damaged")
    return Signature(name, body[:4], body[4:])
