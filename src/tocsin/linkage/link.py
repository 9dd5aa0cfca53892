"""Found to lost, and report to report: candidate pairs with probability, zone and reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from tocsin.errors import InvalidInput
from tocsin.linkage.blocking import Index
from tocsin.linkage.evidence import Weight, match_serials, weigh
from tocsin.linkage.physics import label_again, veto
from tocsin.linkage.population import Population
from tocsin.linkage.things import Thing

Zone: TypeAlias = Literal["link", "review", "none"]

LINK = 0.95
REVIEW = 0.02
"""Zones by the cost of an error: a link that is false costs 19 times as much as a pair that a
person has to look at (0.95 = 19 / 20), and a match that nobody sees costs 49 times as much as a
look in vain (0.02 = 1 / 50)."""

EXPECTED_SHARE = 0.1
"""Share of the things of the first list that are taken to be in the second before anything is
compared."""

HOPELESS = 1e-4
"""Odds below which a candidate is not kept."""

WORLD = 1700
"""A short list stands for a world of at least so many things that might be meant: the number of
losses in the public notices 1999-2014."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two descriptions that may be of one thing.

    Attributes
    ----------
    a, b : str
        Their numbers.
    probability : float
        That they are of one thing.
    zone : {"link", "review", "none"}
        What to do: take it as one for a person to confirm, look at it, or leave it.
    weights : tuple of Weight
        What each field says, in bits, the strongest first; their sum and the prior give the
        probability before other candidates are weighed in.
    refused : str or None
        Why physics forbids it.
    """

    a: str
    b: str
    probability: float
    zone: Zone
    weights: tuple[Weight, ...]
    refused: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The JSON object of the contract ``tocsin link --json``."""
        document: dict[str, Any] = {
            "a": self.a,
            "b": self.b,
            "probability": round(self.probability, 6),
            "zone": self.zone,
            "weights": [
                {"field": w.field, "bits": round(w.bits, 2), "why": w.why} for w in self.weights
            ],
        }
        if self.refused is not None:
            document["refused"] = self.refused
        return document


@dataclass(frozen=True, slots=True)
class _Scored:
    place: int
    bits: float
    weights: tuple[Weight, ...]
    refused: str | None
    exchanged: bool


class Linker:
    """One list, prepared to be asked for things of another.

    Parameters
    ----------
    things : sequence of Thing
        The list to ask, for example a register.
    asked : sequence of Thing
        Things that will be asked for; they count in the frequencies.
    expected_share : float
        Share of asked things that are taken to be in the list.
    drawn_from : int
        Length of the list of which ``things`` are those that may be meant at all, where somebody
        else has sought them; the odds before anything is compared are those of the whole list.

    Raises
    ------
    InvalidInput
        For a share outside of 0 to 1.
    """

    def __init__(
        self,
        things: Sequence[Thing],
        asked: Iterable[Thing] = (),
        *,
        expected_share: float = EXPECTED_SHARE,
        drawn_from: int = 0,
    ) -> None:
        if not 0.0 < expected_share < 1.0:
            raise InvalidInput(f"expected share {expected_share}: between 0 and 1 is wanted")
        self.things = things
        self.population = Population((*things, *asked))
        self.index = Index(things)
        self.expected_share = expected_share
        self.size = max(len(things), drawn_from, WORLD)

    def score(
        self, thing: Thing, *, keep_all: bool = False, exhaustive: bool = False
    ) -> list[_Scored]:
        """Weigh a thing against every candidate, without the prior.

        Parameters
        ----------
        thing : Thing
            What to ask for.
        keep_all : bool
            Keep candidates that physics refuses and those that no share of up to 0.95 could bring
            to one in ten thousand; otherwise they are dropped, which keeps long lists small.
        exhaustive : bool
            Compare with every thing of the list, not with those alone that share a key: for a find
            without a serial, whose nuclides may be all that is known. Some 50 us a thing.

        Returns
        -------
        list
            For ``pairs`` and ``estimate_share``.
        """
        least_bits = math.log2(HOPELESS * self.size / 19.0)
        scored = []
        strong: list[int] = list(range(len(self.things))) if exhaustive else []
        weak: list[int] = []
        if not exhaustive:
            strong, weak = self.index.candidates(thing)
        likely = [place for place in weak if not _hopeless(thing, self.things[place])]
        for place in (*strong, *likely):
            other = self.things[place]
            if _one_record(thing, other):
                continue
            weights = tuple(weigh(thing, other, self.population))
            refused = veto(thing, other)
            exchanged = refused is not None and (
                _device_agrees(thing, other, self.population)
                or (bool(thing.nuclides & other.nuclides) and label_again(thing, other))
            )
            bits = sum(w.bits for w in weights)
            if not keep_all and (bits < least_bits or (refused is not None and not exchanged)):
                continue
            scored.append(_Scored(place, bits, weights, refused, exchanged))
        return scored

    def pairs(self, thing: Thing, scored: list[_Scored] | None = None) -> list[Pair]:
        """All candidates of one thing, best first.

        Parameters
        ----------
        thing : Thing
            What to ask for.
        scored : list, optional
            From ``score``, to weigh again with another expected share.

        Returns
        -------
        list of Pair
            With refused ones; their zone is none.

        Notes
        -----
        odds = share / N x 2^bits, with N the largest of the list, ``drawn_from`` and ``WORLD``.
        Candidates that are different things (no serial of one is a serial of the other) take
        probability from each other: P_j = odds_j / (1 + odds_j + sum of the best odds of every
        other thing).
        """
        rows = self.score(thing, keep_all=True) if scored is None else scored
        prior = self.expected_share / (1.0 - self.expected_share) / self.size
        odds = [
            0.0 if r.refused and not r.exchanged else prior * 2.0 ** min(r.bits, 300.0)
            for r in rows
        ]
        groups = _groups([self.things[r.place] for r in rows])
        best: dict[int, float] = {}
        for group, value in zip(groups, odds, strict=True):
            best[group] = max(best.get(group, 0.0), value)
        total = math.fsum(best.values())
        found = []
        for row, group, value in zip(rows, groups, odds, strict=True):
            probability = value / (1.0 + value + max(0.0, total - best[group]))
            if row.exchanged:
                probability = min(probability, 0.5)
            zone = _zone(probability, row.weights)
            number = self.things[row.place].number
            found.append(Pair(thing.number, number, probability, zone, row.weights, row.refused))
        return sorted(found, key=_best_first)


