"""The verifier: silent on honest logs, exact on altered ones, fooled by nobody it was shown."""

from __future__ import annotations

import random
from typing import Any

import pytest
from logs_by_hand import (
    LOG_KEY,
    ORIGIN,
    TAMPERS,
    WITNESS_KEY,
    HandMade,
    event,
    honest,
    seeded,
    tamper,
)

from tocsin.errors import InvalidInput
from tocsin.sealing import (
    Checkpoint,
    LoggedLeaf,
    SigningKey,
    Verdict,
    commit,
    leaf_hash,
    read_log_file,
    root_of,
    verify_log,
    write_lines,
)
from tocsin.sealing.locate import MOST_TRIED_MOVES

KEYS = [LOG_KEY.verifier]


def judged(log: HandMade, **more: Any) -> Verdict:
    return verify_log(read_log_file(log.file()), keys=KEYS, **more)


def told(verdict: Verdict) -> list[tuple[str, int | None, int | None]]:
    return [(f.kind, f.first, f.last) for f in verdict.findings]


def ten(*sealed_at: int, disclosed: bool = True) -> HandMade:
    """Ten leaves with checkpoints at the sizes named."""
    made = HandMade(disclosed=disclosed)
    rng = seeded(1)
    for i in range(10):
        made.append(event(rng, i), rng.randbytes(32))
        if i + 1 in sealed_at:
            made.seal()
    return made


# ----------------------------------------------------------------------------------- long counts


def clean_run(rng: random.Random) -> None:
    made = honest(rng, disclosed=rng.random() < 0.5)
    kept_commitments = list(made.commitments) if rng.random() < 0.5 else None
    outside = [c for c in made.checkpoints if rng.random() < 0.5]
    outside += [
        Checkpoint.unverified(made.checkpoints[-1]).cosigned(WITNESS_KEY, time_s=9).written()
    ]
    for i in range(rng.randint(0, 20)):
        made.append(event(rng, 100 + i), rng.randbytes(32))
    if rng.random() < 0.5:
        made.seal()
    verdict = judged(
        made,
        kept_checkpoints=outside,
        kept_commitments=kept_commitments,
        witnesses=[WITNESS_KEY.verifier],
    )
    assert verdict.intact, verdict.findings
    assert verdict.pinned
    assert verdict.held_outside


def tampered_run(rng: random.Random, how: str) -> None:
    """Found from the checkpoint kept outside alone; found with the kept copy, and exactly."""
    case = tamper(rng, how, disclosed=rng.random() < 0.5)
    verdict = judged(case.log, kept_checkpoints=case.kept_checkpoints)
    assert not verdict.intact, how
    with_copy = judged(
        case.log,
        kept_checkpoints=case.kept_checkpoints,
        kept_commitments=case.kept_commitments,
    )
    assert not with_copy.intact, how
    exact = {f.first for f in with_copy.findings if f.exact and f.kind == "changed"}
    wrong = [
        i
        for i, c in enumerate(case.kept_commitments)
        if i < len(case.log.commitments) and case.log.commitments[i] != c
    ]
    if how in ("edit and commit anew", "rewrite and sign anew"):
        assert exact == set(wrong)
    if how == "delete":
        missing = next(
            i for i, c in enumerate(case.kept_commitments) if c not in case.log.commitments
        )
        expected = {"removed"}
        if missing == len(case.kept_commitments) - 1:
            # With newer leaves behind it, a lost last one looks like one that was replaced; where
            # a checkpoint lies just below it, like an older state.
            newer = len(case.log.commitments) > missing
            expected = {"changed"} if newer else {"truncated", "rolled back"}
        assert [f.first for f in with_copy.findings] == [missing]
        assert {f.kind for f in with_copy.findings} <= expected


def test_no_false_alarm_in_fifty_clean_runs() -> None:
    rng = seeded(50)
    for _ in range(50):
        clean_run(rng)


@pytest.mark.parametrize("how", TAMPERS)
def test_six_random_tampers_of_each_kind_are_found(how: str) -> None:
    rng = seeded(TAMPERS.index(how))
    for _ in range(6):
        tampered_run(rng, how)


@pytest.mark.verify
def test_no_false_alarm_in_a_thousand_clean_runs() -> None:
    rng = seeded(1000)
    for _ in range(1000):
        clean_run(rng)


@pytest.mark.verify
def test_a_thousand_random_tampers_are_found() -> None:
    rng = seeded(1001)
    for number in range(1000):
        tampered_run(rng, TAMPERS[number % len(TAMPERS)])


# ----------------------------------------------------------------------------- one kind at a time


def test_an_honest_log_says_what_was_shown() -> None:
    made = ten(4, 8)
    verdict = judged(made, kept_checkpoints=[made.checkpoints[0]])
    assert verdict.intact
    assert (verdict.size, verdict.held, verdict.held_outside, verdict.disclosed) == (10, 8, 4, 10)


