"""Notes, checkpoints and co-signatures against those of running logs; keys and their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from logs_by_hand import seeded
from published import (
    ARCHE_CHECKPOINT,
    ARCHE_KEY,
    GO_KEY,
    GO_NOTE,
    NEUMANN_KEY,
    NEUMANN_LINE,
    NEUMANN_SECRET,
    NEUMANN_TEXT,
    REMORA_KEY,
    SMARTIT_KEY,
)

from tocsin.errors import InvalidInput
from tocsin.sealing import (
    Checkpoint,
    Note,
    NoteRefused,
    SigningKey,
    VerifierKey,
    read_key_file,
    with_cosignatures,
    write_key_file,
)

ORIGIN = "tocsin.example/log"
LOG_KEY = SigningKey(ORIGIN, bytes(range(32)))
WITNESS_KEY = SigningKey("witness.example/w1", bytes(range(32, 64)), 4)
ROOT = bytes(range(100, 132))


# ---------------------------------------------------------------------------- what others signed


def test_the_note_of_the_go_library_is_made_and_read_byte_for_byte() -> None:
    key = SigningKey.parse(NEUMANN_SECRET)
    assert str(key.verifier) == NEUMANN_KEY
    assert key.reveal() == NEUMANN_SECRET
    written = Note(NEUMANN_TEXT, ()).signed(key).written()
    assert written == NEUMANN_TEXT + "\n" + NEUMANN_LINE
    assert Note.parse(written).is_signed_by(VerifierKey.parse(NEUMANN_KEY))


def test_the_tree_head_of_the_go_checksum_database_holds() -> None:
    key = VerifierKey.parse(GO_KEY)
    assert Note.parse(GO_NOTE).is_signed_by(key)
    with pytest.raises(NoteRefused, match="does not hold"):
        Note.parse(GO_NOTE.replace("65209736", "65209737")).is_signed_by(key)


def test_a_checkpoint_of_a_running_log_and_its_witnesses_hold() -> None:
    found = Checkpoint.open(ARCHE_CHECKPOINT, VerifierKey.parse(ARCHE_KEY))
    assert (found.origin, found.size) == ("arche2025h1.staging.ct.transparency.dev", 1432088532)
    assert found.written() == ARCHE_CHECKPOINT
    for witness in (REMORA_KEY, SMARTIT_KEY):
        assert found.witnessed_at(VerifierKey.parse(witness)) == [0x6A122120]


def test_a_changed_time_of_a_witness_is_seen() -> None:
    clobbered = ARCHE_CHECKPOINT.replace("2net5wAAAABqEiEg", "2net5wAAAABqEiEh")
    found = Checkpoint.open(clobbered, VerifierKey.parse(ARCHE_KEY))
    with pytest.raises(NoteRefused, match="remora"):
        found.witnessed_at(VerifierKey.parse(REMORA_KEY))
    assert found.witnessed_at(VerifierKey.parse(SMARTIT_KEY))


# ------------------------------------------------------------------------------------------ keys


def test_no_part_and_no_mangling_of_a_verifier_key_is_one() -> None:
    assert str(VerifierKey.parse(NEUMANN_KEY)) == NEUMANN_KEY
    for i in range(len(NEUMANN_KEY) + 1):
        for j in range(i + 1, len(NEUMANN_KEY) + 1):
            if (i, j) != (0, len(NEUMANN_KEY)):
                with pytest.raises(InvalidInput):
                    VerifierKey.parse(NEUMANN_KEY[i:j])
    for i, c in enumerate(NEUMANN_KEY):
        with pytest.raises(InvalidInput):
            VerifierKey.parse(NEUMANN_KEY[:i] + chr(ord(c) + 1) + NEUMANN_KEY[i + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_keys_of_another_length_or_kind_are_refused_though_their_id_fits(text: str) -> None:
    with pytest.raises(InvalidInput):
        VerifierKey.parse(text)


def test_a_key_file_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    write_key_file(path, LOG_KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == LOG_KEY
    with pytest.raises(FileExistsError):
        write_key_file(path, SigningKey.generate(ORIGIN))
    assert read_key_file(path) == LOG_KEY
    path.chmod(0o640)
    with pytest.raises(InvalidInput, match="read by others"):
        read_key_file(path)


def test_a_secret_is_in_no_repr_and_in_no_error(tmp_path: Path) -> None:
    secret = LOG_KEY.reveal()
    tail = secret[-20:]
    assert tail not in repr(LOG_KEY)
    assert LOG_KEY.seed.hex() not in repr(LOG_KEY)
    path = tmp_path / "damaged.key"
    path.write_text(secret.replace("example", "exbmple"))
    path.chmod(0o600)
    with pytest.raises(InvalidInput) as raised:
        read_key_file(path)
    assert tail not in str(raised.value)


def test_new_keys_differ() -> None:
    assert SigningKey.generate(ORIGIN).seed != SigningKey.generate(ORIGIN).seed


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b"])
def test_names_that_would_break_a_signature_line_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        SigningKey(name, bytes(32))


# ----------------------------------------------------------------------------------- checkpoints


def signed(size: int = 7, key: SigningKey = LOG_KEY) -> Checkpoint:
    return Checkpoint.sign(size=size, root=ROOT, key=key)


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    found = Checkpoint.open(signed().written(), LOG_KEY.verifier)
    assert (found.origin, found.size, found.root) == (ORIGIN, 7, ROOT)
    assert Checkpoint.open(signed().written().encode(), LOG_KEY.verifier) == found


def test_the_key_pins_the_log() -> None:
    """A database that swaps the identity of the log must not pass (CVE-2022-39199)."""
    other_log = SigningKey("tocsin.example/other", LOG_KEY.seed)
    other_key = SigningKey(ORIGIN, bytes(32))
    for key in (other_log, other_key):
        with pytest.raises(NoteRefused):
            Checkpoint.open(signed(key=key).written(), LOG_KEY.verifier)
    # The text of one log signed by the key of another one of the same operator.
    text = signed().note.text
    mixed = Note(text, ()).signed(other_log).written()
    with pytest.raises(NoteRefused):
        Checkpoint.open(mixed, LOG_KEY.verifier)
    with pytest.raises(NoteRefused, match="is of"):
        Checkpoint.open(signed(key=other_log).written(), LOG_KEY.verifier)


def test_every_flipped_bit_of_a_checkpoint_is_refused() -> None:
    written = signed().written().encode()
    rng = seeded(4)
    for at in range(len(written)):
        changed = bytearray(written)
        changed[at] ^= 1 << rng.randrange(8)
        with pytest.raises(NoteRefused):
            Checkpoint.open(bytes(changed), LOG_KEY.verifier)


def test_every_cut_of_a_checkpoint_is_refused() -> None:
    written = signed().written()
    for at in range(len(written)):
        with pytest.raises(NoteRefused):
            Checkpoint.open(written[:at], LOG_KEY.verifier)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n07\nZGVmZw==\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n1e3\n{'A' * 43}=\n",
        f"{ORIGIN}\n7\nAAAA\n",
        f"{ORIGIN}\n7\n{'A' * 43}\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{'A' * 43}=\n\nextension\n",
    ],
)
def test_a_signature_does_not_heal_a_malformed_checkpoint(text: str) -> None:
    written = Note(text, ()).signed(LOG_KEY).written()
    with pytest.raises(NoteRefused):
        Checkpoint.open(written, LOG_KEY.verifier)


def test_extension_lines_and_foreign_signatures_are_allowed_but_signed_over() -> None:
    text = signed().note.text + "later=1\n"
    note = Note(text, ()).signed(SigningKey("else.example", bytes(32))).signed(LOG_KEY)
    assert Checkpoint.open(note.written(), LOG_KEY.verifier).size == 7
    with pytest.raises(NoteRefused):
        Checkpoint.open(note.written().replace("later=1", "later=2"), LOG_KEY.verifier)


def test_notes_too_large_or_with_control_characters_are_refused() -> None:
    written = signed().written()
    line = written.splitlines(keepends=True)[-1]
    assert Note.parse(written + line * 40)
    for bad in (written + line * 200, written.replace("7", "7\r"), "x" * 70_000, written[:-1]):
        with pytest.raises(NoteRefused):
            Note.parse(bad.encode())
    with pytest.raises(NoteRefused):
        Note.parse(b"\xff\xfe\n\n")


# ---------------------------------------------------------------------------------- co-signatures


def test_a_witness_signs_the_time_and_the_text() -> None:
    at = 1_700_000_000
    found = signed().cosigned(WITNESS_KEY, time_s=at)
    again = Checkpoint.open(found.written(), LOG_KEY.verifier)
    assert again.witnessed_at(WITNESS_KEY.verifier) == [at]
    assert signed().witnessed_at(WITNESS_KEY.verifier) == []
    stranger = SigningKey(WITNESS_KEY.name, bytes(32), 4)
    assert again.witnessed_at(stranger.verifier) == []
    # The same seed as a log's key is another key: a witness's signature is none of the log.
    same_seed = SigningKey(ORIGIN, WITNESS_KEY.seed, 4)
    mixed = Note(signed().note.text, ()).signed(same_seed, time_s=at).written()
    with pytest.raises(NoteRefused):
        Checkpoint.open(mixed, SigningKey(ORIGIN, WITNESS_KEY.seed).verifier)


def test_a_cosignature_is_put_beside_the_kept_checkpoint_only_where_the_text_is_the_same() -> None:
    back = signed().cosigned(WITNESS_KEY, time_s=5)
    merged = with_cosignatures(signed(), back)
    assert merged.written() == back.written()
    assert with_cosignatures(merged, back) == merged
    with pytest.raises(NoteRefused, match="differs"):
        with_cosignatures(signed(8), back)


def test_who_signs_what_is_not_mixed_up() -> None:
    with pytest.raises(InvalidInput):
        Note("a\n", ()).signed(WITNESS_KEY)
    with pytest.raises(InvalidInput):
        Note("a\n", ()).signed(LOG_KEY, time_s=1)
    with pytest.raises(InvalidInput):
        Note("a\n", ()).signed(WITNESS_KEY, time_s=-1)
    with pytest.raises(InvalidInput):
        Checkpoint.sign(size=1, root=ROOT, key=WITNESS_KEY)
    with pytest.raises(InvalidInput):
        Checkpoint.sign(size=1, root=ROOT[:-1], key=LOG_KEY)
    with pytest.raises(InvalidInput):
        signed().witnessed_at(LOG_KEY.verifier)


def test_a_signature_of_a_witness_without_a_time_is_refused() -> None:
    from tocsin.sealing.note import Signature

    short = Signature(WITNESS_KEY.name, WITNESS_KEY.verifier.id, b"abc")
    note = Note(signed().note.text, (short,))
    with pytest.raises(NoteRefused, match="no time"):
        note.is_signed_by(WITNESS_KEY.verifier)


def test_the_operating_system_is_asked_for_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda n: b"\x07" * n)
    assert SigningKey.generate("a.example").seed == b"\x07" * 32
