"""What pages of the register take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Organisation
from tocsin.server.documents.forms import PICTURES, SeveralFiles, SeveralFilesInput
from tocsin.server.register.facts import Fact, facts_of_kind
from tocsin.server.register.life import Kind
from tocsin.server.register.models import UseKind
from tocsin.server.register.practices import NAMES
from tocsin.server.register.services import EXPLAINED, NEED_PLACE, PLACED

DAY = "2026-01-31"


def _day(label: Any, *, required: bool = False) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )


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
        label=_("Reference date of the activity"), max_length=200, help_text=DAY
    )
    manufacturer = forms.CharField(label=_("Maker"), max_length=120, required=False)
    model = forms.CharField(label=_("Model"), max_length=120, required=False)
    serial = forms.CharField(label=_("Serial number"), max_length=100, required=False)
    other_id = forms.CharField(
        label=_("Other identification"),
        max_length=200,
        required=False,
        help_text=_("What tells it from others where there is no number."),
    )
    reference = forms.CharField(label=_("Number in the register"), max_length=60, required=False)
    device = forms.CharField(label=_("Device"), max_length=200, required=False)
    device_serial = forms.CharField(
        label=_("Serial number of the device"), max_length=100, required=False
    )
    practice = forms.ChoiceField(
        label=_("Practice"), choices=[("", _("not stated")), *NAMES.items()], required=False
    )
    use_kind = forms.ChoiceField(
        label=_("Kind of use"), choices=[("", _("not stated")), *UseKind.choices], required=False
    )
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    latitude = forms.CharField(label=_("Latitude"), max_length=20, required=False)
    longitude = forms.CharField(label=_("Longitude"), max_length=20, required=False)
    came = forms.ChoiceField(
        label=_("How it came"),
        choices=[
            (Kind.REGISTRATION.value, _("it is here already")),
            (Kind.MANUFACTURE.value, _("made here")),
            (Kind.IMPORT.value, _("imported from abroad")),
            (Kind.RECEIPT.value, _("received")),
            (Kind.FIND.value, _("found, and nobody had registered it")),
        ],
        required=False,
    )
    made_on = forms.CharField(label=_("Made on"), max_length=10, required=False, help_text=DAY)
    received_on = forms.CharField(
        label=_("Received, imported or found on"), max_length=10, required=False, help_text=DAY
    )
    received_from = forms.CharField(label=_("From whom"), max_length=200, required=False)
    supplier = forms.CharField(label=_("Supplier"), max_length=200, required=False)
    importer = forms.CharField(label=_("Importer"), max_length=200, required=False)
    note = forms.CharField(
        label=_("What is known of how it came"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Of a find: where, how and by whom. A find opens an incident."),
    )
    source_type = forms.CharField(label=_("Type of source"), max_length=120, required=False)
    capsule_type = forms.CharField(label=_("Type of capsule"), max_length=120, required=False)
    material_form = forms.CharField(
        label=_("Chemical and physical form"), max_length=120, required=False
    )
    iso_class = forms.CharField(label=_("ISO class"), max_length=60, required=False)
    ansi_class = forms.CharField(label=_("ANSI class"), max_length=60, required=False)
    special_form = forms.CharField(
        label=_("Special form certificate"), max_length=80, required=False
    )
    special_form_on = forms.CharField(
        label=_("Certificate issued"), max_length=10, required=False, help_text=DAY
    )
    special_form_until = forms.CharField(
        label=_("Certificate valid until"), max_length=10, required=False, help_text=DAY
    )
    neutron = forms.ChoiceField(
        label=_("Neutron source"),
        choices=[("", _("not stated")), ("yes", _("yes")), ("no", _("no"))],
        required=False,
    )
    neutron_target = forms.CharField(
        label=_("Neutron target"), max_length=40, required=False, help_text=_("For example Be")
    )
    neutron_flux_per_s = forms.CharField(
        label=_("Neutrons per second"), max_length=20, required=False
    )
    leak_test_on = forms.CharField(
        label=_("Last leak test"), max_length=10, required=False, help_text=DAY
    )
    remarks = forms.CharField(
        label=_("Remarks"), max_length=1000, required=False, widget=forms.Textarea({"rows": 2})
    )

    GROUPS: tuple[tuple[str | Promise, tuple[str, ...], bool], ...] = (
        (
            _("What it is"),
            (
                *("holder", "nuclide", "activity", "reference_date"),
                *("manufacturer", "model", "serial", "other_id", "reference"),
            ),
            True,
        ),
        (
            _("How and where it is used"),
            (
                *("device", "device_serial", "practice", "use_kind"),
                *("place", "latitude", "longitude"),
            ),
            True,
        ),
        (
            _("How it came"),
            (
                *("came", "made_on", "received_on", "received_from"),
                *("supplier", "importer", "note"),
            ),
            True,
        ),
        (
            _("Capsule, certificates, neutrons, remarks"),
            (
                *("source_type", "capsule_type", "material_form", "iso_class", "ansi_class"),
                *("special_form", "special_form_on", "special_form_until"),
                *("neutron", "neutron_target", "neutron_flux_per_s"),
                *("leak_test_on", "remarks"),
            ),
            False,
        ),
        (_("Why it is corrected"), ("reason", "corrects", "found_on", "seen"), True),
    )
    """Title, fields, and whether the group is always open."""

    def groups(self) -> list[tuple[str | Promise, list[BoundField], bool]]:
        """Fields as the page shows them; a group with a fault or a value is open."""
        shown = []
        for title, names, always in self.GROUPS:
            fields = [self[name] for name in names if name in self.fields]
            told = any(field.errors or field.value() for field in fields)
            if fields:
                shown.append((title, fields, always or told))
        return shown

    def offer(self, words: dict[str, list[str]]) -> None:
        """Let fields offer words while people type; the page lists them."""
        for name in words:
            self.fields[name].widget.attrs["list"] = f"words-{name}"


class CorrectionForm(EntryForm):
    """What is written of a source, and why it is written anew."""

    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea({"rows": 2}))
    corrects = forms.TypedChoiceField(
        label=_("Which report said it wrongly"), required=False, coerce=int, empty_value=None
    )
    found_on = _day(_("When the mistake was found"))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, steps: Sequence[tuple[int, str]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        del self.fields["came"], self.fields["note"]
        choices = [("", _("none in particular")), *((str(n), label) for n, label in steps)]
        self.fields["corrects"].choices = choices  # type: ignore[attr-defined]


class LookedAtForm(forms.Form):
    """Why a finding is right as it is, or is not after all."""

    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea({"rows": 3}))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)


class WrongForm(forms.Form):
    """Why a report is declared wrong."""

    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea({"rows": 2}))
    found_on = _day(_("When the mistake was found"))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ReportForm(forms.Form):
    """What happened to a source; only what this kind of report needs is asked."""

    happened_on = _day(_("When"), required=True)

    def __init__(
        self,
        kind: Kind,
        today: dt.date,
        *args: Any,
        steps: Sequence[tuple[int, str]] = (),
        photographs: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.kind = kind
        self.fields["happened_on"].initial = today
        if kind is Kind.MISTAKE:
            self.fields["happened_on"].label = _("When it was found")
        elif kind in {Kind.TRANSFER, Kind.EXPORT}:
            self.fields["happened_on"].label = _("Shipped on")
        if kind is Kind.TRANSFER:
            self.fields["receiver"] = forms.CharField(
                label=_("To whom"),
                max_length=200,
                help_text=_("The exact name or the licence number of the receiver."),
            )
        if kind in PLACED or kind is Kind.ELSEWHERE:
            self.fields["place"] = forms.CharField(
                label=_("Where it is now"), max_length=200, required=kind in NEED_PLACE
            )
        if kind is Kind.DISUSE:
            self.fields["storage_until"] = _day(_("Storage permitted until"))
        self.facts = facts_of_kind(kind)
        for name, fact in self.facts.items():
            self.fields[name] = _field_of(name, fact, kind, steps)
        if kind is Kind.CHECK:
            # the mark is for what the officer has seen, and for nothing that came since
            self.fields["seen"] = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
        note = kind in EXPLAINED
        self.fields["note"] = forms.CharField(
            label=_note_label(kind),
            max_length=4000,
            required=note,
            widget=forms.Textarea({"rows": 3}),
        )
        if photographs:
            self.fields["photographs"] = SeveralFiles(
                label=_("Photographs"),
                required=False,
                allow_empty_file=True,
                widget=SeveralFilesInput({"accept": PICTURES}),
                help_text=_("From the camera or the files; the place in them is not shown."),
            )

    def said(self) -> dict[str, Any]:
        """Arguments of ``services.report``."""
        given = dict(self.cleaned_data)
        given.pop("photographs", None)
        facts = {name: given.pop(name) for name in self.facts}
        return given | {"facts": facts}


def _note_label(kind: Kind) -> Any:
    if kind is Kind.MISTAKE:
        return _("What is wrong, and what is right")
    return _("What is known: where, how, since when") if kind in EXPLAINED else _("Note")


def _field_of(name: str, fact: Fact, kind: Kind, steps: Sequence[tuple[int, str]]) -> forms.Field:
    needed, label = kind in fact.needed, cast(Any, fact.label)
    if name == "about":
        choices = [("", _("the entry as a whole")), *((str(n), label) for n, label in steps)]
        return forms.ChoiceField(label=label, choices=choices, required=False)
    if fact.choices:
        return forms.ChoiceField(
            label=label, choices=[("", _("not stated")), *fact.choices], required=needed
        )
    if fact.day:
        return _day(fact.label, required=needed)
    return forms.CharField(label=label, max_length=fact.most, required=needed)


class HolderForm(forms.Form):
    """What is written of a holder."""

    address = forms.CharField(label=_("Address"), max_length=400, required=False)
    licence = forms.CharField(label=_("Licence"), max_length=100, required=False)
    licence_until = _day(_("Licence valid until"))
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

    file = forms.FileField(label=_("Table (CSV or XLSX)"))
