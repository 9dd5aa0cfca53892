"""Compiled: straight flight through nested bodies."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.detectors.transport.compiled import inner

FAR = 1e30
NEAR_cm = 1e-9  # far above the rounding of positions, far below any body


@inner
def chord(codes: Any, lengths: Any, body: int, p: Any, d: Any) -> tuple[float, float]:
    """Where a line enters and leaves a body, as distances from ``p``; (FAR, -FAR) if it misses."""
    kind = codes[body, 0]
    x = p[0] - lengths[body, 0]
    y = p[1] - lengths[body, 1]
    z = p[2] - lengths[body, 2]
    u, v, w = d[0], d[1], d[2]
    if kind == 0:
        r = lengths[body, 3]
        b = x * u + y * v + z * w
        c = x * x + y * y + z * z - r * r
        q = b * b - c
        if q <= 0.0:
            return FAR, -FAR
        q = np.sqrt(q)
        return -b - q, -b + q
    if kind == 1:
        near, far = -FAR, FAR
        for i in range(3):
            s = x if i == 0 else (y if i == 1 else z)
            t = u if i == 0 else (v if i == 1 else w)
            h = lengths[body, 3 + i]
            if abs(t) < 1e-14:
                if abs(s) > h:
                    return FAR, -FAR
                continue
            t1 = (-h - s) / t
            t2 = (h - s) / t
            if t1 > t2:
                t1, t2 = t2, t1
            near = max(near, t1)
            far = min(far, t2)
        if near >= far:
            return FAR, -FAR
        return near, far
    axis = codes[body, 1]
    if axis == 0:
        x, z = z, x
        u, w = w, u
    elif axis == 1:
        y, z = z, y
        v, w = w, v
    h = lengths[body, 3 + axis]
    r = lengths[body, 3] if axis != 0 else lengths[body, 4]
    near, far = -FAR, FAR
    a = u * u + v * v
    c = x * x + y * y - r * r
    if a < 1e-24:
        if c > 0.0:
            return FAR, -FAR
    else:
        b = x * u + y * v
        q = b * b - a * c
        if q <= 0.0:
            return FAR, -FAR
        q = np.sqrt(q)
        near, far = (-b - q) / a, (-b + q) / a
    if abs(w) < 1e-14:
        if abs(z) > h:
            return FAR, -FAR
    else:
        t1 = (-h - z) / w
        t2 = (h - z) / w
        if t1 > t2:
            t1, t2 = t2, t1
        near = max(near, t1)
        far = min(far, t2)
    if near >= far:
        return FAR, -FAR
    return near, far


@inner
def next_boundary(codes: Any, lengths: Any, body: int, p: Any, d: Any) -> tuple[float, int]:
    """Distance to where the flight leaves this body's material, and the body it then enters.

    The next body is -1 outside the world.
    """
    _, distance = chord(codes, lengths, body, p, d)
    distance = max(distance, 0.0)
    following = codes[body, 3]
    first = codes[body, 4]
    for child in range(first, first + codes[body, 5]):
        near, far = chord(codes, lengths, child, p, d)
        if far > NEAR_cm and near > -NEAR_cm and far - near > NEAR_cm and near < distance:
            distance = max(near, 0.0)
            following = child
    return distance, following


@inner
def body_at(codes: Any, lengths: Any, p: Any) -> int:
    """Innermost body that holds a point, -1 outside the world."""
    if not holds(codes, lengths, 0, p):
        return -1
    body = 0
    while True:
        inside = -1
        first = codes[body, 4]
        for child in range(first, first + codes[body, 5]):
            if holds(codes, lengths, child, p):
                inside = child
                break
        if inside < 0:
            return body
        body = inside


@inner
def holds(codes: Any, lengths: Any, body: int, p: Any) -> bool:
    """Whether a body, its children included, holds a point."""
    kind = codes[body, 0]
    x = abs(p[0] - lengths[body, 0])
    y = abs(p[1] - lengths[body, 1])
    z = abs(p[2] - lengths[body, 2])
    if kind == 0:
        return bool(x * x + y * y + z * z <= lengths[body, 3] ** 2)
    if x > lengths[body, 3] or y > lengths[body, 4] or z > lengths[body, 5]:
        return False
    if kind == 1:
        return True
    axis = codes[body, 1]
    if axis == 0:
        return bool(y * y + z * z <= lengths[body, 4] ** 2)
    if axis == 1:
        return bool(x * x + z * z <= lengths[body, 3] ** 2)
    return bool(x * x + y * y <= lengths[body, 3] ** 2)
