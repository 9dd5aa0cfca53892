"""Components of the background: signs, derivatives, and what a fit recovers."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from tocsin.detectors import named_model
from tocsin.detectors.background import (
    PARAMETERS,
    BackgroundComponents,
    Instrument,
    components,
    fit_background,
)
from tocsin.detectors.background.misfit import misfit_of
from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.nuclear import load_library

EDGES = np.linspace(0.0, 3000.0, 513)
TIME_S = 1800.0
BENT = Instrument(3.0, 0.01, -0.01, 0.1, 0.05, 0.3, 0.05)
STEPS = dict(zip(PARAMETERS, (0.05, 1e-4, 1e-4, 1e-3, 1e-3, 1e-3, 1e-3), strict=True))


@pytest.fixture(scope="module")
def background() -> BackgroundComponents:
    return BackgroundComponents(named_model("nai-3x3in"), EDGES, library=load_library())


def amounts_of(background: BackgroundComponents) -> np.ndarray:
    """A house on ordinary ground."""
    values = {
        "K-40, thick walls": 300.0,
        "U-238 series, ground": 15.0,
        "Th-232 series, thick walls": 20.0,
        "radon progeny, air": 3.0,
        "cosmic photons": 1.0,
        "cosmic muons": 1.0,
    }
    return np.array([values.get(c.name, 0.0) for c in background.components])


def test_every_component_is_positive_and_has_its_place(background):
    counts = background.counts()
    assert counts.shape == (len(background.components), EDGES.size - 1)
    assert np.all(counts >= 0)
    assert np.all(counts.sum(axis=1) > 0)
    names = [c.name for c in background.components]
    assert len(set(names)) == len(names)
    k = counts[names.index("K-40, ground")]
    assert k[(EDGES[:-1] > 1600)].sum() < 1e-3 * k.sum()
    line = int(np.searchsorted(EDGES, 1460.82)) - 1
    assert abs(int(np.argmax(np.where(EDGES[:-1] > 1300, k, 0))) - line) <= 1


def test_lanthanum_bromide_brings_its_own_activity():
    model = named_model("labr3-1.5x1.5in")
    found = BackgroundComponents(model, EDGES, library=load_library(), beside=("Na-22",))
    origins = {c.origin for c in found.components}
    assert {"crystal", "beside"} <= origins
    with pytest.raises(InvalidInput, match="names no nuclide"):
        BackgroundComponents(model, EDGES, library=load_library(), beside=("Xx-1",))


@pytest.mark.parametrize("name", PARAMETERS)
def test_derivatives_agree_with_finite_differences(background, name):
    amounts = amounts_of(background)
    slope = background.derivatives(amounts, BENT)[PARAMETERS.index(name)]
    step = np.array([STEPS[name] if p == name else 0.0 for p in PARAMETERS])
    up = amounts @ background.counts(Instrument.of(BENT.values() + step))
    down = amounts @ background.counts(Instrument.of(BENT.values() - step))
    difference = (up - down) / (2 * STEPS[name])
    assert np.abs(difference).max() > 0
    assert np.abs(slope - difference).max() < 5e-3 * np.abs(difference).max()


def pulls_of(
    background: BackgroundComponents, amounts: np.ndarray, time_s: float, seeds: range
) -> tuple[np.ndarray, list[float]]:
    """Pulls ``(seed, origin)`` of K-40 and both series, and the reduced chi-squares."""
    rows = background.counts(BENT) * time_s
    used = (EDGES[:-1] >= 50) & (EDGES[1:] <= 2800)
    origins = np.array([c.origin for c in background.components])
    pulls, chi = [], []
    for seed in seeds:
        drawn = np.random.default_rng(seed).poisson(amounts @ rows)
        fit = fit_background(background, drawn, time_s)
        assert fit.converged
        assert np.all(fit.amounts >= 0)
        chi.append(fit.misfit.reduced_chi_square)
        pulls.append([])
        for origin in ("K-40", "U-238 series", "Th-232 series"):
            at = origins == origin
            true = float((amounts[at] @ rows[at])[used].sum()) / time_s
            rate = fit.origin_rates[origin]
            assert not rate.absent
            pulls[-1].append((rate.counts_per_s - true) / rate.sigma)
    return np.array(pulls), chi


def test_a_fit_recovers_a_known_mixture_within_its_pulls(background):
    pulls, chi = pulls_of(background, amounts_of(background), TIME_S, range(12))
    # not negative, and six of 30 components in truth: pulls are narrower than one, never wide
    assert abs(pulls.mean()) < 0.8
    assert 0.2 < pulls.std() < 1.3
    assert 0.8 < np.mean(chi) < 1.2


@pytest.fixture(scope="module")
def few(background) -> BackgroundComponents:
    """The house without radon, whose lines are those of uranium: nothing ends at zero."""
    only = copy.copy(background)
    keep = amounts_of(background) > 0
    keep &= np.array([c.origin != "radon progeny" for c in background.components])
    only.components = tuple(c for c, k in zip(background.components, keep, strict=True) if k)
    only._deposits = background._deposits[keep]
    return only


def test_pulls_are_one_wide_where_nothing_ends_at_zero(few):
    pulls, chi = pulls_of(few, amounts_of(few), TIME_S, range(24))
    # 24 draws of three origins that hang together: 15 per cent of spread by chance
    assert 0.7 < pulls.std() < 1.3
    assert abs(pulls.mean()) < 0.5
    assert 0.8 < np.mean(chi) < 1.2


def test_gain_and_width_come_out_where_they_were_put(background):
    amounts = amounts_of(background)
    true = Instrument(gain=0.04, width=0.15)
    drawn = np.random.default_rng(5).poisson(amounts @ background.counts(true) * TIME_S)
    fit = fit_background(background, drawn, TIME_S)
    k = {name: i for i, name in enumerate(PARAMETERS)}
    value, sigma = fit.instrument.values(), fit.instrument_sigma
    assert abs(value[k["gain"]] - 0.04) < 4 * sigma[k["gain"]]
    assert sigma[k["gain"]] < 0.004
    assert abs(value[k["width"]] - 0.15) < 4 * sigma[k["width"]]
    assert fit.misfit.holds


def test_what_is_no_background_does_not_hold(background):
    expected = amounts_of(background) @ background.counts() * TIME_S
    line = np.exp(-0.5 * ((EDGES[:-1] + 3 - 800) / 25) ** 2)
    drawn = np.random.default_rng(6).poisson(expected + line / line.sum() * 0.1 * expected.sum())
    fit = fit_background(background, drawn, TIME_S)
    assert not fit.misfit.holds
    assert 700 < fit.misfit.worst.low_keV < 900


def test_an_origin_that_is_not_there_has_a_limit(few):
    amounts = amounts_of(few)
    at = [c.origin == "K-40" for c in few.components]
    amounts[at] = 0.0
    expected = amounts @ few.counts() * TIME_S
    absent = 0
    for seed in range(8):
        drawn = np.random.default_rng(seed).poisson(expected)
        fit = fit_background(few, drawn, TIME_S)
        rate = fit.origin_rates["K-40"]
        assert 0 < rate.sigma < 0.2 * drawn.sum() / TIME_S
        assert np.all(fit.amount_sigma[at] > 0)
        assert rate.below_counts_per_s == pytest.approx(1.96 * rate.sigma)
        absent += rate.absent
    # what is nothing goes to either side of zero, half of it each
    assert 1 <= absent <= 7


def test_components_below_the_range_are_left_out(background):
    expected = amounts_of(background) @ background.counts() * TIME_S
    drawn = np.random.default_rng(7).poisson(expected)
    fit = fit_background(background, drawn, TIME_S, low_keV=150.0)
    lead = [c.name for c in fit.components].index("X-rays of lead")
    assert fit.amounts[lead] == fit.counts_of[lead] == 0.0
    assert np.isinf(fit.amount_sigma[lead])
    assert np.isinf(fit.origin_rates["surroundings"].sigma)
    others = np.delete(fit.amount_sigma, lead)
    assert np.all(np.isfinite(others[np.delete(fit.amounts, lead) > 0]))
    assert 150 <= fit.range_keV[0] < 160
    assert 2780 < fit.range_keV[1] <= 2800


def test_layers_and_size_end_where_they_are_drawn(background):
    rows = background.counts(Instrument(layers=np.log(16.0), size=np.log(1.25)))
    drawn = np.random.default_rng(8).poisson(amounts_of(background) @ rows * 20 * TIME_S)
    fit = fit_background(background, drawn, 20 * TIME_S)
    assert fit.converged
    assert fit.instrument.layers <= np.log(16.0) + 1e-9
    assert abs(fit.instrument.size) <= np.log(1.25) + 1e-9


def test_what_cannot_be_is_refused_before_anything_is_drawn(monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("drawn before it was looked at")

    monkeypatch.setattr(components, "drawn", never)
    model, library = named_model("nai-3x3in"), load_library()
    with pytest.raises(InvalidInput, match="names no nuclide"):
        BackgroundComponents(model, EDGES, library=library, beside=("Xx-1",))
    with pytest.raises(InvalidInput, match="emit no photons"):
        BackgroundComponents(model, EDGES, library=library, beside=("H-3",))
    with pytest.raises(OutOfDomain, match="outside -500 to 4000 m"):
        BackgroundComponents(model, EDGES, library=library, altitude_m=5000.0)


def test_the_misfit_is_free_of_counting_noise():
    expected = np.full(1000, 100.0)
    edges = np.arange(1001.0)
    used = np.ones(1000, dtype=bool)
    drawn = np.random.default_rng(1).poisson(expected).astype(float)
    found = misfit_of(edges, drawn, expected, used, 0)
    assert found.reduced_chi_square == pytest.approx(1.0, abs=0.15)
    assert found.rms < 0.015
    assert found.rms_with_noise == pytest.approx(0.0316, rel=0.25)
    drawn[200:210] *= 1.3
    worse = misfit_of(edges, drawn, expected, used, 0)
    assert (worse.worst.low_keV, worse.worst.high_keV) == (200.0, 210.0)
    assert worse.worst.misfit == pytest.approx(0.3, abs=0.1)


def test_bad_input_is_told_in_words(background):
    n = EDGES.size - 1
    with pytest.raises(InvalidInput, match="do not match 512 channels"):
        fit_background(background, np.ones(n - 1), 1.0)
    with pytest.raises(InvalidInput, match="none negative"):
        fit_background(background, np.full(n, -1.0), 1.0)
    with pytest.raises(InvalidInput, match="subtracted or scaled"):
        fit_background(background, np.full(n, 10.5), 1.0)
    with pytest.raises(InvalidInput, match="live_time_s must be positive"):
        fit_background(background, np.full(n, 10.0), 0.0)
    with pytest.raises(InvalidInput, match="too few"):
        fit_background(background, np.zeros(n), 10.0)
    for low, high in ((20.0, 2000.0), (50.0, 3500.0), (900.0, 800.0), (float("nan"), 900.0)):
        with pytest.raises(InvalidInput, match="within 30 to 3000 keV"):
            fit_background(background, np.full(n, 10.0), 1.0, low_keV=low, high_keV=high)
    with pytest.raises(InvalidInput, match="cannot tell"):
        fit_background(background, np.full(n, 200.0), 1.0, low_keV=1000.0, high_keV=1030.0)
    model = named_model("nai-3x3in")
    with pytest.raises(InvalidInput, match="check the energy calibration"):
        BackgroundComponents(model, np.linspace(0, 50, 100), library=load_library())
    with pytest.raises(InvalidInput, match="must rise"):
        BackgroundComponents(model, np.array([0.0, 10.0, 5.0, 900.0]), library=load_library())
    with pytest.raises(InvalidInput, match="layers must lie within"):
        background.counts(Instrument(layers=3.0))
