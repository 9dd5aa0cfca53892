"""Energy that muons leave in a crystal: chords of the body times the loss per way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.background.fields import background_data
from tocsin.detectors.geometry import Crystal
from tocsin.errors import NotFound

FloatArray = NDArray[np.float64]

N_RAYS, SEED = 400_000, 20261127
STRAGGLING = 0.1  # relative, one standard deviation: a choice of our own


def muon_deposits(crystal: Crystal, material_name: str, edges_keV: FloatArray) -> FloatArray:
    """Share of muons that leave an energy in each bin.

    Straight lines from all directions, ``E = rho l dE/dx`` at minimum ionisation, smeared by ten
    per cent for straggling. Which way a crystal lies is not known, so the fall of the muon flux
    with the zenith angle is left out.

    Parameters
    ----------
    crystal : Crystal
        Body of the crystal.
    material_name : str
        Its material.
    edges_keV : (n + 1,) float
        Rising bin edges.

    Returns
    -------
    (n,) float
        Per muon that meets the crystal; the same for every call.

    Raises
    ------
    NotFound
        For a material whose energy loss the data file does not hold.
    """
    losses = background_data()["muon_MeV_cm2_g"]["values"]
    if material_name not in losses:
        raise NotFound(
            f"no energy loss of muons in {material_name!r}; known are {', '.join(losses)}"
        )
    rng = np.random.default_rng(SEED)
    chord = _chords(crystal, rng)
    loss = losses[material_name] * 1000 * material(material_name).density_g_cm3
    energy = chord * loss * (1 + STRAGGLING * rng.standard_normal(chord.size))
    # coarse, then interpolated: nothing of muons is sharp below 3 MeV in any crystal
    wide = np.linspace(0.0, max(float(edges_keV[-1]), 1.0), 61)
    coarse, _ = np.histogram(energy, wide)
    density = np.interp(
        (edges_keV[1:] + edges_keV[:-1]) / 2, (wide[1:] + wide[:-1]) / 2, coarse / np.diff(wide)
    )
    return np.asarray(density * np.diff(edges_keV) / chord.size)


def _chords(crystal: Crystal, rng: np.random.Generator) -> FloatArray:
    """Lengths of isotropic straight lines that meet the body, in cm."""
    a, b = crystal.face_cm
    half = np.array([a, b, crystal.depth_cm]) / 2
    radius = float(np.linalg.norm(half))
    d = rng.standard_normal((N_RAYS, 3))
    d /= np.linalg.norm(d, axis=1)[:, None]
    across = rng.standard_normal((N_RAYS, 3))
    across -= (across * d).sum(axis=1)[:, None] * d
    across *= (radius * np.sqrt(rng.random(N_RAYS)) / np.linalg.norm(across, axis=1))[:, None]
    low, high = _between(across[:, 2], d[:, 2], half[2])
    if crystal.shape == "box":
        for axis in (0, 1):
            first, last = _between(across[:, axis], d[:, axis], half[axis])
            low, high = np.maximum(low, first), np.minimum(high, last)
    else:
        flat = (d[:, :2] ** 2).sum(axis=1)
        lean = (across[:, :2] * d[:, :2]).sum(axis=1)
        root = lean**2 - flat * ((across[:, :2] ** 2).sum(axis=1) - half[0] ** 2)
        hit = root > 0
        way = np.sqrt(np.where(hit, root, 0.0))
        low = np.where(hit, np.maximum(low, (-lean - way) / flat), 0.0)
        high = np.where(hit, np.minimum(high, (-lean + way) / flat), 0.0)
    chord = high - low
    return np.asarray(chord[chord > 0])


def _between(at: FloatArray, d: FloatArray, half: float) -> tuple[FloatArray, FloatArray]:
    """Ways along a line to the two planes of a slab."""
    first, last = (-half - at) / d, (half - at) / d
    return np.minimum(first, last), np.maximum(first, last)
