"""Build a template library from the simulated matrices of detector and shells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.bremsstrahlung import STOPPER, bremsstrahlung_photons
from tocsin.detectors.construction import Construction
from tocsin.detectors.counting import Counting, refuse_above
from tocsin.detectors.edition import TEMPLATE_LIBRARY_VERSION
from tocsin.detectors.energy_nodes import HIGH_KEV, LOW_KEV
from tocsin.detectors.irradiation import named_irradiation, named_shielding
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.response import PHOTON_EDGES_KEV
from tocsin.detectors.shield_matrix import SEED, ShieldMatrix, shield_matrix
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.detectors.template_library import TemplateLibrary
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
LEAST_SHARE = 1e-6
"""Lines of less energy than this share of all energy of a nuclide's photons are left out."""


def usual_nuclides(library: NuclideLibrary) -> tuple[str, ...]:
    """Nuclides that are met in use or in nature and that a detector of photons can show.

    Those of the nuclide library that are called customary and whose photons of 20 to 3000 keV,
    progeny in equilibrium, are one per thousand decays or more, and those whose signature is
    bremsstrahlung.
    """
    found = []
    for name in library.names:
        if library[name].customary:
            lines = library.lines(name)
            photons = sum(x.intensity for x in lines if LOW_KEV <= x.energy_keV <= HIGH_KEV)
            if photons >= 1e-3 or bremsstrahlung_photons(name, library=library).any():
                found.append(name)
    return tuple(found)


def build_library(
    detector: Construction,
    edges_keV: ArrayLike,
    *,
    library: NuclideLibrary,
    nuclides: Sequence[str],
    shieldings: Sequence[str],
    distance: str = "room",
    age_s: float | None = None,
    settings: MatrixSettings | None = None,
    counting: Counting | None = None,
    left_out: Sequence[str] = (),
    threads: int | None = None,
    progress: Progress | None = None,
) -> TemplateLibrary:
    """Expected counts per decay of every nuclide behind every layer.

    Parameters
    ----------
    detector : Construction
        The detector.
    edges_keV : (m + 1,) float
        Rising channel edges.
    library : NuclideLibrary
        Where lines and chains come from.
    nuclides : sequence of str
        In any customary spelling.
    shieldings : sequence of str
        Names in ``irradiation.SHIELDINGS``.
    distance : str
        Name in ``irradiation.DISTANCES_CM``.
    age_s : float, optional
        Time since the nuclides were pure; None for progeny in practical equilibrium.
    settings : MatrixSettings, optional
        Of the detector's matrix.
    counting : Counting, optional
        Electronics and the true rate at which each template is recorded, alone; without it every
        pulse is one count.
    left_out : sequence of str
        What is not known of the electronics and stands as zero in ``counting``, as
        ``stated_electronics`` names it; for the manifest.
    threads : int, optional
        As in ``simulate``; it changes no bit.
    progress : callable, optional
        Told what is done, and how much of how much.

    Returns
    -------
    TemplateLibrary
        The same question gives the same bytes.

    Raises
    ------
    InvalidInput
        When a name comes twice, nothing is asked, edges do not rise, the age is none or leaves
        nothing of a nuclide, no nuclide has photons of 20 to 3000 keV, or a rate is asked and the
        channels end below photons of a nuclide.
    NotFound
        For an unknown nuclide, shielding or distance.

    Notes
    -----
    Forward only: a fixed list of layers, nothing that searches over them. A nuclide without counts
    in these channels keeps its place, with zeros, and is named in the manifest's ``warnings``.
    """
    names = [library[name].name for name in nuclides]
    for word, asked in (("nuclide", names), ("shielding", list(shieldings))):
        twice = sorted({n for n in asked if asked.count(n) > 1})
        if twice:
            raise InvalidInput(f"{word} {', '.join(twice)} is asked twice")
        if not asked:
            raise InvalidInput(f"name at least one {word}")
    irradiation = named_irradiation(distance)
    layers = {name: named_shielding(name) for name in shieldings}
    chosen = settings or MatrixSettings()
    # all that can be wrong with names and age is said before the simulation, which takes minutes
    sources = [_source(name, library, age_s) for name in names]
    if not any(source.shines for source in sources):
        raise InvalidInput(
            f"{', '.join(names)}: no photons of {LOW_KEV:g} to {HIGH_KEV:g} keV, which is what a "
            "template is made of"
        )
    if counting is not None:
        refuse_above({source.entry["name"]: source.highest_keV for source in sources}, edges_keV)

    def told(word: str) -> Callable[[int, int], None]:
        def say(done: int, of: int) -> None:
            if progress is not None:
                progress(word, done, of)

        return say

    matrix = photon_matrix(
        detector, irradiation, chosen, threads=threads, progress=told("energies simulated")
    )
    response = SimulatedResponse(detector, matrix, edges_keV)
    shells: dict[str, ShieldMatrix | None] = {}
    for i, (name, layer) in enumerate(layers.items()):
        shells[name] = shield_matrix(layer, threads=threads) if layer is not None else None
        told("layers simulated")(i + 1, len(layers))
    channels = response.edges_keV.size - 1
    counts = np.zeros((len(names), len(shells), channels), dtype=np.float32)
    sigma = np.zeros_like(counts)
    live_share = np.ones(counts.shape[:2])
    for i, source in enumerate(sources):
        lines = response.lines(source.energies_keV)
        for j, shell in enumerate(shells.values()):
            found = response.expected(
                lines,
                source.intensities,
                continuum=source.continuum,
                shield=shell,
                counting=counting,
            )
            counts[i, j], sigma[i, j] = found.counts, found.sigma
            live_share[i, j] = found.live_share
        told("nuclides folded")(i + 1, len(names))
    manifest: dict[str, Any] = {
        "counts": "expected counts per decay of the named nuclide and channel",
        "detector": detector.name,
        "checked_by": list(detector.checked_by),
        "distance": distance,
        "distance_cm": irradiation.distance_cm,
        "nuclides": [source.entry for source in sources],
        "warnings": [
            _nothing_seen(source, counting)
            for source, seen in zip(sources, counts, strict=True)
            if not seen.any()
        ],
        "shieldings": [
            {
                "name": name,
                "material": layer.material if layer is not None else None,
                "areal_density_g_cm2": layer.areal_density_g_cm2 if layer is not None else 0.0,
                "content": shell.content if shell is not None else None,
            }
            for (name, layer), shell in zip(layers.items(), shells.values(), strict=True)
        ],
        "matrix": matrix.manifest,
        "resolution": asdict(detector.resolution),
        "light": None
        if detector.light_keV is None or detector.light is None
        else {"energies_keV": list(detector.light_keV), "relative": list(detector.light)},
        "shells_seed": SEED,
        "betas_stopped_in": STOPPER,
        "nuclide_library": library.version,
        "response_edition": TEMPLATE_LIBRARY_VERSION,
    }
    if counting is not None:
        manifest["counts"] += ", recorded at a rate and for the live time"
        manifest["counting"] = {
            "pulses_per_s": counting.pulses_per_s,
            "electronics": counting.electronics.described,
            "left_out": list(left_out),
            "live_share": live_share.tolist(),
        }
    return TemplateLibrary(response.edges_keV.copy(), counts, sigma, manifest)


