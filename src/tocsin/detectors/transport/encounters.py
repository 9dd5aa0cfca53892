"""Compiled: what happens to a photon where it meets an atom, and to the electrons set free."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.detectors.transport.chance import uniform
from tocsin.detectors.transport.compiled import inner

M_keV = 510.99895
HC_keV_A = 12.398419843  # h c: photon energy times wavelength
RADIATED_PER_Z_MEV = 6e-4  # of an electron's energy, thin: recalled, not verified


@inner
def find(values: Any, count: int, u: float) -> int:
    """First place of a rising row whose value is at least ``u``."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if values[middle] < u:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def scattering_factor(matter: Any, element: int, x: float) -> float:
    """S(x)/Z, straight in the logarithm of x."""
    n = matter.log_x.size
    step = (matter.log_x[n - 1] - matter.log_x[0]) / (n - 1)
    if x <= 0.0:
        return 0.0
    at = (np.log(x) - matter.log_x[0]) / step
    if at <= 0.0:  # S grows with the square of x
        return float(matter.scattering[element, 0] * np.exp(2.0 * at * step))
    if at >= n - 1:
        return 1.0
    i = int(at)
    row = matter.scattering[element]
    return float(row[i] + (at - i) * (row[i + 1] - row[i]))


@inner
def compton(matter: Any, element: int, energy: float, bound: bool, state: Any) -> float:
    """Cosine of a Compton scattering: Klein-Nishina by composition, times S(x)/Z by rejection."""
    k = energy / M_keV
    least = 1.0 / (1.0 + 2.0 * k)
    a1 = np.log(1.0 / least)
    a2 = 0.5 * (1.0 - least * least)
    while True:
        if uniform(state) * (a1 + a2) < a1:
            eps = np.exp(-a1 * uniform(state))
        else:
            eps = np.sqrt(least * least + (1.0 - least * least) * uniform(state))
        t = (1.0 - eps) / (eps * k)
        sin2 = t * (2.0 - t)
        if uniform(state) > 1.0 - eps * sin2 / (1.0 + eps * eps):
            continue
        if bound:
            x = energy / HC_keV_A * np.sqrt(max(0.0, 0.5 * t))
            if uniform(state) > scattering_factor(matter, element, x):
                continue
        return float(1.0 - t)


@inner
def broadened(
    matter: Any, element: int, energy: float, cosine: float, state: Any
) -> tuple[float, int]:
    """Scattered energy with the motion of the electron, and the shell it came from.

    Impulse approximation, shell by shell: the shell by its electrons, the momentum along the
    transfer from its profile, refused where the transfer is below the binding energy.
    """
    tau = 1.0 / (1.0 + energy / M_keV * (1.0 - cosine))
    count = matter.shell_count[element]
    for _ in range(200):
        shell = find(matter.shell_cumulative[element], count, uniform(state))
        edge = matter.shell_edge[element, shell]
        if edge >= energy:
            continue
        row = matter.profile_cumulative[element, shell]
        u = uniform(state)
        sign = 1.0
        if u < 0.5:
            sign = -1.0
            u = 0.5 - u
        else:
            u = u - 0.5
        u *= 2.0
        i = find(row, row.size, u)
        if i == 0:
            i = 1
        share = (u - row[i - 1]) / max(row[i] - row[i - 1], 1e-300)
        pz = sign * (matter.momentum[i - 1] + share * (matter.momentum[i] - matter.momentum[i - 1]))
        t = pz * pz
        below = 1.0 - t * tau * tau
        b = 1.0 - t * tau * cosine
        q = b * b - below * (1.0 - t)
        if q < 0.0 or below <= 0.0:
            continue
        after = energy * tau / below * (b + sign * np.sqrt(q))
        if 0.0 < after <= energy - edge:
            return after, shell
    return energy * tau, -1


@inner
def rayleigh(matter: Any, element: int, energy: float, state: Any) -> float:
    """Cosine of a coherent scattering: F squared from its area, Thomson's factor by rejection."""
    most = energy / HC_keV_A
    n = matter.log_x.size
    step = (matter.log_x[n - 1] - matter.log_x[0]) / (n - 1)
    area = matter.form_area[element]
    first2 = np.exp(2.0 * matter.log_x[0])
    at = (np.log(most) - matter.log_x[0]) / step
    if at <= 0.0:
        whole = area[0] * most * most / first2
    elif at >= n - 1:
        whole = area[n - 1]
    else:
        i = int(at)
        low2, high2 = np.exp(2.0 * matter.log_x[i]), np.exp(2.0 * matter.log_x[i + 1])
        whole = area[i] + (area[i + 1] - area[i]) * (most * most - low2) / (high2 - low2)
    while True:
        u = uniform(state) * whole
        if u <= area[0]:
            x2 = first2 * u / area[0]
        else:
            i = find(area, n, u)
            low2, high2 = np.exp(2.0 * matter.log_x[i - 1]), np.exp(2.0 * matter.log_x[i])
            x2 = low2 + (high2 - low2) * (u - area[i - 1]) / max(area[i] - area[i - 1], 1e-300)
        cosine = 1.0 - 2.0 * min(x2 / (most * most), 1.0)
        if uniform(state) < 0.5 * (1.0 + cosine * cosine):
            return float(cosine)


@inner
def photoelectron_cosine(kinetic: float, state: Any) -> float:
    """Cosine of a photoelectron to its photon: sin^2 / (1 - beta cos)^4 (Sauter's leading term)."""
    gamma = 1.0 + kinetic / M_keV
    beta = np.sqrt(max(0.0, 1.0 - 1.0 / (gamma * gamma)))
    while True:
        # cos drawn from (1 - beta cos)^-2, the rest by rejection
        u = 2.0 * uniform(state) - 1.0
        c = (u + beta) / (1.0 + u * beta)
        s = 1.0 - beta * c
        # sin^2 / s^2 has its largest value gamma^2 at cos = beta
        if uniform(state) * gamma * gamma * s * s < 1.0 - c * c:
            return float(c)


@inner
def reach_of(row: Any, kinetic: float, low: float, ratio: float) -> float:
    """Straight reach of an electron in cm; a power law below the grid."""
    at = np.log(kinetic / low) / ratio
    if at <= 0.0:
        return float(row[0] * np.exp(1.5 * at * ratio))
    i = min(int(at), row.size - 2)
    return float(row[i] + (at - i) * (row[i + 1] - row[i]))


@inner
def energy_of(row: Any, reach: float, low: float, ratio: float) -> float:
    """Kinetic energy that reaches so far: the inverse of ``reach_of``."""
    if reach <= row[0]:
        return float(low * (max(reach, 0.0) / row[0]) ** (1.0 / 1.5))
    i = find(row, row.size, reach)
    share = (reach - row[i - 1]) / (row[i] - row[i - 1])
    return float(low * np.exp((i - 1 + share) * ratio))


@inner
def radiative_share(kinetic: float, z: float) -> float:
    """Share of an electron's energy that becomes bremsstrahlung: 6e-4 Z T / (1 + 6e-4 Z T)."""
    y = RADIATED_PER_Z_MEV * z * kinetic / 1000.0
    return y / (1.0 + y)
