"""Counts of a crystal that is radioactive itself: lanthanum bromide."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.beta import beta_spectrum
from tocsin.detectors.folding import Folder
from tocsin.detectors.response import Deposit
from tocsin.errors import NotFound

FloatArray = NDArray[np.float64]
Born = Callable[[FloatArray], Deposit]
"""What photons of some energies that are born in the crystal leave in it."""

N_BETA = 48  # energies that stand for a beta spectrum: finer than the resolution


@cache
def _data() -> dict[str, Any]:
    path = resources.files("tocsin.detectors") / "data" / "intrinsic.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def intrinsic_components(
    name: str,
    folder: Folder,
    *,
    born: Born | None = None,
    betas: tuple[FloatArray, FloatArray] | None = None,
) -> dict[str, FloatArray]:
    """Shapes of the crystal's own activity, per decay.

    Electron capture of La-138 leaves the binding energy of the vacancy in the crystal on top of
    what its gamma leaves, so that the peak stands at 1436 + 37 keV for the K shell; its beta decay
    adds the beta energy to what the 789 keV gamma leaves. The alphas of Ac-227 and progeny are
    peaks at their electron-equivalent energy.

    Parameters
    ----------
    name : str
        Component of the data file, for example ``"La-138"``.
    folder : Folder
        Detector model and channels.
    born : callable, optional
        What photons born in the crystal leave in it; the deterministic response of the bare crystal
        when not given.
    betas : ((n,) float, (n,) float), optional
        Energies in keV and shares of the beta spectrum of La-138; that of an allowed decay with
        the non-relativistic Coulomb factor when not given.

    Returns
    -------
    dict of str to (n_channel,) float
        ``"La-138"`` per decay, ``"Ac-227"`` per alpha.

    Raises
    ------
    NotFound
        When the data file has no such component.

    Notes
    -----
    The true beta spectrum is unique second forbidden, harder than the allowed one. Alpha widths are
    those of electrons. Shapes, not rates.
    """
    entry = _data().get(name)
    if entry is None:
        raise NotFound(f"no intrinsic component {name!r}; known are {', '.join(_data())}")
    capture, beta, alpha = entry["capture"], entry["beta"], entry["alpha"]
    shares = np.array([share for share, _ in capture["shells"]])
    binding = np.array([energy for _, energy in capture["shells"]])
    found = born or partial(folder.model.response.deposit, incidence="inside")
    counts = _with_gamma(capture["gamma_keV"], binding, shares * capture["share"], folder, found)
    energies, weights = betas or beta_spectrum(
        beta["endpoint_keV"], points=N_BETA, daughter_z=beta["daughter_z"]
    )
    counts += _with_gamma(beta["gamma_keV"], energies, weights * beta["share"], folder, found)
    at = np.array(alpha["energies_keV"]) * np.array(alpha["light_ratio"])
    return {name: counts, "Ac-227": folder.peaks(at, np.full(at.size, 1 / at.size))}


def _with_gamma(
    gamma_keV: float, beside_keV: FloatArray, weights: FloatArray, folder: Folder, deposit: Born
) -> FloatArray:
    """Counts where an energy is left for sure beside a gamma that is born inside."""
    born = deposit(np.array([gamma_keV]))
    peaks, continuum, left = born.peaks[0], born.continuum[0], 1 - float(born.interacting[0])
    sure = gamma_keV + beside_keV
    at = np.concatenate(((sure[:, None] - born.escaped_lines_keV).ravel(), beside_keV))
    area = np.concatenate(((weights[:, None] * peaks).ravel(), weights * left))
    return folder.peaks(at, area) + folder.smooth(sure, weights[:, None] * continuum)
