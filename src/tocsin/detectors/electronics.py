"""Electronics of a detector: threshold, dead time, resolving time, gain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.detectors.construction import Construction
from tocsin.errors import InvalidInput

PARTS = ("threshold_keV", "dead_time_us", "pile_up_us")
"""What a detector's file may state a value of, and what is left out where it does not."""
LARGEST_US = 1e6
GAIN_RANGE = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Electronics:
    """How pulses become counts.

    Attributes
    ----------
    threshold_keV : float
        Pulses of this height start a count in half of all cases, on the scale of the channels; zero
        for none.
    threshold_sigma_keV : float
        Noise of the threshold, one standard deviation; zero for a sharp edge. The peak width of a
        detector holds the noise of the height, so this is the noise of the trigger alone.
    dead_time_us : float
        From the start of a count until the next one can start. It is never shorter than the
        resolving time: a pulse that is still being measured starts no other count.
    pile_up_us : float
        Resolving time: pulses that come within it after the start of a count add to its height.
    paralysable : bool
        Whether pulses that come in the dead time prolong it.
    gain : float
        Height of a pulse over its energy on the scale of the channels; 1 for no shift.

    Raises
    ------
    InvalidInput
        When a number is negative or not finite, a time above one second, or the gain beyond 0.5
        to 2.
    """

    threshold_keV: float = 0.0
    threshold_sigma_keV: float = 0.0
    dead_time_us: float = 0.0
    pile_up_us: float = 0.0
    paralysable: bool = False
    gain: float = 1.0

    def __post_init__(self) -> None:
        for name, unit in (
            ("threshold_keV", "keV"),
            ("threshold_sigma_keV", "keV"),
            ("dead_time_us", "us"),
            ("pile_up_us", "us"),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InvalidInput(f"{name} must be a number of {unit}, zero or more, got {value}")
            if unit == "us" and value > LARGEST_US:
                raise InvalidInput(f"{name} must be at most {LARGEST_US:g} us, got {value:g}")
        low, high = GAIN_RANGE
        if not low <= self.gain <= high:
            raise InvalidInput(f"gain must be {low:g} to {high:g}, got {self.gain:g}")

    @property
    def busy_s(self) -> float:
        """Time for which a count keeps others from starting, in s."""
        return 1e-6 * max(self.dead_time_us, self.pile_up_us)

    @property
    def described(self) -> dict[str, Any]:
        """For a manifest."""
        return {
            "threshold_keV": self.threshold_keV,
            "threshold_sigma_keV": self.threshold_sigma_keV,
            "dead_time_us": self.dead_time_us,
            "pile_up_us": self.pile_up_us,
            "paralysable": self.paralysable,
            "gain": self.gain,
        }


def stated_electronics(
    detector: Construction,
    *,
    given: Mapping[str, float] | None = None,
    paralysable: bool = False,
    threshold_sigma_keV: float = 0.0,
    gain: float = 1.0,
) -> tuple[Electronics, tuple[str, ...]]:
    """Electronics as the file of a detector states them.

    Parameters
    ----------
    detector : Construction
        Whose file states threshold, dead time and resolving time, or says that they are not known.
    given : mapping of str to float, optional
        Values of ``PARTS`` that go before those of the file.
    paralysable, threshold_sigma_keV, gain
        As in :class:`Electronics`; no file states them. The ``gain_drift`` of a file is the largest
        deviation that was seen, no gain of a certain moment, and is not used.

    Returns
    -------
    electronics : Electronics
        What is not known is left out: zero.
    unknown : tuple of str
        The names of what is left out.

    Raises
    ------
    InvalidInput
        For a name that is none of ``PARTS``, and as in :class:`Electronics`.
    """
    given = given or {}
    strange = sorted(set(given) - set(PARTS))
    if strange:
        raise InvalidInput(f"{', '.join(strange)}: known are {', '.join(PARTS)}")
    values = {name: detector.electronics[name].value for name in PARTS} | dict(given)
    known = {name: float(value) for name, value in values.items() if value is not None}
    found = Electronics(
        **known, paralysable=paralysable, threshold_sigma_keV=threshold_sigma_keV, gain=gain
    )
    return found, tuple(name for name in PARTS if name not in known)
