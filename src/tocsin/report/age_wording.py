"""The words of a dating report; terminal and page say the same because both take it from here."""

from __future__ import annotations

import datetime as dt
import math

from tocsin.forensics import CaseAnswer, Concordance, HalfLife, ModelAge, SourceAge
from tocsin.nuclear import SourceCategory
from tocsin.report.document import Tone
from tocsin.report.wording import LIMITS, digits

AGE_LIMITS = (
    LIMITS[0],
    "A model age rests on its assumptions: a closed system since the purification, and the stated "
    "initial daughter. Another person reads the result before anybody acts on it.",
)

AGE_SENSITIVE = (
    "Forensic results are sensitive information: store and share this report by your national "
    "rules."
)


def plus_minus(value: float, width: float | None) -> str:
    """Value and uncertainty, the uncertainty with two digits and the value to the same place."""
    if width is None or not (math.isfinite(width) and width > 0.0):
        return f"{value:.6g}"
    places = 1 - math.floor(math.log10(width))
    if -3 <= places <= 12 and abs(value) < 1e7:
        decimals = max(0, places)
        shown = round(value, places), round(width, places)
        return f"{shown[0]:.{decimals}f} ± {shown[1]:.{decimals}f}"
    figures = max(
        2, 2 + math.floor(math.log10(abs(value) or width)) - math.floor(math.log10(width))
    )
    return f"{value:.{figures}g} ± {width:.2g}"


def age_text(age: ModelAge) -> str:
    """``1.5195 ± 0.0059 y (k = 2)``, a bound, or no age."""
    if age.age_y is None:
        return "no age"
    if age.limit is not None:
        return f"{age.limit.replace('_', ' ')} {digits(age.age_y, significant=4)} y"
    return f"{plus_minus(age.age_y, age.expanded_uncertainty_y)} y (k = {age.k:g})"


def date_text(age: ModelAge) -> str:
    """Date of the model age with its interval, or of the bound."""
    if age.date is None:
        return "no date"
    if age.limit == "younger_than":
        return f"purified after {age.date}"
    if age.limit == "older_than":
        return f"purified before {age.date}"
    earliest, latest = age.date_interval
    if earliest is None or latest is None:
        return str(age.date)
    return f"{age.date} ({earliest} to {latest})"


def verdict_of_ages(answer: CaseAnswer) -> str:
    """One sentence that answers the case."""
    concordance = answer.concordance
    if concordance is not None and concordance.concordant is not None:
        return concordance_text(concordance)
    if answer.ages:
        return "; ".join(f"{a.name}: {age_text(a)}, {date_text(a)}{_bound(a)}" for a in answer.ages)
    dated = [a for a in answer.source_ages if a.age_y is not None]
    count = len(dated)
    return f"Sealed source: {count} possible {'date' if count == 1 else 'dates'}."


def _bound(age: ModelAge) -> str:
    unknown = any(w.code == "upper_bound" for w in age.warnings)
    return "; UPPER BOUND, initial daughter not known" if unknown else ""


def age_tone(answer: CaseAnswer) -> Tone:
    """Green only where nothing qualifies the answer."""
    concordance = answer.concordance
    if concordance is not None and (concordance.concordant is False or concordance.warnings):
        return "note"
    return "note" if any(a.warnings for a in answer.ages) else "calm"


def concordance_text(concordance: Concordance) -> str:
    """Concordant with a mean, or discordant with the test."""
    test = (
        f"chi² {digits(concordance.chi_squared)} with {concordance.degrees_of_freedom} degrees of "
        f"freedom, p = {digits(concordance.probability, significant=2)}"
    )
    if concordance.concordant is None:
        return "Nothing to compare: fewer than two ages with an uncertainty."
    if not concordance.concordant or concordance.mean_y is None:
        return f"DISCORDANT ({test}): the chronometers do not tell one age."
    sigma = concordance.standard_uncertainty_y or 0.0
    mean = plus_minus(concordance.mean_y, concordance.k * sigma)
    when = "" if concordance.date is None else f", {concordance.date}"
    return f"CONCORDANT ({test}): weighted mean {mean} y (k = {concordance.k:g}){when}."


def half_life_text(half: HalfLife) -> str:
    """Half-life with uncertainty; what is not verified says so."""
    text = f"{plus_minus(half.value_y, half.standard_uncertainty_y)} y"
    note = f"; {half.note}" if half.note else ""
    mark = " UNVERIFIED" if half.verification == "unverified" else f" {half.verification}"
    return f"{text} [{mark.strip()}: {half.source}{note}]"


def shift_text(shift_d: float) -> str:
    """Change of an age in days, or in years where it is long."""
    if abs(shift_d) < 1000.0:
        return f"{shift_d:+.2g} d" if abs(shift_d) < 10.0 else f"{shift_d:+.0f} d"
    return f"{shift_d / 365.2422:+.3g} y"


def source_age_text(age: SourceAge) -> str:
    """Age of a sealed source with its date."""
    if age.age_y is None:
        return "; ".join(w.message for w in age.warnings)
    sigma = age.standard_uncertainty_y
    text = f"{plus_minus(age.age_y, None if sigma is None else age.k * sigma)} y (k = {age.k:g})"
    return text if age.date is None else f"{text}, {age.date}"


def category_text(category: SourceCategory) -> str:
    """IAEA category with A/D and what was not counted."""
    parts = []
    if category.category is not None:
        parts.append(f"category {category.category}")
    if category.ratio_A_over_D is not None:
        parts.append(f"A/D = {digits(category.ratio_A_over_D)}")
    parts += [r.message for r in category.remarks]
    return "; ".join(parts)


def monte_carlo_text(age: ModelAge) -> str:
    """Standard deviation and 95 % interval by Monte Carlo."""
    spread = age.monte_carlo
    if spread is None:
        return ""
    high = digits(spread.high_95, significant=6) if math.isfinite(spread.high_95) else "no end"
    interval = f"95 % interval {digits(spread.low_95, significant=6)} to {high} y"
    if spread.standard_deviation is None:
        return interval
    ratio = spread.standard_deviation / (age.standard_uncertainty_y or math.inf)
    return f"u = {digits(spread.standard_deviation)} y ({ratio:.3f} of GUM), {interval}"


def reference_date_text(day: dt.date | None) -> str:
    """Reference date, or that none was stated."""
    return "not stated" if day is None else str(day)
