"""Random recordings for property tests, and one small one that is always the same."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import strategies as st

from tocsin.spectra import (
    CountRate,
    DetectorInfo,
    DoseRate,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    InstrumentNuclide,
    InstrumentResult,
    Position,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

REALMS = ("LIVE", "EXERCISE", "SYNTHETIC", "PUBLIC")

# Every sign that JSON can carry; control signs and line ends on purpose, lone surrogates not.
text = st.text(st.characters(codec="utf-8"), max_size=30)
# Names in the file's own elements are stripped of blanks by every reader.
seconds = st.floats(1e-6, 1e7, allow_nan=False) | st.integers(0, 100_000).map(float)
number = st.floats(-1e9, 1e9, allow_nan=False)


@st.composite
def times(draw: st.DrawFn) -> dt.datetime:
    """Aware and naive times, with odd zones too."""
    naive = draw(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)))  # noqa: DTZ001 - naive on purpose
    zone = draw(st.none() | st.integers(-23 * 60, 23 * 60))
    return naive if zone is None else naive.replace(tzinfo=dt.timezone(dt.timedelta(minutes=zone)))


@st.composite
def positions(draw: st.DrawFn) -> Position:
    """Positions, some of them 0, 0."""
    return Position(
        draw(st.floats(-90, 90) | st.just(0.0)),
        draw(st.floats(-180, 180) | st.just(0.0)),
        draw(st.none() | st.floats(-1e5, 1e5)),
        draw(st.none() | st.floats(0, 1e4)),
        draw(st.none() | times()),
    )


@st.composite
def calibrations(draw: st.DrawFn, n: int) -> EnergyCalibration:
    """Calibrations of every form, sane or not."""
    form = draw(st.sampled_from(("polynomial", "full_range_fraction", "lower_channel_edges")))
    if form == "lower_channel_edges":
        size = draw(st.sampled_from((max(2, n), n + 1)))
        steps = draw(st.lists(st.floats(0.01, 100), min_size=size, max_size=size))
        start = draw(st.floats(-50, 50))
        coefficients = tuple((start + np.cumsum(steps)).tolist())
    else:
        coefficients = tuple(draw(st.lists(number, min_size=2, max_size=5)))
    # In steps of 1/8 keV: pairs that all but share one energy are no calibration.
    at = st.integers(-80, 24_000).map(lambda eighths: eighths / 8)
    pairs = draw(st.lists(st.tuples(at, st.floats(-50, 50)), max_size=4))
    origin = draw(st.sampled_from(("file", "file", "assumed")))
    return EnergyCalibration(form, coefficients, tuple(pairs), origin)


@st.composite
def spectra(draw: st.DrawFn, detectors: list[str]) -> Spectrum:
    """Spectra with whole, fractional and negative counts."""
    n = draw(st.integers(1, 40))
    whole = st.lists(st.just(0) | st.integers(-5, 2**50), min_size=n, max_size=n)
    real = st.lists(st.just(0.0) | number, min_size=n, max_size=n)
    return Spectrum(
        np.array(draw(whole | real)),
        draw(st.none() | seconds),
        draw(st.none() | seconds),
        draw(st.none() | calibrations(n)),
        draw(st.sampled_from(detectors)),
    )


@st.composite
def records(draw: st.DrawFn, detectors: list[str]) -> Record:
    """Records of every shape that is worth writing."""
    names = st.sampled_from(detectors)
    gross = st.builds(
        GrossCounts,
        names,
        st.none() | st.floats(0, 1e9) | st.integers(0, 10**9).map(float),
        st.none() | seconds,
        st.none() | seconds,
        st.sampled_from(("neutron", "gamma", "other")),
    )
    dose = st.builds(DoseRate, st.floats(0, 1e9), names)
    rate = st.builds(CountRate, st.floats(-10, 1e9), names)
    record = Record(
        spectra=tuple(draw(st.lists(spectra(detectors), max_size=3))),
        start=draw(st.none() | times()),
        real_time_s=draw(st.none() | seconds),
        source_type=draw(st.sampled_from(SourceType)),
        position=draw(st.none() | positions()),
        gross_counts=tuple(draw(st.lists(gross, max_size=3))),
        dose_rates=tuple(draw(st.lists(dose, max_size=2))),
        speed_m_s=draw(st.none() | st.floats(-100, 100)),
        occupied=draw(st.none() | st.booleans()),
        title=draw(text),
        remarks=tuple(draw(st.lists(text, max_size=3))),
        count_rates=tuple(draw(st.lists(rate, max_size=2))),
    )
    if not (record.spectra or record.gross_counts or record.dose_rates or record.count_rates):
        return Record(dose_rates=(DoseRate(0.1, detectors[0]),), start=record.start)
    return record


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Whole recordings."""
    names = draw(st.lists(text, min_size=1, max_size=3, unique=True))
    infos = [
        DetectorInfo(
            name,
            draw(st.sampled_from(("Gamma", "Neutron", "gamma", "odd"))),
            draw(text),
            draw(st.sampled_from(("NaI", "CsI", "", "new crystal"))),
            draw(st.sampled_from(("", "length 10 cm, width 4 cm", "1.5x1.5 in"))),
        )
        for name in names
    ]
    nuclide = st.builds(
        InstrumentNuclide, text, text, text | st.just("95"), st.none() | number, text
    )
    results = st.builds(
        InstrumentResult,
        text,
        text | st.just("Main 1.2; Library 3"),
        text,
        text,
        st.lists(nuclide, max_size=2).map(tuple),
        st.lists(text | st.just("Gamma: above 5 sigma"), max_size=2).map(tuple),
        st.lists(text, max_size=2).map(tuple),
    )
    versions = st.lists(st.tuples(text, text), max_size=2).map(tuple)
    return Recording(
        records=tuple(draw(st.lists(records(names), min_size=1, max_size=4))),
        instrument=Instrument(
            draw(text),
            draw(text),
            draw(text),
            draw(st.sampled_from(("Backpack", "", "made up"))),
            tuple(infos),
            draw(versions),
        ),
        derived=tuple(draw(st.lists(records(names), max_size=2))),
        results=tuple(draw(st.lists(results, max_size=2))),
        remarks=tuple(draw(st.lists(text, max_size=3))),
        uuid=draw(st.uuids().map(str)),
        realm=draw(st.sampled_from(REALMS)),
    )


