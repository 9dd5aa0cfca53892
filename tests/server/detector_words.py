"""What a detector says of an encounter, for all tests that need such a message."""

from __future__ import annotations


def encounter_said(**more: object) -> dict[str, object]:
    """An encounter that is over, as ``tocsin.analysis/1`` has it."""
    return {
        "first_record": 3,
        "last_record": 9,
        "peak_record": 6,
        "start": "2026-03-03T12:00:00Z",
        "end": "2026-03-03T12:00:07Z",
        "statistic": 12.5,
        "threshold": 4.8,
        "false_alarm_rate_per_h": 1.0,
        "neutron": False,
        "dose_rate_uSv_h": None,
        "class": "industrial",
        "nuclear_material": False,
        "nuclides": [
            {"name": "Cs-137", "class": "industrial", "confidence": 0.97, "evidence": "662 keV"}
        ],
        "position": {"latitude": 46.28, "longitude": -119.27, "radius_m_95": 12.0},
        "activity_Bq": None,
    } | more


def said(number: int = 1, **more: object) -> dict[str, object]:
    """The message about an encounter that is over."""
    return {
        "stage": "closed",
        "number": number,
        "record": 14,
        "statistic": 12.5,
        "threshold": 4.8,
        "encounter": encounter_said(**more),
        "instrument": "Maker Pack 7",
        "realm": "EXERCISE",
        "versions": {"tocsin": "0.1.0", "algorithm": "1"},
    }
