"""Forms of the pages on who sees what."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Level, Organisation, Person
from tocsin.server.marking.services import marked_nouns


class AgreementForm(forms.Form):
    """A standing release to another organisation."""

    receiver = forms.ModelChoiceField(
        label=_("Who may see"), queryset=Organisation.objects.filter(is_active=True)
    )
    noun = forms.ChoiceField(label=_("What"))
    most_level = forms.TypedChoiceField(
        label=_("Up to level"), choices=Level.choices, coerce=int, initial=Level.RESTRICTED
    )
    reason = forms.CharField(label=_("Reason"), max_length=400)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["noun"].choices = [  # type: ignore[attr-defined]
            (noun, model._meta.verbose_name_plural) for noun, model in marked_nouns().items()
        ]


class CompartmentForm(forms.Form):
    """A new circle."""

    code = forms.RegexField(
        label=_("Code"),
        regex=r"^[A-Z0-9][A-Z0-9-]{1,39}$",
        help_text=_("Capital letters, digits and dashes"),
    )
    name = forms.CharField(label=_("Name"), max_length=200)


class MemberForm(forms.Form):
    """A person to be let in, by address."""

    email = forms.EmailField(label=_("E-mail address of the person"))
    reason = forms.CharField(label=_("Reason"), max_length=400)

    def clean_email(self) -> Person:
        """The person of that address."""
        found = Person.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True)
        person = found.first()
        if person is None:
            raise forms.ValidationError(_("Nobody signs in by this address."))
        return person


class ReleaseForm(forms.Form):
    """One row to one organisation."""

    receiver = forms.ModelChoiceField(
        label=_("Who may see"), queryset=Organisation.objects.filter(is_active=True)
    )
    reason = forms.CharField(label=_("Reason"), max_length=400)


class LevelForm(forms.Form):
    """Another level."""

    level = forms.TypedChoiceField(label=_("Level"), choices=Level.choices, coerce=int)
    reason = forms.CharField(label=_("Reason"), max_length=400)
