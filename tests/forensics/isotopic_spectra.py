"""Germanium and CZT spectra of actinides in bulk, SYNTHETIC, with their truth.

Lines of the nuclide library, weakened by the object itself and by a shell, folded through the
detector response of the room ``detectors`` (peaks, Compton continuum, escape), with X-rays excited
in the object, a smooth continuum of bremsstrahlung and a natural background, counted by Poisson.
The escape of photons is sampled along straight ways here, not taken from the formulas of the
method under test.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors import Crystal, DetectorModel, Shield, background_components, fold_lines
from tocsin.detectors import material as matter
from tocsin.nuclear import NuclideLibrary
from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording, Spectrum

FloatArray = NDArray[np.float64]

EDGES_KEV = 0.35 * np.arange(8193.0)
BACKGROUND_CPS = 60.0
SHARES = {"K-40": 0.25, "U-series": 0.3, "Th-series": 0.25, "cosmic": 0.2}
FLUORESCENCE = (("U", 98.44, 1.0), ("U", 94.66, 0.62), ("U", 111.0, 0.38), ("U", 114.5, 0.1))
"""X-rays excited in uranium, relative to K alpha 1 (the library's Pa-234m lines, rounded)."""


@dataclass(frozen=True)
class Scene:
    """One object before one detector.

    Attributes
    ----------
    lines : tuple of (float, float)
        Energy in keV and photons per second from the whole object.
    areal_g_cm2, diameter_g_cm2 : float
        Of a slab, or of a sphere where ``diameter_g_cm2`` is not 0.
    shell : Shield or None
        Around the object.
    model : DetectorModel
        Before it.
    dead_cm : float
        Dead germanium.
    seconds : float
        Measuring time.
    seen : float
        Chance that a photon which leaves the object meets the face.
    excited : float
        X-rays of uranium per photon of the strongest line from 120 to 250 keV.
    body : str
        Material that absorbs within the object.
    instrument : str
        Model name written into the recording.
    """

    lines: tuple[tuple[float, float], ...]
    model: DetectorModel
    areal_g_cm2: float = 3.0
    diameter_g_cm2: float = 0.0
    shell: Shield | None = None
    dead_cm: float = 0.05
    seconds: float = 1800.0
    seen: float = 1e-3
    excited: float = 0.0
    body: str = "U"
    instrument: str = "HPGe"


def escape(scene: Scene, energies_keV: FloatArray) -> FloatArray:
    """Share of photons that leave the object, by straight ways sampled evenly in its volume."""
    m = matter(scene.body)
    mass = m.coefficients(energies_keV).interaction / m.density_g_cm3
    if scene.diameter_g_cm2 > 0.0:
        radius = (np.arange(60) + 0.5) / 60
        cosine = (np.arange(60) + 0.5) / 30 - 1.0
        r, c = np.meshgrid(radius, cosine)
        way = 0.5 * scene.diameter_g_cm2 * (-r * c + np.sqrt(1.0 - r**2 * (1.0 - c**2)))
        share = np.exp(-mass[:, None, None] * way) * r**2
        return np.asarray(share.sum(axis=(1, 2)) / (r**2).sum())
    depth = scene.areal_g_cm2 * (np.arange(2000) + 0.5) / 2000
    return np.asarray(np.exp(-mass[:, None] * depth).mean(axis=1))


def expected_counts(scene: Scene, library: NuclideLibrary) -> tuple[FloatArray, FloatArray]:
    """Expected counts per channel of object with background, and of the background alone."""
    e = np.array([x for x, _ in scene.lines])
    rate = np.array([x for _, x in scene.lines])
    inside = (e > 35.0) & (e < 2800.0)
    e, rate = e[inside], rate[inside]
    rate = rate * escape(scene, e)
    if scene.excited > 0.0:
        strongest = float(rate[(e > 120.0) & (e < 250.0)].max())
        e = np.concatenate([e, [x for _, x, _ in FLUORESCENCE]])
        more = [scene.excited * strongest * share for _, _, share in FLUORESCENCE]
        rate = np.concatenate([rate, more])
    dead = matter("Ge").coefficients(e).interaction * scene.dead_cm
    object_ = fold_lines(e, rate * np.exp(-dead), scene.model, EDGES_KEV, shield=scene.shell)
    middle = 0.5 * (EDGES_KEV[1:] + EDGES_KEV[:-1])
    smooth = np.exp(-middle / 250.0)
    smooth *= 0.3 * object_.sum() / smooth.sum()
    parts = background_components(scene.model, EDGES_KEV, library=library)
    behind = BACKGROUND_CPS * sum(share * parts[name] for name, share in SHARES.items())
    background = np.asarray(behind) * scene.seconds
    return scene.seconds * scene.seen * (object_ + smooth) + background, background


def recordings(
    scene: Scene, library: NuclideLibrary, random: np.random.Generator
) -> tuple[Recording, Recording]:
    """The object with its background, and the background alone."""
    return tuple(
        _recording(random.poisson(counts).astype(float), scene)
        for counts in expected_counts(scene, library)
    )  # type: ignore[return-value]


def _recording(counts: FloatArray, scene: Scene) -> Recording:
    calibration = EnergyCalibration("polynomial", (0.0, float(EDGES_KEV[1])))
    spectrum = Spectrum(
        counts, live_time_s=scene.seconds, real_time_s=scene.seconds, calibration=calibration
    )
    instrument = Instrument(model=scene.instrument)
    return Recording(records=(Record(spectra=(spectrum,)),), instrument=instrument)


def decays_to_lines(
    activities: dict[str, float], library: NuclideLibrary
) -> tuple[tuple[float, float], ...]:
    """Lines of every nuclide by itself: activity in Bq times photons per decay."""
    out = []
    for name, activity in activities.items():
        out += [(x.energy_keV, activity * x.intensity) for x in library[name].lines]
    return tuple(out)


def cylinder(diameter_cm: float, depth_cm: float) -> Crystal:
    """A germanium crystal."""
    return Crystal("cylinder", depth_cm, (diameter_cm, diameter_cm))


def uranium_lines(
    weight: float, grams: float, library: NuclideLibrary
) -> tuple[tuple[float, float], ...]:
    """Lines of uranium a year after separation; 0.008 atoms of U-234 per atom of U-235."""
    year_s = 3.15576e7
    atoms = 6.02214e23 * grams

    def activity(name: str, share: float, mass: float) -> float:
        return atoms * share / mass * library[name].decay_constant_per_s

    a235 = activity("U-235", weight, 235.0)
    a238 = activity("U-238", 1.0 - weight, 238.0)
    after_235 = library.activity_ratios("U-235", age_s=year_s)
    after_238 = library.activity_ratios("U-238", age_s=year_s)
    return decays_to_lines(
        {
            "U-235": a235,
            "Th-231": a235 * after_235["Th-231"],
            "U-234": activity("U-234", 0.008 * weight, 235.0),
            "Th-234": a238 * after_238["Th-234"],
            "Pa-234m": a238 * after_238["Pa-234m"],
        },
        library,
    )


def plutonium_spectrum_lines(
    mass_percent: dict[str, float], grams: float, library: NuclideLibrary
) -> tuple[tuple[float, float], ...]:
    """Lines of plutonium by mass: library lines below 120 keV, the data file of isotopics above.

    U-237 stands in equilibrium with Pu-241.
    """
    path = resources.files("tocsin.forensics") / "data" / "plutonium" / "lines.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    year_s = 3.15576e7
    out = []
    for name, percent in mass_percent.items():
        atoms = 6.02214e23 * grams * percent / 100.0 / float(name.split("-")[1])
        activity = atoms * library[name].decay_constant_per_s
        members = {name: activity}
        if name == "Pu-241":
            members["U-237"] = activity * library.activity_ratios(name, age_s=year_s)["U-237"]
        for member, its in members.items():
            out += [
                (x.energy_keV, its * x.intensity)
                for x in library[member].lines
                if x.energy_keV <= 120.0 or name == "U-235"
            ]
            out += [
                (float(r["energy_keV"]), its * float(r["intensity"]))
                for r in rows
                if r["nuclide"] == member
            ]
    return tuple(out)


def aged_plutonium(
    mass_percent: dict[str, float], age_y: float, library: NuclideLibrary
) -> dict[str, float]:
    """Masses some years after americium was removed, by the closed form of parent and daughter."""
    seconds = age_y * 3.15576e7
    rate = {n: library[n].decay_constant_per_s for n in (*mass_percent, "Am-241")}
    out = {n: m * float(np.exp(-rate[n] * seconds)) for n, m in mass_percent.items()}
    p, d = rate["Pu-241"], rate["Am-241"]
    grown = p / (p - d) * (np.exp(-d * seconds) - np.exp(-p * seconds))
    out["Am-241"] = mass_percent["Pu-241"] * float(grown)
    return out
