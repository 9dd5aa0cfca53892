"""A count rate and electronics from the options of ``tocsin detectors build``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from tocsin.detectors.construction import Construction
    from tocsin.detectors.counting import Counting

WORDS = {
    "threshold_keV": ("threshold", "--threshold-keV"),
    "dead_time_us": ("dead time", "--dead-time-us"),
    "pile_up_us": ("resolving time", "--pile-up-us"),
}


def counting_at(
    detector: Construction,
    rate_per_s: float | None,
    *,
    given: dict[str, float | None],
    paralysable: bool,
    gain: float,
) -> tuple[Counting | None, tuple[str, ...]]:
    """Electronics at a rate, and names of what is not known; None where no rate is asked.

    Raises
    ------
    InvalidInput
        When electronics are given without a rate, or a number is wrong.
    OutOfDomain
        When the rate is too high.
    """
    stated = {name: value for name, value in given.items() if value is not None}
    if rate_per_s is None:
        asked = [WORDS[name][1] for name in stated]
        asked += ["--paralysable"] * paralysable + ["--gain"] * (gain != 1.0)
        if asked:
            raise InvalidInput(f"{', '.join(asked)}: give the true rate too, --rate 5000")
        return None, ()
    from tocsin.detectors.counting import Counting
    from tocsin.detectors.electronics import stated_electronics

    electronics, unknown = stated_electronics(
        detector, given=stated, paralysable=paralysable, gain=gain
    )
    return Counting(electronics, rate_per_s), unknown


def left_out_remarks(detector: Construction, unknown: tuple[str, ...]) -> list[str]:
    """Sentences about what is not known of the electronics."""
    return [
        f"the {word} of {detector.name} is not known and is left out; {option} states one"
        for word, option in (WORDS[name] for name in unknown)
    ]
