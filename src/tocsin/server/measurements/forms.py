"""What people fill in: uploads, re-analyses, and the filters of the list."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Level
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements.models import CLASSES, Instrument, Kind, Measurement
from tocsin.server.measurements.reading import backgrounds_for, instruments_for
from tocsin.server.measurements.services import RATES_PER_H, compartments_of


class SeveralFilesInput(forms.ClearableFileInput):
    """A field that takes several files at once."""

    allow_multiple_selected = True


class SeveralFiles(forms.FileField):
    """One or more files."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Each file by itself."""
        given = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFiles, self).clean(one, initial) for one in given]


class MarkingForm(forms.Form):
    """Level and compartments of what is entered, as far as the person may give them."""

    usual_level = Level.RESTRICTED
    level = forms.TypedChoiceField(label=_("Level"), coerce=int)
    compartments = forms.MultipleChoiceField(
        label=_("Compartments"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clearance = reader.person.clearance
        level: Any = self.fields["level"]
        level.choices = [(n, name) for n, name in Level.choices if n <= clearance]
        level.initial = min(self.usual_level, clearance)
        circles: Any = self.fields["compartments"]
        circles.choices = [(c.pk, c.name) for c in compartments_of(reader)]


class UploadForm(MarkingForm):
    """Files to upload, with their marking."""

    field_order = ("file", "title", "note", "level", "compartments")
    file = SeveralFiles(label=_("Recordings"), allow_empty_file=True)
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReanalysisForm(forms.Form):
    """Another background, another rate of false alarms, and why."""

    background = forms.ModelChoiceField(
        label=_("Background"), queryset=Measurement.objects.none(), required=False
    )
    rate = forms.TypedChoiceField(
        label=_("False alarms per hour"),
        required=False,
        coerce=float,
        empty_value=None,
        choices=[("", _("as usual (1)")), *((r, f"{r:g}") for r in RATES_PER_H)],
    )
    reason = forms.CharField(label=_("Reason"), max_length=400)

    def __init__(self, *args: Any, reader: Reader, measurement: Measurement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = [row.pk for row in backgrounds_for(reader, measurement)]
        background: Any = self.fields["background"]
        background.queryset = Measurement.objects.filter(pk__in=keys)
        background.empty_label = _("as before: of the file, or tracked")


class MeasurementFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filters of the list."""

    q = django_filters.CharFilter(label=_("Words"), method="by_words")
    source_class = django_filters.ChoiceFilter(
        label=_("Class"), choices=list(CLASSES.items()), empty_label=_("any")
    )
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Kind.choices, empty_label=_("any"))
    instrument = django_filters.ModelChoiceFilter(
        label=_("Instrument"), queryset=Instrument.objects.none(), empty_label=_("any")
    )
    since = django_filters.DateFilter(
        label=_("Uploaded from"),
        field_name="created_at",
        lookup_expr="date__gte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = django_filters.DateFilter(
        label=_("until"),
        field_name="created_at",
        lookup_expr="date__lte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        """Fields are declared above."""

        model = Measurement
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["instrument"].queryset = instruments_for(reader)

    def by_words(self, rows: QuerySet[Any], _name: str, words: str) -> QuerySet[Any]:
        """Rows that hold each word in title, file name, instrument or nuclides."""
        for word in words.split()[:8]:
            rows = rows.filter(
                Q(title__icontains=word)
                | Q(file__name__icontains=word)
                | Q(instrument_name__icontains=word)
                | Q(nuclides__icontains=word)
            )
        return rows
