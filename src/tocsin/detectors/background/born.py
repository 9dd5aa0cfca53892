"""Photons born in the crystal itself, followed through the whole detector."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.array_cache import cached_arrays
from tocsin.detectors.construction import Construction
from tocsin.detectors.even_field import EvenField
from tocsin.detectors.photon_matrix import PEAKS_KEV, split_peaks
from tocsin.detectors.photon_matrix_build import MatrixSettings, matrix_key
from tocsin.detectors.point_scene import SENSITIVE
from tocsin.detectors.response import PHOTON_EDGES_KEV, Deposit
from tocsin.detectors.transport import VolumeSource, simulate

FloatArray = NDArray[np.float64]

TIMES = 4  # the histories of a row of the matrix: few energies are asked


def born_inside(
    detector: Construction, layers: float, energies_keV: FloatArray, settings: MatrixSettings
) -> Deposit:
    """What photons born evenly in the crystal leave in it.

    What layers scatter back is in it, and electrons and X-rays that leave the crystal. Kept between
    runs.

    Parameters
    ----------
    detector : Construction
        The detector.
    layers : float
        Density of its layers over that of the file.
    energies_keV : (k,) float
        Within 10 to 4000 keV.
    settings : MatrixSettings
        Seed, bins, and a quarter of the photons of every energy.

    Returns
    -------
    Deposit
        Per photon born; sharp escapes are none, one and two annihilation photons.
    """
    around = EvenField(layers)
    asked = f"{matrix_key(detector, around, settings)} {_own_digest()} {energies_keV.tolist()!r}"
    words = f"{detector.name} {around!r} {settings!r} {energies_keV.tolist()!r}"
    arrays = cached_arrays(
        f"born-{hashlib.sha256(words.encode()).hexdigest()[:12]}",
        hashlib.sha256(asked.encode()).hexdigest(),
        lambda: _followed(detector, around, energies_keV, settings),
    )
    return Deposit(arrays["interacting"], np.array(PEAKS_KEV), arrays["peaks"], arrays["continuum"])


@cache
def _own_digest() -> str:
    """Hash of this file, which that of a matrix does not follow."""
    path = resources.files("tocsin.detectors.background") / "born.py"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _followed(
    detector: Construction, around: EvenField, energies_keV: FloatArray, settings: MatrixSettings
) -> dict[str, Any]:
    scene, _ = around.scene(detector)
    tally = simulate(
        scene,
        VolumeSource(SENSITIVE),
        energies_keV,
        TIMES * settings.histories,
        seed=settings.seed,
        bin_keV=settings.bin_keV,
    )
    peaks = np.zeros((energies_keV.size, len(PEAKS_KEV)))
    peaks[:, 0] = tally.full_energy.value
    continuum = np.zeros((energies_keV.size, PHOTON_EDGES_KEV.size - 1))
    for i, energy in enumerate(energies_keV):
        left, sigma = tally.continuum[i].copy(), tally.continuum_sigma[i].copy()
        peaks[i, 1:], _ = split_peaks(float(energy), left, sigma, tally.edges_keV)
        below = np.concatenate(([0.0], np.cumsum(left)))
        # what escapes more than x leaves less than E - x
        more = np.interp(energy - PHOTON_EDGES_KEV, tally.edges_keV, below)
        continuum[i] = -np.diff(more)
        # an escape below the lowest bin cannot be told from none
        peaks[i, 0] += below[-1] - more[0]
    return {"interacting": tally.total.value, "peaks": peaks, "continuum": continuum}
