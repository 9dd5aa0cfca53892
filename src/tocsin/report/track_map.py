"""Track on a local metric plane: no tiles, no network, scale bar and north arrow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from tocsin.detection.analysis import Analysis, Encounter
from tocsin.report.drawing import Drawn, WIDTH_in, colour, dress, new_figure, themed, to_svg
from tocsin.report.timeline import GAP_STEPS, FloatArray, IntArray, usual_step_s
from tocsin.report.wording import coordinates_text, counted, digits
from tocsin.spectra import Record

# Mean radius of the Earth (IUGG R1, 6371.0088 km): the plane is for the eye; at 100 km from its
# origin the error of this projection stays below one part in a hundred.
EARTH_RADIUS_m = 6_371_008.8
# Limits of the levels in multiples of the threshold, with the shape that goes with each. Below the
# threshold there is one level: what chance does there must not look like a finding.
LEVELS = (1.0, 2.0, 4.0)
_SHAPES = ("o", "^", "s", "D")
_SIZES = (11.0, 42.0, 52.0, 66.0)
# Points nearer than this part of the map's width are drawn as one, the strongest of them.
_CELL = 1 / 130
# Part of the figure that the map takes; the legend has the rest.
_MAP_WIDTH = 0.72


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Plane that touches the Earth at an origin: x to the east, y to the north, in metres."""

    latitude_deg: float
    longitude_deg: float

    def metres(
        self, latitude_deg: FloatArray, longitude_deg: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Equirectangular ``x = R cos(lat0) dlon``, ``y = R dlat``; right across the date line."""
        turn = (longitude_deg - self.longitude_deg + 180.0) % 360.0 - 180.0
        x = EARTH_RADIUS_m * math.cos(math.radians(self.latitude_deg)) * np.radians(turn)
        return x, EARTH_RADIUS_m * np.radians(latitude_deg - self.latitude_deg)


@dataclass(frozen=True, slots=True)
class Track:
    """Records that have a place, in metres on their plane."""

    plane: LocalPlane
    x_m: FloatArray
    y_m: FloatArray
    index: IntArray
    breaks: IntArray


def track_of(records: Sequence[Record], time_s: FloatArray) -> Track | None:
    """Places of the records; a break follows each place after which the next one is missing.

    None where fewer than two records have a place. ``breaks`` are positions in ``index`` before
    which the line is interrupted: records without a place between, or a pause in time.
    """
    placed = [(i, r.position) for i, r in enumerate(records) if r.position is not None]
    if len(placed) < 2:
        return None
    index = np.array([i for i, _ in placed], dtype=np.int64)
    latitude = np.array([p.latitude_deg for _, p in placed])
    longitude = np.array([p.longitude_deg for _, p in placed])
    turn = (longitude - longitude[0] + 180.0) % 360.0 - 180.0
    middle = float(longitude[0] + (turn.min() + turn.max()) / 2)
    plane = LocalPlane(float(latitude.min() + latitude.max()) / 2, (middle + 180.0) % 360.0 - 180.0)
    x_m, y_m = plane.metres(latitude, longitude)
    when = time_s[index] if time_s.size == len(records) else index.astype(np.float64)
    pause = np.diff(when) > GAP_STEPS * usual_step_s(time_s if time_s.size else when)
    breaks = np.flatnonzero((np.diff(index) > GAP_STEPS) | pause) + 1
    return Track(plane, x_m, y_m, index, breaks.astype(np.int64))


@themed
def draw_track(analysis: Analysis, records: Sequence[Record], time_s: FloatArray) -> Drawn | None:
    """Places coloured and shaped by the statistic, encounters with their 95 % circle.

    None where fewer than two records have a place.
    """
    track = track_of(records, time_s)
    if track is None:
        return None
    located = [
        (n, e, *_encounter_place(track.plane, e))
        for n, e in enumerate(analysis.encounters, start=1)
        if e.location is not None
    ]
    x0, x1, y0, y1 = _extent(track, located)
    wide_in = WIDTH_in * _MAP_WIDTH
    high_in = min(max(wide_in * (y1 - y0) / (x1 - x0), 3.4), 6.2)
    x0, x1, y0, y1 = _widened((x0, x1, y0, y1), aspect=wide_in / high_in)
    height = high_in + 0.55
    figure = new_figure(height, realm=analysis.realm)
    axes = figure.add_axes((0.02, 0.2 / height, _MAP_WIDTH, high_in / height))
    dress(axes, grid=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(x0, x1)
    axes.set_ylim(y0, y1)
    xs, ys = np.insert(track.x_m, track.breaks, np.nan), np.insert(track.y_m, track.breaks, np.nan)
    axes.plot(xs, ys, color=colour("soft_ink"), linewidth=0.9, zorder=2)
    _draw_points(axes, analysis, track, n_record=len(records), cell_m=(x1 - x0) * _CELL)
    for number, encounter, x, y in located:
        _draw_encounter(axes, number, encounter, x, y)
    _scale_bar(axes, (x0, x1), (y0, y1))
    _north(axes)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        frameon=False,
        fontsize=9.5,
        labelcolor=colour("ink"),
        title=_legend_title(analysis),
        title_fontproperties={"size": 9.5, "weight": "bold"},
        alignment="left",
        borderaxespad=0.0,
        labelspacing=0.7,
    )
    drawn_legend = axes.get_legend()
    if drawn_legend is not None:
        drawn_legend.get_title().set_color(colour("ink"))
    return Drawn(to_svg(figure), *_words(track, len(located), len(records)))


def _words(track: Track, located: int, n_record: int) -> tuple[str, str]:
    length = float(np.nansum(np.hypot(np.diff(track.x_m), np.diff(track.y_m))))
    origin = coordinates_text(track.plane.latitude_deg, track.plane.longitude_deg)
    alternative = (
        f"Map of the track: {track.index.size} places around {origin}, about "
        f"{digits(length)} m long; {counted(located, 'encounter')} placed."
    )
    caption = (
        f"Track on a local plane around {origin}, north up, without a map below it. Shape, size "
        "and colour of a point follow the detector's statistic, from which the background is "
        "already taken; of points too near to be told apart the strongest is shown."
    )
    if located:
        caption += " Crosses: estimated places with the circle of 95 %."
    missing = n_record - track.index.size
    if missing:
        caption += f" {counted(missing, 'record')} without a place."
    if track.breaks.size:
        caption += f" The line is broken at {counted(track.breaks.size, 'gap')}."
    return alternative, caption


def _encounter_place(plane: LocalPlane, encounter: Encounter) -> tuple[float, float]:
    location = encounter.location
    if location is None:
        return math.nan, math.nan
    x, y = plane.metres(np.array([location.latitude_deg]), np.array([location.longitude_deg]))
    return float(x[0]), float(y[0])


def _extent(
    track: Track, located: list[tuple[int, Encounter, float, float]]
) -> tuple[float, float, float, float]:
    """Ends of the map: the track, and circles as far as they do not dwarf it."""
    xs, ys = [track.x_m.min(), track.x_m.max()], [track.y_m.min(), track.y_m.max()]
    size = max(xs[1] - xs[0], ys[1] - ys[0], 10.0)
    for _, encounter, x, y in located:
        radius = encounter.location.radius_m_95 if encounter.location else 0.0
        radius = min(radius, size) if math.isfinite(radius) else 0.0
        if max(abs(x), abs(y)) < 3 * size:
            xs += [x - radius, x + radius]
            ys += [y - radius, y + radius]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    margin = 0.06 * max(x1 - x0, y1 - y0, 10.0)
    return float(x0 - margin), float(x1 + margin), float(y0 - margin), float(y1 + margin)


def _widened(
    extent: tuple[float, float, float, float], *, aspect: float
) -> tuple[float, float, float, float]:
    """Extent grown about its middle until width over height is ``aspect``: a metre is a metre."""
    x0, x1, y0, y1 = extent
    half_x = max((x1 - x0) / 2, aspect * (y1 - y0) / 2)
    half_y = half_x / aspect
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return x - half_x, x + half_x, y - half_y, y + half_y


def levels_of(statistic: FloatArray, threshold: float) -> IntArray:
    """Level 0 to 4 of each value: below 1/2, 1, 2, 4 thresholds, or above; NaN is level 0."""
    limits = np.array(LEVELS) * threshold
    safe = np.where(np.isfinite(statistic), statistic, -np.inf)
    return np.searchsorted(limits, safe, side="right").astype(np.int64)


def _strongest_per_cell(x: FloatArray, y: FloatArray, value: FloatArray, cell_m: float) -> IntArray:
    """Indices of the strongest point of each square cell, weakest first (drawn below)."""
    order = np.argsort(-np.where(np.isfinite(value), value, -np.inf), kind="stable")
    cells = np.stack([np.floor(x / cell_m), np.floor(y / cell_m)], axis=1)[order]
    _, first = np.unique(cells, axis=0, return_index=True)
    return order[np.sort(first)[::-1]].astype(np.int64)


def _draw_points(
    axes: Axes, analysis: Analysis, track: Track, *, n_record: int, cell_m: float
) -> None:
    strip = analysis.strip
    if strip is None or strip.statistic.size != n_record:
        axes.scatter(
            track.x_m, track.y_m, s=12, color=colour("signal"), zorder=3, label="place of a record"
        )
        return
    value = strip.statistic[track.index]
    level = levels_of(value, strip.threshold)
    kept = _strongest_per_cell(track.x_m, track.y_m, value, cell_m)
    names = _level_names(strip.threshold)
    for number, name in enumerate(names):
        at = kept[level[kept] == number]
        axes.scatter(
            track.x_m[at],
            track.y_m[at],
            s=_SIZES[number],
            marker=_SHAPES[number],
            facecolor=colour(f"level_{number}"),
            edgecolor=colour("ink") if number > 0 else colour("soft_ink"),
            linewidth=0.6,
            zorder=3 + number,
            label=name,
        )


def _level_names(threshold: float) -> list[str]:
    limits = [f"{m * threshold:.3g}" for m in LEVELS]
    between = [f"{a} to {b}" for a, b in pairwise(limits)]
    return [f"below {limits[0]}", *between, f"above {limits[-1]}"]


def _legend_title(analysis: Analysis) -> str:
    if analysis.strip is None:
        return "Track"
    return f"Statistic (threshold {analysis.strip.threshold:.3g})"


def _draw_encounter(axes: Axes, number: int, encounter: Encounter, x: float, y: float) -> None:
    radius = encounter.location.radius_m_95 if encounter.location else math.nan
    role = "threshold" if encounter.is_alarm else "neutron"
    if math.isfinite(radius) and radius > 0:
        axes.add_patch(
            Circle(
                (x, y),
                radius,
                fill=False,
                edgecolor=colour(role),
                linewidth=1.6,
                linestyle="-" if encounter.is_alarm else (0, (3, 2)),
                zorder=9,
            )
        )
    axes.scatter([x], [y], marker="+", s=130, color=colour(role), linewidth=2.0, zorder=10)
    axes.annotate(
        str(number),
        xy=(x, y),
        xytext=(8, 7),
        textcoords="offset points",
        fontsize=11,
        fontweight="bold",
        color=colour("ink"),
        zorder=11,
        bbox={
            "boxstyle": "round,pad=0.2",
            "facecolor": colour("paper"),
            "edgecolor": colour(role),
        },
    )


def round_length_m(longest_m: float) -> float:
    """Greatest 1, 2 or 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(longest_m))
    return next(m * power for m in (5.0, 2.0, 1.0) if m * power <= longest_m * (1 + 1e-9))


def _scale_bar(axes: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    length = round_length_m(0.25 * (x[1] - x[0]))
    left, low = x[0] + 0.03 * (x[1] - x[0]), y[0] + 0.045 * (y[1] - y[0])
    tick = 0.012 * (y[1] - y[0])
    axes.plot(
        [left, left, left + length, left + length],
        [low + tick, low, low, low + tick],
        color=colour("ink"),
        linewidth=1.8,
        zorder=12,
    )
    text = f"{length:g} m" if length < 1000 else f"{length / 1000:g} km"
    axes.annotate(
        text,
        xy=(left + length / 2, low),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9.5,
        color=colour("ink"),
        zorder=12,
    )


def _north(axes: Axes) -> None:
    axes.annotate(
        "N",
        xy=(0.965, 0.97),
        xytext=(0.965, 0.85),
        xycoords="axes fraction",
        ha="center",
        va="top",
        fontsize=11,
        fontweight="bold",
        color=colour("ink"),
        arrowprops={"arrowstyle": "-|>", "color": colour("ink"), "linewidth": 1.4},
        zorder=12,
    )
