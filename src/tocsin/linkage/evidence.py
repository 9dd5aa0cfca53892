"""What each field says about two descriptions being of one thing: weights in bits, with why."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from tocsin.linkage.physics import (
    DAY_S,
    SIGMA_LN,
    SIGMAS,
    decay_factor,
    expected_Bq,
    in_one_chain,
)
from tocsin.linkage.population import Population, distance_km, family_of
from tocsin.linkage.serial_likeness import Likeness, likeness, one_slip
from tocsin.linkage.things import Thing

SAME_LN = 0.02
CLOSE_LN = 0.15
NEAR_LN = 0.5
FAR_LN = 1.2
"""Levels of |ln ratio| of two activities: 2 %, 16 %, factor 1.6, factor 3.3."""

_SLIP_LN = math.log(1000.0)
NEIGHBOURS: Mapping[Likeness, float] = {
    **{"same": 1e-5, "look-alike": 0.01, "one slip": 0.05, "part": 0.01},
    "different": 1.0,
}
"""Chance, at least, that two different things of one holder have serials as alike: a holder of
twenty devices from one delivery has neighbours one digit apart for most of them (an assumption,
not counted)."""

UNLIKE_PART = 0.05
"""Share of descriptions of one thing in which a part's numbers are unlike although another part's
agree: a source was exchanged, a number was read from something else (an assumption)."""

MOST_PARTS = 3
"""Numbers of one thing, at most: a device and two sources."""

TWICE_GIVEN = 0.1
"""A maker gives a number once to a model: two things of one model share it only by an error in
one of the descriptions, taken as one tenth of what chance alone would do (an assumption, not
counted)."""

_SLIPS = {"look-alike": 8.0, "part": 2.0}


@dataclass(frozen=True, slots=True)
class Weight:
    """What one field is worth.

    Attributes
    ----------
    field : str
        ``serial``, ``maker``, ``model``, ``nuclides``, ``activity``, ``ratio``, ``device type``,
        ``holder``, ``place`` or ``time``.
    bits : float
        log2 of how much more often the field looks like this for one thing than for two.
    why : str
        In words.
    level : str
        How far the field agrees, a key of ``shares_of_matches``.
    """

    field: str
    bits: float
    why: str
    level: str = ""


@functools.lru_cache(maxsize=1)
def shares_of_matches() -> Mapping[str, Mapping[str, float]]:
    """How often each level of a field occurs between two descriptions of one thing."""
    text = resources.files("tocsin.linkage").joinpath("data/link_weights.json").read_text("utf-8")
    shares: Mapping[str, Mapping[str, float]] = json.loads(text)["shares"]
    return shares


def _bits(field: str, level: str, chance: float) -> float:
    return math.log2(shares_of_matches()[field][level] / min(1.0, max(chance, 1e-12)))


def _weight(field: str, level: str, chance: float, why: str, name: str = "") -> Weight:
    return Weight(name or field, _bits(field, level, chance), why, level)


def _of_find(field: str, a: Thing, b: Thing) -> str:
    """Finds are described by strangers who measure; losses by holders who read their papers."""
    return f"{field} of find" if "found" in (a.kind, b.kind) else field


def _rarity(chance: float) -> str:
    if chance >= 0.095:
        return f"{100 * chance:.0f} of 100 unrelated things agree so"
    return f"1 of {1 / chance:,.0f} unrelated things agrees so"


@dataclass(frozen=True, slots=True)
class SerialMatch:
    """The best pairing of serials of two things."""

    level: Likeness
    chance: float
    one: str
    other: str


def match_serials(
    a: Thing, b: Thing, population: Population, *, same_holder: bool = False
) -> list[SerialMatch]:
    """Pair the serials of two things, the likest first, each used once.

    Parameters
    ----------
    a, b : Thing
        Two descriptions.
    population : Population
        Frequencies, for the chance that unrelated numbers are as alike.
    same_holder : bool
        Whether both are of one holder: who buys several devices at once has neighbouring numbers.

    Returns
    -------
    list of SerialMatch
        Only numbers that are alike in some way.
    """
    found: list[SerialMatch] = []
    # Where a maker is not known the number could be of any series.
    family = family_of(b) if family_of(a) == family_of(b) else ""
    one_model = bool({m for m, _ in a.makers} & {m for m, _ in b.makers}) and (
        not (a.models and b.models)
        or any(x.startswith(y) or y.startswith(x) for x in a.models for y in b.models)
    )
    for one, _ in a.serials:
        for other, _ in b.serials:
            level = likeness(one, other)
            if level == "different":
                continue
            # The rarer the number the better; of a pair, the shorter one decides.
            length = min(len(one), len(other))
            chance = population.serial(other if len(other) == length else one, family)
            if level == "one slip":
                chance *= 20.0 * length + 9.0
            else:
                chance *= _SLIPS.get(level, 1.0)
            chance = min(0.5, chance * max(1, len(a.serials)) * max(1, len(b.serials)))
            if same_holder:
                chance = max(chance, NEIGHBOURS[level])
            elif level == "same" and one_model:
                chance *= TWICE_GIVEN
            found.append(SerialMatch(level, chance, one, other))
    found.sort(key=lambda m: (-_bits("serial", m.level, m.chance), m.one, m.other))
    used_one: set[str] = set()
    used_other: set[str] = set()
    best = []
    for match in found:
        if match.one not in used_one and match.other not in used_other:
            best.append(match)
            used_one.add(match.one)
            used_other.add(match.other)
    return best


def _unlike_parts(a: Thing, b: Thing, matches: list[SerialMatch]) -> int:
    """How many parts (device, source) have a number on both sides and none that are alike.

    Lists of several devices are left out: there somebody else's number is no objection.
    """
    if max(len(a.serials), len(b.serials)) > MOST_PARTS:
        return 0
    ones, others = {m.one for m in matches}, {m.other for m in matches}
    count = 0
    for part in ("device", "source"):
        ours = [s in ones for s, of in a.serials if of == part]
        theirs = [s in others for s, of in b.serials if of == part]
        count += bool(ours and theirs) and not any(ours) and not any(theirs)
    return count


def serial_weight(
    a: Thing, b: Thing, population: Population, *, same_holder: bool = False
) -> Weight | None:
    """Serials of device and source: each further one that agrees adds its own rarity."""
    if not a.serials or not b.serials:
        return None
    matches = match_serials(a, b, population, same_holder=same_holder)
    if matches:
        first = matches[0]
        bits = _bits("serial", first.level, first.chance)
        bits += sum(max(0.0, _bits("serial", m.level, m.chance)) for m in matches[1:])
        against = _unlike_parts(a, b, matches)
        bits += against * math.log2(UNLIKE_PART)
        words = {
            "same": f"serial {first.one} on both sides",
            "look-alike": f"serials {first.one} and {first.other} differ in look-alike letters",
            "one slip": f"serials {first.one} and {first.other} are one slip apart",
            "part": f"serial {first.one} is a part of {first.other} or the reverse",
        }[first.level]
        more = f", and {len(matches) - 1} more agree" if len(matches) > 1 else ""
        more += ", but another serial differs" if against else ""
        return Weight("serial", bits, f"{words}{more}; {_rarity(first.chance)}", first.level)
    owners = {of for _, of in a.serials} & {of for _, of in b.serials}
    level = "different" if owners else "of different parts"
    return _weight("serial", level, 1.0, "no serial of one is like a serial of the other")


def nuclides_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """The set of nuclides: the same, overlapping, or different."""
    if not a.nuclides or not b.nuclides:
        return None
    field = _of_find("nuclides", a, b)
    if a.nuclides == b.nuclides:
        chance = population.nuclide_set(b.nuclides)
        names = ", ".join(sorted(a.nuclides))
        return Weight(
            "nuclides", _bits(field, "same", chance), f"both {names}; {_rarity(chance)}", "same"
        )
    shared = a.nuclides & b.nuclides
    if shared or in_one_chain(a.nuclides, b.nuclides):
        smaller = min((a.nuclides, b.nuclides), key=len)
        chance = min(1.0, 0.05 + population.nuclide_set(smaller) * 2.0)
        words = (
            f"{', '.join(sorted(shared)) or 'parent and progeny'} on both sides, not all the same"
        )
        return Weight("nuclides", _bits(field, "overlap", chance), words, "overlap")
    return _weight("nuclides", "different", 0.5, "no nuclide in common")


def maker_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """Makers, given the nuclides: the same, of one family, or different."""
    if not a.makers or not b.makers:
        return None
    both = {m for m, _ in a.makers} & {m for m, _ in b.makers}
    if both:
        name = min(both, key=lambda m: population.maker(m, b.nuclides))
        chance = population.maker(name, b.nuclides)
        return _weight("maker", "same", chance, f"both {name}; {_rarity(chance)}")
    if {f for _, f in a.makers} & {f for _, f in b.makers}:
        words = f"{a.makers[0][0]} and {b.makers[0][0]}: lines of one family of makers"
        return _weight("maker", "family", 0.05, words)
    words = f"{a.makers[0][0]} against {b.makers[0][0]}"
    return _weight("maker", "different", 0.5, words)


def models_near(one: str, other: str) -> bool:
    """Whether two models differ by a slip, by look-alike letters or by a longer ending."""
    return (
        likeness(one, other) in ("look-alike", "part")
        or one_slip(one, other)
        or one.startswith(other)
        or other.startswith(one)
    )


def model_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """Models, given the maker."""
    if not a.models or not b.models:
        return None
    maker = next((m for m, _ in b.makers), "")
    shared = set(a.models) & set(b.models)
    if shared:
        model = min(shared, key=lambda m: population.model(m, maker))
        chance = population.model(model, maker) if maker else 0.02
        return _weight("model", "same", chance, f"both model {model}; {_rarity(chance)}")
    for one in a.models:
        for other in b.models:
            if models_near(one, other):
                words = f"models {one} and {other} nearly agree"
                chance = population.models_like(other, maker, models_near)
                return _weight("model", "near", chance, words)
    words = f"model {a.models[0]} against {b.models[0]}"
    return _weight("model", "different", 0.6, words)


def type_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """Kind of device, where no model says it better."""
    if not a.device_types or not b.device_types or (a.models and b.models):
        return None
    shared = set(a.device_types) & set(b.device_types)
    if shared:
        name = min(shared, key=lambda t: population.device_type(t, b.nuclides))
        chance = min(1.0, population.device_type(name, b.nuclides))
        return _weight("device type", "same", chance, f"both {name}")
    words = f"{a.device_types[0]} against {b.device_types[0]}"
    return _weight("device type", "different", 0.5, words)


def _level_of(ln_ratio: float) -> str:
    size = abs(ln_ratio)
    for name, bound in (("same", SAME_LN), ("close", CLOSE_LN), ("near", NEAR_LN), ("far", FAR_LN)):
        if size <= bound:
            return name
    if any(abs(size - k * _SLIP_LN) <= NEAR_LN for k in (1, 2)):
        return "slip"
    return "different"


_WITHIN = {"same": SAME_LN, "close": CLOSE_LN, "near": NEAR_LN, "far": FAR_LN}
_LEVELS = ("same", "close", "near", "far", "slip", "different")


SEEN_WHOLE = 0.5
"""Share of finds of which an instrument outside measures what is there within its stated interval
and the uncertainty of the statement: the others stand behind something (an assumption, not
counted)."""


def measured_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """What an instrument measured from outside, against what a holder stated and decay left.

    Less than expected is no objection: lead, a wall or a load may stand between.
    """
    best: Weight | None = None
    for seen, told in ((a, b), (b, a)):
        for nuclide, low_Bq, high_Bq in seen.measured_Bq:
            expected = None if seen.day is None else expected_Bq(told, nuclide, seen.day)
            if expected is None:
                continue
            slack = SIGMAS * SIGMA_LN
            if math.log(high_Bq / expected) < -slack:
                times = expected / high_Bq
                words = f"{nuclide} {times:.3g} times less than decay leaves: shielded, or another"
                weight = Weight("activity", 0.0, words, "less")
            else:
                within = math.log(high_Bq / low_Bq) / 2.0 + slack
                chance = population.activity(nuclide, math.sqrt(low_Bq * high_Bq), within)
                bits = max(0.0, math.log2(SEEN_WHOLE / min(1.0, max(chance, 1e-12))))
                words = f"measured {nuclide} agrees with what decay leaves; {_rarity(chance)}"
                weight = Weight("activity", bits, words, "measured")
            if best is None or weight.bits > best.bits:
                best = weight
    return best


def activity_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """Activity of the nuclide they share, as stated and decayed from one day to the other."""
    best: tuple[int, float, str, str] | None = None
    for nuclide, one_Bq in a.activities_Bq:
        for other_nuclide, other_Bq in b.activities_Bq:
            if not nuclide or nuclide != other_nuclide:
                continue
            stated = math.log(other_Bq / one_Bq)
            options = [(stated, "as stated")]
            if a.day is not None and b.day is not None and a.day != b.day:
                factor = decay_factor(nuclide, (b.day - a.day) * DAY_S)
                if 1e-12 < factor < 1e12:
                    options.append((stated - math.log(factor), "decayed to the day"))
            ln_ratio, how = min(options, key=lambda o: abs(o[0]))
            rank = (_LEVELS.index(_level_of(ln_ratio)), abs(ln_ratio), nuclide, how)
            best = min(best or rank, rank)
    if best is None:
        return None
    level, size, nuclide, how = _LEVELS[best[0]], best[1], best[2], best[3]
    mine = min((x for n, x in b.activities_Bq if n == nuclide), default=1.0)
    chance = population.activity(nuclide, mine, _WITHIN[level]) if level in _WITHIN else 0.5
    if level == "slip":
        chance = 0.02
    words = (
        f"{nuclide} differs by a power of 1000: a slip of the unit"
        if level == "slip"
        else f"{nuclide} agrees within a factor {math.exp(size):.3g}, {how}"
        if level != "different"
        else f"{nuclide} differs by a factor {math.exp(min(size, 100.0)):.3g}"
    )
    return Weight("activity", _bits(_of_find("activity", a, b), level, chance), words, level)


def ratio_weight(a: Thing, b: Thing) -> Weight | None:
    """Ratio of two nuclides in one thing: it dates a pair such as Cs-137 with Am-241."""
    ours, theirs = _largest(a), _largest(b)
    shared = sorted(set(ours) & set(theirs))
    if len(shared) != 2:
        return None
    first, second = shared
    difference = math.log(theirs[second] / theirs[first]) - math.log(ours[second] / ours[first])
    options = [difference]
    if a.day is not None and b.day is not None and a.day != b.day:
        span_s = (b.day - a.day) * DAY_S
        fade = decay_factor(second, span_s) / max(decay_factor(first, span_s), 1e-300)
        if 1e-12 < fade < 1e12:
            options.append(difference - math.log(fade))
    size = min(abs(o) for o in options)
    level = "same" if size <= 0.1 else "near" if size <= NEAR_LN else "different"
    chance = {"same": 0.45, "near": 0.4, "different": 0.15}[level]
    words = f"ratio {second} to {first} agrees within a factor {math.exp(min(size, 100.0)):.3g}"
    return _weight("ratio", level, chance, words)


def _largest(thing: Thing) -> dict[str, float]:
    largest: dict[str, float] = {}
    for nuclide, activity_Bq in thing.activities_Bq:
        if nuclide:
            largest[nuclide] = max(largest.get(nuclide, 0.0), activity_Bq)
    return largest


def holder_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """Licence, or else the holder's name."""
    if a.licence and b.licence and (a.licence == b.licence or not (a.holder and b.holder)):
        if a.licence == b.licence:
            chance = population.licence(b.licence)
            return _weight("holder", "same", chance, f"same licence; {_rarity(chance)}")
        return _weight("holder", "different", 1.0, "another licence")
    if not a.holder or not b.holder:
        return None
    one, other = set(a.holder.split()), set(b.holder.split())
    if one and other and len(one & other) / len(one | other) >= 0.5:
        chance = max(population.holder(a.holder), population.holder(b.holder))
        return _weight("holder", "same", chance, f"same holder; {_rarity(chance)}")
    return _weight("holder", "different", 1.0, "another holder")


