"""The yearly series of the ITDB, as published, beside which a State may set its own."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from tocsin.server.statistics.counting import Table

VINTAGE = "2025"
"""Edition of the series."""
EDITION = "2024"
"""Edition of the definitions of its groups."""
GROUPS = ("I", "II", "III")


@cache
def series() -> Table:
    """Incidents reported to the ITDB by year and group."""
    text = (files(__package__) / "data" / "itdb_by_group.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return Table(
        [int(row["year"]) for row in rows],
        list(GROUPS),
        [[int(row[f"group_{code}"]) for code in GROUPS] for row in rows],
    )
