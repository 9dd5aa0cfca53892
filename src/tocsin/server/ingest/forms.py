"""What people fill in about devices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Level
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements.forms import MarkingForm


class DeviceForm(MarkingForm):
    """A new device with its key and the marking of all that it will send."""

    # where teams are and what they do not see is confidential unless somebody says otherwise
    usual_level = Level.CONFIDENTIAL
    field_order = ("name", "instrument", "public_key", "level", "compartments")
    name = forms.CharField(label=_("Name"), max_length=80)
    instrument = forms.CharField(label=_("Instrument"), max_length=200, required=False)
    public_key = forms.CharField(
        label=_("Public key"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("The line that “tocsin field enroll” prints on the device."),
    )

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, reader=reader, **kwargs)
        self.fields["level"].help_text = _("All that the device sends takes this marking.")
        circles: Any = self.fields["compartments"]
        if not circles.choices:
            del self.fields["compartments"]


class RetentionForm(forms.Form):
    """Days by class; nothing keeps the records."""

    quiet_days = forms.IntegerField(
        label=_("Days: walks without an alarm"), required=False, min_value=1
    )
    alarm_days = forms.IntegerField(
        label=_("Days: walks with an alarm that was found innocent or false"),
        required=False,
        min_value=1,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReasonForm(forms.Form):
    """Why a device is to be heard of no more, or a survey to end."""

    reason = forms.CharField(
        label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )
