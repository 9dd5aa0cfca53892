"""How well a detector sees: efficiencies over the energy, and the spectrum of one line."""

from __future__ import annotations

import numpy as np

from tocsin.detectors import fold_lines
from tocsin.detectors.construction import Construction
from tocsin.detectors.point_source import HIGH_KEV, LOW_KEV, point_efficiency
from tocsin.report.drawing import Drawn, colour, dress, legend, new_figure, themed, to_svg
from tocsin.report.inert import plain_label

N_ENERGY = 40
HISTORIES = 100_000
N_CHANNEL = 1000
BEYOND = 1.15  # of the line, where the spectrum ends
TITLE = 80  # characters that fit beside the legend
_HEIGHT_in = 6.4


@themed
def draw_efficiency(detector: Construction, *, distance_cm: float, line_keV: float) -> Drawn:
    """Full-energy peak and total with one standard uncertainty; below, one line's spectrum.

    Parameters
    ----------
    detector : Construction
        The detector.
    distance_cm : float
        Point source on the axis, from the front face.
    line_keV : float
        Line of the spectrum.

    Raises
    ------
    OutOfDomain
        Outside the range of validity.
    """
    energies = np.geomspace(LOW_KEV, HIGH_KEV, N_ENERGY)
    found = point_efficiency(
        detector, distance_cm=distance_cm, energies_keV=energies, histories=HISTORIES
    )
    at_line = point_efficiency(detector, distance_cm=distance_cm, energies_keV=[line_keV])
    figure = new_figure(_HEIGHT_in, realm="LIVE")
    upper = figure.add_axes((0.1, 0.58, 0.87, 0.34))
    dress(upper)
    spread = found.full_energy_peak * found.relative_uncertainty
    upper.fill_between(
        energies,
        found.full_energy_peak - spread,
        found.full_energy_peak + spread,
        color=colour("background_fill"),
        linewidth=0,
    )
    upper.plot(energies, found.total, color=colour("soft_ink"), linestyle="--", label="total")
    peak_colour = colour("signal")
    upper.plot(energies, found.full_energy_peak, color=peak_colour, label="full-energy peak")
    upper.set_xscale("log")
    upper.set_yscale("log")
    upper.set_xlim(LOW_KEV, HIGH_KEV)
    ticks = (20, 50, 100, 200, 500, 1000, 2000, 3000)
    upper.set_xticks(ticks, labels=[str(tick) for tick in ticks], minor=False)
    upper.set_xticks([], minor=True)
    upper.set_xlabel("photon energy (keV)")
    upper.set_ylabel("counts per photon emitted")
    legend(upper, at=(0.0, 1.0))
    lower = figure.add_axes((0.1, 0.09, 0.87, 0.34))
    dress(lower)
    edges = np.linspace(0.0, BEYOND * line_keV, N_CHANNEL + 1)
    counts = fold_lines([line_keV], [1.0], detector.model, edges)
    threshold = detector.electronics["threshold_keV"].value
    per_photon = counts / counts.sum() * float(at_line.total[0]) / np.diff(edges)
    if threshold is not None:
        per_photon = np.where(edges[1:] > threshold, per_photon, 0.0)
        lower.axvline(threshold, color=colour("threshold"), linewidth=0.9, linestyle=":")
        text = plain_label(f"threshold {threshold:g} keV", limit=TITLE)
        lower.set_title(text, loc="left", fontsize=9.5, color=colour("threshold"))
    lower.stairs(per_photon, edges, baseline=None, color=colour("signal"), linewidth=1.0)
    lower.set_yscale("log")
    top = float(per_photon.max())
    lower.set_ylim(top * 1e-4, top * 2)
    lower.set_xlim(0.0, float(edges[-1]))
    lower.set_xlabel(f"energy left in the crystal (keV), line of {line_keV:g} keV")
    lower.set_ylabel("counts per photon and keV")
    title = plain_label(f"{detector.title}, {distance_cm:g} cm", limit=TITLE)
    figure.text(0.97, 0.965, title, ha="right", va="top", color=colour("ink"), parse_math=False)
    caption = (
        "above, the absolute efficiencies with one standard uncertainty of the peak; below, the "
        f"spectrum of a line of {line_keV:g} keV without scatter from surroundings."
    )
    return Drawn(to_svg(figure), f"Efficiencies of {detector.title}.", caption)
