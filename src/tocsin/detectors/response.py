"""Energy that photons leave in a crystal, worked out by recursion over scattered energies.

The bookkeeping follows the energy that *escapes*, because it does not depend on the energy that the
photon had before: a photon that scatters to ``E'`` and is lost takes ``E'`` away, and one that
scatters and interacts again loses what a photon of ``E'`` inside the crystal loses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.array_cache import cached_arrays, response_digest
from tocsin.detectors.attenuation import KFluorescence, Material, fluorescence
from tocsin.detectors.compton import (
    ELECTRON_MASS_KEV,
    cos_angle,
    photon_grid_keV,
    scattered_shares,
)
from tocsin.detectors.electrons import (
    leave_probability,
    spread_above,
    spread_between,
    spread_from_zero,
)
from tocsin.detectors.geometry import N_COSINE, N_DEPTH, Crystal

FloatArray = NDArray[np.float64]
Incidence = Literal["face", "isotropic", "inside"]

PHOTON_LOW_KEV = 10.0
PHOTON_HIGH_KEV = 4000.0
PHOTON_STEP = 0.012
PHOTON_EDGES_KEV = photon_grid_keV(
    PHOTON_HIGH_KEV, low_keV=PHOTON_LOW_KEV, relative_step=PHOTON_STEP
)
PHOTON_CENTRES_KEV = (PHOTON_EDGES_KEV[1:] + PHOTON_EDGES_KEV[:-1]) / 2
PAIR_THRESHOLD_KEV = 2 * ELECTRON_MASS_KEV
N_FIRST_ENERGY = 40
GRID_INCIDENCES: tuple[Incidence, ...] = ("face", "isotropic")
"""Ways in which photons meet a crystal from outside."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """What photons of ``k`` energies leave in a crystal, per photon that meets it.

    Parameters
    ----------
    interacting : (k,) float
        Chance of at least one interaction.
    escaped_lines_keV : (d,) float
        Sharp amounts of escaping energy: 0 (full-energy peak), K X-rays, 511 and 1022 keV.
    peaks : (k, d) float
        Chance of each of them.
    continuum : (k, n) float
        Chance that the escaping energy falls in each bin of ``PHOTON_EDGES_KEV``.
    """

    interacting: FloatArray
    escaped_lines_keV: FloatArray
    peaks: FloatArray
    continuum: FloatArray


@dataclass(frozen=True)
class CrystalResponse:
    """Deposited energy in a bare crystal.

    First interactions are placed exactly (broad parallel beam on the front face, exponential in
    depth) and the escape of first scattered photons is integrated over the body. Photons of later
    generations start evenly and isotropically; where they collide again follows from that.

    Notes
    -----
    With ``Q(E)`` the distribution of escaping energy of a photon that interacts inside,
    ``Q(E) = f_photo X + f_Compton sum_j K_j [e_j delta(E_j) + (1 - e_j) Q(E_j)] + f_pair P``,
    ``K`` the Klein-Nishina shares, ``e`` the escape probability, ``X`` photo-absorption with K
    X-ray escape, ``P`` two annihilation photons back to back. The sum is a linear system that is
    solved once for all energies. An electron that leaves (``electrons.leave_probability``) carries
    away an even share of its energy. Coherent scattering, bremsstrahlung and electron binding
    (beyond the incoherent cross-section) are left out.

    Valid from 20 to 3000 keV. This is not a validated response.
    """

    material: Material
    crystal: Crystal

    @cached_property
    def _xrays(self) -> list[tuple[KFluorescence, float, float]]:
        """K X-ray groups: element data, energy in keV, share of the K X-rays."""
        known = fluorescence()
        groups = []
        for element in self.material.mass_fractions:
            k = known.get(element)
            if k is not None and k.alpha_keV > PHOTON_LOW_KEV:
                groups.append((k, k.alpha_keV, 1 - k.beta_share))
                groups.append((k, k.beta_keV, k.beta_share))
        return groups

    @cached_property
    def escaped_lines_keV(self) -> FloatArray:
        """Sharp escaping energies: full peak, K X-rays, single and double escape."""
        xray = [energy for _, energy, _ in self._xrays]
        return np.array([0.0, *xray, ELECTRON_MASS_KEV, PAIR_THRESHOLD_KEV])

    def _xray_production(self, energies_keV: FloatArray) -> FloatArray:
        """Chance ``(k, x)`` that a photo effect sends out a K X-ray of each group."""
        shares = self.material.photo_shares(energies_keV)
        columns = [
            shares[k.element] * (energies_keV > k.edge_keV) * k.k_share * k.k_yield * part
            for k, _, part in self._xrays
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((energies_keV.size, 0))

    def _photo_peaks(self, energies_keV: FloatArray, xray_escape: FloatArray) -> FloatArray:
        """Photo effect as chances ``(k, d)`` of the sharp escaping energies."""
        peaks = np.zeros((energies_keV.size, self.escaped_lines_keV.size))
        n = len(self._xrays)
        peaks[:, 1 : 1 + n] = self._xray_production(energies_keV) * xray_escape
        peaks[:, 0] = 1 - peaks.sum(axis=1)
        return peaks

    @cached_property
    def _xray_mu(self) -> FloatArray:
        energies = np.array([energy for _, energy, _ in self._xrays])
        return self.material.coefficients(energies).interaction

    @cached_property
    def _kept(self) -> dict[str, FloatArray]:
        """``Q`` and the deposits of the photon grid, from the cache where it has them.

        They are the same for every instrument with this crystal and take a second or more.
        """
        # a subclass answers otherwise (the tests take the electrons out) and must never be taken
        # for the response itself, nor leave its arrays behind for it
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        text = f"{kind} {response_digest()} {self.material!r} {self.crystal!r}"
        words = f"{kind} {self.material.name} {self.crystal!r}"
        name = hashlib.sha256(words.encode()).hexdigest()[:12]
        key = hashlib.sha256(text.encode()).hexdigest()
        return cached_arrays(f"crystal-{name}", key, self._drawn)

    def _drawn(self) -> dict[str, FloatArray]:
        inside = self._solved()
        pair = self._annihilation(inside)
        out = {"inside": inside, "pair": pair}
        for incidence in GRID_INCIDENCES:
            deposit = self._deposit(PHOTON_CENTRES_KEV, incidence, inside, pair)
            out[f"{incidence}-interacting"] = deposit.interacting
            out[f"{incidence}-peaks"] = deposit.peaks
            out[f"{incidence}-continuum"] = deposit.continuum
        return out

    def grid_deposit(self, *, incidence: Incidence = "face") -> Deposit:
        """:meth:`deposit` of the photon grid ``PHOTON_CENTRES_KEV``, kept between runs.

        Only for photons from outside (``"face"`` or ``"isotropic"``).
        """
        kept = self._kept
        return Deposit(
            kept[f"{incidence}-interacting"],
            self.escaped_lines_keV,
            kept[f"{incidence}-peaks"],
            kept[f"{incidence}-continuum"],
        )

    def _solved(self) -> FloatArray:
        """``Q``: rows photon energies, columns sharp escaping energies then bins."""
        e = PHOTON_CENTRES_KEV
        d = self.escaped_lines_keV.size
        mu = self.material.coefficients(e)
        escape = self.crystal.escape_after(mu.interaction, mu.interaction)
        xray_escape = self.crystal.escape_after(mu.interaction, self._xray_mu)
        kernel = scattered_shares(e, PHOTON_EDGES_KEV)
        kernel *= (mu.incoherent / mu.interaction)[:, None]
        again = kernel * (1 - escape)
        lost = self._electron_loss(e[:, None] - e[None, :])
        lines_system = np.eye(e.size) - again * (1 - lost)
        system = np.eye(e.size) - again
        # pair production needs Q at 511 keV, which needs none: solve, then solve again with it
        pair = np.zeros(d + e.size)
        out = np.zeros((e.size, d + e.size))
        for _ in range(2):
            out = np.zeros_like(out)
            source = self._once(e, kernel, escape, xray_escape, pair)
            out[:, :d] = np.linalg.solve(lines_system, source[:, :d])
            moved = again * lost * out[None, :, :d].sum(axis=2)
            spread = spread_from_zero(moved, e, e, PHOTON_EDGES_KEV)
            # an escape below the lowest bin cannot be told from none
            out[:, :1] += np.linalg.solve(lines_system, spread[:, :1])
            out[:, d:] = np.linalg.solve(system, source[:, d:] + spread[:, 1:])
            pair = self._annihilation(out)
        return out

    def _electron_loss(self, energies_keV: FloatArray) -> FloatArray:
        """Chance that an electron leaves the crystal, shape of the energies."""
        return leave_probability(
            energies_keV, stuff=self.material, mean_chord_cm=self.crystal.mean_chord_cm
        )

    def _once(
        self,
        energies_keV: FloatArray,
        kernel: FloatArray,
        escape: FloatArray,
        xray_escape: FloatArray,
        pair: FloatArray,
    ) -> FloatArray:
        """What leaves after one interaction: photo effect, Compton photon lost, pair."""
        e = energies_keV
        d = self.escaped_lines_keV.size
        mu = self.material.coefficients(e)
        total = mu.interaction
        out = np.zeros((e.size, d + PHOTON_CENTRES_KEV.size))
        lost = self._electron_loss(e)
        photo = self._photo_peaks(e, xray_escape) * (mu.photo / total)[:, None]
        out[:, :d] = photo * (1 - lost)[:, None]
        spread = spread_between(np.zeros_like(e), e, PHOTON_EDGES_KEV)
        spread *= (photo.sum(axis=1) * lost)[:, None]
        electron = self._electron_loss(e[:, None] - PHOTON_CENTRES_KEV[None, :])
        gone = kernel * escape
        out[:, d:] = gone * (1 - electron)
        out[:, d:] += spread_above(gone * electron, e, PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV)
        # the two electrons of a pair share the energy; either may leave
        kinetic = np.maximum(e - PAIR_THRESHOLD_KEV, 0.0)
        either = 1 - (1 - self._electron_loss(kinetic / 2)) ** 2
        made = mu.pair / total
        out[:, :d] += made[:, None] * pair[None, :d] * (1 - either)[:, None]
        out[:, d:] += made[:, None] * pair[None, d:]
        for line in (0, d - 2, d - 1):
            low = np.full_like(e, self.escaped_lines_keV[line])
            share = spread_between(low, low + kinetic, PHOTON_EDGES_KEV)
            spread += share * (made * either * pair[line])[:, None]
        out[:, 0] += spread[:, 0]
        out[:, d:] += spread[:, 1:]
        return out

    def _annihilation(self, inside: FloatArray) -> FloatArray:
        """Escaping energy of two 511 keV photons sent out back to back, evenly in the body."""
        d = self.escaped_lines_keV.size
        mu = self.material.coefficients(ELECTRON_MASS_KEV).interaction[0]
        forward, backward, weight = self.crystal.isotropic_paths
        both = float(np.exp(-mu * (forward + backward)) @ weight)
        one = 2 * float(np.exp(-mu * forward) @ weight) - 2 * both
        none = 1 - one - both
        at = int(np.searchsorted(PHOTON_EDGES_KEV, ELECTRON_MASS_KEV)) - 1
        q = inside[at]
        # lost X-rays are too little energy to tell apart beside 511 keV: counted as absorbed
        full = float(q[: d - 2].sum())
        bins = q[d:]
        out = np.zeros(inside.shape[1])
        out[0] = none * full**2
        out[d - 2] = one * full
        out[d - 1] = both
        out[d:] = 2 * none * full * bins
        shifted = _shifted(bins, np.array([ELECTRON_MASS_KEV, *PHOTON_CENTRES_KEV]))
        out[d:] += one * shifted[0]
        out[d:] += none * (bins @ shifted[1:])
        return out

    @cached_property
    def _first(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Escape after the first interaction of a parallel beam, as tables.

        Returns energies ``(e,)``, cosines ``(c,)``, escape of the scattered photon ``(e, c)`` and
        of each K X-ray ``(e, x)``.
        """
        nodes = np.geomspace(PHOTON_LOW_KEV, PHOTON_HIGH_KEV, N_FIRST_ENERGY)
        steps = [k.edge_keV * f for k, _, _ in self._xrays for f in (0.9999, 1.0001)]
        energies = np.unique(np.concatenate((nodes, steps)))
        # Gauss nodes for the isotropic X-rays, ends added so that Compton angles are covered
        gauss, gauss_weight = np.polynomial.legendre.leggauss(N_COSINE)
        cosines = np.concatenate(([-1.0], gauss, [1.0]))
        cos_weight = np.concatenate(([0.0], gauss_weight / 2, [0.0]))
        mu = self.material.coefficients(energies).interaction
        u, u_weight = np.polynomial.legendre.leggauss(N_DEPTH)
        compton = np.empty((energies.size, cosines.size))
        xray = np.empty((energies.size, len(self._xrays)))
        for i, energy in enumerate(energies):
            part = (u + 1) / 2 * -np.expm1(-mu[i] * self.crystal.depth_cm)
            depths = -np.log1p(-part) / mu[i]
            distance, share = self.crystal.exit_distances(depths, cosines)
            scattered = energy / (1 + energy / ELECTRON_MASS_KEV * (1 - cosines))
            mu_after = self.material.coefficients(np.maximum(scattered, PHOTON_LOW_KEV)).interaction
            left = np.exp(-mu_after[None, :, None] * distance) @ share
            compton[i] = (u_weight / 2) @ left
            for x, mu_x in enumerate(self._xray_mu):
                xray[i, x] = (u_weight / 2) @ (np.exp(-mu_x * distance) @ share) @ cos_weight
        return energies, cosines, compton, xray

    def _first_escape(self, energies_keV: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Escape of first scattered photons ``(k, n)`` and X-rays ``(k, x)``, interpolated."""
        nodes, cosines, compton, xray = self._first
        at = np.interp(np.log(energies_keV), np.log(nodes), np.arange(nodes.size))
        low = np.minimum(at.astype(int), nodes.size - 2)
        f = (at - low)[:, None]
        table = (1 - f) * compton[low] + f * compton[low + 1]
        cos = cos_angle(energies_keV[:, None], PHOTON_CENTRES_KEV[None, :])
        c = np.interp(cos.ravel(), cosines, np.arange(cosines.size)).reshape(cos.shape)
        c_low = np.minimum(c.astype(int), cosines.size - 2)
        g = c - c_low
        rows = np.arange(energies_keV.size)[:, None]
        left = (1 - g) * table[rows, c_low] + g * table[rows, c_low + 1]
        return left, (1 - f) * xray[low] + f * xray[low + 1]

    def deposit(self, energies_keV: FloatArray, *, incidence: Incidence = "face") -> Deposit:
        """Distribution of the escaping energy for photons of given energies.

        Parameters
        ----------
        energies_keV : (k,) float
            Within 10 to 4000 keV.
        incidence : {"face", "isotropic", "inside"}
            A broad parallel beam on the front face, per photon on the face; an isotropic field, per
            photon that meets the surface; or photons born evenly inside.

        Returns
        -------
        Deposit
            ``peaks`` and ``continuum`` sum to ``interacting``.
        """
        e = np.asarray(energies_keV, dtype=np.float64)
        return self._deposit(e, incidence, self._kept["inside"], self._kept["pair"])

    def _deposit(
        self, e: FloatArray, incidence: Incidence, inside: FloatArray, pair: FloatArray
    ) -> Deposit:
        d = self.escaped_lines_keV.size
        mu = self.material.coefficients(e)
        total = mu.interaction
        if incidence == "face":
            interacting = -np.expm1(-total * self.crystal.depth_cm)
            escape, xray_escape = self._first_escape(e)
        else:
            after = self.material.coefficients(PHOTON_CENTRES_KEV).interaction
            left = self.crystal.escape(total)
            if incidence == "isotropic":
                interacting = total * self.crystal.mean_chord_cm * left
                leaves = self.crystal.escape_after_entry
            else:
                interacting = 1 - left
                leaves = self.crystal.escape_after
            escape, xray_escape = leaves(total, after), leaves(total, self._xray_mu)
        kernel = scattered_shares(e, PHOTON_EDGES_KEV)
        kernel *= (mu.incoherent / total)[:, None]
        out = self._once(e, kernel, escape, xray_escape, pair)
        again = kernel * (1 - escape)
        lost = self._electron_loss(e[:, None] - PHOTON_CENTRES_KEV[None, :])
        out[:, :d] += (again * (1 - lost)) @ inside[:, :d]
        out[:, d:] += again @ inside[:, d:]
        moved = again * lost * inside[:, :d].sum(axis=1)
        spread = spread_from_zero(moved, e, PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV)
        out[:, 0] += spread[:, 0]
        out[:, d:] += spread[:, 1:]
        out *= interacting[:, None]
        return Deposit(interacting, self.escaped_lines_keV, out[:, :d], out[:, d:])


def _shifted(bins: FloatArray, by_keV: FloatArray) -> FloatArray:
    """A distribution over the photon bins moved up in energy by each of some amounts ``(k, n)``."""
    cumulative = np.concatenate(([0.0], np.cumsum(bins)))
    at = PHOTON_EDGES_KEV[None, :] - by_keV[:, None]
    moved = np.interp(at.ravel(), PHOTON_EDGES_KEV, cumulative).reshape(at.shape)
    return np.asarray(np.diff(moved, axis=1))
