"""What pages of licences take."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.errors import InvalidInput
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import Act, Version
from tocsin.server.licensing.orders import MOST_LINES, Line
from tocsin.server.licensing.services import MOST_LIMITS, limit_of
from tocsin.server.register.entries import activity_of
from tocsin.server.register.practices import NAMES

FORMS_OF_SOURCES = (
    ("sealed", _("sealed")),
    ("unsealed", _("unsealed")),
    ("any", _("sealed or unsealed")),
)
FREE_ROWS = 3
"""Empty rows for limits beside those that are filled."""


class TermsForm(forms.Form):
    """What a version of a licence says."""

    valid_from = forms.DateField(
        label=_("Valid from"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label=_("Valid until"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    acts = forms.MultipleChoiceField(
        label=_("It permits to"), choices=Act.choices, widget=forms.CheckboxSelectMultiple
    )
    practices = forms.MultipleChoiceField(
        label=_("Practices; none means any"),
        choices=list(NAMES.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    places = forms.CharField(
        label=_("Places, one a line"), required=False, widget=forms.Textarea({"rows": 2})
    )
    reason = forms.CharField(
        label=_("On what it rests"),
        max_length=400,
        widget=forms.Textarea({"rows": 2}),
        help_text=_(
            "The application, and what was seen on the spot. The second officer decides by it."
        ),
    )


class LicenceForm(TermsForm):
    """A new licence."""

    holder = forms.CharField(
        label=_("Holder"), max_length=200, help_text=_("The exact name in the register.")
    )
    number = forms.CharField(
        label=_("Licence number"),
        max_length=60,
        required=False,
        help_text=_("Left empty, the next free number is taken."),
    )
    replaces = forms.CharField(
        label=_("Number of the licence that it replaces"), max_length=60, required=False
    )

    field_order = ("holder", "number", "replaces")


class LimitForm(forms.Form):
    """One limit."""

    what = forms.CharField(
        label=_("Nuclides, or a category"),
        max_length=200,
        required=False,
        help_text=_("Cs-137, or Am-241; Cs-137, or category 3"),
    )
    form = forms.ChoiceField(label=_("Form"), choices=FORMS_OF_SOURCES, required=False)
    source = forms.CharField(
        label=_("Most activity of one source"), max_length=40, required=False, help_text="3.7 TBq"
    )
    total = forms.CharField(label=_("Most total activity"), max_length=40, required=False)
    sources = forms.IntegerField(
        label=_("Most number of sources"), min_value=1, max_value=1_000_000, required=False
    )

    limit: Limit | None = None

    def clean(self) -> dict[str, Any]:
        """The limit that the row means; none where it is empty."""
        given = super().clean() or {}
        what = given.get("what", "")
        if not what:
            if any(given.get(name) for name in ("source", "total", "sources")):
                self.add_error("what", _("Name nuclides, or a category."))
            return given
        try:
            self.limit = limit_of(
                what,
                form=given.get("form") or "sealed",
                source_Bq=activity_of(given["source"], "") if given.get("source") else None,
                total_Bq=activity_of(given["total"], "") if given.get("total") else None,
                sources=given.get("sources"),
            )
        except InvalidInput as error:
            self.add_error("what", str(error))
        return given


def limit_rows(version: Version | None, data: Any) -> list[LimitForm]:
    """Rows for limits: those of a version, and empty ones."""
    known = [] if version is None else [_typed(limit) for limit in version.rows()]
    count = min(MOST_LIMITS, len(known) + FREE_ROWS)
    return [
        LimitForm(data, prefix=f"limit{n}", initial=known[n] if n < len(known) else {})
        for n in range(count)
    ]


def terms_initial(version: Version) -> dict[str, Any]:
    """What stands in a version, as it is typed."""
    return {
        "valid_from": version.valid_from,
        "valid_until": version.valid_until,
        "acts": version.acts,
        "practices": version.practices,
        "places": "\n".join(version.places),
    }


def _typed(limit: Limit) -> dict[str, Any]:
    what = "; ".join(limit.nuclides) if limit.nuclides else f"category {limit.category}"
    return {
        "what": what,
        "form": limit.form,
        "source": f"{limit.source_Bq!r} Bq" if limit.source_Bq is not None else "",
        "total": f"{limit.total_Bq!r} Bq" if limit.total_Bq is not None else "",
        "sources": limit.sources,
    }


class CheckForm(forms.Form):
    """A licence sheet and an order that is to be checked."""

    vendor = forms.ChoiceField(label=_("Who sells"))
    sheet = forms.CharField(
        label=_("Text of the code on the licence sheet"),
        required=False,
        widget=forms.Textarea({"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("A scanner writes it here. Or give the file below."),
    )
    file = forms.FileField(
        label=_("Or the sheet as a file, or a photograph of its code"),
        required=False,
        widget=forms.FileInput({"accept": ".json,.pdf,image/png,image/jpeg"}),
    )
    number = forms.CharField(
        label=_("Number of the order"),
        max_length=80,
        help_text=_("The buyer's own number; it is taken once."),
    )

    def __init__(self, vendors: list[tuple[str, str]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["vendor"].choices = vendors  # type: ignore[attr-defined]
        if len(vendors) == 1:
            self.fields["vendor"].initial = vendors[0][0]

    def clean(self) -> dict[str, Any]:
        """One of both is needed."""
        given = super().clean() or {}
        if not given.get("sheet") and not given.get("file"):
            self.add_error("sheet", _("Give the text of the code, or a file."))
        return given


class LineForm(forms.Form):
    """One line of an order."""

    nuclide = forms.CharField(label=_("Nuclide"), max_length=40, required=False)
    activity = forms.CharField(
        label=_("Activity of one source"), max_length=40, required=False, help_text="3.7 TBq"
    )
    pieces = forms.IntegerField(
        label=_("Pieces"), min_value=1, max_value=1000, required=False, initial=1
    )
    form = forms.ChoiceField(label=_("Form"), choices=FORMS_OF_SOURCES[:2], required=False)

    line: Line | None = None

    def clean(self) -> dict[str, Any]:
        """The line that the row means; none where it is empty."""
        given = super().clean() or {}
        if not given.get("nuclide"):
            if given.get("activity"):
                self.add_error("nuclide", _("Name the nuclide."))
            return given
        try:
            self.line = Line(
                given["nuclide"],
                activity_of(given.get("activity", ""), ""),
                given.get("pieces") or 1,
                given.get("form") or "sealed",
            )
        except InvalidInput as error:
            self.add_error("activity", str(error))
        return given


def line_rows(data: Any) -> list[LineForm]:
    """Rows for the lines of an order."""
    return [LineForm(data, prefix=f"line{n}") for n in range(min(4, MOST_LINES))]
