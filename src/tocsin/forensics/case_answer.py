"""The answer to a case: ages, concordance, dates of a sealed source (``tocsin.age/1``)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import tocsin
from tocsin.forensics.case import Case, SealedSource
from tocsin.forensics.chronometry import SAMPLES, date_material
from tocsin.forensics.chronometry_result import DATE_CONVENTION, ModelAge
from tocsin.forensics.concordance import Concordance, date_sample
from tocsin.forensics.sealed_sources import (
    SourceAge,
    date_by_activity,
    date_by_pair,
)
from tocsin.forensics.uncertainty import InputSet
from tocsin.nuclear import (
    SourceCategory,
    load_library,
    source_category,
    source_category_json,
)

SCHEMA = "tocsin.age/1"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A date of the sealed source against the model age of a chronometer.

    Attributes
    ----------
    chronometer : int
        Place of the chronometer.
    zeta : float
        Difference in standard uncertainties, shared half-lives taken into account.
    """

    chronometer: int
    zeta: float


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """Answer to a case.

    Attributes
    ----------
    case : Case
        What was asked.
    ages : tuple of ModelAge
        One for each chronometer.
    concordance : Concordance or None
        Where a list was asked.
    source_ages : tuple of SourceAge
        Candidates, then pairs.
    agreements : tuple of tuple of Agreement
        For each of ``source_ages``.
    category, categories_when_new : SourceCategory, mapping
        Of the sealed source now, and by candidate; None and empty without one.
    """

    case: Case
    ages: tuple[ModelAge, ...]
    concordance: Concordance | None
    source_ages: tuple[SourceAge, ...]
    agreements: tuple[tuple[Agreement, ...], ...]
    category: SourceCategory | None
    categories_when_new: Mapping[str, SourceCategory]

    def to_json(self) -> dict[str, Any]:
        """The contract ``tocsin.age/1``."""
        answer: dict[str, Any] = {"schema": SCHEMA, "realm": self.case.realm}
        if self.case.title:
            answer["title"] = self.case.title
        if self.ages and not self.case.listed and self.case.source is None:
            answer |= self.ages[0].to_json()
        elif self.ages:
            answer["chronometers"] = [age.to_json() for age in self.ages]
        if self.concordance is not None:
            answer["concordance"] = self.concordance.to_json()
        if self.case.source is not None:
            answer["sealed_source"] = self._source_json(self.case.source)
        answer["date_convention"] = DATE_CONVENTION
        answer["versions"] = {
            "tocsin": tocsin.__version__,
            "nuclide_library": load_library().version,
            "half_life_set": f"{self.case.half_lives.name} ({self.case.half_lives.edition})",
        }
        return answer

    def _source_json(self, source: SealedSource) -> dict[str, Any]:
        dates = []
        for age, agreements in zip(self.source_ages, self.agreements, strict=True):
            entry = age.to_json()
            new = self.categories_when_new.get(age.label)
            if new is not None:
                entry["category_when_new"] = new.category
            entry["against_chronometers"] = [
                {"chronometer": a.chronometer, "zeta": a.zeta} for a in agreements
            ]
            dates.append(entry)
        return {
            "nuclide": source.nuclide,
            "activity_Bq": source.activity_Bq.value,
            "source_category": None
            if self.category is None
            else source_category_json(self.category),
            "dates": dates,
            "assumes": "Nothing was lost from the source or added to it.",
        }


def answer_case(
    case: Case, *, samples: int = SAMPLES, generator: np.random.Generator | None = None
) -> CaseAnswer:
    """Ages, concordance and dates of a case.

    Parameters
    ----------
    case : Case
        From ``read_case`` or made by hand.
    samples, generator
        As for ``date_material``.

    Returns
    -------
    CaseAnswer

    Raises
    ------
    OutOfDomain
        If the only chronometer gives no age. In a list it stands there with the reason.
    """
    ages: tuple[ModelAge, ...] = ()
    concordance = None
    options: dict[str, Any] = {
        "half_lives": case.half_lives,
        "k": case.k,
        "samples": samples,
        "generator": generator,
    }
    if case.listed:
        found = date_sample(case.chronometers, **options)
        ages, concordance = found.ages, found.concordance
    elif case.chronometers:
        ages = (date_material(case.chronometers[0], **options),)
    source = case.source
    if source is None:
        return CaseAnswer(case, ages, concordance, (), (), None, {})
    source_ages = date_by_activity(
        source.nuclide,
        source.activity_Bq,
        source.candidates_Bq,
        measured_on=source.measured_on,
        half_lives=case.half_lives,
        k=case.k,
    )
    for first, second, now, start in source.pairs:
        pair = date_by_pair(
            first,
            second,
            now,
            start,
            measured_on=source.measured_on,
            half_lives=case.half_lives,
            k=case.k,
        )
        source_ages = (*source_ages, pair)
    return CaseAnswer(
        case=case,
        ages=ages,
        concordance=concordance,
        source_ages=source_ages,
        agreements=tuple(_agreements(one, source.measured_on, ages) for one in source_ages),
        category=source_category({source.nuclide: source.activity_Bq.value}),
        categories_when_new={
            label: source_category({source.nuclide: start.value})
            for label, start in source.candidates_Bq.items()
        },
    )


def _agreements(
    one: SourceAge, measured_on: dt.date | None, ages: tuple[ModelAge, ...]
) -> tuple[Agreement, ...]:
    if one.age_y is None:
        return ()
    found = []
    for i, age in enumerate(ages):
        other_on = age.model.measurement.measured_on
        if not age.is_point or age.age_y is None or other_on != measured_on:
            continue
        inputs = InputSet([*one.inputs, *age.model.inputs], age.model.correlations)
        slopes = [one.sensitivities, age.model.sensitivities(age.age_y)]
        covariance = inputs.covariance(slopes)
        variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
        if variance > 0.0:
            found.append(Agreement(i, (one.age_y - age.age_y) / math.sqrt(variance)))
    return tuple(found)
