"""Two spectra over each other, and their difference in standard deviations below."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter

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
from tocsin.spectrometry.difference import Difference

_HEIGHT_in = 5.2
_LEFT, _WIDTH = 0.085, 0.9


@themed
def draw_difference(difference: Difference, *, first: str, second: str, realm: str) -> Drawn:
    """Counts per keV of both (the second scaled) on a log scale; residuals with all regions shaded.

    ``first`` and ``second`` are the names of the files in the caption.
    """
    figure = new_figure(_HEIGHT_in, realm=realm)
    above = figure.add_axes((_LEFT, 0.42, _WIDTH, 0.5))
    below = figure.add_axes((_LEFT, 0.11, _WIDTH, 0.25), sharex=above)
    edges = difference.edges_keV
    width = np.diff(edges)
    for axes in (above, below):
        dress(axes)
        for region in difference.regions:
            axes.axvspan(
                region.low_keV, region.high_keV, color=colour("alarm_shade"), linewidth=0, zorder=0
            )
    scaled = difference.scale * difference.second_counts / width
    above.stairs(
        scaled, edges, color=colour("background"), linewidth=1.4, label="second, scaled", zorder=2
    )
    above.stairs(
        difference.first_counts / width,
        edges,
        color=colour("signal"),
        linewidth=0.9,
        label="first",
        zorder=3,
    )
    above.set_yscale("log")
    above.yaxis.set_major_formatter(FuncFormatter(plain_number))
    above.set_ylabel("counts per keV")
    above.tick_params(labelbottom=False)
    legend(above, at=(0.0, 1.01))
    below.axhspan(-2.0, 2.0, color=colour("norm_shade"), zorder=1)
    below.axhline(0.0, color=colour("soft_ink"), linewidth=0.8, zorder=2)
    below.stairs(
        difference.residuals, edges, baseline=None, color=colour("signal"), linewidth=0.8, zorder=3
    )
    reach = max(4.0, 1.1 * float(np.abs(difference.residuals).max()))
    below.set_ylim(-reach, reach)
    below.set_xlim(float(edges[0]), float(edges[-1]))
    below.set_ylabel("first - second (σ)")
    below.set_xlabel("energy on the scale of the first (keV)")
    caption = (
        f"First: {first}. Second: {second}, multiplied by {difference.scale:.4g}. Below: their "
        "difference in each bin over the standard deviation it has if both are equal. Shaded: "
        "regions that differ by more than chance."
    )
    alternative = (
        f"Spectra of {first} and {second}, and their difference: "
        f"{len(difference.regions)} regions differ."
    )
    return Drawn(to_svg(figure), alternative, caption)
