"""Which nuclides a spectrum shows: the entry for every detector type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.detection.analysis import EncounterSpectrum, NuclideFinding
from tocsin.detection.binning import BinnedSpectrum
from tocsin.detection.continuum_sign import ContinuumSign, continuum_sign
from tocsin.detection.deposits import DepositBank, deposit_bank
from tocsin.detection.drawn import natural, refined
from tocsin.detection.evidence import LeftPeak, PeakRules, Proof, left_peaks
from tocsin.detection.findings import Report, tell
from tocsin.detection.line_cells import LineCells, line_cells
from tocsin.detection.measured import Background, Measured, measure, refuse
from tocsin.detection.prepared import Prepared
from tocsin.detection.scale_prior import ScalePrior
from tocsin.detection.scintillator import (
    SearchSettings,
    make_drawing,
    proved,
    search_scintillator,
)
from tocsin.detection.semiconductor import LineOutcome, LineSearch, LineSettings
from tocsin.detection.source_lines import NATURAL, efficiency_curve, line_bank
from tocsin.detection.templates import FWHM_TO_SIGMA, WIDTH_AT_KEV, EnergyScale
from tocsin.detection.uranium_share import uranium_line, uranium_share
from tocsin.detection.verdict import VerdictSettings
from tocsin.detectors import DetectorModel, named_model
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary
from tocsin.nuclear.classes import SourceClass
from tocsin.spectra import RecordingWarning, Spectrum, rebin
from tocsin.spectrometry import PeakAnalysis, analyze_peaks, measured_spectrum

__all__ = [
    "Identification",
    "IdentificationSettings",
    "identify",
    "refuse",
]

FloatArray = NDArray[np.float64]

ALKALI_HALIDES = frozenset({"CsI", "NaI"})
SEMICONDUCTORS = frozenset({"Ge", "CZT"})
SERIES = frozenset(NATURAL) - {"K-40"}
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
    between : float
        Departure of the other parameters, in parts of what is expected of a single file.
    offset_sigma_keV : float
        Expected zero offset.
    excess_keV, excess_sigma_keV : float
        Expected excess of light at 100 keV of alkali halides over a scale that is right at high
        energies, as far as the file's calibration leaves it in; measured ones are 0 to 9 keV.
    width_sigma : float
        Expected departure of the peak width from the model's (logarithm), or from that of the
        spectrum's own peaks where the instrument was not recognised.
    labr3_width : float
        An unknown scintillator with peaks narrower than this part of the generic NaI width is
        taken for LaBr3.
    overload_rate_cps : float
        Counts per second of live time in one crystal above which the spectrum is one of sums: a
        photon comes before the light of the last one is gone (the slow part of CsI(Tl) lasts 3 us).
        Simulated ones keep their peaks at 1.3e5 per second and have none at 7e5.
    fewest_counts : float
        Counts in the useful range below which nothing is tried.
    fallen : float
        Chi-squared that every nuclide counts against a search that it had to be taken out of again.
    unknown_significance, unknown_contrast : float
        A peak left over with at least this significance and this height over what lies under it
        makes the source unknown.
    unknown_part : float
        With germanium and without a background, a peak left over makes the source unknown when it
        holds this part of the counts of the largest natural peak: weak lines of nature and of the
        instrument are many, and a scale that is bent moves lines away from their places.
    search, peaks, verdict
        Of the search with scintillators, the peaks, and the verdict.
    lines : LineSettings
        Of the search with germanium and CZT.
    lowest_line_keV : float
        Energies used with these.
    """

    lowest_keV: float = 22.0
    highest_keV: float = 3000.0
    bins_per_fwhm: float = 4.0
    background_error: float = 0.05
    gain_sigma: float = 0.01
    gain_sigma_between: float = 0.005
    freedom_between: float = 30.0
    between: float = 0.5
    offset_sigma_keV: float = 3.0
    excess_keV: float = 2.0
    excess_sigma_keV: float = 3.5
    width_sigma: float = 0.12
    labr3_width: float = 0.6
    overload_rate_cps: float = 3.0e5
    fewest_counts: float = 50.0
    fallen: float = 15.0
    unknown_significance: float = 8.0
    unknown_contrast: float = 0.3
    unknown_part: float = 0.5
    search: SearchSettings = field(default_factory=SearchSettings)
    peaks: PeakRules = field(default_factory=PeakRules)
    verdict: VerdictSettings = field(default_factory=VerdictSettings)
    lines: LineSettings = field(default_factory=LineSettings)
    lowest_line_keV: float = 20.0


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
) -> Identification:
    """Name the nuclides that the foreground shows beside the background.

    Parameters
    ----------
    foreground : sequence of Spectrum
        Crystals (and records) of one instrument; added up after calibration.
    background : sequence of Spectrum or None
        Spectra without the source, scaled by live time.
    model : DetectorModel
        Resolution and efficiency.
    library : NuclideLibrary
        Lines.
    settings : IdentificationSettings, optional
        The defaults are meant for every file.

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
    overloaded = _overloaded(foreground, settings.overload_rate_cps)
    if overloaded is not None:
        return overloaded
    measured = measure(foreground, background, background_error=settings.background_error)
    if float(np.sum(measured.counts)) < settings.fewest_counts:
        return Identification(
            warnings=(RecordingWarning("too_few_counts", "too few counts to name a nuclide"),)
        )
    if model.material in SEMICONDUCTORS:
        return _by_lines(foreground, background, measured, model, library, settings)
    return _by_shape(foreground, measured, model, library, settings)


def _overloaded(spectra: Sequence[Spectrum], most_cps: float) -> Identification | None:
    """The answer where more came than a crystal tells apart; None where it did not."""
    highest = max(s.total / s.live_time_s if s.live_time_s else 0.0 for s in spectra)
    if highest <= most_cps:
        return None
    words = (
        f"{highest:.2g} counts per second of live time: the instrument was overloaded, photons add "
        "up and the shape of the spectrum is not believed; a strong source, no nuclide is named"
    )
    return Identification(
        source_class="unknown",
        unknown=True,
        statistic=math.sqrt(sum(s.total for s in spectra)),
        reasons=(words,),
        warnings=(RecordingWarning("overload", words),),
    )


def _by_lines(
    foreground: Sequence[Spectrum],
    background: Background,
    measured: Measured,
    model: DetectorModel,
    library: NuclideLibrary,
    settings: IdentificationSettings,
) -> Identification:
    """Identification with germanium or CZT, where peaks are resolved."""
    ahead = _peaks(foreground, model)
    behind = None
    scale = 1.0
    if measured.own_background is not None and background is not None:
        behind = _peaks([s for s in background if s.is_calibrated], model)
        scale = measured.background_scale
    cells = line_cells(
        ahead,
        behind,
        background_scale=scale,
        background_error=measured.background_error,
        crystal=model.material,
        lowest_keV=settings.lowest_line_keV,
        highest_keV=settings.highest_keV,
    )
    search = LineSearch(
        cells,
        line_bank(model, library),
        efficiency_curve(model),
        settings.lines,
        has_background=behind is not None,
    )
    outcome = search.solve()
    left = [
        p
        for p in outcome.left
        if p.significance >= settings.unknown_significance
        and p.contrast >= settings.unknown_contrast
    ]
    notes = outcome.notes
    if behind is None and _natural_only(outcome.proved):
        left, small = _by_size(left, outcome.proved, settings.unknown_part)
        notes += small
    share = uranium_share(outcome.proved, ahead, behind, model=model, library=library)
    smooth = None
    if behind is not None and not left and _may_be_smooth(outcome.proved):
        smooth = _smooth(measured, model, library, settings)
    told = tell(
        outcome.proved,
        left,
        notes,
        outcome.scale,
        library,
        uranium=share,
        continuum=smooth,
    )
    found = _answer(measured, told, outcome.scale, _peaks_modelled(measured, cells, outcome))
    return replace(found, width=ahead.fwhm_keV(WIDTH_AT_KEV) / _model_fwhm_keV(model))


def _smooth(
    measured: Measured,
    model: DetectorModel,
    library: NuclideLibrary,
    settings: IdentificationSettings,
) -> ContinuumSign | None:
    """Source without lines in a spectrum of germanium or CZT, looked at as coarsely as with NaI."""
    coarse = replace(model, resolution=named_model("generic-nai").resolution)
    binned = _bins(measured, coarse, settings)
    if binned is None or float(binned.counts.sum()) < settings.fewest_counts:
        return None
    prepared = Prepared.of(binned, measured.counts, measured.edges_keV, settings.search.errors)
    drawing = make_drawing(
        deposit_bank(coarse, library, natural_only=True),
        prepared,
        coarse.fwhm_keV,
        settings.search,
        background_error=measured.background_error,
    )
    drawn = drawing.at(EnergyScale())
    s = settings.search
    _, fit = drawn.mixture.search(
        natural(drawing.bank), entry=s.entry, most=s.most, shortlist=s.shortlist
    )
    return continuum_sign(drawn, fit)


def _by_size(
    left: Sequence[LeftPeak], proofs: Sequence[Proof], part: float
) -> tuple[list[LeftPeak], tuple[str, ...]]:
    """Peaks that make a source unknown, and words for those that are small beside nature's own."""
    largest = max((g.counts for p in proofs for g in p.confirmed), default=0.0)
    clear = [p for p in left if p.counts >= part * largest]
    words = tuple(
        f"a peak at {p.energy_keV:.0f} keV ({p.significance:.0f} sigma) is not explained; without "
        "a background, a line of nature's own or of the instrument is not told from a source"
        for p in left
        if p.counts < part * largest
    )
    return clear, words


