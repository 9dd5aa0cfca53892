"""Reading a one-hour survey: sandboxed reader beside the bare library, in one run.

A survey of 3,600 records of 1,024 channels is made from a seed and written as N42-2012. Three ways
to bring its counts into numpy arrays are timed, interleaved, and the best of several rounds counts:

- the bare library in this process, loading by path and copying every spectrum out;
- our reader through the sandbox (worker forked per file, all checks, all metadata);
- our reader in this process, without the sandbox, to show what the sandbox costs.

The target of issue A is a ratio of at most 3 between the second and the first.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SpecUtils

from tocsin.formats import Reader, limits_for, write_n42
from tocsin.formats.parse import parse
from tocsin.spectra import EnergyCalibration, Instrument, Position, Record, Recording, Spectrum

TARGET = 3.0


def survey(*, records: int, channels: int, seed: int) -> bytes:
    """N42-2012 bytes of a walk with about 1,700 counts per second."""
    random = np.random.default_rng(seed)
    shape = np.exp(-np.arange(channels) / (channels / 8.0))
    shape *= 1700.0 / shape.sum()
    calibration = EnergyCalibration.polynomial([0.0, 3000.0 / channels, 0.0])
    start = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    made = tuple(
        Record(
            spectra=(Spectrum(random.poisson(shape), 0.98, 1.0, calibration, "Aa1"),),
            start=start + dt.timedelta(seconds=n),
            real_time_s=1.0,
            position=Position(46.0 + 1e-5 * n, 15.0 + 1e-5 * n, 300.0),
        )
        for n in range(records)
    )
    return write_n42(Recording(made, Instrument("Tocsin", "bench"), realm="SYNTHETIC"))


def by_library(path: Path) -> float:
    """Sum of all counts by the bare library."""
    spec = SpecUtils.SpecFile()
    spec.loadFile(str(path), SpecUtils.ParserType.Auto)
    total = 0.0
    for m in spec.measurements():
        total += float(np.array(m.gammaCounts()).sum())
    return total


def main() -> int:
    """Print one table; exit 1 when the target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=3600)
    options.add_argument("--channels", type=int, default=1024)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument(
        "--json", action="store_true", help="one JSON object in place of the table"
    )
    chosen = options.parse_args()
    data = survey(records=chosen.records, channels=chosen.channels, seed=1)
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, Reader() as reader:
        path = Path(folder) / "survey.n42"
        path.write_bytes(data)
        limits = limits_for(len(data))
        ways = {
            "library alone": lambda: by_library(path),
            "sandboxed reader": lambda: sum(r.total_counts for r in reader.read(path).records),
            "reader without sandbox": lambda: sum(
                r.total_counts for r in parse(data, path=str(path), limits=limits).recording.records
            ),
        }
        reader.status()  # starts the zygote, which is done once per process
        for _ in range(chosen.rounds):
            totals = set()
            for name, way in ways.items():
                begin = time.perf_counter()
                totals.add(way())
                best[name] = min(best.get(name, np.inf), time.perf_counter() - begin)
            if len(totals) != 1:
                print(f"the ways do not agree: {totals}", file=sys.stderr)
                return 2
    ratio = best["sandboxed reader"] / best["library alone"]
    if chosen.json:
        seconds = {name: round(s, 4) for name, s in best.items()}
        print(json.dumps({"bytes": len(data), "seconds": seconds, "ratio": round(ratio, 3)}))
    else:
        print(f"{chosen.records} x {chosen.channels} survey, {len(data) / 1e6:.1f} MB N42-2012")
        for name, seconds in best.items():
            print(f"  {name:24} {seconds:7.3f} s")
        print(f"  ratio {ratio:.2f} (target <= {TARGET:.0f})")
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