def place_weight(a: Thing, b: Thing, population: Population, *, same_holder: bool) -> Weight | None:
    """Town and State; worth nothing more where the holder agrees already.

    Finds are made elsewhere more often than two reports of one loss come from different States.
    """
    field = _of_find("place", a, b)
    if a.position is not None and b.position is not None:
        return _distance_weight(field, a.position, b.position, population)
    if not a.state or not b.state:
        return None
    if a.state != b.state:
        chance = 1.0 - population.state(b.state)
        level, words = "different", f"{a.state} against {b.state}"
    elif same_holder:
        return Weight("place", 0.0, "same State, as the holder lets expect", "state")
    elif a.town and a.town == b.town:
        chance = population.town(b.town, b.state)
        level, words = "town", f"same town; {_rarity(chance)}"
    else:
        chance = population.state(b.state)
        level, words = "state", f"both {a.state}; {_rarity(chance)}"
    return Weight("place", _bits(field, level, chance), words, level)


PLACE_KM = 8.0
"""Half the diagonal of a tenth of a degree: places that are known no better may be one."""
NEAR_KM, REGION_KM = 25.0, 250.0
"""Distances that stand for one town and one State of the counted pairs: choices, as places are
known to a tenth of a degree only."""


def _distance_weight(
    field: str, one: tuple[float, float], other: tuple[float, float], population: Population
) -> Weight:
    apart = distance_km(one, other)
    where = (
        f"some {apart:.0f} km apart" if apart > PLACE_KM else "at one place to a tenth of a degree"
    )
    if apart <= NEAR_KM:
        chance = population.within_km(one, NEAR_KM)
        return _weight(field, "town", chance, f"{where}; {_rarity(chance)}", "place")
    near = population.within_km(one, NEAR_KM)
    if apart <= REGION_KM:
        chance = max(population.within_km(one, REGION_KM) - near, 0.02)
        return _weight(field, "state", chance, f"{where}; {_rarity(chance)}", "place")
    chance = max(1.0 - population.within_km(one, REGION_KM), 0.05)
    return _weight(field, "different", chance, where, "place")


