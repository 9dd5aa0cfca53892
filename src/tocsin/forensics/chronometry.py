"""Radiochronometry: how long ago material was purified, from what has grown in it since.

The age of one chronometer comes with an uncertainty by GUM and, independently, by Monte Carlo, with
the contribution of every input, the half-lives used and what other ones would change.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.forensics.chronometry_data import chronometry_file
from tocsin.forensics.chronometry_growth import FloatArray
from tocsin.forensics.chronometry_measurement import Initial, Measurement, Ratio
from tocsin.forensics.chronometry_model import AgeModel
from tocsin.forensics.chronometry_result import Alternative, ModelAge, Remark
from tocsin.forensics.halflives import (
    DAYS_PER_YEAR,
    HalfLifeSet,
    half_life_set,
    half_life_set_names,
)
from tocsin.forensics.uncertainty import InputSet, Spread, spread_of

SAMPLES = 200_000
"""Draws of a Monte-Carlo run: the standard deviation is then known to 0.16 %."""

AGREEMENT = 0.02
"""GUM and Monte Carlo are taken to agree within this part of the standard uncertainty."""

LIMIT_SIGMAS = 2.0
"""A ratio that lies beyond equilibrium by less than this many of its standard uncertainties bounds
the age from below; further beyond, no age explains it."""

NEAR_ZERO_SIGMAS = 3.0
"""An age of less than this many of its standard uncertainties is hardly told from zero."""

SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Chronometer:
    """A pair in use, with what limits it."""

    parent: str
    daughter: str
    material: str
    notes: tuple[str, ...]


@functools.lru_cache(maxsize=1)
def chronometers() -> tuple[Chronometer, ...]:
    """Pairs in use; any other pair of the nuclide library can be dated with too."""
    document = json.loads(chronometry_file("chronometers.json"))
    return tuple(
        Chronometer(c["parent"], c["daughter"], c["material"], tuple(c["notes"]))
        for c in document["chronometers"]
    )


def date_material(
    measurement: Measurement,
    *,
    half_lives: HalfLifeSet | None = None,
    k: float = 2.0,
    samples: int = SAMPLES,
    generator: np.random.Generator | None = None,
) -> ModelAge:
    """Model age of one chronometer.

    Parameters
    ----------
    measurement : Measurement
        Pair, measured ratio or amounts, reference date, initial daughter.
    half_lives : HalfLifeSet, optional
        The default set where it is left out.
    k : float
        Coverage factor, 1 to 5; 2 covers about 95 %.
    samples : int
        Monte-Carlo draws, 10000 or more.
    generator : numpy.random.Generator, optional
        Source of randomness; one with a fixed seed where it is left out.

    Returns
    -------
    ModelAge
        An age, or a bound where the daughter was not detected (``younger_than``) or the ratio is
        at equilibrium within two standard uncertainties (``older_than``).

    Raises
    ------
    NotFound
        If the nuclides are unknown or the daughter does not grow from the parent.
    InvalidInput
        For values that are out of their range.
    OutOfDomain
        If no age gives the ratio (beyond secular equilibrium, below the initial daughter).

    References
    ----------
    JCGM 100:2008; JCGM 101:2008; S. Pommé et al., J. Environ. Radioact. 162-163 (2016) 358.

    Examples
    --------
    >>> from tocsin.forensics import Initial, Measurement, Ratio, date_material
    >>> found = date_material(Measurement("U-234", "Th-230", Ratio(4.288e-6, 8e-9, "atom")))
    >>> round(found.age_y, 4)
    1.5195
    """
    chosen = half_lives if half_lives is not None else half_life_set()
    model = AgeModel(measurement, chosen)
    (draws, inputs) = drawn([model], samples=samples, k=k, generator=generator)
    return model_age(model, chosen, inputs=inputs, draws=draws, k=k)


def drawn(
    models: list[AgeModel],
    *,
    samples: int,
    k: float,
    generator: np.random.Generator | None,
) -> tuple[Mapping[str, FloatArray], InputSet]:
    """Joint draws of the inputs of several chronometers; shared inputs are drawn once."""
    if not 1.0 <= k <= 5.0:
        raise InvalidInput(f"the coverage factor k must lie between 1 and 5, not {k!r}")
    if samples < 10_000:
        raise InvalidInput(f"10000 Monte-Carlo samples are the least, not {samples!r}")
    correlations = {pair: r for model in models for pair, r in model.correlations.items()}
    inputs = InputSet([one for model in models for one in model.inputs], correlations)
    chance = generator if generator is not None else np.random.default_rng(SEED)
    return inputs.draw(samples, chance), inputs


def model_age(
    model: AgeModel,
    half_lives: HalfLifeSet,
    *,
    inputs: InputSet,
    draws: Mapping[str, FloatArray],
    k: float,
) -> ModelAge:
    """Answer of one chronometer from inputs and draws that others may share."""
    warnings = _warnings_of_input(model)
    if model.measurement.less_than:
        age = model.age_of(model.measured_ratio())
        return _bound(model, half_lives, age, "younger_than", warnings, k=k)
    ratio, sigma = model.measured_ratio(), model.ratio_uncertainty()
    if _beyond_by_chance(model, ratio, sigma):
        lower = ratio - LIMIT_SIGMAS * sigma
        message = (
            f"The ratio is at or beyond equilibrium ({model.equilibrium_ratio():.6g}) by less than "
            f"{LIMIT_SIGMAS:g} of its standard uncertainties: the age is a lower bound, that of "
            f"the ratio {lower:.6g}."
        )
        warnings.append(Remark("at_equilibrium", message))
        return _bound(model, half_lives, model.age_of(lower), "older_than", warnings, k=k)
    age = model.age_of(ratio)
    slopes = model.sensitivities(age)
    variance = float(inputs.covariance([slopes])[0, 0])
    standard = math.sqrt(max(0.0, variance))
    spread = spread_of(model.ages_y(draws, near_y=age))
    warnings += _warnings_of_spread(spread, standard)
    warnings += _warnings_of_date(model, age)
    return ModelAge(
        model=model,
        age_y=age,
        standard_uncertainty_y=standard,
        k=k,
        limit=None,
        budget=inputs.budget(slopes),
        monte_carlo=spread,
        warnings=tuple(warnings),
        half_life_set=half_lives.name,
        alternatives=_alternatives(model, half_lives, ratio, age),
        notes=_notes(model),
    )


def _bound(
    model: AgeModel,
    half_lives: HalfLifeSet,
    age: float,
    limit: str,
    warnings: list[Remark],
    *,
    k: float,
) -> ModelAge:
    return ModelAge(
        model=model,
        age_y=age,
        standard_uncertainty_y=None,
        k=k,
        limit=limit,
        budget=(),
        monte_carlo=None,
        warnings=tuple(warnings + _warnings_of_date(model, age)),
        half_life_set=half_lives.name,
        alternatives=_alternatives(model, half_lives, model.measured_ratio(), age)
        if limit == "younger_than"
        else (),
        notes=_notes(model),
    )


def no_age(model: AgeModel, half_lives: HalfLifeSet, error: OutOfDomain, *, k: float) -> ModelAge:
    """What stands in a list where one of several chronometers gives no age."""
    return ModelAge(
        model=model,
        age_y=None,
        standard_uncertainty_y=None,
        k=k,
        limit=None,
        budget=(),
        monte_carlo=None,
        warnings=(*_warnings_of_input(model), Remark("no_age", str(error))),
        half_life_set=half_lives.name,
        alternatives=(),
        notes=_notes(model),
    )


def _beyond_by_chance(model: AgeModel, ratio: float, sigma: float) -> bool:
    """Whether the ratio exceeds equilibrium, but not by much more than its uncertainty."""
    limit = model.equilibrium_ratio()
    return math.isfinite(limit) and ratio - LIMIT_SIGMAS * sigma < limit <= ratio


def _warnings_of_input(model: AgeModel) -> list[Remark]:
    found = []
    measurement = model.measurement
    if measurement.initial is None:
        message = (
            f"The initial {model.chain.daughter} is not known and was taken as zero: this age is "
            "an upper bound on the time since purification. Check concordance with another "
            "chronometer."
        )
        found.append(Remark("upper_bound", message))
    if not measurement.less_than and model.ratio_uncertainty() == 0.0:
        message = "No uncertainty of the measured ratio was stated: that of the age is too small."
        found.append(Remark("no_uncertainty", message))
    for half in model.half_lives.values():
        if half.standard_uncertainty_y is None:
            message = f"No uncertainty of the half-life of {half.nuclide} is known."
            found.append(Remark("half_life_without_uncertainty", message))
    return found


def _warnings_of_spread(spread: Spread, standard: float) -> list[Remark]:
    found = []
    if spread.share_without_result > 0.0:
        message = (
            f"{spread.share_without_result:.2%} of the Monte-Carlo draws lie beyond equilibrium: "
            "the expanded uncertainty has no upper end there. Use the 95 % interval."
        )
        found.append(Remark("near_equilibrium", message))
    elif spread.standard_deviation is not None and standard > 0.0:
        difference = spread.standard_deviation / standard - 1.0
        if abs(difference) > AGREEMENT:
            message = (
                f"Monte Carlo gives a standard uncertainty {difference:+.1%} from GUM: the model "
                "is not linear over this uncertainty. Use the 95 % interval of Monte Carlo."
            )
            found.append(Remark("nonlinear", message))
    if spread.mean is not None and spread.mean < NEAR_ZERO_SIGMAS * standard:
        message = (
            "The age is hardly told from zero: consider stating a detection limit (less_than)."
        )
        found.append(Remark("near_zero", message))
    return found


def _warnings_of_date(model: AgeModel, age: float) -> list[Remark]:
    measured_on = model.measurement.measured_on
    if measured_on is None:
        return [Remark("no_reference_date", "No measured_on was stated: there is no date.")]
    if age * DAYS_PER_YEAR > measured_on.toordinal() - 1:
        return [Remark("before_calendar", "The date lies before the year 1 and is not written.")]
    return []


def _alternatives(
    model: AgeModel, half_lives: HalfLifeSet, ratio: float, age: float
) -> tuple[Alternative, ...]:
    found = []
    for name in half_life_set_names():
        other = half_life_set(name)
        same = all(other[n].value_y == h.value_y for n, h in model.half_lives.items())
        if name == half_lives.name or same:
            continue
        try:
            moved = AgeModel(model.measurement, other).age_of(ratio)
        except OutOfDomain:
            continue
        found.append(Alternative(name, moved, (moved - age) * DAYS_PER_YEAR))
    return tuple(found)


def _notes(model: AgeModel) -> tuple[str, ...]:
    chain = model.chain
    for known in chronometers():
        if (known.parent, known.daughter) == (chain.parent, chain.daughter):
            return known.notes
    return (
        f"{chain.daughter}/{chain.parent} is not among the chronometers in use: check that every "
        "member between them was removed.",
    )


def ingrowth_curve(model: AgeModel, ages_y: FloatArray) -> FloatArray:
    """Ratio of the measured kind after each of some times, at the best estimates.

    Parameters
    ----------
    model : AgeModel
        ``ModelAge.model``.
    ages_y : array
        Times in years.

    Returns
    -------
    array
        Same shape.
    """
    return np.array([model.ratio_at(float(t)) for t in ages_y])


def growth_ratio(
    parent: str,
    daughter: str,
    age_y: float,
    *,
    kind: str = "atom",
    initial: float = 0.0,
    half_lives: HalfLifeSet | None = None,
) -> float:
    """Ratio of daughter to parent after a time: the forward direction.

    Parameters
    ----------
    parent, daughter : str
        Names in any customary spelling.
    age_y : float
        Time in years of 365.2422 days, zero or more.
    kind : str
        ``atom``, ``mass`` or ``activity``.
    initial : float
        Ratio of the same kind at the start.
    half_lives : HalfLifeSet, optional
        The default set where it is left out.

    Returns
    -------
    float
        Ratio of that kind.

    Raises
    ------
    InvalidInput, NotFound
        For a time or an initial ratio below zero, an unknown pair, or the activity of a stable
        daughter.

    Examples
    --------
    >>> from tocsin.forensics import growth_ratio
    >>> round(growth_ratio("U-234", "Th-230", 1.51954) * 1e6, 3)
    4.288
    """
    if not (math.isfinite(age_y) and age_y >= 0.0):
        raise InvalidInput(f"age_y must be finite and zero or more, not {age_y!r}")
    chosen = half_lives if half_lives is not None else half_life_set()
    measurement = Measurement(parent, daughter, Ratio(1.0, 0.0, kind), None, Initial(initial))
    return AgeModel(measurement, chosen).ratio_at(age_y)
