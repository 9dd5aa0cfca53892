"""What instruments do to their data: silence, overload, dead crystals, clocks, neutrons, X-rays."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
import survey_worlds as worlds
from scipy import stats

from tocsin.detection.detector import Detector
from tocsin.detection.encounters import DataGap, EncounterClosed, EncounterOpened, RecordScored
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.survey import analyze_survey
from tocsin.nuclear import load_library
from tocsin.spectra import CountRate, GrossCounts, Position, Record, Recording, Spectrum

EMPTY = np.zeros(worlds.N_CHANNEL, dtype=np.int64)


def answer(records: list[Record]):
    recording = Recording(tuple(records), instrument=worlds.INSTRUMENT)
    return analyze_survey(
        recording, background=None, settings=DetectorSettings(), library=load_library()
    )


def usual(seed: int, n: int, *, cps: float = 1000.0) -> list[Record]:
    rng = np.random.default_rng(seed)
    rates = worlds.background_rates(rng, n, cps=cps, common=0.02, own=0.03)
    return [worlds.record(rng.poisson(r), k) for k, r in enumerate(rates)]


def warning(warnings, code: str) -> str:
    found = [w.message for w in warnings if w.code == code]
    assert len(found) == 1, (code, [w.code for w in warnings])
    return found[0]


def test_silence_of_a_weak_instrument_is_a_gap_once_it_cannot_be_chance() -> None:
    """Six counts per second: a second without counts may happen, ten in a row do not."""
    records = usual(1, 160, cps=6.0)
    records[100:110] = [worlds.record(EMPTY, k) for k in range(100, 110)]
    detector = Detector(worlds.INSTRUMENT)
    events = [e for r in records for e in detector.push(r)] + detector.finish()
    gaps = [e.record for e in events if isinstance(e, DataGap)]
    assert gaps == list(range(100, 110))
    # the silence has not lowered the background, and its end is no rise
    after = [e for e in events if isinstance(e, RecordScored) and e.record == 112]
    assert after[0].background_rate_cps == pytest.approx(6.0, rel=0.3)
    assert not [e for e in events if isinstance(e, EncounterOpened) and 95 <= e.record < 125]
    _, _, warnings, strip = answer(records)
    assert "records 100-109" in warning(warnings, "drop-out")
    assert strip.background_rate_cps[105] > 0


def test_a_lone_second_without_counts_is_no_gap_for_a_weak_instrument() -> None:
    records = usual(2, 120, cps=3.0)
    records[90] = worlds.record(EMPTY, 90)
    _, _, warnings, _ = answer(records)
    assert not {"drop-out", "overload"} & {w.code for w in warnings}


def test_an_x_ray_machine_is_a_rate_alarm_without_a_nuclide() -> None:
    """A tube of 120 kV, to overload and back, as its afterglow dies away."""
    rng = np.random.default_rng(3)
    tube = worlds.tube(120.0, "Al", 1.0)
    rates = worlds.background_rates(rng, 170, cps=20.0, common=0.02, own=0.02)
    for k, cps in enumerate((300, 2e4, 1.2e5, None, None, None, 1.2e5, 3e4, 4e3, 500, 60)):
        rates[100 + k] = np.nan if cps is None else rates[100 + k] + cps * tube
    records = [
        worlds.record(EMPTY if np.isnan(r[0]) else rng.poisson(r), k) for k, r in enumerate(rates)
    ]
    encounters, _, warnings, _ = answer(records)
    (found,) = (e for e in encounters if e.first_record < 110 and e.last_record >= 100)
    assert (found.source_class, found.nuclides, found.is_alarm) == ("unknown", (), True)
    assert found.first_record <= 101
    assert found.last_record >= 108
    assert "records 103-105" in warning(warnings, "overload")


@pytest.mark.parametrize(
    "machine", [(80.0, "Al", 1.0), (110.0, "Al", 0.8), (200.0, "Fe", 4.0), (300.0, "Pb", 2.0)]
)
@pytest.mark.parametrize("cps", [500.0, 5000.0])
def test_x_rays_below_overload_name_nothing(machine: tuple[float, str, float], cps: float) -> None:
    """Voltages and filters between those of the library, with tungsten lines it leaves out."""
    rng = np.random.default_rng(4)
    rates = worlds.background_rates(rng, 130, common=0.02, own=0.02)
    rates[90:100] += cps * worlds.tube(*machine)
    records = [worlds.record(rng.poisson(r), k) for k, r in enumerate(rates)]
    encounters, _, _, _ = answer(records)
    assert [(e.source_class, e.nuclides) for e in encounters] == [("unknown", ())]


def test_a_silent_crystal_is_named_and_raises_no_alarm() -> None:
    rng = np.random.default_rng(5)
    rates = worlds.background_rates(rng, 200, common=0.02, own=0.03)
    records = []
    for k, rate in enumerate(rates):
        parts = []
        for name in ("left", "right"):
            dead = name == "right" and 100 <= k < 120
            counts = EMPTY if dead else rng.poisson(rate / 2)
            parts.append(Spectrum(counts, 0.99, 1.0, worlds.CALIBRATION, name))
        records.append(Record(tuple(parts), start=worlds.START, real_time_s=1.0))
    encounters, _, warnings, _ = answer(records)
    assert "right in records 100-119" in warning(warnings, "crystal-silent")
    assert not [e for e in encounters if e.is_alarm]


def test_crystals_with_their_own_calibrations_are_added_by_energy() -> None:
    """The second crystal's channels are twice as wide: a source in both is still named."""
    rng = np.random.default_rng(6)
    rates = worlds.background_rates(rng, 130, common=0.02, own=0.03)
    rates[90:100] += 300.0 * worlds.source("Cs-137")
    wide = worlds.EnergyCalibration.polynomial((0.0, 24.0))
    records = []
    for k, rate in enumerate(rates):
        fine = Spectrum(rng.poisson(rate / 2), 0.99, 1.0, worlds.CALIBRATION, "a")
        coarse = rng.poisson(rate.reshape(-1, 2).sum(axis=1) / 2)
        records.append(
            Record(
                (fine, Spectrum(coarse, 0.99, 1.0, wide, "b")),
                start=worlds.START + dt.timedelta(seconds=k),
                real_time_s=1.0,
            )
        )
    encounters, _, _, _ = answer(records)
    assert [[n.name for n in e.nuclides] for e in encounters] == [["Cs-137"]]


