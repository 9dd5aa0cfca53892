"""What is true of one source, worked out from the scene and its expected rates."""

from __future__ import annotations

import datetime as dt

import numpy as np

from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.scenario.geometry import FloatArray
from tocsin.scenario.scene import Scene
from tocsin.scenario.sources import NormHeap, PointSource
from tocsin.scenario.truth import TrueSource


def true_source(
    scene: Scene,
    source: PointSource | NormHeap,
    start: dt.datetime,
    net_cps: FloatArray,
    live_s: FloatArray,
) -> TrueSource:
    """Truth of one source.

    Parameters
    ----------
    scene : Scene
        The scene that holds it.
    source : PointSource or NormHeap
        The source.
    start : datetime
        Start of the first record, UTC.
    net_cps, live_s : (n,) float
        Expected net rate and live time of each record.
    """
    nearest_m = scene.distances_m(source).min(axis=0)
    closest = int(np.argmin(nearest_m))
    time = start + dt.timedelta(seconds=float(scene.mid_times_s[closest]))
    place = _place_m(scene, source, closest)
    latitude, longitude = scene.anchor.to_degrees(np.array([place[0]]), np.array([place[1]]))
    peak, first, last = half_stretch(net_cps)
    counts = net_cps * live_s
    return TrueSource(
        name=source.name,
        kind="heap" if isinstance(source, NormHeap) else "point",
        nuclides=source.heads if isinstance(source, NormHeap) else (source.nuclide,),
        accepted_names=_accepted(source, load_library()),
        source_class="norm" if isinstance(source, NormHeap) else source.source_class,
        latitude_deg=float(latitude[0]),
        longitude_deg=float(longitude[0]),
        moves=isinstance(source, PointSource) and bool(source.motion),
        closest_record=closest,
        closest_time=time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        closest_distance_m=float(nearest_m[closest]),
        activity_Bq={} if isinstance(source, NormHeap) else {source.nuclide: source.activity_Bq},
        massic_activity_Bq_kg=source.massic_Bq_kg if isinstance(source, NormHeap) else {},
        layers=()
        if isinstance(source, NormHeap)
        else tuple((layer.material, layer.thickness_cm) for layer in source.layers),
        peak_record=peak,
        peak_net_cps=float(net_cps[peak]),
        first_record=first,
        last_record=last,
        net_counts_expected=float(counts[first : last + 1].sum()),
        net_counts_total=float(counts.sum()),
    )


def half_stretch(net_cps: FloatArray) -> tuple[int, int, int]:
    """Record of the highest rate, and the unbroken stretch around it of at least half of it."""
    peak = int(np.argmax(net_cps))
    low = np.flatnonzero(net_cps < net_cps[peak] / 2.0)
    before, after = low[low < peak], low[low > peak]
    first = int(before[-1]) + 1 if before.size else 0
    last = int(after[0]) - 1 if after.size else net_cps.size - 1
    return peak, first, last


def _place_m(scene: Scene, source: PointSource | NormHeap, record: int) -> tuple[float, float]:
    if isinstance(source, NormHeap):
        return source.x_m, source.y_m
    x_m, y_m = source.place_at_m(scene.mid_times_s[record : record + 1])
    return float(x_m[0]), float(y_m[0])


def _accepted(source: PointSource | NormHeap, library: NuclideLibrary) -> tuple[str, ...]:
    """Names that are right: the nuclide with its progeny, or the members of the natural series."""
    if isinstance(source, PointSource):
        name = library[source.nuclide].name
        return (name, *(n for n in library.activity_ratios(name) if n != name))
    return tuple(dict.fromkeys(n for head in source.heads for n in library.members(head)))
