"""Spectrum with its background under it and the lines of the named nuclides above it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tocsin.detection.analysis import EncounterSpectrum, NuclideFinding
from tocsin.report.drawing import (
    Drawn,
    WIDTH_in,
    colour,
    dress,
    legend,
    new_figure,
    themed,
    to_svg,
)
from tocsin.report.inert import plain_label
from tocsin.report.timeline import FloatArray
from tocsin.report.wording import counted, digits

# Channels drawn at most; more are summed in whole neighbours, which the caption says.
MAX_CHANNELS = 1400
MAX_CHANNELS_STATIC = 4200
# Labels that fit side by side over the axes at this size of lettering.
MAX_LABELS = 26
_LABEL_STEP_in = 0.17
_LEFT, _RIGHT = 0.085, 0.985
# Room above the axes: legend, leaders, and each letter of the longest label.
_LEGEND_in, _LEADER_in, _LETTER_in = 0.42, 0.2, 0.076
MAX_ENERGY_keV = 3200.0


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line on the file's own energy scale."""

    label: str
    at_keV: float
    seen: bool
    weight: float


def marked_lines(
    nuclides: tuple[NuclideFinding, ...], spectrum: EncounterSpectrum
) -> list[MarkedLine]:
    """Lines of the named nuclides where they stand on the file's own energy scale.

    A line that was found stands where its peak is. A line that was not confirmed stands
    at its library energy divided by the gain, for the gain multiplies the file's energies.
    """
    gain = spectrum.gain if spectrum.gain > 0 else 1.0
    low, high = float(spectrum.edges_keV[0]), float(spectrum.edges_keV[-1])
    marks = []
    for nuclide in nuclides:
        for line in nuclide.lines:
            seen = line.found_energy_keV is not None
            at = line.found_energy_keV if line.found_energy_keV is not None else None
            at_keV = line.energy_keV / gain if at is None else at
            if not low <= at_keV <= min(high, MAX_ENERGY_keV):
                continue
            name = plain_label(nuclide.name)
            if line.emitter and line.emitter != nuclide.name:
                name += f" ({plain_label(line.emitter)})"
            marks.append(
                MarkedLine(f"{name} {line.energy_keV:.1f} keV", at_keV, seen, line.significance)
            )
    return marks


def spread(wanted: FloatArray, *, low: float, high: float, step: float) -> FloatArray:
    """Positions in rising order at least ``step`` apart, as near to ``wanted`` as that allows.

    Parameters
    ----------
    wanted : (n,) float
        Rising positions.
    low, high : float
        Ends between which all must stand; needs ``high - low >= (n - 1) step``.
    step : float
        Least distance.

    Returns
    -------
    (n,) float
        The least-squares answer: isotonic regression of ``wanted - i step`` by pooling neighbours
        that violate the order (Barlow et al. 1972), clipped to the ends.
    """
    offset = step * np.arange(wanted.size)
    pools: list[tuple[float, int]] = []
    for value in (wanted - offset).tolist():
        total, size = float(value), 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            before, count = pools.pop()
            total, size = total + before, size + count
        pools.append((total, size))
    level = np.array([total / size for total, size in pools for _ in range(size)], dtype=np.float64)
    room = high - low - (float(offset[-1]) if offset.size else 0.0)
    placed: FloatArray = np.clip(level, low, low + max(room, 0.0)) + offset
    return placed


@themed
def draw_spectrum(
    spectrum: EncounterSpectrum,
    nuclides: tuple[NuclideFinding, ...],
    *,
    title: str,
    realm: str,
    static: bool = False,
) -> Drawn:
    """Step plot of counts per keV on a log scale that reaches down to zero.

    The background is drawn under the counts, not subtracted. Lines that were found carry nuclide,
    emitter and energy over a leader; lines that were not confirmed are ticks below the zero line.
    """
    marks = marked_lines(nuclides, spectrum)
    longest = max((len(m.label) for m in marks if m.seen), default=0)
    band = _LEGEND_in + (_LEADER_in + _LETTER_in * longest if longest else 0.0)
    height = 3.85 + band
    figure = new_figure(height, realm=realm)
    top = 1 - band / height
    axes = figure.add_axes((_LEFT, 0.56 / height, _RIGHT - _LEFT, top - 0.56 / height))
    dress(axes)
    most = MAX_CHANNELS_STATIC if static else MAX_CHANNELS
    shown, grouped = _grouped(spectrum, most)
    _draw_counts(axes, shown)
    left_out = _label_lines(figure, axes, marks, top=top, height_in=height)
    legend(axes, at=(_LEFT, 1 - 0.1 / height), of_figure=True)
    gain_note = "" if spectrum.gain == 1.0 else f", energies x {spectrum.gain:.4f} for comparison"
    alternative = (
        f"Spectrum of {title}: {digits(float(spectrum.counts.sum()))} counts in "
        f"{digits(spectrum.live_time_s)} s live time, background "
        f"{digits(float(spectrum.background_counts.sum()))}; "
        f"{counted(sum(m.seen for m in marks), 'line')} found{gain_note}."
    )
    return Drawn(to_svg(figure), alternative, _caption(spectrum, marks, grouped, left_out))