@dataclass(frozen=True)
class _Source:
    """Photons of a nuclide per decay, and what the manifest tells of them."""

    energies_keV: FloatArray
    intensities: FloatArray
    continuum: FloatArray
    entry: dict[str, Any]

    @property
    def shines(self) -> bool:
        return bool(self.intensities.any() or self.continuum.any())

    @property
    def highest_keV(self) -> float:
        """Highest energy of its photons; zero where there are none."""
        continuous = PHOTON_EDGES_KEV[:-1][self.continuum > 0]
        return float(max(self.energies_keV.max(initial=0.0), continuous.max(initial=0.0)))


def _nothing_seen(source: _Source, counting: Counting | None) -> str:
    """Why all templates of a source are zero."""
    name = source.entry["name"]
    if counting is not None and source.shines:
        why = "no pulse passes the threshold and falls into these channels"
    else:
        why = f"no photons of {LOW_KEV:g} to {HIGH_KEV:g} keV that these channels show"
    return f"{name}: {why}, so its templates are zero"


def _source(name: str, library: NuclideLibrary, age_s: float | None) -> _Source:
    ratios = library.activity_ratios(name, age_s=age_s)
    lines = library.lines(name, age_s=age_s)
    energies = np.array([line.energy_keV for line in lines], dtype=np.float64)
    intensities = np.array([line.intensity for line in lines], dtype=np.float64)
    inside = (energies >= LOW_KEV) & (energies <= HIGH_KEV)
    carried = energies * intensities
    strong = inside & (carried > LEAST_SHARE * carried.sum())
    continuum = bremsstrahlung_photons(name, library=library, age_s=age_s)
    continuum[PHOTON_EDGES_KEV[:-1] < LOW_KEV] = 0.0
    entry = {
        "name": name,
        "age_s": age_s,
        "chain": {member: ratio for member, ratio in ratios.items() if ratio > 0.0},
        "lines": int(strong.sum()),
        "photons_per_decay": float(intensities[strong].sum()),
        "photons_per_decay_left_out": float(intensities[~strong].sum()),
        "bremsstrahlung_photons_per_decay": float(continuum.sum()),
    }
    return _Source(energies[strong], intensities[strong], continuum, entry)
