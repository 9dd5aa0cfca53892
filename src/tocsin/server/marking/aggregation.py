"""Many places together tell more than each: a long list of them is marked one level higher."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, TocsinError
from tocsin.server.accounts.models import Level
from tocsin.server.marking.highwater import Mark, raised
from tocsin.server.marking.policy import Reader

SCHEMA = "tocsin.aggregation/1"
VERIFICATIONS = ("read", "default", "unverified")


class PlacesWithheld(TocsinError):
    """So many places together are of a level for which the reader is not cleared."""

    def __init__(self, places: int, level: int) -> None:
        self.level = level
        super().__init__(
            _("{places} places together are {level}: you are not cleared for it.").format(
                places=places, level=Level(level).label
            )
        )


@dataclass(frozen=True, slots=True)
class Aggregation:
    """The rule in force.

    Parameters
    ----------
    most : int
        Rows with a place that may leave together at their own level.
    source : str
        Where the number comes from.
    verification : str
        ``read``, ``default`` or ``unverified``.
    """

    most: int
    source: str
    verification: str


def parse(text: str) -> Aggregation:
    """Read the rule from JSON.

    Raises
    ------
    InvalidInput
        Another schema, no number of rows or a negative one, no source or none of the verifications.
    """
    data = json.loads(text)
    if data.get("schema") != SCHEMA:
        raise InvalidInput(f"aggregation: schema must be {SCHEMA}")
    row = data.get("places", {})
    most = row.get("most")
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise InvalidInput("aggregation: most must be a number of rows, zero or more")
    if not row.get("source") or row.get("verification") not in VERIFICATIONS:
        raise InvalidInput("aggregation: a source and its verification are needed")
    return Aggregation(most, row["source"], row["verification"])


def in_force() -> Aggregation:
    """The State's own rule in the data folder, else the shipped one."""
    own = Path(settings.TOCSIN.data) / "aggregation.json"
    if own.is_file():
        return parse(own.read_text(encoding="utf-8"))
    shipped = files("tocsin.server.marking").joinpath("data/aggregation.json")
    return parse(shipped.read_text("utf-8"))


def together(reader: Reader, mark: Mark, *, places: int) -> Mark:
    """Mark of rows that leave together, of which so many tell a place.

    Raises
    ------
    PlacesWithheld
        The reader is not cleared for so many places at once.
    """
    higher = raised(mark, rows=places, limit=in_force().most)
    if higher.level > reader.person.clearance:
        raise PlacesWithheld(places, higher.level)
    return higher
