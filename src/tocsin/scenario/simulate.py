"""From a scene to counts: the recording that the instrument would write, and the truth of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin import __version__
from tocsin.detectors import DetectorModel, named_model
from tocsin.errors import InvalidInput
from tocsin.scenario.geometry import FloatArray
from tocsin.scenario.noise import ar1
from tocsin.scenario.perturbation import Perturbation
from tocsin.scenario.scene import Scene
from tocsin.scenario.shapes import SceneShapes, shapes_for
from tocsin.scenario.sources import NormHeap, PointSource
from tocsin.scenario.truth import REALM, Truth
from tocsin.scenario.truth_of_source import true_source
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

Progress = Callable[[int, int], None]
"""Called with records done and records in all."""

DEFAULT_START = dt.datetime(2026, 1, 15, 10, 0, tzinfo=dt.UTC)
"""Start of a walk whose caller names none: a fixed date, so that the same seed gives one file."""

CHUNK_RECORDS = 256
CM_PER_INCH = 2.54
LIVE_TIME_STEP_S = 0.001
GAMMA_DETECTOR = "gamma-1"
NEUTRON_DETECTOR = "neutron-1"


@dataclass(frozen=True, slots=True)
class Expectation:
    """Expected rates of a walk before any count is drawn.

    Attributes
    ----------
    background_cps : (4, n) float
        Natural components in each record.
    rain_cps : (n,) float
        Radon progeny brought down by rain.
    net_cps : (s, n) float
        Sources in each record.
    gain : (n,) float
        Gain of the detector over that of the stated calibration.
    """

    background_cps: FloatArray
    rain_cps: FloatArray
    net_cps: FloatArray
    gain: FloatArray

    @property
    def natural_cps(self) -> FloatArray:
        """All natural rates together ``(n,)``."""
        return np.asarray(self.background_cps.sum(axis=0) + self.rain_cps)


def simulate_walk(
    scene: Scene,
    rng: np.random.Generator,
    *,
    start: dt.datetime = DEFAULT_START,
    seed: int | None = None,
    perturbation: Perturbation | None = None,
    progress: Progress | None = None,
) -> tuple[Recording, Truth]:
    """Walk through a scene with an instrument.

    Expected counts of record ``i`` in channel ``c``::

        mu_ic = L_i * G(g_i) [ sum_k b_k(i) B_k + w(i) W + sum_s h_s(i) A_s D_s(r_si) / r_si^2 ]_c

    ``B_k`` unit shape and ``b_k`` rate of a natural component, ``W`` and ``w`` those of radon
    progeny after rain, ``D_s(r)`` counts per decay times square metres behind housing and ``r``
    metres of air, ``h`` the carrier's shadow, ``G(g)`` the shift to a gain ``g``, ``L`` the live
    time. The counts are independent Poisson numbers.

    Parameters
    ----------
    scene : Scene
        What is there.
    rng : numpy.random.Generator
        All randomness; the same state gives the same recording.
    start : datetime
        Start of the first record, aware.
    seed : int, optional
        Written into the truth, where the caller made ``rng`` from one.
    perturbation : Perturbation, optional
        The detector of this recording; drawn from ``rng`` by default.
    progress : callable, optional
        Called with records done and records in all.

    Returns
    -------
    Recording
        Realm SYNTHETIC, all records foreground.
    Truth
        What was put in.

    Raises
    ------
    InvalidInput
        When ``start`` has no time zone.
    NotFound
        When a nuclide, material or crystal is not in the libraries.

    Notes
    -----
    The live time is ``T / (1 + n tau)`` of the expected rate ``n``, rounded to a millisecond, and
    the counts are Poisson given that live time: the small loss of variance that a dead time causes
    (a factor ``(1 + n tau)^-2``, 2 % here) is left out. Distances are those in the middle of a
    record. A walk of 3,600 records of 1,024 channels takes a few seconds.
    """
    if start.tzinfo is None:
        raise InvalidInput("start must be an aware time (give it a time zone)")
    start = start.astimezone(dt.UTC)
    detector = perturbation or Perturbation.draw(rng)
    shapes = shapes_for(scene, detector)
    x_m, y_m = scene.walk.position_at_m(scene.mid_times_s)
    expected = _expectation(scene, shapes, detector, rng)
    live_s = _live_time_s(scene, expected)
    counts = _draw(scene, shapes, expected, live_s, rng, progress)
    neutrons = _draw_neutrons(scene, rng)
    positions = _positions(scene, x_m, y_m, rng)
    recording = Recording(
        records=_records(scene, start, counts, live_s, neutrons, positions),
        instrument=_instrument(scene),
        remarks=(
            f"Realm: {REALM}",
            f"Synthetic recording of the scene {scene.name!r}, made by Tocsin {__version__}. "
            f"{scene.place_note}",
        ),
        uuid=str(uuid.UUID(bytes=rng.bytes(16), version=4)),
        realm=REALM,
    )
    return recording, _truth(scene, start, seed, detector, shapes, expected, live_s, x_m, y_m)


def _expectation(
    scene: Scene, shapes: SceneShapes, detector: Perturbation, rng: np.random.Generator
) -> Expectation:
    carried, times = scene.carried, scene.mid_times_s
    x_m, y_m = scene.walk.position_at_m(times)
    background = scene.street.component_rates_cps(x_m, y_m, carried.record_s, rng)
    background *= np.asarray(detector.rate_factors)[:, None]
    rain = scene.street.rain_cps(times, carried.record_s)
    wander = ar1((1, times.size), carried.record_s, carried.gain_tau_s, rng)[0]
    # Half the amplitude is one standard deviation; what wanders further is held at the amplitude.
    drift = np.clip(0.5 * wander, -1.0, 1.0) * carried.gain_drift
    weights = [part_weights(scene, s) for s in scene.sources]
    net = np.array(
        [
            shapes.kernels[s.name].rates_cps(scene.distances_m(s), w)
            for s, w in zip(scene.sources, weights, strict=True)
        ]
    ).reshape(len(scene.sources), times.size)
    return Expectation(background, rain, net, 1.0 + detector.gain_offset + drift)


def part_weights(scene: Scene, source: PointSource | NormHeap) -> FloatArray:
    """Weight ``(parts, n)`` of each part of a source: its share times the carrier's shadow."""
    dx, dy, dz = scene.offsets_m(source)
    east, north = scene.walk.heading_at(scene.mid_times_s)
    cosine = (dx * east + dy * north) / np.sqrt(dx**2 + dy**2 + dz**2)
    shadow = 1.0 - scene.carried.body_shadow * (1.0 + cosine) / 2.0
    return np.asarray(shadow / dx.shape[0], dtype=np.float64)


