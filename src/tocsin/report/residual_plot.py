"""What the model leaves over: residuals of a spectrum in standard deviations."""

from __future__ import annotations

import numpy as np

from tocsin.detection.analysis import EncounterSpectrum
from tocsin.report.drawing import Drawn, colour, dress, new_figure, themed, to_svg
from tocsin.report.timeline import FloatArray

# Neighbouring channels are summed until the model expects this many counts in each: below, counts
# minus model over its square root is no standard normal number.
LEAST_EXPECTED = 20.0
MAX_ENERGY_keV = 3200.0
_HEIGHT_in = 2.0


def residuals(spectrum: EncounterSpectrum) -> tuple[FloatArray, FloatArray] | None:
    """Edges (keV, shape ``(n + 1,)``) and residuals ``(counts - model) / sqrt(model)``, ``(n,)``.

    Channels without a model (outside the analysed range) are left out. None where no model was made
    or it expects too little everywhere.
    """
    model = spectrum.model_counts
    if model is None:
        return None
    edges = [float("nan")]
    values: list[float] = []
    seen = expected = 0.0
    centres = (spectrum.edges_keV[:-1] + spectrum.edges_keV[1:]) / 2
    used = np.flatnonzero((model > 0) & (centres < MAX_ENERGY_keV))
    if used.size == 0:
        return None
    edges = [float(spectrum.edges_keV[used[0]])]
    for i in range(int(used[0]), int(used[-1]) + 1):
        seen += float(spectrum.counts[i])
        expected += float(model[i])
        if expected >= LEAST_EXPECTED:
            values.append((seen - expected) / float(np.sqrt(expected)))
            edges.append(float(spectrum.edges_keV[i + 1]))
            seen = expected = 0.0
    if len(values) < 4:
        return None
    return np.array(edges), np.array(values)


@themed
def draw_residuals(spectrum: EncounterSpectrum, *, title: str, realm: str) -> Drawn | None:
    """Steps around zero with the band of two standard deviations; None where no model was made."""
    made = residuals(spectrum)
    if made is None:
        return None
    edges, values = made
    figure = new_figure(_HEIGHT_in, realm=realm)
    axes = figure.add_axes((0.085, 0.27, 0.9, 0.62))
    dress(axes)
    axes.axhspan(-2.0, 2.0, color=colour("norm_shade"), zorder=0)
    axes.axhline(0.0, color=colour("soft_ink"), linewidth=0.8, zorder=1)
    axes.stairs(values, edges, baseline=None, color=colour("signal"), linewidth=0.8, zorder=2)
    reach = max(4.0, float(np.abs(values).max()) * 1.1)
    axes.set_ylim(-reach, reach)
    low = max(0.0, float(spectrum.edges_keV[0]))
    axes.set_xlim(low, float(spectrum.edges_keV[-1]))
    axes.set_xlabel("energy on the file's scale (keV)")
    axes.set_ylabel("residual (σ)")
    outside = float(np.mean(np.abs(values) > 2.0))
    caption = (
        f"Residuals: counts minus model over the square root of the model, neighbouring channels "
        f"summed to at least {LEAST_EXPECTED:.0f} expected counts. {100 * outside:.0f} % lie "
        "outside two standard deviations; chance alone gives 5 %. What exceeds that in a spectrum "
        "of many counts is the error of the model as well."
    )
    return Drawn(to_svg(figure), f"Residuals of {title} in standard deviations.", caption)
