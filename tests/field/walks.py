"""Short walks for the tests of the agent."""

from __future__ import annotations

import datetime as dt

import numpy as np

from tocsin.spectra import (
    DoseRate,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Spectrum,
)

BEGAN = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)
INSTRUMENT = Instrument("Maker", "Pack", "7", "Backpack")


def walk(n: int, *, seed: int = 1, channels: int = 64) -> list[Record]:
    """Records of one second with counts, a place and neutrons."""
    chance = np.random.default_rng(seed)
    calibration = EnergyCalibration.polynomial([0.0, 3000.0 / channels])
    return [
        Record(
            spectra=(Spectrum(chance.poisson(2.0, channels), 0.98, 1.0, calibration, "A"),),
            start=BEGAN + dt.timedelta(seconds=k),
            real_time_s=1.0,
            position=Position(46.0 + k * 1e-5, -119.0, accuracy_m=3.0),
            gross_counts=(GrossCounts("n", float(chance.poisson(0.1)), 1.0, 1.0),),
            dose_rates=(DoseRate(0.1, "A"),),
        )
        for k in range(n)
    ]
