"""Panels of a picture that compares spectra: counts per keV over the energy, two in a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from simulated_figures import LOW_KEV, rebinned

from tocsin.report.drawing import colour, dress

FloatArray = NDArray[np.float64]

PICTURE_KEV = 2.0
"""Narrower channels are drawn in bins of this width."""


def panel(
    figure: Figure,
    number: int,
    edges_keV: FloatArray,
    curves: Sequence[tuple[FloatArray, str, str]],
    title: str,
) -> None:
    """Draw one of six panels.

    Parameters
    ----------
    figure : Figure
        Of eleven inches height.
    number : int
        Place of the panel, 0 to 5; the first has the legend.
    edges_keV : (n + 1,) float
        Channel edges.
    curves : sequence of (counts, role, word)
        Counts per channel, role of the colour, and word for the legend; the first sets the scale.
    title : str
        Above the panel.
    """
    column, row = number % 2, number // 2
    axes = figure.add_axes((0.08 + 0.495 * column, 0.71 - 0.325 * row, 0.41, 0.245))
    dress(axes)
    # germanium has channels too narrow for the eye
    edges = edges_keV
    if edges[1] - edges[0] < PICTURE_KEV:
        edges = np.arange(0.0, edges[-1], PICTURE_KEV)
    centres, steps = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    drawn = [rebinned(counts, edges_keV, edges) / steps for counts, _, _ in curves]
    for per_keV, (_, role, word) in zip(drawn, curves, strict=True):
        axes.plot(centres, np.maximum(per_keV, 1e-3), color=colour(role), linewidth=0.9, label=word)
    axes.set_yscale("log")
    top = float(drawn[0][centres > LOW_KEV].max())
    axes.set_xlim(0, 1.05 * centres[np.flatnonzero(drawn[0] > 1e-3 * top)[-1]])
    axes.set_ylim(top * 3e-5, top * 3)
    axes.set_xlabel("keV")
    axes.set_ylabel("counts per keV")
    axes.set_title(title, loc="left", fontsize=9.5, color=colour("ink"))
    if not number:
        axes.legend(frameon=False, fontsize=9.5, labelcolor=colour("ink"))
