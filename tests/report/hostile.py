"""A recording whose every text tries to get out of the report."""

from __future__ import annotations

import dataclasses
from typing import Any

from made_by_hand import Made, survey_made

from tocsin.spectra import InstrumentNuclide, InstrumentResult, RecordingWarning

PAYLOADS = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style><style>body{display:none}</style>",
    "</title><meta http-equiv=refresh content='0;url=//evil.example'>",
    "<!-- --><iframe src=//evil.example>",
    "javascript:alert(1) $\\frac{1}{$ [bold red]x[/] [/nope]",
    "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07 \u202egnp.exe\u2066 \x00 é 漢字",
)
ALL = " ".join(PAYLOADS)


def poisoned(value: Any, *, skip: frozenset[str] = frozenset()) -> Any:
    """Copy of a value object with every free text replaced by all payloads."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        if field.name in skip:
            continue
        old = getattr(value, field.name)
        if isinstance(old, str):
            changes[field.name] = ALL
        elif isinstance(old, tuple) and old and all(isinstance(v, str) for v in old):
            changes[field.name] = (ALL,) * len(old)
        elif isinstance(old, tuple) and old and all(dataclasses.is_dataclass(v) for v in old):
            changes[field.name] = tuple(poisoned(v, skip=skip) for v in old)
        elif dataclasses.is_dataclass(old) and not isinstance(old, type):
            changes[field.name] = poisoned(old, skip=skip)
    return dataclasses.replace(value, **changes)


def hostile_survey() -> Made:
    """Survey whose texts are payloads; what is a fixed set of words stays (class, kind, realm)."""
    made = survey_made(n_record=60)
    fixed = frozenset(
        {"source_class", "nuclide_class", "kind", "background_used", "realm", "strip"}
    )
    analysis = poisoned(made.analysis, skip=fixed)
    instrument = dataclasses.replace(
        analysis.instrument, versions=(("Firmware" + ALL, ALL), (ALL, "2"))
    )
    warnings = (RecordingWarning(ALL, ALL),) * 3
    analysis = dataclasses.replace(
        analysis, instrument=instrument, warnings=warnings, versions={"tocsin": ALL, ALL: "1"}
    )
    results = (
        InstrumentResult(ALL, ALL, ALL, ALL, (InstrumentNuclide(ALL, ALL, ALL),), (ALL,), (ALL,)),
    )
    recording = dataclasses.replace(
        made.recording, remarks=(ALL, ALL), results=results, file_name=ALL, file_format=ALL
    )
    return Made(analysis, recording)
