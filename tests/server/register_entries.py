"""A source as it is typed, for the tests of the register."""

from __future__ import annotations

import datetime as dt

GIVEN = {
    "holder": "Harbour Works",
    "nuclide": "Ir-192",
    "activity": "3.7 TBq",
    "reference_date": "2026-01-15",
    "manufacturer": "Ostrava Iso",
    "model": "IR-7",
    "serial": "IR1001",
    "device": "Projector",
    "practice": "radiography",
    "place": "Harbour, hall 3",
    "latitude": "14.68123",
    "longitude": "-17.43210",
    "made_on": "2026-01-10",
}
TODAY = dt.date(2026, 3, 3)
"""The day of the standing clock."""
