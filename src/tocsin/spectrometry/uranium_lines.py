"""Net areas of the lines that uranium enrichment rests on, with what each nuclide gives to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.errors import NotFound
from tocsin.nuclear import EmissionLine, NuclideLibrary
from tocsin.spectrometry.analysis import PeakAnalysis
from tocsin.spectrometry.line_areas import net_line_areas

SEPARATED_S = 3.15576e7
"""Time since separation at which progeny are taken: a year, Th-234 long in equilibrium."""
SAME_LINE_KEV = 0.6
"""Distance within which an energy of this module means a line of the library."""
BLEND_FWHM = 0.5
"""Distance within which another line of the library counts into the same peak, in peak widths."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One peak, or several too close to tell apart, whose sum is used.

    Attributes
    ----------
    name : str
        Words for a reader.
    lines : tuple of (str, float)
        Emitter and energy in keV that name the lines of the library to fit.
    part : str
        ``"U-235"``, ``"U-238"`` or ``"Ra-226"``: what it is taken for; ``"both"`` for a blend.
    """

    name: str
    lines: tuple[tuple[str, float], ...]
    part: str


ENRICHMENT = (
    Feature("84.2 keV", (("Th-231", 84.21),), "U-235"),
    Feature("89.9 keV", (("U-235", 89.95),), "U-235"),
    Feature("92-93 keV", (("Th-234", 92.38), ("Th-234", 92.8), ("U-235", 93.35)), "both"),
    Feature("143.8 keV", (("U-235", 143.77),), "U-235"),
    Feature("163.4 keV", (("U-235", 163.36),), "U-235"),
    Feature("185.7 keV", (("U-235", 185.71),), "U-235"),
    Feature("205.3 keV", (("U-235", 205.31),), "U-235"),
    Feature("258.2 keV", (("Pa-234m", 258.23),), "U-238"),
    Feature("742.8 keV", (("Pa-234m", 742.81),), "U-238"),
    Feature("766.4 keV", (("Pa-234m", 766.42),), "U-238"),
    Feature("1001.0 keV", (("Pa-234m", 1001.03),), "U-238"),
    Feature("295.2 keV", (("Pb-214", 295.22),), "Ra-226"),
    Feature("351.9 keV", (("Pb-214", 351.93),), "Ra-226"),
    Feature("609.3 keV", (("Bi-214", 609.32),), "Ra-226"),
)
U234 = Feature("120.9 keV", (("U-234", 120.9),), "U-234")
THORIUM = (
    Feature("583.2 keV", (("Tl-208", 583.19),), "Th-228"),
    Feature("2614.5 keV", (("Tl-208", 2614.51),), "Th-228"),
)
ACTINIUM = Feature("911.2 keV", (("Ac-228", 911.2),), "Ac-228")
BESIDE = (
    ("Pb-212", 74.81), ("Pb-212", 77.11), ("Th-231", 81.23), ("Pb-212", 87.3),
    ("Pa-234m", 94.665), ("Pa-234m", 98.439), ("Th-231", 102.27), ("U-235", 105.61),
    ("U-235", 109.18), ("Pa-234m", 111.3), ("Pa-234m", 114.5), ("U-235", 140.76),
    ("U-235", 182.50), ("U-235", 194.94), ("U-235", 202.11), ("Bi-214", 768.36),
)  # fmt: skip
"""Lines fitted along because they stand near one that counts; between 74 and 115 keV every X-ray of
uranium, its progeny and the lead of any surroundings, or the continuum there comes out too high."""
SCALE_LINES = (
    ("U-235", 143.77), ("U-235", 163.36), ("U-235", 185.71), ("U-235", 205.31),
    ("Pb-212", 238.63), ("Pb-214", 351.93), ("Bi-214", 609.32), ("Pa-234m", 766.42),
    ("Pa-234m", 1001.03), ("K-40", 1460.82), ("Tl-208", 2614.51),
)  # fmt: skip
"""Lines of uranium and of any background, for the error of the energy scale."""


@dataclass(frozen=True, slots=True)
class NetArea:
    """Net counts of a feature above continuum and background, with their standard uncertainty."""

    feature: Feature
    area: float
    uncertainty: float

    @property
    def seen(self) -> bool:
        """Whether it exceeds three standard uncertainties."""
        return self.area > 3.0 * self.uncertainty


def line_of(library: NuclideLibrary, emitter: str, energy_keV: float) -> EmissionLine:
    """The strongest line of a nuclide at an energy.

    Raises
    ------
    NotFound
        When the library has none there.
    """
    near = [x for x in library[emitter].lines if abs(x.energy_keV - energy_keV) <= SAME_LINE_KEV]
    if not near:
        raise NotFound(f"the nuclide library has no line of {emitter} at {energy_keV:g} keV")
    return max(near, key=lambda x: x.intensity)


def net_areas(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    features: Sequence[Feature],
    library: NuclideLibrary,
) -> tuple[NetArea, ...]:
    """Net areas of those features that lie within the spectrum."""
    found = net_line_areas(
        analysis,
        background,
        {f.name: [line_of(library, n, e).energy_keV for n, e in f.lines] for f in features},
        beside_keV=[line_of(library, n, e).energy_keV for n, e in BESIDE],
        scale_keV=[line_of(library, n, e).energy_keV for n, e in SCALE_LINES],
    )
    return tuple(NetArea(f, *found[f.name]) for f in features if f.name in found)
