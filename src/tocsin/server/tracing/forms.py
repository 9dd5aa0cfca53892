"""What people type about alert sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.documents.models import Document
from tocsin.server.tracing.services.sheets import LONGEST_LINE


class SheetForm(forms.Form):
    """What only a person can say of a missing source."""

    call = forms.CharField(
        label=_("Whom to call"),
        max_length=LONGEST_LINE,
        help_text=_("Office and number as they stand on the sheet, in both languages if need be."),
    )
    where = forms.CharField(label=_("Last place"), max_length=LONGEST_LINE, required=False)
    looks = forms.CharField(label=_("What it looks like"), max_length=LONGEST_LINE, required=False)

    def __init__(self, pictures: Sequence[Document], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if pictures:
            self.fields["picture"] = forms.ChoiceField(
                label=_("Photograph"),
                choices=[*((str(p.pk), p.title) for p in pictures), ("", _("none"))],
                required=False,
            )
