r"""Sealed sources: dates from an activity and a pair of impurities.

A source of activity :math:`A` that had :math:`A_0` when it was new is
:math:`t = \frac{T}{\ln 2} \ln \frac{A_0}{A}` old. Which :math:`A_0` it had is a guess from
catalogues, so the answer is a list of dates, one for each candidate. The activity ratio
:math:`Q` of two nuclides that do not feed each other falls from :math:`Q_0` with the difference of
their decay constants: :math:`t = \ln (Q_0 / Q) / (\lambda_1 - \lambda_2)`. All assume that nothing
was lost or added.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.forensics.chronometry_result import Remark, date_before, plain_number
from tocsin.forensics.halflives import HalfLifeSet, half_life_set
from tocsin.forensics.uncertainty import BudgetLine, Input, InputSet
from tocsin.nuclear import parse_nuclide


@dataclass(frozen=True, slots=True)
class Estimate:
    """A positive value with its standard uncertainty."""

    value: float
    standard_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0.0):
            raise InvalidInput(f"must be more than zero, not {self.value!r}")
        if not (math.isfinite(self.standard_uncertainty) and self.standard_uncertainty >= 0.0):
            raise InvalidInput(f"uncertainty must be zero or more: {self.standard_uncertainty!r}")


@dataclass(frozen=True, slots=True)
class SourceAge:
    """A date of a sealed source.

    Attributes
    ----------
    label : str
        Which candidate or pair it is from.
    age_y : float or None
        None where the assumption cannot hold; ``warnings`` say why.
    standard_uncertainty_y : float or None
        By GUM.
    k : float
        Coverage factor.
    date : date or None
        Reference date less the age.
    budget : tuple of BudgetLine
        Contributions, the largest first.
    warnings : tuple of Remark
        What speaks against it.
    sensitivities : mapping of str to float
        Of the age, by input key, for covariances with other ages.
    inputs : tuple of Input
        Inputs behind it.
    """

    label: str
    age_y: float | None
    standard_uncertainty_y: float | None
    k: float
    date: dt.date | None
    budget: tuple[BudgetLine, ...]
    warnings: tuple[Remark, ...]
    sensitivities: Mapping[str, float]
    inputs: tuple[Input, ...]

    def to_json(self) -> dict[str, Any]:
        """As ``tocsin age --json`` writes it."""
        sigma = self.standard_uncertainty_y
        return {
            "label": self.label,
            "age_y": self.age_y,
            "expanded_uncertainty_y": None if sigma is None else self.k * sigma,
            "k": plain_number(self.k),
            "date": None if self.date is None else self.date.isoformat(),
            "budget": [{"input": b.name, "share": b.share} for b in self.budget],
            "warnings": [w.to_json() for w in self.warnings],
        }


def date_by_activity(
    nuclide: str,
    activity_Bq: Estimate,
    candidates_Bq: Mapping[str, Estimate],
    *,
    measured_on: dt.date | None = None,
    half_lives: HalfLifeSet | None = None,
    k: float = 2.0,
) -> tuple[SourceAge, ...]:
    """Dates at which a source had each of some activities.

    Parameters
    ----------
    nuclide : str
        In any customary spelling.
    activity_Bq : Estimate
        Activity on the reference date.
    candidates_Bq : mapping of str to Estimate
        Activities it may have had when new (of catalogues, a certificate, a plate), by label.
    measured_on : date, optional
        Reference date of the activity.
    half_lives : HalfLifeSet, optional
        The default set where it is left out.
    k : float
        Coverage factor.

    Returns
    -------
    tuple of SourceAge
        In the order of the candidates; a candidate weaker than the source is now has no age.

    Raises
    ------
    NotFound, InvalidInput
        For an unknown nuclide or values out of range.

    Examples
    --------
    >>> from tocsin.forensics import Estimate, date_by_activity
    >>> (found,) = date_by_activity("Co-60", Estimate(15.7e12), {"plate": Estimate(196e12)})
    >>> round(found.age_y, 1)
    19.2
    """
    name = parse_nuclide(nuclide)
    chosen = half_lives if half_lives is not None else half_life_set()
    return tuple(
        _age(
            label,
            ("activity", activity_Bq),
            (f"initial activity, {label}", initial),
            ((name, 1.0),),
            chosen,
            measured_on=measured_on,
            k=k,
        )
        for label, initial in candidates_Bq.items()
    )


def date_by_pair(
    first: str,
    second: str,
    activity_ratio: Estimate,
    initial_activity_ratio: Estimate,
    *,
    measured_on: dt.date | None = None,
    half_lives: HalfLifeSet | None = None,
    k: float = 2.0,
) -> SourceAge:
    """Date from the activity ratio of two nuclides that do not feed each other.

    Parameters
    ----------
    first, second : str
        Nuclides, for example ``Cs-134`` and ``Cs-137``.
    activity_ratio, initial_activity_ratio : Estimate
        First over second, now and at the date looked for.
    measured_on, half_lives, k
        As for ``date_by_activity``.

    Returns
    -------
    SourceAge

    Raises
    ------
    NotFound, InvalidInput
        For unknown or equal nuclides, or values out of range.
    """
    names = parse_nuclide(first), parse_nuclide(second)
    if names[0] == names[1]:
        raise InvalidInput(f"a pair needs two different nuclides, not twice {names[0]}")
    label = f"{names[0]}/{names[1]}"
    return _age(
        label,
        (f"activity ratio {label}", activity_ratio),
        (f"initial activity ratio {label}", initial_activity_ratio),
        ((names[0], 1.0), (names[1], -1.0)),
        half_lives if half_lives is not None else half_life_set(),
        measured_on=measured_on,
        k=k,
    )


def _age(
    label: str,
    now: tuple[str, Estimate],
    start: tuple[str, Estimate],
    nuclides: Sequence[tuple[str, float]],
    half_lives: HalfLifeSet,
    *,
    measured_on: dt.date | None,
    k: float,
) -> SourceAge:
    """Age of a quantity that falls with the signed sum of decay constants."""
    halves = [(half_lives[name], sign) for name, sign in nuclides]
    rate = sum(sign * half.constant_per_y for half, sign in halves)
    if rate == 0.0:
        raise InvalidInput(f"{label}: equal half-lives tell no age")
    age = math.log(start[1].value / now[1].value) / rate
    inputs = [Input(n, n, e.value, e.standard_uncertainty) for n, e in (now, start)]
    slopes = {now[0]: -1.0 / (now[1].value * rate), start[0]: 1.0 / (start[1].value * rate)}
    for half, sign in halves:
        key = f"half-life of {half.nuclide}"
        sigma = half.standard_uncertainty_y or 0.0
        inputs.append(Input(key, key, half.value_y, sigma, positive=True))
        slopes[key] = sign * age / rate * half.constant_per_y / half.value_y
    known = InputSet(inputs)
    standard = math.sqrt(float(known.covariance([slopes])[0, 0]))
    warnings = []
    if age < 0.0:
        message = (
            f"{label}: from {start[1].value:.4g} to {now[1].value:.4g} the time would run "
            "backwards: this cannot be how it began."
        )
        if age + 2.0 * standard >= 0.0:
            message = f"{label}: new within two standard uncertainties; no age can be told."
        warnings.append(Remark("no_age", message))
        return SourceAge(label, None, None, k, None, (), tuple(warnings), slopes, tuple(inputs))
    if start[1].standard_uncertainty == 0.0 or now[1].standard_uncertainty == 0.0:
        message = f"{label}: a value without uncertainty makes that of the age too small."
        warnings.append(Remark("no_uncertainty", message))
    return SourceAge(
        label=label,
        age_y=age,
        standard_uncertainty_y=standard,
        k=k,
        date=date_before(measured_on, age),
        budget=known.budget(slopes),
        warnings=tuple(warnings),
        sensitivities=slopes,
        inputs=tuple(inputs),
    )