def _live_time_s(scene: Scene, expected: Expectation) -> FloatArray:
    rate = expected.natural_cps + expected.net_cps.sum(axis=0)
    live = scene.carried.record_s / (1.0 + rate * scene.carried.dead_time_us * 1e-6)
    return np.asarray(np.rint(live / LIVE_TIME_STEP_S) * LIVE_TIME_STEP_S, dtype=np.float64)


def _draw(
    scene: Scene,
    shapes: SceneShapes,
    expected: Expectation,
    live_s: FloatArray,
    rng: np.random.Generator,
    progress: Progress | None,
) -> NDArray[np.int64]:
    """Counts ``(n, channels)``, record after record."""
    n, channels = scene.records, scene.carried.n_channel
    out = np.empty((n, channels), dtype=np.int64)
    for first in range(0, n, CHUNK_RECORDS):
        part = slice(first, min(first + CHUNK_RECORDS, n))
        mean = expected.background_cps[:, part].T @ shapes.background
        mean += expected.rain_cps[part, None] * shapes.rain
        for source in scene.sources:
            distance = scene.distances_m(source)[:, part]
            weight = part_weights(scene, source)[:, part]
            mean += shapes.kernels[source.name].spectra_cps(distance, weight)
        mean = shifted(mean, expected.gain[part])[:, :channels] * live_s[part, None]
        out[part] = rng.poisson(mean)
        if progress is not None:
            progress(part.stop, n)
    return out


def shifted(spectra: FloatArray, gain: FloatArray) -> FloatArray:
    """Spectra ``(n, c)`` on channels of equal width as a detector of gain ``(n,)`` writes them.

    A pulse of energy ``E`` lands where the stated calibration says ``gain * E``. Each channel is
    taken as flat inside; what leaves at the upper end is lost.
    """
    n, channels = spectra.shape
    cumulative = np.concatenate((np.zeros((n, 1)), np.cumsum(spectra, axis=1)), axis=1)
    at = np.minimum(np.arange(channels + 1)[None, :] / gain[:, None], float(channels))
    low = np.minimum(at.astype(np.int64), channels - 1)
    left = np.take_along_axis(cumulative, low, axis=1)
    right = np.take_along_axis(cumulative, low + 1, axis=1)
    # Rounding in the cumulative sum may leave -1e-13 where nothing is.
    parts = np.diff(left + (at - low) * (right - left), axis=1)
    return np.asarray(np.maximum(parts, 0.0), dtype=np.float64)


