"""Photons that leave a source and its surroundings, before any detector: drawn once, then kept.

They do not depend on the instrument, and drawing them for all candidates behind all layers takes
seconds, so the result is kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from tocsin.detection.analysis import FloatArray
from tocsin.detection.candidates import Candidate, candidate_list
from tocsin.detectors import Shield
from tocsin.detectors.array_cache import Arrays, cached_arrays, response_digest
from tocsin.detectors.compton import cos_angle, scattered_shares
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import through_shield
from tocsin.detectors.surroundings import ground_scatter
from tocsin.nuclear import EmissionLine, NuclideLibrary

# Layers between a source and the instrument, areal densities in g/cm2: from a thin capsule to three
# centimetres of lead, and from a thin scatterer to a body or half a metre of goods. Mixtures are
# what is fitted, so steps of about a factor of three suffice.
SHIELDS: tuple[Shield | None, ...] = (
    None,
    Shield("water", 3.0),
    Shield("water", 10.0),
    Shield("water", 30.0),
    Shield("Fe", 2.5),
    Shield("Fe", 15.0),
    Shield("Pb", 1.1),
    Shield("Pb", 4.5),
    Shield("Pb", 13.6),
    Shield("Pb", 34.0),
)
# A few of them are enough for nuclides that are rare.
RARE_SHIELDS = (0, 2, 6, 8)
# The layer behind which partly absorbed photons are drawn as well.
PARTIAL_SHIELD = 7
# In the crystals themselves, hence in every background: never an encounter.
IN_CRYSTALS = frozenset({"La-138", "Lu-176"})

DEEP_KEV = (150.0, 400.0, 1200.0)

_WEAKEST = 3e-3  # of the strongest line; weaker ones change no shape
_BACK_COSINE = -0.5  # scattering by 120 degrees and more counts as coming back
LOW_KEV, HIGH_KEV = 15.0, 3500.0  # outside no photon is seen by a field instrument's spectrum


@dataclass(frozen=True, slots=True, eq=False)
class SourceField:
    """Photons per decay of one nuclide on the photon grid ``PHOTON_EDGES_KEV``.

    Attributes
    ----------
    name : str
        The nuclide.
    shields : tuple of int
        Numbers of the layers of ``SHIELDS`` that were drawn.
    direct : (n_shield, n_photon) float
        What comes straight from the source behind each layer, scattered photons of it included.
    by_ground : (n_photon,) float
        What comes by way of the ground, bare.
    back : (n_photon,) float
        What passes the crystal and comes back from behind it, bare.
    sharp : (2, n_photon) float
        Lines alone, bare and behind ``PARTIAL_SHIELD``.
    """

    name: str
    shields: tuple[int, ...]
    direct: FloatArray
    by_ground: FloatArray
    back: FloatArray
    sharp: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SourceFields:
    """Fields of all candidates.

    Attributes
    ----------
    nuclides : dict of str to SourceField
        By name.
    deep : (n, n_photon) float
        Photons of ``DEEP_KEV`` that come by way of the ground: what sources behind much scattering
        matter look like, whatever they are.
    """

    nuclides: dict[str, SourceField]
    deep: FloatArray


def on_grid(energies_keV: FloatArray, intensities: FloatArray) -> FloatArray:
    """Lines on the photon grid, each shared between the two nearest energies.

    The grid's steps are 1.2 %, a fraction of the width of a scintillator's peak.
    """
    n = PHOTON_CENTRES_KEV.size
    position = np.interp(
        np.log(np.maximum(energies_keV, 1.0)), np.log(PHOTON_CENTRES_KEV), np.arange(n)
    )
    low = np.minimum(position.astype(np.int64), n - 2)
    part = position - low
    photons = np.bincount(low, weights=intensities * (1 - part), minlength=n)
    return np.asarray(photons + np.bincount(low + 1, weights=intensities * part, minlength=n))


def draw_field(name: str, lines: Sequence[EmissionLine], shields: Sequence[int]) -> SourceField:
    """Photons of one nuclide from its lines: the slow way, and the oracle of what is kept."""
    energies, intensities = _strong_lines(lines)
    n = PHOTON_CENTRES_KEV.size
    direct = np.zeros((len(shields), n))
    sharp = np.zeros((2, n))
    if not energies.size:
        return SourceField(name, tuple(shields), direct, np.zeros(n), np.zeros(n), sharp)
    sharp[0] = on_grid(energies, intensities)
    for row, number in enumerate(shields):
        shield = SHIELDS[number]
        if shield is None:
            direct[row] = sharp[0]
        else:
            out = through_shield(energies, intensities, shield)
            direct[row] = on_grid(out.energies_keV, out.intensities) + out.continuum
    behind = SHIELDS[PARTIAL_SHIELD]
    if behind is not None:
        out = through_shield(energies, intensities, behind)
        sharp[1] = on_grid(out.energies_keV, out.intensities)
    return SourceField(
        name,
        tuple(shields),
        direct,
        ground_scatter(energies, intensities),
        _scattered_back(energies, intensities),
        sharp,
    )


def _scattered_back(energies_keV: FloatArray, intensities: FloatArray) -> FloatArray:
    """Single Klein-Nishina scattering by more than ``_BACK_COSINE``.

    From the carrier, a wall or the ground behind the instrument, none of which a file describes.
    """
    shares = scattered_shares(energies_keV, PHOTON_EDGES_KEV)
    cosine = cos_angle(energies_keV[:, None], PHOTON_CENTRES_KEV[None, :])
    shares[cosine > _BACK_COSINE] = 0.0
    return np.asarray(intensities @ shares)


def _strong_lines(lines: Sequence[EmissionLine]) -> tuple[FloatArray, FloatArray]:
    """Energies and intensities of the lines that matter."""
    inside = [line for line in lines if LOW_KEV <= line.energy_keV <= HIGH_KEV]
    strongest = max((line.intensity for line in inside), default=0.0)
    kept = [line for line in inside if line.intensity >= _WEAKEST * strongest]
    return (
        np.array([line.energy_keV for line in kept], dtype=np.float64),
        np.array([line.intensity for line in kept], dtype=np.float64),
    )


def wanted(library: NuclideLibrary) -> list[Candidate]:
    """Candidates that are looked for in surveys."""
    return [c for c in candidate_list() if c.name not in IN_CRYSTALS and c.name in library]


def draw_fields(library: NuclideLibrary) -> SourceFields:
    """All candidates, drawn afresh."""
    every = tuple(range(len(SHIELDS)))
    nuclides = {
        c.name: draw_field(
            c.name,
            library.lines(c.name, progeny=c.progeny),
            RARE_SHIELDS if c.tier == "uncommon" else every,
        )
        for c in wanted(library)
    }
    one = np.ones(1)
    return SourceFields(nuclides, np.array([ground_scatter(np.array([e]), one) for e in DEEP_KEV]))


@lru_cache(maxsize=4)
def source_fields(library: NuclideLibrary) -> SourceFields:
    """All candidates, from the cache where it holds exactly these."""
    arrays = cached_arrays("source-fields", _key(library), lambda: _as_arrays(draw_fields(library)))
    return _from_arrays(arrays)


def _key(library: NuclideLibrary) -> str:
    """Hash of everything the fields follow from: library, candidates, code and data."""
    text = f"{library.version} {candidate_list()!r} {response_digest()}"
    digest = hashlib.sha256(text.encode())
    digest.update((resources.files("tocsin.detection") / "source_fields.py").read_bytes())
    return digest.hexdigest()


def _as_arrays(fields: SourceFields) -> Arrays:
    """One array per kind, all nuclides one below the other."""
    items = list(fields.nuclides.values())
    return {
        "names": np.array([f.name for f in items]),
        "counts": np.array([len(f.shields) for f in items]),
        "shields": np.array([k for f in items for k in f.shields]),
        "direct": np.vstack([f.direct for f in items]),
        "by_ground": np.array([f.by_ground for f in items]),
        "back": np.array([f.back for f in items]),
        "sharp": np.array([f.sharp for f in items]),
        "deep": fields.deep,
    }


def _from_arrays(arrays: Arrays) -> SourceFields:
    ends = np.cumsum(arrays["counts"])
    out = {}
    for k, name in enumerate(arrays["names"].tolist()):
        rows = slice(int(ends[k] - arrays["counts"][k]), int(ends[k]))
        out[name] = SourceField(
            name,
            tuple(int(n) for n in arrays["shields"][rows]),
            arrays["direct"][rows],
            arrays["by_ground"][k],
            arrays["back"][k],
            arrays["sharp"][k],
        )
    return SourceFields(out, arrays["deep"])
