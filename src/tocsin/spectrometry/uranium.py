"""Enrichment of uranium from one germanium spectrum, without standards.

Peaks of U-235 and of the progeny of U-238 are compared under thousands of efficiency curves; those
that agree with the peaks give the enrichment and how far it is known. See
docs/science/uranium-enrichment.md for the formulas, the figures and the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors import DetectorModel
from tocsin.errors import OutOfDomain
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.spectra import Recording, RecordingWarning
from tocsin.spectrometry.analysis import PeakAnalysis
from tocsin.spectrometry.peaklist import list_peaks
from tocsin.spectrometry.uranium_fit import NOTHING_KNOWN, AreaFit, Drawn, Known
from tocsin.spectrometry.uranium_lines import (
    ACTINIUM,
    ENRICHMENT,
    THORIUM,
    U234,
    NetArea,
    net_areas,
)

FloatArray = NDArray[np.float64]

WIDEST_KEV = 3.0
"""Full width at half maximum at 186 keV up to which the lines stand apart (182.5, 185.7 keV)."""
NATURAL_ATOM = 0.007204
"""U-235 in natural uranium, atom fraction (IUPAC, CIAAW 2009: 0.7204(6) %)."""
HIGH_WEIGHT = 0.20
"""Weight fraction from which uranium counts as high enriched (IAEA Safeguards Glossary)."""
SURE_OTHER = 0.9
"""Probability of another category up to which uranium that may be natural is called natural."""
FEW_CURVES = 100.0
"""Effective number of efficiency curves below which the interval itself is uncertain."""


@dataclass(frozen=True, slots=True, eq=False)
class UraniumResult:
    """Isotopic composition of uranium; percentages are of all uranium.

    Attributes
    ----------
    weight_percent, atom_percent : float
        U-235, median of what agrees with the spectrum.
    weight_interval, atom_interval : (float, float)
        With 95 % probability: from the 2.5 % to the 97.5 % quantile.
    expanded_uncertainty : float
        Half of ``weight_interval``, as for a coverage factor of 2.
    limit : str
        ``"at_least"`` when no U-238 was seen, ``"at_most"`` when no U-235 was, else empty.
    limit_percent : float or None
        That limit by weight, at 95 %.
    category : str
        ``depleted``, ``low enriched`` or ``high enriched``, the likeliest; ``natural`` where the
        interval holds natural uranium and none of them is likelier than 90 %.
    probabilities : dict of str to float
        Of less than natural, natural to 20 %, and 20 % or more U-235 by weight.
    activity_ratio : float
        U-235 to U-238, median.
    uranium_g_cm2 : (float, float)
        Areal density of the uranium, 95 % interval.
    radium_share : float
        Part of the 186 keV peak that is Ra-226.
    areas : tuple of NetArea
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

    weight_percent: float
    atom_percent: float
    weight_interval: tuple[float, float]
    atom_interval: tuple[float, float]
    expanded_uncertainty: float
    limit: str
    limit_percent: float | None
    category: str
    probabilities: dict[str, float]
    activity_ratio: float
    uranium_g_cm2: tuple[float, float]
    radium_share: float
    areas: tuple[NetArea, ...]
    chi_squared: float
    freedom: int
    curves: float
    warnings: tuple[RecordingWarning, ...]
    nuclide_library: str


def measure_uranium(
    recording: Recording,
    *,
    background: Recording | None = None,
    known: Known = NOTHING_KNOWN,
    library: NuclideLibrary | None = None,
    seed: int = 0,
) -> UraniumResult:
    """Enrichment of the uranium in a recording of a germanium detector.

    Parameters
    ----------
    recording : Recording
        All measured spectra are added up.
    background : Recording, optional
        Of the same instrument without the object; scaled by the measuring times.
    known : Known
        What is known beside the spectrum, which narrows the interval.
    library : NuclideLibrary, optional
        The one that ships with Tocsin if not given.
    seed : int
        Of the quasi-random curves.

    Raises
    ------
    OutOfDomain
        When the method does not apply: peaks too wide or too few, or mostly radium at 186 keV.
    InvalidInput, Uncalibrated
        As :func:`tocsin.spectrometry.list_peaks`.
    """
    library = library or load_library()
    ahead = list_peaks(recording, library=library)
    behind = None if background is None else list_peaks(background, library=library)
    return enrichment(
        ahead.analysis,
        None if behind is None else behind.analysis,
        model=ahead.model,
        known=known,
        library=library,
        seed=seed,
        warnings=ahead.warnings,
    )


