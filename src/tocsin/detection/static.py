"""A static recording: one or a few long spectra, with a background if there is one."""

from __future__ import annotations

from tocsin.detection.analysis import BackgroundUsed, Encounter, EncounterSpectrum
from tocsin.detection.identification import (
    Identification,
    IdentificationSettings,
    identify,
    refuse,
)
from tocsin.detectors import DetectorModel, model_for
from tocsin.nuclear import NuclideLibrary
from tocsin.spectra import Record, Recording, RecordingWarning, Spectrum

STATISTIC = "standard deviations of what was identified"


def analyze_static(
    recording: Recording,
    *,
    background: Recording | None,
    settings: IdentificationSettings,
    library: NuclideLibrary,
) -> tuple[
    tuple[Encounter, ...], BackgroundUsed, tuple[RecordingWarning, ...], EncounterSpectrum | None
]:
    """What the measured records of a static recording show above their background.

    Parameters
    ----------
    recording : Recording
        Its records of unknown purpose or foreground are added up.
    background : Recording, optional
        Background file; goes before a background record of the recording itself.
    settings : IdentificationSettings
        Choices of the identification.
    library : NuclideLibrary
        Lines.

    Returns
    -------
    encounters : tuple of Encounter
        None or one.
    background_used : {"file", "record", "none"}
        Where the background came from.
    warnings : tuple of RecordingWarning
        Found here.
    spectrum : EncounterSpectrum or None
        For the eye; None where nothing could be added up.
    """
    spectra = spectra_of(recording.measured)
    if not spectra:
        warning = RecordingWarning("no_spectrum", "the recording holds no gamma spectrum")
        return (), "none", (warning,), None
    refused = refuse(spectra)
    if refused is not None:
        return (), "none", (refused,), None
    behind, used, warnings = _background(recording, background)
    model = model_of(recording, spectra)
    found = identify(spectra, behind or None, model=model, library=library, settings=settings)
    warnings += found.warnings
    if model.assumed:
        warnings += (
            RecordingWarning(
                "detector_assumed",
                f"the instrument is not recognised: analysed as {model.name}",
            ),
        )
    encounter = _encounter(recording, found, settings)
    return (() if encounter is None else (encounter,)), used, warnings, found.spectrum


def spectra_of(records: tuple[Record, ...]) -> list[Spectrum]:
    """Spectra that hold counts, of all records."""
    return [s for r in records for s in r.spectra if s.n_channel > 1 and s.total > 0]


def model_of(recording: Recording, spectra: list[Spectrum]) -> DetectorModel:
    """Detector model of the recording's instrument."""
    first = max(spectra, key=lambda s: s.total)
    return model_for(recording.instrument, n_channel=first.n_channel, edges_keV=first.edges_keV)


def _background(
    recording: Recording, background: Recording | None
) -> tuple[list[Spectrum], BackgroundUsed, tuple[RecordingWarning, ...]]:
    if background is not None:
        records, used = background.background or background.measured, "file"
    elif recording.background and recording.background != recording.measured:
        records, used = recording.background, "record"
    else:
        return [], "none", ()
    spectra = [
        s for s in spectra_of(records) if s.is_calibrated and (s.live_time_s or s.real_time_s)
    ]
    if not spectra:
        text = "the background has no usable calibration or measuring time and is not used"
        return [], "none", (RecordingWarning("background_unusable", text),)
    return spectra, "file" if used == "file" else "record", ()


def _encounter(
    recording: Recording, found: Identification, settings: IdentificationSettings
) -> Encounter | None:
    if found.source_class is None:
        return None
    chosen = {id(r) for r in recording.measured}
    places = [i for i, r in enumerate(recording.records) if id(r) in chosen]
    return Encounter(
        first_record=places[0],
        last_record=places[-1],
        peak_record=max(places, key=lambda i: recording.records[i].total_counts),
        start=None,
        end=None,
        statistic=found.statistic,
        threshold=settings.verdict.gain**0.5,
        false_alarm_rate_per_h=None,
        source_class=found.source_class,
        nuclear_material=found.nuclear_material,
        nuclides=found.findings,
        spectrum=found.spectrum,
        statistic_name=STATISTIC,
        reasons=found.reasons,
    )
