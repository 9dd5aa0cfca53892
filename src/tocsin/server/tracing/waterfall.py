"""The weights of a comparison as a waterfall: from the odds before to the odds after."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.server.tracing.models import Comparison

WIDTH, LEFT, RIGHT, TOP, ROW = 640, 130, 70, 34, 26
MOST_BITS = 60.0
FIELDS = {
    "serial": gettext_lazy("serial number"),
    "maker": gettext_lazy("maker"),
    "model": gettext_lazy("model"),
    "nuclides": gettext_lazy("nuclides"),
    "activity": gettext_lazy("activity"),
    "ratio": gettext_lazy("ratio of two nuclides"),
    "device type": gettext_lazy("type of device"),
    "holder": gettext_lazy("owner or licence"),
    "place": gettext_lazy("place"),
    "time": gettext_lazy("time"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One step.

    Parameters
    ----------
    label, why : str
    bits : float
        What it adds, or for a total where it stands.
    x, width, y : float
        Its rectangle; ``middle`` is the height of its text.
    total : bool
        Whether it stands from zero: the odds before or after.
    """

    label: str
    why: str
    bits: float
    x: float
    width: float
    y: float
    middle: float
    text_x: float
    total: bool = False

    @property
    def shown(self) -> str:
        """Bits with their sign."""
        return f"{self.bits:+.1f}"

    @property
    def against(self) -> bool:
        """Whether it speaks against the two being one."""
        return self.bits < 0.0


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars and the frame around them."""

    bars: tuple[Bar, ...]
    zero_x: float
    width: int
    height: int
    left: int
    bottom: int
    certain_x: float
    """Where the odds are nineteen to one: from there on a link is proposed."""


def chart_of(comparison: Comparison) -> Chart:
    """The chart of a comparison.

    Odds of two to the power of n are n bits: each bit doubles them. Zero are even odds.
    """
    steps = [
        (str(FIELDS.get(w["field"], w["field"])), w["why"], float(w["bits"]))
        for w in comparison.weights
    ]
    before = comparison.prior_bits
    after = _odds(comparison.probability)
    rest = after - before - sum(bits for _label, _why, bits in steps)
    if comparison.refused:
        steps.append((_("physics"), comparison.refused, rest))
    elif abs(rest) > 0.05:
        why = _("other candidates compete for it, or the bits are cut where they mean certainty")
        steps.append((_("others"), why, rest))
    ends = [before]
    for _label, _why, bits in steps:
        ends.append(ends[-1] + bits)
    low, high = min(0.0, *ends), max(_odds(0.95), *ends)
    scale = (WIDTH - LEFT - RIGHT) / max(high - low, 1.0)

    def at(value: float) -> float:
        return round(LEFT + (value - low) * scale, 1)

    bars = [
        _bar(
            _("before comparing"),
            _("how often a find is on the list at all"),
            before,
            0.0,
            before,
            0,
            at,
            total=True,
        )
    ]
    for number, (label, why, bits) in enumerate(steps, start=1):
        bars.append(_bar(label, why, bits, ends[number - 1], ends[number], number, at))
    bars.append(_bar(_("after comparing"), "", after, 0.0, after, len(steps) + 1, at, total=True))
    height = TOP + ROW * len(bars) + 10
    return Chart(tuple(bars), at(0.0), WIDTH, height, LEFT, height - 10, at(_odds(0.95)))


def _bar(
    label: str,
    why: str,
    bits: float,
    start: float,
    end: float,
    number: int,
    at: Callable[[float], float],
    *,
    total: bool = False,
) -> Bar:
    first, last = sorted((at(start), at(end)))
    y = TOP + ROW * number
    return Bar(
        label=label,
        why=why,
        bits=bits,
        x=first,
        width=max(2.0, round(last - first, 1)),
        y=y,
        middle=y + 14,
        text_x=min(WIDTH - RIGHT + 6.0, last + 6.0),
        total=total,
    )


def _odds(probability: float) -> float:
    """Probability as odds in bits, cut where it means certainty."""
    share = min(1.0 - 1e-15, max(1e-15, probability))
    return max(-MOST_BITS, min(MOST_BITS, math.log2(share / (1.0 - share))))
