"""Incident energies of a simulated matrix: even in the logarithm, a pair about every K edge."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.attenuation import fluorescence, material
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

LOW_KEV, HIGH_KEV = 20.0, 3000.0
EDGE_SPAN = 0.004
"""Half distance of the pair about a K edge: the transport smears an edge over one step of its grid,
0.34 per cent."""


def energy_nodes_keV(materials: Iterable[str], count: int) -> FloatArray:
    """Rising energies from 20 to 3000 keV.

    Parameters
    ----------
    materials : iterable of str
        Whose K edges get a pair of energies, one below and one above, so that nothing is mixed
        across an edge.
    count : int
        Of all energies together.

    Raises
    ------
    InvalidInput
        When the count leaves fewer than four energies beside the pairs.
    """
    known = fluorescence()
    elements = sorted({e for name in materials for e in material(name).mass_fractions})
    edges = [known[e].edge_keV for e in elements if e in known]
    inside = [e for e in edges if LOW_KEV * 1.02 < e < HIGH_KEV / 1.02]
    pairs = [e * f for e in inside for f in (1 - EDGE_SPAN, 1 + EDGE_SPAN)]
    even = count - len(pairs)
    if even < 4:
        raise InvalidInput(f"at least {len(pairs) + 4} energies are needed, got {count}")
    nodes = np.sort(np.concatenate((np.geomspace(LOW_KEV, HIGH_KEV, even), pairs)))
    nodes[-1] = HIGH_KEV  # the rounding of the logarithm must not lie above
    nodes[0] = LOW_KEV
    return np.asarray(nodes)