def test_a_clock_that_runs_backwards_moves_nothing() -> None:
    recording = worlds.walk(np.random.default_rng(7), name="Cs-137", net_cps=400.0)
    straight = answer(list(recording.records))
    records = list(recording.records)
    for k in range(101, len(records)):
        records[k] = dataclasses.replace(
            records[k], start=records[k].start - dt.timedelta(seconds=3600)
        )
    encounters, _, warnings, strip = answer(records)
    assert "1 time(s)" in warning(warnings, "time-backwards")
    for got, expected in zip(encounters, straight[0], strict=True):
        assert (got.first_record, got.last_record) == (expected.first_record, expected.last_record)
        assert got.end > got.start
        assert got.location == expected.location
    assert np.all(np.diff(strip.time_s) > 0)


def test_a_track_across_the_antimeridian_is_one_track() -> None:
    recording = worlds.walk(np.random.default_rng(8), name="Cs-137", net_cps=400.0)
    middle = recording.records[100].position.longitude_deg
    moved = []
    for record in recording.records:
        turned = (record.position.longitude_deg - middle + 360.0) % 360.0 - 180.0
        place = Position(record.position.latitude_deg, turned)
        moved.append(dataclasses.replace(record, position=place))
    here, there = answer(list(recording.records))[0][0], answer(moved)[0][0]
    assert there.location.radius_m_95 == pytest.approx(here.location.radius_m_95, rel=0.01)
    back = (there.location.longitude_deg + 180.0 + middle) % 360.0
    assert back == pytest.approx(here.location.longitude_deg % 360.0, abs=1e-6)


def test_neutrons_of_their_own_records_count_and_are_no_gamma_gap() -> None:
    rng = np.random.default_rng(9)
    records = []
    for k, record in enumerate(usual(9, 150)):
        neutrons = float(rng.poisson(9.0 if 110 <= k < 116 else 0.8))
        records.append(record)
        records.append(
            Record(start=record.start, real_time_s=1.0, gross_counts=(GrossCounts("n", neutrons),))
        )
    encounters, _, warnings, _ = answer(records)
    assert [e.neutron for e in encounters] == [True]
    assert abs(encounters[0].first_record - 220) <= 4
    assert not {"drop-out", "overload"} & {w.code for w in warnings}


