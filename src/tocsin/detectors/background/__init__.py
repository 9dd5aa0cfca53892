"""The natural background of a detector, in components with a physical meaning.

``BackgroundComponents(model, edges_keV, library=...)`` gives the counts of K-40, the U-238 and
Th-232 series in ground and walls, radon progeny in air and on wet ground, cosmic photons and muons
and the crystal's own activity, with derivatives by energy scale, width, layers and crystal size;
``fit_background`` expresses a measured spectrum in them. Shapes for detection, normalised to one,
are those of ``tocsin.detectors.background_components``.
"""

from tocsin.detectors.background.components import (
    PARAMETERS,
    BackgroundComponents,
    Instrument,
)
from tocsin.detectors.background.fields import Field, background_fields, cosmic_field
from tocsin.detectors.background.fit import BackgroundFit, counts_to_fit, fit_background
from tocsin.detectors.background.misfit import Band, Misfit
from tocsin.detectors.background.origins import Component
from tocsin.detectors.background.plane_field import Layer, plane_fields
from tocsin.detectors.background.simulated import SimulatedField
from tocsin.detectors.background.uncertainty import OriginRate

__all__ = [
    "PARAMETERS",
    "BackgroundComponents",
    "BackgroundFit",
    "Band",
    "Component",
    "Field",
    "Instrument",
    "Layer",
    "Misfit",
    "OriginRate",
    "SimulatedField",
    "background_fields",
    "cosmic_field",
    "counts_to_fit",
    "fit_background",
    "plane_fields",
]
