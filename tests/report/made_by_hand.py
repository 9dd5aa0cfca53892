"""Analyses and recordings made by hand: what the report must draw, without any detection."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

import numpy as np

from tocsin.detection.analysis import (
    ActivityEstimate,
    Analysis,
    Encounter,
    EncounterSpectrum,
    LineEvidence,
    Location,
    NuclideFinding,
    StripChart,
)
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    InstrumentNuclide,
    InstrumentResult,
    Position,
    Record,
    Recording,
    RecordingWarning,
    SourceType,
    Spectrum,
)

N_CHANNEL = 1024
CALIBRATION = EnergyCalibration.polynomial([0.0, 3.0])
START = dt.datetime(2024, 5, 17, 9, 30, tzinfo=dt.UTC)
VERSIONS = {
    "tocsin": "0.1.0",
    "nuclide_library": "2026.1",
    "template_library": "1",
    "algorithm": "1",
}


@dataclass(frozen=True)
class Made:
    """An answer beside the recording it belongs to."""

    analysis: Analysis
    recording: Recording


def _continuum(edges: np.ndarray, rate_cps: float) -> np.ndarray:
    centre = (edges[:-1] + edges[1:]) / 2
    shape = np.exp(-centre / 320.0) * (1 - np.exp(-centre / 60.0)) + _peak(edges, 1460.8, 0.9)
    return rate_cps * shape / shape.sum()


def _peak(edges: np.ndarray, energy_keV: float, area: float) -> np.ndarray:
    centre, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    sigma = 0.07 * np.sqrt(662.0 * energy_keV) / 2.355
    height = area / sigma / np.sqrt(2 * np.pi)
    return height * width * np.exp(-0.5 * ((centre - energy_keV) / sigma) ** 2)


def _caesium(edges: np.ndarray) -> np.ndarray:
    centre = (edges[:-1] + edges[1:]) / 2
    compton = np.where(centre < 477.0, np.diff(edges) / 477.0, 0.0) * 1.6
    return _peak(edges, 661.7, 1.0) + compton


def survey_made(*, n_record: int, realm: str = "SYNTHETIC", seed: int = 5) -> Made:
    """Walk of ``n_record`` seconds past Cs-137 and over granite, with a pause near its end."""
    rng = np.random.default_rng(seed)
    edges = CALIBRATION.edges_keV(N_CHANNEL)
    time_s = np.arange(n_record, dtype=float)
    time_s[int(0.8 * n_record) :] += 25.0
    cs_at, norm_at = int(0.4 * n_record), int(0.65 * n_record)
    caesium = 600.0 / (1 + ((np.arange(n_record) - cs_at) / 5.0) ** 2)
    granite = 1 + 0.5 * np.exp(-0.5 * ((np.arange(n_record) - norm_at) / 15.0) ** 2)
    expected = 250.0 * (1 + 0.1 * np.sin(np.arange(n_record) / 60.0))
    continuum, source = _continuum(edges, 1.0), _caesium(edges) / _caesium(edges).sum()
    mean = np.outer(expected * granite, continuum) + np.outer(caesium, source)
    counts = rng.poisson(mean)
    neutrons = rng.poisson(0.4, n_record)
    records = tuple(_record(counts[i], time_s[i], i, float(neutrons[i])) for i in range(n_record))
    gross = counts.sum(axis=1).astype(float)
    statistic = (gross - expected) / np.sqrt(expected)
    strip = StripChart(time_s, gross, expected, statistic, 5.2, neutrons.astype(float))
    encounters = (
        _caesium_encounter(counts, mean, caesium, continuum * 1.0, cs_at, expected),
        _granite_encounter(counts, norm_at, continuum, expected),
    )
    recording = Recording(
        records,
        instrument=_instrument(),
        results=(
            InstrumentResult(
                "Easy ID", "3.2", nuclides=(InstrumentNuclide("Cs-137", confidence="9"),)
            ),
        ),
        remarks=("Walk along the river, dry weather",),
        warnings=(RecordingWarning("gps_dropouts", "60 records have no position."),),
        file_name="walk along the river.n42",
        file_format="n42-2012",
        sha256="ab" * 32,
        realm=realm,
    )
    analysis = _analysis(recording, "survey", encounters, strip=strip, live=float(n_record))
    return Made(analysis, recording)


def _instrument() -> Instrument:
    crystal = DetectorInfo("Det-1", "NaI", dimensions="2x4x16 in")
    return Instrument("Acme", "Rover 2", "0042", "Backpack", (crystal,))


def _record(counts: np.ndarray, time_s: float, index: int, neutrons: float) -> Record:
    position = None
    if not 0.5 < (index % 200) / 200 < 0.65:
        position = Position(
            48.2 + 0.00001 * index, 16.36 + 0.0006 * np.sin(index / 70.0), accuracy_m=4.0
        )
    return Record(
        (Spectrum(counts, 0.98, 1.0, CALIBRATION, "Det-1"),),
        START + dt.timedelta(seconds=float(time_s)),
        1.0,
        SourceType.FOREGROUND,
        position,
        (GrossCounts("N", neutrons, 1.0),),
    )


def _caesium_encounter(
    counts: np.ndarray,
    mean: np.ndarray,
    caesium: np.ndarray,
    continuum: np.ndarray,
    at: int,
    expected: np.ndarray,
) -> Encounter:
    part = slice(at - 8, at + 9)
    spectrum = EncounterSpectrum(
        CALIBRATION.edges_keV(N_CHANNEL),
        counts[part].sum(axis=0).astype(float),
        continuum * expected[part].sum(),
        16.7,
        mean[part].sum(axis=0),
        1.012,
    )
    lines = (
        LineEvidence(661.657, 0.851, 1710.0, 61.0, 653.8, "Ba-137m"),
        LineEvidence(32.19, 0.0364, 12.0, 40.0, None, "Ba-137m"),
    )
    finding = NuclideFinding(
        "Cs-137",
        "industrial",
        0.986,
        "661.7 keV seen at 28 sigma; shape of the Compton continuum fits (chi2/n 1.1)",
        lines,
    )
    start = START + dt.timedelta(seconds=at - 8)
    return Encounter(
        at - 8,
        at + 8,
        at,
        start,
        start + dt.timedelta(seconds=17),
        41.23,
        5.2,
        1.0,
        "industrial",
        dose_rate_uSv_h=0.42,
        nuclides=(finding,),
        location=Location(48.2 + 0.00001 * at + 0.00012, 16.36, 21.0),
        activity=ActivityEstimate(3.1e8, 1.0e8, 9.2e8, "a bare source on the ground"),
        spectrum=spectrum,
        statistic_name="Poisson deviance of the spectrum",
        reasons=("The rate rose for 17 records.", "Gain found from K-40: 1.012."),
    )


def _granite_encounter(
    counts: np.ndarray, at: int, continuum: np.ndarray, expected: np.ndarray
) -> Encounter:
    part = slice(at - 12, at + 13)
    lines = (LineEvidence(1460.82, 0.1066, 210.0, 21.0, 1459.0),)
    start = START + dt.timedelta(seconds=at - 12)
    return Encounter(
        at - 12,
        at + 12,
        at,
        start,
        start + dt.timedelta(seconds=25),
        7.9,
        5.2,
        1.0,
        "norm",
        nuclides=(NuclideFinding("K-40", "norm", 0.91, "All natural lines rise alike", lines),),
        spectrum=EncounterSpectrum(
            CALIBRATION.edges_keV(N_CHANNEL),
            counts[part].sum(axis=0).astype(float),
            continuum * expected[part].sum(),
            24.5,
        ),
    )


def static_made(*, realm: str = "LIVE", seed: int = 6) -> Made:
    """Ten minutes of Co-60 with a background record in the same file."""
    rng = np.random.default_rng(seed)
    edges = CALIBRATION.edges_keV(N_CHANNEL)
    background = _continuum(edges, 120.0) * 600.0
    source = _peak(edges, 1173.2, 9000.0) + _peak(edges, 1332.5, 8000.0)
    source += np.where(edges[:-1] < 1110.0, 60.0, 0.0)
    counts = rng.poisson(background + source)
    spectrum = EncounterSpectrum(
        edges, counts.astype(float), background, 600.0, background + source, 1.0
    )
    lines = (
        LineEvidence(1173.228, 0.9985, 9020.0, 150.0, 1173.0),
        LineEvidence(1332.492, 0.9998, 8010.0, 120.0, 1332.9),
    )
    finding = NuclideFinding("Co-60", "industrial", 0.9996, "Both lines seen", lines)
    encounter = Encounter(
        0, 0, 0, None, None, 88.0, 4.9, None, "industrial", nuclides=(finding,), spectrum=spectrum
    )
    recording = Recording(
        (Record((Spectrum(counts, 600.0, 604.0, CALIBRATION, "Det-1"),), START, 604.0),),
        instrument=_instrument(),
        file_name="co60.spe",
        file_format="spe",
        sha256="cd" * 32,
        realm=realm,
    )
    return Made(
        dataclasses.replace(
            _analysis(recording, "static", (encounter,), live=600.0), background_used="record"
        ),
        recording,
    )


def _analysis(
    recording: Recording,
    kind: str,
    encounters: tuple[Encounter, ...],
    *,
    live: float,
    strip: StripChart | None = None,
) -> Analysis:
    return Analysis(
        file=recording.file_name,
        sha256=recording.sha256,
        kind=kind,  # type: ignore[arg-type]
        instrument=recording.instrument,
        background_used="tracked",
        records=len(recording.measured),
        live_time_s=live,
        encounters=encounters,
        versions=dict(VERSIONS),
        warnings=recording.warnings,
        realm=recording.realm,
        strip=strip,
    )
