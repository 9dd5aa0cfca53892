"""Corpus of hand-made structural attacks on readers of spectrum files.

``ATTACKS`` holds them in a fixed order; ``case.Attack`` says what an honest reader may answer.
"""

from __future__ import annotations

from . import (
    binary,
    codes,
    compression,
    containers,
    depth,
    encodings,
    entities,
    hidden,
    plain,
    surveys,
    text,
    tracks,
    truncation,
    values,
    zeroes,
)
from .case import REGISTRY, Attack
from .names import NASTY_NAMES

ATTACKS: tuple[Attack, ...] = tuple(REGISTRY.values())

__all__ = [
    "ATTACKS",
    "NASTY_NAMES",
    "Attack",
    "binary",
    "codes",
    "compression",
    "containers",
    "depth",
    "encodings",
    "entities",
    "hidden",
    "plain",
    "surveys",
    "text",
    "tracks",
    "truncation",
    "values",
    "zeroes",
]