def test_a_content_that_was_edited_is_named() -> None:
    made = ten(10)
    made.contents[3] = {"actor": "nobody"}
    assert told(judged(made)) == [("changed", 3, 3)]


def test_an_edit_with_a_new_commitment_lies_between_two_checkpoints() -> None:
    made = ten(4, 7, 10)
    made.commitments[5] = commit({"x": 1}, made.salts[5])
    made.contents[5] = {"x": 1}
    assert told(judged(made)) == [("altered", 4, 6)]
    assert told(judged(made, kept_commitments=ten(10).commitments)) == [("changed", 5, 5)]


def test_a_leaf_put_in_is_named_without_a_copy() -> None:
    made = ten(4, 7, 10)
    made.put(5, ({"x": 1}, bytes(32), commit({"x": 1}, bytes(32))))
    assert told(judged(made)) == [("inserted", 5, 5)]
    assert told(judged(made, kept_commitments=ten(10).commitments)) == [("inserted", 5, 5)]


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_a_leaf_that_was_moved_is_named_without_a_copy(shift: int) -> None:
    made = ten(3, 10)
    made.put(4 + shift, made.take(4))
    found = judged(made).findings
    assert [f.kind for f in found] == ["moved"]
    assert found[0].first == (4 if shift > 1 else found[0].first)
    assert "moved" in {f.kind for f in judged(made, kept_commitments=ten(10).commitments).findings}


def test_two_leaves_that_were_exchanged_are_named_without_a_copy() -> None:
    made = ten(3, 10)
    there, here = made.take(8), made.take(5)
    made.put(5, there)
    made.put(8, here)
    assert [f.kind for f in judged(made).findings] == ["moved"]
    with_copy = judged(made, kept_commitments=ten(10).commitments)
    assert {(f.kind, f.first) for f in with_copy.findings} == {("moved", 5), ("moved", 8)}


def test_beyond_what_can_be_tried_the_range_is_said() -> None:
    rng = seeded(3)
    made = honest(rng, leaves=MOST_TRIED_MOVES + 60)
    made.checkpoints = made.checkpoints[-1:]
    made.put(2, made.take(90))
    assert told(judged(made)) == [("altered", 0, MOST_TRIED_MOVES + 59)]


def test_a_leaf_that_was_removed() -> None:
    made = ten(4, 7, 10)
    made.take(5)
    assert told(judged(made)) == [("removed", 4, 6)]
    assert told(judged(made, kept_commitments=ten(10).commitments)) == [("removed", 5, 5)]


def test_an_end_that_was_cut_off() -> None:
    made = ten(4, 10)
    for _ in range(3):
        made.take(7)
    assert told(judged(made)) == [("truncated", 4, 9)]
    assert told(judged(made, kept_commitments=ten(10).commitments)) == [("truncated", 7, 9)]


def test_an_older_state_that_was_put_back() -> None:
    old, new = ten(4), ten(4, 10)
    for _ in range(6):
        old.take(4)
    verdict = judged(old, kept_checkpoints=new.checkpoints[-1:])
    assert told(verdict) == [("rolled back", 4, 9)]
    with_copy = judged(old, kept_checkpoints=new.checkpoints[-1:], kept_commitments=new.commitments)
    assert told(with_copy) == [("rolled back", 4, 9)]


def test_an_older_state_that_grew_again_is_a_fork() -> None:
    new = ten(4, 10)
    old = ten(4)
    for _ in range(6):
        old.take(4)
    rng = seeded(2)
    for i in range(8):
        old.append(event(rng, 50 + i), rng.randbytes(32))
    old.seal()
    verdict = judged(old, kept_checkpoints=new.checkpoints)
    assert told(verdict) == [("fork", 4, 9)]
    assert verdict.held_outside == 4
    # What the file itself says of its beginning may be signed anew: then no more is known.
    assert told(judged(old, kept_checkpoints=new.checkpoints[-1:])) == [("fork", 0, 9)]


def test_two_checkpoints_of_one_size_are_a_fork() -> None:
    made = ten(10)
    other = Checkpoint.sign(size=10, root=bytes(32), key=LOG_KEY).written()
    assert told(judged(made, kept_checkpoints=[other])) == [("fork", 0, 9)]
    made.checkpoints.append(other)
    assert told(judged(made)) == [("fork", 0, 9)]


def test_a_checkpoint_signed_by_another_key_is_forged() -> None:
    made = ten(5)
    made.seal(key=SigningKey(ORIGIN, bytes(32)))
    assert told(judged(made)) == [("forged", None, None)]


# ------------------------------------------------------------------------- identity, keys, copies


