"""The walk of ``make demo``: a lost gauge, a patient and a granite heap in one street."""

from __future__ import annotations

import math

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.scenario.geometry import Anchor, Stop, Walk
from tocsin.scenario.scene import Scene
from tocsin.scenario.sources import Layer, NormHeap, PointSource, Waypoint
from tocsin.scenario.street import StreetMap, random_patches

DEMO_DURATION_S = 780
LEG_M = 210.0
BLOCK_M = 160.0
SPEED_M_S = 1.2

ICE_SHEET = Anchor(-75.0, 60.0, elevation_m=2500.0)
ICE_SHEET_NOTE = (
    "The place is made up: the anchor lies on the East Antarctic ice sheet, where there is no "
    "street; nothing here describes a real place, person, source or event."
)

# Mean gamma rates of a 2x4x16 in crystal in counts per second: 400 of potassium, 260 of the uranium
# and 590 of the thorium series, the rest of some 1,700 cosmic, skyshine and scatter. Rounded from a
# decomposition of a published 2x4x16 background; see docs/science/scenario.md.
STREET_RATES_CPS = (400.0, 260.0, 590.0, 450.0)


def demo_scene(*, duration_s: float = DEMO_DURATION_S, map_seed: int = 1) -> Scene:
    """Scene of the demonstration.

    Parameters
    ----------
    duration_s : float
        Length of the walk in seconds, 600 to 36000. The walk goes up and down the same made-up
        streets, block after block; the three sources stand where the first ten minutes pass.
    map_seed : int
        Which street: houses and ground are drawn from it, not from the generator of the walk, so
        that several walks may be made through one street.

    Returns
    -------
    Scene
        Three sources: a caesium level gauge in its lead housing lost behind a fence, a person who
        walks by after a technetium scan, and a heap of granite blocks.

    Raises
    ------
    InvalidInput
        When the duration is out of its range.
    """
    if not 600.0 <= duration_s <= 36_000.0:
        raise InvalidInput(f"duration_s must lie within 600 and 36000, not {duration_s!r}")
    walk = _walk(duration_s)
    patches = random_patches(walk, np.random.default_rng(map_seed))
    return Scene(
        name="demo street",
        anchor=ICE_SHEET,
        place_note=ICE_SHEET_NOTE,
        walk=walk,
        street=StreetMap(STREET_RATES_CPS, patches),
        sources=(_gauge(), _patient(), _granite()),
    )


def _walk(duration_s: float) -> Walk:
    """Legs east and west, joined by blocks to the north, cut to the duration."""
    stops = (Stop(95.0, 12.0), Stop(470.0, 15.0))
    length_m = (duration_s - sum(s.duration_s for s in stops)) * SPEED_M_S
    corners = [(0.0, 0.0)]
    left_m, leg = length_m, 0
    while left_m > 1e-6:
        x, y = corners[-1]
        if leg % 2:
            step = min(BLOCK_M, left_m)
            corners.append((x, y + step))
        else:
            step = min(LEG_M, left_m)
            corners.append((x + math.copysign(step, 1 if leg % 4 == 0 else -1), y))
        left_m -= step
        leg += 1
    return Walk(tuple(corners), speed_m_s=SPEED_M_S, stops=stops)


def _gauge() -> PointSource:
    return PointSource(
        name="lost level gauge",
        nuclide="Cs-137",
        activity_Bq=3.7e8,
        source_class="industrial",
        x_m=140.0,
        y_m=-8.0,
        height_m=0.6,
        layers=(Layer("Pb", 2.5), Layer("Fe", 0.5)),
    )


def _patient() -> PointSource:
    """Comes down the second street towards the walker on its other side, and goes on."""
    return PointSource(
        name="patient after a bone scan",
        nuclide="Tc-99m",
        activity_Bq=2.5e7,
        source_class="medical",
        x_m=216.0,
        y_m=BLOCK_M,
        height_m=1.1,
        layers=(Layer("tissue", 9.0),),
        motion=(Waypoint(170.0, LEG_M + 6.0, 190.0), Waypoint(420.0, LEG_M + 6.0, -60.0)),
    )


def _granite() -> NormHeap:
    return NormHeap(
        name="heap of granite blocks",
        x_m=60.0,
        y_m=BLOCK_M + 5.0,
        length_m=12.0,
        height_m=2.5,
        potassium_Bq_kg=1300.0,
        uranium_Bq_kg=80.0,
        thorium_Bq_kg=110.0,
    )
