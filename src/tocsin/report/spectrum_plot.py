"""Spectrum with its background under it and the lines of the named nuclides above it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
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
from tocsin.report.reference_lines import ReferenceLine
from tocsin.report.timeline import FloatArray
from tocsin.report.wording import counted, digits
from tocsin.spectra import Record

# Channels drawn at most; more are summed in whole neighbours, which the caption says. The seconds
# of an encounter have few counts: fewer and wider steps keep peaks visible beside the scatter.
MAX_CHANNELS = 512
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
    """A line on the file's own energy scale.

    ``seen`` lines were confirmed; a ``reference`` line is where the nuclide library puts it and was
    not looked for by itself.
    """

    label: str
    at_keV: float
    seen: bool
    weight: float
    reference: bool = False

    @property
    def labelled(self) -> bool:
        """Whether the line has a label above the axes."""
        return self.seen or self.reference


def marked_lines(
    nuclides: tuple[NuclideFinding, ...],
    spectrum: EncounterSpectrum,
    references: tuple[ReferenceLine, ...] = (),
) -> list[MarkedLine]:
    """Lines of the named nuclides where they stand on the file's own energy scale.

    A line that was found stands where its peak is. A line that was not confirmed stands
    at its library energy divided by the gain, for the gain multiplies the file's energies. So does
    a reference line.
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
            label = _label(nuclide.name, line.emitter, line.energy_keV)
            marks.append(MarkedLine(label, at_keV, seen, line.significance))
    for reference in references:
        at_keV = reference.energy_keV / gain
        if low <= at_keV <= min(high, MAX_ENERGY_keV):
            label = _label(reference.nuclide, reference.emitter, reference.energy_keV)
            marks.append(MarkedLine(label, at_keV, False, reference.intensity, reference=True))
    return marks


def _label(nuclide: str, emitter: str, energy_keV: float) -> str:
    name = plain_label(nuclide)
    if emitter and emitter != nuclide:
        name += f" ({plain_label(emitter)})"
    return f"{name} {energy_keV:.1f} keV"


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
    references: tuple[ReferenceLine, ...] = (),
) -> Drawn:
    """Step plot of counts per keV on a log scale that reaches down to zero.

    The background is drawn under the counts, not subtracted. Lines that were found carry nuclide,
    emitter and energy over a leader, and so do reference lines of the library; lines that were not
    confirmed are ticks below the zero line.
    """
    marks = marked_lines(nuclides, spectrum, references)
    layout = _label_layout(marks)
    band = _LEGEND_in + layout.height_in
    height = 3.85 + band
    figure = new_figure(height, realm=realm)
    top = 1 - band / height
    axes = figure.add_axes((_LEFT, 0.56 / height, _RIGHT - _LEFT, top - 0.56 / height))
    dress(axes)
    most = MAX_CHANNELS_STATIC if static else MAX_CHANNELS
    shown, grouped = _grouped(spectrum, most)
    _draw_counts(axes, shown)
    left_out = _label_lines(axes, marks, layout, axes_height_in=height * top - 0.56)
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
    if any(m.reference for m in marks):
        parts.append(
            "Dashed lines: where the nuclide library puts the strongest lines (nuclide, emitter in "
            "brackets, energy). They guide the eye; the answer rests on the whole shape."
        )
    if any(not m.labelled for m in marks):
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
            linewidth=2.0,
            linestyle=(0, (5, 2)),
            label="explained by the fit",
            # Under the counts: what was measured must never be hidden by what was computed.
            zorder=2.5,
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


def _line_colour(mark: MarkedLine) -> str:
    return colour("soft_ink" if mark.reference else "threshold")


@dataclass(frozen=True, slots=True)
class _LabelLayout:
    """How labels stand above the axes: lying in one row where there is room, else upright."""

    upright: bool
    step_in: float
    height_in: float


def _label_layout(marks: list[MarkedLine]) -> _LabelLayout:
    lengths = [len(m.label) for m in marks if m.labelled]
    if not lengths:
        return _LabelLayout(False, 0.0, 0.0)
    wide_in = _LETTER_in * max(lengths) + 0.12
    if len(lengths) * wide_in <= WIDTH_in * (_RIGHT - _LEFT):
        return _LabelLayout(False, wide_in, _LEADER_in + 0.14)
    return _LabelLayout(True, _LABEL_STEP_in, _LEADER_in + _LETTER_in * max(lengths))


