"""A walk past a caesium source, made by hand: smooth background, a peak that rises and falls."""

from __future__ import annotations

import datetime as dt

import numpy as np

from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Spectrum,
)

BEGAN = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)
BACKPACK = Instrument(
    "Tocsin", "pack", "7", detectors=(DetectorInfo("g", "Gamma", description="NaI 2x4x16 in"),)
)
CHANNELS, WIDTH_KEV = 512, 6.0
RATE_CPS = 900.0


def passing(
    seconds: int, at_s: float | None, *, per_s: int = 1, seed: int = 5, peak_cps: float = 300.0
) -> list[Record]:
    """Records of a walk.

    Parameters
    ----------
    seconds : int
        Its length.
    at_s : float, optional
        When the source is nearest; None for a walk without one.
    per_s : int
        Records in a second.
    seed : int
        Of the counts.
    peak_cps : float
        Rate of the line at the nearest point.
    """
    chance = np.random.default_rng(seed)
    middle = (np.arange(CHANNELS) + 0.5) * WIDTH_KEV
    background = np.exp(-middle / 350.0)
    background /= background.sum()
    line = np.exp(-0.5 * ((middle - 661.66) / 20.0) ** 2)
    line /= line.sum()
    calibration = EnergyCalibration.polynomial([0.0, WIDTH_KEV])
    length_s = 1.0 / per_s
    records = []
    for k in range(seconds * per_s):
        now_s = k * length_s
        near = 0.0 if at_s is None else peak_cps / (1.0 + ((now_s - at_s) / 3.0) ** 2)
        counts = chance.poisson((RATE_CPS * background + near * line) * length_s)
        records.append(
            Record(
                spectra=(Spectrum(counts, 0.98 * length_s, length_s, calibration, "g"),),
                start=BEGAN + dt.timedelta(seconds=now_s),
                real_time_s=length_s,
                position=Position(46.0 + now_s * 1e-5, 7.0, accuracy_m=3.0),
                gross_counts=(GrossCounts("n", 0.0, length_s, length_s),),
            )
        )
    return records
