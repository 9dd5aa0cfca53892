"""What a reader of the log fills in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.sealing.note import MOST_BYTES
from tocsin.server.transparency.reading import Filters


class FilterForm(forms.Form):
    """Part of the log that is looked for."""

    action = forms.CharField(label=_("Action begins with"), required=False, max_length=64)
    subject = forms.CharField(label=_("Row, or its kind"), required=False, max_length=64)
    actor = forms.CharField(label=_("By"), required=False, max_length=64)
    since = forms.DateTimeField(
        label=_("From (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    until = forms.DateTimeField(
        label=_("Until (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def filters(self) -> Filters:
        """What was filled in; nothing where it could not be read."""
        return Filters(**self.cleaned_data) if self.is_valid() else Filters()


class CheckpointForm(forms.Form):
    """A checkpoint as text."""

    checkpoint = forms.CharField(
        label=_("Checkpoint"),
        max_length=MOST_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false"}),
    )
