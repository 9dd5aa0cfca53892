"""Speed of the photon transport: the matrix of a 3x3 in NaI, and the effect of each part.

python benchmarks/bench_transport.py                    # 120 energies x 1e5 histories, 2 threads
python benchmarks/bench_transport.py --parts            # the table of docs/science/detectors.md
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from tocsin.detectors.transport import Physics, simulate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "detectors"))
from transport_scenes import bare_nai  # stands beside the tests that use it

ENERGIES_keV = np.geomspace(20, 3000, 120)
LINES_keV = (59.54, 356.01, 661.66, 1332.49, 2614.51)
PARTS = {
    "photo, Klein-Nishina, pair": Physics(False, False, False, False, False, False),
    "+ K and L X-rays": Physics(False, False, False, True, False, False),
    "+ bound electrons, Doppler": Physics(False, True, True, True, False, False),
    "+ coherent": Physics(True, True, True, True, False, False),
    "+ electrons travel": Physics(True, True, True, True, True, False),
    "+ bremsstrahlung: all": Physics(),
}


def matrix(threads: int, histories: int) -> None:
    """Time of the matrix, compilation apart."""
    scene, source = bare_nai(10.0)
    begin = time.perf_counter()
    simulate(scene, source, [100.0], 100, threads=1)
    compiled = time.perf_counter() - begin
    begin = time.perf_counter()
    tally = simulate(scene, source, ENERGIES_keV, histories, threads=threads)
    took = time.perf_counter() - begin
    done = ENERGIES_keV.size * histories
    print(f"compile or load: {compiled:.1f} s")
    print(
        f"{ENERGIES_keV.size} energies x {histories} histories, {threads} threads: {took:.1f} s, "
        f"{done / took:,.0f} histories/s, lost {tally.lost}"
    )


def parts(histories: int) -> None:
    """Peak-to-total and absolute peak of the lines as parts of the physics are added."""
    scene, source = bare_nai(10.0)
    print("| followed | " + " | ".join(f"{e:g}" for e in LINES_keV) + " |")
    print("|---" * (len(LINES_keV) + 1) + "|")
    for name, physics in PARTS.items():
        tally = simulate(scene, source, LINES_keV, histories, physics=physics)
        cells = [
            f"{p / t:.4f} / {p:.3e}"
            for p, t in zip(tally.full_energy.value, tally.total.value, strict=True)
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--parts", action="store_true")
    args = parser.parse_args()
    if args.parts:
        parts(args.histories)
    else:
        matrix(args.threads, args.histories)


if __name__ == "__main__":
    main()
