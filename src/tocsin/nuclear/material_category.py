"""Category of nuclear material for physical protection: INFCIRC/225/Rev.5, Table 1.

Masses are those of the element for plutonium and of the isotope for U-235 and U-233. Below
category III, and for natural or depleted uranium and thorium, the source asks for protection by
prudent management: no category. Materials of different rows are judged each by its own row: how
they add is not in the table.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.nuclear.category_data import category_rows

NATURAL_U235_PERCENT = 0.72
"""Weight share of U-235 in natural uranium (IUPAC 2013: atom share 0.7204 %, weight 0.711 %); up to
here uranium counts as natural. The greater of the two, rounded, so that an analysis of natural
uranium is not called enriched."""
GRADE_PERCENT = (10.0, 20.0)
"""Where the rows of enriched uranium part; each belongs to the higher row."""
PU238_EXCLUDED_PERCENT = 80.0
"""Plutonium with more Pu-238 than this is not in the table."""
MATERIALS = ("Pu", "U-235", "U-233")


@dataclass(frozen=True, slots=True)
class MaterialBounds:
    """One row of the table: the masses from which each category begins.

    Attributes
    ----------
    material, grade : str
        As the source names them.
    least_I_g, over_II_g, over_III_g : float or None
        Category I begins at the first; II and III above theirs, or at it where ``II_included`` or
        ``III_included``. None where the row has no such category.
    II_included, III_included : bool
        Whether the mass itself belongs to the category.
    """

    material: str
    grade: str
    least_I_g: float | None
    over_II_g: float | None
    over_III_g: float | None
    II_included: bool
    III_included: bool


@dataclass(frozen=True, slots=True)
class MaterialCategory:
    """Category of an amount of nuclear material.

    Attributes
    ----------
    category : str or None
        ``I``, ``II`` or ``III``; None below them.
    row : MaterialBounds or None
        The row of the table that decided; None where the table has none.
    reason : str
    """

    category: str | None
    row: MaterialBounds | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As ``tocsin category --json`` writes it."""
        return {
            "category": self.category,
            "row": None if self.row is None else f"{self.row.material}: {self.row.grade}",
            "reasons": [self.reason],
        }


@functools.lru_cache(maxsize=1)
def material_bounds() -> tuple[MaterialBounds, ...]:
    """Rows of the table for unirradiated material, in its order."""

    def mass(row: dict[str, str], name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return tuple(
        MaterialBounds(
            row["material"],
            row["grade"],
            mass(row, "least_I_g"),
            mass(row, "from_II_g"),
            mass(row, "from_III_g"),
            row["II_included"] == "1",
            row["III_included"] == "1",
        )
        for row in category_rows("material_categories.csv")
    )


def material_category(
    material: str,
    mass_g: float,
    *,
    u235_percent: float | None = None,
    pu238_percent: float = 0.0,
) -> MaterialCategory:
    """Category of unirradiated nuclear material.

    Parameters
    ----------
    material : {"Pu", "U-235", "U-233"}
    mass_g : float
        Mass in g of plutonium, of U-235 or of U-233; zero or more.
    u235_percent : float, optional
        Weight per cent of U-235 in the uranium; needed for U-235.
    pu238_percent : float
        Share of Pu-238 in the plutonium in per cent.

    Returns
    -------
    MaterialCategory

    Raises
    ------
    InvalidInput
        For another material, a negative or infinite mass, a share outside 0 to 100, or no
        enrichment for U-235.
    """
    if material not in MATERIALS:
        raise InvalidInput(f"no row for {material!r}: {', '.join(MATERIALS)}")
    if not (math.isfinite(mass_g) and mass_g >= 0.0):
        raise InvalidInput(f"the mass must be zero g or more, not {mass_g!r}")
    for share in (u235_percent, pu238_percent):
        if share is not None and not 0.0 <= share <= 100.0:
            raise InvalidInput(f"a share must be 0 to 100 per cent, not {share!r}")
    if material == "Pu" and pu238_percent > PU238_EXCLUDED_PERCENT:
        text = f"Plutonium with more than {PU238_EXCLUDED_PERCENT:g} % Pu-238 is not in the table."
        return MaterialCategory(None, None, text)
    of_material = [row for row in material_bounds() if row.material == material]
    if material != "U-235":
        return _judged(of_material[0], mass_g)
    if u235_percent is None:
        raise InvalidInput("U-235 needs the enrichment: weight per cent of U-235 in the uranium")
    if u235_percent <= NATURAL_U235_PERCENT:
        text = "Natural or depleted uranium: protected by prudent management, no category."
        return MaterialCategory(None, None, text)
    high, middle, low = of_material
    if u235_percent >= GRADE_PERCENT[1]:
        return _judged(high, mass_g)
    return _judged(middle if u235_percent >= GRADE_PERCENT[0] else low, mass_g)


def _judged(row: MaterialBounds, mass_g: float) -> MaterialCategory:
    def reached(bound: float | None, *, included: bool) -> bool:
        return bound is not None and (mass_g >= bound if included else mass_g > bound)

    name = f"{row.material} ({row.grade})" if row.grade else row.material
    said = f"{mass_g:.10g} g of {name}"
    steps = (
        ("I", row.least_I_g, True),
        ("II", row.over_II_g, row.II_included),
        ("III", row.over_III_g, row.III_included),
    )
    for category, bound, included in steps:
        if bound is not None and reached(bound, included=included):
            how = "from" if included else "above"
            text = f"{said}: category {category} {how} {bound:g} g."
            return MaterialCategory(category, row, text)
    text = f"{said}: below category III; protected by prudent management."
    return MaterialCategory(None, row, text)
