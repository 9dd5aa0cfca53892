"""Pages on people: invitation, people and their roles, organisations, powers, tokens."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts import services
from tocsin.server.accounts.models import (
    ApiToken,
    Assignment,
    Elevation,
    Invitation,
    Level,
    Organisation,
    OrganisationKind,
    Person,
    Realm,
)
from tocsin.server.accounts.roles import ROLE_NAMES, actions_of
from tocsin.server.clock import now
from tocsin.server.marking.policy import valid_at
from tocsin.server.people.forms import (
    InvitationForm,
    OrganisationForm,
    PersonForm,
    ReasonForm,
    RoleForm,
    TokenForm,
)

PEOPLE_ON_A_PAGE = 50


def _managed(request: ReaderRequest) -> Q:
    """People whom an administrator manages: the own organisation's; the regulator's manage all."""
    body = request.reader.person.organisation
    return Q() if body.kind == OrganisationKind.REGULATOR else Q(organisation=body)


def _managed_person(request: ReaderRequest, pk: UUID) -> Person:
    people = Person.objects.select_related("organisation").filter(_managed(request))
    return get_object_or_404(people, pk=pk)


@sensitive_post_parameters()
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Set the first password by a one-time link."""
    row = services.open_invitation(token)
    if row is None:
        raise Http404
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.use_invitation(token, form.cleaned_data["password"])
        except ValidationError as error:
            form.add_error("password", error)
        else:
            if person is None:
                raise Http404
            if is_mfa_enabled(person):
                # the link stands for the password alone; the second factor is still asked for
                return redirect("account_login")
            login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
            return redirect("mfa_index")
    return render(request, "accounts/invitation.html", {"form": form, "person": row.person})


