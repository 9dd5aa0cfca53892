"""Which nuclides a spectrum shows: energy scale, joint fit of patterns, proof line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.analysis import EncounterSpectrum, NuclideFinding, SourceClass
from tocsin.detection.binning import (
    BinnedSpectrum,
    Resolution,
    SummedSpectrum,
    first_useful_keV,
    group_channels,
    peak_coordinate,
    sum_spectra,
)
from tocsin.detection.gain import ScalePrior, refine, trial_gains
from tocsin.detection.measured import Background, ExpectedBackground
from tocsin.detection.nuclide_bank import NATURAL_START, NuclideBank, nuclide_bank
from tocsin.detection.proof import Judgement, ProofSettings, judge
from tocsin.detection.reporting import Report, report
from tocsin.detection.search import Search, SearchSettings, grow, start_search
from tocsin.detection.templates import FADE_KEV, EnergyScale
from tocsin.detection.width import width_by_pursuit, width_by_votes
from tocsin.detectors import DetectorModel, named_model
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary
from tocsin.spectra import RecordingWarning, Spectrum, rebin

FloatArray = NDArray[np.float64]

INTRINSIC = {"LaBr3": ("La-138",)}
"""Natural activity of crystals, by the name that the detector model gives it."""
ALKALI_HALIDES = frozenset({"CsI", "NaI"})
SEMICONDUCTORS = frozenset({"Ge", "CZT"})


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
    gain_sigma, offset_sigma_keV : float
        Expected departure of a scintillator's scale from its file; recorded ones are 1 to 5 per
        cent and up to 6 keV (light yield of alkali halides falls with energy).
    gain_sigma_semiconductor, offset_sigma_semiconductor_keV : float
        The same of germanium and CZT.
    excess_keV, excess_sigma_keV : float
        Expected excess of light at 100 keV of alkali halides over a scale that is right at high
        energies, as far as the file's calibration leaves it in; measured ones are 0 to 9 keV.
    gain_sigma_between : float
        Departure of the foreground's gain from that of its background.
    gain_reach : float
        Largest departure of the gain from 1 that is searched.
    trial_shapes : tuple of (float, float)
        Offset and excess tried at first, in standard deviations from the expectation.
    width_sigma, width_sigma_unknown : float
        Expected departure of the peak width from the model's (logarithm), for an instrument that
        was recognised and for one that was not.
    labr3_width : float
        An unknown scintillator with peaks narrower than this part of the generic NaI width is
        taken for LaBr3.
    fewest_counts : float
        Counts in the useful range below which nothing is tried.
    unknown_significance, unknown_contrast : float
        A peak left over with at least this significance and this height over what lies under it
        makes the source unknown.
    search : SearchSettings
        Of the candidate search.
    proof : ProofSettings
        Of the proof that each candidate must bring.
    """

    lowest_keV: float = 22.0
    highest_keV: float = 3000.0
    bins_per_fwhm: float = 5.0
    background_error: float = 0.05
    gain_sigma: float = 0.02
    offset_sigma_keV: float = 3.0
    gain_sigma_semiconductor: float = 0.002
    offset_sigma_semiconductor_keV: float = 0.3
    excess_keV: float = 2.0
    excess_sigma_keV: float = 3.5
    gain_sigma_between: float = 0.01
    gain_reach: float = 0.07
    trial_shapes: tuple[tuple[float, float], ...] = ((0.0, 0.0), (0.0, 1.5), (-1.2, 0.0))
    width_sigma: float = 0.12
    width_sigma_unknown: float = 0.5
    labr3_width: float = 0.6
    fewest_counts: float = 50.0
    unknown_significance: float = 8.0
    unknown_contrast: float = 0.3
    search: SearchSettings = field(default_factory=SearchSettings)
    proof: ProofSettings = field(default_factory=ProofSettings)


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
    scale_prior: EnergyScale | None = None,
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
    scale_prior : EnergyScale, optional
        Energy scale that is known already (from a longer measurement of the same instrument).

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
    case = _Case.prepare(foreground, background, model, library, settings, background_scale)
    if case is None or float(case.binned.counts.sum()) < settings.fewest_counts:
        return Identification(
            warnings=(RecordingWarning("too_few_counts", "too few counts to name a nuclide"),)
        )
    search, judgement, scale = case.solve(scale_prior)
    told = report(
        search,
        judgement,
        case.bank,
        library,
        unknown_significance=settings.unknown_significance,
        unknown_contrast=settings.unknown_contrast,
        resolution=case.resolution,
    )
    return _answer(case, search, told, scale)


