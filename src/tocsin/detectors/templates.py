"""Templates: a nuclide, the natural background and the crystal's own activity, as counts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.detectors.counting import Counting, refuse_above
from tocsin.detectors.folding import fold_lines, folder_for, scatter_continuum
from tocsin.detectors.intrinsic import intrinsic_components
from tocsin.detectors.model import DetectorModel
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.slab import Shield, through_shield
from tocsin.detectors.surroundings import inside_medium
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]

BACKGROUND_FLOOR_KEV = 30.0

# Members whose progeny the library follows by itself; the breaks are at long half-lives.
U_SERIES = ("U-238", "U-234", "Th-230", "Ra-226", "Pb-210")
ACTINIUM_SERIES = ("U-235", "Pa-231", "Ac-227")
TH_SERIES = ("Th-232",)
U_ATOM_RATIO = 137.818
"""Atoms of U-238 per atom of U-235 in nature (Hiess et al. 2012, doi:10.1126/science.1215507)."""

COSMIC_INDEX = 1.0
"""Fall of the cosmic photon flux with energy, ``dphi/dE ~ E**-1``: a choice of our own for the
shape of the one component that no line explains; in surveys its amplitude is free."""
COSMIC_511 = 0.02
"""Annihilation photons per photon of the cosmic continuum above 30 keV: a choice of our own."""


def nuclide_lines(
    name: str, *, library: NuclideLibrary, age_s: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Energies in keV and photons per decay of a nuclide and its progeny."""
    lines = library.lines(name, progeny=True, age_s=age_s)
    return (
        np.array([line.energy_keV for line in lines], dtype=np.float64),
        np.array([line.intensity for line in lines], dtype=np.float64),
    )


def nuclide_template(
    name: str,
    model: DetectorModel,
    edges_keV: ArrayLike,
    *,
    library: NuclideLibrary,
    shield: Shield | None = None,
    age_s: float | None = None,
    scatter: float = 0.0,
    counting: Counting | None = None,
) -> FloatArray:
    """Counts per decay of a nuclide with its progeny.

    Parameters
    ----------
    name : str
        Nuclide, in any customary spelling.
    model : DetectorModel
        The detector.
    edges_keV : (n_channel + 1,) float
        Rising channel edges.
    library : NuclideLibrary
        Where the lines come from.
    shield : Shield, optional
        A layer around the source.
    age_s : float, optional
        Time since the nuclide was pure; None for progeny in practical equilibrium.
    scatter : float
        Amount of ground scatter: 0 none, 1 as much as in the standard scene.
    counting : Counting, optional
        Electronics and the true rate of the pulses; without it every pulse is one count.

    Returns
    -------
    (n_channel,) float
        Counts per decay as in :func:`fold_lines`, in the live time; read-only, shared between
        calls.

    Raises
    ------
    NotFound, InvalidInput
        For an unknown nuclide, a scatter amount that is negative or not finite, or channels that
        end below a line where a rate is asked.
    """
    if not (np.isfinite(scatter) and scatter >= 0):
        raise InvalidInput(f"scatter must be a number >= 0, not {scatter!r}")
    edges = np.ascontiguousarray(edges_keV, dtype=np.float64)
    return _template(name, model, edges.tobytes(), library, shield, age_s, float(scatter), counting)


@lru_cache(maxsize=4096)
def _template(
    name: str,
    model: DetectorModel,
    edges: bytes,
    library: NuclideLibrary,
    shield: Shield | None,
    age_s: float | None,
    scatter: float,
    counting: Counting | None,
) -> FloatArray:
    edges_keV = np.frombuffer(edges, dtype=np.float64)
    e, i = nuclide_lines(name, library=library, age_s=age_s)
    if counting is not None:
        seen = e[(i > 0) & (e <= PHOTON_EDGES_KEV[-1])]
        refuse_above({name: float(seen.max(initial=0.0))}, edges_keV)
    counts = fold_lines(e, i, model, edges_keV, shield=shield)
    if scatter > 0:
        inside = (e >= PHOTON_EDGES_KEV[0]) & (e <= PHOTON_EDGES_KEV[-1])
        e, i = e[inside], i[inside]
        if shield is not None and e.size:
            out = through_shield(e, i, shield)
            lit = out.continuum > 0
            e = np.concatenate((out.energies_keV, PHOTON_CENTRES_KEV[lit]))
            i = np.concatenate((out.intensities, out.continuum[lit]))
        counts = counts + scatter * scatter_continuum(e, i, model, edges_keV)
    if counting is not None and np.any(counts > 0):
        # rounding may have left a channel just below zero
        counts = counting.record(np.maximum(counts, 0.0), edges_keV).counts
    counts.flags.writeable = False
    return counts


