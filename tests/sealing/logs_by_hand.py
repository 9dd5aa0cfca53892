"""Logs for tests: honest ones, and what someone who holds the database may do to them.

The attacker can rewrite every leaf, number it again, make new commitments and drop checkpoints.
Some attackers also hold the log's signing key. What they cannot reach is what was kept outside.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.sealing import (
    Checkpoint,
    LoggedLeaf,
    SigningKey,
    commit,
    leaf_hash,
    read_log_file,
    root_of,
    write_lines,
)

ORIGIN = "tocsin.example/log"
LOG_KEY = SigningKey(ORIGIN, bytes(range(32)))
WITNESS_KEY = SigningKey("witness.example/w1", bytes(range(32, 64)), 4)
TAMPERS = (
    "edit",
    "edit and commit anew",
    "delete",
    "delete several",
    "insert",
    "swap",
    "move",
    "truncate",
    "roll back",
    "roll back and go on",
    "rewrite and sign anew",
)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable tests, no secrets


@dataclass
class HandMade:
    """A log as lists that a test may twist."""

    contents: list[Any] = field(default_factory=list)
    salts: list[bytes] = field(default_factory=list)
    commitments: list[bytes] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    disclosed: bool = True

    def append(self, content: Any, salt: bytes) -> None:
        self.contents.append(content)
        self.salts.append(salt)
        self.commitments.append(commit(content, salt))

    def seal(self, *, size: int | None = None, key: SigningKey = LOG_KEY) -> str:
        self.checkpoints.append(self.checkpoint(size=size, key=key))
        return self.checkpoints[-1]

    def checkpoint(self, *, size: int | None = None, key: SigningKey = LOG_KEY) -> str:
        size = len(self.commitments) if size is None else size
        root = root_of(leaf_hash(c) for c in self.commitments[:size])
        return Checkpoint.sign(size=size, root=root, key=key).written()

    def take(self, position: int) -> tuple[Any, bytes, bytes]:
        return (
            self.contents.pop(position),
            self.salts.pop(position),
            self.commitments.pop(position),
        )

    def put(self, position: int, leaf: tuple[Any, bytes, bytes]) -> None:
        for column, value in zip((self.contents, self.salts, self.commitments), leaf, strict=True):
            column.insert(position, value)

    def copy(self) -> HandMade:
        return HandMade(
            list(self.contents),
            list(self.salts),
            list(self.commitments),
            list(self.checkpoints),
            self.disclosed,
        )

    def file(self, *, origin: str = ORIGIN, key: SigningKey = LOG_KEY) -> bytes:
        leaves = [
            LoggedLeaf(i, c, s if self.disclosed else None, x if self.disclosed else None)
            for i, (c, s, x) in enumerate(
                zip(self.commitments, self.salts, self.contents, strict=True)
            )
        ]
        lines = write_lines(
            origin=origin, key=str(key.verifier), leaves=leaves, checkpoints=self.checkpoints
        )
        return "".join(lines).encode()

    def log(self) -> Any:
        return read_log_file(self.file())


def honest(rng: random.Random, *, leaves: int | None = None, disclosed: bool = True) -> HandMade:
    """A log with checkpoints at random sizes, the last ones over all or nearly all leaves."""
    made = HandMade(disclosed=disclosed)
    n = rng.randint(5, 60) if leaves is None else leaves
    for i in range(n):
        made.append(event(rng, i), rng.randbytes(32))
        if rng.random() < 0.15:
            made.seal()
    made.seal()
    return made


def event(rng: random.Random, number: int) -> dict[str, Any]:
    return {"actor": f"p{rng.randrange(9)}", "action": "close", "number": number, "reason": "é"}


@dataclass(frozen=True)
class Tampered:
    """A twisted log, and what was kept outside before."""

    how: str
    log: HandMade
    kept_checkpoints: Sequence[str]
    kept_commitments: Sequence[bytes]


def tamper(rng: random.Random, how: str, *, disclosed: bool) -> Tampered:
    """An honest log whose last checkpoint is kept outside, then attacked below it."""
    made = honest(rng, disclosed=disclosed)
    sealed = len(made.commitments)
    outside = [made.checkpoints[-1]]
    kept = list(made.commitments)
    early = made.copy()
    for i in range(rng.randint(0, 5)):
        made.append(event(rng, 1000 + i), rng.randbytes(32))
    at = rng.randrange(sealed)
    if how == "edit":
        made.disclosed = True
        made.contents[at] = made.contents[at] | {"reason": "none"}
    elif how == "edit and commit anew":
        new = made.contents[at] | {"reason": "none"}
        made.put(at, (new, made.salts[at], commit(new, made.salts[at])))
        made.take(at + 1)
    elif how == "delete":
        made.take(at)
    elif how == "delete several":
        for _ in range(rng.randint(2, sealed - 1)):
            made.take(rng.randrange(min(sealed - 1, len(made.commitments))))
    elif how == "insert":
        new = event(rng, 7)
        salt = rng.randbytes(32)
        made.put(at, (new, salt, commit(new, salt)))
    elif how == "swap":
        other = (at + rng.randint(1, sealed - 1)) % sealed
        first, second = sorted((at, other))
        there, here = made.take(second), made.take(first)
        made.put(first, there)
        made.put(second, here)
    elif how == "move":
        to = (at + rng.randint(1, sealed - 1)) % sealed
        made.put(to, made.take(at))
    elif how == "truncate":
        while len(made.commitments) > at:
            made.take(at)
    elif how in ("roll back", "roll back and go on"):
        made = early
        made.checkpoints = []
        while len(made.commitments) > at:
            made.take(at)
        if at:
            made.seal()
        if how == "roll back and go on":
            for i in range(sealed - at + rng.randint(0, 4)):
                made.append(event(rng, 5000 + i), rng.randbytes(32))
            made.seal()
    else:  # the attacker holds the signing key too
        new = made.contents[at] | {"reason": "none"}
        made.put(at, (new, made.salts[at], commit(new, made.salts[at])))
        made.take(at + 1)
        sizes = [json_size(c) for c in made.checkpoints]
        made.checkpoints = [made.checkpoint(size=size) for size in sizes]
        made.seal()
    if how not in ("roll back", "roll back and go on", "rewrite and sign anew"):
        made.checkpoints = [c for c in made.checkpoints if rng.random() < 0.7]
    return Tampered(how, made, outside, kept)


def json_size(written: str) -> int:
    return int(json.loads(written.split("\n")[1]))