def refuse(spectra: Sequence[Spectrum]) -> RecordingWarning | None:
    """Why no nuclide may be named from these spectra; None where the calibration can be used.

    A calibration is refused when the file has none, when it does not rise, and when it is the
    identity (channel number taken for keV), which is what programs write where nobody calibrated.
    """
    for spectrum in spectra:
        if not spectrum.is_calibrated:
            return RecordingWarning(
                "uncalibrated",
                f"detector {spectrum.detector or '(unnamed)'} has no usable energy calibration: "
                "no nuclide is named",
            )
        edges = spectrum.edges_keV
        if np.allclose(np.diff(edges), 1.0, atol=1e-6) and abs(float(edges[0])) < 0.51:
            return RecordingWarning(
                "uncalibrated",
                "the energy calibration is the channel number itself (1 keV per channel from 0), "
                "which stands for none: no nuclide is named",
            )
    return None


@dataclass
class _Case:
    """One spectrum on its way through the identification."""

    summed: SummedSpectrum
    background: FloatArray
    background_variance: FloatArray
    has_background: bool
    background_error: float
    model: DetectorModel
    bank: NuclideBank
    settings: IdentificationSettings
    binned: BinnedSpectrum
    width: float = 1.0

    @property
    def resolution(self) -> Resolution:
        return self.model.fwhm_keV

    @property
    def semiconductor(self) -> bool:
        return self.model.material in SEMICONDUCTORS

    @classmethod
    def prepare(
        cls,
        foreground: Sequence[Spectrum],
        background: Background,
        model: DetectorModel,
        library: NuclideLibrary,
        settings: IdentificationSettings,
        background_scale: float | None,
    ) -> _Case | None:
        summed = sum_spectra(foreground)
        counts, variance, error = _expected_background(
            summed, background, settings, background_scale
        )
        has = counts is not None
        if counts is None:
            counts = np.zeros_like(summed.counts)
        if variance is None:
            variance = np.zeros_like(counts)
        binned = _bin(summed, counts, variance, has, model.fwhm_keV, 0.5, settings)
        if binned is None:
            return None
        case = cls(
            summed,
            counts,
            variance,
            has,
            error,
            model,
            nuclide_bank(model, library),
            settings,
            binned,
        )
        case._settle_width(library)
        return case

    def _settle_width(self, library: NuclideLibrary) -> None:
        """Peak width; an unknown scintillator with narrow peaks is taken for LaBr3."""
        if self.semiconductor:
            self.width, _ = width_by_votes(
                self.binned, self.resolution, widths=np.geomspace(0.5, 1.9, 16)
            )
        else:
            lowest = 0.3 if self.model.assumed else 0.6
            self.width = width_by_pursuit(
                self.binned,
                self.resolution,
                widths=np.geomspace(lowest, 1.5, 12),
                spacing_fwhm=self.settings.search.spacing_fwhm,
                prior_log_sigma=(
                    self.settings.width_sigma_unknown
                    if self.model.assumed
                    else self.settings.width_sigma
                ),
            )
            if self.model.assumed and self.width < self.settings.labr3_width:
                at = np.array([662.0])
                seen = self.width * float(self.resolution(at)[0])
                self.model = replace(named_model("generic-labr3"), assumed=True)
                self.bank = nuclide_bank(self.model, library)
                self.width = seen / float(self.resolution(at)[0])
        self.rebin()

    def rebin(self) -> None:
        """Bins anew, with the present width and background."""
        binned = _bin(
            self.summed,
            self.background,
            self.background_variance,
            self.has_background,
            self.resolution,
            self.width,
            self.settings,
        )
        if binned is not None:
            self.binned = binned

    def prior(self) -> ScalePrior:
        """Expectation of the energy scale."""
        s = self.settings
        if self.semiconductor:
            return ScalePrior(
                1.0,
                s.gain_sigma_semiconductor,
                0.0,
                s.offset_sigma_semiconductor_keV,
                s.gain_reach,
            )
        alkali = self.model.material in ALKALI_HALIDES
        return ScalePrior(
            1.0,
            s.gain_sigma,
            0.0,
            s.offset_sigma_keV,
            s.gain_reach,
            s.excess_keV if alkali else 0.0,
            s.excess_sigma_keV if alkali else 0.0,
        )

    def begin(self, scale: EnergyScale) -> Search:
        """Search at a scale with nothing but natural patterns and nuisances."""
        return start_search(
            self.binned,
            self.resolution,
            scale,
            self.bank,
            background_error=self.background_error,
            settings=self.settings.search,
            own=self.own,
        )

    @property
    def share(self) -> float:
        """Part of the explained chi-squared below which no candidate enters."""
        proof = self.settings.proof
        return 0.5 * (proof.share_semiconductor if self.semiconductor else proof.share)

    @property
    def fade_keV(self) -> float:
        """Energy over which the offset of the scale fades."""
        return 1e9 if self.semiconductor else FADE_KEV

    @property
    def own(self) -> tuple[str, ...]:
        """Activity of the crystal itself."""
        return INTRINSIC.get(self.model.intrinsic, ())

    def merit(self, search: Search, prior: ScalePrior) -> float:
        """Chi-squared explained at a scale, less what it costs."""
        cost = sum(
            self.settings.search.prior_of(self.bank.candidate(n).tier) for n in search.accepted
        )
        return search.solution.gain - cost - prior.penalty(search.scale)

    def solve(self, known: EnergyScale | None) -> tuple[Search, Judgement, EnergyScale]:
        """Energy scale, then search and proof in turns until all that is left is proved."""
        settings = self.settings
        prior = self.prior()
        if known is not None:
            prior = replace(
                prior,
                gain=known.gain,
                gain_sigma=prior.gain_sigma / 4.0,
                offset_keV=known.offset_keV,
                offset_sigma_keV=prior.offset_sigma_keV / 2.0,
            )
        elif self.has_background and not self.semiconductor:
            prior = self._background_prior(prior)
        scale = self._best_scale(prior)
        banned: frozenset[str] = frozenset()
        reasons: list[str] = []
        while True:
            search = grow(
                self.begin(scale),
                self.bank,
                self.resolution,
                settings=settings.search,
                banned=banned,
                share=self.share,
            )
            judgement = judge(
                search,
                self.bank,
                self.resolution,
                settings=settings.proof,
                prior_of=settings.search.prior_of,
                semiconductor=self.semiconductor,
                own=self.own,
            )
            if not judgement.rejected:
                break
            # the weaker ones go first: what they took from the others comes back to those
            limit = 0.3 * judgement.rejected[-1].gain
            for i, fallen in enumerate(judgement.rejected):
                if i == 0 or fallen.gain < limit:
                    reasons.append(fallen.reason)
                    banned = banned | {fallen.name}
        return search, replace(judgement, notes=tuple(reasons)), scale

    def _background_prior(self, prior: ScalePrior) -> ScalePrior:
        """Energy scale of the background from its natural lines: what to expect of the foreground.

        Foreground and background of an instrument drift apart by less than either from its file.
        """
        variance = self.background_variance
        factor = self.background.sum() / max(float(variance.sum()), 1e-12)
        if not np.isfinite(factor) or factor <= 0 or self.background.sum() <= 0:
            return prior
        alone = replace(self, has_background=False)
        alone.summed = replace(self.summed, counts=self.background * factor)
        alone.background = np.zeros_like(self.background)
        alone.background_variance = np.zeros_like(self.background)
        alone.rebin()
        best: tuple[float, EnergyScale] | None = None
        plain = 0.0
        for gain in self._trials(prior):
            scale = EnergyScale(
                float(gain), prior.offset_keV, self.width, self.fade_keV, prior.excess_keV
            )
            merit = self.merit(alone.begin(scale), prior)
            if abs(gain - prior.gain) < 1e-9:
                plain = merit
            if best is None or merit > best[0]:
                best = (merit, scale)
        if best is None or best[0] - plain < 6.0:
            return prior
        found = alone._refined(best[1], [], prior)
        return replace(
            prior,
            gain=found.gain,
            gain_sigma=self.settings.gain_sigma_between,
        )

    def _trials(self, prior: ScalePrior) -> FloatArray:
        at = np.array([1500.0])
        relative = float(self.resolution(at)[0]) * self.width / 1500.0
        return trial_gains(prior, relative_width=relative)

    def _best_scale(self, prior: ScalePrior) -> EnergyScale:
        shapes = ((0.0, 0.0),) if self.semiconductor else self.settings.trial_shapes
        best: tuple[float, EnergyScale, list[str]] | None = None
        for shift, bend in shapes:
            offset = prior.offset_keV + shift * prior.offset_sigma_keV
            excess = prior.excess_keV + bend * prior.excess_sigma_keV
            for gain in self._trials(prior):
                scale = EnergyScale(float(gain), offset, self.width, self.fade_keV, excess)
                search = grow(
                    self.begin(scale),
                    self.bank,
                    self.resolution,
                    settings=self.settings.search,
                    most=2,
                    share=self.share,
                )
                merit = self.merit(search, prior)
                if best is None or merit > best[0]:
                    best = (merit, scale, list(search.accepted))
        if best is None:
            raise InvalidInput("no trial gain within the reach")
        return self._refined(best[1], best[2], prior)

    def _refined(self, start: EnergyScale, names: list[str], prior: ScalePrior) -> EnergyScale:
        """Gain, offset and width refined with the patterns that the first search chose."""
        chosen = [*NATURAL_START, *self.own, *names]
        small = self.bank.subset(chosen)

        def value(scale: EnergyScale) -> float:
            search = start_search(
                self.binned,
                self.resolution,
                scale,
                small,
                background_error=self.background_error,
                settings=self.settings.search,
                own=self.own,
            )
            search = grow(
                search, small, self.resolution, settings=self.settings.search, share=self.share
            )
            width = (np.log(scale.width / self.width) / 0.1) ** 2
            return self.merit(search, prior) - float(width)

        at = np.array([1500.0])
        step = float(self.resolution(at)[0]) * self.width / 1500.0 / 6.0
        scale, _ = refine(
            start,
            value,
            steps=(
                step,
                prior.offset_sigma_keV / 2.0,
                0.06 * self.width,
                prior.excess_sigma_keV / 2.0,
            ),
            bounds=(
                (1.0 - prior.reach, 1.0 + prior.reach),
                (
                    prior.offset_keV - 4.0 * prior.offset_sigma_keV,
                    prior.offset_keV + 4.0 * prior.offset_sigma_keV,
                ),
                (0.6 * self.width, 1.6 * self.width),
                (
                    prior.excess_keV - 3.0 * prior.excess_sigma_keV,
                    prior.excess_keV + 3.0 * prior.excess_sigma_keV,
                ),
            ),
            rounds=4,
        )
        return scale


