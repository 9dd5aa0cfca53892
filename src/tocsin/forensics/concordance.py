r"""Whether several chronometers tell the same age.

With ages :math:`t` (referred to one date) and their full covariance :math:`V`, shared half-lives
and shared spikes included, the generalised weighted mean and its test are

.. math:: \bar t = \frac{1^T V^{-1} t}{1^T V^{-1} 1}, \quad
          u^2(\bar t) = \frac{1}{1^T V^{-1} 1}, \quad
          \chi^2 = (t - \bar t)^T V^{-1} (t - \bar t) .

Concordant chronometers support one event that removed all their daughters. Discordant ones refute
it: there is then no single age, and every one stands with its own possible reasons.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.forensics.chronometry import SAMPLES, drawn, model_age, no_age
from tocsin.forensics.chronometry_growth import FloatArray
from tocsin.forensics.chronometry_measurement import Measurement
from tocsin.forensics.chronometry_model import AgeModel
from tocsin.forensics.chronometry_result import ModelAge, Remark, date_before, plain_number
from tocsin.forensics.halflives import DAYS_PER_YEAR, HalfLifeSet, half_life_set
from tocsin.forensics.uncertainty import InputSet

SIGNIFICANCE = 0.05
"""Ages are called discordant below this probability of a chi-squared as large by chance."""

SINGULAR = 1e-9
"""Correlation matrices with an eigenvalue below this hold two ages from the same numbers."""


@dataclass(frozen=True, slots=True)
class PairDifference:
    """Two ages set against each other.

    Attributes
    ----------
    first, second : int
        Places in the list of ages.
    difference_y : float
        First less second, at the common date.
    standard_uncertainty_y : float
        Of the difference, their covariance taken off.
    zeta : float
        Difference in standard uncertainties.
    """

    first: int
    second: int
    difference_y: float
    standard_uncertainty_y: float
    zeta: float


@dataclass(frozen=True, slots=True)
class Concordance:
    """The judgement over several ages.

    Attributes
    ----------
    concordant : bool or None
        None where there are fewer than two ages to compare.
    referred_to : date or None
        Date at which the ages are compared: the latest reference date; None where none is stated.
    members : tuple of int
        Places of the ages that were compared.
    mean_y, standard_uncertainty_y : float or None
        Generalised weighted mean and its uncertainty; None where discordant.
    k : float
        Coverage factor.
    chi_squared, probability : float or None
        The test, and the probability of a value as large by chance.
    degrees_of_freedom : int
        Number of ages less one.
    correlation : array or None
        Correlation matrix of the ages compared, in the order of ``members``.
    differences : tuple of PairDifference
        Every pair.
    reasons : tuple of str
        What could explain a discordance; empty where concordant.
    warnings : tuple of Remark
        What the reader must know.
    """

    concordant: bool | None
    referred_to: dt.date | None
    members: tuple[int, ...]
    mean_y: float | None
    standard_uncertainty_y: float | None
    k: float
    chi_squared: float | None
    probability: float | None
    degrees_of_freedom: int
    correlation: FloatArray | None
    differences: tuple[PairDifference, ...]
    reasons: tuple[str, ...]
    warnings: tuple[Remark, ...]

    @property
    def date(self) -> dt.date | None:
        """Date of the weighted mean."""
        return date_before(self.referred_to, self.mean_y)

    def to_json(self) -> dict[str, Any]:
        """The contract of ``tocsin age --json``."""
        sigma = self.standard_uncertainty_y
        return {
            "concordant": self.concordant,
            "age_y": self.mean_y,
            "expanded_uncertainty_y": None if sigma is None else self.k * sigma,
            "k": plain_number(self.k),
            "date": None if self.date is None else self.date.isoformat(),
            "referred_to": None if self.referred_to is None else self.referred_to.isoformat(),
            "compared": list(self.members),
            "chi_squared": self.chi_squared,
            "degrees_of_freedom": self.degrees_of_freedom,
            "probability": self.probability,
            "significance": SIGNIFICANCE,
            "correlation": None if self.correlation is None else self.correlation.tolist(),
            "differences": [
                {
                    "first": d.first,
                    "second": d.second,
                    "difference_y": d.difference_y,
                    "standard_uncertainty_y": d.standard_uncertainty_y,
                    "zeta": d.zeta,
                }
                for d in self.differences
            ],
            "reasons": list(self.reasons),
            "warnings": [w.to_json() for w in self.warnings],
        }


@dataclass(frozen=True, slots=True)
class SampleAges:
    """Ages of one sample by several chronometers, and whether they agree."""

    ages: tuple[ModelAge, ...]
    concordance: Concordance


def date_sample(
    measurements: Sequence[Measurement],
    *,
    half_lives: HalfLifeSet | None = None,
    k: float = 2.0,
    samples: int = SAMPLES,
    generator: np.random.Generator | None = None,
) -> SampleAges:
    """Date one sample by several chronometers and compare them.

    Parameters
    ----------
    measurements : sequence of Measurement
        At least one.
    half_lives, k, samples, generator
        As for ``date_material``.

    Returns
    -------
    SampleAges
        In the order given. A chronometer that gives no age stands in the list with the reason.

    Raises
    ------
    NotFound, InvalidInput
        As for ``date_material``.
    """
    if not measurements:
        raise InvalidInput("there is no chronometer to date with")
    chosen = half_lives if half_lives is not None else half_life_set()
    models = [AgeModel(m, chosen, number=i) for i, m in enumerate(measurements)]
    draws, inputs = drawn(models, samples=samples, k=k, generator=generator)
    ages = []
    for model in models:
        try:
            ages.append(model_age(model, chosen, inputs=inputs, draws=draws, k=k))
        except OutOfDomain as error:
            ages.append(no_age(model, chosen, error, k=k))
    return SampleAges(tuple(ages), compare(ages, inputs, k=k))


def compare(ages: Sequence[ModelAge], inputs: InputSet, *, k: float) -> Concordance:
    """Concordance of ages whose inputs stand in one set."""
    members = tuple(i for i, age in enumerate(ages) if age.is_point)
    dates = [age.model.measurement.measured_on for age in ages]
    known = [d for d in dates if d is not None]
    referred_to = max(known) if known and all(dates[i] is not None for i in members) else None
    warnings = _warnings_of_dates(ages, members)
    points = [ages[i].age_y or 0.0 for i in members]
    referred = np.array(points) + np.array([_years_to(referred_to, dates[i]) for i in members])
    slopes = [ages[i].model.sensitivities(ages[i].age_y or 0.0) for i in members]
    covariance = inputs.covariance(slopes) if members else np.zeros((0, 0))
    differences = tuple(_differences(members, referred, covariance))
    sigma = np.sqrt(np.diag(covariance))
    nothing: tuple[str, ...] = ()
    if len(members) < 2 or not (sigma > 0.0).all():
        if len(members) >= 2:
            message = "Some ages have no uncertainty: they cannot be tested for concordance."
            warnings.append(Remark("no_uncertainty", message))
        return Concordance(
            None, referred_to, members, None, None, k, None, None, max(0, len(members) - 1), None,
            differences, nothing, tuple(warnings + _limits_against(ages, None, referred_to)),
        )  # fmt: skip
    correlation = covariance / np.outer(sigma, sigma)
    if float(np.linalg.eigvalsh(correlation).min()) < SINGULAR:
        message = "Two of the ages come from the same numbers and are not independent."
        warnings.append(Remark("same_numbers", message))
    mean, variance, chi_squared = _weighted(referred, sigma, correlation)
    freedom = len(members) - 1
    probability = float(chdtrc(freedom, chi_squared))
    concordant = probability >= SIGNIFICANCE
    if concordant and not referred.min() <= mean <= referred.max():
        message = (
            "The weighted mean lies outside the ages: strong correlations pull it there. Judge "
            "the ages one by one."
        )
        warnings.append(Remark("mean_outside", message))
    warnings += _limits_against(ages, mean if concordant else None, referred_to)
    return Concordance(
        concordant=concordant,
        referred_to=referred_to,
        members=members,
        mean_y=mean if concordant else None,
        standard_uncertainty_y=math.sqrt(variance) if concordant else None,
        k=k,
        chi_squared=chi_squared,
        probability=probability,
        degrees_of_freedom=freedom,
        correlation=correlation,
        differences=differences,
        reasons=nothing if concordant else _reasons(ages, members, referred),
        warnings=tuple(warnings),
    )


def _weighted(
    ages: FloatArray, sigma: FloatArray, correlation: FloatArray
) -> tuple[float, float, float]:
    """Generalised mean, its variance and chi-squared; the pseudo-inverse for singular matrices."""
    inverse = np.linalg.pinv(correlation, rcond=SINGULAR, hermitian=True) / np.outer(sigma, sigma)
    weight = float(inverse.sum())
    mean = float(inverse.sum(axis=0) @ ages) / weight
    rest = ages - mean
    return mean, 1.0 / weight, float(rest @ inverse @ rest)


def _years_to(day: dt.date | None, measured_on: dt.date | None) -> float:
    if day is None or measured_on is None:
        return 0.0
    return (day - measured_on).days / DAYS_PER_YEAR


def _warnings_of_dates(ages: Sequence[ModelAge], members: Sequence[int]) -> list[Remark]:
    stated = [ages[i].model.measurement.measured_on is not None for i in members]
    if any(stated) and not all(stated):
        message = "Some measurements have no reference date: the ages are compared as they are."
        return [Remark("no_reference_date", message)]
    return []


def _differences(
    members: Sequence[int], ages: FloatArray, covariance: FloatArray
) -> list[PairDifference]:
    found = []
    for i, j in itertools.combinations(range(len(members)), 2):
        variance = covariance[i, i] + covariance[j, j] - 2.0 * covariance[i, j]
        sigma = math.sqrt(max(0.0, float(variance)))
        difference = float(ages[i] - ages[j])
        if sigma > 0.0:
            zeta = difference / sigma
            found.append(PairDifference(members[i], members[j], difference, sigma, zeta))
    return found


def _limits_against(
    ages: Sequence[ModelAge], mean_y: float | None, referred_to: dt.date | None
) -> list[Remark]:
    """Bounds that contradict the mean, or, without a mean, a single age."""
    found = []
    for i, bound in enumerate(ages):
        if bound.limit is None or bound.age_y is None:
            continue
        limit = bound.age_y + _years_to(referred_to, bound.model.measurement.measured_on)
        against = {"the weighted mean": mean_y} if mean_y is not None else {}
        if mean_y is None:
            for age in ages:
                if age.is_point and age.age_y is not None:
                    shift = _years_to(referred_to, age.model.measurement.measured_on)
                    against[f"the age by {age.name}"] = age.age_y + shift
        for what, value in against.items():
            broken = value > limit if bound.limit == "younger_than" else value < limit
            if broken:
                words = bound.limit.replace("_", " ")
                message = (
                    f"{bound.name} (chronometer {i + 1}) says {words} {limit:.4g} y; {what} is "
                    f"{value:.4g} y."
                )
                found.append(Remark("limit_contradicts", message))
    return found


def _reasons(
    ages: Sequence[ModelAge], members: Sequence[int], referred: FloatArray
) -> tuple[str, ...]:
    """Possible reasons of a discordance, those that the pattern of ages suggests first."""
    names = {ages[i].name: float(t) for i, t in zip(members, referred, strict=True)}
    oldest = ages[members[int(np.argmax(referred))]]
    youngest = ages[members[int(np.argmin(referred))]]
    found = [
        f"Incomplete purification: every age from a daughter that was not wholly removed is an "
        f"upper bound. The youngest, {youngest.name}, is then nearest to the last purification.",
        f"Daughter of another origin (contamination, natural {oldest.daughter.split('-')[0]}, "
        f"reagents) makes {oldest.name} too old.",
        f"Loss of {youngest.daughter} after the purification, or of a gas before it in the chain, "
        f"makes {youngest.name} too young.",
        "Mixing of materials of different age: each chronometer then weighs them differently.",
    ]
    thorium, protactinium = names.get("Th-230/U-234"), names.get("Pa-231/U-235")
    if thorium is not None and protactinium is not None and thorium < protactinium:
        text = (
            "Cast metal: Th-230/U-234 younger than Pa-231/U-235 is the pattern of metal whose "
            "protactinium stayed when it was cast: the older age is that of the feedstock, the "
            "younger that of the casting."
        )
        found.insert(0, text)
    americium = names.get("Am-241/Pu-241")
    uranium = [t for n, t in names.items() if n.startswith("U-") and "/Pu-" in n]
    outside = americium is not None and uranium and not min(uranium) <= americium <= max(uranium)
    if outside:
        text = (
            "Americium and uranium are removed from plutonium in different steps: Am-241/Pu-241 "
            "dates the removal of americium, U/Pu ages the removal of uranium."
        )
        found.insert(0, text)
    found.append(
        "An error of measurement or calibration larger than its stated uncertainty, or a "
        "half-life that is off."
    )
    return tuple(found)
