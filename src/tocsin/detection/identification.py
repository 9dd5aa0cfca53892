"""Which nuclides a spectrum shows: the entry for every detector type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection import line_search
from tocsin.detection.analysis import EncounterSpectrum, NuclideFinding, SourceClass
from tocsin.detection.binning import BinnedSpectrum
from tocsin.detection.deposits import DepositBank, deposit_bank
from tocsin.detection.drawn import natural, refined
from tocsin.detection.evidence import PeakRules, left_peaks
from tocsin.detection.findings import Report, tell
from tocsin.detection.measured import Background, ExpectedBackground, Measured, measure, refuse
from tocsin.detection.prepared import Prepared
from tocsin.detection.scale_prior import ScalePrior
from tocsin.detection.scintillator import (
    Outcome,
    SearchSettings,
    make_drawing,
    proved,
    search_scintillator,
)
from tocsin.detection.templates import EnergyScale
from tocsin.detection.verdict import VerdictSettings
from tocsin.detection.width import width_by_pursuit
from tocsin.detectors import DetectorModel, named_model
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary
from tocsin.spectra import RecordingWarning, Spectrum, rebin

__all__ = [
    "ExpectedBackground",
    "Identification",
    "IdentificationSettings",
    "identify",
    "refuse",
]

FloatArray = NDArray[np.float64]

ALKALI_HALIDES = frozenset({"CsI", "NaI"})
SEMICONDUCTORS = frozenset({"Ge", "CZT"})
CHECK_SOURCES = ("Na-22", "Cs-137")
"""Sources that instruments carry for their own stabilisation, hence in many a background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationSettings:
    """Choices of the identification: one setting for all files and instruments.

    Attributes
    ----------
    lowest_keV, highest_keV : float
        Energies used. Above 3 MeV no line of the library matters; below 22 keV thresholds rule.
    bins_per_fwhm : float
        Channels are joined up to this fineness.
    background_error : float
        Relative uncertainty of the background's scale (live times, another place, own shadow).
    gain_sigma : float
        Expected departure of a scintillator's gain from its file; recorded ones are 0 to 5 per
        cent, most below one.
    gain_sigma_between, freedom_between : float
        Departure of the foreground's gain from that of its background, and how little far ones
        are expected (degrees of freedom of Student's t).
    offset_sigma_keV : float
        Expected zero offset.
    excess_keV, excess_sigma_keV : float
        Expected excess of light at 100 keV of alkali halides over a scale that is right at high
        energies, as far as the file's calibration leaves it in; measured ones are 0 to 9 keV.
    width_sigma, width_sigma_unknown : float
        Expected departure of the peak width from the model's (logarithm), for an instrument that
        was recognised and for one that was not.
    labr3_width : float
        An unknown scintillator with peaks narrower than this part of the generic NaI width is
        taken for LaBr3.
    fewest_counts : float
        Counts in the useful range below which nothing is tried.
    fallen : float
        Chi-squared that every nuclide counts against a search that it had to be taken out of again.
    unknown_significance, unknown_contrast : float
        A peak left over with at least this significance and this height over what lies under it
        makes the source unknown.
    search, peaks, verdict
        Of the search with scintillators, the peaks, and the verdict.
    lines : line_search.IdentificationSettings
        Of the search with germanium and CZT.
    """

    lowest_keV: float = 22.0
    highest_keV: float = 3000.0
    bins_per_fwhm: float = 4.0
    background_error: float = 0.05
    gain_sigma: float = 0.01
    gain_sigma_between: float = 0.005
    freedom_between: float = 30.0
    offset_sigma_keV: float = 3.0
    excess_keV: float = 2.0
    excess_sigma_keV: float = 3.5
    width_sigma: float = 0.12
    width_sigma_unknown: float = 0.5
    labr3_width: float = 0.6
    fewest_counts: float = 50.0
    fallen: float = 15.0
    unknown_significance: float = 8.0
    unknown_contrast: float = 0.3
    search: SearchSettings = field(default_factory=SearchSettings)
    peaks: PeakRules = field(default_factory=PeakRules)
    verdict: VerdictSettings = field(default_factory=VerdictSettings)
    lines: line_search.IdentificationSettings = field(
        default_factory=line_search.IdentificationSettings
    )


