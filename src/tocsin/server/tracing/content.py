"""The words of an alert sheet in both languages, from a source of the register."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.nuclear import CURIE_Bq, source_category
from tocsin.report.wording import becquerel_text, digits
from tocsin.server.register.models import Source
from tocsin.server.tracing.advice import LANGUAGES, advice_for, danger_of
from tocsin.server.tracing.decay import activities_on

SCHEMA = "tocsin.alert-sheet/1"


@dataclass(frozen=True, slots=True)
class Told:
    """What the person who issues a sheet says.

    Parameters
    ----------
    call : str
        Whom to call.
    where : str
        Where it was last, as the sheet is to say it.
    looks : str
        What it looks like, in words.
    """

    call: str
    where: str
    looks: str


def sheet_content(source: Source, told: Told, day: dt.date) -> tuple[dict[str, Any], int | None]:
    """Every word of a sheet by language, and the category of the day.

    Nothing is in it that the register or the issuing person does not say: what is not known is
    left out or said to be unknown. The holder is not named.
    """
    found = source_category(source.activities(), on=day)
    content: dict[str, Any] = {"schema": SCHEMA}
    for language in LANGUAGES:
        with translation.override(language):
            content[language] = _in_language(source, told, day, found.category, language)
    return content, found.category


def _in_language(
    source: Source, told: Told, day: dt.date, category: int | None, language: str
) -> dict[str, Any]:
    danger, advice = danger_of(category), advice_for(category)
    bases = dict.fromkeys(line.basis(language) for line in (danger, *advice))
    return {
        "title": _("Missing: radioactive source {nuclides}").format(nuclides=source.nuclides),
        "status": _status(source, day),
        "danger": danger.words[language],
        "rows": [list(row) for row in _rows(source, told, day, category) if row[1]],
        "advice_title": _("What to do"),
        "advice": [line.words[language] for line in advice],
        "call_title": _("Whom to call"),
        "bases_title": _("Where this comes from"),
        "bases": list(bases),
        "picture": _("Photograph of the source or its device"),
    }


def _status(source: Source, day: dt.date) -> str:
    days = max(0, (day - source.since).days)
    counted = ngettext("{n} day", "{n} days", days).format(n=days)
    return _("{what} since {since} ({days} by {day})").format(
        what=source.get_status_display(), since=source.since, days=counted, day=day
    )


def _rows(source: Source, told: Told, day: dt.date, category: int | None) -> list[tuple[str, str]]:
    unknown = _("not known")
    rows = [
        (_("Maker and model"), f"{source.manufacturer} {source.model}".strip() or unknown),
        (_("Serial number of the source"), source.serial or unknown),
        (_("Device"), source.device or unknown),
        (_("Serial number of the device"), source.device_serial or unknown),
    ]
    for nuclide, activity_Bq, stated_Bq, stated_on in activities_on(source.contents, day):
        rows.append((nuclide, _activity(activity_Bq, stated_Bq, stated_on, day)))
    if category is None:
        rows.append((_("Category"), unknown))
    else:
        rows.append(
            (_("Category"), _("{n} of 5 on {day} (1 is the gravest)").format(n=category, day=day))
        )
    coarse = source.coarse_place
    if coarse is not None:
        near = _("near {latitude}, {longitude} (to a tenth of a degree)").format(
            latitude=f"{coarse[0]:.1f}", longitude=f"{coarse[1]:.1f}"
        )
        rows.append((_("Last place"), f"{told.where}; {near}" if told.where else near))
    else:
        rows.append((_("Last place"), told.where or unknown))
    rows.append((_("What it looks like"), told.looks))
    return rows


def _activity(activity_Bq: float | None, stated_Bq: float, stated_on: dt.date, day: dt.date) -> str:
    stated = becquerel_text(stated_Bq, significant=3)
    if activity_Bq is None:
        return _("{stated} on {stated_on}; its decay is not known").format(
            stated=stated, stated_on=stated_on
        )
    return _("{now} ({curies} Ci) on {day}, by decay from {stated} on {stated_on}").format(
        now=becquerel_text(activity_Bq, significant=3),
        curies=digits(activity_Bq / CURIE_Bq, significant=2),
        day=day,
        stated=stated,
        stated_on=stated_on,
    )
