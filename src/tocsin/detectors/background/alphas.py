"""Alphas of Ac-227 and its progeny in the crystal, for every light they may give; their betas."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.background.fields import background_data
from tocsin.detectors.beta_shape import unique_beta_spectrum
from tocsin.detectors.folding import Folder
from tocsin.detectors.response import PHOTON_CENTRES_KEV
from tocsin.detectors.shared_energies import shared_energies
from tocsin.nuclear import NuclideLibrary
from tocsin.nuclear.companions import companion_rows

FloatArray = NDArray[np.float64]

ALPHA_MASS = 4
PARTS = 12  # of a level, for what is only partly absorbed
N_BETA = 400  # kinetic energies of a beta spectrum
N_LANTHANUM_BETA = 100  # the same for La-138, with a gamma beside each
LEAST_LEVEL_KEV = 15.0  # what a level below leaves does not get out of any crystal


def alpha_deposits(folder: Folder, library: NuclideLibrary) -> dict[str, FloatArray]:
    """Counts of the five alphas in equilibrium, per decay of Ac-227, for steps of the light ratio.

    The betas of Pb-211 and Tl-207, which are in equilibrium with them, belong to each:
    :func:`beta_deposits`.

    An alpha that leaves its daughter excited gives ``ratio(E) E`` and, beside it, what the energy
    of the level ``(E0 - E) A / (A - 4)`` leaves. Conversion electrons leave all of their share;
    the share of photons, by the gamma lines of the library over the levels, leaves what one photon
    of the level's energy does that is born in the crystal. How much light an alpha gives, and how
    it rises with the energy, differs between crystals: both go in steps of about a peak width, and
    a mixture of neighbours stands for what lies between.

    Parameters
    ----------
    folder : Folder
        Detector model and channels.
    library : NuclideLibrary
        Where the gamma lines come from.

    Returns
    -------
    dict of str to (n_channel,) float
    """
    data = background_data()["alphas"]
    low, high, step = data["light_ratio"]
    groups = [_group(folder, library, name, entry) for name, entry in data["nuclides"].items()]
    energies, extra, area = (np.concatenate(part) for part in zip(*groups, strict=True))
    betas = beta_deposits(folder)
    out = {}
    for slope in data["light_slopes_per_MeV"]:
        for ratio in np.arange(low, high + step / 2, step):
            light = ratio + slope * (energies / 1000 - data["light_at_MeV"])
            words = f"Ac-227 at light {ratio:.4f} + {slope:.3f}/MeV"
            out[words] = shared_energies(light * energies + extra, area, folder.centres_keV) + betas
    return out


def _group(
    folder: Folder, library: NuclideLibrary, name: str, entry: dict[str, Any]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Alphas of one nuclide: their energies, what stands beside their light, and how often."""
    energies = np.array(entry["energies_keV"])
    shares = np.array(entry["intensities"]) / sum(entry["intensities"])
    mass = int(name.split("-")[1])
    # the highest group stands for the ground state
    level = (energies.max() - energies) * mass / (mass - ALPHA_MASS)
    lines = [one for one in library.lines(name, progeny=False) if one.kind == "gamma"]
    emitted = sum(one.energy_keV * one.intensity for one in lines)
    photons = min(1.0, emitted / max(float(shares @ level), 1e-9))
    found: list[tuple[float, float, float]] = []
    for energy, share, above in zip(energies, shares, level, strict=True):
        if above <= LEAST_LEVEL_KEV:
            found.append((energy, above, share))
            continue
        born = folder.model.response.deposit(np.array([above]), incidence="inside")
        found.append((energy, above, share * (1 - photons)))
        found.append((energy, 0.0, share * photons * (1 - float(born.interacting[0]))))
        for escaped, part in zip(born.escaped_lines_keV, born.peaks[0], strict=True):
            found.append((energy, max(above - escaped, 0.0), share * photons * part))
        escapes = above * (np.arange(PARTS) + 0.5) / PARTS
        bins = np.minimum(PHOTON_CENTRES_KEV / above * PARTS, PARTS - 1).astype(np.int64)
        parts = np.bincount(bins, born.continuum[0], minlength=PARTS)
        found += [
            (energy, above - escaped, share * photons * part)
            for escaped, part in zip(escapes, parts, strict=True)
        ]
    table = np.array(found)
    return table[:, 0], table[:, 1], table[:, 2]


def beta_deposits(folder: Folder) -> FloatArray:
    """Counts of the betas of Pb-211 and Tl-207, which are in equilibrium with the alphas.

    One branch that reaches the largest energy stands for all of an emitter, in the allowed shape,
    as many as bring the mean energy per decay to that of ENSDF. All of it stays in the crystal.

    Parameters
    ----------
    folder : Folder
        Detector model and channels.

    Returns
    -------
    (n_channel,) float
        Per decay of Ac-227.
    """
    counts = np.zeros(folder.centres_keV.size)
    charges = background_data()["crystal_betas"]["daughter_z"]
    for row in companion_rows("betas.csv"):
        name = row["emitter"]
        if name in charges:
            kinetic, shares = unique_beta_spectrum(
                float(row["largest_keV"]),
                points=N_BETA,
                daughter_z=charges[name],
                mass_number=int(name.split("-")[1]),
            )
            betas = float(row["mean_keV"]) / float(kinetic @ shares)
            counts += folder.peaks(kinetic, shares * betas)
    return counts


def lanthanum_betas() -> tuple[FloatArray, FloatArray]:
    """Energies in keV and shares of the betas of La-138, a unique second forbidden transition."""
    beta = background_data()["crystal_betas"]["La-138"]
    return unique_beta_spectrum(
        beta["largest_keV"],
        points=N_LANTHANUM_BETA,
        daughter_z=beta["daughter_z"],
        mass_number=138,
        forbidden=beta["forbidden"],
    )
