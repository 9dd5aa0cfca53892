"""What pages of oversight take."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.models import Compartment
from tocsin.server.oversight.models import (
    Ending,
    GoalState,
    Grade,
    Outcome,
    Reason,
)


def _day(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **more)


def _words(label: Any, rows: int = 3, most: int = 2000, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, widget=forms.Textarea({"rows": rows}), **more
    )


class PlanForm(forms.Form):
    """An inspection that is planned."""

    planned_on = _day(_("Day"))
    announced = forms.BooleanField(
        label=_("Announced to the holder"),
        required=False,
        help_text=_("Of an inspection that is not announced the holder sees nothing before."),
    )
    reason = _words(_("Why this holder, why now"), most=1000)


class DoneForm(forms.Form):
    """An inspection that was done."""

    done_on = _day(_("Done on"))
    present = forms.CharField(
        label=_("Present, by function"),
        max_length=400,
        help_text=_("For example: radiation protection officer, store keeper. No names."),
    )
    note = _words(_("Note"), required=False)


class FindingForm(forms.Form):
    """A finding."""

    grade = forms.ChoiceField(label=_("Grade"), choices=Grade.choices)
    requirement = _words(
        _("Requirement that is not met"),
        2,
        300,
        help_text=_(
            "In the words of the rule. How something is secured, and what is weak about it, does "
            "not belong here."
        ),
    )
    due_on = _day(_("To be mended by"))


class NoteForm(forms.Form):
    """Words for a step."""

    note = _words(_("Why, or what was done"), 2)
    due_on = _day(_("New day, where it changes"), required=False)


class GoalForm(forms.Form):
    """What was found of a goal."""

    state = forms.ChoiceField(label=_("Found"), choices=GoalState.choices)
    looked_on = _day(_("Looked on"))
    valid_until = _day(_("Valid until"), required=False)
    reference = forms.CharField(
        label=_("Number of the file"),
        max_length=40,
        required=False,
        help_text=_(
            "Where more is written, in a place of its own. Measures are not described here: a "
            "register that tells how sources are secured is worth more to a thief than the sources."
        ),
    )
    compartment = forms.ModelChoiceField(
        queryset=Compartment.objects.none(),
        label=_("Only for this compartment"),
        required=False,
        empty_label=_("all who are cleared"),
    )

    def __init__(self, compartments: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["compartment"].queryset = compartments  # type: ignore[attr-defined]


class YearForm(forms.Form):
    """A reconciliation that is opened."""

    year = forms.IntegerField(label=_("Year"), min_value=1990, max_value=2200)
    due_on = _day(
        _("Own deadline"),
        required=False,
        help_text=_("Left empty, the country profile says when."),
    )


class NotHereForm(forms.Form):
    """A source that is not there."""

    note = _words(_("What you know of it: since when, where it may be"), 2, 1000)


class ExtraForm(forms.Form):
    """A source that is there and not in the list."""

    what = _words(_("What it is: nuclide, maker, serial number, as far as you can read it"), 2, 700)
    place = forms.CharField(label=_("Where it is"), max_length=200, required=False)


class SettleForm(forms.Form):
    """How a discrepancy ended."""

    ending = forms.ChoiceField(label=_("How it ended"), choices=Ending.choices)
    note = _words(_("Which report, which transaction, what was looked at"), 2, 1000)


class CampaignForm(forms.Form):
    """A search campaign."""

    title = forms.CharField(label=_("Title"), max_length=200)
    area = forms.CharField(
        label=_("Area, in words"), max_length=400, help_text=_("Coarse: a district, a works.")
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=Reason.choices)
    history = _words(_("What is known: last holders, old licences, practices"), 4, 4000)


class LeadForm(forms.Form):
    """A lead."""

    said_by = forms.CharField(label=_("Who said it, by function"), max_length=200)
    what = _words(_("What was said"), 2, 1000)


class SearchForm(forms.Form):
    """A place that was searched."""

    place = forms.CharField(label=_("Place, in words"), max_length=300)
    on = _day(_("When"))
    searched_by = forms.CharField(label=_("By whom, by function"), max_length=200)
    means = forms.CharField(
        label=_("With what"),
        max_length=200,
        help_text=_("Instrument, or the number of the measurement."),
    )
    outcome = forms.ChoiceField(label=_("Result"), choices=Outcome.choices)
    note = _words(_("Note"), 2, 1000, required=False)


class DiscoveryForm(forms.Form):
    """A find."""

    what = forms.CharField(label=_("What was found"), max_length=400)
    on = _day(_("When"))
    source = forms.CharField(
        label=_("Entry of the register"),
        max_length=20,
        required=False,
        help_text=_("The name that begins with S-, once it is registered."),
    )


class EndForm(forms.Form):
    """The end of a campaign."""

    result = _words(_("Result"), 3, 4000)
    lessons = _words(_("What was learned"), 3, 4000)
