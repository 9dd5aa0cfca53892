"""What decay forbids: an activity that grew by itself, a nuclide that nothing leads to."""

from __future__ import annotations

import functools
import math

from tocsin.linkage.things import Thing
from tocsin.nuclear import load_library

DAY_S = 86400.0
SIGMA_LN = 0.5
"""Standard uncertainty of ln of a stated activity: nominal values, values of the day of making,
rounding. Between two statements about one source the public notices differ by up to a factor
1.6."""

SIGMAS = 3.0
"""An activity is refused when it exceeds the decayed one by more than so many standard
uncertainties of the two statements together."""


@functools.lru_cache(maxsize=1024)
def _half_life_s(nuclide: str) -> float:
    library = load_library()
    return library[nuclide].half_life_s if nuclide in library else math.inf


def decay_factor(nuclide: str, elapsed_s: float) -> float:
    """What is left of an activity after a time; for a negative time what it was before.

    Parameters
    ----------
    nuclide : str
        Canonical name; one that is not in the library is taken as not decaying.
    elapsed_s : float
        Time in s, of either sign.

    Returns
    -------
    float
        exp(-ln 2 t / T); 0 or infinity where that cannot be written.
    """
    exponent = -math.log(2.0) * elapsed_s / _half_life_s(nuclide)
    return math.inf if exponent > 700.0 else math.exp(exponent)


@functools.lru_cache(maxsize=4096)
def _progeny(nuclide: str) -> frozenset[str]:
    library = load_library()
    return frozenset(library.members(nuclide)) if nuclide in library else frozenset({nuclide})


def in_one_chain(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether a nuclide of one set is, or decays into, one of the other set, or the reverse."""
    return any(a == b or b in _progeny(a) or a in _progeny(b) for a in one for b in other)


def label_again(a: Thing, b: Thing) -> bool:
    """Whether both sides state one activity to 2 %: a label that was read again, no measurement."""
    return any(
        n == m and n and abs(math.log(x / y)) <= 0.02
        for n, x in a.activities_Bq
        for m, y in b.activities_Bq
    )


def veto(a: Thing, b: Thing) -> str | None:
    """Why two descriptions cannot be of one thing, or None.

    Parameters
    ----------
    a, b : Thing
        Two descriptions, each with the day its activities are of.

    Returns
    -------
    str or None
        In words.

    Notes
    -----
    Refused are nuclides of which none leads to another, and an activity that is larger on the later
    day than the largest one of the earlier day can be: A2 > A1 exp(-ln 2 dt / T) exp(k s sqrt 2),
    with s the standard uncertainty of ln A of one statement and k = 3. A difference of a power of
    1000 is a slip of the unit and no veto. Both need both sides to say something. What an
    instrument measured from outside is a lower limit, for something may stand between: of it only
    the lower end counts, against the statement's uncertainty alone.
    """
    if a.nuclides and b.nuclides and not in_one_chain(a.nuclides, b.nuclides):
        ours, theirs = (", ".join(sorted(t.nuclides)) for t in (a, b))
        return f"none of {ours} becomes one of {theirs} or the reverse"
    if a.day is None or b.day is None:
        return None
    for seen, told in ((a, b), (b, a)):
        if (words := _too_much_measured(seen, told)) is not None:
            return words
    early, late = (a, b) if a.day <= b.day else (b, a)
    span_s = abs(a.day - b.day) * DAY_S
    for nuclide in sorted({n for n, _ in early.activities_Bq} & {n for n, _ in late.activities_Bq}):
        if not nuclide:
            continue
        before = max(x for n, x in early.activities_Bq if n == nuclide)
        after = min(x for n, x in late.activities_Bq if n == nuclide)
        expected = before * decay_factor(nuclide, span_s)
        excess = math.log(after) - (math.log(expected) if expected > 0.0 else -700.0)
        stated = math.log(after / before)
        slip = abs(stated) > 3.0 and any(
            abs(abs(ln_ratio) - k * math.log(1000.0)) < 2.0 * SIGMA_LN
            for ln_ratio in (stated, excess)
            for k in (1, 2)
        )
        if excess > SIGMAS * SIGMA_LN * math.sqrt(2.0) and not slip:
            grown = math.exp(min(excess, 100.0))
            return f"{nuclide} would have grown to {grown:.3g} times what decay leaves"
    return None


def expected_Bq(told: Thing, nuclide: str, day: int) -> float | None:
    """The largest stated activity of a nuclide as decay makes it on a day; None where unknown."""
    stated = [x for n, x in told.activities_Bq if n == nuclide]
    if not stated or told.day is None:
        return None
    factor = decay_factor(nuclide, (day - told.day) * DAY_S)
    return max(stated) * factor if 0.0 < factor < math.inf else None


def _too_much_measured(seen: Thing, told: Thing) -> str | None:
    for nuclide, low_Bq, _high_Bq in seen.measured_Bq:
        expected = None if seen.day is None else expected_Bq(told, nuclide, seen.day)
        if expected and math.log(low_Bq / expected) > SIGMAS * SIGMA_LN:
            times = low_Bq / expected
            return f"at least {times:.3g} times as much {nuclide} was measured as decay leaves"
    return None
