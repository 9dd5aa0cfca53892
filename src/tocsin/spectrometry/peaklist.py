"""The peaks of a recording as one list: records chosen, scale renewed, background taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tocsin.detectors import DetectorModel, model_for
from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.spectra import Recording, RecordingWarning, Spectrum
from tocsin.spectrometry.analysis import PeakAnalysis, PeakSettings, Progress, analyze_peaks
from tocsin.spectrometry.annotation import Possible, annotate
from tocsin.spectrometry.forced import AreaAt, Subtracted, areas_at, limits_at
from tocsin.spectrometry.limits import CharacteristicLimits
from tocsin.spectrometry.measured import MeasuredSpectrum, measured_spectrum
from tocsin.spectrometry.recalibration import Form, Recalibration, recalibrate
from tocsin.spectrometry.subtraction import NetPeak, subtract_background, time_ratio
from tocsin.spectrometry.width import in_channels

TAILED = frozenset({"Ge", "CZT"})
"""Crystals whose peaks have low-energy tails."""
UNKNOWN_CHANNELS_LOG_SIGMA = 0.8
"""Trust in the peak width of a spectrum in channels (logarithm)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which spectra of a recording, and what is asked of them.

    Attributes
    ----------
    records : tuple of int
        Numbers of records, counted from 0; empty for all measured ones.
    detectors : tuple of str
        Names of detectors; empty for all.
    lines_keV : tuple of float
        Lines that are in the spectrum, for a new energy scale; empty keeps the file's.
    form : str
        Form of the new scale.
    limits_at_keV : tuple of float
        Energies whose detection limits are wanted.
    settings : PeakSettings
        Of the peak analysis.
    """

    records: tuple[int, ...] = ()
    detectors: tuple[str, ...] = ()
    lines_keV: tuple[float, ...] = ()
    form: Form = "linear"
    limits_at_keV: tuple[float, ...] = ()
    settings: PeakSettings = field(default_factory=PeakSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """Characteristic limits at an energy, in counts of the file."""

    area: AreaAt
    background: Subtracted
    limits: CharacteristicLimits


@dataclass(frozen=True, slots=True, eq=False)
class PeakList:
    """Everything that ``tocsin peaks`` says.

    Attributes
    ----------
    recording, background : Recording
        What was read; the background is None where there is none.
    records : tuple of int
        Numbers of the records that were added up.
    detectors : tuple of str
        Their detectors.
    model : DetectorModel
        Model that gave the first width curve.
    analysis : PeakAnalysis
        Peaks and regions.
    possible : tuple of tuple of Possible
        Candidates of each peak.
    net : tuple of NetPeak
        Peaks less the background's; empty without a background.
    time_ratio : float or None
        Measuring time over that of the background.
    limits : tuple of Limit
        At the energies asked for.
    recalibration : Recalibration or None
        The new scale, if one was asked for.
    warnings : tuple of RecordingWarning
        Of the file, the counts and the analysis.
    nuclide_library : str
        Version of the library.
    """

    recording: Recording
    background: Recording | None
    records: tuple[int, ...]
    detectors: tuple[str, ...]
    model: DetectorModel
    analysis: PeakAnalysis
    possible: tuple[tuple[Possible, ...], ...]
    net: tuple[NetPeak, ...]
    time_ratio: float | None
    limits: tuple[Limit, ...]
    recalibration: Recalibration | None
    warnings: tuple[RecordingWarning, ...]
    nuclide_library: str


def list_peaks(
    recording: Recording,
    *,
    background: Recording | None = None,
    choice: Choice | None = None,
    library: NuclideLibrary | None = None,
    progress: Progress | None = None,
) -> PeakList:
    """Peaks of a recording.

    Parameters
    ----------
    recording : Recording
        As read.
    background : Recording, optional
        Of the same instrument without the source; its background records, or else its measured
        ones, are used, of the same detectors.
    choice : Choice, optional
        What is wanted.
    library : NuclideLibrary, optional
        For the candidates; the one that ships with Tocsin if not given.
    progress : callable, optional
        Called with regions done and all.

    Raises
    ------
    InvalidInput
        For records or detectors that the recording has not, spectra without counts, negative
        counts, or energies outside of the spectrum.
    Uncalibrated
        Without a usable energy calibration, unless lines are named that give one.
    """
    choice = choice or Choice()
    library = library or load_library()
    numbers, spectra = _chosen(recording, choice)
    calibrated = all(s.is_calibrated for s in spectra)
    if not calibrated and not choice.lines_keV:
        raise Uncalibrated(
            "the spectrum has no usable energy calibration; name lines that are in it (--line) "
            "and one is made from its peaks"
        )
    measured = measured_spectrum(spectra, in_channels=not calibrated)
    model = model_for(
        recording.instrument,
        n_channel=measured.n_channel,
        edges_keV=measured.edges_keV if calibrated else None,
    )
    renewed = None
    if choice.lines_keV:
        renewed = _renewed(measured, model, choice)
        measured = _on_new_scale(measured, renewed)
    analysis = _analysis(measured, model, choice.settings, progress)
    warnings = recording.warnings + analysis.warnings
    if model.assumed:
        text = f"the instrument is not recognised: widths start from {model.name}"
        warnings += (RecordingWarning("detector_assumed", text),)
    net: tuple[NetPeak, ...] = ()
    ratio, behind = None, None
    if background is not None:
        if background.realm != recording.realm:
            raise InvalidInput(
                f"the recording is {recording.realm} and its background {background.realm}: "
                "realms never mix"
            )
        behind = _background_analysis(background, choice, model, renewed)
        ratio = time_ratio(analysis, behind)
        net = subtract_background(analysis, behind)
    return PeakList(
        recording=recording,
        background=background,
        records=numbers,
        detectors=tuple(sorted({s.detector for s in spectra})),
        model=model,
        analysis=analysis,
        possible=annotate(analysis, crystal=model.material, library=library),
        net=net,
        time_ratio=ratio,
        limits=_limits(analysis, behind, ratio, choice.limits_at_keV),
        recalibration=renewed,
        warnings=warnings,
        nuclide_library=library.version,
    )


def _chosen(recording: Recording, choice: Choice) -> tuple[tuple[int, ...], list[Spectrum]]:
    """Numbers of the chosen records and their spectra."""
    n = len(recording.records)
    if choice.records:
        wrong = [r for r in choice.records if not 0 <= r < n]
        if wrong:
            raise InvalidInput(f"there is no record {wrong[0]}: they are numbered 0 to {n - 1}")
        numbers = tuple(sorted(set(choice.records)))
    else:
        wanted = {id(r) for r in recording.measured}
        numbers = tuple(i for i, r in enumerate(recording.records) if id(r) in wanted)
    spectra = [s for i in numbers for s in recording.records[i].spectra if s.n_channel >= 4]
    if choice.detectors:
        names = sorted({s.detector for s in spectra})
        unknown = [d for d in choice.detectors if d not in names]
        if unknown:
            there = ", ".join(repr(d) for d in names) or "none"
            raise InvalidInput(f"there is no detector {unknown[0]!r}; there are {there}")
        spectra = [s for s in spectra if s.detector in choice.detectors]
    spectra = [s for s in spectra if s.total > 0]
    if not spectra:
        raise InvalidInput("the recording holds no gamma spectrum with counts in what was chosen")
    return numbers, spectra


def _analysis(
    measured: MeasuredSpectrum,
    model: DetectorModel,
    settings: PeakSettings,
    progress: Progress | None = None,
) -> PeakAnalysis:
    return analyze_peaks(
        measured,
        model.resolution,
        assumed=model.assumed,
        tails=model.material in TAILED,
        settings=settings,
        progress=progress,
    )


def _renewed(measured: MeasuredSpectrum, model: DetectorModel, choice: Choice) -> Recalibration:
    """New scale from the lines of the choice."""
    if measured.unit == "keV":
        first = _analysis(measured, model, choice.settings)
    else:
        first = analyze_peaks(
            measured,
            in_channels(model.resolution, measured.n_channel),
            assumed=True,
            tails=model.material in TAILED,
            settings=replace(choice.settings, width_log_sigma_unknown=UNKNOWN_CHANNELS_LOG_SIGMA),
        )
    return recalibrate(first, choice.lines_keV, form=choice.form)


def _on_new_scale(measured: MeasuredSpectrum, renewed: Recalibration) -> MeasuredSpectrum:
    edges = renewed.calibration.edges_keV(measured.n_channel)
    return replace(measured, edges_keV=edges, unit="keV")


def _background_analysis(
    background: Recording, choice: Choice, model: DetectorModel, renewed: Recalibration | None
) -> PeakAnalysis:
    """Peaks of the background, on the new scale where its channels are those of the foreground."""
    records = background.background or background.measured
    spectra = [s for r in records for s in r.spectra if s.n_channel >= 4 and s.total > 0]
    if choice.detectors:
        spectra = [s for s in spectra if s.detector in choice.detectors]
    if not spectra:
        raise InvalidInput("the background holds no gamma spectrum of the chosen detectors")
    calibrated = all(s.is_calibrated for s in spectra)
    measured = measured_spectrum(spectra, in_channels=not calibrated)
    if renewed is not None and len(renewed.calibration.coefficients) == measured.n_channel + 1:
        measured = _on_new_scale(measured, renewed)
    elif not calibrated:
        raise Uncalibrated("the background has no usable energy calibration")
    return _analysis(measured, model, choice.settings)


def _limits(
    analysis: PeakAnalysis,
    behind: PeakAnalysis | None,
    ratio: float | None,
    energies_keV: Sequence[float],
) -> tuple[Limit, ...]:
    """Characteristic limits at energies, the background's counts there taken off."""
    areas = areas_at(analysis, energies_keV)
    taken = [Subtracted()] * len(areas)
    if behind is not None and ratio is not None:
        taken = [
            Subtracted(ratio * b.area, ratio * b.area_uncertainty)
            for b in areas_at(behind, energies_keV)
        ]
    return tuple(Limit(a, b, limits_at(a, background=b)) for a, b in zip(areas, taken, strict=True))
