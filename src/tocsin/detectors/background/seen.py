"""What a detector has left in it of photon fields, before resolution: many fields at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expn

from tocsin.detectors.attenuation import material
from tocsin.detectors.background.fields import Field
from tocsin.detectors.folding import LINE_LOW_KEV, Folder
from tocsin.detectors.model import DetectorModel
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV, PHOTON_HIGH_KEV

FloatArray = NDArray[np.float64]


def seen_fields(
    fields: Sequence[Field], folder: Folder, amounts_of_layers: Sequence[float]
) -> FloatArray:
    """Deposits per second of fields of amount one behind multiples of the model's layers.

    Photons come evenly from all sides and meet a quarter of the crystal's surface; layers pass
    ``2 E3(tau)`` of them. Sharp energies are shared between the two nearest bins so that their mean
    stays; fields with the same lines share the work.

    Parameters
    ----------
    fields : sequence of Field
        Photon fields.
    folder : Folder
        A model of no resolution on the grid of deposits.
    amounts_of_layers : sequence of float
        Layers over those of the model.

    Returns
    -------
    (field, amount, grid) float
    """
    model = folder.model
    n = folder.centres_keV.size
    out = np.zeros((len(fields), len(amounts_of_layers), n))
    straight = np.maximum(model.window_transmission(PHOTON_CENTRES_KEV), 1e-250)
    for k, amount in enumerate(amounts_of_layers):
        # the folder takes the layers for straight ones: what it takes is given back
        passed = layers_pass(model, PHOTON_CENTRES_KEV, amount) / straight
        bins = np.stack([field.photons.continuum for field in fields]) * passed
        out[:, k, :] = folder.flux(bins, incidence="isotropic")
    groups: dict[bytes, list[int]] = {}
    for j, field in enumerate(fields):
        groups.setdefault(field.photons.energies_keV.tobytes(), []).append(j)
    for members in groups.values():
        energies = fields[members[0]].photons.energies_keV
        keep = (energies >= LINE_LOW_KEV) & (energies <= PHOTON_HIGH_KEV)
        e = energies[keep]
        if not e.size:
            continue
        per_photon = _line_rows(folder, e)
        for k, amount in enumerate(amounts_of_layers):
            weights = np.stack([fields[j].photons.intensities[keep] for j in members])
            out[members, k, :] += (weights * layers_pass(model, e, amount)) @ per_photon
    return np.asarray(np.maximum(out, 0.0) * model.crystal.surface_cm2 / 4)


def layers_pass(model: DetectorModel, energies_keV: FloatArray, amount: float) -> FloatArray:
    """Share of an even field that passes some multiple of the model's layers, ``2 E3(tau)``."""
    tau = np.zeros_like(energies_keV)
    for name, areal_density_g_cm2 in model.window:
        layer = material(name)
        mu = layer.coefficients(energies_keV).interaction / layer.density_g_cm3
        tau += mu * areal_density_g_cm2 * amount
    return np.asarray(2 * expn(3, tau))


def _line_rows(folder: Folder, energies_keV: FloatArray) -> FloatArray:
    """Deposits ``(line, grid)`` of one photon of every energy behind no layer."""
    deposit = folder.model.response.deposit(energies_keV, incidence="isotropic")
    edges, n = folder.edges_keV, folder.centres_keV.size
    rows = np.zeros((energies_keV.size, n))
    cumulative = np.zeros(PHOTON_EDGES_KEV.size)
    for j, energy in enumerate(energies_keV):
        np.cumsum(deposit.continuum[j], out=cumulative[1:])
        # a deposit above t means an escape below E - t
        rows[j] = -np.diff(np.interp(energy - edges, PHOTON_EDGES_KEV, cumulative))
    at = energies_keV[:, None] - deposit.escaped_lines_keV[None, :]
    line = np.broadcast_to(np.arange(energies_keV.size)[:, None], at.shape)
    inside = (at > folder.centres_keV[0]) & (at < folder.centres_keV[-1])
    place = np.interp(at[inside], folder.centres_keV, np.arange(n))
    low = np.minimum(place.astype(np.int64), n - 2)
    upper = place - low
    area = deposit.peaks[inside]
    np.add.at(rows, (line[inside], low), area * (1 - upper))
    np.add.at(rows, (line[inside], low + 1), area * upper)
    return rows
