"""Coverage of plutonium isotopics and of the americium age on SYNTHETIC whole spectra.

    python benchmarks/forensics_plutonium.py --trials 40

Composition, age, thickness, shell, crystal, resolution and counts are drawn anew for every
spectrum; the spectra come from the detector response of the room ``detectors`` and escape sampled
along straight ways (tests/forensics/isotopic_spectra.py), and go the whole way of
``tocsin plutonium``. Exit status 1 when the intervals hold the truth more seldom than 95 %
intervals do with a chance of 1 in 1000.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from tocsin.detectors import Resolution, Shield, named_model
from tocsin.errors import OutOfDomain
from tocsin.forensics.plutonium import PLUTONIUM, measure_plutonium
from tocsin.nuclear import load_library

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "forensics"))
from isotopic_spectra import (  # beside their tests
    Scene,
    aged_plutonium,
    cylinder,
    plutonium_spectrum_lines,
    recordings,
)

CRYSTALS_CM = ((5.0, 2.5), (5.0, 4.5), (6.5, 5.0), (8.0, 3.0))
LIBRARY = load_library()


def log_between(random: np.random.Generator, low: float, high: float) -> float:
    """Evenly in the logarithm."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def random_scene(
    random: np.random.Generator, fwhm_208_keV: float | None
) -> tuple[dict[str, float], float, Scene]:
    """Masses per 100 of plutonium at the measurement, age in years, and an object with them."""
    p240 = log_between(random, 4.0, 30.0)
    start = {
        "Pu-238": log_between(random, 0.01, 2.0),
        "Pu-240": p240,
        "Pu-241": log_between(random, 0.2, 10.0),
    }
    start["Pu-239"] = 100.0 - sum(start.values())
    age = log_between(random, 2.0, 40.0)
    now = aged_plutonium(start, age, LIBRARY)
    across, depth = CRYSTALS_CM[int(random.integers(len(CRYSTALS_CM)))]
    width = fwhm_208_keV or float(random.uniform(0.95, 1.6))
    model = replace(
        named_model("generic-hpge"),
        crystal=cylinder(across, depth),
        resolution=Resolution(width**2 - 208.0 * 0.0017, 0.0017),
    )
    shell = None
    if random.random() < 0.75:
        material, most = (("Al", 5.0), ("Fe", 8.0), ("Pb", 3.0))[int(random.integers(3))]
        shell = Shield(material, log_between(random, 0.1, most))
    amount = log_between(random, 0.5, 40.0)
    grams = 100.0
    scene = Scene(
        plutonium_spectrum_lines(now, grams, LIBRARY),
        model,
        areal_g_cm2=amount,
        diameter_g_cm2=amount if random.random() < 0.5 else 0.0,
        shell=shell,
        dead_cm=float(random.uniform(0.0, 0.15)),
        seen=log_between(random, 2e-6, 2e-3),
    )
    return now, age, scene


def main() -> int:
    """Print one row per nuclide; 1 when an interval holds too seldom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--fwhm", type=float, help="peak width at 208 keV, in keV")
    parsed = parser.parse_args()
    random = np.random.default_rng(parsed.seed)
    rows: dict[str, list[tuple[bool, float, float]]] = {
        n: [] for n in (*PLUTONIUM, "Am-241", "age")
    }
    refused = poor = limits = 0
    for _ in range(parsed.trials):
        now, age, scene = random_scene(random, parsed.fwhm)
        ahead, behind = recordings(scene, LIBRARY, random)
        try:
            r = measure_plutonium(ahead, background=behind)
        except OutOfDomain:
            refused += 1
            continue
        poor += any(w.code == "poor_fit" for w in r.warnings)
        whole = sum(now[n] for n in PLUTONIUM)
        for name in (*PLUTONIUM, "Am-241"):
            true, found = 100.0 * now[name] / whole, r.share(name)
            if found.limit is not None:
                limits += 1
                held = true <= found.interval[1]
                rows[name].append((held, np.nan, np.nan))
                continue
            low, high = found.interval
            rows[name].append(
                (low <= true <= high, 0.5 * (high - low) / true, found.mass_percent / true)
            )
        if r.age is not None and r.age.age_y is not None and r.age.standard_uncertainty_y:
            u = 2.0 * r.age.standard_uncertainty_y
            rows["age"].append((abs(r.age.age_y - age) <= u, u / age, r.age.age_y / age))
    print("| quantity | spectra | hold the truth | seen | median U / truth | mean found / true |")
    print("|---|---:|---:|---:|---:|---:|")
    worst = 1.0
    for name, found_rows in rows.items():
        held = sum(h for h, _, _ in found_rows)
        size = np.array([u for _, u, _ in found_rows])
        bias = np.array([b for _, _, b in found_rows])
        seen = int(np.isfinite(size).sum())
        middle = float(np.nanmedian(size)) if seen else np.nan
        mean = float(np.exp(np.nanmean(np.log(bias)))) if seen else np.nan
        print(f"| {name} | {len(found_rows)} | {held} | {seen} | {middle:.3f} | {mean:.3f} |")
        worst = min(worst, float(binom.cdf(held, len(found_rows), 0.95)) if found_rows else 1.0)
    print(f"\n{refused} refused, {poor} fits called poor, {limits} limits instead of values")
    return 0 if worst > 1e-3 else 1


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
