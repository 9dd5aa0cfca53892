"""Several chronometers: covariance against GTC, the test, discordance and bounds."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import GTC
import numpy as np
import pytest

from tocsin.errors import InvalidInput
from tocsin.forensics import (
    Initial,
    Measurement,
    Ratio,
    SampleAges,
    SharedPart,
    date_sample,
    growth_ratio,
    half_life_set,
)

DAY = dt.date(2014, 1, 15)
FEW = 10_000


def chronometer(
    parent: str,
    daughter: str,
    age: float,
    relative: float,
    *,
    shared: Sequence[SharedPart] = (),
    on: dt.date | None = DAY,
    less_than: bool = False,
) -> Measurement:
    value = growth_ratio(parent, daughter, age)
    ratio = Ratio(value, relative * value, "atom", less_than, tuple(shared))
    return Measurement(parent, daughter, ratio, on, Initial(0.0))


def dated(*measurements: Measurement, samples: int = FEW) -> SampleAges:
    return date_sample(measurements, samples=samples)


def test_covariance_and_mean_are_those_of_the_gum_tree_calculator() -> None:
    """Am-241/Pu-241 twice and U-236/Pu-240: a shared half-life and a shared spike."""
    spike = (SharedPart("spike", 0.003),)
    found = dated(
        chronometer("Pu-241", "Am-241", 5.00, 0.004, shared=spike),
        chronometer("Pu-241", "Am-241", 5.02, 0.005),
        chronometer("Pu-240", "U-236", 5.01, 0.004, shared=(SharedPart("spike", -0.003),)),
    )
    halves = half_life_set()
    half = {
        n: GTC.ureal(halves[n].value_y, halves[n].standard_uncertainty_y)
        for n in ("Pu-241", "Am-241", "Pu-240", "U-236")
    }
    common = GTC.ureal(0.0, 1.0)

    def age(parent: str, daughter: str, true: float, own: float, part: float, b: float) -> object:
        value = growth_ratio(parent, daughter, true)
        p, d = math.log(2.0) / half[parent], math.log(2.0) / half[daughter]
        ratio = GTC.ureal(value, own * value) * (1.0 + part * common)
        return GTC.log(1.0 + ratio * (p - d) / (b * p)) / (p - d)

    branch = 0.999976
    rest = math.sqrt(0.004**2 - 0.003**2)
    ages = [
        age("Pu-241", "Am-241", 5.00, rest, 0.003, branch),
        age("Pu-241", "Am-241", 5.02, 0.005, 0.0, branch),
        age("Pu-240", "U-236", 5.01, rest, -0.003, 1.0),
    ]
    theirs = np.array([[GTC.get_covariance(x, y) for y in ages] for x in ages])
    sigma = np.sqrt(np.diag(theirs))
    assert found.concordance.correlation is not None
    np.testing.assert_allclose(
        found.concordance.correlation, theirs / np.outer(sigma, sigma), atol=1e-6
    )
    inverse = np.linalg.inv(theirs)
    values = np.array([GTC.value(a) for a in ages])
    mean = inverse.sum(axis=0) @ values / inverse.sum()
    assert found.concordance.mean_y == pytest.approx(mean, rel=1e-9)
    assert found.concordance.standard_uncertainty_y == pytest.approx(
        1 / math.sqrt(inverse.sum()), rel=1e-6
    )
    rest_of = values - mean
    assert found.concordance.chi_squared == pytest.approx(rest_of @ inverse @ rest_of, rel=1e-5)


def test_correlation_of_the_draws_is_that_of_gum() -> None:
    spike = (SharedPart("spike", 0.003),)
    found = dated(
        chronometer("Pu-241", "Am-241", 5.0, 0.004, shared=spike),
        chronometer("Pu-240", "U-236", 5.0, 0.004, shared=spike),
    )
    models = [a.model for a in found.ages]
    from tocsin.forensics.chronometry import drawn

    draws, _ = drawn(models, samples=50_000, k=2.0, generator=None)
    samples = [m.ages_y(draws, near_y=5.0) for m in models]
    assert found.concordance.correlation is not None
    expected = found.concordance.correlation[0, 1]
    assert np.corrcoef(samples)[0, 1] == pytest.approx(expected, abs=4 / math.sqrt(50_000))
    assert expected > 0.4


def test_concordant_ages_have_a_mean_with_a_date() -> None:
    found = dated(
        chronometer("U-234", "Th-230", 10.00, 0.004), chronometer("U-235", "Pa-231", 10.05, 0.01)
    )
    told = found.concordance
    assert told.concordant is True
    assert told.reasons == ()
    assert told.mean_y is not None
    assert 10.0 < told.mean_y < 10.05
    assert told.date is not None
    assert abs((told.date - dt.date(2004, 1, 16)).days) < 10


def test_discordant_ages_have_none_but_reasons() -> None:
    found = dated(
        chronometer("U-234", "Th-230", 10.0, 0.003), chronometer("U-235", "Pa-231", 25.0, 0.01)
    )
    told = found.concordance
    assert told.concordant is False
    assert told.mean_y is None
    assert told.probability is not None
    assert told.probability < 1e-6
    assert "Cast metal" in told.reasons[0]
    assert any("Incomplete purification" in r and "Th-230/U-234" in r for r in told.reasons)
    assert told.differences[0].zeta < -10
    swapped = dated(
        chronometer("U-234", "Th-230", 25.0, 0.003), chronometer("U-235", "Pa-231", 10.0, 0.01)
    )
    assert not any("Cast metal" in r for r in swapped.concordance.reasons)


def test_the_test_rejects_as_often_as_it_says() -> None:
    """5 % of concordant triples are called discordant: 1000 seeded cases, three sigmas."""
    from tocsin.forensics.chronometry import drawn
    from tocsin.forensics.chronometry_model import AgeModel
    from tocsin.forensics.concordance import _weighted

    measured = [
        chronometer("U-234", "Th-230", 10.0, 0.004),
        chronometer("U-235", "Pa-231", 10.0, 0.01),
        chronometer("U-234", "Ra-226", 10.0, 0.01),
    ]
    models = [AgeModel(m, half_life_set(), number=i) for i, m in enumerate(measured)]
    draws, inputs = drawn(models, samples=10_000, k=2.0, generator=np.random.default_rng(11))
    ages = np.stack([m.ages_y(draws, near_y=10.0) for m in models])[:, :1000]
    covariance = inputs.covariance([m.sensitivities(10.0) for m in models])
    sigma = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sigma, sigma)
    squares = [_weighted(a, sigma, correlation)[2] for a in ages.T]
    share = np.mean(np.array(squares) > 5.991)
    assert share == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 1000))


def test_other_reference_dates_are_brought_together() -> None:
    year = 365
    found = dated(
        chronometer("U-234", "Th-230", 10.0, 0.003),
        chronometer("U-235", "Pa-231", 11.0, 0.003, on=DAY + dt.timedelta(days=year)),
    )
    told = found.concordance
    assert told.referred_to == DAY + dt.timedelta(days=year)
    assert told.concordant is True
    assert told.mean_y == pytest.approx(11.0, abs=0.01)


def test_bounds_are_held_against_the_mean() -> None:
    ages = (
        chronometer("U-234", "Th-230", 10.0, 0.004),
        chronometer("U-235", "Pa-231", 10.0, 0.01),
    )
    fine = dated(*ages, chronometer("U-234", "Ra-226", 12.0, 0.0, less_than=True))
    broken = dated(*ages, chronometer("U-234", "Ra-226", 8.0, 0.0, less_than=True))
    assert [w.code for w in fine.concordance.warnings] == []
    assert fine.concordance.members == (0, 1)
    assert [w.code for w in broken.concordance.warnings] == ["limit_contradicts"]
    assert "younger than 8 y" in broken.concordance.warnings[0].message


def test_one_chronometer_without_an_age_does_not_stop_the_others() -> None:
    impossible = Measurement("U-234", "Th-230", Ratio(0.6, 0.001, "atom"), DAY, Initial(0.0))
    found = dated(impossible, chronometer("U-235", "Pa-231", 10.0, 0.01))
    assert found.ages[0].age_y is None
    assert found.ages[0].warnings[-1].code == "no_age"
    assert found.ages[1].age_y == pytest.approx(10.0, rel=1e-6)
    assert found.concordance.concordant is None


def test_the_same_numbers_twice_are_noticed() -> None:
    value = growth_ratio("U-234", "Th-230", 10.0)
    twice = Ratio(value, 0.003 * value, "atom", shared=(SharedPart("all of it", 0.003),))
    same = Measurement("U-234", "Th-230", twice, DAY, Initial(0.0))
    found = dated(same, same)
    assert "same_numbers" in [w.code for w in found.concordance.warnings]
    assert found.concordance.mean_y == pytest.approx(10.0, rel=1e-6)
    sigma = found.ages[0].standard_uncertainty_y
    assert found.concordance.standard_uncertainty_y == pytest.approx(sigma, rel=1e-6)


def test_nothing_to_date_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no chronometer"):
        date_sample([])
