"""K X-rays: energies, natural widths, and which peaks of a region take their shape."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from tocsin.spectrometry.region import RegionFit, fit_region, restarted
from tocsin.spectrometry.shape import FWHM_PER_SIGMA

FloatArray = NDArray[np.float64]

MATCH_FWHM = 0.3
"""Distance in peak widths within which a peak may be an X-ray."""
VISIBLE = 0.03
"""Natural over instrumental width from which the Lorentzian feet show."""
GAIN = 6.0
"""Fall of the deviance that the X-ray shapes must bring."""


@dataclass(frozen=True, slots=True)
class XrayLine:
    """One K X-ray line of an element.

    Attributes
    ----------
    element : str
        Symbol.
    line : str
        ``Ka1`` and so on.
    energy_keV, natural_keV : float
        Energy and natural full width at half maximum.
    relative_intensity : float
        Over that of ``Ka1``.
    """

    element: str
    line: str
    energy_keV: float
    natural_keV: float
    relative_intensity: float


@cache
def xray_lines() -> tuple[XrayLine, ...]:
    """The table of K X-ray lines that ships with Tocsin, by energy."""
    path = resources.files("tocsin.spectrometry") / "data" / "xray_lines.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    lines = [
        XrayLine(
            row["element"],
            row["line"],
            float(row["energy_keV"]),
            float(row["natural_width_keV"]),
            float(row["relative_intensity"]),
        )
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda x: x.energy_keV))


def is_broad_xray(energy_keV: float, fwhm_keV: float) -> bool:
    """Whether a peak stands at a K X-ray whose natural width would show in it."""
    return any(
        abs(x.energy_keV - energy_keV) < 2.0 * MATCH_FWHM * fwhm_keV
        and x.natural_keV > VISIBLE * fwhm_keV
        for x in xray_lines()
    )


def with_natural_widths(fit: RegionFit) -> RegionFit:
    """The fit with Voigt profiles at the places of X-rays, if it describes the counts better.

    All peaks of the region that stand at a K X-ray are tried at once; the gammas among them are
    outvoted or outvote.
    """
    if fit.n_peak == 0:
        return fit
    table = xray_lines()
    at = np.array([x.energy_keV for x in table])
    natural = np.array([x.natural_keV for x in table])
    fwhm = FWHM_PER_SIGMA * fit.sigma_keV
    distance = np.abs(fit.centres_keV[:, None] - at[None, :])
    nearest = distance.argmin(axis=1)
    take = distance.min(axis=1) < MATCH_FWHM * fwhm
    widths = np.where(take, natural[nearest], 0.0)
    widths = np.where(widths > VISIBLE * fwhm, widths, 0.0)
    if not bool(np.any(widths > 0.0)):
        return fit
    tried = fit_region(restarted(fit, natural_keV=widths))
    return tried if fit.objective - tried.objective > GAIN else fit