def _zone(probability: float, weights: tuple[Weight, ...]) -> Zone:
    """Zone of a pair: without a serial in common a person looks, however probable it is.

    Two things of one holder that were lost on one day agree in everything but their serials.
    """
    if probability < REVIEW:
        return "none"
    serials = next((w for w in weights if w.field == "serial"), None)
    identified = serials is not None and (
        serials.level in ("same", "look-alike", "part")
        or (serials.level == "one slip" and serials.bits > 3.0)
    )
    return "link" if probability >= LINK and identified else "review"


def _best_first(pair: Pair) -> tuple[float, float, str, str]:
    return -pair.probability, -sum(w.bits for w in pair.weights), pair.a, pair.b


def _one_record(a: Thing, b: Thing) -> bool:
    """The same row of the same list, which says nothing about itself."""
    return a.number == b.number and replace(a, kind=b.kind) == b


def _hopeless(a: Thing, b: Thing) -> bool:
    """Numbers one slip apart or very common, of different nuclides or different makers."""
    if a.nuclides and b.nuclides and a.nuclides.isdisjoint(b.nuclides):
        return True
    return bool(a.makers and b.makers) and {f for _, f in a.makers}.isdisjoint(
        f for _, f in b.makers
    )


def _device_agrees(a: Thing, b: Thing, population: Population) -> bool:
    """Whether the device is the same and only the source in it may have been changed."""
    devices_a = {s for s, of in a.serials if of == "device"}
    devices_b = {s for s, of in b.serials if of == "device"}
    makers = {f for _, f in a.makers} & {f for _, f in b.makers}
    return bool(makers) and any(
        m.level == "same" and m.one in devices_a and m.other in devices_b
        for m in match_serials(a, b, population)
    )


def _groups(things: list[Thing]) -> list[int]:
    """Number each thing; things that share a serial get one number."""
    group_of: dict[str, int] = {}
    groups = list(range(len(things)))

    def root(i: int) -> int:
        while groups[i] != i:
            groups[i] = groups[groups[i]]
            i = groups[i]
        return i

    for i, thing in enumerate(things):
        for serial, _ in thing.serials:
            if serial in group_of:
                groups[root(i)] = root(group_of[serial])
            else:
                group_of[serial] = i
    return [root(i) for i in range(len(things))]


def estimate_share(linker: Linker, scored: Sequence[list[_Scored]]) -> float:
    """Share of asked things that are in the list, by expectation and maximisation.

    Parameters
    ----------
    linker : Linker
        Its expected share is where the search starts.
    scored : sequence of list
        ``score`` of each asked thing.

    Returns
    -------
    float
        Between 0.001 and 0.95. Fewer than fifty asked things tell too little: the expected share
        of the linker stays.
    """
    if len(scored) < 50:
        return linker.expected_share
    share = linker.expected_share
    size = max(len(linker.things), WORLD)
    best = [
        max((2.0 ** min(r.bits, 300.0) for r in rows if not r.refused), default=0.0) / size
        for rows in scored
    ]
    for _ in range(40):
        odds = share / (1.0 - share)
        found = math.fsum(odds * b / (1.0 + odds * b) for b in best)
        share = min(0.95, max(0.001, (found + 0.5) / (len(scored) + 5.0)))
    return share


def link(
    asked: Sequence[Thing],
    things: Sequence[Thing],
    *,
    expected_share: float | None = None,
    keep_refused: bool = False,
    done: Callable[[int], None] | None = None,
) -> Iterator[Pair]:
    """Link every thing of one list with the things of another.

    Parameters
    ----------
    asked, things : sequence of Thing
        The two lists; they may be the same, then no thing is paired with itself and no pair comes
        twice.
    expected_share : float, optional
        Share of asked things that are in the list; estimated from the data unless given.
    keep_refused : bool
        Give pairs of the zone ``none`` too, with what speaks against them.
    done : callable, optional
        Called with the number of things asked for so far.

    Returns
    -------
    iterator of Pair
        Best first.
    """
    same_list = asked is things or list(asked) == list(things)
    linker = Linker(
        things,
        () if same_list else asked,
        expected_share=expected_share if expected_share is not None else EXPECTED_SHARE,
    )
    scored = []
    for number, thing in enumerate(asked, start=1):
        scored.append(linker.score(thing, keep_all=keep_refused))
        if done is not None:
            done(number)
    if expected_share is None:
        linker.expected_share = estimate_share(linker, scored)
    pairs: dict[tuple[str, str], Pair] = {}
    for thing, rows in zip(asked, scored, strict=True):
        for pair in linker.pairs(thing, rows):
            if pair.zone == "none" and not keep_refused:
                continue
            key = (min(pair.a, pair.b), max(pair.a, pair.b)) if same_list else (pair.a, pair.b)
            if key not in pairs or pair.probability > pairs[key].probability:
                pairs[key] = pair
    return iter(sorted(pairs.values(), key=_best_first))