def people(request: ReaderRequest) -> HttpResponse:
    """Everyone who may sign in, with the roles they hold now."""
    words = request.GET.get("q", "").strip()
    rows = Person.objects.filter(_managed(request)).select_related("organisation")
    rows = rows.prefetch_related(
        Prefetch(
            "assignments",
            Assignment.objects.filter(valid_at(request.reader.at)),
            to_attr="roles_now",
        )
    )
    if words:
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(email__icontains=words)
            | Q(organisation__name__icontains=words)
        )
    page = Paginator(rows, PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/people.html", {"page": page, "words": words})


def person_new(request: ReaderRequest) -> HttpResponse:
    """Add a person."""
    form = PersonForm(request.POST or None)
    body = request.reader.person.organisation
    if body.kind != OrganisationKind.REGULATOR:
        form.fields["organisation"].queryset = Organisation.objects.filter(  # type: ignore[attr-defined]
            pk=body.pk
        )
    if request.method == "POST" and form.is_valid():
        try:
            row = services.add_person(actor=request.reader.person, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error("email", str(error))
        else:
            return redirect("accounts:person", row.pk)
    return render(
        request,
        "accounts/form.html",
        {
            "form": form,
            "title": _("New person"),
            "button": _("Add the person"),
            "back": "accounts:people",
        },
    )


def person(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """One person: roles, state, invitation."""
    return _person(request, _managed_person(request, pk))


def _person(request: ReaderRequest, row: Person, *, link: str = "") -> HttpResponse:
    at = now()
    return render(
        request,
        "accounts/person.html",
        {
            "row": row,
            "level": Level(row.clearance).label,
            "realms": [Realm(r).label for r in row.realms],
            "roles": row.assignments.select_related("granted_by").all(),
            "at": at,
            "role_form": RoleForm(),
            "invitation": Invitation.objects.filter(
                person=row, used_at=None, valid_until__gt=at
            ).first(),
            "link": link,
        },
    )


def role_grant(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Give a role."""
    row = _managed_person(request, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        days = form.cleaned_data["days"]
        try:
            services.grant(
                row,
                form.cleaned_data["role"],
                actor=request.reader.person,
                reason=form.cleaned_data["reason"],
                valid_until=now() + timedelta(days=days) if days else None,
            )
            messages.success(request, _("The role is given."))
        except InvalidInput as error:
            messages.error(request, str(error))
    else:
        messages.error(request, _("Choose a role and give a reason."))
    return redirect("accounts:person", pk)


def role_end(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """End a role."""
    row = get_object_or_404(Assignment, pk=pk)
    _managed_person(request, row.person_id)
    form = ReasonForm(request.POST)
    if form.is_valid():
        services.end_role(row, actor=request.reader.person, reason=form.cleaned_data["reason"])
        messages.success(request, _("The role is ended."))
    else:
        messages.error(request, _("Give a reason."))
    return redirect("accounts:person", row.person_id)


def person_state(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Shut a person out, or let them in again."""
    row = _managed_person(request, pk)
    form = ReasonForm(request.POST)
    wanted = request.POST.get("wanted")
    if form.is_valid() and wanted in {"out", "in"}:
        change = services.disable if wanted == "out" else services.enable
        try:
            change(row, actor=request.reader.person, reason=form.cleaned_data["reason"])
            messages.success(request, _("Done: it holds at once."))
        except InvalidInput as error:
            messages.error(request, str(error))
    else:
        messages.error(request, _("Give a reason."))
    return redirect("accounts:person", pk)


def person_invite(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Make a one-time link for a person; it is shown once."""
    row = _managed_person(request, pk)
    if not row.is_active:
        raise Http404
    token = services.invite(row, actor=request.reader.person)
    address = reverse("accounts:invitation", kwargs={"token": token})
    return _person(request, row, link=request.build_absolute_uri(address))


def organisations(request: ReaderRequest) -> HttpResponse:
    """All organisations, and a form for a further one, for administrators of the regulator."""
    if request.reader.person.organisation.kind != OrganisationKind.REGULATOR:
        raise PermissionDenied
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_organisation(actor=request.reader.person, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error("short_name", str(error))
        else:
            return redirect("accounts:organisations")
    return render(
        request,
        "accounts/organisations.html",
        {
            "rows": Organisation.objects.all(),
            "form": form,
            "own": request.reader.person.organisation_id,
        },
    )


def organisation_state(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Close an organisation, or open it again, for administrators of the regulator."""
    if request.reader.person.organisation.kind != OrganisationKind.REGULATOR:
        raise Http404
    row = get_object_or_404(Organisation, pk=pk)
    form = ReasonForm(request.POST)
    wanted = request.POST.get("wanted")
    if form.is_valid() and wanted in {"closed", "open"}:
        change = services.close_organisation if wanted == "closed" else services.open_organisation
        try:
            change(row, actor=request.reader.person, reason=form.cleaned_data["reason"])
            messages.success(request, _("Done: it holds at once."))
        except InvalidInput as error:
            messages.error(request, str(error))
    else:
        messages.error(request, _("Give a reason."))
    return redirect("accounts:organisations")


def powers(request: ReaderRequest) -> HttpResponse:
    """Take up an administrator's powers for an hour, or lay them down."""
    who = request.reader.person
    form = ReasonForm(request.POST or None)
    if request.method == "POST":
        if "lay_down" in request.POST:
            services.lay_down(who)
            return redirect("accounts:powers")
        if form.is_valid():
            services.elevate(who, reason=form.cleaned_data["reason"])
            return redirect("accounts:people")
    current = Elevation.objects.filter(person=who, valid_until__gt=now()).first()
    return render(
        request,
        "accounts/powers.html",
        {
            "form": form if request.method == "POST" else ReasonForm(),
            "current": current,
            "rows": Elevation.objects.filter(person=who)[:20],
        },
    )


def tokens(request: ReaderRequest) -> HttpResponse:
    """One's tokens for programs; a new one is shown once."""
    reader = request.reader
    form = TokenForm(
        request.POST or None, realms=reader.person.realms, actions=sorted(reader.actions)
    )
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            _row, secret = services.make_token(reader.person, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
    return render(
        request,
        "accounts/tokens.html",
        {
            "form": form,
            "secret": secret,
            "rows": ApiToken.objects.filter(person=reader.person),
            "at": now(),
        },
    )


def token_end(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """End one of one's tokens."""
    row = get_object_or_404(ApiToken, pk=pk, person=request.reader.person)
    services.end_token(row, actor=request.reader.person)
    messages.success(request, _("The token opens nothing any more."))
    return redirect("accounts:tokens")


def roles(request: ReaderRequest) -> HttpResponse:
    """What each role may do, as the system enforces it."""
    table = [(ROLE_NAMES[r], sorted(a)) for r, a in actions_of().items()]
    return render(request, "accounts/roles.html", {"table": table})