@dataclass(frozen=True, slots=True)
class Identification:
    """What a spectrum shows.

    Attributes
    ----------
    findings : tuple of NuclideFinding
        Named nuclides, surest first; may be empty.
    source_class : str or None
        Gravest class of what was found; None where nothing was.
    nuclear_material : bool
        Special nuclear material or refined uranium is among the findings.
    unknown : bool
        Clear peaks are left that nothing explains.
    statistic : float
        Square root of the fall of chi-squared by all that was found: standard deviations.
    gain, offset_keV, width : float
        Energy scale found: a line at ``E`` is seen at ``E * seen_gain + offset``; ``gain`` here is
        the factor that corrects the file's energies (``1 / seen_gain``).
    reasons : tuple of str
        What else was considered and why it was not named.
    spectrum : EncounterSpectrum or None
        For the eye.
    warnings : tuple of RecordingWarning
        What the reader must know.
    """

    findings: tuple[NuclideFinding, ...] = ()
    source_class: SourceClass | None = None
    nuclear_material: bool = False
    unknown: bool = False
    statistic: float = 0.0
    gain: float = 1.0
    offset_keV: float = 0.0
    width: float = 1.0
    reasons: tuple[str, ...] = ()
    spectrum: EncounterSpectrum | None = None
    warnings: tuple[RecordingWarning, ...] = ()


def identify(
    foreground: Sequence[Spectrum],
    background: Background,
    *,
    model: DetectorModel,
    library: NuclideLibrary,
    settings: IdentificationSettings | None = None,
    background_scale: float | None = None,
) -> Identification:
    """Name the nuclides that the foreground shows beside the background.

    Parameters
    ----------
    foreground : sequence of Spectrum
        Crystals (and records) of one instrument; added up after calibration.
    background : sequence of Spectrum, ExpectedBackground or None
        Spectra without the source, scaled by live time; or expected counts on the channels of the
        first foreground spectrum; or None.
    model : DetectorModel
        Resolution and efficiency.
    library : NuclideLibrary
        Lines.
    settings : IdentificationSettings, optional
        The defaults are meant for every file.
    background_scale : float, optional
        Foreground over background live time, where the spectra do not state it.

    Returns
    -------
    Identification
        Without findings and with a warning where the calibration cannot be used.

    Notes
    -----
    See docs/science/identification.md for the method and its limits.
    """
    settings = settings or IdentificationSettings()
    if not foreground:
        raise InvalidInput("identify: no foreground spectrum given")
    refused = refuse(foreground)
    if refused is not None:
        return Identification(warnings=(refused,))
    measured = measure(
        foreground,
        background,
        background_error=settings.background_error,
        background_scale=background_scale,
    )
    if model.material in SEMICONDUCTORS:
        return _by_lines(foreground, background, model, library, settings, background_scale)
    binned = _bins(measured, model, settings)
    if binned is None or float(binned.counts.sum()) < settings.fewest_counts:
        return Identification(
            warnings=(RecordingWarning("too_few_counts", "too few counts to name a nuclide"),)
        )
    return _by_shape(measured, binned, model, library, settings)


def _by_lines(
    foreground: Sequence[Spectrum],
    background: Background,
    model: DetectorModel,
    library: NuclideLibrary,
    settings: IdentificationSettings,
    background_scale: float | None,
) -> Identification:
    found = line_search.identify(
        foreground,
        background,
        model=model,
        library=library,
        settings=settings.lines,
        background_scale=background_scale,
    )
    return Identification(
        found.findings,
        found.source_class,
        found.nuclear_material,
        found.unknown,
        found.statistic,
        found.gain,
        found.offset_keV,
        found.width,
        found.reasons,
        found.spectrum,
        found.warnings,
    )


def _bins(
    measured: Measured, model: DetectorModel, settings: IdentificationSettings
) -> BinnedSpectrum | None:
    return measured.binned(
        model.fwhm_keV,
        lowest_keV=settings.lowest_keV,
        highest_keV=settings.highest_keV,
        bins_per_fwhm=settings.bins_per_fwhm,
    )