def time_weight(a: Thing, b: Thing, population: Population) -> Weight | None:
    """Days between two reports; a find before the report of the loss is no objection.

    The day of a registered thing is that of its activity and says nothing about when it was lost.
    """
    if a.day is None or b.day is None or not (a.kind and b.kind):
        return None
    apart = abs(a.day - b.day)
    levels = (("days", 3), ("month", 31), ("year", 366), ("decade", 3653))
    inside = 0.0
    for level, bound in levels:
        reach = population.days_within(b.day, bound)
        if apart <= bound:
            chance = max(reach - inside, 1e-6)
            return _weight("time", level, chance, f"{apart} days apart")
        inside = reach
    return _weight("time", "longer", max(1.0 - inside, 0.05), f"{apart} days apart")


def weigh(a: Thing, b: Thing, population: Population) -> list[Weight]:
    """All weights that two descriptions allow.

    Parameters
    ----------
    a, b : Thing
        Two descriptions.
    population : Population
        Frequencies over both lists.

    Returns
    -------
    list of Weight
        The strongest first. A field that one side does not give says nothing and is left out.
    """
    holder = holder_weight(a, b, population)
    same_holder = holder is not None and holder.bits > 0
    found = (
        serial_weight(a, b, population, same_holder=same_holder),
        nuclides_weight(a, b, population),
        maker_weight(a, b, population),
        model_weight(a, b, population),
        type_weight(a, b, population),
        measured_weight(a, b, population)
        if a.measured_Bq or b.measured_Bq
        else activity_weight(a, b, population),
        ratio_weight(a, b),
        holder,
        place_weight(a, b, population, same_holder=same_holder),
        time_weight(a, b, population),
    )
    return sorted((w for w in found if w is not None), key=lambda w: -abs(w.bits))
