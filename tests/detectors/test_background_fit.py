"""Components of the background: signs, derivatives, and what a fit recovers."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detectors import named_model
from tocsin.detectors.background import (
    PARAMETERS,
    BackgroundComponents,
    Instrument,
    fit_background,
)
from tocsin.detectors.background.misfit import misfit_of
from tocsin.errors import InvalidInput
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
    peak = EDGES[:-1][300 * 512 // 3000 :][0]
    assert peak < 1461 < EDGES[np.argmax(np.where(EDGES[:-1] > 1300, k, 0)) + 2]


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


def test_a_fit_recovers_a_known_mixture_within_its_pulls(background):
    amounts = amounts_of(background)
    rows = background.counts(BENT)
    expected = amounts @ rows * TIME_S
    used = (EDGES[:-1] >= 50) & (EDGES[1:] <= 2800)
    origins = np.array([c.origin for c in background.components])
    pulls, chi = [], []
    for seed in range(12):
        drawn = np.random.default_rng(seed).poisson(expected)
        fit = fit_background(background, drawn, TIME_S)
        assert fit.converged
        assert np.all(fit.amounts >= 0)
        chi.append(fit.misfit.reduced_chi_square)
        for origin in ("K-40", "Th-232 series"):
            at = origins == origin
            true = float((amounts[at] @ rows[at])[used].sum())
            value, sigma = fit.origin_rates[origin]
            pulls.append((value - true) / sigma)
    pulls_ = np.array(pulls)
    # not negative, and six of 26 components in truth: pulls are narrower than one, never wide
    assert abs(pulls_.mean()) < 0.8
    assert 0.2 < pulls_.std() < 1.5
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
    model = named_model("nai-3x3in")
    with pytest.raises(InvalidInput, match="check the energy calibration"):
        BackgroundComponents(model, np.linspace(0, 50, 100), library=load_library())
    with pytest.raises(InvalidInput, match="must rise"):
        BackgroundComponents(model, np.array([0.0, 10.0, 5.0, 900.0]), library=load_library())
    with pytest.raises(InvalidInput, match="layers must lie within"):
        background.counts(Instrument(layers=3.0))
