"""The answer of one chronometer, and how it is written down."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from tocsin.forensics.chronometry_model import AgeModel
from tocsin.forensics.halflives import DAYS_PER_YEAR, HalfLife
from tocsin.forensics.uncertainty import BudgetLine, Spread

DATE_CONVENTION = (
    "A year has 365.2422 days. A date is the measurement's reference date less the age, rounded to "
    "whole days, in the Gregorian calendar carried back; both days are taken at the same hour."
)

COMPLETE = (
    "Model age: the time since the daughter was last removed completely. If the purification was "
    "incomplete the true time is shorter, so this is an upper bound; check concordance with "
    "another chronometer."
)
WITH_INITIAL = (
    "Model age: the time since the daughter was reduced to the stated initial ratio. It is only as "
    "good as that ratio; check concordance with another chronometer."
)


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning with a code for machines and a sentence for people."""

    code: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """As the contract writes it."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same measurement with another half-life set.

    Attributes
    ----------
    half_life_set : str
        Its name.
    age_y : float
        Age with it.
    shift_d : float
        Change against the result, in days.
    """

    half_life_set: str
    age_y: float
    shift_d: float


@dataclass(frozen=True, slots=True)
class ModelAge:
    """The age that one chronometer gives.

    Attributes
    ----------
    model : AgeModel
        Measurement, chain and half-lives behind it.
    age_y : float or None
        Best estimate, or the limit; None where no age fits (the warnings say why).
    standard_uncertainty_y : float or None
        k = 1, by GUM; None for a limit.
    k : float
        Coverage factor of the expanded uncertainty.
    limit : str or None
        ``younger_than`` or ``older_than`` where ``age_y`` is a bound.
    budget : tuple of BudgetLine
        Largest share first; empty for a limit.
    monte_carlo : Spread or None
        The independent check; None for a limit.
    warnings : tuple of Remark
        What the reader must know before using the age.
    half_life_set : str
        Name of the set.
    alternatives : tuple of Alternative
        What other sets would change.
    notes : tuple of str
        What is known of this chronometer.
    """

    model: AgeModel
    age_y: float | None
    standard_uncertainty_y: float | None
    k: float
    limit: str | None
    budget: tuple[BudgetLine, ...]
    monte_carlo: Spread | None
    warnings: tuple[Remark, ...]
    half_life_set: str
    alternatives: tuple[Alternative, ...]
    notes: tuple[str, ...]

    @property
    def parent(self) -> str:
        """Canonical name of the parent."""
        return self.model.chain.parent

    @property
    def daughter(self) -> str:
        """Canonical name of the daughter."""
        return self.model.chain.daughter

    @property
    def name(self) -> str:
        """``Th-230/U-234``."""
        return f"{self.daughter}/{self.parent}"

    @property
    def is_point(self) -> bool:
        """Whether there is an age and not only a bound."""
        return self.age_y is not None and self.limit is None

    @property
    def expanded_uncertainty_y(self) -> float | None:
        """Standard uncertainty times ``k``."""
        sigma = self.standard_uncertainty_y
        return None if sigma is None else self.k * sigma

    @property
    def half_lives(self) -> tuple[HalfLife, ...]:
        """Half-lives that went into the age."""
        return tuple(self.model.half_lives.values())

    @property
    def date(self) -> dt.date | None:
        """Date of the model age or of its limit; None without a reference date."""
        return self._date_at(self.age_y)

    def _date_at(self, age_y: float | None) -> dt.date | None:
        return date_before(self.model.measurement.measured_on, age_y)

    @property
    def date_interval(self) -> tuple[dt.date | None, dt.date | None]:
        """Earliest and latest date within the expanded uncertainty."""
        width = self.expanded_uncertainty_y
        if self.age_y is None or width is None:
            return None, None
        return self._date_at(self.age_y + width), self._date_at(self.age_y - width)

    @property
    def assumes(self) -> str:
        """What the age presumes, in words."""
        initial = self.model.measurement.initial
        return WITH_INITIAL if initial is not None and initial.value > 0.0 else COMPLETE

    def to_json(self) -> dict[str, Any]:
        """The contract of ``tocsin age --json``; times in years of 365.2422 days."""
        earliest, latest = self.date_interval
        return {
            "parent": self.parent,
            "daughter": self.daughter,
            "age_y": self.age_y,
            "expanded_uncertainty_y": self.expanded_uncertainty_y,
            "k": plain_number(self.k),
            "date": _iso(self.date),
            "limit": self.limit,
            "warnings": [w.to_json() for w in self.warnings],
            "budget": [_budget_json(line) for line in self.budget],
            "standard_uncertainty_y": self.standard_uncertainty_y,
            "date_earliest": _iso(earliest),
            "date_latest": _iso(latest),
            "monte_carlo": None if self.monte_carlo is None else _spread_json(self.monte_carlo),
            "measured_ratio": self.model.measured_ratio(),
            "equilibrium_ratio": _finite(self.model.equilibrium_ratio()),
            "assumes": self.assumes,
            "notes": list(self.notes),
            "half_lives": {
                "set": self.half_life_set,
                "values": [_half_life_json(h) for h in self.half_lives],
                "alternatives": [
                    {"set": a.half_life_set, "age_y": a.age_y, "shift_d": a.shift_d}
                    for a in self.alternatives
                ],
            },
        }


def date_before(measured_on: dt.date | None, age_y: float | None) -> dt.date | None:
    """Date that lies an age before another; None without either, or before the year 1."""
    if measured_on is None or age_y is None or not math.isfinite(age_y):
        return None
    days = age_y * DAYS_PER_YEAR
    if abs(days) > measured_on.toordinal() - 1:
        return None
    return measured_on - dt.timedelta(days=round(days))


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def plain_number(value: float) -> float | int:
    """Whole numbers without a decimal point."""
    return int(value) if value.is_integer() else value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _budget_json(line: BudgetLine) -> dict[str, Any]:
    return {
        "input": line.name,
        "share": line.share,
        "value": line.value,
        "standard_uncertainty": line.standard_uncertainty,
        "sensitivity": line.sensitivity,
        "contribution_y": line.contribution,
    }


def _spread_json(spread: Spread) -> dict[str, Any]:
    return {
        "samples": spread.samples,
        "mean_y": spread.mean,
        "standard_uncertainty_y": spread.standard_deviation,
        "low_95_y": _finite(spread.low_95),
        "high_95_y": _finite(spread.high_95),
        "share_without_age": spread.share_without_result,
    }


def _half_life_json(half: HalfLife) -> dict[str, Any]:
    return {
        "nuclide": half.nuclide,
        "half_life_y": half.value_y,
        "standard_uncertainty_y": half.standard_uncertainty_y,
        "source": half.source,
        "verification": half.verification,
        "note": half.note,
    }
