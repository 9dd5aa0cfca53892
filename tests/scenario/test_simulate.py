from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from plain_scenes import FLAT, NOMINAL, STEADY, counts_of, plain_scene

from tocsin.detectors import material
from tocsin.errors import InvalidInput, NotFound
from tocsin.scenario import (
    GnssModel,
    Layer,
    NormHeap,
    PointSource,
    Walk,
    Waypoint,
    demo_scene,
    simulate_walk,
)
from tocsin.scenario.simulate import part_weights, shifted
from tocsin.spectra import SourceType


def caesium(x_m=0.0, y_m=10.0, **more) -> PointSource:
    return PointSource("source", "Cs-137", 1e8, "industrial", x_m, y_m, height_m=1.2, **more)


def net_of(*sources, walk=None):
    """Truth of each source in its plain street (expected values, nothing random)."""
    scene = plain_scene(*sources, walk=walk)
    _, truth = simulate_walk(scene, np.random.default_rng(1), perturbation=NOMINAL)
    return truth.sources


def test_counts_of_a_constant_scene_are_poisson(flat_walk):
    counts = counts_of(flat_walk)
    assert counts.dtype == np.int64
    # Chi-square of n - 1 degrees of freedom over n - 1: deviation sqrt(2 / 299) = 8 %
    total = counts.sum(axis=1)
    assert total.var(ddof=1) / total.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / 299))
    # all channels with counts together: 299 x some 700 degrees of freedom
    mean = counts.mean(axis=0)
    well = mean > 0.2
    dispersion = (counts.var(axis=0, ddof=1)[well] / mean[well]).mean()
    assert dispersion == pytest.approx(1.0, abs=0.02)
    # neighbouring channels and records know nothing of each other
    first, second = total[:-1] - total.mean(), total[1:] - total.mean()
    assert abs(np.mean(first * second) / total.var()) < 4 / np.sqrt(299)


def test_the_rate_is_that_of_the_street(flat_walk):
    live = np.array([r.live_time_s for r in flat_walk.records])
    rate = counts_of(flat_walk).sum() / live.sum()
    # 510,000 counts: 0.14 %; what the headroom above full scale takes is less than 0.5 %
    assert rate == pytest.approx(1700.0, rel=0.01)
    assert live == pytest.approx(1 / (1 + 1700 * 5e-6), abs=0.0006)


