"""A measured background, its fit by origin, and the misfit per 10 keV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.background import BackgroundComponents, BackgroundFit
from tocsin.report.drawing import Drawn, colour, dress, legend, new_figure, themed, to_svg
from tocsin.report.inert import plain_label

FloatArray = NDArray[np.float64]

MOST_BINS = 600
TITLE = 80
_HEIGHT_in = 6.4
# Colour and style together, so that eight origins stay apart in grey and for any eye.
ORIGIN_LINES = (
    ("threshold", "-"),
    ("neutron", "--"),
    ("model", "-."),
    ("background", ":"),
    ("ink", "--"),
    ("level_2", "-."),
    ("level_3", ":"),
    ("ink", "-"),
)


@themed
def draw_background(
    background: BackgroundComponents,
    counts: FloatArray,
    fit: BackgroundFit,
    *,
    title: str,
    realm: str,
) -> Drawn:
    """Counts, fit and origins per keV; below, the misfit with its counting noise.

    Parameters
    ----------
    background : BackgroundComponents
        What was fitted.
    counts : (n_channel,) float
        Measured.
    fit : BackgroundFit
        The fit.
    title : str
        For the upper edge.
    realm : str
        Of the recording; any but LIVE is written into the picture.
    """
    figure = new_figure(_HEIGHT_in, realm=realm)
    upper = figure.add_axes((0.1, 0.4, 0.87, 0.48))
    dress(upper)
    edges = background.edges_keV
    step = max(1, (edges.size - 1) // MOST_BINS)
    first = np.arange(0, edges.size - 1, step)
    bins = np.append(edges[first], edges[-1])

    def density(values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, first) / np.diff(bins))

    measured = density(np.asarray(counts, dtype=np.float64))
    upper.stairs(measured, bins, baseline=None, color=colour("soft_ink"), label="measured")
    upper.stairs(
        density(fit.expected), bins, baseline=None, color=colour("signal"), label="fit", zorder=3
    )
    rows = background.counts(fit.instrument)
    whole = float((fit.amounts @ rows).sum())
    scale = float(fit.expected.sum()) / whole if whole > 0 else 1.0
    origins = dict.fromkeys(c.origin for c in fit.components)
    for k, origin in enumerate(origins):
        at = np.array([c.origin == origin for c in fit.components])
        part = density(scale * (fit.amounts[at] @ rows[at]))
        if part.max() > 0:
            role, style = ORIGIN_LINES[k % len(ORIGIN_LINES)]
            upper.stairs(
                part, bins, baseline=None, color=colour(role), linestyle=style,
                linewidth=0.8, label=plain_label(origin, limit=TITLE),
            )  # fmt: skip
    top = float(measured.max())
    upper.set_yscale("log")
    upper.set_ylim(top * 1e-5, top * 2)
    upper.set_ylabel("counts per keV")
    legend(upper, at=(0.0, 1.0))
    lower = figure.add_axes((0.1, 0.09, 0.87, 0.24))
    dress(lower)
    bands = fit.misfit.bands
    middles = [(b.low_keV + b.high_keV) / 2 for b in bands]
    lower.errorbar(
        middles,
        [100 * b.misfit for b in bands],
        yerr=[100 * b.noise for b in bands],
        fmt=".", markersize=3, linewidth=0.7, color=colour("signal"),
    )  # fmt: skip
    lower.axhline(0.0, color=colour("soft_ink"), linewidth=0.8)
    lower.set_ylabel("misfit (%)")
    lower.set_xlabel("energy (keV)")
    for axes in (upper, lower):
        axes.set_xlim(0.0, min(float(edges[-1]), 3000.0))
    words = plain_label(title, limit=TITLE)
    # the upper right corner is for the realm
    figure.text(0.1, 0.992, words, va="top", color=colour("ink"), parse_math=False)
    worst = fit.misfit.worst
    caption = (
        "above, measured counts, the fit and its parts by origin; below, measured over fitted "
        f"less one in bands of 10 keV, the worst at {worst.low_keV:.0f} to "
        f"{worst.high_keV:.0f} keV ({100 * worst.misfit:+.1f} %)."
    )
    return Drawn(
        to_svg(figure),
        f"Background of {words}: {fit.misfit.counts:.0f} counts, reduced chi-square "
        f"{fit.misfit.reduced_chi_square:.2f}.",
        caption,
    )