def test_poisson_neutrons_alarm_as_seldom_as_stated() -> None:
    """Six hours at 60 alarms an hour, the neutrons' share of them 0.15: 54 at most are due.

    Counts are whole numbers, so fewer come: the probability of the first count above the threshold
    lies below the nominal one. The exact Poisson interval must reach into a fifth to once nominal.
    """
    settings = DetectorSettings(false_alarm_rate_per_h=60.0)
    rng = np.random.default_rng(10)
    hours, records_per_h = 6, 3600
    detector = Detector(worlds.INSTRUMENT, settings)
    events = 0
    for _ in range(hours * records_per_h):
        record = Record(
            (Spectrum(EMPTY + 4, 1.0, 1.0, worlds.CALIBRATION),),
            real_time_s=1.0,
            gross_counts=(GrossCounts("n", float(rng.poisson(1.2))),),
        )
        new = detector.push(record)
        events += sum(isinstance(e, EncounterOpened) for e in new)
    nominal = hours * 60.0 * settings.neutron_share
    low, high = stats.chi2.ppf([0.025, 0.975], [2 * events, 2 * events + 2]) / 2
    assert low < nominal
    assert high > nominal / 5


def test_gamma_source_with_neutrons_is_one_encounter_with_both() -> None:
    rng = np.random.default_rng(11)
    rates = worlds.background_rates(rng, 150, common=0.02, own=0.03)
    rates[100:110] += 300.0 * worlds.source("Cs-137")
    records = [
        worlds.record(rng.poisson(r), k, neutrons=float(rng.poisson(8 if 100 <= k < 110 else 1)))
        for k, r in enumerate(rates)
    ]
    encounters, _, _, _ = answer(records)
    assert [(e.neutron, [n.name for n in e.nuclides]) for e in encounters] == [(True, ["Cs-137"])]
    assert "neutrons where" in encounters[0].reasons[0]


def test_counts_without_any_duration_are_said_to_be_unusable() -> None:
    records = usual(12, 60)
    for k in (40, 41):
        bare = dataclasses.replace(records[k].spectra[0], live_time_s=None, real_time_s=None)
        records[k] = dataclasses.replace(records[k], spectra=(bare,), real_time_s=None)
    _, _, warnings, _ = answer(records)
    assert "records 40-41" in warning(warnings, "no-duration")


def test_a_track_of_rates_is_shown_and_not_judged() -> None:
    records = [
        Record(start=worlds.START + dt.timedelta(seconds=k), count_rates=(CountRate(5.0 + k % 3),))
        for k in range(30)
    ]
    encounters, used, warnings, strip = answer(records)
    assert encounters == ()
    assert used == "none"
    assert "no counts" in warning(warnings, "rates-only")
    assert strip.gross_rate_cps.tolist() == [5.0 + k % 3 for k in range(30)]


@pytest.mark.parametrize("length_s", [0.25, 0.5, 1.02, 5.0])
def test_records_of_any_length_are_judged(length_s: float) -> None:
    """Windows are counted in records; the shortest always holds one second or one record."""
    rng = np.random.default_rng(13)
    n = int(120 / length_s) + 40
    rates = worlds.background_rates(rng, n, common=0.02, own=0.02)
    at = int(90 / length_s)
    rates[at : at + max(1, int(6 / length_s))] += 500.0 * worlds.source("Cs-137")
    records = [
        Record(
            (Spectrum(rng.poisson(r * length_s), length_s, length_s, worlds.CALIBRATION),),
            real_time_s=length_s,
        )
        for r in rates
    ]
    detector = Detector(worlds.INSTRUMENT)
    events = [e for r in records for e in detector.push(r)] + detector.finish()
    closed = [e for e in events if isinstance(e, EncounterClosed)]
    over = [e for e in closed if e.first_record <= at <= e.last_record]
    assert len(over) == 1
    assert over[0].statistic > 20.0
    # One false alarm an hour is asked for: in some five minutes one chance crossing is usual
    # (8 per cent), two are not (0.4 per cent), and none is strong.
    chance = [e for e in closed if e is not over[0]]
    assert len(chance) <= 1
    assert all(e.statistic < 6.0 for e in chance)
