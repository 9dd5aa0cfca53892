"""What people fill in to hang documents on a row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin.server.documents.models import Kind
from tocsin.server.documents.services import MOST_FILES

PICTURES = "image/jpeg,image/png"
"""What the chooser offers; telephones turn their own formats into JPEG for it."""


class SeveralFilesInput(forms.ClearableFileInput):
    """A chooser of several files."""

    allow_multiple_selected = True


class SeveralFiles(forms.FileField):
    """A field of several files."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Each file by itself; none is no fault here."""
        given = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFiles, self).clean(one, initial) for one in given if one]


class DocumentForm(forms.Form):
    """Files and photographs of one kind."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    photo = SeveralFiles(
        label=_("Photographs"),
        required=False,
        allow_empty_file=True,
        widget=SeveralFilesInput({"accept": PICTURES, "capture": "environment"}),
        help_text=_("Opens the camera of a telephone."),
    )
    file = SeveralFiles(
        label=_("Files"),
        required=False,
        allow_empty_file=True,
        widget=SeveralFilesInput({"accept": f"application/pdf,{PICTURES}"}),
        help_text=_("PDF, JPEG or PNG; several at once."),
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=200,
        required=False,
        help_text=_("Without one the name of the file is shown."),
    )
    words = forms.CharField(
        label=_("What is to be seen"),
        max_length=400,
        required=False,
        help_text=_("For people who do not see the picture: the engraving, the colour, the size."),
    )

    def clean(self) -> dict[str, Any]:
        """At least one file, and not too many."""
        given = super().clean() or {}
        files = [*given.get("photo", []), *given.get("file", [])]
        if not files and not self.errors:
            raise forms.ValidationError(_t("Choose a file, or take a photograph."))
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_t("No more than {n} files at once.").format(n=MOST_FILES))
        return given | {"files": files}
