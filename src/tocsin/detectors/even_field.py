"""Photons that meet a detector evenly from all sides, for the photon transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.detectors.construction import Construction
from tocsin.detectors.point_scene import SENSITIVE, detector_body
from tocsin.detectors.transport import Body, FieldSource, Scene
from tocsin.errors import OutOfDomain

APART_CM = 1e-3  # of nothing between the outermost layer and the sphere of the field
LEAST_LAYERS, MOST_LAYERS = 0.01, 20.0


@dataclass(frozen=True, slots=True)
class EvenField:
    """A field of the same fluence from every direction, around a detector in empty space.

    Parameters
    ----------
    layers : float
        Density of the layers over that of the detector's file, 0.01 to 20: more or less matter in
        the same place.

    Raises
    ------
    OutOfDomain
        For an amount of layers outside these limits or that is no number.
    """

    layers: float = 1.0

    def __post_init__(self) -> None:
        if not LEAST_LAYERS <= self.layers <= MOST_LAYERS:
            raise OutOfDomain(
                f"{self.layers:g} times the layers lies outside the range of validity, "
                f"{LEAST_LAYERS:g} to {MOST_LAYERS:g}"
            )

    @property
    def manifest(self) -> dict[str, Any]:
        """What a matrix says of it."""
        return {"field": "even from all sides", "layers": self.layers}

    def scene(self, detector: Construction) -> tuple[Scene, FieldSource]:
        """Bodies and source for the photon transport."""
        body = self._body(detector)
        radius = body.bounding_radius_cm + APART_CM
        world = Body(
            "world", "sphere", (radius + APART_CM,), "vacuum", body.centre_cm, children=(body,)
        )
        return Scene(world, SENSITIVE), FieldSource(body.centre_cm, radius)

    def area_cm2(self, detector: Construction) -> float:
        """Photons of the source for a fluence of one per cm2: the section of its sphere."""
        return float(np.pi * (self._body(detector).bounding_radius_cm + APART_CM) ** 2)

    def _body(self, detector: Construction) -> Body:
        body, _ = detector_body(detector, denser=self.layers)
        return body
