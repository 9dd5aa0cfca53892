"""Run the walk: from a scene, a source and energies to a tally."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import ArrayLike

from tocsin.detectors.attenuation import HIGH_KEV, LOW_KEV
from tocsin.detectors.transport.matter import electron_grid_keV, energy_grid_keV, matter_of
from tocsin.detectors.transport.scene import VACUUM, Scene, filling, geometry_arrays
from tocsin.detectors.transport.sources import Source, source_arrays
from tocsin.detectors.transport.tally import Tally, estimate
from tocsin.detectors.transport.walk import (
    ENERGY,
    FIRST,
    FULL,
    IMBALANCE,
    LOST,
    N_SUMS,
    PASSED,
    TOTAL,
    run_block,
)
from tocsin.errors import InvalidInput, OutOfDomain

CUTOFF_keV = LOW_KEV
"""Photons at or below it are absorbed where they are."""
BLOCKS = 64
"""Parts of a run with a stream of random numbers each: more threads than this stand idle."""


@dataclass(frozen=True)
class Physics:
    """What is followed; all of it unless something is to be compared without."""

    rayleigh: bool = True
    binding: bool = True
    doppler: bool = True
    fluorescence: bool = True
    electrons_travel: bool = True
    bremsstrahlung: bool = True


def simulate(
    scene: Scene,
    source: Source,
    energies_keV: ArrayLike,
    histories: int,
    *,
    seed: int = 0,
    threads: int | None = None,
    bin_keV: float = 1.0,
    physics: Physics | None = None,
    leaving: bool = False,
) -> Tally:
    """Follow photons through a scene and count what they leave in its sensitive body.

    The same seed gives the same tally, bit for bit, whatever the number of threads; an energy gives
    the same numbers whatever other energies are asked with it, so one that is asked twice gives no
    second sample.

    Parameters
    ----------
    scene : Scene
        Bodies, and which one counts.
    source : Source
        Where photons start.
    energies_keV : (k,) float
        Energies of the source, above 10 keV and up to 10 MeV; electrons and bremsstrahlung are
        simple models, checked to 3 MeV.
    histories : int
        Photons for each energy.
    seed : int
        Any number from 0 to 2**64 - 1.
    threads : int, optional
        Threads at work; all processors that this process may use when not given.
    bin_keV : float
        Width of the bins of deposited energy.
    physics : Physics, optional
        To switch parts off for a comparison.
    leaving : bool
        Whether to count the photons that leave the world too.

    Returns
    -------
    Tally
        Per photon that the source emits.

    Raises
    ------
    InvalidInput
        For numbers out of their range, or a source outside the world.
    OutOfDomain
        For an energy outside 10 keV to 10 MeV.
    NotFound
        When the source names a body that the scene has not.

    References
    ----------
    docs/science/detectors.md, section "Photon transport".
    """
    energies = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
    if energies.ndim != 1 or energies.size == 0:
        raise InvalidInput("at least one energy is needed, in one row")
    if not (np.all(energies > LOW_KEV) and np.all(energies <= HIGH_KEV)):
        raise OutOfDomain(
            f"photon energies must lie above {LOW_KEV:g} and up to {HIGH_KEV:g} keV, "
            f"got {energies.min():g} to {energies.max():g}"
        )
    if not 1 <= histories <= 10**12:
        raise InvalidInput(f"histories must be 1 to 1e12, got {histories}")
    if not 0 <= seed < 2**64:
        raise InvalidInput(f"seed must be 0 to 2**64 - 1, got {seed}")
    if threads is not None and threads < 1:
        raise InvalidInput(f"threads must be at least 1, got {threads}")
    if not 0.001 <= bin_keV <= HIGH_KEV:
        raise InvalidInput(f"bin_keV must lie within 0.001 and {HIGH_KEV:g}, got {bin_keV}")
    keys = list(dict.fromkeys(filling(b) for b, _ in scene.bodies if b.material != VACUUM))
    codes, lengths = geometry_arrays(scene, keys)
    source_codes, source_numbers = source_arrays(scene, source)
    grid, electrons = energy_grid_keV(), electron_grid_keV()
    fixed = (
        codes,
        lengths,
        scene.index(scene.sensitive),
        matter_of(keys),
        (
            float(np.log(grid[0])),
            float(np.log(grid[-1] / grid[0]) / (grid.size - 1)),
            float(electrons[0]),
            float(np.log(electrons[-1] / electrons[0]) / (electrons.size - 1)),
            CUTOFF_keV,
        ),
        np.array(astuple(physics or Physics()), dtype=np.int64),
        source_codes,
        source_numbers,
    )
    n_bins = int(np.ceil(energies.max() / bin_keV * (1 + 1e-12))) + 1
    blocks = min(BLOCKS, histories)
    shares = [histories * (b + 1) // blocks - histories * b // blocks for b in range(blocks)]
    continuum, sums = np.zeros((energies.size, n_bins, 2)), np.zeros((energies.size, N_SUMS))
    n_gone = n_bins if leaving else 0
    gone = np.zeros((energies.size, n_gone, 2))

    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        for i, energy in enumerate(energies):
            counts, parts = np.zeros((blocks, n_bins, 2)), np.zeros((blocks, N_SUMS))
            left = np.zeros((blocks, n_gone, 2))
            key = energy.view(np.uint64)

            def follow(
                b: int, energy: float = float(energy), key: np.uint64 = key,
                counts: np.ndarray = counts, parts: np.ndarray = parts, left: np.ndarray = left,
            ) -> None:  # fmt: skip
                run_block(
                    *fixed, energy, np.uint64(seed), key, b, shares[b], float(bin_keV),
                    counts[b], parts[b], left[b],
                )  # fmt: skip

            list(pool.map(follow, range(blocks)))
            # added in the order of the blocks, whichever ended first
            for b in range(blocks):
                continuum[i] += counts[b]
                gone[i] += left[b]
                sums[i, :IMBALANCE] += parts[b, :IMBALANCE]
            sums[i, IMBALANCE] = parts[:, IMBALANCE].max()
    spread = estimate(continuum[..., 0], continuum[..., 1], histories)
    outside = estimate(gone[..., 0], gone[..., 1], histories)
    return Tally(
        energies_keV=energies,
        edges_keV=np.arange(n_bins + 1, dtype=np.float64) * bin_keV,
        continuum=spread.value,
        continuum_sigma=spread.sigma,
        full_energy=estimate(sums[:, FULL], sums[:, FULL + 1], histories),
        total=estimate(sums[:, TOTAL], sums[:, TOTAL + 1], histories),
        first_collision=estimate(sums[:, FIRST], sums[:, FIRST + 1], histories),
        deposited_keV=estimate(sums[:, ENERGY], sums[:, ENERGY + 1], histories),
        leaving=outside.value,
        leaving_sigma=outside.sigma,
        passed=estimate(sums[:, PASSED], sums[:, PASSED + 1], histories),
        histories=histories,
        seed=seed,
        lost=int(sums[:, LOST].sum()),
        worst_imbalance_keV=float(sums[:, IMBALANCE].max()),
    )
