"""Twenty thousand damaged files through the sandbox: counts, speed and memory are printed.

``python tests/verify/test_mutated_files.py RECORDINGS [COUNT [own]]`` runs the same without pytest;
``own`` damages only the formats that our own readers take beside N42-2012.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "formats"))

from attacks import base, mutate
from attacks.judge import CONTAINED, Outcome, attempt, judge

from tocsin.formats import Reader
from tocsin.spectra import Recording

COUNT = 20_000
SEED = 20241121
SECONDS = 16.0
GROWTH_KB = 400_000
WORKERS = 2
BATCH = 200


@dataclass(slots=True)
class Tally:
    """What came of all the files."""

    verdicts: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    checked: int = 0
    slowest_s: float = 0.0
    took_s: float = 0.0
    start_kB: int = 0
    peak_kB: int = 0
    silent: list[tuple[int, str, tuple[str, ...], str]] = field(default_factory=list)

    def add(self, number: int, mutant: mutate.Mutant, outcome: Outcome) -> None:
        self.verdicts[outcome.verdict] += 1
        self.by_kind.setdefault(mutant.seed.kind, Counter())[outcome.verdict] += 1
        self.checked += outcome.checked
        self.slowest_s = max(self.slowest_s, outcome.took_s)
        if outcome.silent:
            self.silent.append((number, mutant.seed.name, mutant.done, outcome.silent))

    @property
    def files(self) -> int:
        return self.verdicts.total()

    def lines(self) -> Iterator[str]:
        read = self.verdicts["read"]
        contained = sum(self.verdicts[c] for c in CONTAINED)
        yield f"{self.files} damaged files, seed {SEED}, {WORKERS} workers"
        yield f"read {read}, refused {self.files - read - contained}, contained {contained}"
        yield "by code: " + ", ".join(f"{c} {n}" for c, n in self.verdicts.most_common())
        yield f"read without a warning and compared with a second opinion: {self.checked}"
        yield f"lost in silence: {len(self.silent)}"
        yield f"{self.took_s:.0f} s, {self.files / self.took_s:.0f} files a second"
        yield f"slowest file {self.slowest_s:.2f} s"
        yield f"caller: {self.start_kB // 1000} MB before, {self.peak_kB // 1000} MB at most"
        for kind, counts in sorted(self.by_kind.items()):
            yield f"  {kind:8}" + ", ".join(f"{c} {n}" for c, n in counts.most_common())


def memory_kB(name: str) -> int:
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0])


def batches(mutants: Iterable[mutate.Mutant]) -> Iterator[list[mutate.Mutant]]:
    source = iter(mutants)
    while batch := list(islice(source, BATCH)):
        yield batch


def run(recordings: Path, *, count: int = COUNT, own: bool = False) -> Tally:
    """Read ``count`` damaged files, of our own readers' formats only or of all; say what came."""
    seeds = [s for s in mutate.seeds(recordings) if not own or s.kind in mutate.OWN_KINDS]
    rng = np.random.default_rng(SEED)
    tally = Tally()
    with Reader(workers=WORKERS) as reader, ThreadPoolExecutor(WORKERS) as pool:
        wholes: dict[str, Recording | None] = {
            s.name: attempt(reader, s.data, s.name)[0] for s in seeds
        }
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
        tally.start_kB = memory_kB("VmRSS")
        begin = time.monotonic()
        number = 0
        for batch in batches(mutate.mutant(seeds, rng=rng) for _ in range(count)):
            outcomes = pool.map(lambda m: judge(reader, m, wholes[m.seed.name]), batch)
            for mutant, outcome in zip(batch, outcomes, strict=True):
                tally.add(number, mutant, outcome)
                number += 1
        tally.took_s = time.monotonic() - begin
        tally.peak_kB = memory_kB("VmHWM")
        benign = reader.read_bytes(base.n42().encode(), file_name="benign.n42")
        if len(benign.records) != base.RECORDS:
            raise AssertionError("the sandbox does not recover")
    return tally


@pytest.mark.verify
@pytest.mark.recordings
@pytest.mark.parametrize("own", [False, True], ids=["every format", "own readers"])
def test_twenty_thousand_mutants(
    recordings: Path, capsys: pytest.CaptureFixture[str], own: bool
) -> None:
    tally = run(recordings, own=own)
    with capsys.disabled():
        print("", *tally.lines(), sep="\n")  # noqa: T201 - the figures are what this run is for
    assert tally.files == COUNT
    assert tally.silent == []
    assert tally.slowest_s < SECONDS
    assert tally.peak_kB - tally.start_kB < GROWTH_KB
    assert tally.checked > COUNT // 20


if __name__ == "__main__":
    result = run(
        Path(sys.argv[1]),
        count=int(sys.argv[2]) if len(sys.argv) > 2 else COUNT,
        own="own" in sys.argv[3:],
    )
    print(*result.lines(), *result.silent, sep="\n")  # noqa: T201 - a script prints its result