def _expected_background(
    summed: SummedSpectrum,
    background: Background,
    settings: IdentificationSettings,
    scale: float | None,
) -> tuple[FloatArray | None, FloatArray | None, float]:
    """Background on the channels of the foreground: expected counts, variance, scale error."""
    if background is None:
        return None, None, settings.background_error
    if isinstance(background, ExpectedBackground):
        if background.counts.size != summed.counts.size:
            raise InvalidInput(
                f"background has {background.counts.size} channels, "
                f"the foreground {summed.counts.size}"
            )
        return background.counts, background.variance, max(background.relative_uncertainty, 1e-3)
    usable = [s for s in background if s.is_calibrated]
    if not usable:
        return None, None, settings.background_error
    other = sum_spectra(usable)
    if scale is None:
        if not summed.live_time_s or not other.live_time_s:
            return None, None, settings.background_error
        scale = summed.live_time_s / other.live_time_s
    counts = rebin(other.counts, other.edges_keV, summed.edges_keV)
    return scale * counts, scale**2 * np.maximum(counts, 0.0), settings.background_error


def _bin(
    summed: SummedSpectrum,
    background: FloatArray,
    variance: FloatArray,
    has_background: bool,
    resolution: Resolution,
    width: float,
    settings: IdentificationSettings,
) -> BinnedSpectrum | None:
    def wide(energy_keV: FloatArray) -> FloatArray:
        return width * resolution(energy_keV)

    low = first_useful_keV(summed.counts, summed.edges_keV, lowest_keV=settings.lowest_keV)
    index = group_channels(
        summed.edges_keV,
        wide,
        low_keV=low,
        high_keV=settings.highest_keV,
        bins_per_fwhm=settings.bins_per_fwhm,
    )
    if index.size < 12:
        return None

    def total(values: FloatArray) -> FloatArray:
        cumulative = np.concatenate(([0.0], np.cumsum(values)))
        return np.diff(cumulative[index])

    edges = summed.edges_keV[index]
    return BinnedSpectrum(
        edges,
        total(summed.counts),
        total(background),
        total(variance),
        has_background,
        peak_coordinate(edges, wide),
    )


def _answer(case: _Case, search: Search, told: Report, scale: EnergyScale) -> Identification:
    fine = case.summed
    model = search.fit.expected(search.solution)
    edges = case.binned.edges_keV
    # the modelled bins spread evenly over their channels, for the eye
    modelled = rebin(model, edges, fine.edges_keV)
    spectrum = EncounterSpectrum(
        edges_keV=fine.edges_keV,
        counts=fine.counts,
        background_counts=case.background,
        live_time_s=fine.live_time_s or 0.0,
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
