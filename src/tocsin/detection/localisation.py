"""Where the source is: a point source fitted along the track, with an honest region."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tocsin.detection.analysis import FloatArray, Location
from tocsin.detection.encounters import EncounterClosed
from tocsin.detection.quality import usable_positions
from tocsin.detection.slices import Slice

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG 1980 (Moritz 2000): only for metres per degree


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalisationSettings:
    """Choices of the position fit; the same for all files.

    Attributes
    ----------
    reach_m : float
        Sources are looked for this far beside the track.
    heights_m : tuple of float
        Vertical distances between source and instrument that are tried: on foot and from a vehicle,
        a floor above, a high building, from the air.
    height_weights : tuple of float
        Prior weights of the heights: most sources lie about as high as the instrument, and an
        error to the other side would make the region too small.
    air_range_m : float
        Distance over which air weakens the photons by e; a middle value (about 70 m at 100 keV,
        110 m at 700 keV).
    gps_m : float
        Standard uncertainty of a fix where the file states none.
    model_error : float
        Relative error of ``1/r^2`` itself: screening by the carrier, angles, obstacles.
    timing_records : tuple of float
        When in its record the fix was taken: the record covers the track from this part of a
        record before the fix on.
    stand_off_m : float
        Below this distance beside the track the prior is flat; above, equal weight per factor of
        distance.
    """

    reach_m: float = 150.0
    heights_m: tuple[float, ...] = (1.5, 5.0, 15.0, 40.0, 90.0)
    height_weights: tuple[float, ...] = (0.75, 0.10, 0.05, 0.05, 0.05)
    air_range_m: float = 90.0
    gps_m: float = 4.0
    model_error: float = 0.15
    timing_records: tuple[float, ...] = (-1.0, -0.5, 0.0)
    shoulder_s: float = 12.0
    stand_off_m: float = 2.0


def locate(
    closed: EncounterClosed, settings: LocalisationSettings | None = None
) -> Location | None:
    """Place of the source of an encounter and the radius that holds it with 95 % probability.

    Parameters
    ----------
    closed : EncounterClosed
        As the detector gave it.
    settings : LocalisationSettings, optional
        The defaults serve all files.

    Returns
    -------
    Location or None
        None where fewer than one position near the peak can be used.

    Notes
    -----
    Net counts of each record, in the energies in which the encounter stands out, are compared with
    ``A / r^2 exp(-r / range)`` averaged over the part of the track that the record covers. The
    amplitude is fitted at every point of a grid, the height and the timing are averaged over, and
    the posterior over the grid gives its mean and the smallest circle about it with 95 % of the
    weight. A straight pass cannot tell left from right, so both sides stay in: the mean then falls
    on the track and the circle holds both.

    Valid for one point source that stays in place, with a track longer than its distance.

    References
    ----------
    The likelihood is that of A. Gunatilaka, B. Ristic and R. Gailis, DSTO-TR-1988 (2007); averaging
    over nuisances follows M. Bukartas et al., PLoS ONE 17 (2022), doi 10.1371/journal.pone.0268556.
    """
    s = settings or LocalisationSettings()
    usable = _around(closed, s.shoulder_s)
    if not usable:
        return None
    peak = min(usable, key=lambda u: abs(u.index - closed.peak_record))
    if abs(peak.index - closed.peak_record) > 3 or peak.position is None:
        return None
    origin = (peak.position.latitude_deg, peak.position.longitude_deg)
    net, variance = _signal(closed, usable)
    gps = max(s.gps_m, max((u.position.accuracy_m or 0.0) for u in usable if u.position))
    track = _believed(np.array([_metres(u, origin) for u in usable]), gps)
    step = float(np.median(np.hypot(*np.diff(track, axis=0).T))) if len(track) > 1 else 0.0
    reach = max(s.reach_m, 3.0 * step)
    centre, radius = _posterior(track, usable, net, variance, s, reach)
    radius = math.hypot(radius, 2.4477 * gps)  # 95 % of a circular normal law
    return Location(*_degrees(centre, origin), radius_m_95=radius)


def _around(closed: EncounterClosed, shoulder_s: float) -> list[Slice]:
    """Believable positions of the encounter and its shoulders on both sides."""
    inside = [i for i in closed.slices if closed.first_record <= i.index <= closed.last_record]
    before = [i for i in closed.slices if i.index < closed.first_record]
    after = [i for i in closed.slices if i.index > closed.last_record]
    kept_before: list[Slice] = []
    for source, target in ((reversed(before), kept_before), (iter(after), inside)):
        seconds = 0.0
        for item in source:
            seconds += item.real_time_s
            if seconds > shoulder_s:
                break
            target.append(item)
    return usable_positions(kept_before[::-1] + inside)


def _metres(item: Slice, origin: tuple[float, float]) -> tuple[float, float]:
    """East and north of the origin, local plane."""
    if item.position is None:
        return (0.0, 0.0)
    per_degree = math.radians(1.0) * EARTH_RADIUS_M
    east = (item.position.longitude_deg - origin[1] + 180.0) % 360.0 - 180.0
    return (
        east * per_degree * math.cos(math.radians(origin[0])),
        (item.position.latitude_deg - origin[0]) * per_degree,
    )


def _believed(track: FloatArray, gps_m: float) -> FloatArray:
    """The track without the jitter of the receiver.

    Each fix is averaged with its two neighbours. A track that then lies within the receiver's error
    of a straight line is taken as straight: its jitter would otherwise tell left from right where
    nothing does.
    """
    if len(track) < 3:
        return track
    padded = np.vstack([2 * track[0] - track[1], track, 2 * track[-1] - track[-2]])
    smooth = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    middle = smooth.mean(axis=0)
    _, _, axes = np.linalg.svd(smooth - middle, full_matrices=False)
    along = (smooth - middle) @ axes[0]
    beside = (smooth - middle) @ axes[1]
    if float(np.sqrt(np.mean(beside**2))) > gps_m:
        return np.asarray(smooth)
    return np.asarray(middle + along[:, None] * axes[0])


def _degrees(place: FloatArray, origin: tuple[float, float]) -> tuple[float, float]:
    per_degree = math.radians(1.0) * EARTH_RADIUS_M
    latitude = origin[0] + float(place[1]) / per_degree
    longitude = origin[1] + float(place[0]) / per_degree / max(
        math.cos(math.radians(origin[0])), 1e-6
    )
    return latitude, (longitude + 180.0) % 360.0 - 180.0


def _signal(closed: EncounterClosed, items: list[Slice]) -> tuple[FloatArray, FloatArray]:
    """Net signal per second of each record and its variance.

    The weights are those of the matched filter that found the encounter, blind to natural
    variation.
    """
    live = np.array([i.live_time_s for i in items])
    if closed.statistic_name == "neutron":
        counts = np.array([i.neutrons or 0.0 for i in items])
        expected = closed.background.neutron_cps * live
        return (counts - expected) / live, np.maximum(counts, expected + 0.5) / live**2
    rate = closed.background.rate_cps
    weights = closed.weights
    coarse = np.array([i.coarse for i in items])
    net = coarse @ weights - live * float(rate @ weights)
    noise = np.maximum(coarse, live[:, None] * rate) @ weights**2 * closed.background.dispersion
    return net / live, noise / live**2


def _posterior(
    track: FloatArray,
    items: list[Slice],
    net: FloatArray,
    variance: FloatArray,
    s: LocalisationSettings,
    reach: float,
) -> tuple[FloatArray, float]:
    """Mean of the posterior and radius of 95 % about it, on a grid refined once."""
    segments = [_segments(track, items, part) for part in s.timing_records]
    # the origin of the local plane is the peak
    low = np.full(2, -reach)
    centre, radius = _on_grid(low, -low, 61, track, segments, net, variance, s)
    if radius < 0.3 * reach:
        near = max(3.0 * radius, 6.0)
        centre, radius = _on_grid(
            centre - near, centre + near, 61, track, segments, net, variance, s
        )
    return centre, radius


def _segments(track: FloatArray, items: list[Slice], part: float) -> FloatArray:
    """Three places on the track that each record covers; ``(n, 3, 2)``."""
    step = np.zeros_like(track)
    if len(items) > 1:
        index = np.array([i.index for i in items], dtype=np.float64)
        step = np.gradient(track, index, axis=0)
    at = part + np.array([1 / 6, 3 / 6, 5 / 6])
    return track[:, None, :] + at[None, :, None] * step[:, None, :]


def _on_grid(
    low: FloatArray,
    high: FloatArray,
    n: int,
    track: FloatArray,
    segments: list[FloatArray],
    net: FloatArray,
    variance: FloatArray,
    s: LocalisationSettings,
) -> tuple[FloatArray, float]:
    east = np.linspace(low[0], high[0], n)
    north = np.linspace(low[1], high[1], n)
    grid = np.stack(np.meshgrid(east, north), axis=-1).reshape(-1, 2)
    total_variance = variance + (s.model_error * np.maximum(net, 0.0)) ** 2
    chi = np.stack(
        [
            _chi_squared(grid, places, height, net, total_variance, s)
            for places in segments
            for height in s.heights_m
        ]
    )
    of_height = np.tile(s.height_weights, len(segments))
    # a model that does not fit is not believed to the last decimal
    scale = max(1.0, float(chi.min()) / max(net.size - 3, 1))
    log_likelihood = -0.5 * (chi - chi.min()) / scale
    beside = np.min(np.hypot(*(grid[:, None, :] - track[None, :, :]).transpose(2, 0, 1)), axis=1)
    prior = 1.0 / (beside + s.stand_off_m)
    weight = (of_height @ np.exp(log_likelihood)) * prior
    weight /= weight.sum()
    centre = weight @ grid
    distance = np.hypot(grid[:, 0] - centre[0], grid[:, 1] - centre[1])
    order = np.argsort(distance)
    inside = int(np.searchsorted(np.cumsum(weight[order]), 0.95))
    cell = 0.5 * math.hypot(east[1] - east[0], north[1] - north[0])
    radius = float(distance[order[min(inside, order.size - 1)]]) + cell
    return np.asarray(centre), radius


def _chi_squared(
    grid: FloatArray,
    places: FloatArray,
    height_m: float,
    net: FloatArray,
    variance: FloatArray,
    s: LocalisationSettings,
) -> FloatArray:
    """Chi-squared of the best amplitude (not negative) at every grid point."""
    model = np.zeros((grid.shape[0], net.size))
    for k in range(places.shape[1]):
        d2 = (
            (grid[:, 0:1] - places[None, :, k, 0]) ** 2
            + (grid[:, 1:2] - places[None, :, k, 1]) ** 2
            + height_m**2
        )
        model += np.exp(-np.sqrt(d2) / s.air_range_m) / d2
    w = 1.0 / variance
    top = model @ (w * net)
    bottom = (model**2) @ w
    gain = np.where(top > 0, top**2 / np.maximum(bottom, 1e-300), 0.0)
    return np.asarray(float(net**2 @ w) - gain)
