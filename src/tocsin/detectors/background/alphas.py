"""Alphas of Ac-227 and its progeny in the crystal, for every light that they may give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.background.fields import background_data
from tocsin.detectors.folding import Folder

FloatArray = NDArray[np.float64]

ALPHA_MASS = 4
LEAST_LEVEL_KEV = 15.0  # what a level below leaves does not get out of any crystal


def alpha_deposits(folder: Folder) -> dict[str, FloatArray]:
    """Counts of the five alphas in equilibrium, per decay of Ac-227, for steps of the light ratio.

    The betas of Pb-211 and Tl-207, which are in equilibrium with them, are left out: one each per
    decay of Ac-227, up to some 1.4 MeV, below the alphas.

    An alpha that leaves its daughter excited gives ``ratio(E) E`` and, beside it, the energy of the
    level ``(E0 - E) A / (A - 4)``: of its photons and electrons the full energy counts as often as
    a photon of that energy born in the crystal is absorbed; else they leave nothing. How much light
    an alpha gives, and how it rises with the energy, differs between crystals: both go in steps,
    and a mixture of neighbours stands for what lies between.

    Parameters
    ----------
    folder : Folder
        Detector model and channels.

    Returns
    -------
    dict of str to (n_channel,) float
    """
    data = background_data()["alphas"]
    low, high, step = data["light_ratio"]
    response = folder.model.response
    out = {}
    for slope in data["light_slopes_per_MeV"]:
        for ratio in np.arange(low, high + step / 2, step):
            at: list[float] = []
            area: list[float] = []
            for name, entry in data["nuclides"].items():
                energies = np.array(entry["energies_keV"])
                shares = np.array(entry["intensities"]) / sum(entry["intensities"])
                mass = int(name.split("-")[1])
                # the highest group stands for the ground state
                level = (energies.max() - energies) * mass / (mass - ALPHA_MASS)
                light = ratio + slope * (energies / 1000 - data["light_at_MeV"])
                full = np.ones_like(level)
                excited = level > LEAST_LEVEL_KEV
                if excited.any():
                    born = response.deposit(level[excited], incidence="inside")
                    full[excited] = born.peaks[:, 0]
                at += [*(light * energies + level), *(light * energies)]
                area += [*(shares * full), *(shares * (1 - full))]
            words = f"Ac-227 at light {ratio:.4f} + {slope:.3f}/MeV"
            out[words] = folder.peaks(np.array(at), np.array(area))
    return out
