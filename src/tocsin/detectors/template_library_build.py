"""Build a template library from the simulated matrices of detector and shells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.bremsstrahlung import STOPPER
from tocsin.detectors.construction import Construction
from tocsin.detectors.counting import Counting, highest_photon_keV, refuse_above
from tocsin.detectors.edition import TEMPLATE_LIBRARY_VERSION
from tocsin.detectors.energy_nodes import HIGH_KEV, LOW_KEV
from tocsin.detectors.irradiation import named_irradiation, named_shielding
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.radiation_yield import YIELDS, table_sha256
from tocsin.detectors.response import PHOTON_EDGES_KEV
from tocsin.detectors.shield_matrix import SEED, ShieldMatrix, shield_matrix
from tocsin.detectors.simulated_response import SimulatedResponse
from tocsin.detectors.slab import Shield
from tocsin.detectors.source_photons import SourcePhotons, source_photons
from tocsin.detectors.surroundings_counts import Surroundings, class_scene, outside
from tocsin.detectors.template_library import TemplateLibrary
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary, continua
from tocsin.nuclear.companions import companions_manifest

Progress = Callable[[str, int, int], None]


def usual_nuclides(library: NuclideLibrary) -> tuple[str, ...]:
    """Nuclides that are met in use or in nature and that a detector of photons can show.

    Those of the nuclide library that are called customary and whose lines of 20 to 3000 keV,
    progeny in equilibrium, are one photon per thousand decays or more, and those whose signature
    is bremsstrahlung.
    """
    usual = []
    for name in library.names:
        if library[name].customary:
            lines = library.lines(name)
            photons = sum(x.intensity for x in lines if LOW_KEV <= x.energy_keV <= HIGH_KEV)
            beside = (found.kind for found in continua(name, library=library))
            if photons >= 1e-3 or "bremsstrahlung" in beside:
                usual.append(name)
    return tuple(usual)


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
    surroundings: bool = False,
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
    surroundings : bool
        Whether what ground and a body behind the detector scatter is worked out too, as counts of
        their own beside the templates.
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
        nothing of a nuclide, no nuclide has photons of 20 to 3000 keV, a rate is asked and the
        channels end below photons of a nuclide, or a rate is asked with the surroundings.
    NotFound
        For an unknown nuclide, shielding or distance.

    Notes
    -----
    Forward only: a fixed list of layers, nothing that searches over them. A nuclide without counts
    in these channels keeps its place, with zeros, and is named in the manifest's ``warnings``.
    """
    if surroundings and counting is not None:
        raise InvalidInput(
            "at a count rate the counts of the surroundings cannot stand beside those of the "
            "source: pulses of both pile up together; leave out one of the two"
        )
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
    sources = [source_photons(name, library=library, age_s=age_s) for name in names]
    if not any(source.shines for source in sources):
        raise InvalidInput(
            f"{', '.join(names)}: no photons of {LOW_KEV:g} to {HIGH_KEV:g} keV, which is what a "
            "template is made of"
        )
    if counting is not None:
        highest_keV = {source.name: _highest_keV(source, layers.values()) for source in sources}
        refuse_above(highest_keV, edges_keV)

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
    around: Surroundings | None = None
    scattered: NDArray[np.float32] | None = None
    if surroundings:
        around = Surroundings(detector.model, class_scene(distance), response.edges_keV)
        scattered = np.zeros_like(counts)
    entries = []
    for i, source in enumerate(sources):
        kept = [source.kept(layer) for layer in layers.values()]
        # lines that matter behind no layer are worked out for none
        some = np.any(kept, axis=0)
        lines, intensities = response.lines(source.energies_keV[some]), source.intensities[some]
        for j, (shell, matters) in enumerate(zip(shells.values(), kept, strict=True)):
            found = response.expected(
                lines.only(matters[some]),
                intensities[matters[some]],
                continuum=source.continuum,
                shield=shell,
                counting=counting,
            )
            counts[i, j], sigma[i, j] = found.counts, found.sigma
            live_share[i, j] = found.live_share
        if around is not None and scattered is not None:
            rows = around.of_lines(lines.energies_keV)
            for j, (shell, matters) in enumerate(zip(shells.values(), kept, strict=True)):
                use = matters[some]
                passed, spread = outside(
                    lines.energies_keV[use], intensities[use], source.continuum, shell
                )
                scattered[i, j] = around.counts(passed @ rows[use] + spread @ around.of_bins)
        entries.append(_entry(source, age_s, [int(matters.sum()) for matters in kept]))
        told("nuclides folded")(i + 1, len(names))
    manifest: dict[str, Any] = {
        "counts": "expected counts per decay of the named nuclide and channel",
        "detector": detector.name,
        "checked_by": list(detector.checked_by),
        "distance": distance,
        "distance_cm": irradiation.distance_cm,
        "nuclides": entries,
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
        "tables": _tables(),
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
    if around is not None:
        manifest["surroundings"] = {
            "counts": "expected counts per decay of photons that come by way of the scene, to be "
            "added to the others; without sigma",
            "scene": asdict(around.scene),
        }
    return TemplateLibrary(response.edges_keV.copy(), counts, sigma, manifest, scattered)


def _tables() -> dict[str, str]:
    """sha256 of the tables that make betas, bremsstrahlung and weak lines.

    Neither the version of the nuclide library nor the edition of the response tells them.
    """
    beside = companions_manifest()["files"]
    found = {name: str(beside[name]) for name in ("beta_branches.csv", "weak_lines.csv")}
    return found | {YIELDS: table_sha256()}


def _highest_keV(source: SourcePhotons, layers: Iterable[Shield | None]) -> float:
    """Highest energy of the photons of a source that matter behind any layer."""
    some = np.any([source.kept(layer) for layer in layers], axis=0)
    return highest_photon_keV(
        source.energies_keV[some],
        source.intensities[some],
        bins_keV=PHOTON_EDGES_KEV[:-1],
        continuum=source.continuum,
    )


def _nothing_seen(source: SourcePhotons, counting: Counting | None) -> str:
    """Why all templates of a source are zero."""
    if counting is not None and source.shines:
        why = "no pulse passes the threshold and falls into these channels"
    else:
        why = f"no photons of {LOW_KEV:g} to {HIGH_KEV:g} keV that these channels show"
    return f"{source.name}: {why}, so its templates are zero"


def _entry(source: SourcePhotons, age_s: float | None, lines: list[int]) -> dict[str, Any]:
    """What the manifest tells of a nuclide; ``lines`` in the order of the layers."""
    return {
        "name": source.name,
        "age_s": age_s,
        "chain": dict(source.chain),
        "lines": lines,
        "photons_per_decay": float(source.intensities.sum()),
        "photons_per_decay_left_out": source.lines_outside,
        "bremsstrahlung_photons_per_decay": float(source.continuum.sum()),
    }
