"""What is summed over the detectors and records of a file, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.errors import InvalidInput
from tocsin.spectra import GrossCounts, Position, Record, Recording, SourceType, Spectrum


def spectrum(live_time_s: float | None = 0.9) -> Spectrum:
    return Spectrum(np.arange(4), live_time_s=live_time_s, real_time_s=1.0)


def test_live_time_is_the_longest_of_the_crystals_and_not_the_clock() -> None:
    record = Record((spectrum(0.8), spectrum(0.9), spectrum(None)), real_time_s=1.0)
    assert record.live_time_s == 0.9
    assert record.total_counts == 18.0
    assert Record((spectrum(None),), real_time_s=2.0).live_time_s == 2.0
    assert Record().live_time_s is None


def test_neutrons_are_summed_and_their_absence_is_no_zero() -> None:
    counters = (
        GrossCounts("n1", 2.0),
        GrossCounts("n2", None),
        GrossCounts("n3", 3.0),
        GrossCounts("gm", 90.0, kind="gamma"),
    )
    assert Record(gross_counts=counters).neutron_counts == 5.0
    assert Record(gross_counts=counters[1:2]).neutron_counts is None
    assert Record((spectrum(),)).neutron_counts is None


def test_only_what_was_measured_once_is_analysed() -> None:
    def of(kind: SourceType) -> Record:
        return Record((spectrum(),), source_type=kind)

    kinds = (SourceType.FOREGROUND, SourceType.BACKGROUND, SourceType.CALIBRATION)
    recording = Recording(
        tuple(of(k) for k in kinds), derived=(of(SourceType.FOREGROUND), of(SourceType.UNKNOWN))
    )
    assert recording.measured == recording.records[:1]
    assert recording.background == recording.records[1:2]
    alone = Recording((of(SourceType.BACKGROUND),))
    assert alone.measured == alone.records


def test_a_series_is_a_survey_and_a_few_long_spectra_are_not() -> None:
    short = Record((spectrum(),), real_time_s=1.0)
    long = Record((spectrum(),), real_time_s=300.0)
    assert Recording((short,) * 5).kind == "survey"
    assert Recording((short,) * 4).kind == "static"
    assert Recording((long,) * 9).kind == "static"
    assert Recording((long,) * 10).kind == "survey"


@pytest.mark.parametrize("place", [(90.1, 0.0), (0.0, -180.1), (float("nan"), 0.0)])
def test_a_place_that_is_none_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput):
        Position(*place)
