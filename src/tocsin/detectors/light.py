"""Light that is not proportional: where a deposited energy stands on the scale of a spectrum."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.attenuation import fluorescence, material
from tocsin.detectors.compton import ELECTRON_MASS_KEV, scattered_shares
from tocsin.detectors.construction import Construction
from tocsin.detectors.response import PAIR_THRESHOLD_KEV, PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

SCALE_KEV = 661.657
"""Photons whose peak stands where it belongs: the scale of a spectrum is set on them (Cs-137)."""
_ELECTRONS_KEV = np.concatenate(([0.0], np.geomspace(0.05, 20_000.0, 4000)))


class Light:
    """Apparent energies of electrons and of photons in a scintillator.

    Parameters
    ----------
    stuff : str
        Material of the crystal.
    energies_keV, relative_light : (k,) float
        Light per keV that an electron gives when it stops in the crystal, relative to that of an
        electron of 662 keV: the *electron response*. Straight between the entries in the logarithm
        of the energy; the first and last value hold beyond.

    Raises
    ------
    InvalidInput
        When there are fewer than two entries, they are not positive, energies do not rise, or an
        electron would give less light than one of less energy.

    Notes
    -----
    A photon that leaves all its energy does so by several electrons, each with the light of its own
    energy, so that its peak stands where the mean of their light is.
    Means only: the spread of the light, a part of the peak width, is in the widths of the detector.
    """

    def __init__(self, stuff: str, energies_keV: ArrayLike, relative_light: ArrayLike) -> None:
        e = np.asarray(energies_keV, dtype=np.float64)
        r = np.asarray(relative_light, dtype=np.float64)
        if e.ndim != 1 or e.size < 2 or r.shape != e.shape:
            raise InvalidInput("a table of light has two energies or more, and one value for each")
        if not (np.all(np.isfinite(e)) and np.all(np.diff(e) > 0) and e[0] > 0):
            raise InvalidInput("energies of a table of light are positive and rise")
        if not (np.all(np.isfinite(r)) and np.all(r > 0)):
            raise InvalidInput("values of a table of light are positive numbers")
        self._stuff = material(stuff)
        nodes = np.log(np.maximum(_ELECTRONS_KEV, _ELECTRONS_KEV[1]))
        self._electron_light = _ELECTRONS_KEV * np.interp(nodes, np.log(e), r)
        if not np.all(np.diff(self._electron_light) > 0):
            raise InvalidInput(
                "by the table of light an electron gives less light than one of less energy"
            )

    def electron_keV(self, energies_keV: ArrayLike) -> FloatArray:
        """Where single electrons stand on the scale, shape of the energies; below zero unchanged.

        What a Compton electron leaves, and most of a continuum.
        """
        e = np.asarray(energies_keV, dtype=np.float64)
        return np.asarray(np.where(e > 0, self._raw(e) / self._scale, e))

    def electron_energy_keV(self, apparent_keV: ArrayLike) -> FloatArray:
        """Energy of the electron that stands at a place: inverse of :meth:`electron_keV`."""
        at = np.asarray(apparent_keV, dtype=np.float64)
        found = np.interp(at * self._scale, self._electron_light, _ELECTRONS_KEV)
        return np.asarray(np.where(at > 0, found, at))

    def photon_keV(self, energies_keV: ArrayLike) -> FloatArray:
        """Where photons stand that leave all their energy, shape of the energies.

        Below 10 keV as electrons; up to 4 MeV. Below zero unchanged.
        """
        e = np.asarray(energies_keV, dtype=np.float64)
        found = e * np.interp(e, PHOTON_CENTRES_KEV, self._photon_light / PHOTON_CENTRES_KEV)
        found = np.where(e < PHOTON_CENTRES_KEV[0], self._raw(e), found)
        return np.asarray(np.where(e > 0, found / self._scale, e))

    def _raw(self, energies_keV: FloatArray) -> FloatArray:
        return np.asarray(np.interp(energies_keV, _ELECTRONS_KEV, self._electron_light))

    @cached_property
    def _scale(self) -> float:
        ratio = np.interp(SCALE_KEV, PHOTON_CENTRES_KEV, self._photon_light / PHOTON_CENTRES_KEV)
        return float(ratio)

    @cached_property
    def _photon_light(self) -> FloatArray:
        """Mean light of absorbed photons of ``PHOTON_CENTRES_KEV``, by one linear system.

        ``L = f_photo P + f_Compton sum_j K_j [l(E - E_j) + L_j] + f_pair [2 l(T/2) + 2 L(511)]``
        with ``l`` the light of an electron. A vacancy of the K shell gives an X-ray and an electron
        of what is left of the binding energy, or one electron of all of it.
        """
        e = PHOTON_CENTRES_KEV
        mu = self._stuff.coefficients(e)
        photo, incoherent, pair = (
            part / mu.interaction for part in (mu.photo, mu.incoherent, mu.pair)
        )
        follows = scattered_shares(e, PHOTON_EDGES_KEV) * incoherent[:, None]
        known = np.sum(follows * self._raw(np.maximum(e[:, None] - e[None, :], 0.0)), axis=1)
        kinetic = np.maximum(e - PAIR_THRESHOLD_KEV, 0.0)
        known += pair * 2 * self._raw(kinetic / 2)
        follows += np.outer(2 * pair, _weights(ELECTRON_MASS_KEV))
        shares = self._stuff.photo_shares(e)
        unbound = photo.copy()
        for element in self._stuff.mass_fractions:
            k = fluorescence().get(element)
            if k is None or k.alpha_keV <= e[0]:
                continue
            bound = photo * shares[element] * k.k_share * (e > k.edge_keV)
            unbound -= bound
            known += bound * self._raw(np.maximum(e - k.edge_keV, 0.0))
            known += bound * (1 - k.k_yield) * self._raw(np.array(k.edge_keV))
            lines = ((k.alpha_keV, 1 - k.beta_share), (k.beta_keV, k.beta_share))
            for xray_keV, part in lines:
                sent = bound * k.k_yield * part
                known += sent * self._raw(np.array(max(k.edge_keV - xray_keV, 0.0)))
                follows += np.outer(sent, _weights(xray_keV))
        known += unbound * self._raw(e)
        return np.asarray(np.linalg.solve(np.eye(e.size) - follows, known))


def light_of(detector: Construction) -> Light | None:
    """Light of a detector whose file states a table, else None.

    Raises
    ------
    InvalidInput
        As in :class:`Light`.
    """
    if detector.light_keV is None or detector.light is None:
        return None
    return Light(detector.material, detector.light_keV, detector.light)


def _weights(energy_keV: float) -> FloatArray:
    """Straight interpolation between the two photon energies around one, as a row."""
    high = int(np.searchsorted(PHOTON_CENTRES_KEV, energy_keV))
    low = high - 1
    part = (energy_keV - PHOTON_CENTRES_KEV[low]) / np.diff(PHOTON_CENTRES_KEV)[low]
    row = np.zeros(PHOTON_CENTRES_KEV.size)
    row[low], row[high] = 1 - part, part
    return row
