"""Hash of the code and the data that the photon transport follows from."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import numpy as np

CODE = (
    "attenuation.py",
    "compton.py",
    "electrons.py",
    "energy_nodes.py",
    "even_field.py",
    "irradiation.py",
    "line_areas.py",
    "photon_matrix.py",
    "photon_matrix_build.py",
    "point_scene.py",
    "response.py",
    "shield_matrix.py",
    "simulated_rows.py",
)
"""Files of this room, all of ``transport`` beside them."""
DATA = (
    "attenuation.csv",
    "compton_profiles.csv",
    "elements.csv",
    "fluorescence.csv",
    "materials.json",
    "photo_shells.csv",
    "scattering.csv",
    "xray_lines.csv",
    "xray_yields.csv",
)


@cache
def transport_digest() -> str:
    """Hexadecimal hash: what every simulated matrix follows from beside its model and settings."""
    room = resources.files("tocsin.detectors")
    digest = hashlib.sha256(np.__version__.encode())
    followed = [room / name for name in CODE] + [room / "data" / name for name in DATA]
    followed += sorted(
        (i for i in (room / "transport").iterdir() if i.name.endswith(".py")), key=lambda i: i.name
    )
    for item in followed:
        digest.update(item.name.encode() + item.read_bytes())
    return digest.hexdigest()
