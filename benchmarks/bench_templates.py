"""Speed and misfit of simulated matrices and template libraries.

python benchmarks/bench_templates.py                 # matrix 120 x 1e5, library 100 x 12, misfit
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tocsin.detectors.array_cache import CACHE_VARIABLE
from tocsin.detectors.construction import Construction, named_construction
from tocsin.detectors.folding import folder_for
from tocsin.detectors.irradiation import SHIELDINGS, named_irradiation
from tocsin.detectors.photon_matrix import PEAKS_KEV, PhotonMatrix, split_peaks
from tocsin.detectors.photon_matrix_build import photon_matrix
from tocsin.detectors.point_source import ray_efficiency
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.detectors.template_library_build import build_library, usual_nuclides
from tocsin.detectors.transport import Physics, simulate
from tocsin.nuclear import load_library

LINES_keV = (45.0, 81.0, 122.06, 185.7, 356.01, 661.66, 1173.2, 1332.5, 1764.5, 2614.5)
EDGES_keV = np.linspace(0.0, 3072.0, 1025)
LOW_keV = 28.0  # below, rays and transport part by coherent scattering
HISTORIES = 2_000_000
"""Photons of the direct simulation: its own noise shall be small beside the misfit."""


def misfits(detector: Construction, matrix: PhotonMatrix, distance: str) -> None:
    """Lines between the grid energies: matrix against a direct simulation of the line."""
    scene, source = named_irradiation(distance).scene(detector)
    response = SimulatedResponse(detector, matrix, EDGES_keV)
    folder = folder_for(detector.model, EDGES_keV)
    print("| keV | peak | single escape | continuum | total | misfit % |")
    print("|---|---|---|---|---|---|")
    for energy in LINES_keV:
        tally = simulate(scene, source, [energy], HISTORIES, seed=7)
        direct, sigma = tally.continuum[0].copy(), tally.continuum_sigma[0].copy()
        escapes, _ = split_peaks(energy, direct, sigma, tally.edges_keV)
        below = np.concatenate(([0.0], np.cumsum(direct)))
        shape = folder.blur @ np.diff(np.interp(EDGES_keV, tally.edges_keV, below))
        areas = np.array([tally.full_energy.value[0], *escapes])
        shape = shape + folder.peaks(energy - np.array(PEAKS_KEV), areas)
        rows = matrix.rows([energy], tally.edges_keV)
        found = response.lines([energy]).counts[0]
        # an escape peak that counting hides says nothing
        seen = areas[1] > 0 and rows.peaks[0, 1] > 5 * np.hypot(*rows.peaks_sigma[0, :, 1])
        cells = [
            f"{rows.peaks[0, 0] / areas[0]:.3f}",
            f"{rows.peaks[0, 1] / areas[1]:.3f}" if seen else "",
            f"{rows.continuum.sum() / direct.sum():.3f}",
            f"{(rows.peaks.sum() + rows.continuum.sum()) / tally.total.value[0]:.3f}",
            f"{100 * np.abs(found - shape).sum() / shape.sum():.1f}",
        ]
        print(f"| {energy:g} | " + " | ".join(cells) + " |")


def first_collisions(detector: Construction, matrix: PhotonMatrix, distance: str) -> None:
    """Matrix against the ray integral, and what coherent scattering does where they part."""
    irradiation = named_irradiation(distance)
    scene, source = irradiation.scene(detector)
    e, cm = matrix.energies_keV, irradiation.distance_cm
    rays = ray_efficiency(detector, distance_cm=cm, energies_keV=e).total
    apart = matrix.first_collision / rays - 1
    counting = np.max(matrix.first_collision_sigma / matrix.first_collision)
    print(
        f"first collisions over ray integral: {100 * apart.mean():+.2f} % in the mean; "
        f"counting {100 * counting:.2f} % at most"
    )
    low = e < LOW_keV
    for rayleigh in (True, False):
        tally = simulate(
            scene, source, e[low], HISTORIES, seed=7, physics=Physics(rayleigh=rayleigh)
        ).first_collision
        word = "with" if rayleigh else "without"
        for energy, value, sigma, ray in zip(
            e[low], tally.value, tally.sigma, rays[low], strict=True
        ):
            print(
                f"{word} coherent scattering, {energy:.1f} keV: {100 * (value / ray - 1):+.2f} "
                f"+- {100 * sigma / ray:.2f} %"
            )
    for energy, part in zip(e[~low], apart[~low], strict=True):
        if abs(part) > 0.01:
            print(f"more than 1 % apart: {energy:.1f} keV {100 * part:+.2f} %")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", default="nai-3x3in")
    parser.add_argument("--distance", default="near")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    detector = named_construction(args.detector)
    library = load_library()
    nuclides = usual_nuclides(library)[:100]
    irradiation = named_irradiation(args.distance)
    with empty_cache():
        scene, source = irradiation.scene(detector)
        simulate(scene, source, [100.0], 100, threads=1)  # compiles
        begin = time.perf_counter()
        matrix = photon_matrix(detector, irradiation, threads=args.threads)
        print(f"matrix, 120 energies x 100000 histories: {time.perf_counter() - begin:.1f} s")
        first_collisions(detector, matrix, args.distance)
        words = ("shells simulated too", "all from the cache", "with surroundings")
        for word in words:
            begin = time.perf_counter()
            built = build_library(
                detector, EDGES_keV, library=library, nuclides=nuclides,
                shieldings=tuple(SHIELDINGS), distance=args.distance, threads=args.threads,
                surroundings=word == words[-1],
            )  # fmt: skip
            took = time.perf_counter() - begin
            n, s, m = built.counts.shape
            print(f"library {n} x {s} x {m} channels, {word}: {took:.1f} s")
            print(f"file: {len(built.to_bytes()) / 1e6:.1f} MB")
        response = SimulatedResponse(detector, matrix, EDGES_keV)
        for many in (1, 10, 100):
            energies = np.geomspace(50, 2800, many)
            begin = time.perf_counter()
            for _ in range(10):
                response.expected(response.lines(energies), np.ones(many))
            print(f"template of {many} lines: {100 * (time.perf_counter() - begin):.2f} ms")
        misfits(detector, matrix, args.distance)


@contextmanager
def empty_cache() -> Iterator[None]:
    """Another folder for the cache, so that nothing comes from an earlier run."""
    before = os.environ.get(CACHE_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE_VARIABLE] = folder
        try:
            yield
        finally:
            os.environ.pop(CACHE_VARIABLE)
            if before is not None:
                os.environ[CACHE_VARIABLE] = before


if __name__ == "__main__":
    main()
