r"""Sealed sources: dates from an activity and a pair of impurities, and the category by danger.

A source of activity :math:`A` that had :math:`A_0` when it was new is
:math:`t = \frac{T}{\ln 2} \ln \frac{A_0}{A}` old. Which :math:`A_0` it had is a guess from
catalogues, so the answer is a list of dates, one for each candidate. The activity ratio
:math:`Q` of two nuclides that do not feed each other falls from :math:`Q_0` with the difference of
their decay constants: :math:`t = \ln (Q_0 / Q) / (\lambda_1 - \lambda_2)`. All assume that nothing
was lost or added.

Categories: IAEA Safety Guide RS-G-1.9, by the activity over the dangerous quantity D.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.errors import InvalidInput, NotFound
from tocsin.forensics.chronometry_data import chronometry_file
from tocsin.forensics.chronometry_result import Remark, date_before, plain_number
from tocsin.forensics.halflives import HalfLifeSet, half_life_set
from tocsin.forensics.uncertainty import BudgetLine, Input, InputSet
from tocsin.nuclear import parse_nuclide

CATEGORY_BOUNDARIES = ((1, 1000.0), (2, 10.0), (3, 1.0), (4, 0.01))
"""Category and the least A/D that puts a source into it; below the last it is category 5 if it
exceeds the exemption level. IAEA RS-G-1.9 and Nuclear Security Series No. 11, Table 5."""

NOT_FOR_DECISIONS = {
    "recalled-unverified": "is unverified",
    "unchecked": "looks misprinted in its source",
}


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


@dataclass(frozen=True, slots=True)
class DValue:
    """Dangerous quantity of a nuclide.

    Attributes
    ----------
    nuclide : str
        Canonical name.
    value_Bq : float or None
        None where it is unlimited.
    with_progeny : bool
        The value includes the progeny.
    exemption_Bq : float or None
        Exemption activity of the same source.
    confidence : str
        How the number was taken over; those of ``NOT_FOR_DECISIONS`` are not counted.
    note : str
        To be shown with the value.
    source : str
        Key in the manifest.
    """

    nuclide: str
    value_Bq: float | None
    with_progeny: bool
    exemption_Bq: float | None
    confidence: str
    note: str
    source: str


@functools.lru_cache(maxsize=1)
def d_values() -> Mapping[str, DValue]:
    """Dangerous quantities by canonical name. An absent nuclide has none known: not harmless."""
    rows = csv.DictReader(io.StringIO(chronometry_file("d_values.csv")))
    return {
        row["nuclide"]: DValue(
            row["nuclide"],
            float(row["D_TBq"]) * 1e12 if row["D_TBq"] else None,
            row["with_progeny"] == "1",
            float(row["exemption_activity_Bq"]) if row["exemption_activity_Bq"] else None,
            row["confidence"],
            row["note"],
            row["source"],
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class SourceCategory:
    """Category of a source by the sum of activity over D.

    Attributes
    ----------
    category : int or None
        1 (most dangerous) to 5; None where nothing can be said or all lies below exemption.
    activity_over_d : float or None
        Sum over the nuclides whose D counts.
    remarks : tuple of Remark
        Nuclides left out, notes on values.
    """

    category: int | None
    activity_over_d: float | None
    remarks: tuple[Remark, ...]

    def to_json(self) -> dict[str, Any]:
        """As ``tocsin age --json`` writes it."""
        return {
            "category": self.category,
            "activity_over_d": self.activity_over_d,
            "remarks": [r.to_json() for r in self.remarks],
        }


def source_category(activities_Bq: Mapping[str, float]) -> SourceCategory:
    """Category of a source, or of sources that lie together.

    Parameters
    ----------
    activities_Bq : mapping of str to float
        Activity by nuclide, zero or more.

    Returns
    -------
    SourceCategory
        Values of D that are unverified or missing are named and not counted.

    Raises
    ------
    InvalidInput
        For an activity that is negative or not finite, or a name that is no nuclide.

    References
    ----------
    IAEA Safety Standards Series No. RS-G-1.9 (2005); IAEA EPR-D-VALUES 2006.
    """
    total, exempt, counted = 0.0, 0.0, False
    remarks: list[Remark] = []
    for written, activity in activities_Bq.items():
        nuclide = parse_nuclide(written)
        if not (math.isfinite(activity) and activity >= 0.0):
            raise InvalidInput(f"activity of {nuclide} must be zero or more, not {activity!r}")
        try:
            known = _usable(nuclide)
        except NotFound as error:
            remarks.append(Remark("no_d_value", str(error)))
            continue
        if known.note:
            remarks.append(Remark("d_value_note", f"D of {nuclide}: {known.note}."))
        counted = True
        total += 0.0 if known.value_Bq is None else activity / known.value_Bq
        exempt += math.inf if known.exemption_Bq is None else activity / known.exemption_Bq
    if not counted:
        return SourceCategory(None, None, tuple(remarks))
    category = next((c for c, least in CATEGORY_BOUNDARIES if total >= least), None)
    if category is None and exempt > 1.0:
        category = 5
    if category is None:
        remarks.append(Remark("below_exemption", "Below the exemption level: no category."))
    return SourceCategory(category, total, tuple(remarks))


def _usable(nuclide: str) -> DValue:
    found = d_values().get(nuclide)
    if found is None:
        raise NotFound(f"no D value of {nuclide} is known here; that does not make it harmless")
    reason = NOT_FOR_DECISIONS.get(found.confidence)
    if reason is not None:
        value = "unlimited" if found.value_Bq is None else f"{found.value_Bq / 1e12:g} TBq"
        raise NotFound(f"the D value of {nuclide} ({value}) {reason} and was not used")
    return found
