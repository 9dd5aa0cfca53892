"""The picture as the page gets it, once a second: whole at first, then only what has changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.detection.analysis import EncounterSpectrum, FloatArray
from tocsin.field.health import DEAD_TIME_LIMIT
from tocsin.field.history import Row
from tocsin.field.watch import Told, Watch

SHOWN_ENCOUNTERS = 12
"""Encounters that a small screen lists; the others are in the data."""
SPECTRUM_BINS = 256
WATERFALL_BINS = 64
LEAST_KEV = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page has been given already.

    Attributes
    ----------
    version : int
        Of the rows of the last minutes.
    epoch, points : int
        Of the track, and how many of its points.
    """

    version: int = -1
    epoch: int = -1
    points: int = 0


def picture(watch: Watch, seen: Seen) -> tuple[dict[str, Any], Seen]:
    """What a page must know to show the present, given what it has seen.

    Parameters
    ----------
    watch : Watch
        Holds the picture.
    seen : Seen
        ``Seen()`` for a page that knows nothing.

    Returns
    -------
    picture, seen
        JSON values (no NaN), and what the page has seen with them.
    """
    with watch.lock:
        rows = watch.history.since(seen.version)
        track = watch.track
        whole = track.epoch != seen.epoch
        # the last point that was given may have become another
        first = 0 if whole else max(0, seen.points - 1)
        told = watch.told[:SHOWN_ENCOUNTERS]
        value: dict[str, Any] = {
            "state": watch.state,
            "finished": watch.finished,
            "stale": watch.stale,
            "age_s": _number(watch.age_s),
            "stale_after_s": _number(watch.stale_after_s),
            "records": watch.records,
            "measured_s": _number(watch.history.elapsed_s, 8),
            "learning_s": watch.detector.settings.warm_up_s,
            "threshold": _number(watch.threshold),
            "false_alarms_per_h": watch.detector.settings.false_alarm_rate_per_h,
            "dose_rate_uSv_h": _number(watch.dose_rate_uSv_h),
            "shown_rate_cps": _number(watch.shown_rate_cps),
            "rows": [_row(row, watch) for row in rows],
            "bin_edges_keV": _waterfall_edges(watch),
            "encounters": [_told(t) for t in told],
            "long_term": _long_term(watch),
            "alarm_spectrum": _alarm_spectrum(told),
            "way": _way(watch),
            "here": _here(watch),
            "track": {
                "whole": whole,
                "first": first,
                "points": [
                    [round(p.latitude_deg, 6), round(p.longitude_deg, 6), _number(p.net_cps)]
                    for p in track.points[first:]
                ],
            },
            "health": _health(watch),
        }
        return value, Seen(watch.history.version, track.epoch, len(track.points))


def _number(value: float | None, digits: int = 4) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def _row(row: Row, watch: Watch) -> dict[str, Any]:
    return {
        "n": row.number,
        "t_s": _number(row.start_s, 8),
        "real_s": _number(row.real_time_s),
        "live_s": _number(row.live_time_s),
        "counts": _number(row.counts, 8),
        "expected": _number(row.expected),
        "statistic": _number(row.statistic),
        "neutrons": _number(row.neutrons),
        "gap": row.gap,
        "bins": None if row.bins is None else _grouped(row.bins),
    }


def _groups(n_bin: int) -> list[int]:
    """First bins of the rows of the waterfall: as many as a small screen can show apart."""
    return sorted({int(k) for k in np.linspace(0, n_bin, WATERFALL_BINS, endpoint=False)})


def _grouped(bins: FloatArray) -> list[float]:
    return [round(float(v), 1) for v in np.add.reduceat(bins, _groups(bins.size))]


def _waterfall_edges(watch: Watch) -> list[float] | None:
    grid = watch.detector.grid
    if grid is None or not grid.calibrated:
        return None
    edges = grid.edges_keV
    return [round(float(edges[k]), 1) for k in [*_groups(grid.n_bin), grid.n_bin]]