def _label_lines(
    axes: Axes, marks: list[MarkedLine], layout: _LabelLayout, *, axes_height_in: float
) -> int:
    """Labels in a row above the axes with leaders; number of lines left without one."""
    x0, x1 = axes.get_xlim()
    across = axes.get_xaxis_transform()
    for mark in (m for m in marks if not m.labelled):
        axes.plot(
            [mark.at_keV, mark.at_keV],
            [0.0, 0.028],
            transform=across,
            color=colour("threshold"),
            linewidth=1.6,
            zorder=6,
        )
    seen = sorted(
        (m for m in marks if m.labelled), key=lambda m: (m.reference, -m.weight, m.at_keV)
    )
    labelled = sorted(seen[:MAX_LABELS], key=lambda m: m.at_keV)
    for mark in seen:
        axes.axvline(
            mark.at_keV,
            color=_line_colour(mark),
            linewidth=0.8,
            linestyle=(0, (7, 4)) if mark.reference else (0, (2, 2)),
            zorder=5,
        )
    if not labelled:
        return 0
    wanted = np.array([(m.at_keV - x0) / (x1 - x0) for m in labelled])
    step = layout.step_in / (WIDTH_in * (_RIGHT - _LEFT))
    edge = 0.006 if layout.upright else step / 2
    places = spread(wanted, low=edge, high=1 - edge, step=step)
    rise = 0.16 / axes_height_in
    for mark, at, place in zip(labelled, wanted, places, strict=True):
        axes.plot(
            [at, place],
            [1.0, 1.0 + rise],
            transform=axes.transAxes,
            color=_line_colour(mark),
            linewidth=0.8,
            clip_on=False,
        )
        axes.text(
            float(place),
            1.0 + rise * 1.15,
            mark.label,
            transform=axes.transAxes,
            rotation=90 if layout.upright else 0,
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=colour("ink"),
            parse_math=False,
        )
    return len(seen) - len(labelled)


@themed
def draw_channels(records: Sequence[Record], *, realm: str) -> Drawn | None:
    """Counts of each channel of spectra that have no usable energy calibration.

    Spectra of the commonest number of channels are summed, channel by channel; neither energy nor
    line is marked, for none is known. None where there is no spectrum.
    """
    spectra = [s for r in records for s in r.spectra if s.n_channel > 1]
    if not spectra:
        return None
    sizes = [s.n_channel for s in spectra]
    n = max(sorted(set(sizes)), key=sizes.count)
    used = [s.counts for s in spectra if s.n_channel == n]
    size = max(1, math.ceil(n / MAX_CHANNELS_STATIC))
    starts = np.arange(0, n, size)
    counts = np.add.reduceat(np.sum(used, axis=0, dtype=np.float64), starts)
    height = 3.85 + _LEGEND_in
    figure = new_figure(height, realm=realm)
    top = 1 - _LEGEND_in / height
    axes = figure.add_axes((_LEFT, 0.56 / height, _RIGHT - _LEFT, top - 0.56 / height))
    dress(axes)
    edges = np.append(starts, n).astype(np.float64)
    axes.stairs(counts, edges, color=colour("signal"), linewidth=0.9, baseline=None)
    axes.set_yscale("symlog", linthresh=1.0, linscale=0.35)
    axes.set_ylim(-0.45, max(float(counts.max(initial=0.0)), 1.0) * 2.2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: _tick(value, least=1.0)))
    axes.set_xlim(0.0, float(n))
    axes.set_xlabel("channel (no energy calibration)")
    axes.set_ylabel("counts" if size == 1 else f"counts in {size} channels")
    total = digits(float(counts.sum()))
    sum_of = f", sum of {len(used)} spectra" if len(used) > 1 else ""
    caption = (
        f"Counts of each channel as measured{sum_of}. "
        "No energy is shown, for the file holds no calibration that can be believed."
    )
    left_out = len(spectra) - len(used)
    if left_out:
        caption += f" {counted(left_out, 'spectrum', 'spectra')} of another length left out."
    return Drawn(to_svg(figure), f"Spectrum by channel: {total} counts in {n} channels.", caption)
