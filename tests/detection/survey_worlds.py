"""Small synthetic surveys with known truth, drawn from the library's own shapes."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np

from tocsin.detectors import (
    background_components,
    fold_lines,
    material,
    model_for,
    nuclide_template,
)
from tocsin.nuclear import load_library
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Recording,
    Spectrum,
)

INSTRUMENT = Instrument(
    "Radiation Solutions Inc.", "RS-605", detectors=(DetectorInfo("VD1"), DetectorInfo("VD2"))
)
N_CHANNEL = 256
CALIBRATION = EnergyCalibration.polynomial((0.0, 12.0))
EDGES_KEV = np.arange(N_CHANNEL + 1) * 12.0
START = dt.datetime(2026, 5, 4, 9, 0, 0, tzinfo=dt.UTC)
METRES_PER_DEGREE = 111_195.0
LATITUDE, LONGITUDE = 48.2, 16.4


def natural(cps: float = 1000.0) -> np.ndarray:
    """K, U, Th and cosmic components in counts per second; ``(4, n_channel)``."""
    model = model_for(INSTRUMENT, n_channel=N_CHANNEL, edges_keV=EDGES_KEV)
    shapes = background_components(model, EDGES_KEV, library=load_library())
    keys = ("K-40", "U-series", "Th-series", "cosmic")
    rows = np.array([shapes[k] for k in keys])
    rows[:, EDGES_KEV[:-1] < 30.0] = 0.0
    rows /= rows.sum(axis=1, keepdims=True)
    return rows * np.array([0.25, 0.22, 0.45, 0.08])[:, None] * cps


def source(name: str) -> np.ndarray:
    """Shape of a nuclide with some scatter, sum one; ``(n_channel,)``."""
    model = model_for(INSTRUMENT, n_channel=N_CHANNEL, edges_keV=EDGES_KEV)
    shape = nuclide_template(name, model, EDGES_KEV, library=load_library(), scatter=0.5).copy()
    shape[EDGES_KEV[:-1] < 30.0] = 0.0
    return shape / shape.sum()


def tube(high_voltage_kV: float, filter_material: str, filter_g_cm2: float) -> np.ndarray:
    """Shape of an X-ray tube behind a filter, tungsten K lines and all, sum one; ``(n_channel,)``.

    Kramers' thick target on a grid of 1 keV; a third as many photons again in the K lines where
    the voltage excites them (69.5 keV).
    """
    model = model_for(INSTRUMENT, n_channel=N_CHANNEL, edges_keV=EDGES_KEV)
    e = np.arange(20.0, high_voltage_kV, 1.0) + 0.5
    flux = high_voltage_kV / e - 1.0
    if high_voltage_kV > 69.5:
        lines = 0.3 * flux.sum() * np.array([0.8, 0.2])
        e, flux = np.append(e, [58.9, 67.7]), np.append(flux, lines)
    stuff = material(filter_material)
    depth = stuff.coefficients(e).interaction / stuff.density_g_cm3 * filter_g_cm2
    shape = fold_lines(e, flux * np.exp(-depth), model, EDGES_KEV).copy()
    shape[EDGES_KEV[:-1] < 30.0] = 0.0
    return shape / shape.sum()


def drift(rng: np.random.Generator, n: int, sigma: float, tau: float) -> np.ndarray:
    """Factors ``exp(x)``, ``x`` an autoregressive series of standard deviation ``sigma``."""
    keep = math.exp(-1.0 / tau)
    x = np.empty(n)
    x[0] = rng.normal(0.0, sigma)
    kicks = rng.normal(0.0, sigma * math.sqrt(1 - keep**2), n)
    for k in range(1, n):
        x[k] = keep * x[k - 1] + kicks[k]
    return np.exp(x)


def background_rates(
    rng: np.random.Generator,
    n: int,
    *,
    cps: float = 1000.0,
    common: float = 0.05,
    own: float = 0.07,
) -> np.ndarray:
    """Expected background of ``n`` seconds, drifting in level and composition."""
    amplitudes = np.array([drift(rng, n, own, 80.0) for _ in range(4)]).T
    amplitudes[:, 3] = 1.0
    level = drift(rng, n, common, 120.0)
    return (amplitudes * level[:, None]) @ natural(cps)


def position(east_m: float, north_m: float) -> Position:
    """Place in metres from the origin of the tests."""
    return Position(
        LATITUDE + north_m / METRES_PER_DEGREE,
        LONGITUDE + east_m / METRES_PER_DEGREE / math.cos(math.radians(LATITUDE)),
    )


def record(
    counts: np.ndarray,
    index: int,
    *,
    place: Position | None = None,
    neutrons: float | None = None,
    live_time_s: float = 0.99,
) -> Record:
    """One second of the synthetic instrument."""
    return Record(
        (Spectrum(counts, live_time_s=live_time_s, real_time_s=1.0, calibration=CALIBRATION),),
        start=START + dt.timedelta(seconds=index),
        real_time_s=1.0,
        position=place,
        gross_counts=() if neutrons is None else (GrossCounts("n", neutrons),),
    )


def walk(
    rng: np.random.Generator,
    *,
    seconds: int = 160,
    name: str | None = None,
    net_cps: float = 0.0,
    at_s: float = 100.0,
    stand_off_m: float = 6.0,
    speed_m_s: float = 1.5,
    gps_sigma_m: float = 2.0,
    cps: float = 1000.0,
) -> Recording:
    """A straight walk to the east past a source to the north of the track."""
    rates = background_rates(rng, seconds, cps=cps)
    if name is not None:
        shape = source(name)
        for k in range(seconds):
            steps = speed_m_s * (k + (np.arange(5) + 0.5) / 5 - at_s)
            profile = np.mean(stand_off_m**2 / (stand_off_m**2 + steps**2))
            rates[k] += net_cps * profile * shape
    records = []
    for k in range(seconds):
        noise = rng.normal(0.0, gps_sigma_m, 2)
        place = position(speed_m_s * (k + 0.5 - at_s) + noise[0], noise[1])
        counts = rng.poisson(rates[k] * 0.99)
        records.append(record(counts, k, place=place, neutrons=float(rng.poisson(1.0))))
    return Recording(tuple(records), instrument=INSTRUMENT, file_name="walk")
