"""Both sides of a comparison, field by field, as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.report.wording import becquerel_text
from tocsin.server.tracing.models import Comparison

OF = {
    "source": gettext_lazy("source"),
    "device": gettext_lazy("device"),
    "unknown": gettext_lazy("source or device"),
}
KINDS = {
    "lost": gettext_lazy("lost"),
    "stolen": gettext_lazy("stolen"),
    "found": gettext_lazy("found"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both sides; empty where a side does not give it."""

    label: str | Promise
    found: str
    lost: str


def rows_of_sides(comparison: Comparison) -> list[Line]:
    """Fields that at least one side gives."""
    lines = [
        Line(label, shown(comparison.found), shown(comparison.lost)) for label, shown in _FIELDS
    ]
    return [line for line in lines if line.found or line.lost]


def _joined(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda side: ", ".join(side.get(name, ()))


def _serials(side: Mapping[str, Any]) -> str:
    return ", ".join(f"{s['value']} ({OF[s['of']]})" for s in side.get("serials", ()))


def _activities(side: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{a['nuclide']} {becquerel_text(a['Bq'])}" for a in side.get("activities", ())
    )


def _measured(side: Mapping[str, Any]) -> str:
    return ", ".join(
        _("{nuclide} {low} to {high} (95 %, if nothing stands between)").format(
            nuclide=m["nuclide"],
            low=becquerel_text(m["low_95_Bq"]),
            high=becquerel_text(m["high_95_Bq"]),
        )
        for m in side.get("measured", ())
    )


def _near(side: Mapping[str, Any]) -> str:
    if side.get("latitude") is None:
        return str(side.get("place", ""))
    near = _("near {latitude}, {longitude} (to a tenth of a degree)").format(
        latitude=f"{side['latitude']:.1f}", longitude=f"{side['longitude']:.1f}"
    )
    return f"{side['place']}; {near}" if side.get("place") else near


_FIELDS: tuple[tuple[str | Promise, Callable[[Mapping[str, Any]], str]], ...] = (
    (gettext_lazy("What happened"), lambda side: str(KINDS.get(side.get("kind", ""), ""))),
    (gettext_lazy("When"), lambda side: str(side.get("date", ""))),
    (gettext_lazy("Where"), _near),
    (gettext_lazy("Nuclides"), _joined("nuclides")),
    (gettext_lazy("Activity on that day"), _activities),
    (gettext_lazy("Activity measured"), _measured),
    (gettext_lazy("Maker"), _joined("manufacturers")),
    (gettext_lazy("Model"), _joined("models")),
    (gettext_lazy("Serial numbers"), _serials),
    (gettext_lazy("Type of device"), _joined("device_types")),
)
