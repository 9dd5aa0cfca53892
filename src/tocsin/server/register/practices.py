"""Practices in which sources are used, and the category that is usual for each."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from django.utils.translation import gettext_lazy as _

NAMES = {
    "irradiator": _("irradiator"),
    "teletherapy": _("teletherapy"),
    "rtg": _("thermoelectric generator"),
    "radiography": _("industrial radiography"),
    "brachytherapy_high": _("brachytherapy, high or medium dose rate"),
    "fixed_gauge_high": _("fixed gauge, high activity"),
    "well_logging": _("well logging"),
    "brachytherapy_low": _("brachytherapy, low dose rate"),
    "fixed_gauge_low": _("fixed gauge, low activity"),
    "portable_gauge": _("portable moisture or density gauge"),
    "static_eliminator": _("static eliminator"),
    "calibration": _("calibration"),
    "xrf": _("X-ray fluorescence"),
    "electron_capture": _("electron capture detector"),
    "research": _("research"),
    "other": _("other"),
}


@cache
def usual_category() -> dict[str, int | None]:
    """Category that is usual for a practice, unverified; None where there is none."""
    text = (files("tocsin.server.register") / "data" / "practices.csv").read_text(encoding="utf-8")
    return {
        row["code"]: int(row["default_category"]) if row["default_category"] else None
        for row in csv.DictReader(text.splitlines())
    }
