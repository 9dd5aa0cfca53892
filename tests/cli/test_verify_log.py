"""``tocsin verify-log``: exit status, words and JSON for honest and for altered logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli.main import app
from tocsin.errors import InvalidInput, ParseError
from tocsin.sealing import (
    Checkpoint,
    LoggedLeaf,
    MerkleTree,
    SigningKey,
    commit,
    leaf_hash,
    root_of,
    write_key_file,
    write_lines,
)
from tocsin.sealing.paper import checkpoint_png

KEY = SigningKey("tocsin.example/log", bytes(range(32)))
WITNESS = SigningKey("witness.example/w1", bytes(32), 4)


def export(path: Path, commitments: list[bytes], *, marking: str = "") -> None:
    leaves = [LoggedLeaf(i, c) for i, c in enumerate(commitments)]
    lines = write_lines(
        origin=KEY.name, key=str(KEY.verifier), leaves=leaves, checkpoints=[], marking=marking
    )
    path.write_text("".join(lines))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a log of twelve leaves, one without the fifth, and what was kept outside."""
    commitments = [commit({"n": n}, bytes([n] * 32)) for n in range(12)]
    export(tmp_path / "log.jsonl", commitments, marking="EXERCISE")
    export(tmp_path / "altered.jsonl", commitments[:4] + commitments[5:])
    root = root_of(leaf_hash(c) for c in commitments)
    checkpoint = Checkpoint.sign(size=12, root=root, key=KEY)
    (tmp_path / "kept.txt").write_text(checkpoint.written())
    seen = checkpoint.cosigned(WITNESS, time_s=1_700_000_000)
    (tmp_path / "seen.txt").write_text(seen.written())
    (tmp_path / "kept.png").write_bytes(checkpoint_png(checkpoint))
    (tmp_path / "log.vkey").write_text(f"{KEY.verifier}\n")
    (tmp_path / "commitments.txt").write_text("".join(c.hex() + "\n" for c in commitments))
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["verify-log", *map(str, arguments)])


def test_an_honest_log_passes_with_what_was_kept(kept: Path) -> None:
    done = run(
        *(kept / "log.jsonl", "--key", kept / "log.vkey", "--checkpoint", kept / "seen.txt"),
        *("--witness", WITNESS.verifier),
    )
    assert done.exit_code == 0, done.output
    assert "NOT ALTERED" in done.stdout
    assert "EXERCISE" in done.stdout
    assert "witness.example/w1 saw the first 12 at 2023-11-14T22:13:20Z" in done.stdout
    assert "Give --" not in done.stdout


def test_a_printed_checkpoint_serves_as_well(kept: Path) -> None:
    done = run(kept / "log.jsonl", "--key", KEY.verifier, "--checkpoint", kept / "kept.png")
    assert done.exit_code == 0, done.output
    assert "the first 12 leaves agree" in done.stdout


def test_an_altered_log_is_status_one_and_says_where(kept: Path) -> None:
    given = (kept / "altered.jsonl", "--key", kept / "log.vkey", "--checkpoint", kept / "kept.txt")
    done = run(*given)
    assert done.exit_code == 1
    assert "ALTERED" in done.stdout
    exact = run(*given, "--kept", kept / "commitments.txt", "--json")
    assert exact.exit_code == 1
    answer = json.loads(exact.stdout)
    assert answer["schema"] == "tocsin.verify-log/1"
    assert answer["intact"] is False
    assert [(f["kind"], f["first"], f["last"]) for f in answer["findings"]] == [("removed", 4, 4)]


def test_what_was_not_given_is_not_claimed(kept: Path) -> None:
    done = run(kept / "altered.jsonl")
    assert done.exit_code == 0
    assert "agrees with" in done.stdout
    assert "Give --checkpoint" in done.stdout
    assert "Give --key" in done.stdout
    answer = json.loads(run(kept / "altered.jsonl", "--json").stdout)
    assert answer["key_pinned"] is False
    assert answer["leaves_held_by_checkpoints_kept_outside"] is None


def test_wrong_calls_and_unreadable_files_are_told_apart(kept: Path) -> None:
    secret = kept / "log.key"
    write_key_file(secret, KEY)
    for wrong in (secret, "no+key", "tocsin.example/log+00000000+AAAA"):
        done = run(kept / "log.jsonl", "--key", wrong)
        assert isinstance(done.exception, InvalidInput)
        assert KEY.reveal()[-20:] not in done.output + str(done.exception)
    (kept / "noise.txt").write_bytes(b"\xff\xfe\x00")
    for option, name in (("--checkpoint", "absent.txt"), ("--checkpoint", "noise.txt")):
        done = run(kept / "log.jsonl", option, kept / name)
        assert isinstance(done.exception, ParseError)
    assert isinstance(run(kept / "kept.txt").exception, ParseError)


def test_one_event_with_its_proof(kept: Path) -> None:
    salts = [bytes([n] * 32) for n in range(5)]
    tree = MerkleTree(leaf_hash(commit({"n": n}, salt)) for n, salt in enumerate(salts))
    checkpoint = Checkpoint.sign(size=5, root=tree.root(), key=KEY)
    event = {
        "schema": "tocsin.log-proof/1",
        "position": 3,
        "commitment": commit({"n": 3}, salts[3]).hex(),
        "salt": salts[3].hex(),
        "content": {"n": 3},
        "proof": [step.hex() for step in tree.inclusion_proof(3)],
        "checkpoint": checkpoint.written(),
    }
    path = kept / "event.json"
    path.write_text(json.dumps(event, indent=2))
    done = run(path, "--key", KEY.verifier)
    assert done.exit_code == 0
    assert "PROVED" in done.stdout
    assert isinstance(run(path).exception, InvalidInput)
    other = SigningKey(KEY.name, bytes(32)).verifier
    for change, kind in (
        ({"content": {"n": 4}}, "changed"),
        ({"position": 2}, "forged"),
        ({"proof": event["proof"][:-1]}, "forged"),
        ({"checkpoint": checkpoint.written().replace("\n5\n", "\n6\n")}, "other log"),
    ):
        path.write_text(json.dumps(event | change))
        answer = run(path, "--key", KEY.verifier, "--json")
        assert answer.exit_code == 1
        assert [f["kind"] for f in json.loads(answer.stdout)["findings"]] == [kind]
    path.write_text(json.dumps(event))
    assert run(path, "--key", other).exit_code == 1
    for missing in ("position", "proof", "salt"):
        path.write_text(json.dumps({k: v for k, v in event.items() if k != missing}))
        assert isinstance(run(path, "--key", KEY.verifier).exception, ParseError)
