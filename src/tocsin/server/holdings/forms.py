"""What people fill in of devices, batches, shipments and models; services check what it means."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.holdings.models import MODEL_KINDS, Element, Kind
from tocsin.server.holdings.services.devices import EXPLAINED
from tocsin.server.register.models import Holder
from tocsin.server.register.practices import NAMES

NOTE = _("Note")


def day_field(
    label: Any, *, required: bool = True, today: dt.date | None = None
) -> forms.DateField:
    """A day with the browser's calendar."""
    return forms.DateField(
        label=label,
        required=required,
        initial=today,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )


def note_field(label: Any = NOTE, *, required: bool = False) -> forms.CharField:
    """Words to a report."""
    return forms.CharField(
        label=label, max_length=4000, required=required, widget=forms.Textarea({"rows": 3})
    )


class DeviceForm(forms.Form):
    """A device as it is entered."""

    holder = forms.CharField(label=_("Holder"), max_length=200)
    maker = forms.CharField(
        label=_("Maker"), max_length=120, required=False, widget=forms.TextInput({"list": "makers"})
    )
    model = forms.CharField(
        label=_("Model"), max_length=120, required=False, widget=forms.TextInput({"list": "models"})
    )
    serial = forms.CharField(label=_("Serial number"), max_length=100, required=False)
    practice = forms.ChoiceField(
        label=_("Practice"), choices=[("", _("not stated")), *NAMES.items()], required=False
    )
    place = forms.CharField(label=_("Place"), max_length=200, required=False)


