"""The walk bench: smallest detected source over the physical bound, by nuclide; places and names.

    python benchmarks/bench_walk.py             # 10 nuclides, 100 passes each; some minutes
    python benchmarks/bench_walk.py --passes 400

One long synthetic walk for each nuclide, with a pass every 240 s. Only ratios to the bound are
printed: limits in units of a source are a matter of whoever searches, not of a public page.

The bound is the clairvoyant likelihood ratio that knows background, spectrum, strength and way of
the source and lacks only the time of the pass: d'^2 = sum over records and channels of S^2 / B,
half of the passes found at d' = 3.0 for one false alarm an hour (docs/science/detection.md).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from tocsin.detection.analysis import Encounter
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.survey import analyze_survey
from tocsin.detectors import background_components, named_model, nuclide_template
from tocsin.nuclear import load_library
from tocsin.scenario import Anchor, GnssModel, Perturbation, StreetMap
from tocsin.scenario.demo import STREET_RATES_CPS
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    Instrument,
    Position,
    Record,
    Recording,
    Spectrum,
)

NUCLIDES = (
    "Cs-137", "Co-60", "Am-241", "Ba-133", "Co-57", "Ir-192", "I-131", "Tc-99m", "F-18", "U-235",
)  # fmt: skip
RATIOS = (1.0, 1.5, 2.25, 3.4, 5.0)  # strength of a pass over that of the bound
BOUND_DEVIATE = 3.0  # one false alarm an hour at a correlation of 5 s
SPACING_S = 240
SPEED_M_S = 1.2
STAND_OFF_M = (2.0, 15.0)
CHANNELS, WIDTH_KEV, THRESHOLD_KEV = 1024, 3.0, 30.0
ANCHOR = Anchor(-75.0, 60.0)
INSTRUMENT = Instrument(
    "Tocsin (synthetic)",
    "backpack",
    detectors=(DetectorInfo("g", "Gamma", description="NaI 2x4x16 in"),),
)


@dataclass(frozen=True)
class Pass:
    """One pass: when, how far, how strong, and what was answered."""

    at_s: float
    stand_off_m: float
    ratio: float
    found: bool
    names: tuple[str, ...]
    off_m: float | None
    radius_m: float | None


def background(rng: np.random.Generator, n: int, edges: np.ndarray) -> np.ndarray:
    """Expected background (n, channel): four components that wander, bent by a perturbation."""
    model = named_model("rsi-2x4x16")
    drawn = background_components(model, edges, library=load_library())
    keys = ("K-40", "U-series", "Th-series", "cosmic")
    shapes = Perturbation.draw(rng).background(np.array([drawn[k] for k in keys]), edges)
    shapes[:, edges[:-1] < THRESHOLD_KEV] = 0.0
    shapes /= shapes.sum(axis=1, keepdims=True)
    # a street on which the rate wanders by 5 % together and each component by 7 % of its own
    street = StreetMap(STREET_RATES_CPS, common_sd=0.05, own_sd=0.07)
    zero = np.zeros(n)
    return street.component_rates_cps(zero, zero, 1.0, rng).T @ shapes


def walk(nuclide: str, passes: int, seed: int) -> list[Pass]:
    """All passes of one nuclide, analysed in one recording."""
    rng = np.random.default_rng([seed, NUCLIDES.index(nuclide)])
    edges = np.arange(CHANNELS + 1) * WIDTH_KEV
    model = named_model("rsi-2x4x16")
    shape = nuclide_template(nuclide, model, edges, library=load_library(), scatter=0.5).copy()
    shape[edges[:-1] < THRESHOLD_KEV] = 0.0
    shape /= shape.sum()
    n = SPACING_S * (passes + 1)
    mean = background(rng, n, edges)
    information = float((shape**2 / np.maximum(mean.mean(axis=0), 1e-9)).sum())
    plan = []
    for k in range(passes):
        at = SPACING_S * (k + 1) + float(rng.uniform(-5.0, 5.0))
        d = float(np.exp(rng.uniform(*np.log(STAND_OFF_M))))
        ratio = RATIOS[k % len(RATIOS)]
        steps = SPEED_M_S * (np.arange(n)[:, None] + (np.arange(5) + 0.5) / 5 - at)
        profile = (d**2 / (d**2 + steps**2)).mean(axis=1)
        peak_cps = ratio * BOUND_DEVIATE / math.sqrt(information * float((profile**2).sum()))
        near = slice(max(0, int(at) - 60), int(at) + 61)
        mean[near] += peak_cps * profile[near, None] * shape
        plan.append((at, d, ratio))
    recording = recorded(rng, mean)
    encounters, _, _, _ = analyze_survey(
        recording, background=None, settings=DetectorSettings(), library=load_library()
    )
    return [judged(encounters, at, d, ratio) for at, d, ratio in plan]


def recorded(rng: np.random.Generator, mean: np.ndarray) -> Recording:
    """Poisson counts along a straight track to the east with a wandering receiver."""
    n = len(mean)
    x = SPEED_M_S * (np.arange(n) + 0.5)
    seen_x, seen_y, lost = GnssModel().observe(x, np.zeros(n), 1.0, rng)
    latitude, longitude = ANCHOR.to_degrees(seen_x, seen_y)
    calibration = EnergyCalibration.polynomial((0.0, WIDTH_KEV))
    records = tuple(
        Record(
            (Spectrum(rng.poisson(mean[k]), 1.0, 1.0, calibration, "g"),),
            real_time_s=1.0,
            position=None
            if lost[k]
            else Position(float(latitude[k]), float(longitude[k]), accuracy_m=2.5),
        )
        for k in range(n)
    )
    return Recording(records, instrument=INSTRUMENT)


def judged(encounters: Sequence[Encounter], at: float, d: float, ratio: float) -> Pass:
    """What the answer says of one pass: true if an alarm peaks within max(5 s, d / v) of it."""
    window = max(5.0, d / SPEED_M_S)
    hits = [e for e in encounters if abs(e.peak_record + 0.5 - at) <= window and e.is_alarm]
    best = max(hits, key=lambda e: e.statistic, default=None)
    if best is None:
        return Pass(at, d, ratio, False, (), None, None)
    off = radius = None
    if best.location is not None:
        x, y = ANCHOR.to_metres(
            np.array([best.location.latitude_deg]), np.array([best.location.longitude_deg])
        )
        off = math.hypot(float(x[0]) - SPEED_M_S * at, float(y[0]) - d)
        radius = best.location.radius_m_95
    return Pass(at, d, ratio, True, tuple(n.name for n in best.nuclides), off, radius)


def half_point(passes: list[Pass]) -> float:
    """Ratio at which half of the passes are found: logistic fit in the logarithm."""
    x = np.log([p.ratio for p in passes])
    y = np.array([p.found for p in passes], dtype=float)

    def loss(parameters: np.ndarray) -> float:
        z = np.exp(parameters[1]) * (x - parameters[0])
        # a weak pull keeps the slope finite where the step is sharp
        return float(np.sum(np.logaddexp(0.0, z) - y * z) + 0.05 * (parameters[1] - 1.5) ** 2)

    best = minimize(loss, np.array([np.log(2.0), 1.5]), method="Nelder-Mead")
    return float(np.exp(best.x[0]))


def share(part: list[bool]) -> str:
    """Share with its number, a dash where there is none."""
    return f"{np.mean(part):.2f} ({len(part)})" if part else "-"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passes", type=int, default=100, help="passes of each nuclide")
    parser.add_argument("--seed", type=int, default=20_260_915)
    options = parser.parse_args()
    print("| nuclide | found half, over the bound | right name, of found | wrong name, of found |")
    print("|---|---|---|---|")
    ratios, every = [], []
    for nuclide in NUCLIDES:
        passes = walk(nuclide, options.passes, options.seed)
        found = [p for p in passes if p.found]
        ratios.append(half_point(passes))
        every += passes
        right = [nuclide in p.names for p in found]
        wrong = [bool(set(p.names) - {nuclide}) for p in found]
        print(f"| {nuclide} | {ratios[-1]:.2f} | {share(right)} | {share(wrong)} |", flush=True)
    print(f"| geometric mean | {math.exp(np.mean(np.log(ratios))):.2f} | | |")
    placed = [p for p in every if p.off_m is not None and p.radius_m is not None]
    for low, high in ((0.0, 2.5), (2.5, 4.0), (4.0, 9.0)):
        part = [p for p in placed if low <= p.ratio < high]
        inside = [p.off_m <= p.radius_m for p in part]
        middle = np.median([p.radius_m for p in part]) if part else math.nan
        print(
            f"places at {low:g} to {high:g} times the bound: inside the 95 % region "
            f"{share(inside)}, median radius {middle:.0f} m"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
