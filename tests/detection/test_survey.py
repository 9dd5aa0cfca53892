"""Surveys from end to end: synthetic passes with known truth and the real vehicle recordings."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import survey_worlds as worlds

from tocsin.detection.settings import DetectorSettings
from tocsin.detection.survey import analyze_survey
from tocsin.errors import InvalidInput
from tocsin.nuclear import load_library
from tocsin.spectra import Record, Recording


def answer(recording: Recording, background: Recording | None = None):
    return analyze_survey(
        recording, background=background, settings=DetectorSettings(), library=load_library()
    )


@pytest.mark.parametrize(
    ("name", "source_class"),
    [
        ("Cs-137", "industrial"),
        ("Co-60", "industrial"),
        ("Tc-99m", "medical"),
        ("I-131", "medical"),
    ],
)
def test_a_strong_pass_is_found_named_and_placed(name: str, source_class: str) -> None:
    recording = worlds.walk(np.random.default_rng(4), name=name, net_cps=500.0)
    encounters, used, _, strip = answer(recording)
    assert used == "tracked"
    found = [e for e in encounters if e.first_record <= 100 <= e.last_record]
    assert len(found) == 1
    encounter = found[0]
    assert encounter.nuclides[0].name == name
    assert encounter.source_class == source_class
    assert encounter.statistic > encounter.threshold
    assert abs(encounter.peak_record - 100) <= 2
    assert encounter.location is not None
    east = (encounter.location.longitude_deg - worlds.LONGITUDE) * worlds.METRES_PER_DEGREE
    east *= math.cos(math.radians(worlds.LATITUDE))
    north = (encounter.location.latitude_deg - worlds.LATITUDE) * worlds.METRES_PER_DEGREE
    assert math.hypot(east, north - 6.0) < encounter.location.radius_m_95
    assert encounter.spectrum is not None
    assert encounter.spectrum.counts.sum() > encounter.spectrum.background_counts.sum()
    assert strip.gross_rate_cps.size == len(recording.records)
    assert not encounter.neutron


def test_a_walk_without_a_source_raises_no_alarm() -> None:
    encounters, _, _, _ = answer(worlds.walk(np.random.default_rng(7), seconds=600))
    assert not [e for e in encounters if e.is_alarm]


def test_more_of_the_same_nature_is_norm_and_no_alarm() -> None:
    rng = np.random.default_rng(3)
    rates = worlds.background_rates(rng, 200, common=0.01, own=0.01)
    rates[110:125] *= 1.8
    records = tuple(worlds.record(rng.poisson(r), k) for k, r in enumerate(rates))
    encounters, _, _, _ = answer(Recording(records, instrument=worlds.INSTRUMENT))
    assert [e.source_class for e in encounters] == ["norm"]
    assert not encounters[0].is_alarm
    assert any("K-40 window x 1." in reason for reason in encounters[0].reasons)


def test_neutrons_alone_are_an_alarm() -> None:
    rng = np.random.default_rng(5)
    rates = worlds.background_rates(rng, 160)
    records = []
    for k, rate in enumerate(rates):
        neutrons = rng.poisson(12.0 if 100 <= k < 106 else 1.0)
        records.append(worlds.record(rng.poisson(rate), k, neutrons=float(neutrons)))
    encounters, _, _, strip = answer(Recording(tuple(records), instrument=worlds.INSTRUMENT))
    assert [e.neutron for e in encounters] == [True]
    assert encounters[0].is_alarm
    assert 98 <= encounters[0].first_record <= 102
    assert strip.neutron_rate_cps is not None


def test_a_background_file_lets_a_source_at_the_start_be_seen() -> None:
    rng = np.random.default_rng(6)
    rates = worlds.background_rates(rng, 120, common=0.01, own=0.02)
    rates[:45] += 400.0 * worlds.source("Cs-137")
    records = tuple(worlds.record(rng.poisson(r), k) for k, r in enumerate(rates))
    quiet = worlds.background_rates(rng, 60, common=0.01, own=0.02)
    background = Recording(tuple(worlds.record(rng.poisson(r), k) for k, r in enumerate(quiet)))
    encounters, used, _, _ = answer(
        Recording(records, instrument=worlds.INSTRUMENT), background=background
    )
    assert used == "file"
    assert encounters[0].first_record <= 3
    assert encounters[0].nuclides[0].name == "Cs-137"


def test_nothing_to_count_is_refused() -> None:
    with pytest.raises(InvalidInput):
        answer(Recording((Record(real_time_s=1.0),) * 12))


def _real(recordings: Path, name: str) -> Recording:
    formats = pytest.importorskip("tocsin.formats")
    return formats.read(recordings / name)


@pytest.mark.recordings
def test_vehicle_pass_of_technetium(recordings: Path) -> None:
    recording = _real(recordings, "mobile_nsdd/Q67_Mobile.N42")
    encounters, _, warnings, _ = answer(recording)
    found = [e for e in encounters if e.first_record <= 125 and e.last_record >= 130]
    assert len(found) == 1
    assert [n.name for n in found[0].nuclides] == ["Tc-99m"]
    assert found[0].source_class == "medical"
    location = found[0].location
    assert location is not None
    north = (location.latitude_deg - 46.28047) * worlds.METRES_PER_DEGREE
    east = (location.longitude_deg + 119.27511) * worlds.METRES_PER_DEGREE
    assert math.hypot(north, east * math.cos(math.radians(46.28))) < 60.0
    unscored = ((90, 135), (365, 371), (384, 396))
    for encounter in encounters:
        if any(a <= encounter.peak_record <= b for a, b in unscored):
            continue
        assert encounter.source_class == "norm"
    assert "dead-time-unknown" in {w.code for w in warnings}


@pytest.mark.recordings
def test_doubled_counts_of_the_racetrack_are_noticed_and_raise_no_alarm(recordings: Path) -> None:
    encounters, _, warnings, _ = answer(_real(recordings, "mobile_nsdd/Q345_Racetrack.n42"))
    assert "over-dispersed" in {w.code for w in warnings}
    for encounter in encounters:
        assert encounter.source_class == "norm" or 115 <= encounter.peak_record <= 126
    assert any(e.first_record <= 70 <= e.last_record for e in encounters)


@pytest.mark.recordings
def test_twelve_quiet_hours_have_no_encounter(recordings: Path) -> None:
    encounters, _, _, _ = answer(_real(recordings, "radiacode_tools/K40.rcspg"))
    assert encounters == ()
