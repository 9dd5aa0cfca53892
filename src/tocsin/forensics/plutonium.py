"""Isotopes of plutonium, and its age by Am-241, from one germanium spectrum without standards.

The material is characterised as it was found, relative to itself: no mass, no geometry and no
efficiency calibration are needed. See docs/science/plutonium-isotopics.md for the formulas, the
figures and the limits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors import DetectorModel
from tocsin.errors import OutOfDomain, TocsinError
from tocsin.forensics.chronometry import date_material
from tocsin.forensics.chronometry_measurement import Measurement, Ratio
from tocsin.forensics.chronometry_result import ModelAge
from tocsin.forensics.plutonium_fit import SEEN, Activities, GroupArea, PlutoniumFit
from tocsin.forensics.plutonium_lines import PARTS, SCALE_KEV, groups_of, plutonium_lines
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.spectra import Recording, RecordingWarning
from tocsin.spectrometry.analysis import PeakAnalysis
from tocsin.spectrometry.line_areas import net_line_areas
from tocsin.spectrometry.peaklist import list_peaks
from tocsin.spectrometry.uranium_fit import NOTHING_KNOWN, Known

FloatArray = NDArray[np.float64]

WIDEST_KEV = 2.0
"""Full width at half maximum at 208 keV up to which the lines at 203.5 and 208.0, and at 148.6 and
152.7 keV, stand apart and Pu-240 at 160.3 keV is alone but for Pu-241 (docs: figures by width)."""
FEW_CURVES = 100.0
"""Effective number of efficiency curves below which the interval itself is uncertain."""
PLUTONIUM = ("Pu-238", "Pu-239", "Pu-240", "Pu-241")
NEPTUNIUM_239_KEV = 277.60
URANIUM_235 = "185.7 keV"
"""Group that has to be seen by itself before uranium is said to be there."""
BESIDE_KEV = (150.04, 238.63, 270.25, 277.60, 295.22, 328.0, 338.32, 351.93, 609.32, 727.33, 768.36)
"""Lines of Am-241 and of the surroundings, fitted along because they stand near one that counts."""


@dataclass(frozen=True, slots=True)
class Share:
    """One isotope.

    Attributes
    ----------
    nuclide : str
        Name.
    mass_percent : float
        Of Pu-238 to Pu-241 together, median of what agrees with the spectrum; for Am-241 and U-235
        per 100 g of those.
    interval : (float, float)
        With 95 % probability.
    seen : bool
        Whether it stands out of counting by three standard uncertainties; else ``limit``.
    limit : float or None
        Upper limit at 95 % where it is not seen.
    """

    nuclide: str
    mass_percent: float
    interval: tuple[float, float]
    seen: bool
    limit: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PlutoniumResult:
    """What the plutonium is made of.

    Attributes
    ----------
    shares : tuple of Share
        Pu-238, Pu-239, Pu-240, Pu-241, Am-241, U-235.
    americium_per_241 : (float, float) or None
        Atom ratio of Am-241 to Pu-241 and its standard uncertainty, where both are seen.
    age : ModelAge or None
        Time since americium was last removed, by that ratio; the latest possible where some was
        left then.
    areas : tuple of GroupArea
        What it rests on.
    chi_squared, freedom : float, int
        Of the best curve.
    curves : float
        Effective number of efficiency curves that agree.
    warnings : tuple of RecordingWarning
        Conditions and doubts, of the files and of the method.
    nuclide_library : str
        Version of the library.
    """

    shares: tuple[Share, ...]
    americium_per_241: tuple[float, float] | None
    age: ModelAge | None
    areas: tuple[GroupArea, ...]
    chi_squared: float
    freedom: int
    curves: float
    warnings: tuple[RecordingWarning, ...]
    nuclide_library: str

    def share(self, nuclide: str) -> Share:
        """Share of one nuclide."""
        return next(s for s in self.shares if s.nuclide == nuclide)


def measure_plutonium(
    recording: Recording,
    *,
    background: Recording | None = None,
    known: Known = NOTHING_KNOWN,
    library: NuclideLibrary | None = None,
    seed: int = 0,
) -> PlutoniumResult:
    """Isotopic composition of the plutonium in a recording of a germanium detector.

    Parameters
    ----------
    recording : Recording
        All measured spectra are added up.
    background : Recording, optional
        Of the same instrument without the object; scaled by the measuring times.
    known : Known
        What is known beside the spectrum, which narrows the intervals.
    library : NuclideLibrary, optional
        The one that ships with Tocsin if not given.
    seed : int
        Of the quasi-random curves.

    Raises
    ------
    OutOfDomain
        When the method does not apply: no germanium, peaks too wide, or no plutonium seen.
    InvalidInput, Uncalibrated
        As :func:`tocsin.spectrometry.list_peaks`.
    """
    library = library or load_library()
    ahead = list_peaks(recording, library=library)
    behind = None if background is None else list_peaks(background, library=library)
    analysis = ahead.analysis
    _resolved(analysis, ahead.model)
    below = None if behind is None else behind.analysis
    areas = group_areas(analysis, below, library)
    _enough(areas)
    drawn = PlutoniumFit(
        areas,
        model=ahead.model,
        shape_error=analysis.settings.shape_error,
        known=known,
        seed=seed,
    ).draw()
    said = list(ahead.warnings) + _conditions(analysis, below, areas, drawn)
    day = next((r.start.date() for r in recording.records if r.start is not None), None)
    return summarized(drawn, areas, library, measured_on=day, warnings=tuple(said))


def group_areas(
    analysis: PeakAnalysis, background: PeakAnalysis | None, library: NuclideLibrary
) -> tuple[GroupArea, ...]:
    """Net areas of all groups of lines within the spectrum."""
    groups = groups_of(plutonium_lines(library), analysis.fwhm_keV)
    found = net_line_areas(
        analysis,
        background,
        {g.name: g.energies_keV for g in groups},
        beside_keV=BESIDE_KEV,
        scale_keV=SCALE_KEV,
    )
    return tuple(GroupArea(g, *found[g.name]) for g in groups if g.name in found)


def _resolved(analysis: PeakAnalysis, model: DetectorModel) -> None:
    fwhm = analysis.fwhm_keV(208.0)
    if analysis.measured.unit != "keV" or model.material != "Ge" or not fwhm < WIDEST_KEV:
        raise OutOfDomain(
            f"isotopes of plutonium need a germanium spectrum with peaks below {WIDEST_KEV:g} keV "
            f"wide at 208 keV; these are {fwhm:.1f} keV wide ({model.name}): Pu-240 at 160.3 keV "
            "and Pu-241 at 148.6 and 208.0 keV would not stand apart from their neighbours"
        )


def _enough(areas: Sequence[GroupArea]) -> None:
    alone = PARTS.index("Pu-239")
    own = [
        a.group.name
        for a in areas
        if a.seen and max(a.group.lines, key=lambda x: x.strength).part == alone
    ]
    if len(own) < 2:
        there = f"only that at {own[0]}" if own else "none"
        raise OutOfDomain(f"isotopes of plutonium need two lines of Pu-239; {there} is seen")


def _conditions(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    areas: Sequence[GroupArea],
    drawn: Activities,
) -> list[RecordingWarning]:
    """What the reader must know beside the numbers."""
    said = [
        RecordingWarning(
            "plutonium_242_unseen",
            "Pu-242 has no line that can be measured: shares are of Pu-238 to Pu-241 together",
        ),
        RecordingWarning(
            "equilibrium_assumed",
            "Pu-241 is measured in part by its progeny U-237: right only when uranium was removed "
            "two months ago or longer",
        ),
    ]
    if background is None:
        text = "no background was given: lines of the surroundings are not told apart"
        said.append(RecordingWarning("no_background", text))
    if drawn.widened:
        text = "the peaks agree badly with every efficiency curve tried; the uncertainty is widened"
        said.append(RecordingWarning("poor_fit", text))
    if drawn.curves < FEW_CURVES:
        text = "few of the efficiency curves tried agree with the peaks: the interval is rough"
        said.append(RecordingWarning("few_curves", text))
    if drawn.seen[PARTS.index("U-235")] and any(
        a.seen and a.group.name == URANIUM_235 for a in areas
    ):
        said.append(RecordingWarning("uranium", "U-235 is in the object: mixed with uranium"))
    further = net_line_areas(
        analysis,
        background,
        {"Np-239": (NEPTUNIUM_239_KEV,)},
        beside_keV=BESIDE_KEV,
        scale_keV=SCALE_KEV,
    )
    if "Np-239" in further and further["Np-239"][0] > SEEN * further["Np-239"][1]:
        text = "a line at 277.6 keV stands out: Np-239, that is Am-243 in irradiated material"
        said.append(RecordingWarning("americium_243", text))
    return said


def summarized(
    drawn: Activities,
    areas: tuple[GroupArea, ...],
    library: NuclideLibrary,
    *,
    measured_on: dt.date | None = None,
    warnings: tuple[RecordingWarning, ...] = (),
) -> PlutoniumResult:
    """Shares, intervals and age from the draws of a fit."""
    random = np.random.default_rng(0)
    atoms = drawn.activity.copy()
    for i, name in enumerate(PARTS):
        half = library[name].half_life
        spread = (half.standard_uncertainty or 0.0) / half.value
        atoms[:, i] *= half.value * (1.0 + spread * random.standard_normal(len(atoms)))
    # Mass numbers for masses: their ratio differs by two parts in a hundred thousand.
    mass = atoms * np.array([float(n.split("-")[1]) for n in PARTS])
    whole = mass[:, [PARTS.index(n) for n in PLUTONIUM]].sum(axis=1)
    shares = []
    for i, name in enumerate(PARTS):
        percent = 100.0 * mass[:, i] / whole
        low, middle, high, top = _quantiles(percent, drawn.weight, (0.025, 0.5, 0.975, 0.95))
        seen = drawn.seen[i]
        shares.append(Share(name, middle, (low, high), seen, None if seen else top))
    ratio, age = None, None
    said = list(warnings)
    if drawn.seen[PARTS.index("Am-241")] and drawn.seen[PARTS.index("Pu-241")]:
        per = atoms[:, PARTS.index("Am-241")] / atoms[:, PARTS.index("Pu-241")]
        mean = float(drawn.weight @ per)
        sigma = float(np.sqrt(drawn.weight @ (per - mean) ** 2))
        ratio = (mean, sigma)
        try:
            age = date_material(
                Measurement("Pu-241", "Am-241", Ratio(mean, sigma, "atom"), measured_on)
            )
        except TocsinError as error:
            said.append(RecordingWarning("no_age", str(error)))
    return PlutoniumResult(
        shares=tuple(shares),
        americium_per_241=ratio,
        age=age,
        areas=areas,
        chi_squared=drawn.chi_squared,
        freedom=drawn.freedom,
        curves=drawn.curves,
        warnings=tuple(said),
        nuclide_library=library.version,
    )


def _quantiles(values: FloatArray, weights: FloatArray, at: Sequence[float]) -> list[float]:
    """Quantiles of weighted draws; the weights sum to one."""
    order = np.argsort(values)
    rising = np.cumsum(weights[order])
    index = np.minimum(np.searchsorted(rising, np.asarray(at)), values.size - 1)
    return [float(v) for v in values[order][index]]