def _by_shape(
    measured: Measured,
    binned: BinnedSpectrum,
    model: DetectorModel,
    library: NuclideLibrary,
    settings: IdentificationSettings,
) -> Identification:
    """Identification with a scintillator."""
    model, width, width_sigma = _settled(binned, model, settings)
    again = _bins(measured, model, settings)
    binned = binned if again is None else again
    bank = deposit_bank(model, library)
    prior = _prior(model, width, width_sigma, settings)
    if measured.own_background is not None:
        prior = _prior_by_background(measured.own_background, model, bank, prior, settings)
    prepared = Prepared.of(binned, measured.counts, measured.edges_keV, settings.search.errors)
    drawing = make_drawing(
        bank,
        prepared,
        model.fwhm_keV,
        settings.search,
        background_error=measured.background_error,
    )
    outcomes = [
        proved(found, settings.search, settings.peaks, settings.verdict)
        for found in search_scintillator(drawing, prior, settings.search)
    ]
    best = min(outcomes, key=lambda o: o.search_score + settings.fallen * len(o.notes))
    left = left_peaks(
        best.drawn,
        best.fit,
        significance=settings.unknown_significance,
        contrast=settings.unknown_contrast,
    )
    told = tell(best.proved, left, best.notes, best.drawn.scale, library)
    return _answer(measured, best, told)


def _settled(
    binned: BinnedSpectrum, model: DetectorModel, settings: IdentificationSettings
) -> tuple[DetectorModel, float, float]:
    """Model, expected width factor and its deviation; unknown crystals by their peak width."""
    if not model.assumed:
        return model, 1.0, settings.width_sigma
    width = width_by_pursuit(
        binned,
        model.fwhm_keV,
        widths=np.geomspace(0.3, 1.5, 12),
        spacing_fwhm=3.0,
        prior_log_sigma=settings.width_sigma_unknown,
    )
    if width < settings.labr3_width:
        at = np.array([662.0])
        seen = width * float(model.fwhm_keV(at)[0])
        model = replace(named_model("generic-labr3"), assumed=True)
        width = seen / float(model.fwhm_keV(at)[0])
    return model, width, 2.0 * settings.width_sigma


def _prior(
    model: DetectorModel, width: float, width_sigma: float, settings: IdentificationSettings
) -> ScalePrior:
    alkali = model.material in ALKALI_HALIDES
    return ScalePrior(
        gain_sigma=settings.gain_sigma,
        offset_sigma_keV=settings.offset_sigma_keV,
        width=width,
        width_sigma=width_sigma,
        excess_keV=settings.excess_keV if alkali else 0.0,
        excess_sigma_keV=settings.excess_sigma_keV if alkali else 0.0,
    )


def _prior_by_background(
    background: Measured,
    model: DetectorModel,
    bank: DepositBank,
    prior: ScalePrior,
    settings: IdentificationSettings,
) -> ScalePrior:
    """What the lines of the background tell of the gain of the foreground."""
    binned = _bins(background, model, settings)
    if binned is None or float(binned.counts.sum()) < settings.fewest_counts:
        return prior
    prepared = Prepared.of(binned, background.counts, background.edges_keV, settings.search.errors)
    drawing = make_drawing(
        bank, prepared, model.fwhm_keV, settings.search, background_error=settings.background_error
    )
    inside = [*natural(bank), *(bank.index(name) for name in CHECK_SOURCES)]
    start = EnergyScale(width=prior.width, excess_keV=prior.excess_keV)
    scale, score = refined(drawing, start, inside, prior)
    small = drawing.with_rows(drawing.rows_of(inside))
    step = settings.gain_sigma
    rise = []
    for moved in (scale.gain - step, scale.gain + step):
        there = replace(scale, gain=moved)
        rise.append(small.at(there).mixture.fit(inside).chi2 + prior.penalty(there) - score)
    own = step / np.sqrt(max(float(np.mean(rise)), 1.0))
    return replace(
        prior,
        gain=scale.gain,
        gain_sigma=float(np.hypot(settings.gain_sigma_between, own)),
        freedom=settings.freedom_between,
    )


def _answer(measured: Measured, outcome: Outcome, told: Report) -> Identification:
    drawn, scale = outcome.drawn, outcome.drawn.scale
    binned = drawn.drawing.prepared.binned
    spectrum = EncounterSpectrum(
        edges_keV=measured.edges_keV,
        counts=measured.counts,
        background_counts=measured.background,
        live_time_s=measured.live_time_s or 0.0,
        # the modelled bins spread evenly over their channels, for the eye
        model_counts=rebin(drawn.counts(outcome.fit), binned.edges_keV, measured.edges_keV),
        gain=1.0 / scale.gain,
    )
    return Identification(
        findings=told.findings,
        source_class=told.source_class,
        nuclear_material=told.nuclear_material,
        unknown=told.unknown,
        statistic=told.statistic,
        gain=1.0 / scale.gain,
        offset_keV=scale.offset_keV,
        width=scale.width,
        reasons=told.reasons,
        spectrum=spectrum,
    )
