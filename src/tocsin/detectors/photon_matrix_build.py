"""Simulate the matrix of a detector, or take it from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tocsin.detectors.array_cache import cached_arrays
from tocsin.detectors.construction import Construction
from tocsin.detectors.energy_nodes import energy_nodes_keV
from tocsin.detectors.even_field import EvenField
from tocsin.detectors.irradiation import Irradiation
from tocsin.detectors.photon_matrix import PhotonMatrix, split_peaks
from tocsin.detectors.simulated_digest import transport_digest
from tocsin.detectors.transport import Tally, simulate
from tocsin.errors import InvalidInput

Progress = Callable[[int, int], None]
Meeting = Irradiation | EvenField
"""How photons meet a detector."""
CHUNK = 4  # energies between two words of progress


@dataclass(frozen=True, slots=True)
class MatrixSettings:
    """How finely and how long a matrix is simulated.

    Parameters
    ----------
    energies : int
        Incident energies from 20 to 3000 keV.
    histories : int
        Photons for each of them.
    seed : int
        Of the random numbers, 0 to 2**63 - 1.
    bin_keV : float
        Width of the bins of deposited energy, 0.1 to 10 keV.

    Raises
    ------
    InvalidInput
        When a number is out of its range.
    """

    energies: int = 120
    histories: int = 100_000
    seed: int = 20261127
    bin_keV: float = 1.0

    def __post_init__(self) -> None:
        if not 16 <= self.energies <= 2000:
            raise InvalidInput(f"energies must be 16 to 2000, got {self.energies}")
        if not 1000 <= self.histories <= 10**9:
            raise InvalidInput(f"histories must be 1000 to 1e9, got {self.histories}")
        if not 0 <= self.seed < 2**63:
            raise InvalidInput(f"seed must be 0 to 2**63 - 1, got {self.seed}")
        if not 0.1 <= self.bin_keV <= 10:
            raise InvalidInput(f"bin_keV must be 0.1 to 10, got {self.bin_keV:g}")


def matrix_key(detector: Construction, irradiation: Meeting, settings: MatrixSettings) -> str:
    """Content hash of a matrix: bodies, place, settings, and code and data of the transport.

    What of a detector's file does not change what photons do (words, widths, electronics) does not
    change the hash.
    """
    layers = [
        (one.material, one.density_g_cm3, one.front_cm, one.side_cm, one.back_cm)
        for one in detector.layers
    ]
    followed = (detector.material, detector.crystal, detector.bore, layers, irradiation, settings)
    return hashlib.sha256(f"{transport_digest()} {followed!r}".encode()).hexdigest()


def photon_matrix(
    detector: Construction,
    irradiation: Meeting,
    settings: MatrixSettings | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PhotonMatrix:
    """Response of a detector to photons of all energies, simulated once and then kept.

    The same question gives the same matrix, bit for bit, whatever the number of threads and whether
    it comes from the cache or not.

    Parameters
    ----------
    detector : Construction
        The detector.
    irradiation : Irradiation or EvenField
        Where the source stands, or that photons come from all sides.
    settings : MatrixSettings, optional
        120 energies of 100,000 photons when not given.
    threads : int, optional
        As in ``simulate``.
    progress : callable, optional
        Told how many energies of how many are done.

    Returns
    -------
    PhotonMatrix
        Per photon that the source emits: a point in all directions, an even field into its sphere.
    """
    chosen = settings or MatrixSettings()
    key = matrix_key(detector, irradiation, chosen)
    name = f"photon-matrix-{_short(detector, irradiation, chosen)}"
    arrays = cached_arrays(
        name, key, lambda: _simulated(detector, irradiation, chosen, threads, progress)
    )
    manifest: dict[str, Any] = {
        "detector": detector.name,
        **irradiation.manifest,
        **asdict(chosen),
        "physics": "photo effect with K and L X-rays, bound Compton with Doppler broadening, "
        "coherent, pair, electrons along a straight way, bremsstrahlung",
        "transport": transport_digest(),
        "content": key,
    }
    return PhotonMatrix(**arrays, manifest=manifest)


def _short(detector: Construction, irradiation: Meeting, settings: MatrixSettings) -> str:
    """One place in the cache for each question: an older answer to it is replaced."""
    words = f"{detector.name} {irradiation!r} {settings!r}"
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def _simulated(
    detector: Construction,
    irradiation: Meeting,
    settings: MatrixSettings,
    threads: int | None,
    progress: Progress | None,
) -> dict[str, Any]:
    energies = energy_nodes_keV([detector.material], settings.energies)
    scene, source = irradiation.scene(detector)
    n_bins = int(np.ceil(energies[-1] / settings.bin_keV)) + 2  # the tally has one bin of room
    k = energies.size
    continuum, sigma = np.zeros((k, n_bins)), np.zeros((k, n_bins))
    peaks, peaks_sigma = np.zeros((k, 3)), np.zeros((k, 3))
    total, total_sigma = np.zeros(k), np.zeros(k)
    first, first_sigma = np.zeros(k), np.zeros(k)
    edges = np.arange(n_bins + 1, dtype=np.float64) * settings.bin_keV
    for start in range(0, k, CHUNK):
        part = slice(start, min(start + CHUNK, k))
        tally: Tally = simulate(
            scene,
            source,
            energies[part],
            settings.histories,
            seed=settings.seed,
            threads=threads,
            bin_keV=settings.bin_keV,
        )
        filled = tally.continuum.shape[1]
        continuum[part, :filled] = tally.continuum
        sigma[part, :filled] = tally.continuum_sigma
        peaks[part, 0], peaks_sigma[part, 0] = tally.full_energy.value, tally.full_energy.sigma
        total[part], total_sigma[part] = tally.total.value, tally.total.sigma
        first[part] = tally.first_collision.value
        first_sigma[part] = tally.first_collision.sigma
        if progress is not None:
            progress(part.stop, k)
    for i, energy in enumerate(energies):
        areas, sigmas = split_peaks(float(energy), continuum[i], sigma[i], edges)
        peaks[i, 1:], peaks_sigma[i, 1:] = areas, sigmas
    return {
        "energies_keV": energies,
        "edges_keV": edges,
        "continuum": continuum,
        "continuum_sigma": sigma,
        "peaks": peaks,
        "peaks_sigma": peaks_sigma,
        "total": total,
        "total_sigma": total_sigma,
        "first_collision": first,
        "first_collision_sigma": first_sigma,
    }