def enrichment(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    *,
    model: DetectorModel,
    known: Known = NOTHING_KNOWN,
    library: NuclideLibrary | None = None,
    seed: int = 0,
    warnings: tuple[RecordingWarning, ...] = (),
) -> UraniumResult:
    """As :func:`measure_uranium`, from peak analyses.

    Parameters
    ----------
    analysis, background : PeakAnalysis
        Foreground, and background if there is one.
    model : DetectorModel
        Of the instrument.
    known : Known
        What is known beside the spectrum.
    library : NuclideLibrary, optional
        Nuclear data.
    seed : int
        Of the quasi-random curves.
    warnings : tuple of RecordingWarning
        To be handed on.
    """
    library = library or load_library()
    _resolved(analysis, model)
    areas = net_areas(analysis, background, ENRICHMENT, library)
    _enough(areas)
    u234 = net_areas(analysis, background, [U234], library)
    drawn = AreaFit(
        areas,
        [a for a in u234 if a.seen],
        fwhm_keV=analysis.fwhm_keV,
        shape_error=analysis.settings.shape_error,
        model=model,
        known=known,
        library=library,
        seed=seed,
    ).draw(own_radium=background is not None)
    said = list(warnings) + _conditions(analysis, background, drawn, library)
    return summarized(drawn, areas + u234, library, warnings=tuple(said))


def _resolved(analysis: PeakAnalysis, model: DetectorModel) -> None:
    fwhm = analysis.fwhm_keV(186.0)
    if analysis.measured.unit != "keV" or model.material != "Ge" or not fwhm < WIDEST_KEV:
        raise OutOfDomain(
            f"enrichment needs a germanium spectrum with peaks below {WIDEST_KEV:g} keV wide at "
            f"186 keV; these are {fwhm:.1f} keV wide ({model.name})"
        )


def _enough(areas: Sequence[NetArea]) -> None:
    named = {a.feature.name for a in areas}
    if not {"185.7 keV", "1001.0 keV"} <= named:
        raise OutOfDomain("enrichment needs the lines at 185.7 and 1001 keV within the spectrum")
    seen = [a.feature.name for a in areas if a.seen and a.feature.part in ("U-235", "U-238")]
    if len(seen) < 2:
        there = f"only that at {seen[0]}" if seen else "none"
        raise OutOfDomain(f"enrichment needs two lines of uranium; {there} is seen")


def _conditions(
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    drawn: Drawn,
    library: NuclideLibrary,
) -> list[RecordingWarning]:
    """What the reader must know beside the number."""
    said = [
        RecordingWarning(
            "equilibrium_assumed",
            "U-238 is measured by Th-234 and Pa-234m: right only when the uranium was separated "
            "100 days ago or longer; fresher uranium looks more enriched than it is",
        )
    ]
    if background is None:
        text = "no background was given: radium and thorium of the surroundings are not told apart"
        said.append(RecordingWarning("no_background", text))
    if drawn.radium_share > 0.02:
        text = f"{100 * drawn.radium_share:.0f} % of the peak at 186 keV is taken for Ra-226"
        said.append(RecordingWarning("radium", text))
    if drawn.widened:
        text = "the peaks agree badly with every efficiency curve tried; the uncertainty is widened"
        said.append(RecordingWarning("poor_fit", text))
    if drawn.curves < FEW_CURVES:
        text = "few of the efficiency curves tried agree with the peaks: the interval is rough"
        said.append(RecordingWarning("few_curves", text))
    thorium = net_areas(analysis, background, [*THORIUM, ACTINIUM], library)
    lines = {a.feature.name: a for a in thorium}
    chain = [lines[f.name] for f in THORIUM if f.name in lines]
    if background is not None and len(chain) == len(THORIUM) and all(a.seen for a in chain):
        natural = ACTINIUM.name in lines and lines[ACTINIUM.name].seen
        text = (
            "Th-228 with Ac-228 is there: thorium"
            if natural
            else "Th-228 without Ac-228 is there: a sign of U-232, that is of reprocessed uranium"
        )
        said.append(RecordingWarning("thorium_228", text))
    return said


