"""A straight street without fluctuation, drift or shadow, for tests of one thing at a time."""

from __future__ import annotations

import numpy as np

from tocsin.scenario import Anchor, Carried, GnssModel, Perturbation, Scene, StreetMap, Walk
from tocsin.spectra import Recording

FLAT = StreetMap((400.0, 260.0, 590.0, 450.0), common_sd=0.0, own_sd=0.0)
STEADY = Carried(gain_drift=0.0, body_shadow=0.0)
NOMINAL = Perturbation()


def plain_scene(*sources, walk=None, street=FLAT, carried=STEADY, gnss=None) -> Scene:
    """A straight street without fluctuation, drift or shadow."""
    return Scene(
        name="plain",
        anchor=Anchor(-75.0, 60.0),
        place_note="Made up.",
        walk=walk or Walk(((-150.0, 0.0), (150.0, 0.0)), speed_m_s=1.0),
        street=street,
        sources=tuple(sources),
        carried=carried,
        gnss=gnss or GnssModel(),
    )


def counts_of(recording: Recording) -> np.ndarray:
    return np.array([r.spectra[0].counts for r in recording.records])
