r"""Category of sealed sources by the sum of activity over dangerous quantity, on any date.

Sources that are together count as one, :math:`A/D = \sum_n \sum_i A_{i,n} / D_n`. Category 1 from
1000, 2 from 10, 3 from 1, 4 from 0.01, 5 below that and above exemption; each boundary belongs to
the graver category. Activities decay from their reference date. A nuclide that grows in and lives
longer than its parent is counted with its own D. It is not where it would add less than a
thousandth, nor where D of the parent includes progeny, unless it outweighs the parent by now. What
lives shorter is in equilibrium with the parent and part of it.

References
----------
IAEA Safety Guide RS-G-1.9 (2005); IAEA EPR-D-VALUES 2006; IAEA Nuclear Security Series No. 11.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear.category_data import NOT_FOR_DECISIONS, DValue, d_values, source_boundaries
from tocsin.nuclear.decay import activities
from tocsin.nuclear.library import load_library
from tocsin.nuclear.names import parse_nuclide

DAY_s = 86400.0
LAST_DAY = dt.date.max
ROUNDING = 1e-12
"""Relative error of sums of binary numbers: what is written as the boundary is the boundary."""
NEUTRON_TARGETS = re.compile(r"\s*[/:]\s*(?:be|li|b|c|f)(?:[\s_-]*\d{1,2})?\s*$", re.IGNORECASE)
IN_EQUILIBRIUM = re.compile(r"\s*(?:\(([^()]+)\)|[+/]\s*([A-Za-z].*))\s*$")


LEAST_GROWN = 1e-3
"""Part of the parent's A/D below which progeny that grew in is not listed: a convention."""


@dataclass(frozen=True, slots=True)
class SourceActivity:
    """Activity of one nuclide in a source on its reference date.

    Attributes
    ----------
    nuclide : str
        Any customary spelling; ``Am-241/Be`` and ``Sr-90 (Y-90)`` too.
    activity_Bq : float
        Zero or more. For neutron sources that of the alpha emitter.
    reference_date : datetime.date or None
        The day on which it had this activity; None where it is that of the day asked about.
    """

    nuclide: str
    activity_Bq: float
    reference_date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class CategoryRemark:
    """Something to be said beside a category.

    Attributes
    ----------
    code, message : str
        For programs, and for people.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one nuclide brings.

    Attributes
    ----------
    nuclide : str
        Canonical name.
    activity_Bq : float
        On the day asked about.
    d_value : DValue or None
        Its dangerous quantity, verified or not.
    ratio_A_over_D : float or None
        None where D is not known or may not be used.
    grown_from : str or None
        The parent from which it grew in.
    """

    nuclide: str
    activity_Bq: float
    d_value: DValue | None
    ratio_A_over_D: float | None
    grown_from: str | None = None


@dataclass(frozen=True, slots=True)
class SourceCategory:
    """Category of one source, or of sources that lie together.

    Attributes
    ----------
    category : int or None
        1 (most dangerous) to 5; None where nothing can be said or all lies below exemption.
    ratio_A_over_D : float or None
        Sum over the nuclides whose D counts; None where there is none.
    security_level : str or None
        Default security level A, B or C of NSS 11; None where basic measures are enough.
    contributions : tuple of Contribution
        Gravest first.
    remarks : tuple of CategoryRemark
        How the category came about, nuclides left out, notes on values.
    """

    category: int | None
    ratio_A_over_D: float | None
    security_level: str | None
    contributions: tuple[Contribution, ...]
    remarks: tuple[CategoryRemark, ...]

    @property
    def activity_Bq(self) -> float:
        """Sum of the activities of the nuclides given, without what grew in."""
        return _sum(c.activity_Bq for c in self.contributions if c.grown_from is None)


@lru_cache(maxsize=4096)
def source_nuclide(written: str) -> str:
    """Canonical name of the nuclide that counts: ``Am-241/Be`` is Am-241.

    Raises
    ------
    InvalidInput
        If it names no nuclide.
    NotFound
        If nothing is known of the nuclide here: neither a half-life nor a D value.

    Examples
    --------
    >>> source_nuclide("Pu-239/Be-9"), source_nuclide("Sr-90 (Y-90)"), source_nuclide("cs137")
    ('Pu-239', 'Sr-90', 'Cs-137')
    """
    bare = NEUTRON_TARGETS.sub("", written)
    progeny = IN_EQUILIBRIUM.search(bare)
    if progeny is not None:
        name = parse_nuclide(bare[: progeny.start()])
        grown = parse_nuclide(progeny.group(1) or progeny.group(2))
        library = load_library()
        if name not in library or grown not in library.members(name):
            raise InvalidInput(f"{grown} is no progeny of {name}: give both with their activities")
        return name
    name = parse_nuclide(bare)
    if name not in load_library() and name not in d_values():
        raise NotFound(f"{name} is not in the nuclide library, and no D value of it is known here")
    return name


