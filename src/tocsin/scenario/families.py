"""Walks and drives without any source: the ground on which false alarms are counted.

A family is a kind of surroundings, movement and instrument. Each is a made-up range, our own
choice, from an easy street to one that is rougher than most; none describes a place or a product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.scenario.demo import ICE_SHEET, ICE_SHEET_NOTE, STREET_RATES_CPS
from tocsin.scenario.geometry import Stop, Walk
from tocsin.scenario.scene import Carried, Scene
from tocsin.scenario.street import Material, Patch, Rain, StreetMap, random_patches


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of source-free recording.

    Parameters
    ----------
    name : str
        In words.
    carried : Carried
        The instrument.
    rate : float
        Gamma rate over that of one 2 x 4 x 16 inch crystal in the same street.
    speed_m_s : float
        On foot or by car.
    contrast : float
        Factor on the contrasts of the materials of the street map.
    spacing_m : float
        Mean distance between two patches of the map; their size goes with it.
    common_sd, own_sd : float
        Fluctuation beside the map, see `StreetMap`.
    rain : bool
        With a shower somewhere in the recording.
    """

    name: str
    carried: Carried
    rate: float = 1.0
    speed_m_s: float = 1.2
    contrast: float = 1.0
    spacing_m: float = 28.0
    common_sd: float = 0.03
    own_sd: float = 0.04
    rain: bool = False

    def scene(self, rng: np.random.Generator, *, duration_s: float = 3600.0) -> Scene:
        """A street of its own, drawn from ``rng``; the walk lasts ``duration_s`` seconds.

        Raises
        ------
        InvalidInput
            When the duration is below a minute.
        """
        if not 60.0 <= duration_s < math.inf:
            raise InvalidInput(f"duration_s must be 60 or more, not {duration_s!r}")
        walk = self._walk(rng, duration_s)
        patches = tuple(
            self._scaled(patch) for patch in random_patches(walk, rng, spacing_m=self.spacing_m)
        )
        rain = None
        if self.rain:
            start_s = float(rng.uniform(0.1, 0.6)) * duration_s
            rain = Rain(start_s, float(rng.uniform(300.0, 1500.0)), float(rng.uniform(0.3, 1.5)))
        a, b, c, d = (self.rate * r for r in STREET_RATES_CPS)
        street = StreetMap(
            (a, b, c, d), patches, common_sd=self.common_sd, own_sd=self.own_sd, rain=rain
        )
        return Scene(
            name=f"no source: {self.name}",
            anchor=ICE_SHEET,
            place_note=ICE_SHEET_NOTE,
            walk=walk,
            street=street,
            carried=self.carried,
        )

    def _walk(self, rng: np.random.Generator, duration_s: float) -> Walk:
        """Legs of 100 to 400 m east or north; now and then a stop."""
        stops: list[Stop] = []
        corners = [(0.0, 0.0)]
        length_m, time_s = 0.0, 0.0
        while time_s < duration_s:
            leg_m = float(rng.uniform(100.0, 400.0))
            x, y = corners[-1]
            corners.append((x + leg_m, y) if len(corners) % 2 else (x, y + leg_m))
            if rng.random() < 0.3:
                stop = Stop(length_m + leg_m / 2, float(rng.uniform(5.0, 60.0)))
                stops.append(stop)
                time_s += stop.duration_s
            length_m += leg_m
            time_s += leg_m / self.speed_m_s
        return Walk(tuple(corners), speed_m_s=self.speed_m_s, stops=tuple(stops))

    def _scaled(self, patch: Patch) -> Patch:
        m, f = patch.material, self.contrast
        material = Material(m.name, f * m.potassium, f * m.uranium, f * m.thorium, f * m.cosmic)
        return replace(patch, material=material, radius_m=patch.radius_m * self.spacing_m / 28.0)


_LOG = Carried()
_STEADY_LOG = Carried(gain_drift=0.002)
_DRIFTING_LOG = Carried(gain_drift=0.02)
_SMALL_NAI = Carried(model="generic-nai", n_channel=512, gain_drift=0.01)
_LABR = Carried(model="generic-labr3", n_channel=1024, gain_drift=0.003, neutron_rate_cps=0.05)
_CUBE = Carried(
    model="radiacode-102",
    full_scale_keV=2900.0,
    gain_drift=0.01,
    dead_time_us=20.0,
    neutron_rate_cps=None,
)
_CAR = Carried(gain_drift=0.005, body_shadow=0.0, dead_time_us=2.0, neutron_rate_cps=1.2)

# Rates over that of a 2x4x16 in crystal: by volume for the small ones (2x2 in 6.3 in3 and 1.5x1.5
# in 2.7 in3 against 128 in3, with some more for their better surface to volume), 6 counts per
# second for a 1 cm cube as its recordings show, and four crystals in a car.
FAMILIES: tuple[Family, ...] = (
    Family("on foot, easy street", _STEADY_LOG, contrast=0.4, common_sd=0.02, own_sd=0.02),
    Family("on foot, usual street", _LOG),
    Family("on foot, rough street", _DRIFTING_LOG, contrast=1.5, common_sd=0.1, own_sd=0.1),
    Family("on foot, rain", _LOG, rain=True),
    Family(
        "by car, easy roads",
        _CAR,
        rate=4.0,
        speed_m_s=10.0,
        contrast=0.5,
        spacing_m=200.0,
        common_sd=0.02,
        own_sd=0.03,
    ),
    Family("by car, town", _CAR, rate=4.0, speed_m_s=8.0, spacing_m=80.0),
    Family(
        "by car, rough roads and rain",
        replace(_CAR, gain_drift=0.015),
        rate=4.0,
        speed_m_s=12.0,
        contrast=1.5,
        spacing_m=60.0,
        common_sd=0.08,
        own_sd=0.08,
        rain=True,
    ),
    Family("on foot, 2x2 in NaI", _SMALL_NAI, rate=0.08),
    Family("on foot, 1.5x1.5 in LaBr3", _LABR, rate=0.04),
    Family("on foot, 1 cm CsI cube", _CUBE, rate=0.0035),
)
"""The families of the false-alarm runs; the same number of hours of each."""
