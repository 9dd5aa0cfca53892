"""What was measured for one chronometer: a ratio, or daughter and parent each in its own unit."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from tocsin.errors import InvalidInput
from tocsin.forensics.chronometry_chain import Chain
from tocsin.forensics.chronometry_units import KINDS, Unit


@dataclass(frozen=True, slots=True)
class SharedPart:
    """A part of a ratio's uncertainty that it shares with other ratios (a spike, a standard).

    Attributes
    ----------
    name : str
        Ratios that name the same thing share it.
    relative_standard_uncertainty : float
        Signed: ratios on which the shared thing acts in opposite directions have opposite signs.
    """

    name: str
    relative_standard_uncertainty: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """A measured ratio of daughter to parent.

    Attributes
    ----------
    value : float
        More than zero; with ``less_than`` the detection limit.
    standard_uncertainty : float
        k = 1, all parts together.
    kind : str
        ``atom``, ``mass`` or ``activity``.
    less_than : bool
        The daughter was not detected.
    shared : tuple of SharedPart
        Parts of the uncertainty that are shared.
    """

    value: float
    standard_uncertainty: float
    kind: str
    less_than: bool = False
    shared: tuple[SharedPart, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInput(f"kind of a ratio must be one of {', '.join(KINDS)}")
        if not (math.isfinite(self.value) and self.value > 0.0):
            raise InvalidInput(
                f"a ratio must be more than zero, not {self.value!r}; where the daughter was not "
                "detected, state the detection limit as a ratio with less_than"
            )
        _check_sigma("ratio", self.standard_uncertainty)
        common = math.hypot(*(p.relative_standard_uncertainty for p in self.shared))
        if common * self.value > self.standard_uncertainty * (1 + 1e-9):
            raise InvalidInput(
                "the shared parts are larger than the whole uncertainty of the ratio"
            )


@dataclass(frozen=True, slots=True)
class Amount:
    """A measured amount; with ``less_than`` a detection limit."""

    value: float
    standard_uncertainty: float
    unit: Unit
    less_than: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0.0):
            raise InvalidInput(f"an amount must be more than zero, not {self.value!r}")
        _check_sigma("amount", self.standard_uncertainty)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Daughter and parent measured each in its own unit, with their correlation."""

    daughter: Amount
    parent: Amount
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if self.daughter.unit.per != self.parent.unit.per:
            raise InvalidInput(
                f"amounts must be per the same thing: {self.daughter.unit.text} and "
                f"{self.parent.unit.text} are not"
            )
        if self.parent.less_than:
            raise InvalidInput("the parent was not detected: there is nothing to date with")
        if not -1.0 <= self.correlation <= 1.0:
            raise InvalidInput(f"correlation must lie between -1 and 1: {self.correlation!r}")


@dataclass(frozen=True, slots=True)
class Initial:
    """Daughter that was there at the start, as a ratio of the same kind at that time."""

    value: float
    standard_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value >= 0.0):
            raise InvalidInput(f"initial daughter must be zero or more, not {self.value!r}")
        _check_sigma("initial daughter", self.standard_uncertainty)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one chronometer needs.

    Attributes
    ----------
    parent, daughter : str
        Names in any customary spelling.
    measured : Ratio or Amounts
        What was measured, decay-corrected to ``measured_on``.
    measured_on : date, optional
        Reference date of the measured values.
    initial : Initial or None
        None where it is not known; the age is then that of complete purification.
    chain : Chain, optional
        Another chain than the complete one, for comparison with published formulas.
    """

    parent: str
    daughter: str
    measured: Ratio | Amounts
    measured_on: dt.date | None = None
    initial: Initial | None = None
    chain: Chain | None = None

    @property
    def less_than(self) -> bool:
        """Whether the daughter was not detected."""
        if isinstance(self.measured, Ratio):
            return self.measured.less_than
        return self.measured.daughter.less_than


def _check_sigma(what: str, sigma: float) -> None:
    if not (math.isfinite(sigma) and sigma >= 0.0):
        raise InvalidInput(f"standard uncertainty of the {what} must be zero or more: {sigma!r}")