def test_another_log_is_not_taken_for_this_one() -> None:
    made = ten(10)
    other = SigningKey("tocsin.example/other", bytes(5 for _ in range(32)))
    swapped = made.copy()
    swapped.checkpoints = [made.checkpoint(key=other)]
    for origin, key in ((ORIGIN, other), (other.name, other), (other.name, LOG_KEY)):
        log = read_log_file(swapped.file(origin=origin, key=key))
        kinds = {f.kind for f in verify_log(log, keys=KEYS).findings}
        assert "other log" in kinds, (origin, key)
    kept = [Checkpoint.sign(size=10, root=bytes(32), key=other).written()]
    assert told(judged(made, kept_checkpoints=kept)) == [("other log", None, None)]


def test_without_a_key_from_elsewhere_nothing_is_pinned() -> None:
    """Who rewrote the log could have signed it with a key of their own: that is not hidden."""
    made = ten(10)
    verdict = verify_log(read_log_file(made.file()))
    assert verdict.intact
    assert not verdict.pinned
    lines = write_lines(origin=ORIGIN, key="nonsense", leaves=[], checkpoints=[])
    with pytest.raises(InvalidInput, match="give the log's key"):
        verify_log(read_log_file("".join(lines).encode()))


def test_a_log_outlives_a_change_of_its_key() -> None:
    made = ten(5)
    new_key = SigningKey(ORIGIN, bytes(9 for _ in range(32)))
    made.seal(key=new_key)
    log = read_log_file(made.file(key=new_key))
    assert verify_log(log, keys=[LOG_KEY.verifier, new_key.verifier]).intact
    assert not verify_log(log, keys=[new_key.verifier]).intact
    with pytest.raises(InvalidInput, match="different logs"):
        verify_log(log, keys=[LOG_KEY.verifier, SigningKey("b.example", bytes(32)).verifier])


def test_a_copy_that_was_altered_itself_is_not_used() -> None:
    made = ten(10)
    copy = list(made.commitments)
    copy[2] = bytes(32)
    assert told(judged(made, kept_commitments=copy)) == [("other log", None, None)]
    assert not judged(ten(), kept_commitments=copy).intact


def test_a_witness_vouches_or_is_missed() -> None:
    made = ten(4, 10)
    witness = WITNESS_KEY.verifier
    assert told(judged(made, witnesses=[witness])) == [("unwitnessed", None, None)]
    seen = [
        Checkpoint.unverified(c).cosigned(WITNESS_KEY, time_s=t).written()
        for c, t in zip(made.checkpoints, (100, 200), strict=True)
    ]
    verdict = judged(made, kept_checkpoints=seen, witnesses=[witness])
    assert verdict.intact
    assert verdict.witnessed == {witness.name: (10, 200)}
    bad = seen[1].replace("AAAAAADI", "AAAAAADJ")
    assert bad != seen[1]
    assert told(judged(made, kept_checkpoints=[bad], witnesses=[witness])) == [
        ("forged", None, None)
    ]


def test_an_empty_log() -> None:
    made = HandMade()
    assert judged(made).intact
    made.seal()
    assert judged(made).intact
    assert told(judged(made, kept_checkpoints=ten(10).checkpoints)) == [("rolled back", 0, 9)]


# --------------------------------------------------------------------------- numbering in the file


def numbered(made: HandMade, positions: list[int]) -> bytes:
    leaves = [LoggedLeaf(p, c) for p, c in zip(positions, made.commitments, strict=True)]
    lines = write_lines(
        origin=ORIGIN, key=str(LOG_KEY.verifier), leaves=leaves, checkpoints=made.checkpoints
    )
    return "".join(lines).encode()


def test_a_gap_in_the_numbering_names_what_is_missing() -> None:
    made = ten(10)
    made.take(3)
    log = read_log_file(numbered(made, [0, 1, 2, 4, 5, 6, 7, 8, 9]))
    assert ("removed", 3, 3) in told(verify_log(log, keys=KEYS))


def test_a_number_given_twice_is_seen() -> None:
    made = ten(10)
    log = read_log_file(numbered(made, [0, 1, 2, 2, 4, 5, 6, 7, 8, 9]))
    assert ("inserted", 2, 2) in told(verify_log(log, keys=KEYS))


def test_a_file_that_was_cut_off_is_not_whole() -> None:
    lines = ten(10).file().splitlines(keepends=True)
    for end in (len(lines) - 1, 6):
        verdict = verify_log(read_log_file(b"".join(lines[:end])), keys=KEYS)
        assert "truncated" in {f.kind for f in verdict.findings}
    without_leaf = b"".join([*lines[:5], *lines[6:]])
    assert not verify_log(read_log_file(without_leaf), keys=KEYS).intact


def test_roots_of_the_file_and_of_the_tree_are_the_same() -> None:
    """What the verifier hashes is the commitment, not its hexadecimal spelling."""
    made = ten(10)
    root = root_of(leaf_hash(c) for c in made.commitments)
    assert Checkpoint.unverified(made.checkpoints[0]).root == root
