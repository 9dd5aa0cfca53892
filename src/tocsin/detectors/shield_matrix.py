"""What leaves a shell around a source, simulated: scattered photons, X-rays and annihilation."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.array_cache import Arrays, cached_arrays
from tocsin.detectors.attenuation import LOW_KEV, material
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.detectors.energy_nodes import energy_nodes_keV
from tocsin.detectors.irradiation import shell_scene, shield_thickness_cm
from tocsin.detectors.line_areas import take_out
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.simulated_digest import transport_digest
from tocsin.detectors.simulated_rows import between, cumulative
from tocsin.detectors.slab import Shield
from tocsin.detectors.transport import simulate
from tocsin.errors import InvalidInput, OutOfDomain

FloatArray = NDArray[np.float64]

ENERGIES, HISTORIES, SEED = 80, 20_000, 20261128
BIN_KEV = 1.0
NEIGHBOURS = range(2, 7)
"""Bins on either side of a line from which what lies below it is taken, lines left out."""


@dataclass(frozen=True)
class Leaving:
    """Photons outside a shell, per photon of each of ``k`` energies.

    Attributes
    ----------
    passed : (k,) float
        Chance to pass without an interaction that changes the energy.
    line_energies_keV : (l,) float
        X-rays of the shell and annihilation.
    low : (k,) int
        Lower of the two simulated rows that the following are mixed of.
    lines : (k, l) float
        Photons of them.
    lines_sigma : (k, 2, l) float
        One standard deviation of the parts from the lower and from the upper row.
    scattered : (k, n) float
        Photons in the bins of ``PHOTON_EDGES_KEV``.
    scattered_sigma : (k, 2, n) float
        As that of the lines.
    """

    passed: FloatArray
    line_energies_keV: FloatArray
    low: NDArray[np.int64]
    lines: FloatArray
    lines_sigma: FloatArray
    scattered: FloatArray
    scattered_sigma: FloatArray


@dataclass(frozen=True, eq=False)
class ShieldMatrix:
    """Photons that leave a shell, simulated for some energies of a source in its middle.

    Parameters
    ----------
    shield : Shield
        The shell.
    energies_keV : (k,) float
        Incident energies.
    line_energies_keV : (l,) float
        X-rays of the shell, and 511 keV.
    lines, lines_variance : (k, l) float
        Photons of these lines per photon of the source, and the variance of their counting.
    scattered, scattered_variance : (k, n) float
        Other photons that leave with another energy than that of the source.
    content : str
        Hash of shell, settings, code and data.

    Notes
    -----
    A sphere about a point in a cavity of one centimetre. What passes unchanged is the exponential,
    coherent scattering taken as no loss. Where hardly anything leaves the simulated rows are
    noise, and their variance says so.
    """

    shield: Shield
    energies_keV: FloatArray
    line_energies_keV: FloatArray
    lines: FloatArray
    lines_variance: FloatArray
    scattered: FloatArray
    scattered_variance: FloatArray
    content: str

    @cached_property
    def _cumulative(self) -> tuple[FloatArray, FloatArray]:
        return cumulative(self.scattered), cumulative(self.scattered_variance)

    @cached_property
    def of_bins(self) -> Leaving:
        """``leaving`` of the centres of the photon bins; nothing for those outside the matrix."""
        inside = self.inside(PHOTON_CENTRES_KEV)
        found = self.leaving(PHOTON_CENTRES_KEV[inside])
        low = np.zeros(inside.size, dtype=np.int64)
        low[inside] = found.low

        def whole(part: FloatArray) -> FloatArray:
            target = np.zeros((inside.size, *part.shape[1:]))
            target[inside] = part
            return target

        return Leaving(
            passed=whole(found.passed),
            line_energies_keV=self.line_energies_keV,
            low=low,
            lines=whole(found.lines),
            lines_sigma=whole(found.lines_sigma),
            scattered=whole(found.scattered),
            scattered_sigma=whole(found.scattered_sigma),
        )

    def inside(self, energies_keV: FloatArray) -> NDArray[np.bool_]:
        """Which energies the matrix holds."""
        e = self.energies_keV
        return np.asarray((energies_keV >= e[0]) & (energies_keV <= e[-1]))

    def leaving(self, energies_keV: FloatArray) -> Leaving:
        """Photons outside for any energies within those of the matrix.

        Scattered photons of two rows are moved before they are mixed, so that a given change of
        the wavelength stays one: the edge of the first back-scattering stays in place.

        Raises
        ------
        OutOfDomain
            When an energy lies outside the matrix.
        """
        e = np.asarray(energies_keV, dtype=np.float64)
        if not np.all(self.inside(e)):
            low, high = self.energies_keV[0], self.energies_keV[-1]
            raise OutOfDomain(f"photons of {low:g} to {high:g} keV are known behind a shell")
        mu = material(self.shield.material).coefficients(e).interaction
        passed = np.exp(-mu * shield_thickness_cm(self.shield))
        low, part = between(self.energies_keV, e)
        shares = np.stack((1 - part, part), axis=1)[:, :, None]
        rows = np.stack((low, low + 1), axis=1)
        lines = (shares * self.lines[rows]).sum(axis=1)
        lines_sigma = shares * np.sqrt(self.lines_variance[rows])
        counts, spread = self._cumulative
        scattered = np.zeros((e.size, PHOTON_CENTRES_KEV.size))
        variance = np.zeros((e.size, 2, PHOTON_CENTRES_KEV.size))
        for i, (energy, row, share) in enumerate(zip(e, low, part, strict=True)):
            lower = np.minimum(PHOTON_EDGES_KEV, energy)
            for side, weight in ((0, 1 - share), (1, share)):
                if weight > 0:
                    which = row + side
                    at = 1 / (1 / lower - 1 / energy + 1 / self.energies_keV[which])
                    scattered[i] += weight * np.diff(np.interp(at, PHOTON_EDGES_KEV, counts[which]))
                    below = np.interp(at, PHOTON_EDGES_KEV, spread[which])
                    variance[i, side] = weight**2 * np.diff(below)
        # sums that are taken apart again leave rounding, which may lie below zero
        sigma = np.sqrt(np.maximum(variance, 0.0))
        return Leaving(passed, self.line_energies_keV, low, lines, lines_sigma, scattered, sigma)


def shield_matrix(
    shield: Shield,
    *,
    energies: int = ENERGIES,
    histories: int = HISTORIES,
    seed: int = SEED,
    threads: int | None = None,
) -> ShieldMatrix:
    """Photons that leave a shell, simulated once and then kept.

    Parameters
    ----------
    shield : Shield
        The shell, 1e-4 cm to one metre thick.
    energies, histories : int
        Incident energies from 20 to 3000 keV, and photons of each.
    seed : int
        Of the random numbers.
    threads : int, optional
        As in ``simulate``; it changes no bit.

    Raises
    ------
    InvalidInput
        For a thickness or a number out of its range.
    """
    if not 1000 <= histories <= 10**9:
        raise InvalidInput(f"histories must be 1000 to 1e9, got {histories}")
    settings = f"{shield!r} {energies} {histories} {seed} {BIN_KEV}"
    key = hashlib.sha256(f"{transport_digest()} {settings}".encode()).hexdigest()
    name = f"shield-matrix-{hashlib.sha256(settings.encode()).hexdigest()[:12]}"
    arrays = cached_arrays(
        name, key, lambda: _simulated(shield, energies, histories, seed, threads)
    )
    return ShieldMatrix(shield=shield, content=key, **arrays)


def _simulated(
    shield: Shield, count: int, histories: int, seed: int, threads: int | None
) -> Arrays:
    nodes = energy_nodes_keV([shield.material], count)
    scene, source = shell_scene(shield)
    line_energies = _line_energies_keV(shield.material)
    lines = np.zeros((nodes.size, line_energies.size))
    lines_variance = np.zeros_like(lines)
    scattered = np.zeros((nodes.size, PHOTON_CENTRES_KEV.size))
    variance = np.zeros_like(scattered)
    tally = simulate(
        scene, source, nodes, histories,
        seed=seed, threads=threads, bin_keV=BIN_KEV, leaving=True,
    )  # fmt: skip
    at = (line_energies / BIN_KEV).astype(int).tolist()
    for i in range(nodes.size):
        counts, spread = tally.leaving[i].copy(), tally.leaving_sigma[i] ** 2
        lines[i], lines_variance[i] = take_out(counts, spread, at, NEIGHBOURS)
        for values, out in ((counts, scattered[i]), (spread, variance[i])):
            below = np.concatenate(([0.0], np.cumsum(values)))
            out[:] = np.diff(np.interp(PHOTON_EDGES_KEV, tally.edges_keV, below))
    # both photons of an annihilation may leave, and the tally takes them as independent
    lines_variance[:, line_energies == ELECTRON_MASS_KEV] *= 2
    return {
        "energies_keV": nodes,
        "line_energies_keV": line_energies,
        "lines": lines,
        "lines_variance": lines_variance,
        "scattered": scattered,
        "scattered_variance": variance,
    }


def _line_energies_keV(name: str) -> FloatArray:
    """K X-rays of a material that fall into one bin each, averaged by their rates, and 511 keV."""
    elements = material(name).mass_fractions
    bins: dict[int, list[tuple[float, float]]] = {}
    path = resources.files("tocsin.detectors") / "data" / "xray_lines.csv"
    with path.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            energy = float(row["energy_keV"])
            if row["element"] in elements and row["shell"] == "K" and energy > LOW_KEV:
                found = bins.setdefault(int(energy / BIN_KEV), [])
                found.append((energy, float(row["rate"])))
    lines = [
        sum(energy * rate for energy, rate in group) / sum(rate for _, rate in group)
        for _, group in sorted(bins.items())
    ]
    return np.array([*lines, ELECTRON_MASS_KEV])
