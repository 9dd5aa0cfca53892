"""Short checklists of inspections, by practice: questions of Tocsin, not of a law.

No question asks how something is secured: the answer would be written down.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

GENERAL: dict[str, str | Promise] = {
    "licence": _("The licence is there and covers what is held"),
    "inventory": _("The holder's own inventory agrees with the register"),
    "labels": _("Sources and devices are marked and can be told apart"),
    "responsible": _("A responsible person is named and was present"),
    "leak_tests": _("Leak tests are dated and not overdue"),
    "receipts": _("Receipts and transfers since the last inspection are on paper"),
    "reporting": _("People know whom to call when a source is missing"),
    "disused": _("Sources that are out of use have an end of storage and a way out"),
}
"""Asked everywhere."""

BY_PRACTICE: dict[str, dict[str, str | Promise]] = {
    "radiography": {
        "radiography_log": _("The log shows where each projector was on every day"),
        "radiography_exchange": _("Old sources went back to the maker, with papers"),
    },
    "portable_gauge": {"gauge_log": _("The log shows who took each gauge and brought it back")},
    "well_logging": {
        "logging_log": _("The log shows where each tool was on every day"),
        "logging_abandoned": _("Tools left in a bore hole were reported"),
    },
    "brachytherapy_high": {"exchange": _("Old sources went back to the maker, with papers")},
    "teletherapy": {"teletherapy_end": _("There is a plan for the end of the source's use")},
    "irradiator": {"irradiator_end": _("There is a plan for the end of the sources' use")},
    "fixed_gauge_high": {"fixed_place": _("Each gauge hangs where the register says")},
    "fixed_gauge_low": {"fixed_place_low": _("Each gauge hangs where the register says")},
}
"""Asked where a practice is found."""


def questions_for(practices: Iterable[str]) -> dict[str, str | Promise]:
    """Questions by code, the general ones first."""
    found = dict(GENERAL)
    for practice in sorted(set(practices)):
        found |= BY_PRACTICE.get(practice, {})
    return found


def every_question() -> dict[str, str | Promise]:
    """All questions that there are."""
    return questions_for(BY_PRACTICE)
