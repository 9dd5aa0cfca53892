"""Analysis of a survey: the detector run over a recording, and each encounter explained."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np

from tocsin.detection.analysis import (
    BackgroundUsed,
    Encounter,
    EncounterSpectrum,
    FloatArray,
    StripChart,
)
from tocsin.detection.bank import ShapeLibrary, build_shape_library
from tocsin.detection.detector import Detector
from tocsin.detection.encounters import DataGap, DetectorEvent, EncounterClosed, RecordScored
from tocsin.detection.localisation import locate
from tocsin.detection.quality import (
    clock_warnings,
    dead_time_warning,
    dispersion_warning,
    gap_warnings,
    not_counts_warning,
    position_warnings,
    silent_crystal_warning,
)
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.shape import ShapeProblem, ShapeResult, ShapeSettings, identify_shape
from tocsin.detection.slices import Grid, Slice
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary
from tocsin.spectra import Instrument, Record, Recording, RecordingWarning, SourceType

Progress = Callable[[int, int], None]

_LONG_BACKGROUND = 5.0  # times the usual record: a background measured beforehand, not on the way


def analyze_survey(
    recording: Recording,
    *,
    background: Recording | None,
    settings: DetectorSettings,
    library: NuclideLibrary,
    shape: ShapeSettings | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[Encounter, ...], BackgroundUsed, tuple[RecordingWarning, ...], StripChart]:
    """Encounters of a survey with their explanation, place and spectrum.

    Parameters
    ----------
    recording : Recording
        A series of records in the order of time.
    background : Recording, optional
        Measured beforehand without a source; starts the tracked background.
    settings : DetectorSettings
        Of the detector; the defaults serve all files.
    library : NuclideLibrary
        Says which of the named nuclides are nuclear material.
    shape : ShapeSettings, optional
        Of the identification by shape.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    encounters, background_used, warnings, strip
        Record numbers are zero-based positions in ``recording.measured``.

    Raises
    ------
    InvalidInput
        When no record has counts.
    """
    series, before = walk_and_background(recording)
    if not any(r.spectra or r.gross_counts for r in series):
        if not any(r.count_rates or r.dose_rates for r in series):
            raise InvalidInput("survey: no record has a spectrum, a count or a rate")
        return (), "none", _rates_only(series), _rate_strip(series)
    detector = Detector(recording.instrument, settings)
    used: BackgroundUsed = "tracked"
    if background is not None and any(r.spectra for r in background.measured):
        detector.seed(background.measured)
        used = "file"
    elif before:
        detector.seed(before)
        used = "record"
    events: list[DetectorEvent] = []
    for number, record in enumerate(series):
        events += detector.push(record)
        if progress is not None and (number % 50 == 49 or number + 1 == len(series)):
            progress(number + 1, len(series))
    events += detector.finish()
    explain = Explainer(recording.instrument, detector, library, shape or ShapeSettings())
    closed = [e for e in events if isinstance(e, EncounterClosed)]
    encounters = tuple(explain.encounter(e) for e in closed)
    gaps = [e for e in events if isinstance(e, DataGap)]
    warnings = _warnings(recording, series, detector, gaps)
    return encounters, used, tuple(warnings), _strip(series, events)


def _warnings(
    recording: Recording, series: Sequence[Record], detector: Detector, gaps: Sequence[DataGap]
) -> list[RecordingWarning]:
    """All that a reader should know before believing the encounters."""
    warnings = [
        w
        for w in (
            not_counts_warning(recording),
            dispersion_warning(detector.dispersion),
            dead_time_warning(recording),
            silent_crystal_warning(recording),
        )
        if w is not None
    ]
    if detector.grid is None or not detector.grid.calibrated:
        warnings.append(
            RecordingWarning(
                "uncalibrated",
                "no usable energy calibration: only total rates are judged, nothing is identified",
            )
        )
    return warnings + gap_warnings(gaps) + position_warnings(series) + clock_warnings(series)


def _rates_only(series: Sequence[Record]) -> tuple[RecordingWarning, ...]:
    """Why nothing is looked for in a track of rates, and what is wrong with the track."""
    why = RecordingWarning(
        "rates-only",
        "the file holds rates as the instrument shows them and no counts: no threshold with a "
        "stated false-alarm rate can be set, so no encounter is looked for",
    )
    return (why, *position_warnings(series), *clock_warnings(series))


def _rate_strip(series: Sequence[Record]) -> StripChart:
    """Time series of a track of rates: nothing but what the instrument showed."""
    rates = [sum(c.count_rate_cps for c in r.count_rates) for r in series]
    zero = np.zeros(len(series))
    return StripChart(
        time_s=_times(series),
        gross_rate_cps=np.array(rates, dtype=np.float64),
        background_rate_cps=zero,
        statistic=zero,
        threshold=0.0,
    )


def walk_and_background(recording: Recording) -> tuple[list[Record], list[Record]]:
    """Records of the walk, and long background records measured beforehand."""
    series = list(recording.measured)
    times = [r.real_time_s for r in series if r.real_time_s]
    usual = float(np.median(times)) if times else 1.0
    before = [
        r
        for r in recording.records
        if r.source_type is SourceType.BACKGROUND
        and r.spectra
        and (r.real_time_s or 0.0) >= _LONG_BACKGROUND * usual
        and all(r is not s for s in series)
    ]
    return series, before


class Explainer:
    """Turns closed encounters into answers; draws the shape library once, when first needed."""

    def __init__(
        self,
        instrument: Instrument,
        detector: Detector,
        library: NuclideLibrary,
        settings: ShapeSettings,
    ) -> None:
        self.instrument = instrument
        self.detector = detector
        self.library = library
        self.settings = settings
        self._shapes: ShapeLibrary | None = None

    def _shape_library(self, grid: Grid) -> ShapeLibrary:
        if self._shapes is None:
            self._shapes = build_shape_library(self.instrument, grid)
        return self._shapes

    def encounter(self, closed: EncounterClosed) -> Encounter:
        """One encounter with its explanation."""
        inside = [s for s in closed.slices if closed.first_record <= s.index <= closed.last_record]
        result = self._identify(closed)
        source_class, reasons = result.source_class, list(result.reasons)
        if closed.neutron:
            reasons.insert(0, _neutron_words(closed))
            if source_class == "norm":
                # natural gamma rays do not explain neutrons
                source_class = "unknown"
        if closed.reason == "lasting change":
            reasons.append(
                "the change lasted so long that it was taken as the new background: source or "
                "surroundings could not be told apart"
            )
        if closed.overloaded:
            reasons.append("records without any count lie inside: the instrument was overloaded")
        doses = [s.dose_rate_uSv_h for s in inside if s.dose_rate_uSv_h is not None]
        return Encounter(
            first_record=closed.first_record,
            last_record=closed.last_record,
            peak_record=closed.peak_record,
            start=inside[0].start,
            end=_end(inside),
            statistic=closed.statistic,
            threshold=closed.threshold,
            false_alarm_rate_per_h=closed.false_alarm_rate_per_h,
            source_class=source_class,
            neutron=closed.neutron,
            dose_rate_uSv_h=max(doses, default=None),
            nuclear_material=any(
                self.library[f.name].nuclear_material and f.nuclide_class != "norm"
                for f in result.findings
            ),
            nuclides=result.findings,
            location=locate(closed),
            spectrum=self._spectrum(closed, result),
            statistic_name=closed.statistic_name,
            reasons=tuple(reasons),
        )

    def _identify(self, closed: EncounterClosed) -> ShapeResult:
        grid = self.detector.grid
        if grid is None or not grid.calibrated:
            return ShapeResult(
                "unknown",
                (),
                ("no usable energy calibration: the rate rises, nothing can be identified",),
                None,
            )
        core = [s for s in closed.slices if closed.core_first <= s.index <= closed.core_last]
        live = sum(s.live_time_s for s in core)
        problem = ShapeProblem(
            counts=np.sum([s.coarse for s in core], axis=0),
            rate_cps=closed.background.rate_cps,
            live_time_s=live,
            background_time_s=max(closed.background.effective_time_s, 1e-9),
            dispersion=closed.background.dispersion,
            duration_s=sum(
                s.real_time_s
                for s in closed.slices
                if closed.first_record <= s.index <= closed.last_record
            ),
            peak_rate_cps=max(s.rate_cps / s.crystals for s in core),
            spectral=closed.statistic_name == "spectral",
            overloaded=closed.overloaded,
        )
        return identify_shape(
            problem,
            self._shape_library(grid),
            detector=self.detector.settings,
            settings=self.settings,
        )

    def _spectrum(self, closed: EncounterClosed, result: ShapeResult) -> EncounterSpectrum | None:
        grid = self.detector.grid
        if grid is None or not grid.calibrated:
            return None
        core = [s for s in closed.slices if closed.core_first <= s.index <= closed.core_last]
        live = sum(s.live_time_s for s in core)
        background = closed.background.fine_rate_cps * live
        model = None
        if result.model_counts is not None:
            model = _on_channels(result.model_counts, background, grid)
        return EncounterSpectrum(
            edges_keV=grid.fine_edges_keV,
            counts=np.sum([s.fine for s in core], axis=0),
            background_counts=background,
            live_time_s=live,
            model_counts=model,
        )


def _end(inside: Sequence[Slice]) -> dt.datetime | None:
    """End of the last record; by the lengths of the records where the clock ran backwards."""
    first, last = inside[0].start, inside[-1].start
    if first is None or last is None:
        return None
    end = last + dt.timedelta(seconds=inside[-1].real_time_s)
    if (first.tzinfo is None) != (last.tzinfo is None) or end < first:
        return first + dt.timedelta(seconds=sum(s.real_time_s for s in inside))
    return end


def _on_channels(model: FloatArray, background: FloatArray, grid: Grid) -> FloatArray:
    """Model counts of the bins spread evenly over their channels; outside the bins the background.

    Only for the eye: the fit is made on the bins.
    """
    out = background.copy()
    ends = np.append(grid.starts[1:], grid.stop)
    width = ends - grid.starts
    out[grid.starts[0] : grid.stop] = np.repeat(model / width, width)
    return out


def _neutron_words(closed: EncounterClosed) -> str:
    inside = [s for s in closed.slices if closed.first_record <= s.index <= closed.last_record]
    counts = sum(s.neutrons or 0.0 for s in inside)
    expected = closed.background.neutron_cps * sum(s.live_time_s for s in inside)
    return f"{counts:.0f} neutrons where {expected:.1f} were expected"


def _strip(series: Sequence[Record], events: Sequence[DetectorEvent]) -> StripChart:
    """Time series, one value per record; a record without counts shows a rate of zero."""
    n = len(series)
    gross, background, statistic = np.zeros(n), np.zeros(n), np.zeros(n)
    neutron = np.zeros(n)
    has_neutron = False
    threshold, scored = 0.0, np.zeros(n, dtype=bool)
    for event in events:
        if isinstance(event, RecordScored):
            k = event.record
            gross[k], background[k] = event.gross_rate_cps, event.background_rate_cps
            statistic[k], threshold, scored[k] = event.statistic, event.threshold, True
            if event.neutron_rate_cps is not None:
                neutron[k], has_neutron = event.neutron_rate_cps, True
    known = np.flatnonzero(scored)
    if known.size and known.size < n:
        missing = np.flatnonzero(~scored)
        before = np.clip(np.searchsorted(known, missing) - 1, 0, None)
        background[missing] = background[known[before]]
    return StripChart(
        time_s=_times(series),
        gross_rate_cps=gross,
        background_rate_cps=background,
        statistic=statistic,
        threshold=threshold,
        neutron_rate_cps=neutron if has_neutron else None,
    )


def _times(series: Sequence[Record]) -> FloatArray:
    """Seconds from the first record: by the clock where it rises, else by adding real times."""
    starts = [r.start for r in series]
    if all(s is not None for s in starts) and len({s.tzinfo is None for s in starts if s}) == 1:
        known = [s for s in starts if s is not None]
        times = np.array([(s - known[0]).total_seconds() for s in known])
        if np.all(np.diff(times) >= 0):
            return times
    lengths = [r.real_time_s or r.live_time_s or 0.0 for r in series]
    return np.concatenate(([0.0], np.cumsum(lengths)[:-1])) if lengths else np.zeros(0)
