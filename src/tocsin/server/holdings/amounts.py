r"""Amounts with standard uncertainties, and the difference between shipper and receiver.

Values are independent unless said otherwise: :math:`u^2(a \pm b) = u^2(a) + u^2(b)` (JCGM 100:2008,
5.1). A difference is called significant above :math:`k = 2` times its uncertainty. An amount
without an uncertainty says nothing of how well it is known: then nothing is called significant or
not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.errors import InvalidInput

COVERAGE = 2.0
"""Factor k beyond which a difference counts as significant; shown beside each."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A mass or an activity.

    Parameters
    ----------
    value : float
        In g or Bq.
    u : float or None
        Standard uncertainty (k = 1) in the same unit; None where none was stated.
    """

    value: float
    u: float | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise InvalidInput(f"an amount must be a number, not {self.value!r}")
        if self.u is not None and not (math.isfinite(self.u) and self.u >= 0.0):
            raise InvalidInput(f"an uncertainty must be zero or more, not {self.u!r}")

    def less(self, other: Amount) -> Amount:
        """What is left when the other is taken away."""
        return Amount(self.value - other.value, _together((self.u, other.u)))

    @classmethod
    def sum(cls, amounts: Iterable[Amount]) -> Amount:
        """Several together; without an uncertainty where one of them has none."""
        held = list(amounts)
        return cls(math.fsum(a.value for a in held), _together(a.u for a in held))


@dataclass(frozen=True, slots=True)
class Difference:
    """What one side states less what the other found.

    Parameters
    ----------
    value : float
    u : float or None
    significant : bool or None
        Whether it exceeds k = 2 times its uncertainty; None where one side stated none.
    """

    value: float
    u: float | None
    significant: bool | None

    @property
    def words(self) -> str:
        """In one line, for refusals and logs."""
        if self.u is None:
            return f"difference {self.value:+g} g, uncertainty not stated"
        verdict = "significant" if self.significant else "not significant"
        return f"difference {self.value:+g} g, u = {self.u:g} g, {verdict} (k = {COVERAGE:g})"


def difference(shipper: Amount, receiver: Amount) -> Difference:
    """Shipper-receiver difference.

    Examples
    --------
    >>> difference(Amount(100.0, 0.3), Amount(99.0, 0.4)).words
    'difference +1 g, u = 0.5 g, not significant (k = 2)'
    """
    found = shipper.less(receiver)
    if found.u is None:
        return Difference(found.value, None, None)
    return Difference(found.value, found.u, abs(found.value) > COVERAGE * found.u)


def _together(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    if any(u is None for u in known):
        return None
    return math.sqrt(math.fsum((u or 0.0) ** 2 for u in known))
