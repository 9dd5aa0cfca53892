"""The picture for the person at the instrument: the detector's answers, never older than told."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import survey_worlds as worlds

from tocsin.detection import Detector, analyze
from tocsin.detection.analysis import Location
from tocsin.field.faults import CODES, Faults
from tocsin.field.health import Clock, Places, potassium_gain
from tocsin.field.history import History, Track, metres_between
from tocsin.field.records import from_recording
from tocsin.field.screen.picture import Seen, picture
from tocsin.field.watch import Watch
from tocsin.field.way import Walk
from tocsin.formats import read
from tocsin.nuclear import load_library
from tocsin.spectra import CountRate, Position, Record, Spectrum

SURVEYS = (
    "mobile_nsdd/Q67_Mobile.N42",
    "mobile_nsdd/Q345_Racetrack.n42",
    "radiacode_tools/xray.ndjson",
    "uav_lednice/01_20190401_011419_DRONES-G_demo_measurement_PEI_data_rev3.csv",
)


class HandClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def walk(n: int, *, source_at: int | None = None, seed: int = 3) -> list[Record]:
    """One record a second, 1.5 m apart to the north; a caesium source passed at a record."""
    rng = np.random.default_rng(seed)
    natural, caesium = worlds.natural(1000.0).sum(axis=0), worlds.source("Cs-137")
    records = []
    for k in range(n):
        rate = natural
        if source_at is not None:
            rate = rate + 900.0 / (1.0 + ((k - source_at) / 4.0) ** 2) * caesium
        place = worlds.position(0.0, 1.5 * k)
        records.append(worlds.record(rng.poisson(rate), k, place=place, neutrons=0.0))
    return records


def watched(records: list[Record], **settings: object) -> Watch:
    watch = Watch(worlds.INSTRUMENT, **settings)  # type: ignore[arg-type]
    for record in records:
        watch.hear(record)
    return watch


@pytest.mark.recordings
@pytest.mark.parametrize("name", SURVEYS)
def test_a_real_survey_gives_the_encounters_of_analyze(name: str, recordings: Path) -> None:
    recording = read(recordings / name)
    feed = from_recording(recording)
    watch = Watch(feed.instrument, feed.background)
    for record in feed.records:
        watch.hear(record)
    watch.end()
    expected = analyze(recording).encounters
    assert len(expected) > 0
    assert len(watch.encounters) == len(expected)
    for mine, theirs in zip(watch.encounters, expected, strict=True):
        # spectra hold arrays, which have no single truth
        assert dataclasses.replace(mine, spectrum=None) == dataclasses.replace(
            theirs, spectrum=None
        )
        assert mine.spectrum is not None or theirs.spectrum is None


def test_an_alarm_is_named_while_it_lasts_and_stays_listed() -> None:
    watch = Watch(worlds.INSTRUMENT)
    states, named = [], []
    for record in walk(160, source_at=80):
        watch.hear(record)
        states.append(watch.state)
        if watch.told and watch.told[0].open:
            named.append({n.name for n in watch.told[0].encounter.nuclides})
    # the warm-up counts 30 s of live time
    assert states[:30] == ["learning"] * 30
    assert states[31] == "quiet"
    assert "alarm" in states[70:86]
    assert {"Cs-137"} in named
    assert states[-1] == "quiet"
    (told,) = watch.told
    assert not told.open
    assert told.encounter.source_class == "industrial"
    way = watch.way()
    assert way is not None
    # passed at record 80 of 1.5 m: the last place lies 118.5 m to the north of it
    assert way[1].distance_m == pytest.approx(118.5, abs=way[1].radius_m)
    assert way[1].bearing_deg == pytest.approx(180.0, abs=25.0)
    assert way[1].turn_deg is not None
    assert abs(way[1].turn_deg) == pytest.approx(180.0, abs=25.0)


def test_an_open_encounter_asked_for_changes_nothing() -> None:
    records = walk(110, source_at=70)
    plain, curious = Detector(worlds.INSTRUMENT), Detector(worlds.INSTRUMENT)
    open_seen = 0
    for record in records:
        plain.push(record)
        curious.push(record)
        open_seen += curious.so_far() is not None
        assert curious.save() == plain.save()
    assert open_seen > 5


def test_a_stream_that_stops_is_stale_within_five_seconds() -> None:
    clock = HandClock()
    watch = watched(walk(40), monotonic=clock)
    assert watch.state == "quiet"
    assert not watch.stale
    clock.now_s += watch.stale_after_s - 0.01
    assert not watch.stale
    clock.now_s += 0.02
    assert watch.stale
    assert watch.stale_after_s <= 5.0
    watch.hear(walk(41)[-1])
    assert not watch.stale


def test_slow_records_are_not_stale_between_two_of_them() -> None:
    clock = HandClock()
    slow = [dataclasses.replace(r, real_time_s=10.0) for r in walk(12)]
    watch = watched(slow, monotonic=clock)
    clock.now_s += 12.0
    assert not watch.stale
    clock.now_s += 1.5
    assert watch.stale


def test_silence_after_a_flood_is_an_overload_and_silence_alone_is_no_quiet() -> None:
    records = walk(60)
    empty = np.zeros(worlds.N_CHANNEL, dtype=np.int64)
    blind = [worlds.record(empty, 60 + k) for k in range(5)]
    watch = watched(records + blind)
    assert watch.state == "gap"
    assert watch.history.rows[-1].gap == "gap"
    flood = np.random.default_rng(1).poisson(worlds.source("Cs-137") * 90_000.0)
    watch = watched([*records, worlds.record(flood, 60), worlds.record(flood, 61), *blind])
    assert watch.state == "overload"


def test_rates_alone_are_shown_and_judged_by_nobody() -> None:
    watch = watched([Record(real_time_s=1.0, count_rates=(CountRate(12.0),)) for _ in range(50)])
    assert watch.state == "rates only"
    assert watch.shown_rate_cps == 12.0
    assert watch.encounters == ()


def test_the_picture_is_whole_at_first_and_then_only_news() -> None:
    watch = watched(walk(50))
    first, seen = picture(watch, Seen())
    assert [row["n"] for row in first["rows"]] == list(range(50))
    assert first["track"]["whole"]
    assert len(first["track"]["points"]) == 50
    nothing, again = picture(watch, seen)
    assert nothing["rows"] == []
    assert again == seen
    watch.hear(walk(51)[-1])
    news, _ = picture(watch, seen)
    assert [row["n"] for row in news["rows"]] == [50]
    assert not news["track"]["whole"]
    assert news["track"]["first"] + len(news["track"]["points"]) == 51
    assert len(json.dumps(news, allow_nan=False)) < 20_000


def test_spectra_of_the_picture_lose_no_count_above_their_least_energy() -> None:
    watch = watched(walk(110, source_at=70))
    value, _ = picture(watch, Seen())
    long_term = value["long_term"]
    assert watch.long_term is not None
    first = int(np.searchsorted(worlds.EDGES_KEV, 20.0))
    assert sum(long_term["counts"]) == pytest.approx(watch.long_term[first:].sum())
    assert len(long_term["edges_keV"]) == len(long_term["counts"]) + 1
    near = value["alarm_spectrum"]
    assert near["number"] == 1
    # at the source the counts stand far above what is expected
    assert sum(near["counts"]) > 1.2 * sum(near["background"])
    assert sum(value["rows"][0]["bins"]) == pytest.approx(value["rows"][0]["counts"], rel=0.02)


def test_short_records_make_rows_of_a_second() -> None:
    history = History(length_s=10.0)
    for k in range(200):
        history.add(
            k, real_time_s=0.1, live_time_s=0.09, counts=2.0, neutrons=None, bins=np.ones(4)
        )
    assert len(history.rows) == 10
    assert {round(row.real_time_s, 6) for row in history.rows} == {1.0}
    assert {row.counts for row in history.rows} == {20.0}
    last = history.rows[-1]
    assert last.bins is not None
    assert last.bins.tolist() == [10.0] * 4
    version = history.version
    row = history.of_record(195)
    assert row is last
    assert history.since(version) == [last]
    assert history.of_record(0) is None


def test_a_long_way_is_thinned_and_told_anew() -> None:
    track = Track(most=100)
    for k in range(400):
        track.add(Position(48.0 + k * 2e-5, 16.0), 1.0)
    assert track.epoch > 0
    assert len(track.points) <= 100
    assert track.points[0].latitude_deg == 48.0
    newest = [p.latitude_deg for p in track.points[-25:]]
    assert newest == [48.0 + k * 2e-5 for k in range(375, 400)]
    assert [p.latitude_deg for p in track.points] == sorted(p.latitude_deg for p in track.points)
    standing = Track()
    for net in (1.0, 5.0, 2.0):
        standing.add(Position(48.0, 16.0), net)
    assert [p.net_cps for p in standing.points] == [5.0]


@pytest.mark.parametrize(("east", "north", "turn"), [(50.0, 0.0, 90.0), (-50.0, 0.0, -90.0)])
def test_the_way_turns_from_the_direction_of_walking(
    east: float, north: float, turn: float
) -> None:
    walked = Walk()
    for k in range(10):
        walked.step(float(k), worlds.position(0.0, 2.0 * k))
    assert walked.heading_deg == pytest.approx(0.0, abs=0.5)
    goal = worlds.position(east, 18.0 + north)
    way = walked.to(Location(goal.latitude_deg, goal.longitude_deg, 10.0))
    assert way is not None
    assert way.distance_m == pytest.approx(50.0, rel=0.01)
    assert way.turn_deg == pytest.approx(turn, abs=1.0)
    assert not way.inside


def test_who_stands_or_is_within_the_circle_gets_no_direction_of_walking() -> None:
    walked = Walk()
    assert walked.to(Location(48.2, 16.4, 5.0)) is None
    for k in range(60):
        walked.step(float(k), worlds.position(0.0, 2.0 * min(k, 20)))
    assert walked.heading_deg is None
    goal = worlds.position(3.0, 40.0)
    way = walked.to(Location(goal.latitude_deg, goal.longitude_deg, 10.0))
    assert way is not None
    assert way.inside
    assert way.turn_deg is None


def test_metres_are_those_of_the_sphere_and_cross_the_date_line() -> None:
    east, north = metres_between(0.0, 179.9995, 0.001, -179.9995)
    assert (east, north) == pytest.approx((111.195, 111.195), rel=1e-4)
    east, _ = metres_between(60.0, 10.0, 60.0, 10.001)
    assert east == pytest.approx(111.195 * math.cos(math.radians(60.0)), rel=1e-3)


@pytest.mark.parametrize("gain", [0.97, 1.0, 1.025])
def test_the_gain_is_read_from_the_line_of_potassium(gain: float) -> None:
    model = worlds.model_for(
        worlds.INSTRUMENT, n_channel=worlds.N_CHANNEL, edges_keV=worlds.EDGES_KEV
    )
    natural = worlds.natural(1000.0).sum(axis=0)
    counts = np.random.default_rng(5).poisson(natural * 600.0).astype(float)
    # channels that show the energy E of a photon at gain x E
    found = potassium_gain(
        counts, worlds.EDGES_KEV * gain, lambda e: float(model.fwhm_keV(e)), load_library()
    )
    assert found is not None
    # within 1 %: weak lines of the series beside it pull
    assert found.value == pytest.approx(gain, abs=0.01)
    assert found.uncertainty < 0.005
    assert not found.is_off
    empty = potassium_gain(
        np.zeros(worlds.N_CHANNEL), worlds.EDGES_KEV, lambda _: 80.0, load_library()
    )
    assert empty is None


def test_a_gain_beyond_what_identification_allows_is_off() -> None:
    natural = worlds.natural(1000.0).sum(axis=0)
    counts = np.random.default_rng(6).poisson(natural * 600.0).astype(float)
    found = potassium_gain(counts, worlds.EDGES_KEV * 1.06, lambda _: 90.0, load_library())
    assert found is not None
    assert found.is_off


def test_places_that_cannot_be_believed_lead_nobody() -> None:
    places = Places()
    records = walk(12)
    for record in records:
        assert places.take(record, 1.0) == record.position
    assert places.state == "good"
    assert places.take(dataclasses.replace(records[0], position=Position(0.0, 0.0)), 1.0) is None
    assert places.state == "not believed"
    far = dataclasses.replace(records[0], position=worlds.position(90_000.0, 0.0))
    assert places.take(far, 1.0) is None
    for _ in range(6):
        assert places.take(dataclasses.replace(records[0], position=None), 1.0) is None
    assert places.state == "lost"


def test_a_clock_that_is_wrong_is_told_in_words_and_counted() -> None:
    clock, faults = Clock(), Faults()
    records = walk(4)
    late = records[1].start
    assert late is not None

    def after(record: Record) -> tuple[str, int]:
        clock.take(record, faults.of(record))
        return clock.state, clock.faults

    assert after(records[2]) == ("good", 0)
    assert after(records[0]) == ("backwards", 1)
    assert after(records[1]) == ("good", 1)
    assert after(records[1]) == ("stands still", 2)
    assert after(dataclasses.replace(records[1], start=late.replace(hour=23))) == ("jump", 3)
    unzoned = late.replace(hour=23, second=late.second + 1, tzinfo=None)
    assert after(dataclasses.replace(records[1], start=unzoned)) == ("no zone", 3)
    assert after(dataclasses.replace(records[1], start=late.replace(year=1970))) == ("wrong", 4)
    assert after(Record()) == ("none", 4)


def test_every_fault_of_a_clock_has_words_on_the_screen() -> None:
    start = walk(1)[0]
    for code in CODES:
        clock = Clock()
        clock.take(start, (code,))
        assert (clock.faults == 1) == (code.startswith("time-") and code != "time-missing")


def test_without_energies_no_spectrum_is_shown_and_the_rate_is_judged() -> None:
    plain = [
        dataclasses.replace(
            r, spectra=(Spectrum(r.spectra[0].counts, 1.0, 1.0, None, "a"),), real_time_s=1.0
        )
        for r in walk(50)
    ]
    value, _ = picture(watched(plain), Seen())
    assert value["state"] == "quiet"
    assert value["long_term"] is None
    assert value["bin_edges_keV"] is None
    assert value["health"]["calibrated"] is False
    assert value["rows"][-1]["bins"] is None
