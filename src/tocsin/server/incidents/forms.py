"""What pages of incidents take, and the values that are made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tocsin.errors import InvalidInput
from tocsin.nuclear import parse_nuclide
from tocsin.server.incidents.facts import (
    LONGEST_SERIAL,
    MOST_VALUES,
    Channel,
    IncidentKind,
    ObjectKind,
    Reliability,
    Share,
    Standing,
)
from tocsin.server.incidents.groups import present_groups
from tocsin.server.incidents.models import NotificationKind, PersonNote, Says
from tocsin.server.register.entries import activity_of

UNSTATED = ("", _("not stated"))
BY_HAND = (
    Channel.HAND,
    Channel.PERSON,
    Channel.ORGANISATION,
    Channel.INFORMATION,
    Channel.WEB,
)
MOST_MiB = 50
MOST_LIST = MOST_VALUES * (LONGEST_SERIAL + len("; "))
"""Characters of a list of numbers: as many as an object has, at their longest."""
_YES_NO: dict[bool | None, str] = {True: "yes", False: "no"}


def _day(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **more)


def _time(label: Any, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, **more)


def _text(label: Any, most: int = 200, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, required=False, **more)


def _long(label: Any, most: int = 4000, **more: Any) -> forms.CharField:
    return _text(label, most, widget=forms.Textarea({"rows": 4}), **more)


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[UNSTATED, *choices], required=False)


def _group_choices() -> list[tuple[str, str]]:
    return [
        ("", _now("not stated")),
        *((f"{g.edition}:{g.code}", f"{g.name}: {g.words}") for g in present_groups()),
    ]


class FactsForm(forms.Form):
    """Facts of an incident."""

    title = forms.CharField(label=_("Title"), max_length=200)
    kind = _choice(_("Kind"), IncidentKind.choices)
    start = _time(_("Earliest time it can have happened (UTC)"), required=False)
    end = _time(_("Latest time (UTC)"), required=False)
    place = _text(_("Place in words"), help_text=_("No address of a person."))
    country = _text(_("Country"), 2, help_text=_("Two letters, as in FR."))
    latitude = forms.FloatField(
        label=_("Latitude"),
        min_value=-90,
        max_value=90,
        required=False,
        help_text=_("Kept to a tenth of a degree."),
    )
    longitude = forms.FloatField(
        label=_("Longitude"), min_value=-180, max_value=180, required=False
    )
    transport = _choice(_("In transport"), (("yes", _("yes")), ("no", _("no"))))
    status = _choice(_("Standing"), Standing.choices)
    group = forms.ChoiceField(label=_("Group"), choices=_group_choices, required=False)
    recovered = _choice(_("Recovered"), Share.choices)
    recovered_on = _day(_("Recovered on"), required=False)
    recovered_where = _text(_("Recovered where"))
    detected_by = _text(_("How it was noticed"))
    summary = _long(_("What happened"), help_text=_("No names of persons."))
    consequence = _long(_("Consequence for people and surroundings"))
    prosecution = _long(_("State of prosecution"), help_text=_("No names of persons."))

    def values(self) -> dict[str, Any]:
        """Value by field of an incident; None where a field was left empty."""
        given = self.cleaned_data
        plain = ("title", "kind", "place", "status", "detected_by", "summary")
        found: dict[str, Any] = {
            name: given[name] or None for name in (*plain, "consequence", "prosecution")
        }
        found["country"] = given["country"].upper() or None
        start, end = given["start"] or given["end"], given["end"] or given["start"]
        found["interval"] = (
            {"from": start.isoformat(), "to": end.isoformat()} if start and end else None
        )
        place = (given["latitude"], given["longitude"])
        found["position"] = None if None in place else list(place)
        found["transport"] = {"yes": True, "no": False}.get(given["transport"])
        edition, _colon, code = given["group"].partition(":")
        found["group"] = {"edition": edition, "group": code} if code else None
        found["recovered"] = _recovery(given)
        return found


def facts_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows of the present values."""
    interval, group = values.get("interval") or {}, values.get("group") or {}
    position = values.get("position") or (None, None)
    return {
        **values,
        # as the widget shows it: without seconds
        "start": _minute(interval.get("from")),
        "end": _minute(interval.get("to")),
        "latitude": position[0],
        "longitude": position[1],
        "transport": _YES_NO.get(values.get("transport"), ""),
        "group": f"{group['edition']}:{group['group']}" if group else "",
        **_recovery_initial(values),
    }


