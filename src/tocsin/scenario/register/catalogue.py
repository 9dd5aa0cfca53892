"""What the holders of the fictional State have: models of sources, and kinds of holders.

Makers and models are invented. Magnitudes of new activities are of two origins, named per row of
``data/models.csv``: ``nrc_events``, the medians by nuclide of losses and thefts in the public US
NRC Event Notifications of 1999 to 2014 (Cs-137 with Am-241 in gauges 1.48 GBq, Ni-63 0.555 GBq,
Cd-109 0.555 GBq, Po-210 0.37 GBq, Kr-85 3.7 GBq; of Ir-192 the upper tenth, 3.3 TBq), and
``rs_g_1_9``, the ranges that IAEA Safety Guide RS-G-1.9 tells by practice, as remembered and
unverified. Shares, times of use and intervals of leak tests are choices that look like a country
with some industry.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

GBq = 1e9
OLDER_SHARE = 0.15
"""Share of the older form of serial numbers where a model has had two."""
BATCH_SPREAD = 0.03
"""Relative spread of new activities around the nominal one: sources are made to order within some
per cent."""
SPECIAL_ORDERS = 0.006
"""Share of sources that were made to a special order, half to four times the nominal activity."""


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A model of source and how it is used.

    Parameters
    ----------
    practices : tuple of str
        Codes as the register has them; one of them each time.
    maker, model, device : str
    choices : tuple of tuple of str
        Sets of nuclides, one of which is in a source.
    sizes_Bq : tuple of tuple of float
        Nominal activities, one for each nuclide; empty where any size of a range is made.
    range_Bq : tuple of float or None
        Smallest and largest where any size is made.
    weight : float
        Share among the positions of sources.
    serial, older_serial : str
        Form of serial numbers: ``#`` a digit, ``yy`` the year.
    holders : tuple of str
        Kinds of holders that have it.
    in_use_a : float
        Years until it is taken out of use.
    fate : str
        ``return`` to the maker abroad, ``exchange`` (the same at once with a new one in its place),
        ``disposal`` or ``decay``.
    leak_months : int
        Between leak tests; 0 for none.
    moves_a : float
        Uses elsewhere a year.
    """

    practices: tuple[str, ...]
    maker: str
    model: str
    choices: tuple[tuple[str, ...], ...]
    sizes_Bq: tuple[tuple[float, ...], ...]
    range_Bq: tuple[float, float] | None
    weight: float
    serial: str
    older_serial: str
    device: str
    holders: tuple[str, ...]
    in_use_a: float
    fate: str
    leak_months: int
    moves_a: float

    def new_activity_Bq(self, random: np.random.Generator) -> tuple[float, ...]:
        """Activities of a new source."""
        if self.range_Bq is not None:
            low, high = np.log(self.range_Bq)
            return (float(np.exp(random.uniform(low, high))),)
        nominal = self.sizes_Bq[int(random.integers(len(self.sizes_Bq)))]
        special = float(random.uniform(0.5, 4.0)) if random.random() < SPECIAL_ORDERS else 1.0
        return tuple(a * special * float(random.normal(1.0, BATCH_SPREAD)) for a in nominal)

    def spans(self, activity_Bq: float) -> bool:
        """Whether sources of this model with such an activity would surprise nobody."""
        if self.range_Bq is not None:
            low, high = self.range_Bq
        else:
            first = [sizes[0] for sizes in self.sizes_Bq]
            low, high = min(first), max(first)
        return low / WITHIN <= activity_Bq <= high * WITHIN


WITHIN = 4.0
"""Special orders go as far beyond the sizes of a model."""


@cache
def source_models() -> tuple[SourceModel, ...]:
    """The models, as the data file lists them."""
    path = files("tocsin.scenario.register") / "data" / "models.csv"
    found = []
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        sizes = row["sizes_GBq"]
        between = tuple(float(a) * GBq for a in sizes.split("..")) if ".." in sizes else None
        found.append(
            SourceModel(
                practices=tuple(row["practice"].split()),
                maker=row["maker"],
                model=row["model"],
                choices=tuple(
                    tuple(n.strip() for n in choice.split(" + "))
                    for choice in row["nuclides"].split(" or ")
                ),
                sizes_Bq=()
                if between
                else tuple(
                    tuple(float(a) * GBq for a in size.split("+")) for size in sizes.split("|")
                ),
                range_Bq=(between[0], between[1]) if between else None,
                weight=float(row["weight"]),
                serial=row["serial"],
                older_serial=row["older_serial"],
                device=row["device"],
                holders=tuple(row["holders"].split()),
                in_use_a=float(row["in_use_a"]),
                fate=row["fate"],
                leak_months=int(row["leak_months"]),
                moves_a=float(row["moves_a"]),
            )
        )
    return tuple(found)
