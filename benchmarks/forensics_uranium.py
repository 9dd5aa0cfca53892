"""Coverage of the enrichment interval on SYNTHETIC whole spectra of random objects.

    python benchmarks/forensics_uranium.py --trials 100

Enrichment, thickness, shape, shell, crystal, dead layer and counts are drawn anew for every
spectrum; the spectra come from the detector response of the room ``detectors`` and escape that is
sampled along straight ways (tests/forensics/isotopic_spectra.py), and go the whole way of
``tocsin uranium``. Exit status 1 when the intervals hold the truth more seldom than 95 % intervals
do with a chance of 1 in 1000.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from tocsin.detectors import Shield, named_model
from tocsin.errors import OutOfDomain
from tocsin.nuclear import load_library
from tocsin.spectrometry.uranium import measure_uranium
from tocsin.spectrometry.uranium_fit import Known

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "forensics"))
from isotopic_spectra import Scene, cylinder, recordings, uranium_lines  # beside their tests

CRYSTALS_CM = ((5.0, 2.5), (5.0, 4.5), (6.5, 5.0), (8.0, 3.0))
LIBRARY = load_library()


def random_scene(random: np.random.Generator) -> tuple[float, Scene]:
    """Weight fraction of U-235, and an object with it."""
    weight = float(np.exp(random.uniform(np.log(0.002), np.log(0.95))))
    across, depth = CRYSTALS_CM[int(random.integers(len(CRYSTALS_CM)))]
    model = replace(named_model("generic-hpge"), crystal=cylinder(across, depth))
    amount = float(np.exp(random.uniform(np.log(0.3), np.log(60.0))))
    sphere = random.random() < 0.5
    shell = None
    if random.random() < 0.6:
        material, most = (("Al", 3.0), ("Fe", 6.0), ("Pb", 3.0))[int(random.integers(3))]
        shell = Shield(material, float(np.exp(random.uniform(np.log(0.1), np.log(most)))))
    scene = Scene(
        uranium_lines(weight, 200.0, LIBRARY),
        model,
        areal_g_cm2=amount,
        diameter_g_cm2=amount if sphere else 0.0,
        shell=shell,
        dead_cm=float(random.uniform(0.0, 0.15)),
        seen=float(np.exp(random.uniform(np.log(2e-4), np.log(2e-2)))),
        excited=float(random.uniform(0.2, 0.6)),
    )
    return weight, scene


def main() -> int:
    """Print one row per knowledge; 1 when an interval holds too seldom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261126)
    parsed = parser.parse_args()
    random = np.random.default_rng(parsed.seed)
    rows: dict[str, list[tuple[bool, float, float]]] = {"nothing": [], "all": []}
    refused = bad = 0
    for _ in range(parsed.trials):
        weight, scene = random_scene(random)
        ahead, behind = recordings(scene, LIBRARY, random)
        x = scene.areal_g_cm2
        known = {
            "nothing": Known(),
            "all": Known(scene.model.crystal, (0.7 * x, 1.4 * x), scene.shell is None),
        }
        for name, k in known.items():
            try:
                r = measure_uranium(ahead, background=behind, known=k)
            except OutOfDomain:
                refused += name == "nothing"
                continue
            low, high = r.weight_interval
            held = low <= 100.0 * weight <= high
            bad += name == "nothing" and any(w.code == "poor_fit" for w in r.warnings)
            rows[name].append((held, r.expanded_uncertainty / (100.0 * weight), r.curves))
    print("| known | spectra | hold the truth | median U / truth | 10 % best | 10 % worst |")
    print("|---|---:|---:|---:|---:|---:|")
    worst = 1.0
    for name, found in rows.items():
        held = sum(h for h, _, _ in found)
        low, middle, high = np.quantile([u for _, u, _ in found], [0.1, 0.5, 0.9])
        print(f"| {name} | {len(found)} | {held} | {middle:.2f} | {low:.2f} | {high:.2f} |")
        worst = min(worst, float(binom.cdf(held, len(found), 0.95)))
    print(f"\n{refused} refused (too few lines), {bad} fits called poor")
    return 0 if worst > 1e-3 else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