class ReasonForm(forms.Form):
    """Why something is stated, and which report says so."""

    reason = forms.CharField(
        label=_("Why, or what it rests on"),
        max_length=400,
        help_text=_("It stays beside every fact that you change."),
    )


class ReportForm(forms.Form):
    """Who said it."""

    channel = forms.ChoiceField(
        label=_("How you heard of it"), choices=[(c.value, c.label) for c in BY_HAND]
    )
    said_by = _text(
        _("Who said it"), help_text=_("An organisation or an office; no name of a person.")
    )
    said_at = _time(_("When it was said (UTC)"), required=False)
    reliability = forms.ChoiceField(
        label=_("Reliability"),
        choices=Reliability.choices,
        initial=Reliability.UNJUDGED.value,
    )
    original = _long(_("As it was said"), 20000)
    file = forms.FileField(
        label=_("Original as a file"),
        required=False,
        help_text=_("Kept as it is, with its hash; up to 50 MiB."),
    )


class ObjectForm(forms.Form):
    """An object as it is typed."""

    object_kind = _choice(_("What it is"), ObjectKind.choices)
    manufacturer = _text(_("Maker"))
    model = _text(_("Model"))
    source_serials = _text(
        _("Serial numbers of the source"),
        MOST_LIST,
        help_text=_("Several are divided by semicolons."),
    )
    device_serials = _text(_("Serial numbers of the device"), MOST_LIST)
    device_type = _text(_("Type of device"))
    nuclide = _text(
        _("Nuclides"),
        MOST_LIST,
        help_text=_("Several are divided by semicolons: Am-241; Cs-137"),
    )
    activity = _text(
        _("Activities with unit"),
        MOST_LIST,
        help_text=_("As many as nuclides, or none: 1.5 GBq; 0.4 GBq"),
    )
    reference_date = _day(_("Reference date of the activities"), required=False)
    mass_g = forms.FloatField(label=_("Mass in g"), min_value=0, required=False)
    enrichment_percent = forms.FloatField(
        label=_("Enrichment in percent"), min_value=0, max_value=100, required=False
    )
    category = _choice(
        _("Category, if it is not to be computed"), [(str(c), c) for c in range(1, 6)]
    )
    form = _text(_("Form, packing, shielding"))
    marks = _text(_("Marks of an owner or a licence"))
    recovered = _choice(_("Recovered"), Share.choices)
    recovered_on = _day(_("Recovered on"), required=False)
    recovered_where = _text(_("Recovered where"))

    def values(self) -> dict[str, Any]:
        """Value by field of an object; None where a field was left empty.

        Raises
        ------
        InvalidInput
            A nuclide or an activity cannot be read.
        """
        given = self.cleaned_data
        names = ("manufacturer", "model", "device_type", "form", "marks")
        found: dict[str, Any] = {name: given[name] or None for name in names}
        found["kind"] = given["object_kind"] or None
        serials = [
            {"value": text, "of": of}
            for of in ("source", "device")
            for text in _parts(given[f"{of}_serials"])
        ]
        found["serials"] = serials or None
        found["contents"] = _contents(given) or None
        for name in ("mass_g", "enrichment_percent"):
            found[name] = given[name]
        found["category"] = int(given["category"]) if given["category"] else None
        found["recovered"] = _recovery(given)
        return found


