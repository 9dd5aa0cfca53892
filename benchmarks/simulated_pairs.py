"""Files that another code simulated, and the templates of our detector that stands for theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit, nnls
from simulated_figures import (
    BAND_KEV,
    MOST_GROUPS,
    Lines,
    Pair,
    best_scale,
    clear_groups,
    compton_edge,
    rebinned,
    wide_edges,
    with_scatter,
)

from tocsin.detectors import Resolution
from tocsin.detectors.construction import Bore, Construction, named_construction
from tocsin.detectors.folding import scatter_continuum
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.irradiation import named_irradiation
from tocsin.detectors.model import FWHM_PER_SIGMA
from tocsin.detectors.photon_matrix import PhotonMatrix
from tocsin.detectors.photon_matrix_build import MatrixSettings, photon_matrix
from tocsin.detectors.shield_matrix import ShieldMatrix
from tocsin.detectors.simulated_response import LineCounts, SimulatedResponse
from tocsin.detectors.slab import Shield
from tocsin.detectors.source_photons import SourcePhotons, source_photons
from tocsin.errors import InvalidInput
from tocsin.formats import read
from tocsin.nuclear import NuclideLibrary
from tocsin.spectrometry.measured import measured_spectrum

FloatArray = NDArray[np.float64]
Layers = Mapping[str, ShieldMatrix | None]

MODEL_DOUBT = 0.03
"""Relative difference of the codes, beside the counting, when members get their amplitudes."""

MOST_WIDTH_DOUBT = 0.05
"""Relative deviation of a peak width beyond which it is not used."""

WIDTH_LINES_KEV = (
    ("Am241_Unshielded", 59.5409),
    ("Tc99m_Unshielded", 140.511),
    ("Cr51_Unshielded", 320.0824),
    ("Be7_Unshielded", 477.6035),
    ("Cs137_Unshielded", 661.657),
    ("Mn54_Unshielded", 834.848),
    ("Zn65_Unshielded", 1115.539),
    ("Na22_Unshielded", 1274.537),
    ("K40_Unshielded-Point", 1460.82),
    ("Y88_Unshielded", 1836.07),
    ("Th232_Unshielded", 2614.511),
)
"""Lines that stand alone, from which the peak widths of the other code are read."""


def detective_ex() -> Construction:
    """The Detective-EX as far as it is known: 50 x 33 mm of germanium, coaxial.

    Size as the catalogue of instruments has it (read for Detective and Detective-DX, taken for the
    -EX). Contact, gap and end cap are those of the model ``hpge-40pct``, the bore is in proportion
    as deep as there. The contact is part of the crystal, so the active body is smaller by it.
    """
    base = named_construction("hpge-40pct")
    contact, bore = base.layers[0], base.bore
    across = 5.0 - 2 * contact.side_cm
    depth = 3.3 - contact.front_cm - contact.back_cm
    if bore is not None:
        bore = Bore(bore.diameter_cm, bore.depth_cm * depth / base.crystal.depth_cm)
    crystal = Crystal("cylinder", depth, (across, across))
    return replace(base, name="detective-ex", title="Detective-EX", crystal=crystal, bore=bore)


def generic_10_percent() -> Construction:
    """The crystal of the other code's own generic germanium detector of 10 per cent.

    49 mm across, 22 mm deep, 1.2 mm of contact, 1.1 g/cm2 of aluminium, as the file "HPGe 10%" of
    that code states them (GenericGadrasDetectors in InterSpec; sizes there are fitted). Not said to
    be the detector of the spectra, but of the same class.
    """
    base = named_construction("hpge-40pct")
    contact, gap, cap = base.layers
    contact = replace(contact, front_cm=0.12, side_cm=0.12, back_cm=0.12)
    cap = replace(cap, front_cm=1.1 / cap.density_g_cm3, side_cm=1.1 / cap.density_g_cm3)
    return replace(
        base,
        name="generic-10pct",
        title="generic HPGe of 10 per cent",
        crystal=Crystal("cylinder", 2.2, (4.9, 4.9)),
        bore=None,
        layers=(contact, gap, cap),
    )


@dataclass(frozen=True)
class Width:
    """A line of the other code: where its peak lies and how wide it is."""

    line_keV: float
    centre_keV: float
    fwhm_keV: float


class Instrument:
    """One folder of the other code, and our detector that stands for it.

    Parameters
    ----------
    folder : Path
        Where the files lie; the background is ``background.txt``.
    detector : Construction
        Ours; its peak widths are replaced by those of the files.
    library : NuclideLibrary
        Where lines come from.
    settings : MatrixSettings, optional
        Of our simulation.
    """

    def __init__(
        self,
        folder: Path,
        detector: Construction,
        *,
        library: NuclideLibrary,
        settings: MatrixSettings | None = None,
    ) -> None:
        self.folder, self.library = folder, library
        self.edges_keV, self._background, self._background_s = self._read("background")
        found = (self._width(name, line, detector.resolution) for name, line in WIDTH_LINES_KEV)
        self.widths = tuple(w for w in found if w is not None)
        self.detector = replace(detector, resolution=resolution_of(self.widths))
        matrix = photon_matrix(detector, named_irradiation("room"), settings)
        self._fine = SimulatedResponse(self.detector, matrix, self.edges_keV)
        # layers are chosen on wide bins; what lies below the range may be smeared into it
        wide = np.arange(0.0, wide_edges(self.edges_keV)[-1] + BAND_KEV / 2, BAND_KEV)
        self._wide = SimulatedResponse(self.detector, matrix, wide)

    def _read(self, name: str) -> tuple[FloatArray, FloatArray, float]:
        recording = read(self.folder / f"{name}.txt")
        spectrum = measured_spectrum([s for r in recording.records for s in r.spectra])
        if not spectrum.live_time_s:
            raise InvalidInput(f"{name}.txt states no live time")
        return spectrum.edges_keV, spectrum.counts * spectrum.count_scale, spectrum.live_time_s

    def net(self, source: str) -> tuple[FloatArray, FloatArray, float]:
        """Counts of a file less its background, their standard deviation, and the gross rate."""
        edges, counts, live_s = self._read(source)
        if not np.array_equal(edges, self.edges_keV):
            counts = rebinned(counts, edges, self.edges_keV)
        part = live_s / self._background_s
        sigma = np.sqrt(counts + part**2 * self._background + 1.0)
        return counts - part * self._background, sigma, float(counts.sum() / live_s)

    def _width(self, source: str, line_keV: float, first: Resolution) -> Width | None:
        """Place and width of one peak: a Gaussian on a straight line."""
        theirs, sigma, _ = self.net(source)
        centres = (self.edges_keV[1:] + self.edges_keV[:-1]) / 2
        steps = np.diff(self.edges_keV)
        at, width = line_keV, float(first.fwhm_keV(line_keV))
        for _ in range(3):
            here = np.abs(centres - at) < 1.3 * width
            x, y = centres[here], (theirs / steps)[here]
            if x.size < 6:
                return None
            guess = (np.ptp(y), at - line_keV, width / FWHM_PER_SIGMA, y.min(), 0.0)
            scale = (sigma / steps)[here]
            try:
                found, spread = curve_fit(
                    _peak, x - line_keV, y, guess, sigma=scale, absolute_sigma=True
                )
            except RuntimeError:
                return None
            at, width = line_keV + float(found[1]), float(abs(found[2]) * FWHM_PER_SIGMA)
            sure = float(np.sqrt(spread[2, 2])) < MOST_WIDTH_DOUBT * abs(found[2])
            if not (sure and abs(at - line_keV) < width and width < 0.5 * line_keV):
                return None
        return Width(line_keV, at, width)

    def pair(self, source: str, members: tuple[str, ...], layers: Layers) -> Pair:
        """A file and its template: the best of the layers, each member with its own amplitude.

        The layer is chosen with photons from the surroundings beside it, which every file holds:
        without them a layer would stand in for what the floor scatters.

        Parameters
        ----------
        source : str
            Name of the file.
        members : tuple of str
            The nuclide, and what else the source holds.
        layers : mapping of str to ShieldMatrix or None
            Layers that are tried.
        """
        theirs, sigma, rate = self.net(source)
        edges = wide_edges(self.edges_keV)
        target = rebinned(theirs, self.edges_keV, edges)
        doubt = rebinned(sigma**2, self.edges_keV, edges) + (MODEL_DOUBT * target) ** 2
        emitters = [source_photons(name, library=self.library) for name in members]
        wide = [self._wide.lines(one.energies_keV) for one in emitters]
        found: list[tuple[float, str, FloatArray]] = []
        for name, shell in layers.items():
            parts = [
                _folded(self._wide, lines, one, shell)[-target.size :]
                for lines, one in zip(wide, emitters, strict=True)
            ]
            amounts = _amounts(target, parts, doubt)
            photons = [emitted(one, shell) for one in emitters]
            both = np.sum([a * p for a, p in zip(amounts, parts, strict=True)], axis=0)
            misfit, _ = with_scatter(target, both, self._around(photons, amounts, shell, edges))
            found.append((misfit, name, amounts))
        _, layer, amounts = min(found, key=lambda one: one[0])
        shell = layers[layer]
        photons = [emitted(one, shell) for one in emitters]
        fine = [
            a
            * self._fine.expected(
                self._fine.lines(e), i, continuum=one.continuum, shield=shell
            ).counts
            for a, (e, i), one in zip(amounts, photons, emitters, strict=True)
        ]
        ours = np.sum(fine, axis=0)
        # found on wide bins, which are not quite those that are compared
        again = best_scale(target, rebinned(ours, self.edges_keV, edges))
        ours = again * ours
        e = np.concatenate([e for e, _ in photons])
        direct = np.concatenate([a * again * i for a, (_, i) in zip(amounts, photons, strict=True)])
        if shell is not None:
            direct = direct * shell.leaving(e).passed
        lines = lines_that_arrive(e, direct, self._fine.matrix)
        widths = self.detector.resolution
        groups = clear_groups(self.edges_keV, theirs, sigma, ours, lines, widths)
        return Pair(
            source=source,
            edges_keV=self.edges_keV,
            theirs=theirs,
            sigma=sigma,
            ours=ours,
            surroundings=self._around(photons, amounts, shell, self.edges_keV),
            rate_per_s=rate,
            layer=layer,
            members=tuple(
                (name, float(again * part.sum() / ours.sum()))
                for name, part in zip(members, fine, strict=True)
            ),
            groups=groups[:MOST_GROUPS],
            edge=compton_edge(self.edges_keV, theirs, ours, groups, lines, widths),
        )

    def _around(
        self,
        photons: list[tuple[FloatArray, FloatArray]],
        amounts: FloatArray,
        shell: ShieldMatrix | None,
        edges_keV: FloatArray,
    ) -> FloatArray:
        """Shape of what ground and a body scatter of the lines that leave the layer."""
        e = np.concatenate([e for e, _ in photons])
        direct = np.concatenate([a * i for a, (_, i) in zip(amounts, photons, strict=True)])
        if shell is not None:
            direct = direct * shell.leaving(e).passed
        return scatter_continuum(e, direct, self.detector.model, edges_keV)


def _layer(shell: ShieldMatrix | None) -> Shield | None:
    return shell.shield if shell is not None else None


def emitted(source: SourcePhotons, shell: ShieldMatrix | None) -> tuple[FloatArray, FloatArray]:
    """Energies in keV and photons per decay of the lines that matter behind a layer."""
    kept = source.kept(_layer(shell))
    return source.energies_keV[kept], source.intensities[kept]


def _folded(
    response: SimulatedResponse,
    lines: LineCounts,
    source: SourcePhotons,
    shell: ShieldMatrix | None,
) -> FloatArray:
    """Counts per decay of a member behind a layer; ``lines`` are those of all its lines."""
    kept = source.kept(_layer(shell))
    found = response.expected(
        lines.only(kept), source.intensities[kept], continuum=source.continuum, shield=shell
    )
    return found.counts


def lines_that_arrive(energies_keV: FloatArray, direct: FloatArray, matrix: PhotonMatrix) -> Lines:
    """Lines with the areas of their peaks, from the photons that leave the layers unscattered."""
    peak = np.interp(np.log(energies_keV), np.log(matrix.energies_keV), matrix.peaks[:, 0])
    return Lines(energies_keV, direct, direct * peak)


def _peak(
    x: FloatArray, height: float, centre: float, sigma: float, below: float, slope: float
) -> FloatArray:
    """A Gaussian on a straight line."""
    return height * np.exp(-0.5 * ((x - centre) / sigma) ** 2) + below + slope * x


def _amounts(target: FloatArray, parts: list[FloatArray], variance: FloatArray) -> FloatArray:
    """Amplitude of each member, none below zero; one for a member alone."""
    if len(parts) == 1:
        return np.ones(1)
    return least_chi_square(target, np.sqrt(variance), parts)


def least_chi_square(target: FloatArray, sigma: FloatArray, parts: list[FloatArray]) -> FloatArray:
    """Amplitudes of some shapes, none below zero, at which chi-square is least."""
    size = np.array([max(float(part.sum()), 1e-300) for part in parts])
    columns = np.stack([p / s / sigma for p, s in zip(parts, size, strict=True)], axis=1)
    found, _ = nnls(columns, target / sigma)
    return np.asarray(found / size)


def resolution_of(widths: tuple[Width, ...]) -> Resolution:
    """Peak width as a function of the energy, from some lines."""
    e = np.array([w.line_keV for w in widths])
    squared = np.array([w.fwhm_keV for w in widths]) ** 2
    columns = np.stack((np.ones_like(e), e, e**2), axis=1) / squared[:, None]
    found, _ = nnls(columns, np.ones_like(e))
    return Resolution(*(float(x) for x in found))