class DeviceCorrectionForm(DeviceForm):
    """What is written of a device, and why it is written anew; its holder changes by transfer."""

    holder = None  # type: ignore[assignment]
    reason = note_field(_("Why"), required=True)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class DeviceReportForm(forms.Form):
    """What befell a device; only what this kind of report needs is asked."""

    def __init__(
        self,
        kind: Kind,
        today: dt.date,
        sources: list[tuple[str, str]],
        *args: Any,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        if kind in {Kind.PUT_IN, Kind.TAKEN_OUT}:
            self.fields["source"] = forms.ChoiceField(label=_("Source"), choices=sources)
        self.fields["happened_on"] = day_field(_("When"), today=today)
        if kind is Kind.TRANSFER:
            self.fields["receiver"] = forms.CharField(
                label=_("To whom"),
                max_length=200,
                help_text=_("The exact name or the licence number of the receiver."),
            )
        if kind in {Kind.MOVE, Kind.RECEIPT, Kind.RECOVERY}:
            self.fields["place"] = forms.CharField(
                label=_("Where it is now"), max_length=200, required=kind is Kind.MOVE
            )
        explained = kind in EXPLAINED
        self.fields["note"] = note_field(
            _("What is known: where, how, since when") if explained else _("Note"),
            required=explained,
        )


class BatchForm(forms.Form):
    """A batch as it is entered, with what shipper and receiver say of its mass."""

    holder = forms.CharField(label=_("Holder"), max_length=200)
    reference = forms.CharField(label=_("Batch number"), max_length=80)
    element = forms.TypedChoiceField(label=_("Material"), choices=Element.choices, coerce=Element)
    nuclide = forms.CharField(
        label=_("Nuclide"),
        max_length=20,
        required=False,
        help_text=_("Of other radioactive material, for example I-131."),
    )
    form = forms.CharField(
        label=_("Chemical and physical form"),
        max_length=120,
        required=False,
        help_text=_("For example oxide powder, solution, metal."),
    )
    items = forms.IntegerField(label=_("Items"), min_value=1, max_value=1_000_000, initial=1)
    mass_g = forms.FloatField(
        label=_("Mass of the element in g"),
        required=False,
        help_text=_("As the receiver has found it."),
    )
    mass_u_g = forms.FloatField(label=_("Its standard uncertainty in g (k = 1)"), required=False)
    activity_Bq = forms.FloatField(label=_("Activity in Bq"), required=False)
    activity_u_Bq = forms.FloatField(
        label=_("Its standard uncertainty in Bq (k = 1)"), required=False
    )
    activity_on = day_field(_("Reference date of the activity"), required=False)
    u235_percent = forms.FloatField(
        label=_("U-235 in the uranium, weight per cent"), required=False
    )
    pu238_percent = forms.FloatField(label=_("Pu-238 in the plutonium, per cent"), required=False)
    irradiated = forms.BooleanField(label=_("Irradiated"), required=False)
    place = forms.CharField(label=_("Place"), max_length=200, required=False)


class BatchReceiptForm(BatchForm):
    """A batch that has come from somebody."""

    happened_on = day_field(_("Received on"))
    shipper_name = forms.CharField(label=_("From whom"), max_length=200, required=False)
    shipper_g = forms.FloatField(
        label=_("Mass in g as the shipper states it"), required=False, min_value=0.0
    )
    shipper_u_g = forms.FloatField(
        label=_("The shipper's standard uncertainty in g (k = 1)"), required=False, min_value=0.0
    )
    note = note_field()


class BatchCorrectionForm(BatchForm):
    """What is written of a batch, and why it is written anew."""

    holder = None  # type: ignore[assignment]
    reason = note_field(_("Why"), required=True)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class BatchReportForm(forms.Form):
    """What befell a batch; only what this kind of report needs is asked."""

    def __init__(
        self,
        kind: Kind,
        today: dt.date,
        others: list[tuple[str, str]],
        *args: Any,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        if kind is Kind.MERGE:
            self.fields["others"] = forms.MultipleChoiceField(
                label=_("With"), choices=others, widget=forms.CheckboxSelectMultiple
            )
            self.fields["reference"] = forms.CharField(label=_("New batch number"), max_length=80)
        if kind is Kind.SPLIT:
            self.fields["parts"] = forms.CharField(
                label=_("Parts"),
                max_length=8000,
                widget=forms.Textarea({"rows": 4}),
                help_text=_(
                    "One a line: number; items; mass in g; its standard uncertainty in g. For "
                    "example A-1; 2; 120.5; 0.3"
                ),
            )
        if kind is Kind.TRANSFER:
            self.fields["receiver"] = forms.CharField(
                label=_("To whom"),
                max_length=200,
                help_text=_("The exact name or the licence number of the receiver."),
            )
        if kind in {Kind.CONSUMPTION, Kind.RECEIPT}:
            used = kind is Kind.CONSUMPTION
            self.fields["mass_g"] = forms.FloatField(
                label=_("Mass used in g") if used else _("Mass found in g"), min_value=0.0
            )
            self.fields["mass_u_g"] = forms.FloatField(
                label=_("Its standard uncertainty in g (k = 1)"), min_value=0.0, required=False
            )
        if kind in {Kind.RECEIPT, Kind.RECOVERY}:
            self.fields["place"] = forms.CharField(
                label=_("Where it is now"), max_length=200, required=False
            )
        self.fields["happened_on"] = day_field(_("When"), today=today)
        ends = kind in {Kind.DISPOSAL, Kind.WITHDRAWAL}
        missing = kind in {Kind.LOSS, Kind.THEFT, Kind.RECOVERY}
        label = _("How and where, or why") if ends else _("Note")
        if missing:
            label = _("What is known: where, how, since when")
        self.fields["note"] = note_field(label, required=ends or missing)


class ShipmentForm(forms.Form):
    """A shipment as it is planned."""

    reference = forms.CharField(label=_("Reference"), max_length=80)
    sender = forms.ModelChoiceField(queryset=Holder.objects.none(), label=_("From"))
    receiver = forms.ModelChoiceField(
        queryset=Holder.objects.none(),
        label=_("To a holder of the register"),
        required=False,
        empty_label=_("somebody else"),
    )
    receiver_text = forms.CharField(label=_("To somebody else"), max_length=200, required=False)
    leaves_on = day_field(_("Leaves"))
    arrives_on = day_field(_("Arrives"), required=False)

    def __init__(self, holders: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name in ("sender", "receiver"):
            self.fields[name].queryset = holders  # type: ignore[attr-defined]


class FollowForm(forms.Form):
    """What became of a shipment."""

    def __init__(self, kind: Kind, today: dt.date, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["happened_on"] = day_field(_("When"), today=today)
        self.fields["note"] = note_field(required=kind is Kind.CANCELLED)


class ModelForm(forms.Form):
    """A model of the catalogue."""

    kind = forms.ChoiceField(label=_("Kind"), choices=MODEL_KINDS)
    maker = forms.CharField(
        label=_("Maker"), max_length=120, widget=forms.TextInput({"list": "makers"})
    )
    maker_aliases = forms.CharField(
        label=_("Other names of the maker"),
        max_length=800,
        required=False,
        help_text=_("Divided by semicolons; they are added to those that are known."),
    )
    country = forms.CharField(label=_("Country"), max_length=80, required=False)
    model = forms.CharField(label=_("Model"), max_length=120)
    aliases = forms.CharField(label=_("Other names of the model"), max_length=800, required=False)
    nuclides = forms.CharField(
        label=_("Nuclides"),
        max_length=400,
        required=False,
        help_text=_("Divided by semicolons: Am-241; Cs-137"),
    )
    least_activity = forms.CharField(
        label=_("Usual activity from"), max_length=40, required=False, help_text="37 MBq"
    )
    most_activity = forms.CharField(
        label=_("Usual activity to"), max_length=40, required=False, help_text="3.7 GBq"
    )
    serial_form = forms.CharField(
        label=_("Form of serial numbers"),
        max_length=80,
        required=False,
        help_text=_("# is a digit, @ a letter, | divides several forms: @@-#### | ######"),
    )
    looks = forms.CharField(
        label=_("What it looks like"),
        max_length=400,
        required=False,
        help_text=_("Shape, size, colour, engravings."),
    )
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )
    said_by = forms.CharField(
        label=_("Who says so"),
        max_length=200,
        help_text=_("A catalogue and its year, a certificate, the maker."),
    )


class ModelChangeForm(ModelForm):
    """A model, and why it is changed."""

    reason = note_field(_("Why"), required=True)


class TableForm(forms.Form):
    """A table of models."""

    file = forms.FileField(label=_("Table (CSV)"))


class TogetherForm(forms.Form):
    """Which sources lie together, and on which day they are looked at."""

    sources = forms.CharField(
        label=_("Sources"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Short names, numbers in the register or serial numbers, one a line."),
    )
    holder = forms.ModelChoiceField(
        queryset=Holder.objects.none(),
        label=_("Or all that a holder has"),
        required=False,
        empty_label=_("none"),
    )
    place = forms.CharField(
        label=_("at the place"),
        max_length=200,
        required=False,
        help_text=_("As it is written in the register; all places without it."),
    )
    on = day_field(_("Day"), required=False)

    def __init__(self, holders: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["holder"].queryset = holders  # type: ignore[attr-defined]
