"""Threshold, dead time, pile-up and gain: exact limits, conservation, and single pulses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from counting_oracle import hear
from scipy.integrate import quad
from scipy.stats import norm, poisson

from tocsin.detectors import nuclide_template
from tocsin.detectors.construction import named_construction
from tocsin.detectors.counting import Counting
from tocsin.detectors.electronics import Electronics, stated_electronics
from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.nuclear import load_library

EDGES_keV = np.linspace(0.0, 3000.0, 1001)
CENTRES_keV = (EDGES_keV[1:] + EDGES_keV[:-1]) / 2


def spectrum() -> np.ndarray:
    """Peaks at 60 and 662 keV over a continuum up to 480 keV; one count in all."""
    peaks = 0.4 * norm.pdf(CENTRES_keV, 662.0, 20.0) + 0.2 * norm.pdf(CENTRES_keV, 60.0, 5.0)
    out = peaks + 0.4 / 480 * (CENTRES_keV < 480)
    return np.asarray(out / out.sum())


def test_a_low_rate_without_threshold_changes_nothing() -> None:
    counts = spectrum()
    found = Counting(Electronics(dead_time_us=20, pile_up_us=5), 0.0).record(counts, EDGES_keV)
    assert found.counts == pytest.approx(counts, rel=1e-12)
    assert found.live_share == 1.0
    assert found.outside == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("paralysable", [False, True])
def test_dead_time_alone_costs_live_time_and_no_shape(paralysable: bool) -> None:
    electronics = Electronics(dead_time_us=20, paralysable=paralysable)
    found = Counting(electronics, 30_000.0).record(5 * spectrum(), EDGES_keV)
    assert found.counts == pytest.approx(5 * spectrum(), rel=1e-12)
    assert found.live_share == pytest.approx(math.exp(-0.6) if paralysable else 1 / 1.6)
    assert found.counts_per_s == pytest.approx(30_000 * found.live_share)


def test_a_line_piles_up_by_the_law_of_poisson() -> None:
    edges = np.arange(-0.5, 1501.0)
    counts = np.zeros(edges.size - 1)
    counts[100] = 1.0
    found = Counting(Electronics(pile_up_us=4), 100_000.0).record(counts, edges)
    for pulses in range(1, 12):
        around = slice(100 * pulses - 20, 100 * pulses + 21)
        share = poisson.pmf(pulses - 1, 0.4)
        assert found.counts[around].sum() == pytest.approx(share, rel=1e-6, abs=1e-12), pulses
    assert found.counts[100] == pytest.approx(math.exp(-0.4), rel=1e-12)
    assert found.counts_per_s == pytest.approx(100_000 / 1.4)


@pytest.mark.parametrize("rate", [2e3, 5e4, 4e5])
def test_no_count_and_no_energy_is_lost(rate: float) -> None:
    wide = np.linspace(0.0, 60_000.0, 20_001)
    counts = np.concatenate((spectrum(), np.zeros(19_000)))
    found = Counting(Electronics(pile_up_us=8), rate).record(counts, wide)
    centres = (wide[1:] + wide[:-1]) / 2
    assert found.counts.sum() == pytest.approx(1.0, rel=1e-9)
    assert found.outside == pytest.approx(0.0, abs=1e-9)
    mean = float(counts @ centres) * (1 + 8e-6 * rate)
    assert float(found.counts @ centres) == pytest.approx(mean, rel=1e-4)


def test_counts_above_the_channels_are_told() -> None:
    narrow = EDGES_keV[EDGES_keV <= 750.0]
    counts = spectrum()[: narrow.size - 1]
    found = Counting(Electronics(pile_up_us=8), 1e5).record(counts, narrow)
    assert found.counts.sum() + found.outside == pytest.approx(counts.sum(), rel=1e-9)
    wide = Counting(Electronics(pile_up_us=8), 1e5).record(spectrum(), EDGES_keV)
    assert found.counts == pytest.approx(wide.counts[: narrow.size - 1], rel=1e-3, abs=1e-7)


def test_the_edge_of_the_threshold_is_that_of_its_noise() -> None:
    electronics = Electronics(threshold_keV=40.0, threshold_sigma_keV=6.0)
    even = np.full(EDGES_keV.size - 1, 0.001)
    found = Counting(electronics, 0.0).record(even, EDGES_keV)
    for i in (5, 12, 13, 14, 20, 100):
        low, high = EDGES_keV[i], EDGES_keV[i + 1]
        passed = quad(lambda e: norm.cdf((e - 40.0) / 6.0), low, high)[0] / (high - low)
        assert found.counts[i] == pytest.approx(0.001 * passed, rel=1e-9)
    sharp = Counting(Electronics(threshold_keV=40.0), 0.0).record(even, EDGES_keV)
    assert sharp.counts[12] == 0.0
    assert sharp.counts[13] == pytest.approx(0.001 * 2 / 3)  # 39 to 42 keV
    assert sharp.counts[14] == 0.001


def test_a_gain_moves_the_heights_and_keeps_the_counts() -> None:
    found = Counting(Electronics(gain=0.98), 0.0).record(spectrum(), EDGES_keV)
    assert found.counts.sum() == pytest.approx(1.0)
    mean = float(spectrum() @ CENTRES_keV)
    # channels are even inside, so that a mean is kept but for a small part of a channel
    assert float(found.counts @ CENTRES_keV) == pytest.approx(0.98 * mean, rel=1e-4)
    # what a gain moves above the last channel is not seen and costs dead time all the same
    top = np.zeros(EDGES_keV.size - 1)
    top[-1] = 1.0
    gone = Counting(Electronics(gain=1.1, dead_time_us=10), 1e4).record(top, EDGES_keV)
    assert gone.counts.sum() == 0.0
    assert gone.outside == pytest.approx(1.0)
    assert gone.live_share == pytest.approx(1 / 1.1)


CASES = [
    (Electronics(dead_time_us=20, pile_up_us=6), 4e4),
    (Electronics(dead_time_us=20, pile_up_us=6, paralysable=True), 4e4),
    (Electronics(threshold_keV=50, threshold_sigma_keV=8, dead_time_us=12, pile_up_us=4), 1e5),
    (
        Electronics(threshold_keV=80, dead_time_us=9, pile_up_us=9, paralysable=True, gain=1.05),
        8e4,
    ),
    (Electronics(pile_up_us=10), 2e5),
]


@pytest.mark.parametrize(("electronics", "rate"), CASES)
def test_single_pulses_give_the_same_rate_and_spectrum(
    electronics: Electronics, rate: float
) -> None:
    heard = hear(
        spectrum(), EDGES_keV, electronics, pulses_per_s=rate, pulses=400_000, seed=20261127
    )
    found = Counting(electronics, rate).record(spectrum(), EDGES_keV)
    seen = heard.heights_keV.size
    # dead time makes the number of counts vary less than that of Poisson, never more
    assert abs(found.counts_per_s * heard.elapsed_s - seen) < 4.5 * math.sqrt(seen)
    coarse = EDGES_keV[::8]
    measured, _ = np.histogram(heard.heights_keV, coarse)
    shape = found.counts / (found.counts.sum() + found.outside)
    expected = seen * np.add.reduceat(shape, np.arange(0, shape.size, 8))
    lit = expected > 20
    chi2 = float(np.sum((measured[lit] - expected[lit]) ** 2 / expected[lit]))
    assert lit.sum() > 40
    assert abs(chi2 - lit.sum()) < 4.5 * math.sqrt(2 * lit.sum())


def test_sigma_covers_what_the_sigma_of_the_spectrum_does() -> None:
    counting = Counting(Electronics(threshold_keV=30, pile_up_us=6), 5e4)
    counts = spectrum()
    sigma = 0.02 * counts
    found = counting.record(counts, EDGES_keV, sigma=sigma)
    rng = np.random.default_rng(7)
    draws = []
    for _ in range(200):
        other = counts + sigma * rng.standard_normal(counts.size)
        draws.append(counting.record(other, EDGES_keV).counts)
    scatter = np.std(draws, axis=0)
    lit = found.counts > 1e-6
    assert np.all(scatter[lit] < 1.25 * found.sigma[lit])
    alone = math.exp(-0.3)
    peak = np.argmin(np.abs(CENTRES_keV - 662))
    assert found.sigma[peak] == pytest.approx(alone * sigma[peak], rel=0.1)


def test_sigma_holds_what_an_unsure_line_takes_from_a_sure_one() -> None:
    """At a fixed rate a stronger line B leaves fewer pulses of A, so that fewer of A meet."""
    edges = np.arange(-0.5, 1501.0)
    counts, sigma = np.zeros(edges.size - 1), np.zeros(edges.size - 1)
    counts[100], counts[310], sigma[310] = 1.0, 1.0, 0.1
    counting = Counting(Electronics(pile_up_us=4), 100_000.0)
    found = counting.record(counts, edges, sigma=sigma)
    two = slice(190, 211)  # A with A
    changed = counting.record(counts + 1e-3 * sigma, edges).counts[two].sum()
    loss = 1e3 * (found.counts[two].sum() - changed)
    assert loss == pytest.approx(found.counts[two].sum() * 0.1 / 2, rel=1e-3)
    assert found.sigma[two].sum() == pytest.approx(loss, rel=1e-3)
    # a gain that moves B above the channels leaves it in the rate and in the doubt
    above = Counting(Electronics(pile_up_us=4, gain=2.0), 100_000.0)
    narrow = above.record(counts[:401], edges[:402], sigma=sigma[:401])
    assert narrow.sigma[380:].sum() == pytest.approx(narrow.counts[380:].sum() * 0.05, rel=1e-3)


def test_the_unit_of_the_counts_does_not_matter() -> None:
    counting = Counting(Electronics(dead_time_us=10, pile_up_us=5), 5e4)
    one = counting.record(spectrum(), EDGES_keV)
    many = counting.record(3e7 * spectrum(), EDGES_keV)
    assert many.counts == pytest.approx(3e7 * one.counts, rel=1e-9)
    assert many.live_share == one.live_share


def test_a_template_of_a_nuclide_is_recorded_at_a_rate() -> None:
    model = named_construction("radiacode-102").model
    library = load_library()
    counting = Counting(Electronics(dead_time_us=19, pile_up_us=5), 2e4)
    plain = nuclide_template("Cs-137", model, EDGES_keV, library=library)
    fast = nuclide_template("Cs-137", model, EDGES_keV, library=library, counting=counting)
    recorded = counting.record(plain, EDGES_keV).counts
    assert fast == pytest.approx(recorded, rel=1e-9, abs=1e-15)
    above = CENTRES_keV > 800
    assert fast[above].sum() > 1e-3 * fast.sum()
    assert plain[above].sum() < 1e-6 * plain.sum()


def test_channels_that_end_below_a_line_are_refused_at_a_rate() -> None:
    model = named_construction("radiacode-102").model
    library = load_library()
    narrow = np.linspace(0.0, 1250.0, 501)
    counting = Counting(Electronics(pile_up_us=5), 2e4)
    assert nuclide_template("Co-60", model, narrow, library=library).any()
    with pytest.raises(InvalidInput, match=r"Co-60: photons of up to .* ends at 1250 keV"):
        nuclide_template("Co-60", model, narrow, library=library, counting=counting)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"dead_time_us": -1.0}, "dead_time_us must be a number of us"),
        ({"pile_up_us": math.nan}, "pile_up_us must be"),
        ({"threshold_keV": math.inf}, "threshold_keV must be a number of keV"),
        ({"dead_time_us": 2e6}, "at most 1e"),
        ({"gain": 0.0}, r"gain must be 0\.5 to 2"),
        ({"gain": math.nan}, "gain must be"),
    ],
)
def test_electronics_that_cannot_be_are_refused(words: dict[str, float], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Electronics(**words)  # type: ignore[arg-type]


def test_rates_and_spectra_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidInput, match="pulses_per_s"):
        Counting(Electronics(), -1.0)
    with pytest.raises(OutOfDomain, match="at most 1e"):
        Counting(Electronics(), 1e10)
    with pytest.raises(OutOfDomain, match="ask a lower rate"):
        Counting(Electronics(pile_up_us=100), 1e6)
    counting = Counting(Electronics(), 1.0)
    for counts, edges, said in (
        (np.ones(3), EDGES_keV, "shape"),
        (np.zeros(1000), EDGES_keV, "all zero"),
        (-np.ones(1000), EDGES_keV, "zero or more"),
        (np.full(1000, np.nan), EDGES_keV, "finite"),
        (np.ones(1000), EDGES_keV[::-1], "rise"),
        (np.ones(1), EDGES_keV[:2], "2 channels"),
    ):
        with pytest.raises(InvalidInput, match=said):
            counting.record(counts, edges)
    with pytest.raises(InvalidInput, match="sigma must have the shape"):
        counting.record(spectrum(), EDGES_keV, sigma=np.ones(3))


def test_the_file_of_a_detector_states_what_is_known() -> None:
    detector = named_construction("radiacode-102")
    found, unknown = stated_electronics(detector)
    assert found == Electronics(dead_time_us=19.0)
    assert unknown == ("threshold_keV", "pile_up_us")
    found, unknown = stated_electronics(
        detector, given={"pile_up_us": 3.0, "dead_time_us": 25.0}, paralysable=True, gain=0.98
    )
    assert found == Electronics(dead_time_us=25, pile_up_us=3, paralysable=True, gain=0.98)
    assert unknown == ("threshold_keV",)
    with pytest.raises(InvalidInput, match="noise: known are threshold_keV"):
        stated_electronics(detector, given={"noise": 1.0})
