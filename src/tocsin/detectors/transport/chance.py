"""Compiled: random numbers and directions.

One stream per block of histories: xoroshiro128++ (Blackman and Vigna 2021, doi:10.1145/3460772),
its state filled by splitmix64 from seed, energy and block. What a block draws depends on nothing
else, so that results are the same for any number of threads and whatever other energies are asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.detectors.transport.compiled import inner

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


@inner
def split(value: Any) -> Any:
    """One output of splitmix64."""
    z = np.uint64(value) + _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _MIX1
    z = (z ^ (z >> np.uint64(27))) * _MIX2
    return z ^ (z >> np.uint64(31))


@inner
def start_stream(state: Any, seed: Any, energy_key: Any, block: int) -> None:
    """Fill the state of one block's stream; ``energy_key`` holds the 64 bits of the energy."""
    key = split(np.uint64(seed))
    key = split(key ^ np.uint64(energy_key))
    key = split(key ^ np.uint64(block))
    state[0] = split(key)
    state[1] = split(state[0] ^ key)


@inner
def uniform(state: Any) -> float:
    """A number in (0, 1]; 1 comes by rounding, once in 2**53, and no caller minds it."""
    s0 = state[0]
    s1 = state[1]
    total = s0 + s1
    result = ((total << np.uint64(17)) | (total >> np.uint64(47))) + s0
    s1 ^= s0
    state[0] = ((s0 << np.uint64(49)) | (s0 >> np.uint64(15))) ^ s1 ^ (s1 << np.uint64(21))
    state[1] = (s1 << np.uint64(28)) | (s1 >> np.uint64(36))
    return (float(result >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


@inner
def isotropic(state: Any, d: Any) -> None:
    """Fill a direction, even over the sphere."""
    d[2] = 2.0 * uniform(state) - 1.0
    s = np.sqrt(max(0.0, 1.0 - d[2] * d[2]))
    phi = 2.0 * np.pi * uniform(state)
    d[0] = s * np.cos(phi)
    d[1] = s * np.sin(phi)


@inner
def turn(d: Any, cosine: float, phi: float, out: Any) -> None:
    """Direction ``d`` turned by a polar angle about itself at azimuth ``phi``."""
    u, v, w = d[0], d[1], d[2]
    s = np.sqrt(max(0.0, 1.0 - cosine * cosine))
    cp, sp = np.cos(phi), np.sin(phi)
    across = np.sqrt(max(0.0, 1.0 - w * w))
    if across < 1e-8:
        sign = 1.0 if w > 0.0 else -1.0
        out[0], out[1], out[2] = s * cp, s * sp, sign * cosine
        return
    out[0] = u * cosine + s * (u * w * cp - v * sp) / across
    out[1] = v * cosine + s * (v * w * cp + u * sp) / across
    out[2] = w * cosine - s * across * cp
    norm = 1.0 / np.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2)
    out[0] *= norm
    out[1] *= norm
    out[2] *= norm