def _told(told: Told) -> dict[str, Any]:
    e = told.encounter
    where = e.location
    return {
        "number": told.number,
        "open": told.open,
        "class": e.source_class,
        "alarm": e.is_alarm,
        "neutron": e.neutron,
        "nuclear_material": e.nuclear_material,
        "statistic": _number(e.statistic),
        "threshold": _number(e.threshold),
        "start": None if e.start is None else e.start.isoformat(),
        "dose_rate_uSv_h": _number(e.dose_rate_uSv_h),
        "nuclides": [
            {"name": n.name, "class": n.nuclide_class, "confidence": round(n.confidence, 2)}
            for n in e.nuclides
        ],
        "place": None
        if where is None
        else {
            "latitude": round(where.latitude_deg, 6),
            "longitude": round(where.longitude_deg, 6),
            "radius_m": _number(where.radius_m_95, 3),
        },
        "reasons": list(e.reasons),
    }


def _spectrum(
    counts: FloatArray,
    edges_keV: FloatArray,
    live_time_s: float,
    background: FloatArray | None = None,
) -> dict[str, Any]:
    """Whole channels put together to bins evenly spaced in the root of the energy."""
    first = int(np.searchsorted(edges_keV, LEAST_KEV))
    low, high = max(float(edges_keV[first]), 0.0), float(edges_keV[-1])
    wanted = np.linspace(low**0.5, high**0.5, SPECTRUM_BINS + 1) ** 2
    at = np.unique(np.clip(np.searchsorted(edges_keV, wanted - 1e-9), first, counts.size))
    starts = at[:-1] if at[-1] == counts.size else at

    def summed(values: FloatArray) -> list[float]:
        return [round(float(v), 2) for v in np.add.reduceat(values, starts)]

    shown = np.append(edges_keV[starts], edges_keV[-1])
    return {
        "edges_keV": [round(float(e), 1) for e in shown],
        "counts": summed(counts),
        "background": None if background is None else summed(background),
        "live_s": _number(live_time_s, 6),
    }


def _long_term(watch: Watch) -> dict[str, Any] | None:
    grid = watch.detector.grid
    if grid is None or watch.long_term is None:
        return None
    return _spectrum(watch.long_term, grid.fine_edges_keV, watch.long_term_live_s)


def _alarm_spectrum(told: list[Told]) -> dict[str, Any] | None:
    """Of the newest encounter that has one, alarms before what is natural."""
    with_spectrum = [t for t in told if t.encounter.spectrum is not None]
    chosen = next((t for t in with_spectrum if t.open or t.encounter.is_alarm), None)
    chosen = chosen or next(iter(with_spectrum), None)
    if chosen is None:
        return None
    spectrum: EncounterSpectrum | None = chosen.encounter.spectrum
    if spectrum is None:
        return None
    shown = _spectrum(
        spectrum.counts, spectrum.edges_keV, spectrum.live_time_s, spectrum.background_counts
    )
    return {"number": chosen.number, **shown}


def _way(watch: Watch) -> dict[str, Any] | None:
    found = watch.way()
    if found is None:
        return None
    number, way = found
    return {
        "number": number,
        "distance_m": _number(way.distance_m, 3),
        "bearing_deg": round(way.bearing_deg),
        "turn_deg": None if way.turn_deg is None else round(way.turn_deg),
        "radius_m": _number(way.radius_m, 3),
        "inside": way.inside,
    }


def _here(watch: Watch) -> dict[str, Any] | None:
    here = watch.walk.here
    if here is None:
        return None
    heading = watch.walk.heading_deg
    return {
        "latitude": round(here.latitude_deg, 6),
        "longitude": round(here.longitude_deg, 6),
        "heading_deg": None if heading is None else round(heading),
    }


def _health(watch: Watch) -> dict[str, Any]:
    gain, grid, places = watch.gain, watch.detector.grid, watch.places
    accuracy = None if places.last is None else places.last.accuracy_m
    return {
        "calibrated": None if grid is None else grid.calibrated,
        "gain": None
        if gain is None
        else {
            "value": round(gain.value, 4),
            "uncertainty": round(gain.uncertainty, 4),
            "off": gain.is_off,
        },
        "dead_time": _number(watch.dead_time, 3),
        "dead_time_high": watch.dead_time is not None and watch.dead_time > DEAD_TIME_LIMIT,
        "gps": places.state,
        "gps_accuracy_m": _number(accuracy, 3),
        "clock": watch.clock.state,
        "clock_faults": watch.clock.faults,
        "clock_says": None if watch.clock.last is None else watch.clock.last.isoformat(),
        "waiting_to_send": watch.waiting_to_send,
        "not_kept_why": watch.not_kept_why,
        "not_kept_error": watch.not_kept_error,
        "in_memory": watch.in_memory,
        "lost": watch.lost,
    }
