"""Damaged real recordings: nothing is read in part without a word, nothing hurts the caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from attacks import mutate
from attacks.judge import attempt, cut_in_silence, judge

from tocsin.formats import Reader
from tocsin.spectra import Recording

SECONDS = 16.0
CUTS = 20
MUTANTS = 300

# One file of every structure that the recordings have; the rules for a cut are in
# docs/science/parser-attacks.md.
CUT_FILES = (
    "mobile_nsdd/Q345_Racetrack.n42",
    "radiacode_tools/data_am241.n42",
    "static_nsdd/Case_A_Petro.n42",
    "becquerel/Alcatraz14.pcf",
    "becquerel/Mendocino_07-10-13_Acq-10-10-13.pcf",
    "becquerel/Alcatraz14.chn",
    "static_nsdd/Q2 Ra-224 Shipment.CHN",
    "becquerel/Alcatraz14.Spc",
    "becquerel/SGM102432.spe",
    "becquerel/1110C NAA cave pottery.Spe",
    "static_nsdd/Q2 Ra-224 Shipment.cnf",
    "crp2a_data-raw/BEGe.CNF",
    "radiacode_tools/data_th232_plus_background.xml",
    "radiacode_tools/K40.rcspg",
)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(workers=2) as reader:
        yield reader


def offsets(size: int, *, seed: int) -> list[int]:
    """Seeded places of a cut, and the few that hurt most often."""
    rng = np.random.default_rng(seed)
    anywhere = rng.integers(1, size, CUTS - 4)
    return sorted({*map(int, anywhere), size - 1, size - 2, size - size // 20, size // 2})


@pytest.mark.recordings
@pytest.mark.parametrize("name", CUT_FILES)
def test_cut_recording_is_refused_or_whole(name: str, recordings: Path, reader: Reader) -> None:
    data = (recordings / name).read_bytes()
    file_name = Path(name).name
    whole, error, _ = attempt(reader, data, file_name)
    assert whole is not None, error
    wrong = []
    for at in offsets(len(data), seed=len(data)):
        part, _, took_s = attempt(reader, data[:at], file_name)
        assert took_s < SECONDS
        if part is None or new_warnings(part, whole):
            # A warning may speak of what is behind the spectra, never excuse a lost record.
            if part is not None and len(part.records) != len(whole.records):
                wrong.append(f"cut at {at}: {len(part.records)} of {len(whole.records)} records")
            continue
        lost = cut_in_silence(whole, part)
        if lost:
            wrong.append(f"cut at {at} of {len(data)}: {lost}")
    assert not wrong


def new_warnings(part: Recording, whole: Recording) -> set[str]:
    return {w.code for w in part.warnings} - {w.code for w in whole.warnings}


@pytest.mark.recordings
def test_three_hundred_mutants(recordings: Path, reader: Reader) -> None:
    seeds = [s for s in mutate.seeds(recordings) if len(s.data) < 300_000]
    rng = np.random.default_rng(20241120)
    wholes: dict[str, Recording | None] = {}
    verdicts: Counter[str] = Counter()
    silent, checked = [], 0
    for mutant in mutate.mutants(seeds, count=MUTANTS, rng=rng):
        key = mutant.seed.name
        if key not in wholes:
            wholes[key] = attempt(reader, mutant.seed.data, key)[0]
        outcome = judge(reader, mutant, wholes[key])
        assert outcome.took_s < SECONDS, (mutant.seed.name, mutant.done)
        verdicts[outcome.verdict] += 1
        checked += outcome.checked
        if outcome.silent:
            silent.append((mutant.seed.name, mutant.done, outcome.silent))
    assert not silent
    # The mutants must neither all be harmless nor all be nonsense, or they show nothing.
    assert 20 < verdicts["read"] < MUTANTS - 20, verdicts
    assert checked > 20


def test_mutants_are_the_same_on_every_run() -> None:
    seeds = mutate.benign_seeds()
    runs = [
        [m.data for m in mutate.mutants(seeds, count=50, rng=np.random.default_rng(7))]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_every_operation_damages_every_kind_of_file() -> None:
    seeds = mutate.benign_seeds()
    rng = np.random.default_rng(3)
    for operation in mutate.OPERATIONS:
        for seed in seeds:
            results = {operation(seed.data, rng, seeds) for _ in range(8)}
            assert results - {seed.data}, (operation.__name__, seed.name)
        for tiny in (b"", b"x"):
            operation(tiny, rng, seeds)
