"""What a nuclide's own lines do in the instrument: Compton edges, back-scatter, escapes, sums.

These features look like peaks and are none. Once a nuclide is accepted its artefacts are offered to
the fit with free non-negative amounts, so that they cannot pass for another nuclide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.detection.binning import Resolution
from tocsin.detection.peaks import FWHM_TO_SIGMA
from tocsin.detection.templates import EnergyScale, LinePattern, line_profiles
from tocsin.detectors.compton import ELECTRON_MASS_KEV

FloatArray = NDArray[np.float64]

_STRONGEST = 6  # lines whose artefacts are drawn
_PAIRS = 6  # lines that are summed with one another
_STEPS = 32  # energies per Compton distribution
_EDGE_FROM_KEV = 100.0  # below, the Compton edge lies under every threshold
_PAIR_FROM_KEV = 1500.0  # pair production matters
_BACK_COSINE = -0.3  # photons scattered by more than about 107 degrees make the back-scatter peak


def artefact_columns(
    pattern: LinePattern,
    amounts: FloatArray,
    edges_keV: FloatArray,
    resolution: Resolution,
    scale: EnergyScale,
) -> FloatArray:
    """Columns ``(n_bin, k)`` of the artefacts of a nuclide, each scaled to a maximum of one.

    Parameters
    ----------
    pattern : LinePattern
        Lines of the nuclide.
    amounts : (n,) float
        Full-energy counts of each line, up to a common factor.
    """
    order = np.argsort(-amounts, kind="stable")[:_STRONGEST]
    energies, counts = pattern.energies_keV[order], amounts[order]
    edge = (
        _compton(energies, counts, edges_keV, resolution, scale, back=False),
        _compton(energies, counts, edges_keV, resolution, scale, back=True),
        _lines(*_sums(energies[:_PAIRS], counts[:_PAIRS]), edges_keV, resolution, scale),
        _lines(*_escapes(energies, counts, 1), edges_keV, resolution, scale),
        _lines(*_escapes(energies, counts, 2), edges_keV, resolution, scale),
    )
    columns = [c / c.max() for c in edge if c.max() > 0]
    return np.stack(columns, axis=1) if columns else np.zeros((edges_keV.size - 1, 0))


def _lines(
    energies_keV: FloatArray,
    counts: FloatArray,
    edges_keV: FloatArray,
    resolution: Resolution,
    scale: EnergyScale,
) -> FloatArray:
    if energies_keV.size == 0:
        return np.zeros(edges_keV.size - 1)
    return np.asarray(line_profiles(energies_keV, edges_keV, resolution, scale).T @ counts)


def _sums(energies_keV: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two photons at once: every pair, in proportion to the product of their counts."""
    i, j = np.triu_indices(energies_keV.size)
    return energies_keV[i] + energies_keV[j], counts[i] * counts[j] * np.where(i == j, 0.5, 1.0)


def _escapes(
    energies_keV: FloatArray, counts: FloatArray, lost: int
) -> tuple[FloatArray, FloatArray]:
    """One or both annihilation photons leave the crystal."""
    high = energies_keV > _PAIR_FROM_KEV
    energy = energies_keV[high]
    growth = (energy / (2 * ELECTRON_MASS_KEV) - 1.0) ** 2
    return energy - lost * ELECTRON_MASS_KEV, counts[high] * growth


def _compton(
    energies_keV: FloatArray,
    counts: FloatArray,
    edges_keV: FloatArray,
    resolution: Resolution,
    scale: EnergyScale,
    *,
    back: bool,
) -> FloatArray:
    """Klein-Nishina distributions folded with the resolution.

    ``back=False``: energy that one scattering leaves in the crystal (Compton edge).
    ``back=True``: energy of photons that come back from the surroundings.
    """
    out = np.zeros(edges_keV.size - 1)
    high = energies_keV > _EDGE_FROM_KEV
    for energy, amount in zip(energies_keV[high], counts[high], strict=True):
        alpha = energy / ELECTRON_MASS_KEV
        cosine = np.linspace(-1.0, _BACK_COSINE if back else 1.0, _STEPS + 1)
        cosine = 0.5 * (cosine[1:] + cosine[:-1])
        ratio = 1.0 / (1.0 + alpha * (1.0 - cosine))
        weight = ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2)
        seen_energy = energy * ratio if back else energy * (1.0 - ratio)
        inside = seen_energy > 5.0
        seen = scale.seen_keV(seen_energy[inside])[:, None]
        sigma = scale.width * resolution(seen_energy[inside])[:, None] * FWHM_TO_SIGMA
        stop = int(np.searchsorted(edges_keV, float(seen.max()) + 4.0 * float(sigma.max())))
        spread = ndtr((edges_keV[None, : stop + 1] - seen) / sigma)
        part = amount * (weight[inside] / weight.sum()) @ np.diff(spread, axis=1)
        out[: part.size] += part
    return out
