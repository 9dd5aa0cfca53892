"""Photon transport: single photons followed through nested bodies, in compiled code.

``simulate(scene, source, energies_keV, histories)`` gives a ``Tally``. The compiler is loaded when
``simulate`` is first asked for; scenes and sources can be described without it.
"""

from typing import Any

from tocsin.detectors.transport.scene import Body, Scene
from tocsin.detectors.transport.sources import (
    DiscSource,
    FieldSource,
    PointSource,
    Source,
    VolumeSource,
)
from tocsin.detectors.transport.tally import Estimate, Tally

__all__ = [
    "Body",
    "DiscSource",
    "Estimate",
    "FieldSource",
    "Physics",
    "PointSource",
    "Scene",
    "Source",
    "Tally",
    "VolumeSource",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name in ("Physics", "simulate"):
        from importlib import import_module

        # the attribute "simulate" must be the function, not the file of that name
        module = import_module("tocsin.detectors.transport.run")
        globals().update(Physics=module.Physics, simulate=module.simulate)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
