"""Detectors: a first, simple, deterministic response that folds photon lines into spectra.

Crystal, window and resolution turn photon lines into counts per channel; layers around a source,
scatter from ground and the natural background come as shapes. Not a validated response: see
docs/science/detectors.md for the figures and the limits.
"""

from tocsin.detectors.attenuation import Material, material, material_names
from tocsin.detectors.catalogue import model_for, model_names, named_model
from tocsin.detectors.edition import TEMPLATE_LIBRARY_VERSION
from tocsin.detectors.escapes import EscapePosition, escape_positions
from tocsin.detectors.folding import fold_lines, scatter_continuum
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.model import DetectorModel, Resolution
from tocsin.detectors.slab import Shield
from tocsin.detectors.templates import background_components, nuclide_template

__all__ = [
    "TEMPLATE_LIBRARY_VERSION",
    "Crystal",
    "DetectorModel",
    "EscapePosition",
    "Material",
    "Resolution",
    "Shield",
    "background_components",
    "escape_positions",
    "fold_lines",
    "material",
    "material_names",
    "model_for",
    "model_names",
    "named_model",
    "nuclide_template",
    "scatter_continuum",
]
