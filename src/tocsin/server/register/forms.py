"""What pages of the register take."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Organisation
from tocsin.server.register.life import Kind
from tocsin.server.register.practices import NAMES
from tocsin.server.register.services import EXPLAINED, PLACED


class EntryForm(forms.Form):
    """A source, as it is typed; what the words mean is checked by ``entries``."""

    holder = forms.CharField(label=_("Holder"), max_length=200)
    nuclide = forms.CharField(
        label=_("Nuclide"),
        max_length=200,
        help_text=_("Several are divided by semicolons: Am-241; Cs-137"),
    )
    activity = forms.CharField(
        label=_("Activity with unit"), max_length=200, help_text=_("For example 3.7 GBq or 8 mCi")
    )
    reference_date = forms.CharField(
        label=_("Reference date of the activity"), max_length=200, help_text="2026-01-31"
    )
    manufacturer = forms.CharField(label=_("Maker"), max_length=120, required=False)
    model = forms.CharField(label=_("Model"), max_length=120, required=False)
    serial = forms.CharField(label=_("Serial number"), max_length=100, required=False)
    device = forms.CharField(label=_("Device"), max_length=200, required=False)
    device_serial = forms.CharField(
        label=_("Serial number of the device"), max_length=100, required=False
    )
    practice = forms.ChoiceField(
        label=_("Practice"), choices=[("", _("not stated")), *NAMES.items()], required=False
    )
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    latitude = forms.CharField(label=_("Latitude"), max_length=20, required=False)
    longitude = forms.CharField(label=_("Longitude"), max_length=20, required=False)
    made_on = forms.CharField(label=_("Made on"), max_length=10, required=False)
    leak_test_on = forms.CharField(label=_("Last leak test"), max_length=10, required=False)
    reference = forms.CharField(label=_("Number in the register"), max_length=60, required=False)


class CorrectionForm(EntryForm):
    """What is written of a source, and why it is written anew."""

    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea({"rows": 2}))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ReportForm(forms.Form):
    """What happened to a source; only what this kind of report needs is asked."""

    happened_on = forms.DateField(
        label=_("When"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, kind: Kind, today: dt.date, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["happened_on"].initial = today
        if kind is Kind.TRANSFER:
            self.fields["receiver"] = forms.CharField(
                label=_("To whom"),
                max_length=200,
                help_text=_("The exact name or the licence number of the receiver."),
            )
        if kind in PLACED:
            self.fields["place"] = forms.CharField(
                label=_("Where it is now"), max_length=200, required=kind is Kind.MOVE
            )
        if kind is Kind.DISUSE:
            self.fields["storage_until"] = forms.DateField(
                label=_("Storage permitted until"),
                required=False,
                widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            )
        note = kind in EXPLAINED
        self.fields["note"] = forms.CharField(
            label=_("What is known: where, how, since when") if note else _("Note"),
            max_length=4000,
            required=note,
            widget=forms.Textarea({"rows": 3}),
        )


class HolderForm(forms.Form):
    """What is written of a holder."""

    address = forms.CharField(label=_("Address"), max_length=400, required=False)
    licence = forms.CharField(label=_("Licence"), max_length=100, required=False)
    licence_until = forms.DateField(
        label=_("Licence valid until"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    organisation = forms.ModelChoiceField(
        queryset=Organisation.objects.none(),
        label=_("Organisation whose people report for it"),
        required=False,
        empty_label=_("none"),
    )

    def __init__(self, organisations: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["organisation"].queryset = organisations  # type: ignore[attr-defined]


class TableForm(forms.Form):
    """A table that is brought."""

    file = forms.FileField(label=_("Table (CSV)"))
