"""Seeded damage to files: flips, splices, lost and doubled blocks, numbers, tags."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import base, binary, codes, field
from .field_oracle import OPINIONS

MAX_SEED_BYTES = 1_500_000
NUMBERS = (
    b"0",
    b"-1",
    b"65535",
    b"65536",
    b"2147483647",
    b"2147483648",
    b"4294967296",
    b"9223372036854775808",
    b"1e308",
    b"1e400",
    b"NaN",
    b"inf",
    b"0x10",
    b"1,5",
    b"",
)
CHECKED = frozenset({".n42", ".xml", ".chn", ".pcf", ".spe", *OPINIONS})  # known to ``oracle``
# Formats that only our own readers take.
OWN_KINDS = frozenset(".ers .csv .rctrk .ndjson .log .json .iec .h5 .lis .uri .png".split())
SUFFIXES = frozenset(
    ".n42 .xml .pcf .chn .cnf .spe .spc .rcspg .ndjson .rctrk .log .iec .ers .csv .h5".split()
)


@dataclass(frozen=True, slots=True)
class Seed:
    """An undamaged file."""

    name: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damaged file: which seed it is made from and what was done to it."""

    seed: Seed
    data: bytes
    done: tuple[str, ...]


def seeds(recordings: Path) -> list[Seed]:
    """Undamaged files of every format: the real recordings of moderate size, and benign ones."""
    found = [
        Seed(path.name, path.suffix.lower(), path.read_bytes())
        for path in sorted(recordings.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and 0 < path.stat().st_size <= MAX_SEED_BYTES
        and "drf" not in path.parts
        and "crp2a_data-raw" not in path.parts
        and "invalid" not in path.name
    ]
    return found + benign_seeds()


def benign_seeds() -> list[Seed]:
    """Files that need no recordings."""
    counts = [(7 * n * n) % 31 for n in range(40)]
    return [
        Seed("benign.n42", ".n42", base.n42().encode()),
        Seed("benign-2006.n42", ".n42", base.n42_2006().encode()),
        Seed("benign.pcf", ".pcf", base.pcf()),
        Seed("benign.chn", ".chn", base.chn()),
        Seed("benign.spe", ".spe", base.spe().encode()),
        Seed("benign.tka", ".tka", base.tka().encode()),
        Seed("benign.xml", ".xml", base.radiacode_xml().encode()),
        Seed("benign.lis", ".lis", binary.listmode([0x80000001, 0x00400001, 0x00600002] * 200)),
        Seed("benign-130.dat", ".dat", binary.written("ExploraniumGr130v0")),
        Seed("benign-135.dat", ".dat", binary.written("ExploraniumGr135v2")),
        Seed("benign-ascii.spc", ".spc", binary.written("SpcAscii")),
        Seed("benign-float.spc", ".spc", binary.written("SpcBinaryFloat")),
        Seed("benign.cnf", ".cnf", binary.written("Cnf")),
        Seed("benign.txt", ".txt", binary.written("Txt")),
        Seed("benign-1.ers", ".ers", field.ers([counts] * 6).encode()),
        Seed("benign-2.ers", ".ers", field.ers([counts] * 6, version=2).encode()),
        Seed("benign.csv", ".csv", field.pei([counts] * 6).encode()),
        Seed("benign-text.rctrk", ".rctrk", field.track_text([1.5, 2.25] * 9).encode()),
        Seed("benign-json.rctrk", ".rctrk", field.track_json([1.5, 2.25] * 9).encode()),
        Seed(
            "benign.ndjson",
            ".ndjson",
            field.poll_log([[n * c for c in counts] for n in range(9)]).encode(),
        ),
        Seed("benign.log", ".log", field.bgeigie([3, 0, 7] * 4).encode()),
        Seed("benign.json", ".json", field.atomfast([0.08, 0.09] * 9).encode()),
        Seed("benign.iec", ".iec", field.iec(counts * 4).encode()),
        Seed("benign.h5", ".h5", field.h5(counts * 4, chunk=16)),
        Seed("benign-base.lis", ".lis", field.list_mode()),
        Seed("benign-e.lis", ".lis", field.list_mode(style=4)),
        Seed("benign.uri", ".uri", codes.uri(codes.BENIGN)),
        Seed("benign.png", ".png", codes.png(codes.uri(codes.BENIGN).decode())),
    ]


def mutants(all_seeds: list[Seed], *, count: int, rng: np.random.Generator) -> list[Mutant]:
    """``count`` mutants; every format has its share, whatever its number of files."""
    return [mutant(all_seeds, rng=rng) for _ in range(count)]


def mutant(all_seeds: list[Seed], *, rng: np.random.Generator) -> Mutant:
    """One mutant with one to four kinds of damage."""
    present = {s.kind for s in all_seeds}
    kinds = sorted(present) + sorted(present & CHECKED)
    kind = kinds[rng.integers(len(kinds))]
    pool = [s for s in all_seeds if s.kind == kind]
    seed = pool[rng.integers(len(pool))]
    data, done = seed.data, []
    for _ in range(int(rng.choice([1, 1, 1, 1, 2, 3]))):
        operation = OPERATIONS[rng.integers(len(OPERATIONS))]
        data = operation(data, rng, all_seeds)
        done.append(operation.__name__)
    return Mutant(seed, data, tuple(done))


Operation = Callable[[bytes, np.random.Generator, list[Seed]], bytes]


def _at(data: bytes, rng: np.random.Generator) -> int:
    """A place; every second one near the front, where the structure of binary files lies."""
    if rng.random() < 0.5:
        return int(rng.integers(0, min(len(data), 600) + 1))
    return int(rng.integers(0, len(data) + 1))


def _span(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    at = _at(data, rng)
    return at, min(len(data), at + int(2 ** rng.uniform(0, 13)))


def flip_bits(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    out = bytearray(data)
    for _i in range(int(rng.integers(1, 9))):
        if out:
            out[min(_at(data, rng), len(out) - 1)] ^= 1 << int(rng.integers(8))
    return bytes(out)


def set_bytes(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    start, end = _span(data, rng)
    end = min(end, start + 16)
    filler = rng.choice([0, 0xFF, 0x80, 0x7F, 0x20])
    return data[:start] + bytes([int(filler)]) * (end - start) + data[end:]


def delete_block(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def double_block(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] + data[end:]


def move_block(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    start, end = _span(data, rng)
    rest = data[:start] + data[end:]
    at = _at(rest, rng)
    return rest[:at] + data[start:end] + rest[at:]


def splice(data: bytes, rng: np.random.Generator, all_seeds: list[Seed]) -> bytes:
    other = all_seeds[rng.integers(len(all_seeds))].data
    start, end = _span(other, rng)
    at = _at(data, rng)
    return data[:at] + other[start:end] + data[at:]


def cut_tail(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    return data[: int(rng.integers(0, len(data) + 1))]


def insert_noise(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    at = _at(data, rng)
    return data[:at] + rng.bytes(int(rng.integers(1, 64))) + data[at:]


def change_number(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    start = _at(data, rng)
    found = re.compile(rb"[0-9]+(?:\.[0-9]+)?").search(data, start)
    if found is None:
        return flip_bits(data, rng, _)
    new = NUMBERS[rng.integers(len(NUMBERS))]
    return data[: found.start()] + new + data[found.end() :]


def change_digits(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    """Other digits in the same places: the structure stays, a second opinion still counts."""
    out = bytearray(data)
    start = _at(data, rng)
    places = [i for i in range(start, min(len(out), start + 400)) if 48 <= out[i] <= 57]
    if not places:
        return flip_bits(data, rng, _)
    for i in rng.choice(places, min(len(places), 3), replace=False):
        out[i] = 48 + (out[i] - 48 + int(rng.integers(1, 10))) % 10
    return bytes(out)


def change_word(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    """Overwrite an aligned little-endian number of 2, 4 or 8 bytes."""
    width = int(rng.choice([2, 4, 8]))
    at = _at(data, rng) // width * width
    value = int(rng.choice([0, 1, -1, 2 ** (8 * width - 1) - 1, -(2 ** (8 * width - 1)), 257]))
    return data[:at] + value.to_bytes(width, "little", signed=True) + data[at + width :]


def swap_tags(data: bytes, rng: np.random.Generator, _: list[Seed]) -> bytes:
    window = _at(data, rng)
    tags = list(re.compile(rb"</?[A-Za-z][A-Za-z0-9:]*").finditer(data, window, window + 20_000))
    if len(tags) < 2:
        return move_block(data, rng, _)
    first, second = sorted(int(i) for i in rng.choice(len(tags), 2, replace=False))
    a, b = tags[first], tags[second]
    return data[: a.start()] + b.group() + data[a.end() : b.start()] + a.group() + data[b.end() :]


OPERATIONS: tuple[Operation, ...] = (
    flip_bits,
    set_bytes,
    delete_block,
    double_block,
    move_block,
    splice,
    cut_tail,
    insert_noise,
    change_number,
    change_digits,
    change_word,
    swap_tags,
)
