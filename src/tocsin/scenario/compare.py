"""The answer beside the truth: found, missed and false, and how right the answer is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.detection.analysis import Encounter
from tocsin.scenario.geometry import Anchor
from tocsin.scenario.truth import TrueSource, Truth

HALF_WINDOW_RECORDS = 5
"""An encounter's peak may miss the true stretch by so many records and still belong to it.

Five seconds, as in the scoring rule of the walk bench; a record of a scene lasts one second.
"""


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One source of the truth with the encounter that answers it, or an encounter with none.

    Attributes
    ----------
    verdict : {"found", "missed", "false"}
        ``false`` is an encounter where the truth holds nothing.
    source : TrueSource, optional
        None for a false encounter.
    encounter : int, optional
        Index of the encounter in the analysis; None where the source is missed.
    named : tuple of str
        Nuclides that the encounter names.
    answered_class : str
        Class of the encounter, empty where there is none.
    nuclide_right : bool, optional
        At least one of the names is right and none is wrong. None where there is nothing to
        compare, as for the three fields below: no encounter, no position, or natural material that
        was classed as such without a name.
    class_right : bool, optional
        The class of the encounter is that of the source.
    location_error_m : float, optional
        From the stated position to the true one.
    inside_95 : bool, optional
        The true position lies within the stated 95 % radius.
    extra_encounters : int
        Further encounters that belong to the same source: one source told twice is not false.
    """

    verdict: Literal["found", "missed", "false"]
    source: TrueSource | None
    encounter: int | None
    named: tuple[str, ...] = ()
    answered_class: str = ""
    nuclide_right: bool | None = None
    class_right: bool | None = None
    location_error_m: float | None = None
    inside_95: bool | None = None
    extra_encounters: int = 0

    @property
    def right(self) -> bool:
        """Found, rightly classed and not wrongly named."""
        return (
            self.verdict == "found" and bool(self.class_right) and self.nuclide_right is not False
        )


def compare(encounters: Sequence[Encounter], truth: Truth) -> tuple[ComparisonRow, ...]:
    """Set the encounters of an analysis beside the truth of its recording.

    An encounter belongs to the source whose stretch of half the highest expected rate, widened by
    5 records, holds the encounter's peak record; where the stretches of several do, to the one
    whose peak record is nearest. An encounter whose peak lies in no stretch belongs to a source
    when it covers the source's peak record.

    Parameters
    ----------
    encounters : sequence of Encounter
        Of ``tocsin.detection.analyze``; record numbers are those of the recording.
    truth : Truth
        Of the same recording.

    Returns
    -------
    tuple of ComparisonRow
        One per source in the truth's order, then one per false encounter in the order of time. Of
        several encounters of one source the one with the highest statistic answers.
    """
    owners = [_owner(e, truth.sources) for e in encounters]
    anchor = Anchor(*truth.anchor)
    rows = []
    for index, source in enumerate(truth.sources):
        mine = [i for i, owner in enumerate(owners) if owner == index]
        if not mine:
            rows.append(ComparisonRow("missed", source, None))
            continue
        best = max(mine, key=lambda i: encounters[i].statistic)
        rows.append(_found(source, best, encounters[best], anchor, len(mine) - 1))
    rows += [
        ComparisonRow("false", None, i, _names(encounters[i]), encounters[i].source_class)
        for i, owner in enumerate(owners)
        if owner is None
    ]
    return tuple(rows)


def _owner(encounter: Encounter, sources: Sequence[TrueSource]) -> int | None:
    peak = encounter.peak_record
    near = [
        (abs(peak - s.peak_record), i)
        for i, s in enumerate(sources)
        if s.first_record - HALF_WINDOW_RECORDS <= peak <= s.last_record + HALF_WINDOW_RECORDS
    ]
    if not near:
        near = [
            (abs(peak - s.peak_record), i)
            for i, s in enumerate(sources)
            if encounter.first_record <= s.peak_record <= encounter.last_record
        ]
    return min(near)[1] if near else None


def _names(encounter: Encounter) -> tuple[str, ...]:
    return tuple(n.name for n in encounter.nuclides)


def _found(
    source: TrueSource, index: int, encounter: Encounter, anchor: Anchor, extra: int
) -> ComparisonRow:
    named = _names(encounter)
    unnamed_norm = not named and encounter.source_class == source.source_class == "norm"
    error_m, inside = None, None
    if encounter.location is not None:
        x_m, y_m = anchor.to_metres(
            np.array([encounter.location.latitude_deg, source.latitude_deg]),
            np.array([encounter.location.longitude_deg, source.longitude_deg]),
        )
        error_m = float(math.hypot(x_m[0] - x_m[1], y_m[0] - y_m[1]))
        inside = error_m <= encounter.location.radius_m_95
    return ComparisonRow(
        verdict="found",
        source=source,
        encounter=index,
        named=named,
        answered_class=encounter.source_class,
        nuclide_right=None
        if unnamed_norm
        else bool(named) and all(n in source.accepted_names for n in named),
        class_right=encounter.source_class == source.source_class,
        location_error_m=error_m,
        inside_95=inside,
        extra_encounters=extra,
    )