def _caption(
    spectrum: EncounterSpectrum, marks: list[MarkedLine], grouped: int, left_out: int
) -> str:
    live = f"{digits(spectrum.live_time_s, significant=4)} s live time"
    if np.any(spectrum.background_counts > 0):
        live += ", over the background expected in the same time, which is not subtracted"
    parts = [
        f"Counts as measured on the file's own energy scale in {live}. "
        "The vertical scale is logarithmic above one count and linear below, so that "
        "channels with zero counts show."
    ]
    if grouped > 1:
        parts.append(f"{grouped} neighbouring channels are summed for drawing.")
    if spectrum.gain == 1.0:
        parts.append("No gain correction was made.")
    else:
        parts.append(
            f"Gain correction: energies were multiplied by {spectrum.gain:.4f} before lines were "
            "compared."
        )
    if any(m.seen for m in marks):
        parts.append("Labels give nuclide, emitter in brackets, and library energy.")
    if any(not m.seen for m in marks):
        parts.append("Ticks under the zero line: lines compared and not confirmed.")
    if left_out:
        parts.append(f"{left_out} weaker lines have no label; the table has all.")
    return " ".join(parts)


def _grouped(spectrum: EncounterSpectrum, most: int) -> tuple[EncounterSpectrum, int]:
    """Spectrum with whole neighbouring channels summed until ``most`` are left, up to 3.2 MeV."""
    edges = spectrum.edges_keV
    used = max(2, int(np.searchsorted(edges, MAX_ENERGY_keV, side="right")) - 1)
    n = min(used, spectrum.counts.size)
    size = max(1, math.ceil(n / most))
    starts = np.arange(0, n, size)

    def summed(values: FloatArray) -> FloatArray:
        return np.add.reduceat(np.asarray(values[:n], dtype=np.float64), starts)

    model = spectrum.model_counts
    shown = EncounterSpectrum(
        edges_keV=np.append(edges[starts], edges[n]),
        counts=summed(spectrum.counts),
        background_counts=summed(spectrum.background_counts),
        live_time_s=spectrum.live_time_s,
        model_counts=None if model is None else summed(model),
        gain=spectrum.gain,
    )
    return shown, size


def _draw_counts(axes: Axes, shown: EncounterSpectrum) -> None:
    edges = shown.edges_keV
    width = np.diff(edges)
    one_count = float(1.0 / np.median(width))
    has_background = bool(np.any(shown.background_counts > 0))
    if has_background:
        axes.stairs(
            shown.background_counts / width,
            edges,
            fill=True,
            facecolor=colour("background_fill"),
            edgecolor=colour("background"),
            linewidth=1.1,
            label="expected background",
            zorder=2,
        )
    axes.stairs(
        shown.counts / width,
        edges,
        color=colour("signal"),
        linewidth=0.9,
        label="measured",
        baseline=None,
        zorder=3,
    )
    if shown.model_counts is not None:
        axes.plot(
            (edges[:-1] + edges[1:]) / 2,
            shown.model_counts / width,
            color=colour("model"),
            linewidth=1.5,
            linestyle=(0, (5, 2)),
            label="named nuclides and background",
            zorder=4,
        )
    axes.set_yscale("symlog", linthresh=one_count, linscale=0.35)
    highest = max(float((shown.counts / width).max(initial=0.0)), one_count)
    axes.set_ylim(-0.45 * one_count, highest * 2.2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: _tick(value, least=one_count)))
    axes.axhline(0, color=colour("soft_ink"), linewidth=0.7, zorder=1)
    axes.set_xlim(max(0.0, float(edges[0])), float(edges[-1]))
    axes.set_xlabel("energy on the file's scale (keV)")
    axes.set_ylabel("counts per keV")


def _tick(value: float, *, least: float) -> str:
    """Number of a tick; in the linear part, below one count, only zero has one."""
    if value < 0 or 0 < value < least:
        return ""
    return f"{value:g}" if value < 1e5 else f"{value:.0e}".replace("e+0", "e")


def _label_lines(
    figure: Figure, axes: Axes, marks: list[MarkedLine], *, top: float, height_in: float
) -> int:
    """Labels in a row above the axes with leaders; number of found lines left without one."""
    x0, x1 = axes.get_xlim()
    across = axes.get_xaxis_transform()
    for mark in (m for m in marks if not m.seen):
        axes.plot(
            [mark.at_keV, mark.at_keV],
            [0.0, 0.028],
            transform=across,
            color=colour("threshold"),
            linewidth=1.6,
            zorder=6,
        )
    seen = sorted((m for m in marks if m.seen), key=lambda m: (-m.weight, m.at_keV))
    labelled = sorted(seen[:MAX_LABELS], key=lambda m: m.at_keV)
    for mark in seen:
        axes.axvline(
            mark.at_keV, color=colour("threshold"), linewidth=0.8, linestyle=(0, (2, 2)), zorder=5
        )
    if not labelled:
        return 0
    axes_width_in = WIDTH_in * (_RIGHT - _LEFT)
    wanted = np.array([(m.at_keV - x0) / (x1 - x0) for m in labelled])
    step = _LABEL_STEP_in / axes_width_in
    places = spread(wanted, low=0.006, high=0.994, step=step)
    axes_height_in = height_in * (top - 0.56 / height_in)
    rise = 0.16 / axes_height_in
    for mark, at, place in zip(labelled, wanted, places, strict=True):
        axes.plot(
            [at, place],
            [1.0, 1.0 + rise],
            transform=axes.transAxes,
            color=colour("threshold"),
            linewidth=0.8,
            clip_on=False,
        )
        axes.text(
            float(place),
            1.0 + rise * 1.15,
            mark.label,
            transform=axes.transAxes,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=colour("ink"),
            parse_math=False,
        )
    return len(seen) - len(labelled)
