"""A spectrum with the fitted peaks over it, and the residuals of the fitted regions below."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from tocsin.report.drawing import (
    Drawn,
    colour,
    dress,
    legend,
    new_figure,
    plain_number,
    themed,
    to_svg,
)
from tocsin.report.wording import counted
from tocsin.spectrometry.peaklist import PeakList

FloatArray = NDArray[np.float64]

MAX_CHANNELS = 4200
"""Channels drawn at most; more are summed in whole neighbours, which the caption says."""
MAX_LABELS = 24
_HEIGHT_in = 6.2
_LEFT, _WIDTH = 0.085, 0.9


@themed
def draw_peaks(peaks: PeakList, *, realm: str) -> Drawn:
    """Counts per keV on a log scale; fit and continuum of each region; energies of the peaks."""
    a = peaks.analysis
    figure = new_figure(_HEIGHT_in, realm=realm)
    above = figure.add_axes((_LEFT, 0.37, _WIDTH, 0.5))
    below = figure.add_axes((_LEFT, 0.1, _WIDTH, 0.2), sharex=above)
    for axes in (above, below):
        dress(axes)
    edges = a.measured.edges_keV[a.low : a.high + 1]
    counts = a.measured.counts[a.low : a.high] * a.measured.count_scale
    group = max(1, -(-counts.size // MAX_CHANNELS))
    starts = np.arange(0, counts.size, group)
    bounds = np.append(edges[starts], edges[-1])
    density = np.add.reduceat(counts, starts) / np.diff(bounds)
    above.stairs(
        density, bounds, baseline=None, color=colour("signal"), linewidth=0.9, label="measured"
    )
    _draw_fits(above, below, peaks)
    _label(above, peaks)
    one = a.measured.count_scale / float(np.median(np.diff(bounds)))
    above.set_yscale("symlog", linthresh=one, linscale=0.35)
    above.set_ylim(0.0, max(float(density.max(initial=0.0)), one) * 4.0)
    above.yaxis.set_major_formatter(FuncFormatter(plain_number))
    above.set_ylabel("counts per keV")
    above.tick_params(labelbottom=False)
    above.set_xlim(float(edges[0]), float(edges[-1]))
    legend(above, at=(0.0, 1.16))
    below.axhspan(-2.0, 2.0, color=colour("norm_shade"), zorder=1)
    below.axhline(0.0, color=colour("soft_ink"), linewidth=0.8, zorder=2)
    below.set_ylabel("residual (σ)")
    below.set_xlabel("energy (keV)")
    summed = f" {group} neighbouring channels are summed for drawing." if group > 1 else ""
    named = min(MAX_LABELS, len(a.peaks))
    caption = (
        "Measured counts with the fitted sum and the fitted continuum of each region; below, the "
        f"residuals of the fitted channels in standard deviations. The {named} most significant "
        f"peaks carry their energies.{summed}"
    )
    alternative = f"Spectrum of {peaks.recording.file_name} with {counted(len(a.peaks), 'peak')}."
    return Drawn(to_svg(figure), alternative, caption)


def _draw_fits(above: Axes, below: Axes, peaks: PeakList) -> None:
    scale = peaks.analysis.measured.count_scale
    reach = 4.0
    for number, region in enumerate(peaks.analysis.regions):
        fit = region.fit
        edges = fit.problem.edges_keV
        width = np.diff(edges)
        middle = 0.5 * (edges[1:] + edges[:-1])
        words = ("fit", "continuum") if number == 0 else ("", "")
        above.plot(
            middle,
            scale * fit.expected / width,
            color=colour("model"),
            linewidth=1.2,
            label=words[0],
        )
        above.plot(
            middle,
            scale * fit.continuum / width,
            color=colour("background"),
            linewidth=1.1,
            linestyle=(0, (4, 2)),
            label=words[1],
        )
        residuals = region.residuals
        reach = max(reach, 1.1 * float(np.abs(residuals).max()))
        below.stairs(
            residuals, edges, baseline=None, color=colour("signal"), linewidth=0.8, zorder=3
        )
    below.set_ylim(-reach, reach)


def _label(axes: Axes, peaks: PeakList) -> None:
    """Energies over the most significant peaks."""
    chosen = sorted(peaks.analysis.peaks, key=lambda p: -p.significance)[:MAX_LABELS]
    across = axes.get_xaxis_transform()
    span = peaks.analysis.measured.edges_keV[peaks.analysis.high]
    last = -np.inf
    for p in sorted(chosen, key=lambda p: p.energy_keV):
        axes.axvline(
            p.energy_keV, color=colour("threshold"), linewidth=0.6, linestyle=(0, (1, 3)), zorder=1
        )
        if p.energy_keV - last < 0.02 * span:
            continue
        last = p.energy_keV
        axes.text(
            p.energy_keV,
            1.015,
            f"{p.energy_keV:.1f}",
            transform=across,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=8,
            color=colour("soft_ink"),
        )
