"""Pulses one by one through threshold, dead time and resolving time: the oracle of the counting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.electronics import Electronics


@dataclass(frozen=True)
class Heard:
    """Heights of the counts in keV, and the time that passed in s."""

    heights_keV: NDArray[np.float64]
    elapsed_s: float


def hear(
    counts: NDArray[np.float64],
    edges_keV: NDArray[np.float64],
    electronics: Electronics,
    *,
    pulses_per_s: float,
    pulses: int,
    seed: int,
) -> Heard:
    """Follow single pulses in the order of time; shares no code with ``counting.py``."""
    rng = np.random.default_rng(seed)
    channel = rng.choice(counts.size, size=pulses, p=counts / counts.sum())
    low, high = edges_keV[:-1][channel], edges_keV[1:][channel]
    height = electronics.gain * (low + (high - low) * rng.random(pulses))
    noise = electronics.threshold_sigma_keV * rng.standard_normal(pulses)
    starts = height + noise > electronics.threshold_keV
    if not electronics.threshold_keV:
        starts[:] = True
    at = np.cumsum(rng.exponential(1.0 / pulses_per_s, pulses)).tolist()
    dead, open_for = 1e-6 * electronics.dead_time_us, 1e-6 * electronics.pile_up_us
    tall = height.tolist()
    free = -math.inf
    heights = []
    for i, now in enumerate(at):
        if not starts[i]:
            continue
        heard = now >= free
        if heard:
            total, j = tall[i], i + 1
            while j < pulses and at[j] - now < open_for:
                total += tall[j]
                j += 1
            heights.append(total)
        if heard or electronics.paralysable:
            free = now + max(dead, open_for)
    return Heard(np.array(heights), at[-1])