def test_each_component_shows_in_its_window():
    low = 25.0
    windows = {0: (1370, 1550), 1: (1700, 1830), 2: (2510, 2720)}
    for component, (first, last) in windows.items():
        rates = [0.0, 0.0, 0.0, 0.0]
        rates[component] = 500.0
        street = replace(FLAT, rates_cps=tuple(rates))
        walk = Walk(((0.0, 0.0), (60.0, 0.0)), speed_m_s=1.0)
        recording, _ = simulate_walk(
            plain_scene(walk=walk, street=street), np.random.default_rng(2), perturbation=NOMINAL
        )
        sums = counts_of(recording).sum(axis=0)
        inside = sums[first // 3 : last // 3].mean()
        beside = sums[last // 3 + 30 : last // 3 + 60].mean()
        assert inside > 2 * beside, component
        assert sums[: int(low / 3)].sum() == 0


def test_net_rate_falls_with_the_square_of_the_distance_and_the_air():
    near, far = net_of(caesium(y_m=5.0))[0], net_of(caesium(y_m=20.0))[0]
    mu = material("air").coefficients([661.657]).interaction[0] * 100.0
    # attenuation of direct photons alone; the table between two distances is good to 1 % here
    expected = 16.0 * np.exp(mu * 15.0)
    assert near.peak_net_cps / far.peak_net_cps == pytest.approx(expected, rel=0.01)


def test_net_rate_of_a_bare_source_by_hand():
    # 0.85 photons of 662 keV and some X-rays per decay on 0.0413 m2 at 10 m, 0.86 of the former
    # interact in 5.08 cm of NaI behind 0.3 g/cm2 of Al, plus scatter from the ground: between 0.9
    # and 1.6 of the direct estimate.
    rate = net_of(caesium())[0].peak_net_cps
    mu = material("NaI").coefficients([661.657]).interaction[0]
    direct = 1e8 * 0.851 * 0.1016 * 0.4064 / (4 * np.pi * 100.0) * (1 - np.exp(-mu * 5.08))
    assert 0.9 < rate / direct < 1.6


def test_a_housing_weakens_the_peak_by_its_attenuation():
    walk = Walk(((-20.0, 0.0), (20.0, 0.0)), speed_m_s=1.0)
    peaks = []
    for layers in ((), (Layer("Pb", 2.0),)):
        scene = plain_scene(
            caesium(layers=layers), walk=walk, street=replace(FLAT, rates_cps=(0.0,) * 4)
        )
        strong = replace(scene.sources[0], activity_Bq=1e9)
        scene = replace(scene, sources=(strong,))
        recording, _ = simulate_walk(scene, np.random.default_rng(5), perturbation=NOMINAL)
        live = sum(r.live_time_s for r in recording.records)
        sums = counts_of(recording).sum(axis=0) / live
        peaks.append(sums[221:250].sum())  # the right half of the peak
    mu = material("Pb").coefficients([661.657]).interaction[0]
    # Photons that lose less than about one standard deviation of the peak (20 keV: below 12.6
    # degrees) still count in it: 5 % of all Compton scatterings (Klein-Nishina), and 1.6 of these
    # are met in 2 cm of lead; about half of the 8 % fall into the right half.
    buildup = peaks[1] / peaks[0] / np.exp(-2.0 * mu)
    assert 1.0 < buildup < 1.10


def test_two_layers_weaken_more_than_one_and_scatter_more():
    bare, lead, both = (
        net_of(caesium(layers=layers))[0].peak_net_cps
        for layers in ((), (Layer("Pb", 1.0),), (Layer("Pb", 1.0), Layer("Fe", 2.0)))
    )
    assert bare > lead > both > 0


def test_a_heap_is_the_sum_of_its_activities_and_looks_like_a_point_from_afar():
    heap = NormHeap("heap", 0.0, 5.0, 6.0, 2.0, 1000.0, 100.0, 100.0)
    parts = [
        replace(heap, potassium_Bq_kg=1000.0, uranium_Bq_kg=0.0, thorium_Bq_kg=0.0),
        replace(heap, potassium_Bq_kg=0.0, uranium_Bq_kg=100.0, thorium_Bq_kg=0.0),
        replace(heap, potassium_Bq_kg=0.0, uranium_Bq_kg=0.0, thorium_Bq_kg=100.0),
    ]
    whole = net_of(heap)[0]
    assert whole.nuclides == ("K-40", "U-238", "Th-232")
    assert "Bi-214" in whole.accepted_names
    assert "U-235" not in whole.accepted_names
    assert whole.source_class == "norm"
    # rates, not counts: the dead time of the whole is longer than that of its parts; what lies
    # between two tabulated distances is interpolated in logarithms, which is linear to 1e-4
    assert sum(net_of(p)[0].peak_net_cps for p in parts) == pytest.approx(
        whole.peak_net_cps, rel=1e-4
    )
    # at 100 m the heap of 6 m is a point: twice as far, a quarter and the air
    far = net_of(replace(heap, y_m=100.0))[0].peak_net_cps
    assert whole.peak_net_cps / far > 300.0


def test_a_walker_shadows_what_is_ahead():
    scene = plain_scene(caesium(y_m=1.0), carried=replace(STEADY, body_shadow=0.4))
    weights = part_weights(scene, scene.sources[0])[0]
    assert weights[0] == pytest.approx(0.6, abs=0.001)
    assert weights[-1] == pytest.approx(1.0, abs=0.001)
    assert weights[149:151].mean() == pytest.approx(0.8, abs=0.01)


def test_truth_has_its_peak_where_the_counts_have_theirs(demo):
    recording, truth = demo
    counts = counts_of(recording).sum(axis=1)
    assert len(truth.sources) == 3
    for source in truth.sources:
        near = slice(max(0, source.peak_record - 60), source.peak_record + 60)
        found = int(np.argmax(counts[near])) + near.start
        assert abs(found - source.peak_record) <= 8
        assert source.first_record <= source.peak_record <= source.last_record
        # the walker's shadow moves the highest rate a little behind the closest approach
        assert abs(source.closest_record - source.peak_record) <= 6
    moving = [s for s in truth.sources if s.moves]
    assert [s.nuclides for s in moving] == [("Tc-99m",)]


def test_truth_counts_are_those_of_the_recording():
    source = caesium(y_m=6.0)
    with_it, truth = simulate_walk(
        plain_scene(source), np.random.default_rng(1), perturbation=NOMINAL
    )
    without, _ = simulate_walk(plain_scene(), np.random.default_rng(2), perturbation=NOMINAL)
    true = truth.sources[0]
    part = slice(true.first_record, true.last_record + 1)
    gross, natural = (counts_of(r)[part].sum() for r in (with_it, without))
    error = np.sqrt(gross + natural)
    # the live time of the natural part shrinks a little beside the source
    assert gross - natural == pytest.approx(true.net_counts_expected, abs=5 * error)
    assert true.net_counts_expected > 50 * error


def test_a_moving_source_is_true_where_it_was_met():
    moving = caesium(y_m=8.0, motion=(Waypoint(0.0, 150.0, 8.0), Waypoint(300.0, -150.0, 8.0)))
    true = net_of(moving)[0]
    assert true.moves
    assert true.closest_record in (149, 150)
    assert true.closest_distance_m == pytest.approx(8.0, abs=0.1)
    # both walk: the passage is half as long as past a source at rest
    resting = net_of(caesium(y_m=8.0))[0]
    length = true.last_record - true.first_record + 1
    assert length == pytest.approx((resting.last_record - resting.first_record + 1) / 2, abs=1.0)


def test_the_background_of_a_street_varies_in_all_three_windows(demo):
    recording, truth = demo
    counts = counts_of(recording)
    quiet = np.ones(len(counts), dtype=bool)
    for source in truth.sources:
        quiet[max(0, source.first_record - 40) : source.last_record + 40] = False
    for first, last in ((1370, 1550), (1700, 1830), (2510, 2720)):
        window = counts[quiet, first // 3 : last // 3].sum(axis=1)
        window = window[: window.size // 20 * 20].reshape(-1, 20).sum(axis=1)
        # more than counting alone: chi-square far above 1
        assert window.var(ddof=1) / window.mean() > 1.5
    least, mean, highest = truth.background_rate_cps
    assert 800 < least < mean < highest < 4000
    assert 1200 < mean < 2300


def test_the_gain_moves_lines_and_keeps_counts():
    # a peak much wider than a channel: a narrow one is not placed better than its channel
    channel = np.arange(1100) + 0.5
    peak = np.exp(-0.5 * ((channel - 500.5) / 6.0) ** 2)
    spectra = np.tile(100.0 * peak / peak.sum(), (2, 1))
    moved = shifted(spectra, np.array([1.0, 1.02]))
    assert moved[0] == pytest.approx(spectra[0])
    assert moved[1].sum() == pytest.approx(100.0)
    middle = (moved[1] * channel).sum() / 100.0
    assert middle == pytest.approx(500.5 * 1.02, abs=1e-3)


def test_the_end_of_the_spectrum_has_no_gap_at_a_low_gain():
    low = replace(NOMINAL, gain_offset=-0.03)
    walk = Walk(((0.0, 0.0), (200.0, 0.0)), speed_m_s=1.0)
    recording, _ = simulate_walk(plain_scene(walk=walk), np.random.default_rng(1), perturbation=low)
    sums = counts_of(recording).sum(axis=0)
    assert sums[-20:].mean() == pytest.approx(sums[-60:-20].mean(), rel=0.25)


def test_the_same_seed_gives_the_same_recording(demo):
    recording, truth = demo
    again, truth_again = simulate_walk(demo_scene(), np.random.default_rng(7), seed=7)
    assert again == recording
    assert truth_again == truth
    other, _ = simulate_walk(demo_scene(), np.random.default_rng(8), seed=8)
    assert other.records != recording.records
    assert other.uuid != recording.uuid


def test_what_the_recording_says_of_itself(demo):
    recording, _ = demo
    assert recording.realm == "SYNTHETIC"
    assert "synthetic" in recording.instrument.manufacturer.lower()
    assert "synthetic" in recording.instrument.model.lower()
    assert recording.instrument.detectors[0].dimensions == "2x4x16 in"
    assert all(r.source_type is SourceType.FOREGROUND for r in recording.records)
    starts = [r.start for r in recording.records]
    assert all(b - a == dt.timedelta(seconds=1) for a, b in pairwise(starts))
    assert starts[0].tzinfo is dt.UTC
    lost = sum(r.position is None for r in recording.records)
    assert 0 < lost < len(starts) / 4
    neutrons = np.array([r.neutron_counts for r in recording.records])
    assert neutrons.mean() == pytest.approx(0.6, abs=5 * np.sqrt(0.6 / len(starts)))


def test_progress_counts_to_the_end():
    calls = []
    walk = Walk(((0.0, 0.0), (300.0, 0.0)), speed_m_s=1.0)
    simulate_walk(
        plain_scene(walk=walk),
        np.random.default_rng(1),
        perturbation=NOMINAL,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(256, 300), (300, 300)]


def test_an_instrument_without_neutrons_writes_none():
    walk = Walk(((0.0, 0.0), (5.0, 0.0)), speed_m_s=1.0)
    scene = plain_scene(walk=walk, carried=replace(STEADY, neutron_rate_cps=None))
    recording, _ = simulate_walk(scene, np.random.default_rng(1), perturbation=NOMINAL)
    assert all(r.neutron_counts is None for r in recording.records)
    assert [d.kind for d in recording.instrument.detectors] == ["Gamma"]


def test_what_is_wrong_is_refused_by_name():
    rng = np.random.default_rng(1)
    with pytest.raises(InvalidInput, match="time zone"):
        simulate_walk(plain_scene(), rng, start=dt.datetime(2026, 1, 1))  # noqa: DTZ001  (naive on purpose)
    with pytest.raises(InvalidInput, match=r"within 0\.[0-9]+ m"):
        plain_scene(caesium(x_m=0.5, y_m=0.0))
    with pytest.raises(InvalidInput, match="name of its own"):
        plain_scene(caesium(), caesium(y_m=20.0))
    with pytest.raises(InvalidInput, match="duration_s"):
        demo_scene(duration_s=60)
    with pytest.raises(NotFound, match=r"Xx|unobtainium"):
        simulate_walk(plain_scene(caesium(layers=(Layer("unobtainium", 1.0),))), rng)
    with pytest.raises(InvalidInput):
        GnssModel(lost_mean_s=0.0)
