"""Tables of the categories of sources and of nuclear material, checked against their manifest."""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from tocsin.errors import ParseError

NOT_FOR_DECISIONS: Mapping[str, str] = {
    "recalled-unverified": "is unverified",
    "unchecked": "looks misprinted in its source",
}
"""How a value was taken over, where it is shown but never counted, and why."""


@dataclass(frozen=True, slots=True)
class DValue:
    """Dangerous quantity of a nuclide.

    Attributes
    ----------
    nuclide : str
        Canonical name.
    value_Bq : float or None
        None where it is unlimited.
    with_progeny : bool
        The value includes the progeny.
    exemption_Bq : float or None
        Exemption activity of the same source.
    confidence : str
        How the number was taken over; those of ``NOT_FOR_DECISIONS`` are not counted.
    note : str
        To be shown with the value.
    source : str
        Title of the publication.
    """

    nuclide: str
    value_Bq: float | None
    with_progeny: bool
    exemption_Bq: float | None
    confidence: str
    note: str
    source: str

    @property
    def verified(self) -> bool:
        """Whether the value may be used for a decision."""
        return self.confidence not in NOT_FOR_DECISIONS


@functools.lru_cache(maxsize=1)
def d_values() -> Mapping[str, DValue]:
    """Dangerous quantities by canonical name. An absent nuclide has none known: not harmless.

    Source: column 4 of StrlSchV 2018 (Germany), which takes the values of IAEA EPR-D-VALUES 2006.
    """
    titles = _manifest()["sources"]
    return {
        row["nuclide"]: DValue(
            row["nuclide"],
            float(row["D_TBq"]) * 1e12 if row["D_TBq"] else None,
            row["with_progeny"] == "1",
            float(row["exemption_activity_Bq"]) if row["exemption_activity_Bq"] else None,
            row["confidence"],
            row["note"],
            titles[row["source"]]["title"],
        )
        for row in category_rows("d_values.csv")
    }


@dataclass(frozen=True, slots=True)
class SourceBoundary:
    """The least A/D that puts a source into a category, and the default security level of it.

    Attributes
    ----------
    category : int
        1 (most dangerous) to 5.
    least_A_over_D : float
        Belongs to the category; 0 for category 5, which ends at the exemption level.
    security_level : str or None
        A, B or C; None where basic safety measures are enough.
    security_goal : str
        In the words of the source.
    """

    category: int
    least_A_over_D: float
    security_level: str | None
    security_goal: str


@functools.lru_cache(maxsize=1)
def source_boundaries() -> tuple[SourceBoundary, ...]:
    """Boundaries of the categories of sources, gravest first (RS-G-1.9; NSS 11 Table 5)."""
    return tuple(
        SourceBoundary(
            int(row["category"]),
            float(row["least_A_over_D"]),
            row["security_level"] or None,
            row["security_goal"],
        )
        for row in category_rows("source_categories.csv")
    )


def category_rows(name: str) -> list[dict[str, str]]:
    """Rows of one table.

    Raises
    ------
    ParseError
        If the file does not match its manifest.
    """
    content = _folder().joinpath(name).read_bytes()
    if hashlib.sha256(content).hexdigest() != _manifest()["files"][name]:
        raise ParseError(
            "the data file does not match its manifest; reinstall Tocsin",
            code="checksum",
            file=name,
        )
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def _folder() -> resources.abc.Traversable:
    return resources.files("tocsin.nuclear") / "data" / "categories"


@functools.lru_cache(maxsize=1)
def _manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        _folder().joinpath("manifest.json").read_text(encoding="utf-8")
    )
    return found