def object_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows of the present values of an object."""
    contents = values.get("contents") or []
    days = [row["reference_date"] for row in contents if row["reference_date"]]
    activities = [row["activity_Bq"] for row in contents]
    serials = values.get("serials") or []
    return {
        **values,
        "object_kind": values.get("kind", ""),
        "source_serials": "; ".join(r["value"] for r in serials if r["of"] != "device"),
        "device_serials": "; ".join(r["value"] for r in serials if r["of"] == "device"),
        "nuclide": "; ".join(row["nuclide"] for row in contents),
        "activity": ""
        if None in activities
        else "; ".join(f"{value!r} Bq" for value in activities),
        "reference_date": dt.date.fromisoformat(days[0]) if days else None,
        "category": "",
        **_recovery_initial(values),
    }


Filled = TypeVar("Filled", bound=forms.Form)


def untouched(form: Filled) -> Filled:
    """The form as it would have come back if nobody had changed anything in it.

    What it cannot show, such as a choice of former times, is empty in it.
    """
    shown = {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
    again = type(form)(shown)
    again.full_clean()
    for name in again.errors:
        again.cleaned_data[name] = again.fields[name].to_python("")
    return again


class TaskForm(forms.Form):
    """A task."""

    what = forms.CharField(label=_("What is to be done"), max_length=400)
    who = forms.ChoiceField(label=_("Who"))
    until = _day(_("Until"))

    def __init__(self, people: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["who"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the reader of types
        field.choices = [(str(person.pk), person.name) for person in people]


class NotificationForm(forms.Form):
    """What a notification says beside what is released."""

    kind = forms.ChoiceField(label=_("Which"), choices=NotificationKind.choices)
    contact = forms.CharField(
        label=_("Whom the recipient can ask"),
        max_length=200,
        help_text=_("An office with its telephone; no name of a person."),
    )
    restriction = _text(_("Restriction of dissemination"))
    remarks = _long(_("Remarks"))


class PersonForm(forms.Form):
    """A note on a person."""

    part = forms.ChoiceField(label=_("What the person has to do with it"), choices=PersonNote.Part)
    note = forms.CharField(label=_("Note"), max_length=4000, widget=forms.Textarea({"rows": 4}))
    purpose = forms.CharField(label=_("What it is kept for"), max_length=200)
    keep_until = _day(_("Kept until"))
    compartment = forms.ChoiceField(label=_("Compartment"))

    def __init__(self, circles: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["compartment"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the reader of types
        field.choices = [(str(circle.pk), f"{circle.code} {circle.name}") for circle in circles]


class EvidenceForm(forms.Form):
    """That an object or a report belongs to an incident, and what shows it."""

    name = forms.CharField(
        label=_("Name"), max_length=40, help_text=_("As on its page: O-1A2B3C4D or R-1A2B3C4D.")
    )
    says = forms.ChoiceField(label=_("Of a report: what it does"), choices=Says.choices)
    evidence = forms.CharField(label=_("What shows it"), max_length=400)


def _recovery(given: Mapping[str, Any]) -> dict[str, Any] | None:
    if not given["recovered"]:
        return None
    day = given["recovered_on"]
    return {
        "share": given["recovered"],
        "on": day.isoformat() if day else None,
        "where": given["recovered_where"],
    }


def _recovery_initial(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = values.get("recovered") or {}
    return {
        "recovered": kept.get("share", ""),
        "recovered_on": dt.date.fromisoformat(kept["on"]) if kept.get("on") else None,
        "recovered_where": kept.get("where", ""),
    }


def _minute(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text).replace(second=0, microsecond=0) if text else None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()][:MOST_VALUES]


def _contents(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    names, activities = _parts(given["nuclide"]), _parts(given["activity"])
    if activities and len(activities) != len(names):
        raise InvalidInput(
            _now("{n} nuclides and {m} activities: one each").format(
                n=len(names), m=len(activities)
            )
        )
    day = given["reference_date"]
    return [
        {
            "nuclide": parse_nuclide(name),
            "activity_Bq": activity_of(activities[at], "") if activities else None,
            "reference_date": day.isoformat() if day and activities else None,
        }
        for at, name in enumerate(names)
    ]