def summarized(
    drawn: Drawn,
    areas: tuple[NetArea, ...],
    library: NuclideLibrary,
    *,
    warnings: tuple[RecordingWarning, ...] = (),
) -> UraniumResult:
    """Composition, interval, limit and category from the draws of a fit."""
    t235 = _relative(library, "U-235")
    t238 = _relative(library, "U-238")
    spread = float(np.hypot(t235[1], t238[1]))
    noise = np.random.default_rng(0).standard_normal(drawn.weight.size)
    n_ratio = drawn.activity_ratio * t235[0] / t238[0] * (1.0 + spread * noise)
    n235, n238 = n_ratio / (1.0 + n_ratio), 1.0 / (1.0 + n_ratio)
    n234 = drawn.u234_per_u235 * n235
    atom = 100.0 * n235 / (n234 + n235 + n238)
    # Mass numbers for masses: their ratio differs by two parts in a hundred thousand.
    weight = 100.0 * 235.0 * n235 / (234.0 * n234 + 235.0 * n235 + 238.0 * n238)
    w = drawn.weight / drawn.weight.sum()
    low, middle, high = _quantiles(weight, w, (0.025, 0.5, 0.975))
    a_low, a_middle, a_high = _quantiles(atom, w, (0.025, 0.5, 0.975))
    u_low, u_high = _quantiles(drawn.uranium_g_cm2, w, (0.025, 0.975))
    natural = 100.0 * 235.0 * NATURAL_ATOM / (235.0 * NATURAL_ATOM + 238.0 * (1.0 - NATURAL_ATOM))
    under = float(w[weight < natural].sum())
    over = float(w[weight >= 100.0 * HIGH_WEIGHT].sum())
    chances = {"depleted": under, "low enriched": 1.0 - under - over, "high enriched": over}
    limit, limit_percent = "", None
    if not drawn.seen_238:
        limit, limit_percent = "at_least", _quantiles(weight, w, (0.05,))[0]
    elif not drawn.seen_235:
        limit, limit_percent = "at_most", _quantiles(weight, w, (0.95,))[0]
    likeliest = max(chances, key=lambda name: chances[name])
    is_natural = not limit and low <= natural <= high and chances[likeliest] < SURE_OTHER
    return UraniumResult(
        weight_percent=middle,
        atom_percent=a_middle,
        weight_interval=(low, high),
        atom_interval=(a_low, a_high),
        expanded_uncertainty=0.5 * (high - low),
        limit=limit,
        limit_percent=limit_percent,
        category="natural" if is_natural else likeliest,
        probabilities=chances,
        activity_ratio=_quantiles(drawn.activity_ratio, w, (0.5,))[0],
        uranium_g_cm2=(u_low, u_high),
        radium_share=drawn.radium_share,
        areas=areas,
        chi_squared=drawn.chi_squared,
        freedom=drawn.freedom,
        curves=drawn.curves,
        warnings=warnings,
        nuclide_library=library.version,
    )


def _relative(library: NuclideLibrary, name: str) -> tuple[float, float]:
    """Half-life in s and its relative standard uncertainty."""
    half_life = library[name].half_life
    return half_life.value, (half_life.standard_uncertainty or 0.0) / half_life.value


def _quantiles(values: FloatArray, weights: FloatArray, at: Sequence[float]) -> list[float]:
    """Quantiles of weighted draws; the weights sum to one."""
    order = np.argsort(values)
    rising = np.cumsum(weights[order])
    index = np.minimum(np.searchsorted(rising, np.asarray(at)), values.size - 1)
    return [float(v) for v in values[order][index]]