def background_components(
    model: DetectorModel, edges_keV: ArrayLike, *, library: NuclideLibrary
) -> dict[str, FloatArray]:
    """Shapes of the natural background.

    Parameters
    ----------
    model : DetectorModel
        The detector, in a field from all sides.
    edges_keV : (n_channel + 1,) float
        Rising channel edges.
    library : NuclideLibrary
        Where the lines come from.

    Returns
    -------
    dict of str to (n_channel,) float
        ``"K-40"``, ``"U-series"`` (with the U-235 series at its natural share), ``"Th-series"``:
        activity spread evenly in ground or walls, in equilibrium, with the scatter of that matter;
        ``"cosmic"``; and ``"La-138"`` and ``"Ac-227"`` of lanthanum bromide itself. Each is
        normalised to one count above 30 keV; read-only.

    Notes
    -----
    Radon and its progeny in air, and water or snow above ground, change the ratio of peaks to
    continuum; the shapes here are those of bare ground.
    """
    edges = np.ascontiguousarray(edges_keV, dtype=np.float64)
    return dict(_background(model, edges.tobytes(), library))


def series_lines(library: NuclideLibrary) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Energies in keV and photons per decay of the head: K-40 and the two series in equilibrium.

    The uranium series brings that of U-235 at its natural share.
    """
    share_235 = library["U-238"].half_life_s / library["U-235"].half_life_s / U_ATOM_RATIO
    series = {
        "K-40": {"K-40": 1.0},
        "U-series": dict.fromkeys(U_SERIES, 1.0) | dict.fromkeys(ACTINIUM_SERIES, share_235),
        "Th-series": dict.fromkeys(TH_SERIES, 1.0),
    }
    out = {}
    for key, members in series.items():
        found = [nuclide_lines(name, library=library) for name in members]
        out[key] = (
            np.concatenate([e for e, _ in found]),
            np.concatenate(
                [i * weight for (_, i), weight in zip(found, members.values(), strict=True)]
            ),
        )
    return out


@lru_cache(maxsize=64)
def _background(
    model: DetectorModel, edges: bytes, library: NuclideLibrary
) -> tuple[tuple[str, FloatArray], ...]:
    edges_keV = np.frombuffer(edges, dtype=np.float64)
    out = {
        key: _in_ground(energies, intensities, model, edges_keV)
        for key, (energies, intensities) in series_lines(library).items()
    }
    out["cosmic"] = _cosmic(model, edges_keV)
    if model.intrinsic:
        out |= intrinsic_components(model.intrinsic, folder_for(model, edges_keV))
    return tuple((key, _normalised(counts, edges_keV)) for key, counts in out.items())


def _in_ground(
    energies_keV: FloatArray, intensities: FloatArray, model: DetectorModel, edges_keV: FloatArray
) -> FloatArray:
    inside = (energies_keV >= PHOTON_EDGES_KEV[0]) & (energies_keV <= PHOTON_EDGES_KEV[-1])
    field = inside_medium(energies_keV[inside], intensities[inside])
    folder = folder_for(model, edges_keV)
    counts = folder.lines(field.energies_keV, field.intensities, incidence="isotropic")
    return counts + folder.flux(field.continuum, incidence="isotropic")


def _cosmic(model: DetectorModel, edges_keV: FloatArray) -> FloatArray:
    low, high = PHOTON_EDGES_KEV[:-1], PHOTON_EDGES_KEV[1:]
    flux = (high - low) * ((low + high) / 2) ** -COSMIC_INDEX
    flux[low < BACKGROUND_FLOOR_KEV] = 0.0
    folder = folder_for(model, edges_keV)
    counts = folder.flux(flux, incidence="isotropic")
    line = np.array([COSMIC_511 * flux.sum()])
    at = np.array([ELECTRON_MASS_KEV])
    return counts + folder.lines(at, line, incidence="isotropic")


def _normalised(counts: FloatArray, edges_keV: FloatArray) -> FloatArray:
    total = float(counts[edges_keV[:-1] >= BACKGROUND_FLOOR_KEV].sum())
    if total <= 0:
        raise InvalidInput(
            "channel edges reach no energy above 30 keV where the background has counts"
        )
    out = counts / total
    out.flags.writeable = False
    return out