def source_category(
    sources: Mapping[str, float] | Sequence[SourceActivity], *, on: dt.date | None = None
) -> SourceCategory:
    """Category of a source, or of sources that lie together.

    Parameters
    ----------
    sources : mapping of str to float, or sequence of SourceActivity
        Activity in Bq by nuclide on the day itself, or activities with their reference dates.
    on : datetime.date, optional
        The day asked about; needed where a reference date is given.

    Returns
    -------
    SourceCategory
        Values of D that are unverified or missing are named and not counted.

    Raises
    ------
    InvalidInput
        For an activity that is negative or not finite, a name that is no nuclide, or a reference
        date without ``on``.
    """
    if isinstance(sources, Mapping):
        sources = [SourceActivity(name, activity) for name, activity in sources.items()]
    given, grown, remarks = _on_the_day(sources, on)
    contributions = [_contribution(n, a, None) for n, a in given.items()]
    contributions += [_contribution(n, a, parent) for (n, parent), a in grown.items()]
    for item in contributions:
        remarks += _about(item)
    counted = [c for c in contributions if c.ratio_A_over_D is not None]
    shown = tuple(sorted(contributions, key=lambda c: -(c.ratio_A_over_D or 0.0)))
    if not counted:
        return SourceCategory(None, None, None, shown, tuple(remarks))
    ratio = _sum(c.ratio_A_over_D or 0.0 for c in counted)
    exempt = _sum(_over_exemption(c) for c in counted)
    found = next(b for b in source_boundaries() if ratio >= b.least_A_over_D * (1.0 - ROUNDING))
    low = found.category == source_boundaries()[-1].category and exempt <= 1.0
    if low and len(counted) < len(contributions):
        text = "What could be counted is below the exemption level; the rest may be anything."
        remarks.append(CategoryRemark("cannot_be_told", text))
        return SourceCategory(None, None, None, shown, tuple(remarks))
    if low:
        remarks.append(CategoryRemark("below_exemption", "Below the exemption level: no category."))
        return SourceCategory(None, ratio, None, shown, tuple(remarks))
    if len(counted) < len(contributions):
        remarks.append(
            CategoryRemark(
                "at_least", "Nuclides were left out: the category is at least this grave."
            )
        )
    remarks.insert(0, CategoryRemark("category", _why(found.category, ratio, counted)))
    level = found.security_level
    return SourceCategory(found.category, ratio, level, shown, tuple(remarks))


def _on_the_day(
    sources: Iterable[SourceActivity], on: dt.date | None
) -> tuple[dict[str, float], dict[tuple[str, str], float], list[CategoryRemark]]:
    """Activities on the day: of what was given, of what grew in by its parent, and remarks."""
    given: dict[str, float] = {}
    grown: dict[tuple[str, str], float] = {}
    remarks: dict[CategoryRemark, None] = {}
    for source in sources:
        name = source_nuclide(source.nuclide)
        start = float(source.activity_Bq)
        if not (math.isfinite(start) and start >= 0.0):
            raise InvalidInput(f"activity of {name} must be zero or more, not {start!r}")
        now = start
        if source.reference_date is not None:
            if on is None:
                raise InvalidInput("a reference date needs the date asked about")
            elapsed_s = (on - source.reference_date).days * DAY_s
            rate_per_s = decay_constant_per_s(name)
            if elapsed_s and rate_per_s is None:
                text = f"No half-life of {name} is known here: its activity was not decayed."
                remarks[CategoryRemark("not_decayed", text)] = None
            elif elapsed_s < 0.0:
                now = start * _grown_back(-elapsed_s * (rate_per_s or 0.0))
                text = f"{on} is before the reference date {source.reference_date}: grown back."
                remarks[CategoryRemark("before_reference", text)] = None
                if not math.isfinite(now):
                    raise InvalidInput(f"{name} cannot be traced back from {source.reference_date}")
            elif elapsed_s > 0.0:
                now = start * math.exp(-elapsed_s * (rate_per_s or 0.0))
                if progeny_may_matter(name, start, now, elapsed_s):
                    later = activities({name: start}, elapsed_s=elapsed_s)
                    for progeny in _long_lived_progeny(name):
                        key = (progeny, name)
                        grown[key] = grown.get(key, 0.0) + later[progeny]
        given[name] = given.get(name, 0.0) + now
    counted: dict[tuple[str, str], float] = {}
    for (progeny, parent), activity in grown.items():
        own = _contribution(parent, given[parent], None)
        item = _contribution(progeny, activity, parent)
        if not item.ratio_A_over_D or item.ratio_A_over_D < LEAST_GROWN * (
            own.ratio_A_over_D or 0.0
        ):
            continue
        if own.d_value is None or not own.d_value.with_progeny:
            counted[progeny, parent] = activity
        elif item.ratio_A_over_D > (own.ratio_A_over_D or 0.0):
            # D of the parent includes what grows in within years; here the progeny is the source
            counted[progeny, parent] = activity
            text = f"{progeny} that has grown from {parent} outweighs it and is counted beside it."
            remarks[CategoryRemark("progeny_dominates", text)] = None
    return given, counted, list(remarks)


