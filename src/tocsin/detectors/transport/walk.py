"""Compiled: the walk of photons from source to end, and what is counted on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.detectors.transport.chance import isotropic, start_stream, turn, uniform
from tocsin.detectors.transport.compiled import entry, inner
from tocsin.detectors.transport.encounters import (
    M_keV,
    broadened,
    compton,
    energy_of,
    find,
    photoelectron_cosine,
    radiative_share,
    rayleigh,
    reach_of,
)
from tocsin.detectors.transport.rays import body_at, next_boundary

STACK = 256
MOST_STEPS = 1_000_000
# places of the sums of one block: weight and squared weight of five events, energy, faults
FULL, TOTAL, FIRST, ENERGY, PASSED, LOST, IMBALANCE = 0, 2, 4, 6, 8, 10, 11
N_SUMS = 12
# switches
RAYLEIGH, BINDING, DOPPLER, FLUORESCENCE, ELECTRONS, BREMSSTRAHLUNG = 0, 1, 2, 3, 4, 5


@inner
def push(stack: Any, places: Any, count: int, p: Any, d: Any, energy: float, body: int) -> int:
    """Put a photon on the stack; returns the new count, unchanged where the stack is full."""
    if count >= STACK:
        return count
    for i in range(3):
        stack[count, i] = p[i]
        stack[count, 3 + i] = d[i]
    stack[count, 6] = energy
    places[count] = body
    return count + 1


@inner
def put(got: Any, body: int, sensitive: int, energy: float) -> None:
    """Energy left in a body."""
    if body == sensitive:
        got[0] += energy
    else:
        got[1] += energy


@inner
def relax(
    matter: Any, element: int, shell: int, cutoff: float,
    stack: Any, places: Any, count: int, p: Any, d: Any, body: int, state: Any,
) -> tuple[int, float]:  # fmt: skip
    """X-rays of a vacancy: the new count of the stack, and the energy that they carry away."""
    away = 0.0
    while shell >= 0:
        u = uniform(state)
        share = matter.vacancy[element, shell]
        if u < share[0]:
            lines = matter.line_count[element, shell]
            if lines == 0:
                break
            k = find(matter.line_cumulative[element, shell], lines, uniform(state))
            energy = matter.line_energy[element, shell, k]
            if energy > cutoff:
                isotropic(state, d)
                before = count
                count = push(stack, places, count, p, d, energy, body)
                if count > before:
                    away += energy
            shell = matter.line_to[element, shell, k]
        elif u < share[0] + share[1]:
            shell = 2
        elif u < share[0] + share[1] + share[2]:
            shell = 3
        else:
            break
    return count, away


@inner
def electron(
    geometry: Any, matter: Any, reach_grid: Any, switches: Any, cutoff: float, sensitive: int,
    kinetic: float, p: Any, d: Any, body: int, spot: Any, way: Any,
    stack: Any, places: Any, count: int, got: Any, state: Any,
) -> int:  # fmt: skip
    """Bremsstrahlung, then a straight way through the bodies; returns the new count of the stack.

    The way that an electron of reach R makes good is even between 0 and R; its energy falls along
    it as that of an electron whose reach is left.
    """
    codes, lengths = geometry
    if kinetic <= 0.0:
        return count
    m = codes[body, 2]
    left = kinetic
    if switches[BREMSSTRAHLUNG] and kinetic > 2.0 * cutoff and m >= 0:
        y = radiative_share(kinetic, matter.mean_z[m])
        mean = 2.0 * y * (np.log(kinetic / cutoff) - 1.0 + cutoff / kinetic)
        bar = np.exp(-mean)
        product = uniform(state)
        while product > bar:
            product *= uniform(state)
            while True:
                k = cutoff * np.exp(uniform(state) * np.log(kinetic / cutoff))
                if uniform(state) < 1.0 - k / kinetic:
                    break
            if k < left:
                isotropic(state, way)
                before = count
                count = push(stack, places, count, p, way, k, body)
                if count > before:
                    left -= k
    if not switches[ELECTRONS]:
        put(got, body, sensitive, left)
        return count
    low, ratio = reach_grid
    share = uniform(state)
    for i in range(3):
        spot[i] = p[i]
    for _ in range(1000):
        distance, following = next_boundary(codes, lengths, body, spot, d)
        m = codes[body, 2]
        if m >= 0:
            row = matter.electron_range[m]
            reach = reach_of(row, left, low, ratio)
            if share * reach <= distance:
                put(got, body, sensitive, left)
                return count
            after = energy_of(row, reach - distance / share, low, ratio)
            after = min(after, left)
            put(got, body, sensitive, left - after)
            left = after
        if following < 0:
            got[2] += left
            return count
        for i in range(3):
            spot[i] += distance * d[i]
        body = following
    put(got, body, sensitive, left)
    return count


@inner
def start(
    geometry: Any, source_codes: Any, source: Any, p: Any, d: Any, state: Any
) -> tuple[float, int]:
    """Draw place and direction of a photon; returns its weight and its body."""
    codes, lengths = geometry
    kind, direction, origin = source_codes[0], source_codes[1], source_codes[2]
    body = -1
    if kind == 3:
        isotropic(state, d)
        turn(d, 0.0, 2.0 * np.pi * uniform(state), p)  # a direction across that of flight
        r = source[6] * np.sqrt(uniform(state))
        back = np.sqrt(source[6] * source[6] - r * r)
        for i in range(3):
            p[i] = source[i] + r * p[i] - back * d[i]
        return 1.0, body_at(codes, lengths, p)
    if kind == 2:
        for _ in range(1_000_000):
            for i in range(3):
                p[i] = lengths[origin, i] + lengths[origin, 3 + i] * (2.0 * uniform(state) - 1.0)
            body = body_at(codes, lengths, p)
            if body == origin:
                break
        if body != origin:  # its children leave hardly anything of it: lost, and not elsewhere
            return 1.0, -1
    else:
        for i in range(3):
            p[i] = source[i]
        if kind == 1:
            r = source[6] * np.sqrt(uniform(state))
            turn(source[3:6], 0.0, 2.0 * np.pi * uniform(state), d)
            for i in range(3):
                p[i] += r * d[i]
        body = body_at(codes, lengths, p)
    if direction == 2:
        for i in range(3):
            d[i] = source[3 + i]
        return 1.0, body
    if direction == 1:
        x, y, z = source[7] - p[0], source[8] - p[1], source[9] - p[2]
        far = np.sqrt(x * x + y * y + z * z)
        if far > source[10]:
            sin2 = (source[10] / far) ** 2
            span = sin2 / (1.0 + np.sqrt(1.0 - sin2))  # 1 - cos of the half angle
            d[0], d[1], d[2] = x / far, y / far, z / far
            axis = d.copy()
            turn(axis, 1.0 - span * uniform(state), 2.0 * np.pi * uniform(state), d)
            return 0.5 * span, body
    isotropic(state, d)
    return 1.0, body


@entry
def run_block(
    codes: Any, lengths: Any, sensitive: int, matter: Any, grids: Any, switches: Any,
    source_codes: Any, source: Any, energy: float, seed: Any, energy_key: Any, block: int,
    histories: int, bin_keV: float, counts: Any, sums: Any, leaving: Any,
) -> None:  # fmt: skip
    """Follow the histories of one block.

    Fills ``counts`` (bins, 2), ``sums`` (N_SUMS,) and, where it has bins, ``leaving`` (bins, 2).
    """
    geometry = (codes, lengths)
    log_low, step, electron_low, electron_step, cutoff = grids
    reach_grid = (electron_low, electron_step)
    n_grid = matter.rates.shape[1]
    state = np.zeros(2, dtype=np.uint64)
    start_stream(state, seed, energy_key, block)
    stack, places = np.zeros((STACK, 7)), np.zeros(STACK, dtype=np.int64)
    p, d, new, way, spot = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    got = np.zeros(3)  # energy in the sensitive body, in the others, gone from the world
    for _ in range(histories):
        weight, body = start(geometry, source_codes, source, p, d, state)
        got[:] = 0.0
        met = False
        lost = body < 0
        count = 0
        if not lost:
            count = push(stack, places, count, p, d, energy, body)
        while count > 0:
            count -= 1
            for i in range(3):
                p[i] = stack[count, i]
                d[i] = stack[count, 3 + i]
            e, body = stack[count, 6], places[count]
            for number in range(MOST_STEPS + 1):
                if number == MOST_STEPS:
                    lost = True
                    break
                distance, following = next_boundary(codes, lengths, body, p, d)
                m = codes[body, 2]
                flight = 1e30
                i0, part = 0, 0.0
                if m >= 0:
                    at = (np.log(e) - log_low) / step
                    i0 = min(max(int(at), 0), n_grid - 2)
                    part = at - i0
                    rates = matter.rates[m]
                    mu = rates[i0, 0] + part * (rates[i0 + 1, 0] - rates[i0, 0])
                    s3 = rates[i0, 3] + part * (rates[i0 + 1, 3] - rates[i0, 3])
                    top = 1.0
                    if not switches[RAYLEIGH]:
                        top = s3
                        mu *= s3
                    flight = -np.log(uniform(state)) / mu
                if flight >= distance:
                    for i in range(3):
                        p[i] += distance * d[i]
                    body = following
                    if body < 0:
                        got[2] += e
                        if leaving.shape[0] > 0:
                            if e == energy:
                                sums[PASSED] += weight
                                sums[PASSED + 1] += weight * weight
                            else:
                                place = int(e / bin_keV)
                                leaving[place, 0] += weight
                                leaving[place, 1] += weight * weight
                        break
                    continue
                for i in range(3):
                    p[i] += flight * d[i]
                rates = matter.rates[m]
                near = i0 if part < 0.5 else i0 + 1
                pick = matter.pick[m, near]
                members = matter.members[m]
                u = uniform(state) * top
                v = uniform(state)
                k = 0
                if u >= s3:
                    while pick[k, 2] < v:
                        k += 1
                    cosine = rayleigh(matter, members[k], e, state)
                    turn(d, cosine, 2.0 * np.pi * uniform(state), new)
                    for i in range(3):
                        d[i] = new[i]
                    continue
                if not met:
                    met = True
                    if body == sensitive:
                        sums[FIRST] += weight
                        sums[FIRST + 1] += weight * weight
                s1 = rates[i0, 1] + part * (rates[i0 + 1, 1] - rates[i0, 1])
                s2 = rates[i0, 2] + part * (rates[i0 + 1, 2] - rates[i0, 2])
                if u < s1:
                    while pick[k, 0] < v:
                        k += 1
                    element = members[k]
                    binding = 0.0
                    shells = matter.photo_shell[element, near]
                    v = uniform(state)
                    for shell in range(4):
                        if v < shells[shell]:
                            edge = matter.inner_edge[element, shell]
                            if switches[FLUORESCENCE] and edge < e:
                                binding = edge
                                count, away = relax(
                                    matter, element, shell, cutoff,
                                    stack, places, count, p, new, body, state,
                                )  # fmt: skip
                                put(got, body, sensitive, edge - away)
                            break
                    kinetic = e - binding
                    cosine = photoelectron_cosine(kinetic, state)
                    turn(d, cosine, 2.0 * np.pi * uniform(state), new)
                    count = electron(
                        geometry, matter, reach_grid, switches, cutoff, sensitive, kinetic, p, new,
                        body, spot, way, stack, places, count, got, state,
                    )  # fmt: skip
                    break
                if u >= s2:
                    kinetic = e - 2.0 * M_keV
                    first = kinetic * uniform(state)
                    for which in range(2):
                        count = electron(
                            geometry, matter, reach_grid, switches, cutoff, sensitive,
                            first if which == 0 else kinetic - first, p, d,
                            body, spot, way, stack, places, count, got, state,
                        )  # fmt: skip
                    isotropic(state, new)
                    count = push(stack, places, count, p, new, M_keV, body)
                    for i in range(3):
                        new[i] = -new[i]
                    count = push(stack, places, count, p, new, M_keV, body)
                    break
                while pick[k, 1] < v:
                    k += 1
                element = members[k]
                cosine = compton(matter, element, e, switches[BINDING] != 0, state)
                shell = -1
                if switches[DOPPLER]:
                    after, shell = broadened(matter, element, e, cosine, state)
                else:
                    after = e / (1.0 + e / M_keV * (1.0 - cosine))
                turn(d, cosine, 2.0 * np.pi * uniform(state), new)
                binding = 0.0
                if shell >= 0:
                    binding = matter.shell_edge[element, shell]
                    away = 0.0
                    vacant = matter.shell_inner[element, shell]
                    if switches[FLUORESCENCE] and vacant >= 0:
                        count, away = relax(
                            matter, element, vacant, cutoff,
                            stack, places, count, p, spot, body, state,
                        )  # fmt: skip
                    put(got, body, sensitive, binding - away)
                kinetic = e - after - binding
                if kinetic > 0.0:
                    norm = 0.0
                    for i in range(3):
                        d[i] = e * d[i] - after * new[i]
                        norm += d[i] * d[i]
                    norm = 1.0 / np.sqrt(max(norm, 1e-300))
                    for i in range(3):
                        d[i] *= norm
                    count = electron(
                        geometry, matter, reach_grid, switches, cutoff, sensitive, kinetic, p, d,
                        body, spot, way, stack, places, count, got, state,
                    )  # fmt: skip
                for i in range(3):
                    d[i] = new[i]
                e = after
                if e <= cutoff:
                    put(got, body, sensitive, e)
                    break
        if lost:
            sums[LOST] += 1.0
            continue
        sums[IMBALANCE] = max(sums[IMBALANCE], abs(energy - got[0] - got[1] - got[2]))
        deposit = got[0]
        if deposit > 0.0:
            w2 = weight * weight
            sums[TOTAL] += weight
            sums[TOTAL + 1] += w2
            sums[ENERGY] += weight * deposit
            sums[ENERGY + 1] += w2 * deposit * deposit
            if deposit > energy * (1.0 - 1e-9):
                sums[FULL] += weight
                sums[FULL + 1] += w2
            else:
                place = int(deposit / bin_keV)
                counts[place, 0] += weight
                counts[place, 1] += w2