def _natural_only(proofs: Sequence[Proof]) -> bool:
    return all(p.candidate.tier == "natural" or p.name in NATURAL for p in proofs)


def _may_be_smooth(proofs: Sequence[Proof]) -> bool:
    """Whether a smooth excess may be a source: a series beside it sends scattered photons itself.

    How many, behind a shield, the templates do not know well enough to tell a second source.
    """
    return _natural_only(proofs) and not any(p.name in SERIES for p in proofs)


def _peaks(spectra: Sequence[Spectrum], model: DetectorModel) -> PeakAnalysis:
    return analyze_peaks(measured_spectrum(spectra), model.resolution, assumed=model.assumed)


def _model_fwhm_keV(model: DetectorModel) -> float:
    return float(model.fwhm_keV(np.array([WIDTH_AT_KEV]))[0])


def _peaks_modelled(measured: Measured, cells: LineCells, outcome: LineOutcome) -> FloatArray:
    """Expected counts per channel for the eye: what was found explains peaks, the rest is as seen.

    Where a found peak is not explained in full, that part is taken off the measured counts.
    """
    out = measured.counts.copy()
    n = cells.n_found
    edges = measured.edges_keV
    for energy, fwhm, rest in zip(
        cells.energies_keV[:n],
        cells.fwhm_keV[:n],
        (cells.areas - outcome.modelled)[:n],
        strict=True,
    ):
        sigma = float(fwhm) * FWHM_TO_SIGMA
        first, last = np.searchsorted(edges, (energy - 5 * sigma, energy + 5 * sigma))
        part = edges[max(int(first) - 1, 0) : int(last) + 1]
        share = np.diff(ndtr((part - energy) / sigma))
        start = max(int(first) - 1, 0)
        out[start : start + share.size] -= float(rest) * share
    return np.asarray(np.maximum(out, 0.0))


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
    foreground: Sequence[Spectrum],
    measured: Measured,
    model: DetectorModel,
    library: NuclideLibrary,
    settings: IdentificationSettings,
) -> Identification:
    """Identification with a scintillator."""
    model, width, width_sigma = _settled(foreground, model, settings)
    binned = _bins(measured, model, settings)
    if binned is None or float(binned.counts.sum()) < settings.fewest_counts:
        return Identification(
            warnings=(RecordingWarning("too_few_counts", "too few counts to name a nuclide"),)
        )
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
    # beside an expected background, as of a survey, a rise of nature is smooth as well
    smooth = None
    if measured.own_background is not None and not left and _may_be_smooth(best.proved):
        smooth = continuum_sign(best.drawn, best.fit)
    told = tell(
        best.proved,
        left,
        best.notes,
        best.drawn.scale,
        library,
        uranium=uranium_line(best.proved, has_background=measured.own_background is not None),
        continuum=smooth,
    )
    # the modelled bins spread evenly over their channels, for the eye
    modelled = rebin(best.drawn.counts(best.fit), binned.edges_keV, measured.edges_keV)
    return _answer(measured, told, best.drawn.scale, modelled)


