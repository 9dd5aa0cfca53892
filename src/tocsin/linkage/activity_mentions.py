"""Activities in running text: numbers with curie or becquerel units, and whose they are."""

from __future__ import annotations

import bisect
import math
import re
from dataclasses import dataclass, replace

from tocsin.linkage.nuclide_mentions import NuclideMention, symbol_of
from tocsin.nuclear.units import CURIE_Bq

SAME_ACTIVITY = 0.06
"""Two statements within this share are one activity: 0.3 GBq and 8 mCi, both rounded."""

MOST_ACTIVITIES = 400
"""Activities assigned in one text; more of them is a table, not a notice."""

FARTHEST_NAME = 900
"""Characters between an activity and the name of its nuclide, at most."""

MOST_NAMES = 12
"""Names weighed for one activity on each side."""

_PREFIXES = {
    **{"p": 1e-12, "pico": 1e-12, "n": 1e-9, "nano": 1e-9, "u": 1e-6, "micro": 1e-6, "micr": 1e-6},
    **{"m": 1e-3, "milli": 1e-3, "mili": 1e-3, "mill": 1e-3, "k": 1e3, "kilo": 1e3, "": 1.0},
    **{
        "M": 1e6,
        "mega": 1e6,
        "G": 1e9,
        "giga": 1e9,
        "T": 1e12,
        "tera": 1e12,
        "P": 1e15,
        "peta": 1e15,
    },
}
_WORDS = {
    **{"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0},
    **{"eight": 8.0, "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "fifteen": 15.0},
    **{"twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "hundred": 100.0, "half": 0.5},
}
_NUMBER = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:[ ]?(?:[eE][ ]?[+-]?\d{1,2}|[xX*][ ]?10[ ]?\^?[ ]?\(?[+-]?\d{1,2}\)?(?!\d)))?"
)
_UNIT = (
    r"(?P<prefix>pico|nano|micro?|milli?|mili|kilo|mega|giga|tera|peta|[pnukmMGTP])?[ -]?"
    r"(?P<base>[Cc]uries?\b|CURIES?\b|[Cc]u(?:ris|rie's|reis|ires?)\b|[Cc]uri\b|Ci\b|CI\b|ci\b|"
    r"Ci(?=of\b)|Ci\.|"
    r"[Bb]ecquerels?\b|BECQUERELS?\b|[Bb]equerels?\b|B[qQ]\b|bq\b)"
)
_QUANTITY = re.compile(
    rf"(?<![\w.,/^])(?:(?P<low>{_NUMBER})[ ]?(?:-|to|and|or)[ ]?(?=[\d.]))?"
    rf"(?P<value>{_NUMBER}|\b(?:one[ -]half|{'|'.join(_WORDS)}))[ ]?-?[ ]?(?:\(\d+\)[ "
    rf"]?)?\[?(?:{_UNIT})\]?",
    re.I,
)
_CONCENTRATION = re.compile(
    r"^\]?[ ]?(?:/|per\b)[ ]?(?:\d+[ ]?)?(?:ml|cc|g\b|gm|gram|l\b|li?t|m\b|m2|m3|m\^|cm|cubic|"
    r"sq|kg|kilogram|"
    r"hr|hour|h\b|sec|s\b|min|sample|wipe|smear|swipe|100|dpm|yr|year)",
    re.I,
)
_LIMIT_BEFORE = re.compile(
    r"(?:\blimits?(?: of| is| was| for)?|\bthreshold(?: of| is)?|\blimit of intake\b.{0,30}|"
    r"exceed(?:s|ed|ing)?|"
    r"\bquantity limit\b.{0,20}|\bALI\b.{0,20}|detection (?:limit|level)[^.]{0,20}|criteria "
    r"of)\W*(?:\w+\W+){0,3}$",
    re.I,
)
_LIMIT_AFTER = re.compile(
    r"^\W*(?:\[[^\]]*\]\W*)?(?:\w+\W+){0,3}?(?:limits?\b|threshold|action level|reportable|"
    r"regulatory|leak(?:age|ing)? "
    r"(?:limit|criteri)|of removable|removable)",
    re.I,
)
_TEST = re.compile(
    r"\b(?:leak[ -]?test\w*|wipe[sd]?|wipe tests?|swipes?|smears?|bioassay|removable|whole "
    r"body count|lung count|"
    r"intake|urine|urinalysis|minimum detectable)\b",
    re.I,
)
_TOTAL_AFTER = re.compile(r"^[ ]?(?:of [\w-]+ )?(?:in )?total\b", re.I)
_TOTAL_BEFORE = re.compile(
    r"\b(?:total(?:ing|ling|s)?|combined)\b(?: (?:activity|of|is|was|approximately|source))* *$",
    re.I,
)
_EACH = re.compile(r"^[ ]?\]?[ ]?(?:of )?each\b", re.I)
_TOGETHER = re.compile(r"[ ]?(?:/|,|and|&)[ ]?")
_OF_ELEMENT = re.compile(
    r"\s*(?:of )?(?:depleted |natural |enriched )?([A-Za-z]{4,12})\b(?![- ]*\d)"
)
_DIGIT = re.compile(r"\d")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CLAUSE = re.compile(r"[.;!?][\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9\[])|\n\s*\n")


@dataclass(frozen=True, slots=True)
class ActivityMention:
    """An activity where it stands in a text.

    Attributes
    ----------
    activity_Bq : float
        Value in Bq; of a range the upper end.
    low_Bq : float or None
        Lower end of a range.
    nuclide : str or None
        Whose activity it is, where the text tells.
    text : str
        The words, for example ``"8 mCi"``.
    start, end : int
        Where they stand.
    role : {"material", "test", "limit", "total"}
        Activity of the material, or of a leak test, a limit, or a sum over items.
    each : bool
        Whether "each" follows: two nuclides named together before it have it both.
    """

    activity_Bq: float
    low_Bq: float | None
    nuclide: str | None
    text: str
    start: int
    end: int
    role: str = "material"
    each: bool = False


def _number(text: str) -> float:
    lowered = text.lower().strip()
    if lowered.replace("-", " ") == "one half":
        return 0.5
    if lowered in _WORDS:
        return _WORDS[lowered]
    plain = lowered.replace(",", "").replace(" ", "")
    power = re.fullmatch(r"([\d.]+)[x*]10\^?\(?([+-]?\d{1,2})\)?", plain)
    if power:
        return float(power[1]) * 10.0 ** int(power[2])
    return float(plain)


def unit_factor(prefix: str, base: str) -> float:
    """Bq per unit.

    Parameters
    ----------
    prefix : str
        ``"m"``, ``"milli"``, ``"M"`` ...; may be empty.
    base : str
        Any spelling of curie or becquerel.

    Returns
    -------
    float
        Factor to Bq.

    Notes
    -----
    ``MCi`` is read as millicurie whatever the case around it: a megacurie is 37 PBq, the content of
    the largest irradiators, while the capital M for milli is a common slip.
    """
    curie = base[0] in "cC"
    key = prefix if len(prefix) == 1 else prefix.lower()
    if len(key) == 1:
        if key == "M" and curie:
            key = "m"
        elif key not in "mMpPgGtT":
            key = key.lower()
        elif key in "gt":
            key = key.upper()
        elif key == "P" and curie:
            key = "p"
    factor = _PREFIXES[key]
    return factor * (CURIE_Bq if curie else 1.0)


def find_activities(text: str, nuclides: list[NuclideMention]) -> list[ActivityMention]:
    """Every activity that a text states, with its nuclide and its role.

    Parameters
    ----------
    text : str
        Cleaned running text.
    nuclides : list of NuclideMention
        What ``find_nuclides`` found in the same text.

    Returns
    -------
    list of ActivityMention
        In the order of the text. Concentrations are left out; the same activity in SI units and in
        curies beside each other is given once.
    """
    found: list[ActivityMention] = []
    for match in _QUANTITY.finditer(_without_mass_numbers(text, nuclides)):
        after = text[match.end() : match.end() + 60]
        if _CONCENTRATION.match(after):
            continue
        try:
            factor = unit_factor(match["prefix"] or "", match["base"])
            value = _number(match["value"]) * factor
            low = _number(match["low"]) * factor if match["low"] else None
        except (ValueError, OverflowError):
            continue
        if not (0.0 < value < math.inf):
            continue
        start = match.start()
        if low is not None and not 0.0 < low < value:
            # "serial # 298 - 8 mCi" is no range: the number before the dash is something else.
            low, start = None, match.start("value")
        words = text[start : match.end()].strip("- [").rstrip(".")
        mention = ActivityMention(
            value,
            low,
            None,
            " ".join(words.split()),
            start,
            match.end(),
            _role(text, match),
        )
        if _EACH.match(after):
            mention = replace(mention, each=True)
        if found and _says_the_same(text, found[-1], mention):
            # "370 mBq (10 mCi)": millibecquerel are no source, the slip is there.
            kept = mention if re.search(r"mBq", found[-1].text) else found[-1]
            found[-1] = replace(kept, start=found[-1].start, end=mention.end)
            continue
        found.append(mention)
    return _assigned(text, found[:MOST_ACTIVITIES], nuclides)


def _without_mass_numbers(text: str, nuclides: list[NuclideMention]) -> str:
    """The text with the digits of nuclides blanked: ``Cs-137 and 40 mCi`` is no range."""
    pieces: list[str] = []
    at = 0
    for mention in nuclides:
        if mention.start >= at:
            pieces += [text[at : mention.start], _DIGIT.sub("#", text[mention.start : mention.end])]
            at = mention.end
    return "".join((*pieces, text[at:]))


def _role(text: str, match: re.Match[str]) -> str:
    begin = max(0, match.start() - 160)
    begin = max((m.end() for m in _CLAUSE.finditer(text, begin, match.start())), default=begin)
    before = text[begin : match.start()]
    after = text[match.end() : match.end() + 60]
    if _LIMIT_BEFORE.search(before[-80:]) or _LIMIT_AFTER.match(after):
        return "limit"
    if (
        _TEST.search(before[-110:]) and not re.search(r"\bon (?:a|an|the)\s*$", before)
    ) or _TEST.search(after[:45].split(".")[0]):
        return "test"
    if _TOTAL_AFTER.match(after) or _TOTAL_BEFORE.search(before):
        return "total"
    return "material"


def _says_the_same(text: str, one: ActivityMention, two: ActivityMention) -> bool:
    """The same activity in other units, in brackets or after a slash."""
    gap = text[one.end : two.start]
    if len(gap) > 16 or not re.fullmatch(
        r"[\s()\[\]/,=;]*(?:or|about|approx\.?|approximately|i\.e\.)?[\s()\[\]/]*", gap, re.I
    ):
        return False
    ratio = two.activity_Bq / one.activity_Bq
    ends = [two.activity_Bq / one.low_Bq] if one.low_Bq else []
    if any(abs(r - 1.0) < SAME_ACTIVITY for r in [ratio, *ends]):
        return True
    # A slip of 1000 between the two units of one statement: the first is kept, both words stay.
    return "(" in gap and any(
        abs(r / 10.0**p - 1.0) < SAME_ACTIVITY for r in (ratio,) for p in (-9, -6, -3, 3, 6, 9)
    )


def _gap_cost(gap: str) -> float:
    """How unlikely it is that the words on both sides of a gap belong together."""
    bare = _ASIDE.sub(" ", gap)
    if _CLAUSE.search(bare):
        return 400.0 + len(bare)
    cost = float(len(bare))
    cost += 25.0 * len(re.findall(r"\band\b|&", bare, re.I))
    cost += 12.0 * len(re.findall(r"[,;]", bare))
    return cost


def _assigned(
    text: str, found: list[ActivityMention], nuclides: list[NuclideMention]
) -> list[ActivityMention]:
    """Give each activity the nuclide that the words put beside it."""
    if not found or not nuclides:
        return found
    named = {mention.nuclide for mention in nuclides}
    after = _one_way(text, found, nuclides, forward=True)
    before = _one_way(text, found, nuclides, forward=False)
    result: list[ActivityMention] = []
    for group in _lists(text, found):
        forward = sum(min(after[i][0], 300.0) for i in group)
        backward = sum(min(before[i][0], 300.0) for i in group)
        for i in group:
            options = sorted(
                (
                    (after[i][0] + (0.0 if forward <= backward else 15.0), after[i][1]),
                    (before[i][0] + (0.0 if backward < forward else 15.0), before[i][1]),
                ),
                key=lambda option: option[0],
            )
            cost, nuclide = options[0]
            if len(named) == 1:
                nuclide = next(iter(named))
            elif cost > 700.0:
                nuclide = None
            if nuclide is not None and _of_another_element(text, found[i], nuclide):
                nuclide = None
            result.append(replace(found[i], nuclide=nuclide))
            partner = _partner(text, found[i], nuclides) if found[i].each else None
            if partner is not None and partner != nuclide:
                result.append(replace(found[i], nuclide=partner))
    return sorted(result, key=lambda mention: mention.start)


def _of_another_element(text: str, mention: ActivityMention, nuclide: str) -> bool:
    """Whether the words right behind name another element: "8.1 mCi of uranium" is no Tc-99m."""
    match = _OF_ELEMENT.match(text, mention.end)
    symbol = symbol_of(match[1]) if match else None
    return symbol is not None and symbol != nuclide.partition("-")[0]


def _partner(text: str, mention: ActivityMention, nuclides: list[NuclideMention]) -> str | None:
    """The first of two nuclides named together before "12 Bq each"."""
    before = [n for n in nuclides if mention.start - 80 <= n.end <= mention.start][-2:]
    if len(before) == 2 and _TOGETHER.fullmatch(text[before[0].end : before[1].start]):
        return before[0].nuclide
    return None


def _lists(text: str, found: list[ActivityMention]) -> list[list[int]]:
    """Activities that stand in one sentence are read in one direction where possible."""
    groups: list[list[int]] = []
    for i, mention in enumerate(found):
        if groups:
            gap = text[found[groups[-1][-1]].end : mention.start]
            if len(gap) < 120 and not _CLAUSE.search(gap):
                groups[-1].append(i)
                continue
        groups.append([i])
    return groups


def _one_way(
    text: str, found: list[ActivityMention], nuclides: list[NuclideMention], *, forward: bool
) -> list[tuple[float, str | None]]:
    """Cost and nuclide of the nearest name after (or before) each activity."""
    costs: list[tuple[float, str | None]] = []
    starts = [nuclide.start for nuclide in nuclides]
    crossing_cost = 60.0 if forward else 40.0
    for i, mention in enumerate(found):
        best: tuple[float, str | None] = (1e9, None)
        low = bisect.bisect_left(starts, mention.start - FARTHEST_NAME)
        high = bisect.bisect_right(starts, mention.end + FARTHEST_NAME)
        if forward:
            near = nuclides[bisect.bisect_left(starts, mention.end) : high][:MOST_NAMES]
        else:
            near = nuclides[low : bisect.bisect_left(starts, mention.start)][-MOST_NAMES:]
        for nuclide in near:
            between = (mention.end, nuclide.start) if forward else (nuclide.end, mention.start)
            if between[1] < between[0]:
                continue
            cost = _gap_cost(text[between[0] : between[1]])
            around = found[max(0, i - MOST_NAMES) : i + MOST_NAMES]
            cost += crossing_cost * sum(
                other is not mention and between[0] <= other.start < between[1] for other in around
            )
            if cost < best[0]:
                best = (cost, nuclide.nuclide)
        costs.append(best)
    return costs


def material_activities(mentions: list[ActivityMention]) -> list[ActivityMention]:
    """Activities of the material itself, each once.

    Parameters
    ----------
    mentions : list of ActivityMention
        From ``find_activities``.

    Returns
    -------
    list of ActivityMention
        Without limits, leak tests and totals (a total stays where nothing else is stated), and
        without repetition of the same value for the same nuclide.
    """
    wanted = [m for m in mentions if m.role == "material"] or [
        m for m in mentions if m.role == "total"
    ]
    kept: list[ActivityMention] = []
    for mention in wanted:
        if not any(
            other.nuclide == mention.nuclide
            and abs(other.activity_Bq / mention.activity_Bq - 1.0)
            < (SAME_ACTIVITY if _units_differ(other, mention) else 1e-6)
            for other in kept
        ):
            kept.append(mention)
    return kept


def _units_differ(one: ActivityMention, two: ActivityMention) -> bool:
    return ("q" in one.text.lower()) != ("q" in two.text.lower())
