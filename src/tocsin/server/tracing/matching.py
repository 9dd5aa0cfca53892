"""One side against the other by ``tocsin.linkage``. Reads; writes nothing."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import tocsin
from tocsin.linkage.evidence import weigh
from tocsin.linkage.link import EXPECTED_SHARE, REVIEW, Linker, Pair
from tocsin.linkage.physics import veto
from tocsin.linkage.things import Thing
from tocsin.server.tracing.describing import Side, background

BACKGROUND_ROWS = 3_000
"""Sources of the register, at most, that tell how common a nuclide, a maker or a place is."""
EXHAUSTIVE = 5_000
"""Length of a list up to which everything in it is compared, a third of a second; beyond it what
has a number is sought by the index."""
MOST_KEPT = 20
"""Candidates of one row that are kept, the best: nobody looks at more."""
MOST_REFUSED = 3
"""Of those that physics forbids: shown so that nobody compares them anew by hand."""


@dataclass(frozen=True, slots=True)
class Match:
    """One side and what was compared with it.

    Parameters
    ----------
    found, lost : Side
        What was found, or the later report; what is missing, or the earlier one.
    pair : Pair
    prior_bits : float
        Odds before anything was compared, in bits.
    sign : str
        Hash of both descriptions and of the rules: the same as long as nothing changes.
    """

    found: Side
    lost: Side
    pair: Pair
    prior_bits: float
    sign: str

    @property
    def weights(self) -> list[dict[str, Any]]:
        """Weights as they are kept."""
        return [
            {"field": w.field, "bits": round(w.bits, 3), "why": w.why, "level": w.level}
            for w in self.pair.weights
        ]


@dataclass(slots=True)
class Against:
    """A list of sides, prepared to be asked.

    Parameters
    ----------
    sides : sequence of Side
    realm : str
    drawn_from : int
        Length of the list of which ``sides`` are a part that was sought.
    """

    sides: Sequence[Side]
    realm: str
    drawn_from: int = 0
    linker: Linker = field(init=False)

    def __post_init__(self) -> None:
        common: list[Thing] = background(self.realm, BACKGROUND_ROWS) if self.sides else []
        things = [side.thing for side in self.sides]
        self.linker = Linker(things, common, drawn_from=self.drawn_from)

    def matches(self, asked: Side) -> list[Match]:
        """What of the list may be the thing that is asked for, best first."""
        every = asked.anonymous or len(self.sides) <= EXHAUSTIVE
        scored = self.linker.score(asked.thing, keep_all=True, exhaustive=every)
        pairs = self.linker.pairs(asked.thing, scored)
        by_number = {side.thing.number: side for side in self.sides}
        kept: list[Match] = []
        refused = 0
        for pair in pairs:
            other = by_number[pair.b]
            if other.key == asked.key:
                continue
            if pair.zone == "none":
                if pair.refused is None or not _worth_a_line(asked, other):
                    continue
                refused += 1
                if refused > MOST_REFUSED:
                    continue
            elif len(kept) >= MOST_KEPT:
                break
            kept.append(Match(asked, other, pair, self.prior_bits, sign_of(asked, other)))
        return kept

    def may_be(self, asked: Side, side: Side) -> bool:
        """Whether a find could come to be looked at for one thing of the list."""
        if veto(asked.thing, side.thing) is not None:
            return False
        weights = weigh(asked.thing, side.thing, self.linker.population)
        odds = sum(w.bits for w in weights) + self.prior_bits
        return odds >= math.log2(REVIEW / (1.0 - REVIEW))

    @property
    def prior_bits(self) -> float:
        """Odds before anything is compared, in bits."""
        share = EXPECTED_SHARE / (1.0 - EXPECTED_SHARE)
        return math.log2(share / self.linker.size)


def _worth_a_line(one: Side, other: Side) -> bool:
    """Whether somebody would have compared the two: one nuclide or one number in common."""
    numbers = {s for s, _ in one.thing.serials} & {s for s, _ in other.thing.serials}
    return bool(numbers or one.thing.nuclides & other.thing.nuclides)


def versions() -> dict[str, str]:
    """What compared: version of Tocsin and of the data of the linkage."""
    return {"tocsin": tocsin.__version__, "linkage": _linkage()}


@cache
def _linkage() -> str:
    data = files("tocsin.linkage") / "data"
    content = b"".join(
        (data / name).read_bytes() for name in ("link_weights.json", "population.json")
    )
    return hashlib.sha256(content).hexdigest()[:12]


def sign_of(found: Side, lost: Side) -> str:
    """Hash of both descriptions and of the rules."""
    told = json.dumps([found.shown, lost.shown, versions()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
