"""Recordings of one known nuclide with a background, and the detector that stands for theirs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from score_efficiencies import CERTIFIED, RECORDINGS, UNDATED, crystal_alone
from simulated_figures import rebinned

from tocsin.detectors.construction import Construction, named_construction
from tocsin.errors import InvalidInput
from tocsin.formats import Reader
from tocsin.spectra import Record, Spectrum
from tocsin.spectrometry.measured import measured_spectrum

FloatArray = NDArray[np.float64]

STATED_CM = 10.0
"""Distance that the folders of the certified sources state."""
OPEN_CM = (10.0, 100.0)
"""Distances that are tried where a file states none: across a table, across a room."""
PORTAL_CRYSTALS = ("A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4")
LEFT_OUT = {
    "radiacode_tools/data_am241": "no background",
    "radiacode_tools/trinitite": "a mixture: Cs-137 with Am-241 and Eu-152",
    "static_nsdd/Q2 Ra-224 Shipment.cnf": "the counts of the CHN file",
    "static_nsdd/Q3": "no background, crystal unknown",
    "static_nsdd/Q567": "no background",
    "radiacode_deadtime/Ba133_Eu152/Ba133_a+Eu152_b": "two nuclides",
    "radiacode_deadtime/Co60_Cs137/Co60_a+Cs137_b": "two nuclides",
    "suro_rc101/03": "a body, 860 net counts by its rate",
    "suro_rc101/14": "named after thorium, shows progeny of Ra-226",
    "becquerel/1110C NAA cave pottery": "activated pottery, several nuclides",
    "becquerel/SGM102432": "no energy calibration, two nuclides",
    "crp2a_BDX_LaBr_1/calibration": "blocks of rock: three natural series in a body",
}
"""Static recordings that name a nuclide and are not compared, by the beginning of their path."""


@dataclass(frozen=True)
class Source:
    """A recording of one nuclide.

    Attributes
    ----------
    nuclides : tuple of str
        Emitters of equal activity, each with its progeny in equilibrium.
    distances_cm : tuple of float
        From source to front face; of several the one that fits best is taken.
    crystal : str
        Detector of the file; empty for its only one.
    lead_cm : float
        Lead around the source that the file's document states.
    certified : (float, date) or None
        Activity in Bq and its day.
    """

    title: str
    path: Path
    nuclides: tuple[str, ...]
    detector: Construction
    distances_cm: tuple[float, ...]
    background: Path | None = None
    crystal: str = ""
    lead_cm: float = 0.0
    certified: tuple[float, dt.date] | None = None

    @property
    def kind(self) -> str:
        """What medians are taken over: nuclide and instrument."""
        return ", ".join(self.title.split(", ")[:2])


@dataclass(frozen=True)
class Net:
    """Counts less the background in proportion to the live time, and their variance.

    ``day`` is that of the recording where it states one.
    """

    edges_keV: FloatArray
    counts: FloatArray
    variance: FloatArray
    live_s: float
    day: dt.date | None = None

    def below(self, energy_keV: float) -> Net:
        """Only the channels that begin below an energy."""
        n = int(np.searchsorted(self.edges_keV[:-1], energy_keV))
        return Net(
            self.edges_keV[: n + 1], self.counts[:n], self.variance[:n], self.live_s, self.day
        )


def _one(pattern: str) -> Path:
    found = sorted(RECORDINGS.glob(pattern.replace("[", "[[]")))
    if not found:
        raise InvalidInput(f"{pattern} is not among the shared recordings")
    return found[0]


def sources() -> list[Source]:
    """Every recording that is compared."""
    rc101, rc102 = named_construction("radiacode-101"), named_construction("radiacode-102")
    out = []
    for folder, (name, activity_Bq, day) in CERTIFIED.items():
        for path in sorted(RECORDINGS.glob(f"suro_rc101/{folder}*/*/*.xml")):
            title = f"{name}, RadiaCode-101, {path.stem[:2]}"
            certified = (activity_Bq, day)
            out.append(Source(title, path, (name,), rc101, (STATED_CM,), certified=certified))
    # an ore holds its series in equilibrium; U-235 is left out
    ore = _one("suro_rc101/05*/*/05*.xml")
    out.append(Source("Pitchblende, RadiaCode-101", ore, ("Ra-226", "U-238"), rc101, OPEN_CM))
    dead = "radiacode_deadtime/"
    for name, file in (
        ("Cs-137", "Co60_Cs137/Cs137_b"),
        ("Co-60", "Co60_Cs137/Co60_a"),
        ("Ba-133", "Ba133_Eu152/Ba133_a"),
        ("Eu-152", "Ba133_Eu152/Eu152_b"),
    ):
        path, background = _one(f"{dead}{file}.xml"), _one(f"{dead}bg.xml")
        out.append(Source(f"{name}, RadiaCode-102", path, (name,), rc102, OPEN_CM, background))
    rods = _one("radiacode_tools/data_th232_plus_background.xml")
    out.append(Source("Th-232, RadiaCode-102", rods, ("Th-232",), rc102, OPEN_CM))
    portal = crystal_alone("OSASP, 85 x 30 mm", 8.5, 3.0, 0.25)
    barium, behind = (
        _one(f"interspec/{n}.n42") for n in ("ba133_source_640s_20100317", "background_20100317")
    )
    out += [
        Source(f"Ba-133, OSASP HPGe, {c}", barium, ("Ba-133",), portal, OPEN_CM, behind, c)
        for c in PORTAL_CRYSTALS
    ]
    nai, labr = named_construction("nai-2x2in"), named_construction("labr3-1.5x1.5in")
    shipments = "static_nsdd/Q2 Ra-224 Shipment", "static_nsdd/Q4 SPECT Shipment"
    radium, spect = (_one(f"{n}.CHN") for n in shipments)
    before, behind = (_one(f"{n} Background.CHN") for n in shipments)
    antimony = _one("static_nsdd/Case_A_Petro.n42")
    out += [
        Source("Ra-224, RadSeeker NaI", radium, ("Ra-224",), nai, (30.0,), before),
        Source("Pb-203, RadSeeker NaI", spect, ("Pb-203",), nai, OPEN_CM, behind, lead_cm=3.0),
        Source("Sb-124, RadSeeker LaBr3", antimony, ("Sb-124",), labr, OPEN_CM),
    ]
    return out


def decays_per_s(source: Source, net: Net, half_life_s: float) -> float | None:
    """Certified activity on the day of the recording, in Bq; None where none is certified."""
    if source.certified is None:
        return None
    activity_Bq, reference = source.certified
    day = net.day if net.day is not None and net.day.year >= reference.year else UNDATED
    return float(activity_Bq * 0.5 ** ((day - reference).days * 86_400.0 / half_life_s))


def read_net(reader: Reader, source: Source) -> Net:
    """A recording less its background.

    Raises
    ------
    InvalidInput
        When there is no background, no spectrum of the crystal, or no time.
    """
    recording = reader.read(source.path)
    behind = recording.background
    if source.background is not None:
        behind = reader.read(source.background).measured
    if not behind:
        raise InvalidInput(f"{source.title} has no background")
    edges, counts, variance, live_s = _summed(source, recording.measured)
    other_edges, other, other_variance, other_s = _summed(source, behind)
    if not np.array_equal(other_edges, edges):
        other = rebinned(other, other_edges, edges)
        other_variance = rebinned(other_variance, other_edges, edges)
    part = live_s / other_s
    start = recording.measured[0].start
    return Net(
        edges,
        counts - part * other,
        variance + part**2 * other_variance,
        live_s,
        start.date() if start else None,
    )


def _summed(
    source: Source, records: tuple[Record, ...]
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Channel edges, counts of the file, their variance and the live time in s."""
    spectra = [
        s for r in records for s in r.spectra if not source.crystal or s.detector == source.crystal
    ]
    found = measured_spectrum(spectra)
    counts = found.counts * found.count_scale
    live_s = _live_s(spectra, records, source.detector)
    return found.edges_keV, counts, counts * found.count_scale, live_s


def _live_s(spectra: list[Spectrum], records: tuple[Record, ...], detector: Construction) -> float:
    """Stated live time, or the real time less the dead time of the detector's file."""
    stated = [s.live_time_s for s in spectra]
    if all(stated):
        return float(sum(t for t in stated if t))
    real = sum(s.real_time_s or 0.0 for s in spectra) or sum(r.real_time_s or 0.0 for r in records)
    if not real:
        raise InvalidInput("the recording states no time")
    dead_us = detector.electronics["dead_time_us"].value or 0.0
    rate = sum(s.total for s in spectra) / real
    return float(real * (1 - 1e-6 * dead_us * rate))
