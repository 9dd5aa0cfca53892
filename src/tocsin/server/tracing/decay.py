"""What decay has left of what is in a source."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import Any

from tocsin.linkage.physics import DAY_S, decay_factor
from tocsin.nuclear import load_library


def activities_on(
    contents: Sequence[dict[str, Any]], day: dt.date
) -> Iterator[tuple[str, float | None, float, dt.date]]:
    """Activity of each part of a source on a day.

    Yields
    ------
    tuple
        Nuclide, activity in Bq on the day (None where its decay is not known), and what was stated
        with its day.
    """
    for part in contents:
        stated_Bq = float(part["activity_Bq"])
        stated_on = dt.date.fromisoformat(part["reference_date"])
        now_Bq = None
        if part["nuclide"] in load_library():
            factor = decay_factor(part["nuclide"], (day - stated_on).days * DAY_S)
            now_Bq = stated_Bq * factor if math.isfinite(factor) else None
        yield part["nuclide"], now_Bq, stated_Bq, stated_on