def _draw_neutrons(scene: Scene, rng: np.random.Generator) -> NDArray[np.int64] | None:
    if scene.carried.neutron_rate_cps is None:
        return None
    mean = scene.carried.neutron_rate_cps * scene.carried.record_s
    return rng.poisson(mean, scene.records)


def _positions(
    scene: Scene, x_m: FloatArray, y_m: FloatArray, rng: np.random.Generator
) -> list[Position | None]:
    seen_x, seen_y, lost = scene.gnss.observe(x_m, y_m, scene.carried.record_s, rng)
    latitude, longitude = scene.anchor.to_degrees(seen_x, seen_y)
    elevation = scene.anchor.elevation_m + scene.walk.detector_height_m
    accuracy = round(scene.gnss.accuracy_m, 1)
    return [
        None
        if gone
        else Position(
            # 1e-7 degree is 1 cm: finer digits would be invented
            latitude_deg=round(float(a), 7),
            longitude_deg=round(float(b), 7),
            elevation_m=round(elevation, 1),
            accuracy_m=accuracy,
        )
        for a, b, gone in zip(latitude, longitude, lost, strict=True)
    ]


def _records(
    scene: Scene,
    start: dt.datetime,
    counts: NDArray[np.int64],
    live_s: FloatArray,
    neutrons: NDArray[np.int64] | None,
    positions: list[Position | None],
) -> tuple[Record, ...]:
    carried = scene.carried
    calibration = EnergyCalibration.polynomial((0.0, carried.full_scale_keV / carried.n_channel))
    records = []
    for i in range(scene.records):
        live = round(float(live_s[i]), 3)
        spectrum = Spectrum(counts[i], live, carried.record_s, calibration, GAMMA_DETECTOR)
        gross = (
            ()
            if neutrons is None
            else (
                GrossCounts(
                    NEUTRON_DETECTOR, float(neutrons[i]), carried.record_s, carried.record_s
                ),
            )
        )
        records.append(
            Record(
                spectra=(spectrum,),
                start=start + dt.timedelta(seconds=i * carried.record_s),
                real_time_s=carried.record_s,
                source_type=SourceType.FOREGROUND,
                position=positions[i],
                gross_counts=gross,
            )
        )
    return tuple(records)


def _instrument(scene: Scene) -> Instrument:
    model = named_model(scene.carried.model)
    size = crystal_size(model)
    detectors = [
        DetectorInfo(
            name=GAMMA_DETECTOR,
            kind="Gamma",
            description=f"Synthetic {model.material} {size}",
            material=model.material,
            dimensions=size,
        )
    ]
    if scene.carried.neutron_rate_cps is not None:
        detectors.append(
            DetectorInfo(name=NEUTRON_DETECTOR, kind="Neutron", description="Synthetic counter")
        )
    return Instrument(
        manufacturer="Tocsin (synthetic)",
        model=f"Synthetic backpack {model.material} {size}",
        serial="SYNTHETIC",
        instrument_class="Backpack",
        detectors=tuple(detectors),
        versions=(("Tocsin scenario", __version__),),
    )


def crystal_size(model: DetectorModel) -> str:
    """Size of a crystal in inches, the shortest side first, as makers write it."""
    crystal = model.crystal
    if crystal.shape == "cylinder":
        sides = [crystal.face_cm[0], crystal.depth_cm]
    else:
        sides = sorted((*crystal.face_cm, crystal.depth_cm))
    return "x".join(f"{side / CM_PER_INCH:.3g}" for side in sides) + " in"


def _truth(
    scene: Scene,
    start: dt.datetime,
    seed: int | None,
    detector: Perturbation,
    shapes: SceneShapes,
    expected: Expectation,
    live_s: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
) -> Truth:
    latitude, longitude = scene.anchor.to_degrees(x_m, y_m)
    natural = expected.natural_cps
    return Truth(
        scene=scene.name,
        seed=seed,
        start=start.isoformat().replace("+00:00", "Z"),
        records=scene.records,
        anchor=(scene.anchor.latitude_deg, scene.anchor.longitude_deg),
        place_note=scene.place_note,
        sources=tuple(
            true_source(scene, s, start, net, live_s)
            for s, net in zip(scene.sources, expected.net_cps, strict=True)
        ),
        background_rate_cps=(
            float(natural.min()),
            float(natural.mean()),
            float(natural.max()),
        ),
        perturbation=detector.summary(),
        track_deg=tuple(zip(latitude.tolist(), longitude.tolist(), strict=True)),
        versions={"tocsin": __version__, **shapes.versions},
    )