def small_survey(
    *, records: int = 12, channels: int = 32, counts_per_channel: float = 3.0, seed: int = 7
) -> Recording:
    """A survey of one detector with positions, neutrons and dose rates; always the same."""
    random = np.random.default_rng(seed)
    calibration = EnergyCalibration.polynomial([0.0, 3000.0 / channels, 0.0])
    zone = dt.timezone(dt.timedelta(hours=2))
    start = dt.datetime(2026, 3, 1, 9, 30, tzinfo=zone)
    made = tuple(
        Record(
            spectra=(
                Spectrum(
                    random.poisson(counts_per_channel, channels), 0.97, 1.0, calibration, "Aa1"
                ),
            ),
            start=start + dt.timedelta(seconds=n),
            real_time_s=1.0,
            source_type=SourceType.FOREGROUND,
            position=Position(46.0 + 1e-5 * n, 15.0, 300.25),
            gross_counts=(GrossCounts("Nn1", float(n % 3), 1.0),),
            dose_rates=(DoseRate(0.08, "Aa1"),),
            speed_m_s=1.25,
        )
        for n in range(records)
    )
    instrument = Instrument(
        "Example Works",
        "Walker 2",
        "SN 7",
        "Backpack",
        (DetectorInfo("Aa1", "Gamma", "", "NaI"), DetectorInfo("Nn1", "Neutron", "", "He3")),
        (("Firmware", "1.0"),),
    )
    return Recording(made, instrument, realm="SYNTHETIC")
