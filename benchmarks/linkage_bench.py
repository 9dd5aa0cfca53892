"""Finds against a register of invented devices: speed, precision, recall and calibration.

``python -m benchmarks.linkage_bench --size 1000000 --finds 10000 --seed 1 --json out.json``

Times are of the processor (``_cpu_s``) and of the clock, which a busy machine stretches.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.linkage_world import make_world

from tocsin.linkage.link import Linker, estimate_share
from tocsin.linkage.things import read_thing


def calibration_error(
    probability: np.ndarray, right: np.ndarray
) -> tuple[float, list[list[float]]]:
    """Expected calibration error over ten bins of equal width, and the bins."""
    bins = np.minimum((probability * 10).astype(int), 9)
    rows = []
    error = 0.0
    for b in range(10):
        inside = bins == b
        if inside.any():
            mean, share = float(probability[inside].mean()), float(right[inside].mean())
            rows.append([mean, share, int(inside.sum())])
            error += inside.mean() * abs(mean - share)
    return float(error), rows


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--finds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    began = time.perf_counter()
    world = make_world(options.size, options.finds, seed=options.seed)
    register = [read_thing(row) for row in world.register]
    finds = [read_thing(row) for row in world.found]
    world.register.clear()
    made = time.perf_counter()
    linker = Linker(register, finds)
    built = time.perf_counter()
    built_cpu = time.process_time()
    gc.freeze()  # as the command does: no collector walks through a million rows
    linker.score(finds[0])  # loads the nuclide library, once for all queries
    scored, single = [], []
    for find in finds:
        start = time.process_time()
        scored.append(linker.score(find))
        single.append(time.process_time() - start)
    linker.expected_share = estimate_share(linker, scored)
    links = right_links = 0
    legible = sum(bool(f.serials) for f, t in zip(finds, world.truth, strict=True) if t)
    review_hits = 0
    every: list[tuple[float, bool]] = []
    best: list[tuple[float, bool]] = []
    for find, rows, truth in zip(finds, scored, world.truth, strict=True):
        pairs = linker.pairs(find, rows)
        for pair in pairs:
            every.append((pair.probability, pair.b == truth))
            links += pair.zone == "link"
            right_links += pair.zone == "link" and pair.b == truth
            review_hits += pair.zone == "review" and pair.b == truth
        if pairs:
            best.append((pairs[0].probability, pairs[0].b == truth))
    asked = time.perf_counter()
    asked_cpu = time.process_time()
    members = sum(t is not None for t in world.truth)
    p_every, y_every = (np.array(x, dtype=float) for x in zip(*every, strict=True))
    p_best, y_best = (np.array(x, dtype=float) for x in zip(*best, strict=True))
    error_best, bins = calibration_error(p_best, y_best)
    result: dict[str, Any] = {
        "size": options.size,
        "finds": options.finds,
        "registered": members,
        "with a legible serial": legible,
        "share estimated": round(linker.expected_share, 4),
        "share true": round(members / options.finds, 4),
        "made_s": round(made - began, 1),
        "index_s": round(built - made, 1),
        "all_queries_s": round(asked - built, 1),
        "all_queries_cpu_s": round(asked_cpu - built_cpu, 1),
        "query_median_cpu_ms": round(1e3 * float(np.median(single)), 2),
        "query_max_cpu_ms": round(1e3 * max(single), 1),
        "candidates": len(every),
        "links": links,
        "precision": round(right_links / max(1, links), 5),
        "recall": round(right_links / members, 5),
        "recall_of_legible": round(right_links / max(1, legible), 5),
        "recall_link_or_review": round((right_links + review_hits) / members, 5),
        "calibration_error_best": round(error_best, 4),
        "calibration_error_all": round(calibration_error(p_every, y_every)[0], 5),
        "brier_best": round(float(np.mean((p_best - y_best) ** 2)), 5),
        "bins": bins,
        "errors": dict(world.errors),
        "memory_GB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }
    print(json.dumps(result, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