def _settled(
    foreground: Sequence[Spectrum], model: DetectorModel, settings: IdentificationSettings
) -> tuple[DetectorModel, float, float]:
    """Model, expected width factor and its deviation; unknown crystals by their peak width."""
    if not model.assumed:
        return model, 1.0, settings.width_sigma
    peaks = analyze_peaks(
        measured_spectrum(foreground), model.resolution, assumed=True, tails=False
    )
    seen = peaks.fwhm_keV(WIDTH_AT_KEV)
    width = seen / _model_fwhm_keV(model)
    if width < settings.labr3_width:
        model = replace(named_model("generic-labr3"), assumed=True)
        width = seen / _model_fwhm_keV(model)
    return model, width, max(settings.width_sigma, peaks.widths.log_sigma)


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
    found = refined(drawing, start, inside, prior)
    gain, offset, width, excess, tilt = found.sigma
    between = settings.between
    return replace(
        prior,
        gain=found.scale.gain,
        gain_sigma=float(np.hypot(settings.gain_sigma_between, gain)),
        freedom=settings.freedom_between,
        offset_keV=found.scale.offset_keV,
        offset_sigma_keV=float(np.hypot(between * prior.offset_sigma_keV, offset)),
        width=found.scale.width,
        width_sigma=float(np.hypot(between * prior.width_sigma, width)),
        excess_keV=found.scale.excess_keV,
        excess_sigma_keV=float(np.hypot(between * prior.excess_sigma_keV, excess)),
        tilt=found.scale.tilt,
        tilt_sigma=float(np.hypot(between * prior.tilt_sigma, tilt)),
    )


def _answer(
    measured: Measured, told: Report, scale: EnergyScale, modelled: FloatArray
) -> Identification:
    spectrum = EncounterSpectrum(
        edges_keV=measured.edges_keV,
        counts=measured.counts,
        background_counts=measured.background,
        live_time_s=measured.live_time_s or 0.0,
        model_counts=modelled,
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