@cache
def _long_lived_progeny(name: str) -> tuple[str, ...]:
    """Progeny with a D value that lives longer than its parent."""
    library = load_library()
    return tuple(
        member
        for member in library.members(name)
        if member != name
        and member in d_values()
        and library[member].half_life_s > library[name].half_life_s
    )


@cache
def _parents(name: str) -> dict[str, tuple[tuple[str, float], ...]]:
    """Parents of every member of a chain, with the part of their decays that leads to it."""
    found: dict[str, list[tuple[str, float]]] = {}
    for parent, member in load_library().members(name).items():
        for branch in member.branches:
            found.setdefault(branch.daughter, []).append((parent, branch.fraction))
    return {member: tuple(parents) for member, parents in found.items()}


def progeny_may_matter(name: str, start_Bq: float, now_Bq: float, elapsed_s: float) -> bool:
    """Whether progeny that grew in may be told or counted, by an upper bound on its activity.

    Of the atoms that reach a member of the chain no more than the part that decays of it in the
    time goes on to the next. Mostly the bound is far too little, which saves solving the chain.
    """
    progeny = _long_lived_progeny(name)
    if not progeny:
        return False
    parents = _parents(name)

    def reaching(member: str) -> float:
        if member == name:
            return 1.0
        return sum(
            reaching(parent) * part * min(1.0, (decay_constant_per_s(parent) or 0.0) * elapsed_s)
            for parent, part in parents.get(member, ())
        )

    own = _contribution(name, now_Bq, None).ratio_A_over_D or 0.0
    atoms = start_Bq / (decay_constant_per_s(name) or math.inf)
    for member in progeny:
        most_Bq = atoms * reaching(member) * (decay_constant_per_s(member) or 0.0)
        ratio = _contribution(member, most_Bq, name).ratio_A_over_D
        if ratio is not None and ratio >= LEAST_GROWN * own:
            return True
    return False


@cache
def decay_constant_per_s(name: str) -> float | None:
    """Decay constant in 1/s of a canonical name; None where no half-life is known here."""
    library = load_library()
    return library[name].decay_constant_per_s if name in library else None


def _grown_back(exponent: float) -> float:
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def _contribution(nuclide: str, activity_Bq: float, parent: str | None) -> Contribution:
    found = d_values().get(nuclide)
    ratio = None
    if found is not None and found.verified:
        ratio = 0.0 if found.value_Bq is None else activity_Bq / found.value_Bq
    return Contribution(nuclide, activity_Bq, found, ratio, parent)


def _about(item: Contribution) -> list[CategoryRemark]:
    found, nuclide = item.d_value, item.nuclide
    if found is None:
        text = f"No D value of {nuclide} is known here; that does not make it harmless."
        return [CategoryRemark("no_d_value", text)]
    said: list[CategoryRemark] = []
    if not found.verified:
        value = "unlimited" if found.value_Bq is None else f"{found.value_Bq / 1e12:g} TBq"
        why = NOT_FOR_DECISIONS[found.confidence]
        text = f"The D value of {nuclide} ({value}) {why} and was not used."
        said.append(CategoryRemark("d_value_not_used", text))
    if found.note:
        said.append(CategoryRemark("d_value_note", f"D of {nuclide}: {found.note}."))
    if item.grown_from is not None and item.ratio_A_over_D:
        text = (
            f"{item.activity_Bq:.4g} Bq of {nuclide} have grown from {item.grown_from}: "
            f"A/D {item.ratio_A_over_D:.3g} of it is counted."
        )
        said.append(CategoryRemark("grown_in", text))
    return said


def _sum(values: Iterable[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        raise InvalidInput("the activities together are too large for a number") from None


def _over_exemption(item: Contribution) -> float:
    known = item.d_value.exemption_Bq if item.d_value is not None else None
    return math.inf if known is None else item.activity_Bq / known


def _why(category: int, ratio: float, counted: Sequence[Contribution]) -> str:
    parts = [
        f"{c.nuclide} {c.activity_Bq:.4g} Bq / D "
        + (
            "unlimited"
            if c.d_value is None or c.d_value.value_Bq is None
            else f"{c.d_value.value_Bq / 1e12:g} TBq"
        )
        for c in counted
        if c.grown_from is None or c.ratio_A_over_D
    ]
    bounds = source_boundaries()
    least = next(b.least_A_over_D for b in bounds if b.category == category)
    above = next((b.least_A_over_D for b in bounds if b.category == category - 1), None)
    span = f"from {least:g}" if least else "above exemption"
    span += f" to below {above:g}" if above is not None else ""
    return f"A/D = {' + '.join(parts)} = {ratio:.6g}: category {category} is {span}."


def source_category_json(found: SourceCategory) -> dict[str, Any]:
    """Category, ratio and remarks, as other contracts carry them."""
    return {
        "category": found.category,
        "activity_over_d": found.ratio_A_over_D,
        "remarks": [{"code": r.code, "message": r.message} for r in found.remarks],
    }
