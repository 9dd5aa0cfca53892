"""Forms of the pages on people."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Level, Organisation, OrganisationKind, Realm
from tocsin.server.accounts.roles import ROLE_NAMES
from tocsin.server.accounts.services import TOKEN_DAYS_MOST


class InvitationForm(forms.Form):
    """The first password, twice."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Twelve characters or more; a sentence is good."),
    )
    again = forms.CharField(
        label=_("The same again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, str]:
        """Both must be the same."""
        values: dict[str, str] = super().clean() or {}
        if values.get("password") != values.get("again"):
            self.add_error("again", _("The two are not the same."))
        return values


class PersonForm(forms.Form):
    """A new person."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"))
    organisation = forms.ModelChoiceField(
        label=_("Organisation"), queryset=Organisation.objects.filter(is_active=True)
    )
    clearance = forms.TypedChoiceField(
        label=_("Cleared up to"), choices=Level.choices, coerce=int, initial=Level.RESTRICTED
    )
    realms = forms.MultipleChoiceField(
        label=_("Works in"),
        choices=Realm.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Realm.LIVE],
    )


class OrganisationForm(forms.Form):
    """A new organisation."""

    name = forms.CharField(label=_("Name"), max_length=200)
    short_name = forms.CharField(label=_("Short name"), max_length=40)
    kind = forms.ChoiceField(label=_("Kind"), choices=OrganisationKind.choices)
    country = forms.RegexField(
        label=_("Country"),
        regex=r"^[A-Za-z]{2}$",
        help_text=_("Two letters, ISO 3166-1"),
        error_messages={"invalid": _("Two letters, for example FR.")},
    )


class RoleForm(forms.Form):
    """A role for a person."""

    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_NAMES.items()))
    days = forms.IntegerField(
        label=_("For days"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Empty: until it is ended"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=400)


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(label=_("Reason"), max_length=400)


class TokenForm(forms.Form):
    """A token for a program."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What will use it"))
    realm = forms.ChoiceField(label=_("Realm"))
    scopes = forms.MultipleChoiceField(label=_("May do"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(
        label=_("Valid for days"), min_value=1, max_value=TOKEN_DAYS_MOST, initial=90
    )

    def __init__(
        self, *args: object, realms: list[str], actions: list[str], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["realm"].choices = [  # type: ignore[attr-defined]
            (r, Realm(r).label) for r in realms
        ]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (a, a) for a in actions
        ]
