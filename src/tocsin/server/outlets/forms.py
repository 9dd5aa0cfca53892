"""What people fill in about a way out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Level
from tocsin.server.ingest.models import Device
from tocsin.server.marking.models import Tlp
from tocsin.server.marking.policy import Reader
from tocsin.server.outlets.composing import devices_to_choose
from tocsin.server.outlets.models import Way
from tocsin.server.outlets.services import LONGEST_H, Wish

USUAL_H = 8


class OperationForm(forms.Form):
    """What is to leave, where, to whom, until when."""

    name = forms.CharField(label=_("Name of the operation"), max_length=80)
    receiver = forms.CharField(label=_("Receiver"), max_length=200)
    way = forms.ChoiceField(label=_("Way"), choices=Way.choices)
    address = forms.CharField(
        label=_("Address"),
        max_length=300,
        required=False,
        help_text=_(
            "udp://, tcp:// or tls:// with host and port for Cursor on Target, https:// for a "
            "webhook. UDP and TCP are not encrypted. Leave it empty where the receiver fetches."
        ),
    )
    level = forms.TypedChoiceField(
        label=_("Receiver is cleared for"),
        coerce=int,
        help_text=_("Nothing above this level and this label leaves."),
    )
    tlp = forms.ChoiceField(
        label=_("TLP label of the receiver"),
        choices=Tlp.choices,
        help_text=_("Devices are TLP:RED: their places leave only to a receiver with this label."),
    )
    positions = forms.BooleanField(label=_("Places of devices"), required=False, initial=True)
    devices = forms.ModelMultipleChoiceField(
        label=_("Devices that take part"),
        queryset=Device.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    alarms = forms.BooleanField(label=_("Open alarms"), required=False, initial=True)
    south = forms.FloatField(label=_("Area: south, degrees"), min_value=-90, max_value=90)
    west = forms.FloatField(label=_("Area: west, degrees"), min_value=-180, max_value=180)
    north = forms.FloatField(label=_("Area: north, degrees"), min_value=-90, max_value=90)
    east = forms.FloatField(label=_("Area: east, degrees"), min_value=-180, max_value=180)
    hours = forms.IntegerField(
        label=_("Ends by itself after, hours"),
        min_value=1,
        max_value=LONGEST_H,
        initial=USUAL_H,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clearance = reader.person.clearance
        level: Any = self.fields["level"]
        level.choices = [(n, name) for n, name in Level.choices if n <= clearance]
        level.initial = min(Level.RESTRICTED, clearance)
        devices: Any = self.fields["devices"]
        devices.queryset = devices_to_choose(reader)
        if not devices.queryset.exists():
            del self.fields["devices"]

    def wish(self) -> Wish:
        """What was filled in."""
        given = self.cleaned_data
        return Wish(
            **{
                name: given[name]
                for name in (
                    *("name", "receiver", "way", "address", "reason", "level", "tlp", "hours"),
                    *("positions", "alarms"),
                )
            },
            area=(given["south"], given["west"], given["north"], given["east"]),
            devices=list(given.get("devices") or ()),
        )


class StopForm(forms.Form):
    """Why it is switched off."""

    reason = forms.CharField(
        label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )
